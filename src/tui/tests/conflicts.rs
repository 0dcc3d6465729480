//! Settling conflicts by keys.

use serde_json::json;

use super::{Explorer, at_every_size, commit, key, pods};
use crate::ops::{Choice, MergeKind, MergeOutcome, Resolution, Take};
use crate::pod::{Conflict, Merge, ResourceKey, Side};
use crate::store::VersionEntry;
use crate::tasks::{Job, Outcome};
use crate::tui::message::{Effect, Message};
use crate::tui::overlay::Overlay;

fn conflicts() -> Vec<Conflict> {
    let conflict = |key: ResourceKey, path: &[&str], values: Merge<serde_json::Value>| Conflict {
        key,
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        values,
    };
    let three = |base, ours, theirs| Merge { base: Some(base), ours: Some(ours), theirs: Some(theirs) };
    let code = |region: &str| json!({"Runtime": "python3.12", "Environment": {"KEY_REGION": region}});
    let secret = |value: &str| json!({"attributes": {"Name": "orders/db", "SecretString": value}});
    vec![
        conflict(
            key("us-east-1", "lambda", "function", &["sign-order"]),
            &["attributes", "Configuration"],
            three(code("us-east-1"), code("eu-west-1"), code("us-west-2")),
        ),
        conflict(
            key("us-east-1", "sqs", "queue", &["orders"]),
            &["attributes", "VisibilityTimeout"],
            three(json!("30"), json!("60"), json!("45")),
        ),
        conflict(
            key("us-west-2", "secretsmanager", "secret", &["orders/db"]),
            &[],
            Merge { base: Some(secret("old")), ours: Some(secret("hunter2")), theirs: None },
        ),
    ]
}

/// A pod whose third version has conflicts, of which these are settled.
pub(super) fn resolution(chosen: &[(usize, Take)]) -> Resolution {
    let commit = commit(3).with_conflicts(conflicts());
    let choice = |(at, take): &(usize, Take)| {
        let Conflict { key, path, .. } = commit.conflicts[*at].clone();
        vec![Choice { key, path, take: take.clone() }]
    };
    let steps = chosen.iter().map(choice).collect();
    Resolution { version: VersionEntry { number: 3, commit: commit.digest() }, commit, steps }
}

fn pod() -> crate::pod::PodName {
    "orders".parse().unwrap()
}

fn show(explorer: &mut Explorer, chosen: &[(usize, Take)]) {
    explorer.finish(Job::Conflicts(pod()), Ok(Outcome::Conflicts(Box::new(resolution(chosen)))));
    explorer.jobs();
}

/// An explorer whose newest version of `orders` has conflicts.
fn conflicted() -> Explorer {
    let mut pods = pods();
    let (summary, versions) = &mut pods[0];
    let commit = commit(3).with_conflicts(conflicts());
    summary.head = Some((commit.digest(), commit.clone()));
    let newest = versions.last_mut().unwrap();
    (newest.digest, newest.commit) = (commit.digest(), commit);
    let mut explorer = Explorer::loaded(120, 40);
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods)));
    explorer.jobs();
    explorer
}

#[test]
fn three_panes_show_ours_base_and_theirs_beside_each_other_where_there_is_room() {
    at_every_size("conflicts", |explorer| show(explorer, &[(1, Take::Value(json!("50")))]));
}

#[test]
fn a_resource_that_one_side_deleted_shows_no_secret_until_asked() {
    at_every_size("conflict_deleted", |explorer| {
        show(explorer, &[(2, Take::Side(Side::Theirs))]);
        explorer.press("G");
        assert!(!explorer.screen().contains("hunter2"));
        explorer.press("v");
        assert!(explorer.screen().contains("hunter2"));
        explorer.press("v");
    });
}

#[test]
fn a_version_with_conflicts_is_marked_and_opens_where_they_are_settled() {
    let mut explorer = conflicted();
    explorer.press("l j");
    let screen = explorer.screen();
    assert!(screen.contains("3 ! read the") && screen.contains("left to settle"), "{screen}");
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex resolve orders"]);
    explorer.press("C");
    assert_eq!(explorer.commands(), ["podex resolve orders"]);
    // An older version has been settled by what came after it.
    explorer.press("j C");
    assert!(explorer.jobs().is_empty());
}

#[test]
fn each_side_is_taken_by_a_key_for_a_property_a_resource_or_a_pattern() {
    let mut explorer = Explorer::loaded(120, 40);
    show(&mut explorer, &[]);
    explorer.press("j 1");
    let queue = "000000000000/us-east-1/sqs/queue/orders#VisibilityTimeout";
    assert_eq!(explorer.commands(), [format!("podex resolve orders '{queue}' --ours")]);
    explorer.press("2 3");
    assert_eq!(
        explorer.commands(),
        [format!("podex resolve orders '{queue}' --base"), format!("podex resolve orders '{queue}' --theirs")]
    );
    explorer.press("r j j enter");
    assert_eq!(explorer.commands(), ["podex resolve orders 000000000000/us-east-1/sqs/queue/orders --theirs"]);
    explorer.press("/ enter");
    explorer.write("mine");
    explorer.press("enter");
    assert!(explorer.screen().contains("ours, base or theirs"), "{}", explorer.screen());
    explorer.press("ctrl-u");
    explorer.write("ours");
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex resolve orders 'sqs/queue/*' --ours"]);
    explorer.press("u");
    assert_eq!(explorer.commands(), ["podex resolve orders --undo"]);
}

