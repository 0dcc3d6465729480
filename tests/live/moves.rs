//! A pod moves between emulators.

use crate::reading::{layer, seed, wipe};
use crate::support::{self, Podex};

#[test]
fn a_pod_moves_from_ministack_to_moto_and_back_and_what_is_lost_is_named() {
    let (Some(ministack), Some(moto)) = (support::ministack(), support::moto()) else { return };
    seed(&ministack, None);
    let bob = Podex::new("Bob");
    let at = |emulator: &support::Emulator, args: &[&str]| {
        let endpoint = emulator.endpoint();
        bob.run([args, &["--endpoint", &endpoint]].concat())
    };
    at(&ministack, &["commit", "home"]).expect(0);
    // moto's own account is another: without --account nothing of the pod's would be looked at.
    let account = ["--account", ministack.account];
    let there = at(&moto, &[&["inject", "home", "--strategy", "overwrite", "--yes", "--json"], &account[..]].concat());
    assert!(matches!(there.code, 0 | 5), "{there:?}");
    at(&moto, &[&["commit", "away"], &account[..]].concat()).expect(0);
    // Every resource that moto does not have as the pod says is named, in the report of the inject or by the diff.
    let lost = bob.run(["diff", "home", "away", "--json"]).expect(0).json();
    let lost = lost["changes"].as_array().expect("a list of changes");
    let removed = lost.iter().filter(|change| change["kind"] == "removed");
    for change in removed {
        let key = change["key"].as_str().expect("a key");
        assert!(there.stdout.contains(key) || there.stderr.contains(key), "{key} is lost and not named:\n{there:?}");
    }
    wipe(&ministack);
    let back = at(&ministack, &["inject", "home", "--strategy", "overwrite", "--yes"]);
    back.expect(0);
    let diff = at(&ministack, &["diff", "home", "@live", "--json"]).expect(0).json();
    assert_eq!(diff["changes"], serde_json::json!([]));
}

#[test]
fn a_function_follows_its_layer_to_the_version_that_an_inject_publishes() {
    let Some(ministack) = support::ministack() else { return };
    let podex = Podex::new("Bob").at(&ministack);
    layer(&ministack, "make");
    podex.run(["commit", "p1", "-m", "first"]).expect(0);
    layer(&ministack, "renew");
    assert_eq!(layer(&ministack, "check"), "second");
    podex.run(["inject", "p1", "--strategy", "overwrite", "--yes"]).expect(0);
    // Nothing but the layer's content differs, but its version has a new number, which the function must name.
    assert_eq!(layer(&ministack, "check"), "first");
    podex.run(["diff", "p1", "@live", "--exit-code"]).expect(0);
}
