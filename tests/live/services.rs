//! Services of the catalog: seeded by boto3, committed, put into a second, fresh emulator of
//! the same kind, and read there by boto3.
//!
//! A service is a module in `tests/python/services`. What an emulator cannot do, or does wrong, is an entry in
//! `tests/services.toml`; one that is no longer needed fails the test.

use std::collections::BTreeSet;

use podex::pod::diff_values;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{self, Emulator, Podex};

/// The checked-in exceptions.
const EXCEPTIONS: &str = include_str!("../services.toml");

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
    /// How the finding begins.
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

fn round_trip(first: &Emulator, second: &Emulator) -> Findings {
    let mut findings = Findings::new();
    let seeded = python(first, "seed");
    for (service, outcomes) in seeded.as_object().into_iter().flatten() {
        findings.extend(members(outcomes).map(|(step, why)| (format!("{service} > seed > {step}"), why)));
    }
    let before = python(first, "observe");

    let podex = Podex::new("Bob").at(first);
    partly(&mut findings, podex.run(["commit", "p1", "-m", "seeded"]));
    let podex = podex.at(second);
    let overwrite = ["inject", "p1:1", "--strategy", "overwrite", "--yes"];
    partly(&mut findings, podex.run(overwrite));

    let after = python(second, "observe");
    for change in diff_values(&before, &after) {
        findings.push((change.path.join(" > "), format!("{:?} → {:?}", change.before, change.after)));
    }
    partly(&mut findings, podex.run(["commit", "p1", "-m", "injected"]));
    let diff = podex.run(["diff", "p1:1", "p1:2", "--json"]).expect(0).json();
    for change in diff["changes"].as_array().into_iter().flatten() {
        findings.push((format!("diff > {}", change["key"].as_str().unwrap_or_default()), change.to_string()));
    }
    let again = podex.run(["inject", "p1:1", "--strategy", "overwrite", "--dry-run", "--json"]).expect(0).json();
    for step in again["steps"].as_array().into_iter().flatten() {
        findings.push((format!("again > {}", step["key"].as_str().unwrap_or_default()), step.to_string()));
    }
    findings
}

/// A run that may leave things undone: each of its lines that says so is a finding.
fn partly(findings: &mut Findings, outcome: support::Outcome) {
    assert!(matches!(outcome.code, 0 | 5), "podex{}\n{}{}", outcome.command, outcome.stdout, outcome.stderr);
    if outcome.code == 5 {
        let verb = outcome.command.split('"').nth(1).unwrap_or_default().to_owned();
        let lines = outcome.stdout.lines().chain(outcome.stderr.lines());
        findings.extend(lines.map(|line| (format!("{verb} > {}", line.trim()), String::new())));
    }
}

/// Starts two of a kind one after the other, so that the tests start no more than they need.
fn services_come_back(start: fn() -> Option<Emulator>) {
    let (Some(first), Some(second)) = (start(), start()) else { return };
    let exceptions: Exceptions = toml::from_str(EXCEPTIONS).expect("services.toml");
    let known: Vec<&Exception> = exceptions.all.iter().filter(|known| known.emulator == first.name).collect();
    let mut met = BTreeSet::new();
    let mut unexpected = Vec::new();
    for (place, what) in round_trip(&first, &second) {
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
    assert!(unexpected.is_empty(), "{}:\n{}", first.name, unexpected.join("\n"));
}

#[test]
fn services_come_back_on_ministack() {
    services_come_back(support::ministack);
}
