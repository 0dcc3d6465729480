//! Several accounts and regions in one pod.

use crate::reading::{assert_same, observe, play_in, seed};
use crate::round_trip::BUCKET_KEY;
use crate::support::{self, Podex};

#[test]
fn two_accounts_and_their_regions_travel_in_one_pod() {
    let Some(ministack) = support::ministack() else { return };
    let accounts = ["111111111111", "222222222222"];
    // Bucket names are unique over all accounts, so only one gets the buckets.
    seed(&ministack, Some(accounts[0]));
    play_in(&ministack, Some(accounts[1]), &["orders/1-build.json", "orders/2-fail.json"]);
    let before = accounts.map(|account| observe(&ministack, Some(account)));
    let both = ["--account", accounts[0], "--account", accounts[1]];
    let podex = Podex::new("Bob").at(&ministack);
    podex.run([&["commit", "p1"], &both[..]].concat()).expect(0);
    let tree = podex.run(["inspect", "p1", "--format", "tree"]).expect(0).stdout;
    for place in [accounts[0], accounts[1], "us-east-1", "eu-west-1"] {
        assert!(tree.contains(place), "{place} is not in\n{tree}");
    }
    ministack.reset();
    podex.run([&["inject", "p1", "--strategy", "overwrite", "--yes"], &both[..]].concat()).expect(0);
    for (account, before) in accounts.iter().zip(&before) {
        assert_same(before, &observe(&ministack, Some(account)), &[BUCKET_KEY]);
    }
}
