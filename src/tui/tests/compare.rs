//! Comparisons, and the drift of a watched instance.

use serde_json::json;

use super::{Explorer, at, changes, commit, drift_of, drifted, key, looked};
use crate::ops::{DiffOutcome, Look, RemotePod};
use crate::pod::Document;
use crate::remote::RemoteVersion;
use crate::tasks::{Cause, Failure, Job, Outcome};
use crate::tui::message::{Effect, Message};

#[test]
fn a_comparison_shows_everything_on_request_swaps_its_sides_and_injects_one() {
    let mut explorer = Explorer::loaded(120, 40);
    let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
    let (before, after) = (commit(2).digest(), commit(3).digest());
    let outcome = DiffOutcome { before, after, changes: changes(), renames: Vec::new(), notes: Vec::new() };
    explorer.finish(job, Ok(Outcome::Diff(outcome)));
    explorer.press("j a");
    let asked = explorer.effects.iter().find_map(|effect| match effect {
        Effect::ReadUnchanged(digest, key) => Some((*digest, key.clone())),
        _ => None,
    });
    let (digest, key) = asked.unwrap();
    assert_eq!((digest, key.own_name()), (commit(2).digest(), "orders"));
    let document = Document::from_value(json!({"VisibilityTimeout": 30, "Fifo": false, "SecretString": "hunter2"}));
    explorer.tell(Message::Unchanged(digest, key, Ok(Box::new(document))));
    let screen = explorer.screen();
    assert!(screen.contains("Fifo") && !screen.contains("hunter2"), "{screen}");
    explorer.press("a");
    assert!(!explorer.screen().contains("Fifo"), "{}", explorer.screen());
    explorer.press("x");
    let screen = explorer.screen();
    assert!(screen.contains("orders:3 → orders:2") && screen.contains("- s3/bucket/archive"), "{screen}");
    explorer.effects.clear();
    explorer.press("i enter");
    assert_eq!(explorer.commands(), ["podex inject orders:3 --dry-run"]);
}

#[test]
fn d_compares_the_chosen_version_with_the_one_before() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("d");
    assert_eq!(explorer.commands(), ["podex diff orders:2 orders"]);
}

#[test]
fn d_compares_a_version_on_a_remote_with_the_one_before_it_there() {
    let mut explorer = Explorer::loaded(120, 40);
    let theirs = |number| RemoteVersion { number, digest: commit(number).digest(), commit: commit(number) };
    let versions = vec![theirs(1), theirs(3)];
    let name = "digits".parse().unwrap();
    let pods = vec![RemotePod { name, versions, beside: Vec::new(), here: Default::default() }];
    explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(pods)));
    explorer.press("G d");
    assert_eq!(explorer.commands(), ["podex diff team/digits:1 team/digits"]);
    explorer.press("l G d");
    assert!(explorer.jobs().is_empty() && explorer.screen().contains("nothing comes before it"));
}

#[test]
fn d_compares_two_marked_versions_the_older_first() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("l j space j space d");
    assert_eq!(explorer.commands(), ["podex diff orders:1 orders:3"]);
}

#[test]
fn drift_is_kept_by_a_commit_or_taken_back_by_a_plan_of_nothing_else() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("s");
    let changes = vec![drift_of("s3", "object", &["b", "a b/c"]), drift_of("sqs", "queue", &["extra"])];
    explorer.finish(Job::Status, drifted(changes.clone()));
    let screen = explorer.screen();
    assert!(screen.contains(" drift ") && screen.contains("sqs/queue/extra"), "{screen}");
    explorer.press("c");
    let screen = explorer.screen();
    assert!(screen.contains("Commit the live instance") && screen.contains("orders"), "{screen}");
    explorer.press("esc");
    explorer.jobs();
    explorer.press("u");
    let command = explorer.commands().pop().unwrap();
    let digest = commit(3).digest().hex();
    assert_eq!(
        command,
        format!(
            "podex inject orders@{digest} --strategy overwrite --only '000000000000/us-east-1/s3/object/b/a b/c' --only 000000000000/us-east-1/sqs/queue/extra --dry-run"
        )
    );
    // A comparison of versions has nothing to take back.
    let mut explorer = Explorer::loaded(120, 40);
    let pair = Job::Diff { before: "orders:1".parse().unwrap(), after: "orders:2".parse().unwrap() };
    let (before, after) = (commit(1).digest(), commit(2).digest());
    let outcome = DiffOutcome { before, after, changes, renames: Vec::new(), notes: Vec::new() };
    explorer.finish(pair, Ok(Outcome::Diff(outcome)));
    explorer.jobs();
    explorer.press("u c");
    assert!(explorer.jobs().is_empty() && explorer.state.overlays.is_empty());
}

