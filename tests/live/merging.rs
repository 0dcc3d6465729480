//! Histories joined, conflicts settled, and a teammate's pod taken in beside local work, on real emulators.

use serde_json::{Value, json};

use crate::reading::{assert_same, observe, play};
use crate::support::{self, Emulator, Podex};

const QUEUE: &str = "sqs/queue/orders";

/// Steps that give the queue another visibility timeout.
fn timeout(seconds: &str) -> Value {
    json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "SetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "Attributes": {"VisibilityTimeout": seconds}}},
    ])
}

fn secret(name: &str, value: &str) -> Value {
    json!([{"service": "secretsmanager", "region": "eu-west-1", "operation": "CreateSecret",
            "input": {"Name": name, "SecretString": value}}])
}

/// Steps that delay the queue's messages.
fn delay(seconds: &str) -> Value {
    json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "SetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "Attributes": {"DelaySeconds": seconds}}},
    ])
}

/// The visibility timeout that boto3 reads.
fn has_timeout(emulator: &Emulator, seconds: &str) {
    emulator.play(&json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "AttributeNames": ["VisibilityTimeout"]},
         "until": {"/Attributes/VisibilityTimeout": seconds}},
    ]));
}

fn has_secret(emulator: &Emulator, name: &str, value: &str) {
    emulator.play(&json!([{"service": "secretsmanager", "region": "eu-west-1", "operation": "GetSecretValue",
                           "input": {"SecretId": name}, "until": {"/SecretString": value}}]));
}

