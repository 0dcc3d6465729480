//! Emulators that die, and users who interrupt, in mid-work.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::reading::{assert_same, observe, seed};
use crate::round_trip::BUCKET_KEY;
use crate::support::{self, Podex};

/// From the latest moment to the earliest: one of them is in the middle of the work on any machine.
const MOMENTS: [u64; 6] = [1600, 800, 400, 200, 100, 50];

#[test]
fn an_emulator_that_dies_in_mid_commit_leaves_the_store_untouched() {
    for moment in MOMENTS {
        let Some(mut ministack) = support::ministack() else { return };
        seed(&ministack, None);
        let podex = Podex::new("Bob").at(&ministack);
        let mut commit = podex.command(["commit", "p1"]);
        let commit = commit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("podex runs");
        std::thread::sleep(Duration::from_millis(moment));
        ministack.kill();
        let output = commit.wait_with_output().expect("podex ends");
        if output.status.success() {
            continue; // It was quicker than that.
        }
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(podex.run(["list", "--json"]).expect(0).json(), serde_json::json!([]));
        podex.run(["fsck"]).expect(0);
        return;
    }
    panic!("every commit was quicker than {} ms", MOMENTS[MOMENTS.len() - 1]);
}

#[test]
fn an_inject_that_was_interrupted_is_completed_by_running_it_again() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let before = observe(&ministack, None);
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);
    let inject = ["inject", "p1", "--strategy", "overwrite", "--yes"];
    let mut interrupted = false;
    for moment in MOMENTS {
        ministack.reset();
        let mut command = podex.command(inject);
        let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("podex runs");
        std::thread::sleep(Duration::from_millis(moment));
        // An interrupt of a process that has ended is an error we do not need.
        let _ = Command::new("kill").args(["-INT", &running.id().to_string()]).stderr(Stdio::null()).status();
        let output = running.wait_with_output().expect("podex ends");
        interrupted = !output.status.success();
        if interrupted {
            break;
        }
    }
    assert!(interrupted, "every inject was quicker than the interrupt");
    podex.run(inject).expect(0);
    assert_same(&before, &observe(&ministack, None), &[BUCKET_KEY]);
}

#[test]
fn an_emulator_that_dies_in_mid_inject_is_reported_and_another_takes_the_whole() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let before = observe(&ministack, None);
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);
    for moment in MOMENTS {
        let Some(mut other) = support::ministack() else { return };
        let mut command = podex.command(["inject", "p1", "--strategy", "overwrite", "--yes"]);
        command.env("PODEX_ENDPOINT", other.endpoint()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let running = command.spawn().expect("podex runs");
        std::thread::sleep(Duration::from_millis(moment));
        other.kill();
        let output = running.wait_with_output().expect("podex ends");
        if !output.status.success() {
            assert!(matches!(output.status.code(), Some(1 | 5)), "{output:?}");
            break;
        }
    }
    ministack.reset();
    podex.run(["inject", "p1", "--strategy", "overwrite", "--yes"]).expect(0);
    assert_same(&before, &observe(&ministack, None), &[BUCKET_KEY]);
}
