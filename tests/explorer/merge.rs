//! Bob and Alice change the same queue and each a secret of their own; she joins both by keys, and it works.

use serde_json::{Value, json};

use crate::screen::Screen;
use crate::support::{self, Emulator, Podex};

/// Another visibility timeout for the queue, and a secret.
fn work(emulator: &Emulator, seconds: &str, secret: &str) {
    emulator.play(&json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "SetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "Attributes": {"VisibilityTimeout": seconds}}},
        {"service": "secretsmanager", "region": "eu-west-1", "operation": "CreateSecret",
         "input": {"Name": secret, "SecretString": format!("value of {secret}")}},
    ]));
}

/// Waits until boto3 reads what both made of it.
fn joined(emulator: &Emulator, seconds: &str) {
    let secret = |name: &str| -> Value {
        json!({"service": "secretsmanager", "region": "eu-west-1", "operation": "GetSecretValue",
               "input": {"SecretId": name}, "until": {"/SecretString": format!("value of {name}")}})
    };
    emulator.play(&json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "AttributeNames": ["VisibilityTimeout"]},
         "until": {"/Attributes/VisibilityTimeout": seconds}},
        secret("orders/his"),
        secret("orders/hers"),
    ]));
}

fn play(emulator: &Emulator, step: &str) {
    emulator.script("play.py").args([emulator.endpoint(), step.to_owned()]).run();
}

#[test]
fn alice_joins_bobs_work_with_hers_and_settles_what_both_changed() {
    let Some(registry) = support::registry() else { return };
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let (bob, alice) = (Podex::new("Bob").at(&his), Podex::new("Alice").at(&hers));
    for one in [&bob, &alice] {
        // The sample's key is no secret, and she is to have it.
        one.run(["remote", "add", "team", &registry.url("pods"), "--secrets", "include"]).expect(0);
    }
    // Both begin with the same workflow.
    play(&his, "orders/1-build.json");
    bob.run(["commit", "orders", "-m", "the workflow"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);
    alice.run(["pull", "team/orders", "--inject", "--yes"]).expect(0);
    work(&his, "20", "orders/his");
    play(&his, "orders/3-fix.json");
    bob.run(["commit", "orders", "-m", "the function is right"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);
    work(&hers, "40", "orders/hers");
    alice.run(["commit", "orders", "-m", "patient, and a secret"]).expect(0);

    // Her editor takes the one value between both.
    let editor = alice.home().join("editor");
    std::fs::write(&editor, "#!/bin/sh\ncp \"$1\" seen.json; echo '\"25\"' > \"$1\"\n").unwrap();
    let alice = alice.with("EDITOR", &format!("sh {}", editor.display()));
    let mut screen = Screen::open(&alice, &[], (140, 40));
    screen.expect("● ministack").expect("1 pod").expect("2 patient");
    // Neither goes: both have moved on. What she is offered is to join them.
    screen.press("jjP").expect("Push orders to").press("<Enter>").expect("orders and team/orders have both moved on");
    screen.press("<Esc>").press("G").expect("team/orders").press("p");
    screen.expect("orders and team/orders have both moved on").expect("join both in the next version of orders");
    screen.press("<Enter>").expect("1 of 1 open");
    screen.wait("the three values beside each other", |text| {
        let values = |line: &str| ["20", "1", "40"].iter().all(|value| line.contains(&format!(" {value} ")));
        text.contains("sqs/queue/orders  VisibilityTimeout") && text.lines().any(values)
    });
    // His, then not his after all, then what she thinks is right.
    screen.press("3").expect("3 theirs ✓ taken").expect("all settled").press("u").expect("1 of 1 open");
    screen.press("c").expect("conflicts are open").press("e").expect("edited: 25").expect("all settled");
    assert_eq!(std::fs::read_to_string(alice.home().join("seen.json")).unwrap(), "\"40\"");
    screen.press("c").expect("Commit the settled orders").press("between both<Enter>");
    // What came from him stands in a lane of its own.
    screen.expect("orders:4 has no conflicts any more").expect("between both").expect("│┆");
    screen.press("i").expect("Apply").press("y").expect("0 failed, 0 left");
    joined(&hers, "25");
    // The function signs orders on her emulator as on his.
    play(&hers, "orders/5-order.json");
    screen.press("P").expect("Push orders to").press("<Enter>").expect("pushed 2 versions").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();

    // Bob takes it in as it is.
    bob.run(["pull", "team/orders"]).expect(0);
    bob.run(["inject", "orders", "--strategy", "three-way", "--yes"]).expect(0);
    joined(&his, "25");
}
