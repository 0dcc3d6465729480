//! Services that fail, hang, talk nonsense or never end, in a whole commit or inject: a proxy before a real emulator
//! spoils their answers, as no emulator does so on demand.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::reading::{assert_same, observe, seed};
use crate::round_trip::BUCKET_KEY;
use crate::support::{self, Asked, Podex, Spoil, Spoiler};

/// Memory that a commit may take whatever comes: far above what the seeded emulator needs.
const MEBIBYTES: u64 = 700;

/// Seconds that answers may stay silent: enough for a busy machine, and short enough to be waited for some times.
const TIMEOUT: &str = "8";

/// Spoils every answer of a service.
fn all_of(service: &'static str, spoil: fn() -> Spoil) -> impl Fn(&Asked) -> Option<Spoil> {
    move |asked| (asked.service == service).then(spoil)
}

/// Whether the body of an object is asked for.
fn is_object(asked: &Asked) -> bool {
    let path = asked.target.split('?').next().unwrap_or_default();
    let has_key = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    asked.service == "s3" && asked.method == "GET" && has_key && !asked.target.contains("tagging")
}

/// A page that another follows, with a number of its own each time.
fn numbered() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

type Rule = Box<dyn Fn(&Asked) -> Option<Spoil> + Send + Sync>;

/// What goes wrong, the type that it is reported for, and words of the report.
fn faults() -> Vec<(&'static str, Rule, &'static str, &'static str)> {
    let fresh_and_empty = |asked: &Asked| {
        let listing = asked.service == "lambda" && asked.target.contains("/functions/");
        listing.then(|| Spoil::text(200, json!({"Functions": [], "NextMarker": numbered().to_string()}).to_string()))
    };
    let fresh_and_full = |asked: &Asked| {
        (asked.operation == "ListQueues").then(|| {
            let page = numbered();
            let url = |queue: u32| format!("http://127.0.0.1/000000000000/{}-{page}-{queue}", "q".repeat(400));
            let urls: Vec<String> = (0..2000).map(url).collect();
            Spoil::text(200, json!({"QueueUrls": urls, "NextToken": page.to_string()}).to_string())
        })
    };
    let the_same_token = |asked: &Asked| {
        let body = "<ListTopicsResponse><ListTopicsResult><Topics/><NextToken>again</NextToken></ListTopicsResult></ListTopicsResponse>";
        (asked.operation == "ListTopics").then(|| Spoil::text(200, body))
    };
    let the_same_objects = |asked: &Asked| {
        let object = "<Contents><Key>index.html</Key><ETag>e</ETag><Size>5</Size></Contents>";
        (asked.service == "s3" && asked.target.contains("podex-assets?") && asked.target.contains("list-type")).then(
            || {
                let token = format!("<NextContinuationToken>{}</NextContinuationToken>", numbered());
                let page = format!("<IsTruncated>true</IsTruncated>{object}{token}");
                Spoil::text(200, format!("<ListBucketResult>{page}</ListBucketResult>"))
            },
        )
    };
    let bodies = |spoil: fn() -> Spoil| move |asked: &Asked| is_object(asked).then(spoil);
    vec![
        ("answers 500 for ever", Box::new(all_of("sqs", || Spoil::text(500, "boom"))), "sqs/queue", "ListQueues"),
        ("hangs", Box::new(all_of("dynamodb", || Spoil::Hang)), "dynamodb/table", "no answer in 8 s"),
        ("asks to wait for a day", Box::new(all_of("kms", || Spoil::text(429, "later"))), "kms/key", "ListKeys"),
        ("sends broken JSON", Box::new(all_of("ssm", || Spoil::text(200, r#"{"Parameters": ["#))), "ssm/parameter", ""),
        ("sends broken XML", Box::new(all_of("iam", || Spoil::text(200, "<ListUsersResponse><"))), "iam/user", ""),
        ("nests for ever", Box::new(all_of("logs", || Spoil::text(200, "[".repeat(1 << 20)))), "logs/log-group", ""),
        (
            "says more than fits into memory",
            Box::new(all_of("events", || Spoil::Unmeasured(vec![b' '; 80 << 20]))),
            "events/event-bus",
            "larger than podex reads",
        ),
        ("cuts its answers off", Box::new(all_of("secretsmanager", || Spoil::CutOff)), "secretsmanager/secret", ""),
        ("cuts bodies off", Box::new(bodies(|| Spoil::CutOff)), "s3/object", "could not be read"),
        ("stalls in the middle of bodies", Box::new(bodies(|| Spoil::Stall)), "s3/object", "could not be read"),
        ("sends bodies that never end", Box::new(bodies(|| Spoil::Endless)), "s3/object", "bytes listed"),
        ("gives empty pages for ever", Box::new(fresh_and_empty), "lambda/function", "nothing new"),
        ("gives full pages for ever", Box::new(fresh_and_full), "sqs/queue", "longer than podex reads"),
        ("lists the same objects for ever", Box::new(the_same_objects), "s3/object", "nothing new"),
        ("gives the same token for ever", Box::new(the_same_token), "sns/topic", "the same token twice"),
    ]
}

/// The report of a commit: by type, its outcome and count.
fn report(outcome: &support::Outcome) -> Value {
    outcome.json()["commit"]["report"].clone()
}

#[test]
fn whatever_a_service_answers_it_is_reported_by_type_and_the_rest_is_committed() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let front = Spoiler::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint()).with("PODEX_TIMEOUT", TIMEOUT);
    let whole = report(&podex.run_within(MEBIBYTES, ["commit", "whole", "--json"]).expect(0));
    for (what, rule, kind, said) in faults() {
        support::say(&format!("a service that {what}"));
        front.spoil(rule);
        // A store of its own: bodies that a commit before has are not asked for again.
        let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint()).with("PODEX_TIMEOUT", TIMEOUT);
        let commit = podex.run_within(MEBIBYTES, ["commit", "p1", "--json"]);
        assert_eq!(commit.code, 5, "{what}: {commit:?}");
        assert!(commit.stderr.contains(kind), "{what}: {kind} is named: {}", commit.stderr);
        let found = report(&commit);
        let notes = found[kind]["notes"].to_string();
        assert!(["failed", "partial"].iter().any(|outcome| found[kind]["outcome"] == *outcome), "{what}: {found}");
        assert!(notes.contains(said), "{what}: {notes}");
        let service = kind.split('/').next().unwrap_or_default();
        for (other, line) in whole.as_object().into_iter().flatten() {
            let concerned = other.split('/').next() == Some(service);
            assert!(concerned || found[other] == *line, "{what}: {other} is {} and was {line}", found[other]);
        }
    }
    front.heal();
    podex.run(["commit", "whole"]).expect(0);
    podex.run(["diff", "whole:1", "whole:2", "--exit-code"]).expect(0);
    podex.run(["fsck"]).expect(0);
}

#[test]
fn what_is_not_told_of_one_key_leaves_the_others_as_they_are() {
    let Some(ministack) = support::ministack() else { return };
    ministack.script("services.py").args([&ministack.endpoint(), "seed", "kms"]).run();
    let front = Spoiler::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint()).with("PODEX_TIMEOUT", TIMEOUT);
    let whole = report(&podex.run(["commit", "whole", "--json"]).expect(0));
    front.spoil(|asked| (asked.operation == "DescribeKey").then(|| Spoil::text(500, "boom")));
    let found = report(&podex.run(["commit", "p1", "--json"]).expect(5));
    let (line, before) = (&found["kms/key"], &whole["kms/key"]);
    assert!(before["count"].as_u64() > Some(0), "{before}");
    assert_eq!((&line["outcome"], &line["count"]), (&json!("partial"), &before["count"]), "{line}");
    assert!(line["notes"].to_string().contains("DescribeKey failed"), "{line}");
}

