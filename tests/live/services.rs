//! Services of the catalog: seeded by boto3, committed, put into a second, fresh emulator of
//! the same kind, and read there by boto3.
//!
//! A service is a module in `tests/python/services`. What an emulator cannot do, or does wrong, is an entry in
//! `tests/services.toml`; one that is no longer needed fails the test.

use std::collections::BTreeSet;

use podex::catalog::Catalog;
use podex::catalog::spec::Level;
use podex::pod::diff_values;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{self, Emulator, Podex, say};

/// The checked-in exceptions.
const EXCEPTIONS: &str = include_str!("../services.toml");

/// The scripts fill this region; several at once are the subject of other tests.
const REGION: [&str; 2] = ["--region", "us-east-1"];

/// Services that `seed.py` fills, for the tests in `round_trip.rs` and `moves.rs`.
const SEEDED_ELSEWHERE: [&str; 8] = ["dynamodb", "iam", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm"];

#[derive(Deserialize)]
struct Exceptions {
    #[serde(default, rename = "exception")]
    all: Vec<Exception>,
}

/// One thing that does not come back, or cannot be seeded, on one emulator.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    emulator: String,
    /// How the finding begins; any, where left out.
    #[serde(default)]
    finding: String,
    /// What the finding's text contains.
    #[serde(default)]
    says: String,
    /// One sentence.
    reason: String,
}

/// What is not as it should be: `service > where`, and what is wrong.
type Findings = Vec<(String, String)>;

fn python(emulator: &Emulator, verb: &str) -> Value {
    let mut args = vec![emulator.endpoint(), verb.to_owned()];
    if emulator.name == "moto" {
        args.push("--moto".to_owned());
    }
    let text = emulator.script("services.py").args(args).run();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("services.py {verb}: {error}\n{text}"))
}

/// The members of an object, with texts for values.
fn members(value: &Value) -> impl Iterator<Item = (&String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_object().into_iter().flatten().map(move |(name, value)| (name, text(value)))
}

/// What differs between two readings.
fn compare(findings: &mut Findings, before: &Value, after: &Value) {
    failed_steps(findings, "observe", after);
    for (service, found) in before.as_object().into_iter().flatten() {
        for change in diff_values(&found["reading"], &after[service]["reading"]) {
            let place = change.path.join(" > ");
            findings.push((format!("{service} > {place}"), format!("{:?} → {:?}", change.before, change.after)));
        }
    }
}

/// The steps of a script that did not work.
fn failed_steps(findings: &mut Findings, verb: &str, outcomes: &Value) {
    for (service, outcomes) in outcomes.as_object().into_iter().flatten() {
        let outcomes = outcomes.get("outcomes").unwrap_or(outcomes);
        findings.extend(members(outcomes).map(|(step, why)| (format!("{service} > {verb} > {step}"), why)));
    }
}

/// Commits what is there. Of every type there is something, unless the emulator lacks it.
fn commit(findings: &mut Findings, podex: &Podex) -> Value {
    let outcome = podex.run(["commit", "p1", "-m", "seeded", "--json", REGION[0], REGION[1]]);
    assert!(matches!(outcome.code, 0 | 5), "podex{}\n{}{}", outcome.command, outcome.stdout, outcome.stderr);
    let report = outcome.json()["commit"]["report"].clone();
    let counted = report.as_object().into_iter().flatten().filter(|(_, line)| line["count"].as_u64() > Some(0));
    let holds: BTreeSet<&str> = counted.filter_map(|(kind, _)| kind.split('/').next()).collect();
    for (kind, line) in report.as_object().into_iter().flatten() {
        let service = kind.split('/').next().unwrap_or_default();
        // Of a service that the emulator lacks or has not started there is nothing at all: the seeding has told why.
        let known = !SEEDED_ELSEWHERE.contains(&service) && holds.contains(service);
        match (line["outcome"].as_str().unwrap_or_default(), line["count"].as_u64()) {
            ("complete", Some(0)) if known => {
                findings.push((format!("commit > {kind}"), "nothing is there".to_owned()));
            }
            ("complete" | "not-implemented", _) => {}
            _ => findings.push((format!("commit > {kind}"), line.to_string())),
        }
    }
    report
}

/// Puts the pod into the emulator, and tells what did not come back.
fn verify(findings: &mut Findings, podex: &Podex, endpoint: &str) -> Value {
    let verify = ["verify", "p1:1", "--endpoint", endpoint, "--yes", "--json", REGION[0], REGION[1]];
    let outcome = podex.run(verify);
    assert!(matches!(outcome.code, 0 | 5), "podex{}\n{}{}", outcome.command, outcome.stdout, outcome.stderr);
    let verified = outcome.json();
    for (kind, found) in verified["types"].as_object().into_iter().flatten() {
        for part in ["differing", "missing"] {
            let captured_only = level(kind) == Level::CaptureOnly;
            let lines = members(&found[part]).filter(|(_, why)| !(captured_only && why.starts_with("captured only")));
            findings.extend(lines.map(|(label, why)| (format!("{part} > {label}"), why)));
        }
    }
    verified
}

