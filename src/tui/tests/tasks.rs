//! What is done to pods, remotes and the instance.

use std::sync::Arc;

use super::{Explorer, commit, explorer_time, in_scope, metamodel, prepared};
use crate::event::Events;
use crate::instance::Strategy;
use crate::ops::{Context, Overrides, Paths, RemotePod};
use crate::pod::Arrangement;
use crate::remote::{RemoteCommit, RemoteVersion};
use crate::search::{Beside, Index};
use crate::tasks::{Cause, Failure, Indexed, Job, Loaded, Outcome, Task, TaskId, TaskState};
use crate::tui::action::Scope;
use crate::tui::message::{Effect, Message};
use crate::tui::overlay::{Overlay, PlanStage};
use crate::tui::theme::Role;

#[test]
fn a_task_that_runs_shows_how_far_it_is() {
    let mut explorer = Explorer::loaded(120, 40);
    let mut task = Task::new(TaskId(99), "commit orders".to_owned(), Some("podex commit orders".to_owned()));
    task.state = TaskState::Running;
    task.phase = "capture".to_owned();
    task.progress = crate::event::Progress { done: 30, total: 120, bytes: 0, total_bytes: 0 };
    explorer.tell(Message::Task(Box::new(task)));
    explorer.press("t");
    // The log carries the clock: it has no place in a snapshot.
    let screen = explorer.screen();
    assert!(screen.contains("30 of 120") && screen.contains("████░░"), "{screen}");
    assert!(screen.contains("$ podex commit orders"), "{screen}");
}

#[test]
fn inject_plans_first_and_applies_only_after_a_yes() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    assert!(matches!(&job, Job::PrepareInject(args) if args.strategy == Strategy::AccountRegionMerge));
    explorer.finish(job.clone(), Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("enter");
    assert_eq!(explorer.commands(), Vec::<String>::new());
    assert!(explorer.state.overlays.is_empty());
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("y");
    assert_eq!(explorer.commands(), ["podex inject orders --yes"]);
}

#[test]
fn a_step_left_out_of_a_plan_is_left_out_of_the_inject_and_of_its_command() {
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("down space");
    let screen = explorer.screen();
    assert!(screen.contains("○ update  sqs/queue/orders") && screen.contains("left out 1"), "{screen}");
    explorer.press("y");
    let Some(Job::Apply { prepared, command }) = explorer.jobs().pop() else { panic!("nothing is applied") };
    assert_eq!(prepared.plan.steps.len(), 3);
    assert_eq!(command, "podex inject orders --except 000000000000/us-east-1/sqs/queue/orders --yes");
    // Taken in again, all are applied; with all left out, nothing is.
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("space up space y");
    assert!(matches!(explorer.jobs().pop(), Some(Job::Apply { prepared, .. }) if prepared.plan.steps.len() == 4));
    let mut explorer = in_scope(Scope::Plan);
    explorer.press("space space space space y");
    assert!(explorer.jobs().is_empty() && explorer.screen().contains("nothing was changed"));
}

#[test]
fn another_strategy_makes_another_plan() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("i");
    let job = explorer.jobs().pop().unwrap();
    explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    explorer.press("3");
    assert_eq!(explorer.commands(), ["podex inject orders --strategy overwrite --dry-run"]);
    assert!(
        matches!(explorer.state.overlays.last(), Some(Overlay::Plan(view)) if matches!(view.stage, PlanStage::Planning(_)))
    );
}

#[test]
fn commit_asks_for_a_message_and_refuses_a_bad_name() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("c");
    explorer.write("it works");
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex commit orders -m 'it works'"]);
    explorer.press("c tab");
    explorer.write("!");
    explorer.press("enter enter");
    assert!(explorer.jobs().is_empty());
    assert!(explorer.screen().contains("is not a valid pod name"), "{}", explorer.screen());
}

#[test]
fn remote_pods_are_pulled_and_local_ones_pushed() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("P enter");
    assert_eq!(explorer.commands(), ["podex push orders team"]);
    explorer.press("G p");
    assert_eq!(explorer.commands(), ["podex pull team/digits"]);
}

#[test]
fn a_remote_pod_is_pulled_and_then_planned_and_what_failed_is_done_again() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("G a");
    assert_eq!(explorer.commands(), ["podex pull team/digits", "podex inject digits --dry-run"]);
    assert!(explorer.screen().contains("planning"), "{}", explorer.screen());
    explorer.press("esc");
    let pull = Job::Pull { remote: "team".parse().unwrap(), pod: "digits".parse().unwrap(), number: None, into: None };
    explorer.finish(pull, Err(Failure::Failed { reason: "offline".to_owned(), cause: Cause::Other }));
    explorer.press("esc t r");
    assert_eq!(explorer.commands(), ["podex pull team/digits"]);
    explorer.press("r");
    assert!(explorer.jobs().is_empty(), "only once");
}

#[test]
fn a_commit_beside_the_versions_of_a_remote_is_seen_and_merged() {
    let mut explorer = Explorer::loaded(120, 40);
    let theirs = RemoteVersion { number: 1, digest: commit(7).digest(), commit: commit(7) };
    let beside = RemoteCommit { digest: commit(8).digest(), commit: commit(8) };
    let short = beside.digest.short();
    let pods = vec![RemotePod {
        name: "orders".parse().unwrap(),
        versions: vec![theirs],
        beside: vec![beside],
        here: Default::default(),
    }];
    explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(pods)));
    assert!(explorer.screen().contains("1 to merge"), "{}", explorer.screen());
    explorer.press("G l j");
    assert!(
        explorer.screen().contains("┆ ") && explorer.screen().contains("beside the versions"),
        "{}",
        explorer.screen()
    );
    explorer.press("p");
    assert_eq!(explorer.commands(), Vec::<String>::new());
    assert!(explorer.screen().contains("it has no number"), "{}", explorer.screen());
    explorer.press("m enter");
    assert_eq!(explorer.commands(), [format!("podex merge orders team/orders@{short}")]);
}

