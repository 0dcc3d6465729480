//! Bob and Alice: a workflow that fails for him is found, fixed and shared by her, through a registry.

use serde_json::json;

use crate::reading::play;
use crate::support::{self, Podex};

/// What the demo's key is, as `--secrets-from` takes it.
const SECRETS: &str = "'secretsmanager/secret-version/orders/signing-key' = 'sample-key-of-the-podex-demo'";

#[test]
fn alice_fixes_what_fails_for_bob_and_he_gets_it_working() {
    let Some(registry) = support::registry() else { return };
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let (bob, alice) = (Podex::new("Bob").at(&his), Podex::new("Alice").at(&hers));
    for one in [&bob, &alice] {
        one.run(["remote", "add", "team", &registry.url("pods")]).expect(0);
    }

    // His orders end in the dead-letter queue; the steps wait until they are there.
    play(&his, &["orders/1-build.json", "orders/2-fail.json"]);
    bob.run(["commit", "orders", "-m", "two orders failed: why?"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);

    alice.run(["pull", "team/orders"]).expect(0);
    // The key that signs orders was not shared. He tells it to her some other way.
    let without = alice.run(["inject", "orders", "--yes"]).expect(5).stderr;
    assert!(without.contains("secretsmanager/secret-version/orders/signing-key"), "{without}");
    let secrets = alice.home().join("secrets.toml");
    std::fs::write(&secrets, SECRETS).expect("it can be written");
    alice.run(["inject", "orders", "--yes", "--secrets-from", &secrets.to_string_lossy()]).expect(0);
    alice.run(["diff", "orders", "@live", "--exit-code"]).expect(0);
    let seen = alice.run(["inspect", "orders", "--format", "tree"]).expect(0).stdout;
    assert!(seen.contains("eu-west-1") && seen.contains("orders/signing-key"), "{seen}");
    // On her emulator the function runs, and signs an order once it looks in the right region.
    play(&hers, &["orders/3-fix.json"]);
    alice.run(["commit", "orders", "-m", "read the key from eu-west-1, where it is"]).expect(0);
    alice.run(["push", "orders", "team"]).expect(0);

    // Bob has gone on meanwhile: his push is refused, with what to do, and loses nothing.
    play(&his, &["orders/4-drift.json"]);
    bob.run(["commit", "mine", "-m", "a friendlier greeting"]).expect(0);
    let change = bob.run(["diff", "orders", "team/orders", "--json"]).expect(0).stdout;
    assert!(change.contains("SIGNING_KEY_REGION"), "{change}");
    bob.run(["pull", "team/orders"]).expect(0);
    bob.run(["inject", "orders", "--strategy", "overwrite", "--yes"]).expect(0);
    // A new order is signed on his emulator, by the function as she fixed it.
    play(&his, &["orders/5-order.json"]);
}

#[test]
fn two_who_push_at_once_both_arrive_and_are_joined() {
    let Some(registry) = support::registry() else { return };
    let Some(ministack) = support::ministack() else { return };
    let (bob, alice) = (Podex::new("Bob").at(&ministack), Podex::new("Alice").at(&ministack));
    for one in [&bob, &alice] {
        one.run(["remote", "add", "team", &registry.url("pods")]).expect(0);
    }
    bob.run(["commit", "p1"]).expect(0);
    bob.run(["push", "p1", "team"]).expect(0);
    alice.run(["pull", "team/p1"]).expect(0);
    alice.run(["commit", "p1", "-m", "hers"]).expect(0);
    alice.run(["push", "p1", "team"]).expect(0);
    bob.run(["commit", "p1", "-m", "his"]).expect(0);
    let refused = bob.run(["push", "p1", "team"]).expect(4);
    assert!(
        refused.stderr.contains("Alice") && refused.stderr.contains("podex merge p1 team/p1"),
        "{}",
        refused.stderr
    );
    assert_eq!(bob.run(["versions", "p1", "--json"]).expect(0).json().as_array().map(Vec::len), Some(2));

    // His is there beside hers. She is told of it, joins the two, and he goes on from there.
    let there = alice.run(["versions", "team/p1", "--json"]).expect(0).json();
    let lines: Vec<_> =
        there.as_array().unwrap().iter().map(|line| (line["version"].as_u64(), &line["commit"]["message"])).collect();
    assert_eq!(lines, [(None, &json!("his")), (Some(2), &json!("hers")), (Some(1), &json!(""))]);
    let seen = alice.run(["versions", "team/p1"]).expect(0);
    assert!(seen.stdout.contains("unnumbered"), "{}", seen.stdout);
    let told = alice.run(["pull", "team/p1"]).expect(0).stderr;
    let command = told.split('\'').find(|part| part.starts_with("podex merge p1 team/p1@")).expect(&told);
    alice.run(command.split(' ').skip(1)).expect(0);
    alice.run(["push", "p1", "team"]).expect(0);
    bob.run(["pull", "team/p1"]).expect(0);
    assert_eq!(bob.run(["versions", "p1", "--json"]).expect(0).json().as_array().map(Vec::len), Some(3));
    bob.run(["push", "p1", "team"]).expect(0);
    let there = bob.run(["versions", "team/p1", "--json"]).expect(0).json();
    assert_eq!(there.as_array().map(Vec::len), Some(3), "{there}");
}
