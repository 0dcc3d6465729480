//! What the ends of tasks do to the screen.

use std::sync::Arc;

use super::act::{plan, submit};
use super::search;
use super::wanted::{go_to_wanted, read_again};
use crate::ops::InjectOutcome;
use crate::pod::{Change, Reference};
use crate::tasks::{Cause, Failure, Job, Outcome, TaskId, TaskState};
use crate::tui::message::Effect;
use crate::tui::model::list::Cursor;
use crate::tui::model::pods::{Listing, Live, LocalPod, RowId};
use crate::tui::model::tree::TreeModel;
use crate::tui::overlay::{Menu, Overlay, PlanStage};
use crate::tui::state::{DiffFocus, DiffScreen, Pane, State};
use crate::tui::theme::Role;

pub(super) fn submitted(state: &mut State, id: TaskId, job: Job) {
    if matches!(job, Job::PrepareInject(_) | Job::PrepareUndo)
        && let Some(Overlay::Plan(view)) = state.overlays.last_mut()
        && let PlanStage::Planning(task @ None) = &mut view.stage
    {
        *task = Some(id);
    }
    if matches!(job, Job::Pull { .. }) {
        state.pulled_from.insert(id, state.pods.chosen().clone());
    }
    state.jobs.insert(id, job);
}

pub(super) fn finished(state: &mut State, id: TaskId, result: Result<Outcome, Failure>) -> Vec<Effect> {
    /// As many as the panel lists at most.
    const UNDONE: usize = 200;
    let Some(job) = state.jobs.remove(&id) else { return Vec::new() };
    let pulled_from = state.pulled_from.remove(&id);
    if result.is_err() {
        let again = match &job {
            // The index is not held for that.
            Job::Index(beside, _) => Job::Index(beside.clone(), None),
            job => job.clone(),
        };
        state.undone.insert(id, again);
        if state.undone.len() > UNDONE {
            state.undone.pop_first();
        }
    }
    match result {
        Ok(Outcome::Pulled(pod, head)) => {
            // Whoever has moved on meanwhile stays where they are.
            let stayed = pulled_from.as_ref() == Some(state.pods.chosen()) && state.focus == Pane::Pods;
            pulled(state, id, &job, RowId::Version(pod, head.number), stayed)
        }
        Ok(outcome) => succeeded(state, id, &job, outcome),
        Err(Failure::Cancelled) => {
            state.say(Role::Warning, format!("cancelled: {}", job.title()), None);
            stop_planning(state, id, "cancelled");
            match &job {
                Job::Index(..) => {
                    search::failed(state, "reading the pods was cancelled");
                }
                Job::RemotePods(remote) => {
                    state.pods.set_remote_pods(remote, Listing::Failed("cancelled".to_owned()));
                }
                Job::Detect => state.pods.live = Live::Offline("looking for it was cancelled".to_owned()),
                _ => {}
            }
            Vec::new()
        }
        Err(Failure::Failed { reason, cause }) => {
            failed(state, id, &job, reason, cause);
            // Where one does not answer, another may.
            let scan = matches!(job, Job::Detect) && state.found.is_none();
            if scan { submit(Job::Scan) } else { Vec::new() }
        }
    }
}

fn stop_planning(state: &mut State, id: TaskId, reason: &str) -> bool {
    for overlay in &mut state.overlays {
        if let Overlay::Plan(view) = overlay
            && matches!(&view.stage, PlanStage::Planning(Some(task)) if *task == id)
        {
            view.stage = PlanStage::Failed(reason.to_owned());
            return true;
        }
    }
    false
}

/// Looks at another endpoint from now on.
pub(super) fn connect(state: &mut State, endpoint: String) -> Vec<Effect> {
    let elsewhere = endpoint.trim_end_matches('/') != state.endpoint.trim_end_matches('/');
    state.endpoint = endpoint.clone();
    state.pods.live = Live::Looking;
    state.live = state.live.filter(|_| !elsewhere);
    state.outdated |= elsewhere;
    let follow = elsewhere.then_some(Effect::Connect(endpoint));
    follow.into_iter().chain(submit(Job::Detect)).collect()
}