/// Bob and Alice with the same pod `orders` in their stores and their emulators, shared through a folder.
fn team(his: &Emulator, hers: &Emulator, folder: &std::path::Path) -> (Podex, Podex) {
    let (bob, alice) = (Podex::new("Bob").at(his), Podex::new("Alice").at(hers));
    for one in [&bob, &alice] {
        // The sample's key is no secret, and she is to have it.
        let url = format!("file://{}", folder.display());
        one.run(["remote", "add", "team", &url, "--secrets", "include"]).expect(0);
    }
    play(his, &["orders/1-build.json"]);
    bob.run(["commit", "orders", "-m", "the workflow"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);
    alice.run(["pull", "team/orders", "--inject", "--yes"]).expect(0);
    (bob, alice)
}

#[test]
fn a_teammates_pod_goes_in_beside_local_work_and_a_conflict_stops_before_anything_is_touched() {
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (bob, alice) = team(&his, &hers, folder.path());

    his.play(&timeout("20"));
    his.play(&secret("orders/his", "from Bob"));
    play(&his, &["orders/4-drift.json"]);
    bob.run(["commit", "orders", "-m", "slower, and a secret"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);

    // Alice has changed the same queue, and other things, and committed nothing.
    hers.play(&timeout("30"));
    hers.play(&secret("orders/hers", "from Alice"));
    alice.run(["pull", "team/orders"]).expect(0);
    let before = observe(&hers, None);
    for dry in [&["--dry-run"][..], &["--yes"]] {
        let args = [&["inject", "orders", "--strategy", "three-way"][..], dry].concat();
        let stopped = alice.run(args).expect(4);
        assert!(stopped.stderr.contains(&format!("{QUEUE}: VisibilityTimeout")), "{}", stopped.stderr);
    }
    assert_same(&before, &observe(&hers, None), &[]);

    // What only one of them changed is no conflict.
    hers.play(&timeout("1"));
    alice.run(["inject", "orders", "--strategy", "three-way", "--yes"]).expect(0);
    has_timeout(&hers, "20");
    has_secret(&hers, "orders/his", "from Bob");
    has_secret(&hers, "orders/hers", "from Alice");
    // Only her secret is not in his pod; it was left alone, so it is no drift.
    let diff = alice.run(["diff", "orders", "@live", "--json"]).expect(0).json();
    let names: Vec<String> = diff["changes"].as_array().unwrap().iter().map(|one| one["key"].to_string()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.contains("hers")), "{diff}");
    alice.run(["status", "--exit-code"]).expect(0);
    // And all of it can be taken back.
    alice.run(["undo", "--yes"]).expect(0);
    has_timeout(&hers, "1");
    has_secret(&hers, "orders/hers", "from Alice");
}

#[test]
fn what_two_changed_is_merged_and_what_both_changed_is_settled_before_it_is_injected() {
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (bob, alice) = team(&his, &hers, folder.path());

    his.play(&timeout("20"));
    his.play(&delay("2"));
    his.play(&secret("orders/his", "from Bob"));
    play(&his, &["orders/3-fix.json"]);
    bob.run(["commit", "orders", "-m", "the function is right"]).expect(0);
    bob.run(["push", "orders", "team"]).expect(0);
    hers.play(&timeout("30"));
    hers.play(&delay("3"));
    hers.play(&secret("orders/hers", "from Alice"));
    alice.run(["commit", "orders", "-m", "my secret"]).expect(0);
    for refused in [["push", "orders", "team"].as_slice(), &["pull", "team/orders"]] {
        let refused = alice.run(refused).expect(4);
        assert!(refused.stderr.contains("podex merge orders team/orders"), "{}", refused.stderr);
    }

    let looked = alice.run(["merge", "orders", "team/orders", "--dry-run", "--json"]).expect(4).json();
    assert_eq!(looked["conflicts"].as_array().map(Vec::len), Some(2), "{looked}");
    let merged = alice.run(["merge", "orders", "team/orders"]).expect(4);
    assert!(merged.stdout.contains("VisibilityTimeout") && !merged.stdout.contains("from Bob"), "{}", merged.stdout);
    let refused = alice.run(["inject", "orders", "--yes"]).expect(4);
    assert!(refused.stderr.contains("podex resolve orders"), "{}", refused.stderr);
    // As it is, it can be shared and looked into, and is refused there just as here.
    alice.run(["push", "orders", "team"]).expect(0);
    let carol = Podex::new("Carol").at(&his);
    carol.run(["remote", "add", "team", &format!("file://{}", folder.path().display())]).expect(0);
    carol.run(["pull", "team/orders"]).expect(0);
    let listed = carol.run(["resolve", "orders"]).expect(4);
    assert!(listed.stdout.contains("VisibilityTimeout") && listed.stdout.contains("DelaySeconds"), "{}", listed.stdout);
    let tree = carol.run(["inspect", "orders", "--format", "tree"]).expect(0);
    assert!(tree.stdout.contains("orders/hers") && tree.stdout.contains("orders/his"), "{}", tree.stdout);
    let refused = carol.run(["inject", "orders", "--yes"]).expect(4);
    assert!(refused.stderr.contains("podex resolve orders"), "{}", refused.stderr);

    alice.run(["resolve", "orders"]).expect(4);
    alice.run(["resolve", "orders", "sqs/queue/nothing", "--ours"]).expect(1);
    alice.run(["resolve", "orders", &format!("{QUEUE}#VisibilityTimeout"), "--value", "\"25\""]).expect(4);
    let alice = settle_in_an_editor(alice);
    alice.run(["inject", "orders", "--yes"]).expect(0);
    has_timeout(&hers, "25");
    hers.play(&json!([
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueUrl", "input": {"QueueName": "orders"},
         "keep": {"URL": "/QueueUrl"}},
        {"service": "sqs", "region": "us-east-1", "operation": "GetQueueAttributes",
         "input": {"QueueUrl": "${URL}", "AttributeNames": ["DelaySeconds"]}, "until": {"/Attributes/DelaySeconds": "1"}},
    ]));
    has_secret(&hers, "orders/his", "from Bob");
    has_secret(&hers, "orders/hers", "from Alice");
    alice.run(["diff", "orders", "@live", "--exit-code"]).expect(0);
    alice.run(["fsck"]).expect(0);

    // Bob has nothing of his own since: he gets hers as it is, and his emulator too.
    alice.run(["push", "orders", "team"]).expect(0);
    bob.run(["pull", "team/orders"]).expect(0);
    bob.run(["inject", "orders", "--strategy", "three-way", "--yes"]).expect(0);
    has_timeout(&his, "25");
    has_secret(&his, "orders/hers", "from Alice");
    // Who had it unsettled gets the settled one on top of it.
    carol.run(["pull", "team/orders"]).expect(0);
    carol.run(["diff", "orders", "@live", "--exit-code"]).expect(0);
    play(&his, &["orders/5-order.json"]);
}

