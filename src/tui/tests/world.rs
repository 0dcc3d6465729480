//! A made-up world.

use std::sync::Arc;

use serde_json::json;

use crate::instance::{Plan, Step, StepAction};
use crate::ops::{Before, Look, PodSummary, PreparedInject, StatusOutcome, VersionSummary};
use crate::pod::{
    Arrangement, Author, COMMIT_FORMAT, CaptureReport, Change, Commit, Digest, Document, InstanceInfo, Leaf, Metamodel,
    Packed, ResourceKey, TypeOutcome, TypeReport,
};
use crate::tasks::{Failure, Outcome};
use crate::tui::model::detail::Content;

pub(super) const NOW: &str = "2026-11-24T15:00:00Z";

pub(super) fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub(super) fn commit(number: u64) -> Commit {
    let report = |outcome, count, notes: &[&str]| TypeReport {
        outcome,
        count,
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
    };
    let types = [
        ("s3/bucket", report(TypeOutcome::Complete, 2, &[])),
        ("s3/object", report(TypeOutcome::Complete, 3, &[])),
        ("sqs/queue", report(TypeOutcome::Complete, 1, &[])),
        ("secretsmanager/secret", report(TypeOutcome::Partial, 1, &["one secret is scheduled for deletion"])),
        ("lambda/layer-version", report(TypeOutcome::NotImplemented, 0, &[])),
    ];
    let messages = ["first light", "the orders workflow, with its queue", "read the secret from its own region"];
    Commit {
        format: COMMIT_FORMAT,
        parents: Vec::new(),
        state: Digest::of(format!("state {number}").as_bytes()),
        observed: Digest::of(b"observed"),
        resources: 7,
        message: messages.get(number as usize - 1).copied().unwrap_or("digits, trained").to_owned(),
        author: Author { name: if number == 2 { "Bob" } else { "Alice" }.to_owned(), email: String::new() },
        time: at("2026-11-24T09:00:00Z") + jiff::SignedDuration::from_hours(number as i64),
        instance: InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "ministack".to_owned(),
            version: "1.5.33".to_owned(),
        },
        services: Vec::new(),
        report: CaptureReport { types: types.map(|(name, line)| (name.to_owned(), line)).into() },
        conflicts: Vec::new(),
        withheld: None,
    }
}

pub(super) fn pods() -> Vec<(PodSummary, Vec<VersionSummary>)> {
    let version = |number| VersionSummary {
        number,
        digest: commit(number).digest(),
        commit: commit(number),
        pushed_to: if number == 1 { vec!["team".to_owned()] } else { Vec::new() },
        tags: Vec::new(),
    };
    let orders: Vec<VersionSummary> = (1..=3).map(version).collect();
    let summary = |name: &str, versions: &[VersionSummary]| PodSummary {
        name: name.parse().unwrap(),
        versions: versions.len() as u64,
        head: versions.last().map(|version| (version.digest, version.commit.clone())),
        joined: Vec::new(),
        fault: None,
    };
    let broken = PodSummary {
        name: "torn".parse().unwrap(),
        versions: 1,
        head: None,
        joined: Vec::new(),
        fault: Some("pack 3f2a is damaged: its footer is cut off".to_owned()),
    };
    vec![(summary("orders", &orders), orders), (broken, Vec::new())]
}

pub(super) fn key(region: &str, service: &str, kind: &str, name: &[&str]) -> ResourceKey {
    ResourceKey::new("000000000000", region, service, kind, name.iter().copied())
}

pub(super) fn metamodel(arrangement: &Arrangement) -> Metamodel {
    let keys = [
        key("eu-west-1", "s3", "bucket", &["images"]),
        key("eu-west-1", "s3", "object", &["images", "digits/0.png"]),
        key("eu-west-1", "s3", "object", &["images", "digits/\u{1b}[31m日本.png"]),
        key("us-east-1", "s3", "bucket", &["orders"]),
        key("us-east-1", "s3", "object", &["orders", "2026/11/24.json"]),
        key("us-east-1", "sqs", "queue", &["orders"]),
        key("us-west-2", "secretsmanager", "secret", &["orders/db"]),
    ];
    let parent = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
    let leaves = keys.into_iter().map(|key| Ok::<_, std::convert::Infallible>(Leaf::from(key)));
    Metamodel::try_arranged(leaves, &parent, arrangement).unwrap()
}

