//! Drift: every change is seen, and a watched instance is not asked everything each time.

use std::collections::BTreeSet;

use podex::event::Events;
use podex::instance::TURNS;
use podex::ops::{self, CommitArgs, Context, Look, Overrides, Paths, StatusOutcome};
use serde_json::{Value, json};

use crate::reading::play;
use crate::support::{self, Counter, Podex};

const REGION: &str = "us-east-1";

fn step(service: &str, operation: &str, input: Value) -> Value {
    json!({"service": service, "region": REGION, "operation": operation, "input": input})
}

fn object(key: &str, body: &str, kind: &str) -> Value {
    // The body is given in base64.
    step("s3", "PutObject", json!({"Bucket": "drifting", "Key": key, "Body": body, "Metadata": {"kind": kind}}))
}

fn item(value: &str) -> Value {
    step("dynamodb", "PutItem", json!({"TableName": "drifting", "Item": {"id": {"S": "a"}, "n": {"N": value}}}))
}

fn parameter(value: &str) -> Value {
    let input = json!({"Name": "/drifting", "Type": "String", "Value": value, "Overwrite": true});
    step("ssm", "PutParameter", input)
}

fn queue() -> Value {
    json!({"service": "sqs", "region": REGION, "operation": "GetQueueUrl", "input": {"QueueName": "drifting"},
           "keep": {"URL": "/QueueUrl"}})
}

/// One of each, beside the function of the orders demo.
fn begin() -> Value {
    let schema = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
    let definitions = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    json!([
        step("s3", "CreateBucket", json!({"Bucket": "drifting"})),
        object("body", "b25l", "same"),
        object("metadata", "b25l", "one"),
        object("tags", "b25l", "same"),
        step("sqs", "CreateQueue", json!({"QueueName": "drifting"})),
        step(
            "dynamodb",
            "CreateTable",
            json!({"TableName": "drifting", "KeySchema": schema, "AttributeDefinitions": definitions,
                   "BillingMode": "PAY_PER_REQUEST"})
        ),
        item("1"),
        step("secretsmanager", "CreateSecret", json!({"Name": "drifting", "SecretString": "one"})),
        parameter("one"),
        step("ssm", "PutParameter", json!({"Name": "/labelled", "Type": "String", "Value": "same"})),
    ])
}

#[test]
fn status_sees_a_change_of_every_kind_made_right_after_a_commit() {
    let Some(ministack) = support::ministack() else { return };
    let podex = Podex::new("Bob").at(&ministack);
    play(&ministack, &["orders/1-build.json"]);
    ministack.play(&begin());
    podex.run(["commit", "drifting"]).expect(0);
    podex.run(["status", "--exit-code"]).expect(0);

    // Nothing of these changes the number or size of anything; the metadata changes within a listing's finest time.
    let tags = json!({"TagSet": [{"Key": "a", "Value": "b"}]});
    ministack.play(&json!([
        object("metadata", "b25l", "two"),
        object("body", "dHdv", "same"),
        step("s3", "PutObjectTagging", json!({"Bucket": "drifting", "Key": "tags", "Tagging": tags})),
        queue(),
        step("sqs", "SetQueueAttributes", json!({"QueueUrl": "${URL}", "Attributes": {"DelaySeconds": "9"}})),
        item("2"),
        step("secretsmanager", "PutSecretValue", json!({"SecretId": "drifting", "SecretString": "two"})),
        parameter("two"),
        step("ssm", "LabelParameterVersion", json!({"Name": "/labelled", "ParameterVersion": 1, "Labels": ["new"]})),
    ]));
    play(&ministack, &["orders/3-fix.json"]);

    let status = podex.run(["status", "--json"]).expect(0).json();
    let seen: BTreeSet<&str> =
        status["changes"].as_array().unwrap().iter().filter_map(|change| change["key"].as_str()).collect();
    let named = |part: &str| seen.iter().any(|key| key.contains(part));
    for part in [
        "/s3/object/drifting/metadata",
        "/s3/object/drifting/body",
        "/s3/object/drifting/tags",
        "/sqs/queue/drifting",
        "/dynamodb/item/drifting/a",
        "/secretsmanager/secret-version/drifting/",
        "/ssm/parameter/%2Fdrifting",
        "/ssm/parameter/%2Flabelled",
        "/lambda/function/",
    ] {
        assert!(named(part), "{part} is not in {seen:#?}");
    }
}