/// Settles the one conflict that is left in an editor, after one that fails and one that leaves rubbish.
fn settle_in_an_editor(alice: Podex) -> Podex {
    let with_editor = |alice: Podex, script: &str| {
        let editor = alice.home().join("editor");
        std::fs::write(&editor, script).unwrap();
        alice.with("EDITOR", &format!("sh {}", editor.display()))
    };
    let edit = ["resolve", "orders", "--edit"];
    let property = format!("{QUEUE}#DelaySeconds");
    let edit = [&edit[..], &[&property]].concat();
    let open = |alice: &Podex| {
        let listed = alice.run(["resolve", "orders", "--json"]).expect(4).json();
        assert_eq!(listed["open"], 1, "{listed}");
    };

    let alice = with_editor(alice, "echo '\"9\"' > \"$1\"; exit 3\n");
    let failed = alice.run(&edit).expect(2).stderr;
    assert!(failed.contains("nothing was chosen") && failed.contains("exit status: 3"), "{failed}");
    open(&alice);

    let alice = with_editor(alice, "echo 'three, I think' > \"$1\"\n");
    let failed = alice.run(&edit).expect(2).stderr;
    assert!(failed.contains("not JSON") && failed.contains("nothing was chosen"), "{failed}");
    let kept = failed.split_whitespace().find(|word| word.ends_with(".json:")).expect("where the text is");
    let kept = kept.trim_end_matches(':');
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "three, I think\n");
    std::fs::remove_file(kept).unwrap();
    open(&alice);

    // The editor is shown our value, and what it leaves is taken.
    let alice = with_editor(alice, "cp \"$1\" seen.json; echo '\"1\"' > \"$1\"\n");
    alice.run(&edit).expect(0);
    assert_eq!(std::fs::read_to_string(alice.home().join("seen.json")).unwrap(), "\"3\"");
    alice
}

#[test]
fn each_strategy_leaves_on_an_emulator_what_it_says() {
    let Some(ministack) = support::ministack() else { return };
    let queue = |region: &str, name: &str, seconds: &str| {
        json!({"service": "sqs", "region": region, "operation": "CreateQueue",
               "input": {"QueueName": name, "Attributes": {"DelaySeconds": seconds}}})
    };
    let parameter = json!({"service": "ssm", "region": "us-east-1", "operation": "PutParameter",
                           "input": {"Name": "mine", "Type": "String", "Value": "1"}});
    // The pod has two queues in one region. The instance has one of them otherwise, and more beside it.
    let podex = Podex::new("Bob").at(&ministack);
    ministack.play(&json!([queue("us-east-1", "both", "5"), queue("us-east-1", "pods", "5")]));
    podex.run(["commit", "queues"]).expect(0);
    let mine =
        [queue("us-east-1", "both", "7"), queue("us-east-1", "mine", "7"), queue("eu-west-1", "mine", "7"), parameter];
    let cases = [
        ("overwrite", vec!["us-east-1/sqs/queue/both", "us-east-1/sqs/queue/pods"]),
        (
            "account-region-merge",
            vec![
                "eu-west-1/sqs/queue/mine",
                "us-east-1/sqs/queue/both",
                "us-east-1/sqs/queue/pods",
                "us-east-1/ssm/parameter/mine",
            ],
        ),
        (
            "service-merge",
            vec![
                "eu-west-1/sqs/queue/mine",
                "us-east-1/sqs/queue/both",
                "us-east-1/sqs/queue/mine",
                "us-east-1/sqs/queue/pods",
                "us-east-1/ssm/parameter/mine",
            ],
        ),
    ];
    for (strategy, wanted) in cases {
        ministack.reset();
        ministack.play(&json!(mine));
        podex.run(["inject", "queues", "--strategy", strategy, "--yes"]).expect(0);
        let there = podex.run(["inspect", "@live", "--format", "json"]).expect(0).json();
        let mut keys: Vec<&str> = there["resources"].as_array().unwrap().iter().filter_map(key_of).collect();
        keys.sort_unstable();
        assert_eq!(keys, wanted, "{strategy}");
        let both = podex.run(["diff", "queues", "@live", "--only", "us-east-1/sqs/queue/both", "--exit-code"]);
        both.expect(0);
    }
}

/// `region/service/type/name` of a resource, leaving what a fresh emulator has by itself aside.
fn key_of(resource: &Value) -> Option<&str> {
    let key = resource["key"].as_str()?.strip_prefix("000000000000/")?;
    (key.contains("/sqs/") || key.contains("/ssm/")).then_some(key)
}
