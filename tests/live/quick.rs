//! `commit --quick`: listings and what they tell, and nothing else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::reading::play;
use crate::support::{self, Emulator, Podex, Spoiler};

const REGION: &str = "us-east-1";
/// Long enough that what was written before is of an earlier second: what was written in the second of a commit is
/// read again.
const A_SECOND: Duration = Duration::from_millis(1_100);

fn step(service: &str, operation: &str, input: Value) -> Value {
    json!({"service": service, "region": REGION, "operation": operation, "input": input})
}

/// The body is in base64.
fn object(key: &str, body: &str) -> Value {
    step("s3", "PutObject", json!({"Bucket": "quick", "Key": key, "Body": body, "Metadata": {"kind": "same"}}))
}

fn tag(key: &str, value: &str) -> Value {
    let tagging = json!({"TagSet": [{"Key": "state", "Value": value}]});
    step("s3", "PutObjectTagging", json!({"Bucket": "quick", "Key": key, "Tagging": tagging}))
}

fn item(value: &str) -> Value {
    step("dynamodb", "PutItem", json!({"TableName": "quick", "Item": {"id": {"S": "a"}, "n": {"N": value}}}))
}

fn parameter(name: &str, value: &str) -> Value {
    step("ssm", "PutParameter", json!({"Name": name, "Type": "String", "Value": value, "Overwrite": true}))
}