#[test]
fn a_value_is_edited_and_what_is_not_json_is_not_lost() {
    let mut explorer = Explorer::loaded(120, 40);
    show(&mut explorer, &[]);
    let sent = |explorer: &mut Explorer| {
        std::mem::take(&mut explorer.effects).into_iter().find_map(|effect| match effect {
            Effect::Edit(_, text) => Some(text),
            _ => None,
        })
    };
    explorer.press("j e");
    assert_eq!(sent(&mut explorer).as_deref(), Some("\"60\""));
    explorer.tell(Message::Edited("\"60\"\n".to_owned()));
    assert!(explorer.jobs().is_empty() && explorer.screen().contains("nothing was chosen"));
    explorer.press("e");
    sent(&mut explorer);
    explorer.tell(Message::Edited("\"50".to_owned()));
    assert!(explorer.jobs().is_empty() && explorer.screen().contains("not JSON"));
    explorer.press("e");
    assert_eq!(sent(&mut explorer).as_deref(), Some("\"50"));
    explorer.tell(Message::Edited("\"50\"".to_owned()));
    let jobs = explorer.jobs();
    assert!(matches!(&jobs[..], [Job::Choose { take: Take::Value(value), .. }] if *value == json!("50")), "{jobs:?}");
    // A whole resource has no value to edit, and a secret is not sent anywhere unseen.
    explorer.press("G e");
    assert!(sent(&mut explorer).is_none());
}

#[test]
fn the_result_is_committed_once_all_is_settled() {
    let mut explorer = Explorer::loaded(120, 40);
    show(&mut explorer, &[(0, Take::Side(Side::Ours)), (1, Take::Side(Side::Ours))]);
    explorer.press("c");
    assert!(explorer.state.overlays.is_empty() && explorer.screen().contains("n goes to the next"));
    explorer.press("n");
    let screen = explorer.state.conflicts.as_ref().unwrap();
    assert_eq!(screen.cursor.at, 2);
    explorer.press("3");
    let job = explorer.jobs().pop().unwrap();
    let all = [(0, Take::Side(Side::Ours)), (1, Take::Side(Side::Ours)), (2, Take::Side(Side::Theirs))];
    explorer.finish(job, Ok(Outcome::Conflicts(Box::new(resolution(&all)))));
    assert!(explorer.screen().contains("all settled"), "{}", explorer.screen());
    explorer.press("c");
    explorer.write("as we agreed");
    explorer.press("enter");
    let job = explorer.jobs().pop().unwrap();
    assert_eq!(job.command().as_deref(), Some("podex resolve orders -m 'as we agreed'"));
    let made = VersionEntry { number: 4, commit: commit(2).digest() };
    explorer.finish(job, Ok(Outcome::Settled(made)));
    assert!(explorer.state.conflicts.is_none());
}

#[test]
fn a_remote_version_is_merged_and_its_conflicts_come_on_screen() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("G m");
    assert!(matches!(explorer.state.overlays.last(), Some(Overlay::Menu(_))), "{}", explorer.screen());
    explorer.press("enter");
    let job = explorer.jobs().pop().unwrap();
    assert_eq!(job.command().as_deref(), Some("podex merge orders team/digits"));
    let outcome = MergeOutcome {
        kind: MergeKind::Conflicted,
        version: VersionEntry { number: 4, commit: commit(2).digest() },
        base: None,
        theirs: commit(1).digest(),
        changed: (1, 2, 0),
        conflicts: conflicts(),
        preferred: Vec::new(),
        warnings: vec!["sqs/queue/orders: names sqs/queue/dead, which is deleted".to_owned()],
        notes: Vec::new(),
    };
    explorer.finish(job, Ok(Outcome::Merged(Box::new(outcome))));
    assert!(explorer.screen().contains("which is deleted"), "{}", explorer.screen());
    assert_eq!(explorer.commands(), ["podex list", "podex resolve orders"]);
}

#[test]
fn conflicts_survive_every_size() {
    let mut explorer = Explorer::loaded(120, 40);
    show(&mut explorer, &[(1, Take::Value(json!("50")))]);
    for columns in (1..130).step_by(7) {
        for rows in 1..45 {
            explorer.tell(Message::Resize(columns, rows));
            explorer.screen();
            explorer.press("n");
        }
    }
}