#[test]
fn a_watched_instance_shows_its_drift_and_is_looked_at_again_after_a_while() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.jobs();
    explorer.press("w");
    // The first look reads everything; each other one goes by what the one before it left.
    assert!(matches!(explorer.jobs().as_slice(), [Job::Drift(Look::Whole)]));
    explorer.finish(Job::Drift(Look::Whole), drifted(vec![drift_of("sqs", "queue", &["extra"])]));
    let screen = explorer.screen();
    assert!(screen.contains("drift: sqs +1") && explorer.state.diff.is_none(), "{screen}");
    // Not before its time, and not while something is being changed.
    explorer.tell(Message::Tick(at("2026-11-24T15:00:05Z")));
    assert!(explorer.jobs().is_empty());
    explorer.tell(Message::Tick(at("2026-11-24T15:00:20Z")));
    let jobs = explorer.jobs();
    assert!(matches!(jobs.as_slice(), [Job::Drift(look)] if *look == looked()), "{jobs:?}");
    explorer.finish(jobs[0].clone(), drifted(Vec::new()));
    assert!(explorer.screen().contains("as orders"), "{}", explorer.screen());
    // On screen it changes in place, and what is looked at stays.
    explorer.finish(Job::Status, drifted(vec![drift_of("s3", "bucket", &["b"]), drift_of("sqs", "queue", &["q"])]));
    explorer.press("j");
    explorer.finish(
        Job::Drift(Look::Whole),
        drifted(vec![drift_of("sqs", "queue", &["a"]), drift_of("sqs", "queue", &["q"])]),
    );
    let screen = explorer.state.diff.as_ref().unwrap();
    assert_eq!(screen.changes[screen.cursor.at].key.own_name(), "q");
    // One that cannot be seen any more is not watched any more.
    let gone = Failure::Failed { reason: "gone".to_owned(), cause: Cause::Unreachable };
    explorer.finish(Job::Drift(Look::Whole), Err(gone));
    assert_eq!(explorer.state.watch, None);
    explorer.jobs();
    explorer.tell(Message::Tick(at("2026-11-24T16:00:00Z")));
    assert!(explorer.jobs().is_empty() && explorer.state.overlays.is_empty());
}

#[test]
fn everything_lists_what_both_sides_have_alike_below_what_differs() {
    let mut explorer = Explorer::loaded(120, 40);
    let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
    let (before, after) = (commit(2).digest(), commit(3).digest());
    let outcome = DiffOutcome { before, after, changes: changes(), renames: Vec::new(), notes: Vec::new() };
    explorer.finish(job, Ok(Outcome::Diff(outcome)));
    explorer.press("a");
    let asked =
        explorer.effects.iter().any(|effect| matches!(effect, Effect::ListAlike(digest, _) if *digest == before));
    assert!(asked);
    let alike = key("us-east-1", "ssm", "parameter", &["/greeting"]);
    explorer.tell(Message::Alike(before, Ok(vec![alike.clone()])));
    explorer.effects.clear();
    explorer.press("G");
    let read = explorer.effects.iter().any(|effect| matches!(effect, Effect::ReadUnchanged(_, key) if *key == alike));
    assert!(read);
    let document = Document::from_value(json!({"Value": "good morning"}));
    explorer.tell(Message::Unchanged(before, alike, Ok(Box::new(document))));
    let screen = explorer.screen();
    assert!(screen.contains("= ssm/parameter/") && screen.contains("good morning"), "{screen}");
    // From there the change before is the last that differs.
    explorer.press("N");
    assert!(!explorer.screen().contains("good morning"));
    explorer.press("a G");
    assert!(!explorer.screen().contains("= ssm/parameter/"));
}