fn failed(state: &mut State, id: TaskId, job: &Job, reason: String, cause: Cause) {
    if cause == Cause::Unreachable {
        state.pods.live = Live::Offline(reason.clone());
    }
    let command = job.command();
    match job {
        // Each of these has a place on the screen that shows why.
        Job::Detect => {
            state.pods.live = Live::Offline(reason);
            return;
        }
        Job::RemotePods(remote) => {
            state.pods.set_remote_pods(remote, Listing::Failed(reason.clone()));
            state.say(Role::Error, format!("{}: {reason}", job.title()), command);
            return;
        }
        Job::ListPods => {
            state.pods.local = Listing::Failed(reason.clone());
            state.pods.rebuild();
        }
        Job::ListRemotes => {
            state.pods.remotes = Listing::Failed(reason.clone());
            state.pods.rebuild();
        }
        Job::Drift(_) => {
            super::drift::lost(state, &reason);
            return;
        }
        Job::Pull { remote, pod, number, into } if cause == Cause::BothMoved => {
            let local = into.as_ref().unwrap_or(pod);
            state.overlays.push(Overlay::Menu(Menu::parted(local, remote, pod, *number)));
        }
        Job::Push { pod, remote } if cause == Cause::BothMoved => {
            state.overlays.push(Overlay::Menu(Menu::parted(pod, remote, pod, None)));
        }
        _ => {}
    }
    let summary = reason.lines().next().unwrap_or_default().to_owned();
    state.say(Role::Error, format!("{} failed: {summary}", job.title()), command);
    if matches!(job, Job::Index(..)) && search::failed(state, &reason) {
        return;
    }
    let planning = stop_planning(state, id, &reason);
    let already_shown = planning || cause == Cause::BothMoved;
    if !already_shown {
        state.overlays.push(Overlay::Notice { title: format!("{} failed", job.title()), text: reason, failure: true });
    }
}

/// What a task that ended well says of itself.
fn sentence(state: &State, id: TaskId) -> String {
    match state.tasks.iter().find(|task| task.id == id).map(|task| &task.state) {
        Some(TaskState::Done(sentence)) => sentence.clone(),
        _ => String::new(),
    }
}

fn pulled(state: &mut State, id: TaskId, job: &Job, row: RowId, stayed: bool) -> Vec<Effect> {
    state.say(Role::Success, format!("{}: {}", job.title(), sentence(state, id)), job.command());
    let mut effects = if stayed { read_again(state, row) } else { submit(Job::ListPods) };
    if let Job::Pull { remote, .. } = job {
        // The remote may have more than it was known to have.
        effects.extend(submit(Job::RemotePods(remote.clone())));
    }
    effects
}

fn succeeded(state: &mut State, id: TaskId, job: &Job, outcome: Outcome) -> Vec<Effect> {
    let sentence = sentence(state, id);
    match outcome {
        Outcome::Pods(pods) => {
            let pods = pods.into_iter().map(|(summary, versions)| LocalPod { summary, versions });
            state.pods.set_local(pods.collect());
            let mut effects = go_to_wanted(state);
            effects.extend(search::outdate(state));
            return effects;
        }
        Outcome::Remotes(configs) => {
            state.pods.set_remotes(configs);
            let names: Vec<_> = state.pods.remotes().iter().map(|remote| remote.config.name.clone()).collect();
            return names.into_iter().flat_map(|name| submit(Job::RemotePods(name))).collect();
        }
        Outcome::RemotePods(pods) => {
            if let Job::RemotePods(remote) = job {
                state.pods.set_remote_pods(remote, Listing::Ready(pods));
            }
            let mut effects = go_to_wanted(state);
            effects.extend(search::outdate(state));
            return effects;
        }
        Outcome::Instance(emulator, info) => {
            state.pods.live = Live::Online(emulator, info);
            return go_to_wanted(state);
        }
        Outcome::Opened(loaded) => {
            let digest = loaded.digest;
            // Laid out otherwise, it is read again from what is now at hand.
            if *loaded.metamodel.arrangement() == state.arrangement {
                state.keep_tree(digest, TreeModel::new(loaded.metamodel.clone()));
            }
            state.opened.insert(digest, loaded.commit);
            if matches!(job, Job::Open(Reference::Live)) {
                state.live = Some((digest, state.now));
            }
            state.say(Role::Success, sentence, job.command());
            // It can be searched from now on.
            return search::outdate(state);
        }
        Outcome::Committed(outcome) => {
            state.say(Role::Success, sentence, job.command());
            super::drift::over(state);
            state.look = outcome.next.clone();
            if let Job::Commit(args) = job {
                // What was just committed is what the instance holds.
                state.live = Some((outcome.version.commit, state.now));
                state.opened.insert(outcome.version.commit, outcome.commit.clone());
                return read_again(state, RowId::Version(args.pod.clone(), outcome.version.number));
            }
        }
        Outcome::Prepared(prepared) => prepared_plan(state, id, prepared, &sentence),
        Outcome::Applied(outcome) => {
            applied(state, job, &outcome, sentence);
            super::drift::over(state);
            // What was captured before is no longer what is there.
            state.live = None;
            let mut effects = search::outdate(state);
            if *state.pods.chosen() == RowId::Live {
                effects.extend(submit(Job::Open(Reference::Live)));
            }
            return effects;
        }
        Outcome::Pushed => {
            state.say(Role::Success, format!("{}: {sentence}", job.title()), job.command());
            if let Job::Push { remote, .. } = job {
                return [submit(Job::RemotePods(remote.clone())), submit(Job::ListPods)].concat();
            }
        }
        // Said and followed where it is known what was chosen when it was asked for.
        Outcome::Pulled(..) => {}
        Outcome::Diff(outcome) => {
            state.say(Role::Success, format!("{}: {sentence}", job.title()), job.command());
            if let Job::Diff { before, after } = job {
                if *after == Reference::Live {
                    state.live = None;
                    state.outdated = true;
                }
                let names = (before.to_string(), after.to_string());
                show_diff(state, names, job.command().unwrap_or_default(), outcome.changes);
                if let Some(screen) = &mut state.diff {
                    screen.base = Some(outcome.before);
                }
            }
        }
        Outcome::Status(outcome) => super::drift::seen(state, job, &sentence, outcome),
        Outcome::Changed => {
            state.say(Role::Success, sentence, job.command());
            return match job {
                Job::AddRemote(_) => submit(Job::ListRemotes),
                Job::Rename { to, .. } => read_again(state, RowId::Pod(to.clone())),
                _ => submit(Job::ListPods),
            };
        }
        Outcome::Indexed(index) => {
            return search::read(state, index);
        }
        Outcome::Started(started) => {
            state.say(Role::Success, sentence, job.command());
            return connect(state, started.endpoint);
        }
        Outcome::Found(found) => state.found = Some(found),
        Outcome::Referrers(found) => {
            if let Job::Referrers { key, .. } = job {
                state.say(Role::Success, sentence, job.command());
                super::places::show_referrers(state, key, found);
            }
        }
        Outcome::Merged(outcome) => return super::conflicts::merged(state, job, &outcome, sentence),
        Outcome::Conflicts(found) => super::conflicts::show(state, job, found, sentence),
        Outcome::Blamed(text) => {
            let title = job.title();
            state.overlays.push(Overlay::Notice { title, text, failure: false });
        }
        Outcome::Settled(version) => {
            state.conflicts = None;
            state.say(Role::Success, sentence, job.command());
            if let Job::Settle { pod, .. } = job {
                return read_again(state, RowId::Version(pod.clone(), version.number));
            }
        }
    }
    Vec::new()
}

