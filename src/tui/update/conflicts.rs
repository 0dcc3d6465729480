//! Merging, and settling what a merge leaves: one property, one resource or a pattern at a time.

use std::path::PathBuf;

use super::act::submit;
use super::copying::copied;
use super::wanted::read_again;
use crate::ops::{MergeArgs, MergeKind, MergeOutcome, Resolution, Take, Target};
use crate::pod::{Conflict, Merge, PodName, Side};
use crate::tasks::Job;
use crate::tui::action::Action;
use crate::tui::layout::ConflictAreas;
use crate::tui::message::Effect;
use crate::tui::model::conflict;
use crate::tui::model::list::{Cursor, Move};
use crate::tui::model::pods::{Listing, RowId};
use crate::tui::overlay::{Choice, Form, Menu, Overlay};
use crate::tui::state::{ConflictScreen, SecretRule, State};
use crate::tui::theme::Role;

/// What the file in the editor is called: editors colour by it.
const EDITED: &str = "conflict.json";

/// The local pods that the chosen version can be merged into, the likeliest first.
pub(super) fn into(state: &State) -> Vec<PodName> {
    let Listing::Ready(pods) = &state.pods.local else { return Vec::new() };
    let mut names: Vec<PodName> = pods.iter().map(|pod| pod.summary.name.clone()).collect();
    match state.pods.chosen() {
        RowId::RemotePod(_, pod) | RowId::RemoteVersion(_, pod, _) => names.sort_by_key(|name| name != pod),
        row => names.retain(|name| Some(name) != row.local_pod()),
    }
    names
}

/// Asks which pod gets the chosen version.
pub(super) fn ask_merge(state: &mut State) {
    let Some(from) = state.pods.chosen().reference() else { return };
    let item = |into: PodName| {
        let args = MergeArgs { into: into.clone(), from: from.clone(), prefer: None, message: None, dry_run: false };
        (into.to_string(), "gets a next version".to_owned(), Choice::Run(Box::new(Job::Merge(args))))
    };
    let items = into(state).into_iter().map(item).collect();
    state.overlays.push(Overlay::Menu(Menu { title: format!("Merge {from} into"), items, cursor: Cursor::default() }));
}

/// Says how a merge ended, and shows what it left to settle.
pub(super) fn merged(state: &mut State, job: &Job, outcome: &MergeOutcome, sentence: String) -> Vec<Effect> {
    let Job::Merge(MergeArgs { into, .. }) = job else { return Vec::new() };
    state.say(Role::Success, sentence.clone(), job.command());
    let remarks: Vec<&String> = outcome.warnings.iter().chain(&outcome.notes).collect();
    if !remarks.is_empty() {
        let text = remarks.iter().map(|remark| format!("• {remark}\n")).collect();
        state.overlays.push(Overlay::Notice { title: sentence, text, failure: false });
    }
    let mut effects = read_again(state, RowId::Version(into.clone(), outcome.version.number));
    if outcome.kind == MergeKind::Conflicted {
        effects.extend(submit(Job::Conflicts(into.clone())));
    }
    effects
}

/// The chosen pod, where its newest version has conflicts and no older one is chosen.
pub(super) fn conflicted(state: &State) -> Option<PodName> {
    let chosen = state.pods.chosen();
    let name = chosen.local_pod()?;
    let (head, commit) = state.pods.local_pod(name)?.summary.head.as_ref()?;
    let newest = state.pods.commit(chosen).is_some_and(|(digest, _)| digest == *head);
    (newest && !commit.conflicts.is_empty()).then(|| name.clone())
}

/// Reads the conflicts of the chosen pod, to show them.
pub(super) fn open(state: &State) -> Vec<Effect> {
    conflicted(state).map(|pod| submit(Job::Conflicts(pod))).unwrap_or_default()
}

