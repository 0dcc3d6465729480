//! Bob's emulator changes under his eyes: he sees it without asking, takes one change back, and keeps another.

use serde_json::{Value, json};

use crate::screen::Screen;
use crate::support::{self, Podex};

const QUEUE: &str = "orders";

/// Another delay for the queue.
fn delay(seconds: &str) -> Value {
    json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": QUEUE},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "SetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "Attributes": {"DelaySeconds": seconds}}},
    ])
}

/// Waits until boto3 reads the delay.
fn has_delay(seconds: &str) -> Value {
    json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": QUEUE},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "AttributeNames": ["DelaySeconds"]},
         "until": {"/Attributes/DelaySeconds": seconds}},
    ])
}

#[test]
fn drift_is_seen_by_itself_taken_back_with_a_plan_and_kept_by_a_commit() {
    let Some(ministack) = support::ministack() else { return };
    ministack.play(&json!([{"service": "sqs", "region": "us-east-1", "operation": "CreateQueue",
                            "input": {"QueueName": QUEUE}}]));
    let bob = Podex::new("Bob").at(&ministack);
    bob.run(["commit", "work", "-m", "as it was"]).expect(0);
    // No listing tells of a delay: it is found when the queue's turn comes.
    std::fs::write(bob.home().join("config.toml"), "watch_seconds = 1\n").unwrap();

    let mut screen = Screen::open(&bob, &[], (140, 40));
    screen.expect("● ministack").expect("as it was").press("w").expect("as work");
    ministack.play(&delay("7"));
    screen.expect("drift: sqs ~1");
    // Taken back: a plan first, then it is as it was.
    screen
        .press("s")
        .expect("DelaySeconds")
        .press("u")
        .expect("Apply")
        .press("y")
        .expect("1 applied, 0 failed, 0 left");
    ministack.play(&has_delay("0"));
    screen.expect("as work");
    // Kept: it is the pod's next version.
    ministack.play(&delay("9"));
    screen.expect("drift: sqs ~1").press("s").expect("DelaySeconds").press("c").expect("Commit the live");
    screen.press("slower<Enter>").expect("committed work:2").expect("as work").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
    bob.run(["diff", "work:1", "work:2", "--exit-code"]).expect(3);
    bob.run(["status", "--exit-code"]).expect(0);
}