#[test]
fn a_strict_commit_of_what_cannot_be_read_leaves_nothing_behind() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let front = Spoiler::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint()).with("PODEX_TIMEOUT", TIMEOUT);
    for spoil in [|| Spoil::Hang, || Spoil::CutOff, || Spoil::text(500, "boom")] {
        front.spoil(move |asked| is_object(asked).then(spoil));
        let refused = podex.run(["commit", "p1", "--strict"]).expect(1);
        assert!(refused.stderr.contains("s3/object"), "{}", refused.stderr);
        assert_eq!(podex.run(["list", "--json"]).expect(0).json(), json!([]));
        podex.run(["fsck"]).expect(0);
    }
    front.heal();
    podex.run(["commit", "p1", "--strict"]).expect(0);
}

/// Whether a request changes something.
fn is_change(asked: &Asked) -> bool {
    let reads = ["List", "Get", "Describe", "Receive"];
    asked.service == "sqs" && !reads.iter().any(|read| asked.operation.starts_with(read))
}

#[test]
fn an_inject_into_an_emulator_with_a_bad_service_does_the_rest_and_is_completed_later() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let before = observe(&ministack, None);
    let front = Spoiler::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint()).with("PODEX_TIMEOUT", TIMEOUT);
    podex.run(["commit", "p1"]).expect(0);
    let inject = ["inject", "p1", "--strategy", "overwrite", "--yes", "--json"];
    for spoil in [|| Spoil::text(500, "boom"), || Spoil::Hang, || Spoil::text(200, "{")] {
        front.heal();
        ministack.reset();
        front.spoil(move |asked| is_change(asked).then(spoil));
        let partly = podex.run(inject).expect(5).json();
        let report = &partly["report"];
        let failed = report["failed"].as_array().expect("a list");
        assert!(failed.iter().any(|step| step["key"].to_string().contains("podex-orders")), "{report}");
        assert_eq!(report["stopped"], Value::Null, "the emulator is still there");
        let applied = report["applied"].to_string();
        assert!(applied.contains("podex-assets") && applied.contains("podex-everything"), "{applied}");
        front.heal();
        podex.run(inject).expect(0);
        assert_same(&before, &observe(&ministack, None), &[BUCKET_KEY]);
    }
}