/// Shows conflicts that were read, or what a choice came to.
pub(super) fn show(state: &mut State, job: &Job, found: Box<Resolution>, sentence: String) {
    let pod = match job {
        Job::Conflicts(pod) => {
            let screen = ConflictScreen {
                pod: pod.clone(),
                found,
                cursor: Cursor::default(),
                values: Merge::default(),
                top: 0,
                reveal: false,
                editing: None,
            };
            state.diff = None;
            state.conflicts = Some(screen);
            return go(state, 0);
        }
        Job::Choose { pod, .. } | Job::TakeBack(pod) => pod,
        _ => return,
    };
    state.say(Role::Success, sentence, job.command());
    if let Some(screen) = state.conflicts.as_mut().filter(|screen| screen.pod == *pod) {
        screen.found = found;
    }
}

/// Does an action where conflicts are settled; None where the action is one of the main screen's.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let areas = ConflictAreas::of(state.size);
    let page = usize::from(areas.sides[0].height).saturating_sub(3).max(1);
    let is_secret = state.is_secret.clone();
    let screen = state.conflicts.as_mut()?;
    let pod = screen.pod.clone();
    let all = screen.found.commit.conflicts.len();
    let at = screen.cursor.at;
    let movement = match action {
        Action::Up => Some(Move::Up(1)),
        Action::Down => Some(Move::Down(1)),
        Action::Top => Some(Move::Top),
        Action::Bottom => Some(Move::Bottom),
        _ => None,
    };
    if let Some(movement) = movement {
        screen.cursor.step(movement, all);
        let at = screen.cursor.at;
        go(state, at);
        return Some(Vec::new());
    }
    match action {
        Action::PageUp => screen.top = screen.top.saturating_sub(page),
        Action::PageDown => screen.top = screen.top.saturating_add(page),
        Action::NextOpen | Action::PreviousOpen => {
            let open = |at: &usize| screen.found.conflicts().nth(*at).is_some_and(|(_, take)| take.is_none());
            let next = match action {
                Action::NextOpen => (at + 1..all).chain(0..at).find(open),
                _ => (0..at).rev().chain((at + 1..all).rev()).find(open),
            };
            match next {
                Some(next) => go(state, next),
                None => state.hint("no other conflict is open"),
            }
        }
        Action::TakeOurs => return Some(take(screen, Side::Ours)),
        Action::TakeBase => return Some(take(screen, Side::Base)),
        Action::TakeTheirs => return Some(take(screen, Side::Theirs)),
        Action::EditValue => return Some(edit(state)),
        Action::TakeResource => {
            if let Some(menu) = resource_menu(screen) {
                state.overlays.push(Overlay::Menu(menu));
            }
        }
        Action::TakeMatching => {
            let key = screen.found.commit.conflicts.get(at).map(|conflict| &conflict.key);
            let pattern = key.map(|key| format!("{}/{}/*", key.service, key.kind)).unwrap_or_default();
            state.overlays.push(Overlay::Form(Form::take(&pod, &pattern)));
        }
        Action::TakeBack => return Some(submit(Job::TakeBack(pod))),
        Action::Settle => state.overlays.push(Overlay::Form(Form::settle(&pod))),
        Action::Reveal => {
            screen.reveal = !screen.reveal;
            rebuild(screen, &is_secret);
        }
        Action::Back | Action::Quit => state.conflicts = None,
        Action::Copy => {
            let text = screen.found.commit.conflicts.get(at).map(|conflict| Target::one(conflict).to_string());
            return Some(copied(state, text));
        }
        Action::CopyCommand => return Some(copied(state, Some(format!("podex resolve {pod}")))),
        Action::Left | Action::Right | Action::Open => {}
        _ => return None,
    }
    Some(Vec::new())
}

fn take(screen: &ConflictScreen, side: Side) -> Vec<Effect> {
    let Some(conflict) = screen.found.commit.conflicts.get(screen.cursor.at) else { return Vec::new() };
    choose(screen, Target::one(conflict), Take::Side(side))
}

fn choose(screen: &ConflictScreen, target: Target, take: Take) -> Vec<Effect> {
    submit(Job::Choose { pod: screen.pod.clone(), targets: vec![target], take })
}

