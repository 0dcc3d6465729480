//! Drift of the live instance: seen on demand or from time to time, kept by a commit, taken back by an inject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::act::{plan, submit};
use super::outcome::show_diff;
use crate::instance::{Filter, Strategy, TURNS};
use crate::ops::{InjectArgs, Look, StatusOutcome};
use crate::pod::{Change, Pattern, Reference, ResourceKey, Selector};
use crate::tasks::Job;
use crate::tui::action::Action;
use crate::tui::message::Effect;
use crate::tui::model::diff::Counts;
use crate::tui::overlay::{Form, Overlay};
use crate::tui::state::{Drift, State};
use crate::tui::theme::Role;

/// Changes that are each taken back by name; of more, all of their types are.
const NAMED: usize = 200;

/// How long until drift is to be looked for; None while it is not watched.
pub fn due(state: &State) -> Option<Duration> {
    let left = state.watch?.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(left).unwrap_or_default())
}

/// Starts to watch, or stops.
pub(super) fn watch(state: &mut State) -> Vec<Effect> {
    if state.watch.take().is_some() {
        state.hint("drift is not watched any more");
        return Vec::new();
    }
    let every = state.watch_every.as_secs();
    let all = every * u64::from(TURNS);
    state.hint(format!("watched: listings every {every} s, what they do not tell every {all} s"));
    state.watch = Some(state.now);
    state.look = Look::Whole;
    tick(state)
}

/// Looks for drift when the time has come.
pub(super) fn tick(state: &mut State) -> Vec<Effect> {
    let looking = state.jobs.values().any(|job| matches!(job, Job::Drift(_) | Job::Status));
    match state.watch {
        Some(next) if next <= state.now => {
            state.watch = Some(
                state.now + jiff::SignedDuration::try_from(state.watch_every).unwrap_or(jiff::SignedDuration::MAX),
            );
            // What the user has begun comes first; a look during an inject would see half of it.
            if looking || state.jobs.values().any(|job| !job.is_read_only()) {
                Vec::new()
            } else {
                submit(Job::Drift(state.look.clone()))
            }
        }
        _ => Vec::new(),
    }
}

/// A look that failed ends the watch: the reason is said once, not every few seconds.
pub(super) fn lost(state: &mut State, reason: &str) {
    state.watch = None;
    let summary = reason.lines().next().unwrap_or_default();
    state.say(Role::Error, format!("drift is not watched any more: {summary}"), None);
}

/// Takes in what a look found.
pub(super) fn seen(state: &mut State, job: &Job, sentence: &str, outcome: StatusOutcome) {
    let asked = matches!(job, Job::Status);
    let Some((pod, base)) = outcome.base else {
        let text = format!(
            "podex has neither committed this instance nor injected anything into it yet, so there is nothing to compare it with.\n\nPress {} to commit it, or choose a version and press {} to compare.",
            state.key(Action::Commit),
            state.key(Action::DiffLive)
        );
        if asked {
            state.overlays.push(Overlay::Notice { title: "Status".to_owned(), text, failure: false });
        } else {
            lost(state, "nothing was committed or injected yet");
        }
        return;
    };
    state.look = outcome.next;
    let changes = Arc::new(outcome.changes);
    state.drift = Some(Drift { pod: pod.clone(), base, changes: changes.clone() });
    let is_secret = state.is_secret.clone();
    match &mut state.diff {
        // The drift is on screen: it changes in place, and what is looked at stays.
        Some(screen) if screen.drift.is_some() => {
            let chosen = screen.changes.get(screen.cursor.at).map(|change| change.key.clone());
            let at = chosen.and_then(|key| changes.iter().position(|change| change.key == key));
            screen.changes = changes;
            screen.same = None;
            screen.drift = Some((pod, base));
            screen.cursor.at = at.unwrap_or(0);
            if at.is_none() {
                screen.top = 0;
            }
            super::diff::rebuild(screen, &is_secret);
        }
        _ if asked => {
            state.say(Role::Success, format!("since {pod}@{}: {sentence}", base.short()), job.command());
            let names = (format!("{pod}@{}", base.short()), "@live".to_owned());
            show_diff(state, names, job.command().unwrap_or_default(), changes.to_vec());
            if let Some(screen) = state.diff.as_mut().filter(|_| !changes.is_empty()) {
                screen.drift = Some((pod, base));
                screen.base = Some(base);
            }
        }
        _ => {}
    }
}

/// The instance was committed or injected: what was known of its drift is over.
pub(super) fn over(state: &mut State) {
    state.drift = None;
    state.look = Look::Whole;
    if state.diff.as_ref().is_some_and(|screen| screen.drift.is_some()) {
        state.diff = None;
    }
}

/// Asks for the message of a commit into the pod the instance drifted from.
pub(super) fn keep(state: &mut State) -> Vec<Effect> {
    if let Some(pod) = state.diff.as_ref().and_then(super::diff::committed_into) {
        state.overlays.push(Overlay::Form(Form::commit(pod.as_str())));
    }
    Vec::new()
}

/// Plans to take back what drifted, and only that.
pub(super) fn revert(state: &mut State) -> Vec<Effect> {
    let Some(screen) = &state.diff else { return Vec::new() };
    let Some((pod, base)) = screen.drift.clone() else { return Vec::new() };
    let only = patterns(&screen.changes);
    let reference = Reference::Pod { remote: None, pod, selector: Selector::Revision(base.hex()) };
    let filter = Filter { only, ..Filter::default() };
    let (strategy, secrets_from, native) = (Strategy::Overwrite, None, false);
    plan(state, Some(InjectArgs { reference, strategy, filter, secrets_from, native }))
}

/// What picks the changed resources.
fn patterns(changes: &[Change]) -> Vec<Pattern> {
    let text = |key: &ResourceKey| {
        let ResourceKey { account, region, service, kind, .. } = key;
        if changes.len() > NAMED {
            format!("{account}/{region}/{service}/{kind}/*")
        } else {
            Pattern::of(key).to_string()
        }
    };
    let texts: BTreeSet<String> = changes.iter().map(|change| text(&change.key)).collect();
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Changes by service, as in `s3 +1 ~2, sqs -1`.
pub fn by_service(changes: &[Change]) -> String {
    let mut services = BTreeMap::<&str, Vec<Change>>::new();
    for change in changes {
        // Only kinds are counted: the properties stay where they are.
        let bare = Change { key: change.key.clone(), kind: change.kind, properties: Vec::new() };
        services.entry(&change.key.service).or_default().push(bare);
    }
    let lines = services.into_iter().map(|(service, changes)| {
        let Counts { added, modified, removed } = Counts::of(&changes);
        let parts = [('+', added), ('~', modified), ('-', removed)].into_iter().filter(|(_, count)| *count > 0);
        parts.fold(service.to_owned(), |line, (mark, count)| format!("{line} {mark}{count}"))
    });
    lines.collect::<Vec<_>>().join(", ")
}