fn prepared_plan(state: &mut State, id: TaskId, prepared: Box<crate::ops::PreparedInject>, sentence: &str) {
    for overlay in &mut state.overlays {
        if let Overlay::Plan(view) = overlay
            && matches!(&view.stage, PlanStage::Planning(Some(task)) if *task == id)
        {
            view.stage = PlanStage::Ready(prepared);
            view.cursor = Cursor::default();
            return;
        }
    }
    // The plan was closed while it was made: nothing was changed, so nothing is to be said but that.
    state.hint(format!("the plan is dropped ({sentence}): nothing was changed"));
}

fn applied(state: &mut State, job: &Job, outcome: &InjectOutcome, sentence: String) {
    let report = &outcome.report;
    let clean = report.failed.is_empty() && report.left.is_empty() && report.stopped.is_none();
    let role = if clean { Role::Success } else { Role::Warning };
    state.say(role, format!("{}: {sentence}", job.title()), job.command());
    if clean && report.notes.is_empty() {
        return;
    }
    let mut text = String::new();
    if let Some(reason) = &report.stopped {
        text.push_str(&format!("It ended early: {reason}\nRunning the same inject again completes it.\n\n"));
    }
    for failed in &report.failed {
        text.push_str(&format!("✗ {} {}: {}\n", word(failed.action), failed.key, failed.error));
    }
    for (action, key) in &report.left {
        text.push_str(&format!("… not tried: {} {key}\n", word(*action)));
    }
    for note in &report.notes {
        text.push_str(&format!("• {note}\n"));
    }
    text.push_str("\nu takes the instance back to before.");
    state.overlays.push(Overlay::Notice { title: sentence, text, failure: !clean });
}

/// A step's action for people.
pub fn word(action: crate::instance::StepAction) -> &'static str {
    match action {
        crate::instance::StepAction::Create => "create",
        crate::instance::StepAction::Update => "update",
        crate::instance::StepAction::Replace => "replace",
        crate::instance::StepAction::Delete => "delete",
    }
}

pub(super) fn show_diff(state: &mut State, names: (String, String), command: String, changes: Vec<Change>) {
    if changes.is_empty() {
        let text = format!("{} and {} hold the same.", names.0, names.1);
        state.overlays.push(Overlay::Notice { title: "Nothing differs".to_owned(), text, failure: false });
        return;
    }
    let mut screen = DiffScreen {
        before: names.0,
        after: names.1,
        command,
        changes: Arc::new(changes),
        cursor: Cursor::default(),
        rows: Vec::new(),
        top: 0,
        focus: DiffFocus::List,
        unified: false,
        reveal: false,
        whole: false,
        base: None,
        document: None,
        asked: None,
        same: None,
        drift: None,
    };
    super::diff::rebuild(&mut screen, &state.is_secret);
    state.diff = Some(screen);
}

/// Starts a plan anew, with other arguments.
pub(super) fn plan_again(state: &mut State, args: Option<crate::ops::InjectArgs>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Some(Overlay::Plan(view)) = state.overlays.last()
        && let PlanStage::Planning(Some(task)) = view.stage
    {
        effects.push(Effect::Cancel(task));
    }
    effects.extend(plan(state, args));
    effects
}