#[test]
fn a_watched_instance_is_asked_a_fraction_and_new_regions_are_found_in_their_turn() {
    let Some(ministack) = support::ministack() else { return };
    play(&ministack, &["orders/1-build.json"]);
    ministack.play(&begin());
    let home = tempfile::tempdir().unwrap();
    let counter = Counter::before(&ministack);
    let overrides = Overrides { endpoint: Some(counter.endpoint().parse().unwrap()), ..Overrides::default() };
    let context = Context::new(Paths::under(home.path()), overrides).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let events = Events::silent();
    let args = CommitArgs {
        pod: "drifting".parse().unwrap(),
        message: String::new(),
        services: Vec::new(),
        strict: false,
        native: false,
        look: Look::Whole,
    };
    runtime.block_on(ops::commit(&context, &args, &events)).unwrap();
    let whole = counter.take();
    let look = |look: Look| -> StatusOutcome { runtime.block_on(ops::status(&context, look, &events)).unwrap() };
    let first = look(Look::Whole);
    assert!(first.changes.is_empty() && counter.take() <= whole);

    // One change where something is, and one where nothing was.
    let far = "ap-south-1";
    let delay = json!({"QueueUrl": "${URL}", "Attributes": {"DelaySeconds": "9"}});
    ministack.play(&json!([
        item("2"),
        // What no listing tells.
        queue(),
        step("sqs", "SetQueueAttributes", delay),
        {"service": "sqs", "region": far, "operation": "CreateQueue", "input": {"QueueName": "far"}},
    ]));
    let mut next = first.next;
    let (mut far_seen, mut queue_seen) = (0, 0);
    for turn in 0..=TURNS {
        let found = look(next);
        let requests = counter.take();
        assert!(requests * 2 < whole, "look {turn} made {requests} requests, the commit {whole}");
        let regions: BTreeSet<&str> = found.changes.iter().map(|change| change.key.region.as_str()).collect();
        assert!(regions.contains(REGION), "look {turn} lost the item");
        // Once found it is looked at every time.
        assert!(far_seen == 0 || regions.contains(far), "look {turn} lost the queue");
        far_seen += u32::from(regions.contains(far));
        queue_seen += u32::from(found.changes.iter().any(|change| change.key.label() == "queue/drifting"));
        next = found.next;
    }
    assert!(far_seen > 0, "the queue in {far} was not found");
    assert!(queue_seen > 0, "the queue's new delay was not found");
}

#[test]
fn a_quick_status_reads_what_listings_tell_and_the_rest_in_turn() {
    let Some(ministack) = support::ministack() else { return };
    play(&ministack, &["orders/1-build.json"]);
    ministack.play(&begin());
    let counter = Counter::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &counter.endpoint());
    podex.run(["commit", "drifting"]).expect(0);
    counter.take();
    podex.run(["status", "--exit-code"]).expect(0);
    let whole = counter.take();
    let packs = || std::fs::read_dir(podex.home().join("data/store/blobs/sha256")).unwrap().count();
    let before = packs();
    const LOOKS: usize = 3;
    for _ in 0..LOOKS {
        podex.run(["status", "--quick", "--exit-code"]).expect(0);
        let quick = counter.take();
        assert!(quick * 5 < whole * 2, "{quick} requests, and {whole} for everything");
    }
    // A time or a count that only the emulator changed may be in one of them.
    assert!(packs() < before + LOOKS, "each look left a pack behind, although nothing changed");

    // What listings tell is seen at once, with what it refers to still known by name.
    ministack.play(&json!([
        parameter("two"),
        step("sqs", "CreateQueue", json!({"QueueName": "new"})),
        step("s3", "DeleteObject", json!({"Bucket": "drifting", "Key": "body"})),
    ]));
    let labels = |arguments: &[&str]| -> BTreeSet<String> {
        let status = podex.run(arguments.iter().copied()).expect(0).json();
        let changes = status["changes"].as_array().unwrap();
        changes.iter().filter_map(|change| change["key"].as_str().map(str::to_owned)).collect()
    };
    let quick = labels(&["status", "--quick", "--json"]);
    assert_eq!(quick, labels(&["status", "--json"]));
    assert_eq!(quick.len(), 3, "{quick:#?}");

    // An inject by podex itself ends what it knew.
    podex.run(["inject", "drifting", "--yes"]).expect(0);
    podex.run(["status", "--quick", "--exit-code"]).expect(0);
    // A file that is none is as good as none.
    for entry in std::fs::read_dir(podex.home().join("cache/looks")).unwrap() {
        std::fs::write(entry.unwrap().path(), "{\"turn\": -1}").unwrap();
    }
    podex.run(["status", "--quick", "--exit-code"]).expect(0);
}