pub(super) fn content() -> Content {
    let mut document = Document::from_value(json!({
        "Name": "orders/db",
        "Description": "Where the orders function finds its database, in a sentence that is too long for one line of a narrow pane.",
        "SecretString": "hunter2",
        "Tags": {"team": "orders", "evil": "\u{1b}]0;owned\u{7}"},
        "Policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]},
        "RotationDays": 30,
    }));
    let blob = crate::pod::BlobRef { digest: Digest::of(b"body"), size: 1_234_567 };
    document.blobs.insert("body".to_owned(), blob);
    let serde_json::Value::Object(observed) = json!({"ARN": "arn:aws:x", "CreatedDate": "2026-11-24"}) else {
        unreachable!()
    };
    Content { document, observed, previews: Default::default(), changed: None }
}

/// A queue before and after a change.
fn queue_sides() -> [serde_json::Value; 2] {
    let before = json!({"VisibilityTimeout": 30, "Policy": {"Statement": ["a", "b"]}});
    let after = json!({"VisibilityTimeout": 60, "Policy": {"Statement": ["a", "c"]}, "DelaySeconds": 5});
    [before, after]
}

pub(super) fn changes() -> Vec<Change> {
    let [queue, queue_after] = queue_sides();
    let code = json!({"Environment": {"SECRET_REGION": "us-east-1"}, "Description": "line one\nline two\nline three"});
    let code_after = json!({"Environment": {"SECRET_REGION": "us-west-2"}, "Description": "line one\nline 2\nline three\nline four"});
    let change = |key, before: Option<serde_json::Value>, after: Option<serde_json::Value>| {
        let (before, after) = (before.map(Document::from_value), after.map(Document::from_value));
        Change::between(key, before.as_ref(), after.as_ref()).unwrap()
    };
    let secret = |value: &str| Some(json!({"Name": "orders/db", "SecretString": value}));
    vec![
        change(key("us-east-1", "lambda", "function", &["orders"]), Some(code), Some(code_after)),
        change(key("us-east-1", "sqs", "queue", &["orders"]), Some(queue), Some(queue_after)),
        change(key("us-east-1", "s3", "bucket", &["archive"]), None, Some(json!({"Name": "archive"}))),
        change(key("us-west-2", "secretsmanager", "secret", &["orders/db"]), secret("old"), secret("new")),
        change(key("us-east-1", "sns", "topic", &["gone"]), Some(json!({"Name": "gone"})), None),
    ]
}

fn step(action: StepAction, key: ResourceKey) -> Step {
    let sides = queue_sides().map(|attributes| Packed::from(json!({ "attributes": attributes })));
    let [current, wanted] = if action == StepAction::Update { sides.map(Some) } else { [None, None] };
    Step { action, key, wanted, current }
}

pub(super) fn prepared() -> PreparedInject {
    let steps = vec![
        step(StepAction::Create, key("us-east-1", "s3", "bucket", &["archive"])),
        step(StepAction::Update, key("us-east-1", "sqs", "queue", &["orders"])),
        step(StepAction::Replace, key("us-east-1", "dynamodb", "table", &["orders"])),
        step(StepAction::Delete, key("us-east-1", "sns", "topic", &["gone"])),
    ];
    let notes = vec!["lambda/layer-version is not implemented by this emulator: left out".to_owned()];
    PreparedInject {
        target: commit(3).digest(),
        pod: Some("orders".parse().unwrap()),
        safety: Digest::of(b"safety"),
        plan: Plan { steps, notes },
        missing: Vec::new(),
        native: None,
    }
}

/// What a look leaves behind.
pub(super) fn looked() -> Look {
    let read = commit(3).digest();
    Look::Again(Arc::new(Before { turn: 7, since: None, read, held: Default::default(), listings: Default::default() }))
}

pub(super) fn drifted(changes: Vec<Change>) -> Result<Outcome, Failure> {
    let base = Some(("orders".parse().unwrap(), commit(3).digest()));
    Ok(Outcome::Status(StatusOutcome { base, changes, notes: Vec::new(), next: looked() }))
}

pub(super) fn drift_of(service: &str, kind: &str, name: &[&str]) -> Change {
    let key = ResourceKey::new("000000000000", "us-east-1", service, kind, name.iter().copied());
    Change::between(key, None, Some(&Document::from_value(json!({"A": "1"})))).unwrap()
}

pub(super) fn explorer_time() -> jiff::Timestamp {
    at(NOW)
}