/// Nothing is left to do.
fn settled(findings: &mut Findings, podex: &Podex, when: &str) {
    let dry = ["inject", "p1:1", "--strategy", "overwrite", "--dry-run", "--json", REGION[0], REGION[1]];
    let again = podex.run(dry).expect(0).json();
    for step in again["steps"].as_array().into_iter().flatten() {
        findings.push((format!("{when} > {}", step["key"].as_str().unwrap_or_default()), step.to_string()));
    }
}

/// How far podex goes with a type.
pub fn level(kind: &str) -> Level {
    let (service, kind) = kind.split_once('/').expect("a service and a type");
    Catalog::builtin().get(service, kind).map(|spec| spec.level).unwrap_or_default()
}

/// How many types there are by level, and how many of them came back whole.
fn counts(verified: &Value) -> String {
    let (mut whole, mut partly, mut captured_only) = (0, 0, 0);
    for (kind, found) in verified["types"].as_object().into_iter().flatten() {
        match level(kind) {
            Level::CaptureOnly => captured_only += 1,
            Level::RoundTrip if found["captured"] == found["identical"] => whole += 1,
            Level::RoundTrip => partly += 1,
        }
    }
    format!("{whole} types came back whole, {partly} in part, {captured_only} are captured only")
}

/// One emulator's round trip: the findings, and what `podex verify` says.
pub fn round_trip(first: &Emulator, second: &Emulator) -> (Findings, Value) {
    let mut findings = Findings::new();
    failed_steps(&mut findings, "seed", &python(first, "seed"));
    let before = python(first, "observe");

    let podex = Podex::new("Bob").at(first);
    commit(&mut findings, &podex);
    let verified = verify(&mut findings, &podex, &second.endpoint());
    compare(&mut findings, &before, &python(second, "observe"));
    let podex = podex.at(second);
    settled(&mut findings, &podex, "again");
    if first.name == "ministack" {
        findings.extend(taken_back(second, &podex, &before));
    }
    (findings, verified)
}

/// Changes and deletes things in every service, adds strangers, and injects again. On one emulator only: it takes time.
fn taken_back(second: &Emulator, podex: &Podex, before: &Value) -> Findings {
    let mut changed = Findings::new();
    failed_steps(&mut changed, "change", &python(second, "change"));
    let overwrite = ["inject", "p1:1", "--strategy", "overwrite", "--yes", "--json", REGION[0], REGION[1]];
    let outcome = podex.run(overwrite);
    assert!(matches!(outcome.code, 0 | 5), "podex{}\n{}{}", outcome.command, outcome.stdout, outcome.stderr);
    for failed in outcome.json()["report"]["failed"].as_array().into_iter().flatten() {
        changed.push((format!("inject > {}", failed["key"].as_str().unwrap_or_default()), failed["error"].to_string()));
    }
    compare(&mut changed, before, &python(second, "observe"));
    settled(&mut changed, podex, "last");
    changed.into_iter().map(|(place, what)| (format!("changed > {place}"), what)).collect()
}

/// Holds findings against the exceptions: what is unexpected, and which exceptions are stale.
fn unexpected(emulator: &str, findings: Findings) -> Vec<String> {
    let exceptions: Exceptions = toml::from_str(EXCEPTIONS).expect("services.toml");
    let known: Vec<&Exception> = exceptions.all.iter().filter(|known| known.emulator == emulator).collect();
    let mut met = BTreeSet::new();
    let mut unexpected = Vec::new();
    for (place, what) in findings {
        let matching = |known: &&Exception| place.starts_with(&known.finding) && what.contains(&known.says);
        let matching: Vec<usize> = (0..known.len()).filter(|&position| matching(&known[position])).collect();
        if matching.is_empty() {
            unexpected.push(format!("{place}: {what}"));
        }
        met.extend(matching);
    }
    let stale = (0..known.len()).filter(|position| !met.contains(position));
    unexpected.extend(stale.map(|position| {
        let Exception { finding, says, reason, .. } = known[position];
        format!("stale exception: {finding} ({says:?}): {reason}")
    }));
    unexpected
}

/// Starts two of a kind one after the other, so that the tests start no more than they need.
fn services_come_back(start: fn() -> Option<Emulator>) {
    let (Some(first), Some(second)) = (start(), start()) else { return };
    let (findings, verified) = round_trip(&first, &second);
    say(&format!("{}: {}", first.name, counts(&verified)));
    let unexpected = unexpected(first.name, findings);
    assert!(unexpected.is_empty(), "{}:\n{}", first.name, unexpected.join("\n"));
}

#[test]
fn services_come_back_on_ministack() {
    services_come_back(support::ministack);
}

#[test]
fn services_come_back_on_moto() {
    services_come_back(support::moto);
}

#[test]
fn services_come_back_on_localstack() {
    services_come_back(support::localstack);
}
