//! Commit, wipe, inject: an emulator comes back as it was, by an independent reading.

use crate::reading::{assert_same, change, observe, seed, wipe};
use crate::support::{self, Emulator, Podex};

/// An encryption rule set without it reads back as `false` after it was written with what was read: the same.
pub const BUCKET_KEY: &str = "BucketKeyEnabled";
/// moto gives a function's code neither to boto3 nor to podex.
const MOTO_CODE: &str = "CodeSha256";

fn comes_back_after_a_wipe(emulator: &Emulator, known: &[&str]) {
    seed(emulator, None);
    let before = observe(emulator, None);
    let podex = Podex::new("Bob").at(emulator);
    podex.run(["commit", "p1", "-m", "seeded"]).expect(0);
    wipe(emulator);
    podex.run(["inject", "p1", "--strategy", "overwrite", "--yes"]).expect(0);
    assert_same(&before, &observe(emulator, None), known);
    podex.run(["commit", "p1", "-m", "injected"]).expect(0);
    let diff = podex.run(["diff", "p1:1", "p1:2", "--json"]).expect(0).json();
    assert_eq!(diff["changes"], serde_json::json!([]));
    podex.run(["fsck"]).expect(0);
}

#[test]
fn ministack_comes_back_after_a_wipe() {
    let Some(ministack) = support::ministack() else { return };
    comes_back_after_a_wipe(&ministack, &[BUCKET_KEY]);
}

#[test]
fn moto_comes_back_after_a_wipe() {
    let Some(moto) = support::moto() else { return };
    comes_back_after_a_wipe(&moto, &[BUCKET_KEY, MOTO_CODE]);
}

#[test]
fn localstack_comes_back_after_a_wipe() {
    let Some(localstack) = support::localstack() else { return };
    comes_back_after_a_wipe(&localstack, &[]);
}

#[test]
fn an_overwrite_takes_back_every_kind_of_change() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let before = observe(&ministack, None);
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);
    change(&ministack);
    podex.run(["diff", "p1", "@live", "--exit-code"]).expect(3);
    podex.run(["inject", "p1", "--strategy", "overwrite", "--yes"]).expect(0);
    assert_same(&before, &observe(&ministack, None), &[BUCKET_KEY]);
    podex.run(["diff", "p1", "@live", "--exit-code"]).expect(0);
}

#[test]
fn verify_tells_by_type_what_comes_back_in_a_fresh_emulator() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);
    let fresh = podex.run(["verify", "p1", "--json"]).expect(0).json();
    assert_eq!(fresh["types"]["s3/bucket"]["captured"], fresh["types"]["s3/bucket"]["identical"]);
    assert!(fresh["types"]["sqs/message"]["identical"].as_u64() > Some(0), "{fresh}");
    // moto gives no function's code back, so there is something to tell.
    let moto = podex.run(["verify", "p1", "--on", "moto"]).expect(5);
    assert!(moto.stdout.contains("lambda/function") && moto.stdout.contains("not all came back"), "{}", moto.stdout);
    // Nothing of the emulators is left, and the one in use is untouched.
    assert_eq!(podex.run(["instance", "list", "--json"]).expect(0).json(), serde_json::json!([]));
    podex.run(["diff", "p1", "@live", "--exit-code"]).expect(0);
    let refused = podex.run(["verify", "p1", "--endpoint", &ministack.endpoint()]).expect(2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
}