fn begin() -> Value {
    json!([
        step("s3", "CreateBucket", json!({"Bucket": "quick"})),
        object("same", "b25l"),
        object("tagged", "b25l"),
        tag("tagged", "one"),
        object("written", "b25l"),
        object("deleted", "b25l"),
        step("sqs", "CreateQueue", json!({"QueueName": "quick"})),
        step(
            "dynamodb",
            "CreateTable",
            json!({"TableName": "quick", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                   "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                   "BillingMode": "PAY_PER_REQUEST"})
        ),
        item("1"),
        parameter("/quick", "one"),
        parameter("/deleted", "one"),
    ])
}

/// Lets everything pass, and gives the requests so far: of S3 method and target, of others service and operation.
fn requests(front: &Spoiler) -> impl Fn() -> Vec<String> + use<> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    front.spoil(move |asked| {
        let what = if asked.service == "s3" { &asked.target } else { &asked.operation };
        log.lock().unwrap().push(format!("{} {} {what}", asked.service, asked.method));
        None
    });
    move || std::mem::take(&mut *seen.lock().unwrap())
}

/// Those about one object.
fn about_objects(requests: &[String]) -> Vec<&str> {
    let of_object = |request: &&str| request.starts_with("s3 ") && request.contains("/quick/");
    requests.iter().map(String::as_str).filter(of_object).collect()
}

fn labels(podex: &Podex, arguments: &[&str]) -> BTreeSet<String> {
    let found = podex.run(arguments.iter().copied()).expect(0).json();
    let label = |change: &Value| {
        let parts: Vec<&str> = change["key"].as_str()?.split('/').collect();
        Some(parts[1..].join("/"))
    };
    found["changes"].as_array().unwrap().iter().filter_map(label).collect()
}

fn a_quick_commit_reads_what_listings_tell(start: fn() -> Option<Emulator>) {
    let Some(emulator) = start() else { return };
    play(&emulator, &["orders/1-build.json"]);
    emulator.play(&begin());
    let front = Spoiler::before(&emulator);
    let asked = requests(&front);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint());
    let commit = |pod: &str, quick: &[&str]| {
        podex.run(["commit", pod, "--json"].iter().chain(quick)).expect(0).json()["commit"].take()
    };
    std::thread::sleep(A_SECOND);
    let first = commit("p1", &[]);
    let whole = asked();

    // Nothing changed: the same state and the same report, another pod's first version included.
    for pod in ["p1", "p2"] {
        let again = commit(pod, &["--quick"]);
        let quick = asked();
        assert_eq!((&again["state"], &again["report"]), (&first["state"], &first["report"]), "{}", emulator.name);
        assert!(quick.len() < whole.len(), "{} requests, and {} for everything", quick.len(), whole.len());
        assert_eq!(about_objects(&quick), [""; 0], "{}", emulator.name);
        for listed in ["list-type=2", "ssm POST DescribeParameters", "dynamodb POST Scan"] {
            assert!(quick.iter().any(|request| request.contains(listed)), "no {listed} in {quick:#?}");
        }
        // Tables are scanned by their key, and moto tells nothing of messages but by attributes of their queue.
        let reads = ["ListQueueTags", "DescribeTimeToLive", "ListTagsOfResource", "GetParameter", "GetRole "];
        let read = quick.iter().filter(|request| reads.iter().any(|read| format!("{request} ").contains(read)));
        assert_eq!(read.collect::<Vec<_>>(), [""; 0], "{}", emulator.name);
    }

    // What listings tell, and what is read in any case; in a region, too, where nothing was so far.
    let far = "ap-south-1";
    emulator.play(&json!([
        object("written", "dHdv"),
        object("new", "b25l"),
        step("s3", "DeleteObject", json!({"Bucket": "quick", "Key": "deleted"})),
        step("sqs", "CreateQueue", json!({"QueueName": "new"})),
        {"service": "sqs", "region": far, "operation": "CreateQueue", "input": {"QueueName": "far"}},
        item("2"),
        parameter("/quick", "two"),
        step("ssm", "DeleteParameter", json!({"Name": "/deleted"})),
        // What no listing tells.
        tag("tagged", "two"),
        {"service": "sqs", "region": REGION, "operation": "GetQueueUrl", "input": {"QueueName": "quick"},
         "keep": {"URL": "/QueueUrl"}},
        step("sqs", "SetQueueAttributes", json!({"QueueUrl": "${URL}", "Attributes": {"DelaySeconds": "9"}})),
    ]));
    std::thread::sleep(A_SECOND);
    commit("p1", &["--quick", "--message", "what listings tell"]);
    let quick = asked();
    let of_objects: BTreeSet<&str> = about_objects(&quick).into_iter().collect();
    assert!(of_objects.iter().all(|request| request.contains("/written") || request.contains("/new")), "{quick:#?}");
    let told = [
        "ap-south-1/sqs/queue/far",
        "us-east-1/dynamodb/item/quick/a",
        "us-east-1/s3/object/quick/deleted",
        "us-east-1/s3/object/quick/new",
        "us-east-1/s3/object/quick/written",
        "us-east-1/sqs/queue/new",
        "us-east-1/ssm/parameter/%2Fdeleted",
        "us-east-1/ssm/parameter/%2Fquick",
    ];
    let changed = labels(&podex, &["diff", "p1:2", "p1:3", "--json"]);
    // One more queue in the listing: all of its queues are read, and the other one's delay is seen with them.
    let mut seen = BTreeSet::from(told.map(str::to_owned));
    seen.insert("us-east-1/sqs/queue/quick".to_owned());
    assert_eq!(changed, seen, "{}", emulator.name);

    // The tags: not in the version, seen by a commit of everything.
    let changed = labels(&podex, &["diff", "p1:3", "@live", "--json"]);
    assert_eq!(changed, BTreeSet::from(["us-east-1/s3/object/quick/tagged".to_owned()]), "{}", emulator.name);
    commit("p1", &["--quick"]);
    assert_eq!(labels(&podex, &["diff", "p1:3", "p1:4", "--json"]), BTreeSet::new(), "{}", emulator.name);
    commit("p1", &[]);
    assert_eq!(labels(&podex, &["diff", "p1:4", "p1:5", "--json"]), changed, "{}", emulator.name);

    // An inject ends what was known.
    podex.run(["inject", "p1:1", "--yes"]).expect(0);
    asked();
    commit("p1", &["--quick"]);
    assert_ne!(about_objects(&asked()), [""; 0], "{}", emulator.name);
    let left = labels(&podex, &["diff", "p1:6", "@live", "--json"]);
    assert_eq!(left, BTreeSet::new(), "{}", emulator.name);
}

#[test]
fn a_quick_commit_reads_what_listings_tell_on_ministack() {
    a_quick_commit_reads_what_listings_tell(support::ministack);
}

#[test]
fn a_quick_commit_reads_what_listings_tell_on_moto() {
    a_quick_commit_reads_what_listings_tell(support::moto);
}
