//! `podex bisect`: the version that broke it, found in an emulator of its own.

use crate::support::{self, Podex};

#[test]
fn bisect_finds_the_version_that_took_a_queue_away() {
    let Some(ministack) = support::ministack() else { return };
    let bob = Podex::new("Bob").at(&ministack).with("PODEX_EMULATORS", &support::cache().to_string_lossy());
    for (message, verb, name) in [
        ("first", "create", "orders"),
        ("second", "create", "returns"),
        ("third", "delete", "orders"),
        ("fourth", "create", "more"),
        ("fifth", "create", "most"),
    ] {
        ministack.script("queues.py").args([verb, name]).run();
        bob.run(["commit", "shop", "-m", message]).expect(0);
    }
    // The command sees the emulator that podex started, not the one of the commits.
    let podex = env!("CARGO_BIN_EXE_podex");
    let check =
        format!("test \"$AWS_ENDPOINT_URL\" != {} && '{podex}' inspect @live sqs/queue/orders", ministack.endpoint());
    let found = bob.run(["bisect", "shop:1", "shop", "--json", "--", "sh", "-c", &check]).expect(0);
    let versions = bob.run(["versions", "shop", "--json"]).expect(0).json();
    let third = versions.as_array().and_then(|all| all.iter().find(|one| one["version"] == 3)).expect("version 3");
    assert_eq!(found.json()["suspects"], serde_json::json!([third["digest"]]), "{found:?}");
    let text = bob.run(["bisect", "shop:1", "shop", "--", "sh", "-c", &check]).expect(0).stdout;
    assert!(text.contains("shop:3") && text.contains("third"), "{text}");
    // What the command says must fit what the user says.
    let refused = bob.run(["bisect", "shop:3", "shop:5", "--", "sh", "-c", &check]).expect(1);
    assert!(refused.stderr.contains("should be good"), "{}", refused.stderr);
    let reversed = bob.run(["bisect", "shop:5", "shop:1", "--", "true"]).expect(1);
    assert!(reversed.stderr.contains("does not come before"), "{}", reversed.stderr);
    assert_eq!(bob.run(["instance", "list", "--json"]).expect(0).json(), serde_json::json!([]), "none is left");
}