#[test]
fn when_both_sides_moved_on_push_and_pull_offer_to_merge_or_another_name() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("G p");
    let pull = explorer.jobs().pop().unwrap();
    let both_moved = || Err(Failure::Failed { reason: "both moved".to_owned(), cause: Cause::BothMoved });
    explorer.finish(pull.clone(), both_moved());
    assert!(explorer.screen().contains("digits and team/digits have both moved on"), "{}", explorer.screen());
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex merge digits team/digits"]);
    explorer.finish(pull, both_moved());
    explorer.press("j enter enter");
    assert_eq!(explorer.commands(), ["podex pull team/digits --as digits-team"]);
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("P enter");
    let push = explorer.jobs().pop().unwrap();
    explorer.finish(push, both_moved());
    explorer.press("enter");
    assert_eq!(explorer.commands(), ["podex merge orders team/orders"]);
}

#[test]
fn what_was_said_fades_and_stays_in_the_log_but_an_error_waits_for_a_key() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.finish(Job::Push { pod: "orders".parse().unwrap(), remote: "team".parse().unwrap() }, Ok(Outcome::Pushed));
    let later = |seconds| explorer_time() + jiff::SignedDuration::from_secs(seconds);
    // Messages take the clock's time in the real loop; here it stands still between ticks.
    explorer.state.now = explorer_time();
    explorer.state.say(Role::Success, "pushed", None);
    explorer.tell(Message::Tick(later(6)));
    assert!(explorer.screen().contains("pushed"));
    explorer.tell(Message::Tick(later(9)));
    assert!(explorer.state.status.is_none() && explorer.state.journal.iter().any(|line| line.text == "pushed"));
    explorer.state.say(Role::Error, "broken", None);
    explorer.tell(Message::Tick(later(900)));
    assert!(explorer.screen().contains("broken"));
    explorer.press("j");
    assert!(!explorer.screen().contains("broken"));
}

#[test]
fn a_pull_takes_along_only_who_still_waits_for_it() {
    let pull =
        || Job::Pull { remote: "team".parse().unwrap(), pod: "digits".parse().unwrap(), number: None, into: None };
    let head = crate::store::VersionEntry { number: 3, commit: commit(3).digest() };
    for (keys, goes) in [("", true), ("k", false), ("k j", true), ("2", false)] {
        let mut explorer = Explorer::loaded(120, 40);
        explorer.press("G");
        let id = TaskId(900);
        explorer.tell(Message::Submitted(id, Box::new(pull())));
        if !keys.is_empty() {
            explorer.press(keys);
        }
        explorer.tell(Message::Finished(id, Ok(Outcome::Pulled("digits".parse().unwrap(), head))));
        assert_eq!(explorer.state.wanted.is_some(), goes, "after {keys:?}");
    }
}

#[test]
fn what_comes_after_the_pods_were_read_for_search_is_added_to_what_was_read() {
    let home = tempfile::tempdir().unwrap();
    let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
    let index = Indexed(Arc::new(Index::build(&context, &[], &Events::silent()).unwrap()));
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("ctrl-p");
    assert!(matches!(explorer.jobs().as_slice(), [Job::Index(_, None)]));
    explorer.finish(Job::Index(Vec::new(), None), Ok(Outcome::Indexed(index)));
    explorer.press("esc ctrl-p esc");
    assert!(explorer.jobs().is_empty(), "nothing came since");
    // A remote's version is opened: it is read when search is next asked for.
    let opened = || {
        let metamodel = Arc::new(metamodel(&Arrangement::default()));
        Outcome::Opened(Box::new(Loaded { digest: commit(7).digest(), commit: commit(7), metamodel }))
    };
    let job = || Job::Open("team/digits:1".parse().unwrap());
    explorer.finish(job(), Ok(opened()));
    assert!(explorer.state.index.is_some() && explorer.jobs().is_empty());
    explorer.press("ctrl-p");
    let jobs = explorer.jobs();
    let is_beside = |beside: &[Beside]| beside.iter().any(|one| one.place.reference.to_string() == "team/digits:1");
    assert!(matches!(jobs.as_slice(), [Job::Index(beside, Some(_))] if is_beside(beside)), "{jobs:?}");
    // What was read before is searched meanwhile, and still when the rest cannot be read.
    explorer.write("x");
    assert!(explorer.effects.iter().any(|effect| matches!(effect, Effect::Search(..))));
    explorer.effects.clear();
    explorer.finish(jobs[0].clone(), Err(Failure::Failed { reason: "torn".to_owned(), cause: Cause::Other }));
    assert!(explorer.state.index.is_some() && explorer.state.outdated);
}

#[test]
fn a_remote_is_added_with_what_becomes_of_secrets() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("A");
    explorer.write("safe");
    explorer.press("tab");
    explorer.write("file:///srv/safe");
    explorer.press("tab");
    explorer.write("never");
    explorer.press("tab");
    explorer.write("age1one, age1two");
    explorer.press("enter");
    assert!(explorer.screen().contains("redacted, encrypted or included"), "{}", explorer.screen());
    explorer.press("ctrl-u");
    explorer.write("encrypt");
    explorer.press("enter enter");
    let expected = "podex remote add safe file:///srv/safe --secrets encrypt --recipient age1one --recipient age1two";
    assert_eq!(explorer.commands(), [expected]);
}