/// Which side is taken for the whole resource.
fn resource_menu(screen: &ConflictScreen) -> Option<Menu> {
    let key = &screen.found.commit.conflicts.get(screen.cursor.at)?.key;
    let item = |name: &str, note: &str, side| {
        let (targets, take) = (vec![Target::Resource(key.clone())], Take::Side(side));
        let job = Job::Choose { pod: screen.pod.clone(), targets, take };
        (name.to_owned(), note.to_owned(), Choice::Run(Box::new(job)))
    };
    let items = vec![
        item("ours", "what the pod had", Side::Ours),
        item("base", "what both came from", Side::Base),
        item("theirs", "what was merged", Side::Theirs),
    ];
    let title = format!("For all conflicts of {}/{} take", key.service, key.label());
    Some(Menu { title, items, cursor: Cursor::default() })
}

/// Has the value of the chosen conflict edited: what was chosen for it, or else ours.
fn edit(state: &mut State) -> Vec<Effect> {
    let is_secret = state.is_secret.clone();
    let Some(screen) = &mut state.conflicts else { return Vec::new() };
    let Some((conflict, taken)) = screen.found.conflicts().nth(screen.cursor.at) else { return Vec::new() };
    if conflict.path.is_empty() || conflict.is_blob() {
        state.hint("a deleted resource or a body cannot be edited: take one of the sides");
        return Vec::new();
    }
    let value = match taken {
        Some(Take::Value(value)) => Some(value),
        Some(Take::Side(side)) => conflict.values.side(*side),
        None => conflict.values.ours.as_ref().or(conflict.values.theirs.as_ref()),
    };
    let value = value.cloned().unwrap_or_default();
    let rule = |path: &[String], value: &serde_json::Value| is_secret(&conflict.key, path, value);
    if conflict::shown(conflict, &value, screen.reveal, &rule) != value {
        let reveal = state.key(Action::Reveal);
        state.hint(format!("this is secret: {reveal} shows it, then it can be edited"));
        return Vec::new();
    }
    let target = Target::one(conflict);
    let text = match &screen.editing {
        // What was not JSON is not lost.
        Some((edited, draft)) if *edited == target => draft.clone(),
        _ => serde_json::to_string_pretty(&value).unwrap_or_default(),
    };
    screen.editing = Some((target, text.clone()));
    vec![Effect::Edit(PathBuf::from(EDITED), text)]
}

/// Takes what the editor made of a value.
pub(super) fn edited(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(screen) = &mut state.conflicts else { return Vec::new() };
    let Some((target, before)) = screen.editing.take() else { return Vec::new() };
    match serde_json::from_str(text) {
        Ok(_) if text.trim() == before.trim() => {
            state.hint("not changed in the editor: nothing was chosen");
            Vec::new()
        }
        Ok(value) => choose(screen, target, Take::Value(value)),
        Err(error) => {
            screen.editing = Some((target, text.to_owned()));
            let again = state.key(Action::EditValue);
            state.hint(format!("the value is not JSON: {error}; {again} goes back to it"));
            Vec::new()
        }
    }
}

/// Goes to a conflict.
fn go(state: &mut State, at: usize) {
    let is_secret = state.is_secret.clone();
    if let Some(screen) = &mut state.conflicts {
        screen.cursor.at = at;
        screen.top = 0;
        rebuild(screen, &is_secret);
    }
}

fn rebuild(screen: &mut ConflictScreen, is_secret: &SecretRule) {
    let conflict: Option<&Conflict> = screen.found.commit.conflicts.get(screen.cursor.at);
    let lines = |conflict: &Conflict| {
        conflict::lines(conflict, screen.reveal, &|path: &[String], value: &serde_json::Value| {
            is_secret(&conflict.key, path, value)
        })
    };
    screen.values = conflict.map(lines).unwrap_or_default();
}

pub(super) fn settle(state: &mut State) {
    let areas = ConflictAreas::of(state.size);
    if let Some(screen) = &mut state.conflicts {
        let all = screen.found.commit.conflicts.len();
        screen.cursor.settle(all, usize::from(areas.list.height).saturating_sub(2));
        let Merge { base, ours, theirs } = &screen.values;
        let longest = [base, ours, theirs].into_iter().flatten().map(Vec::len).max().unwrap_or(0);
        screen.top = screen.top.min(longest.saturating_sub(1));
    }
}
