//! Keys of the comparison.

use std::sync::Arc;

use super::act::inject_version;
use super::copying::copied;
use crate::pod::{Change, ChangeKind, Digest, Document, PodName, PropertyChange, Reference, ResourceKey};
use crate::tui::action::Action;
use crate::tui::layout::DiffAreas;
use crate::tui::message::Effect;
use crate::tui::model::diff::{self, ALIKE_LISTED, DiffRow};
use crate::tui::model::list::{Cursor, Move};
use crate::tui::overlay::{Choice, Menu, Overlay};
use crate::tui::state::{DiffFocus, DiffScreen, SecretRule, State};

/// Does an action of the comparison; None where the action is one of the main screen's.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let areas = DiffAreas::of(state.size);
    let is_secret = state.is_secret.clone();
    let screen = state.diff.as_mut()?;
    let page = match screen.focus {
        DiffFocus::List => usize::from(areas.list.height).saturating_sub(3).max(1),
        DiffFocus::Change => usize::from(areas.change.height).saturating_sub(3).max(1),
    };
    match action {
        Action::Up => step(screen, Move::Up(1), &is_secret),
        Action::Down => step(screen, Move::Down(1), &is_secret),
        Action::PageUp => step(screen, Move::Up(page), &is_secret),
        Action::PageDown => step(screen, Move::Down(page), &is_secret),
        Action::Top => step(screen, Move::Top, &is_secret),
        Action::Bottom => step(screen, Move::Bottom, &is_secret),
        Action::Left => screen.focus = DiffFocus::List,
        Action::Right | Action::Open => screen.focus = DiffFocus::Change,
        Action::SwitchSides | Action::NextPane | Action::PreviousPane => {
            screen.focus = match screen.focus {
                DiffFocus::List => DiffFocus::Change,
                DiffFocus::Change => DiffFocus::List,
            };
        }
        Action::NextChange => next(screen, true, &is_secret),
        Action::PreviousChange => next(screen, false, &is_secret),
        Action::Unified => screen.unified = !screen.unified,
        Action::Whole => {
            screen.whole = !screen.whole;
            screen.top = 0;
            screen.cursor.at = screen.cursor.at.min(screen.listed().saturating_sub(1));
            rebuild(screen, &is_secret);
        }
        Action::Swap => {
            swap(screen);
            rebuild(screen, &is_secret);
        }
        Action::InjectSide => return Some(inject(state)),
        Action::Reveal => {
            screen.reveal = !screen.reveal;
            rebuild(screen, &is_secret);
        }
        Action::KeepDrift => return Some(super::drift::keep(state)),
        Action::Revert => return Some(super::drift::revert(state)),
        Action::Back => match screen.focus {
            DiffFocus::Change => screen.focus = DiffFocus::List,
            DiffFocus::List => state.diff = None,
        },
        Action::Quit => state.diff = None,
        Action::Copy => {
            let text = screen.chosen().map(|(key, _)| key.to_string());
            return Some(copied(state, text));
        }
        Action::CopyCommand => {
            let command = screen.command.clone();
            return Some(copied(state, Some(command)));
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn step(screen: &mut DiffScreen, movement: Move, is_secret: &SecretRule) {
    match screen.focus {
        DiffFocus::List => {
            let before = screen.cursor.at;
            let listed = screen.listed();
            screen.cursor.step(movement, listed);
            if screen.cursor.at != before {
                screen.top = 0;
                rebuild(screen, is_secret);
            }
        }
        DiffFocus::Change => {
            screen.top = match movement {
                Move::Up(rows) => screen.top.saturating_sub(rows),
                Move::Down(rows) => screen.top.saturating_add(rows),
                Move::Top => 0,
                Move::Bottom => screen.rows.len(),
            };
        }
    }
}

/// To the next change: the next property of the resource, then the next resource.
fn next(screen: &mut DiffScreen, forward: bool, is_secret: &SecretRule) {
    if let Some(row) = diff::jump(&screen.rows, screen.top, forward) {
        screen.top = row;
        return;
    }
    let last = screen.changes.len().saturating_sub(1);
    let at = match forward {
        true => screen.cursor.at + 1,
        // From what is alike, to the last that differs.
        false => screen.cursor.at.wrapping_sub(1).min(if screen.cursor.at > last { last } else { usize::MAX }),
    };
    if at > last || screen.changes.is_empty() {
        return;
    }
    screen.cursor.at = at;
    rebuild(screen, is_secret);
    let headings = |(row, kind): (usize, &DiffRow)| matches!(kind, DiffRow::Heading(_)).then_some(row);
    let last_heading = screen.rows.iter().enumerate().filter_map(headings).next_back();
    screen.top = if forward { 0 } else { last_heading.unwrap_or(0) };
}

/// The other way round: what was added was removed.
fn swap(screen: &mut DiffScreen) {
    std::mem::swap(&mut screen.before, &mut screen.after);
    let swapped = |change: &Change| Change {
        key: change.key.clone(),
        kind: match change.kind {
            ChangeKind::Added => ChangeKind::Removed,
            ChangeKind::Removed => ChangeKind::Added,
            ChangeKind::Modified => ChangeKind::Modified,
        },
        properties: change.properties.iter().cloned().map(PropertyChange::swapped).collect(),
    };
    screen.changes = Arc::new(screen.changes.iter().map(swapped).collect());
    screen.command = format!("podex diff {} {}", screen.before, screen.after);
}

/// The versions among the sides.
pub(super) fn injectable(screen: &DiffScreen) -> Vec<Reference> {
    let sides = [&screen.before, &screen.after].into_iter().filter_map(|side| side.parse::<Reference>().ok());
    sides.filter(|side| *side != Reference::Live).collect()
}

/// The pod that a commit of the live instance goes into, where that is one of the sides.
pub(super) fn committed_into(screen: &DiffScreen) -> Option<PodName> {
    if let Some((pod, _)) = &screen.drift {
        return (!screen.changes.is_empty()).then(|| pod.clone());
    }
    match injectable(screen).as_slice() {
        [Reference::Pod { remote: None, pod, .. }] => Some(pod.clone()),
        _ => None,
    }
}

/// Plans to inject the only side that can be, or asks which.
fn inject(state: &mut State) -> Vec<Effect> {
    let sides = state.diff.as_ref().map(injectable).unwrap_or_default();
    if let [only] = sides.as_slice() {
        return inject_version(state, only.clone());
    }
    let item = |side: Reference| (side.to_string(), "shows the plan first".to_owned(), Choice::Inject(Box::new(side)));
    let items = sides.into_iter().map(item).collect();
    state.overlays.push(Overlay::Menu(Menu { title: "Inject".to_owned(), items, cursor: Cursor::default() }));
    Vec::new()
}

/// Has the document read that shows what does not differ.
pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let Some(screen) = state.diff.as_mut().filter(|screen| screen.whole) else { return Vec::new() };
    let Some(base) = screen.base else { return Vec::new() };
    let mut effects = Vec::new();
    if screen.same.is_none() {
        screen.same = Some(Arc::default());
        effects.push(Effect::ListAlike(base, screen.changes.clone()));
    }
    let chosen = screen.chosen().filter(|(_, change)| change.is_none_or(|change| change.kind == ChangeKind::Modified));
    if let Some(key) = chosen.map(|(key, _)| key.clone()).filter(|key| screen.asked.as_ref() != Some(key)) {
        screen.asked = Some(key.clone());
        effects.push(Effect::ReadUnchanged(base, key));
    }
    effects
}

/// Takes in what both sides have alike.
pub(super) fn alike_listed(state: &mut State, digest: Digest, keys: Vec<ResourceKey>) {
    let Some(screen) = state.diff.as_mut().filter(|screen| screen.base == Some(digest)) else { return };
    let is_cut = keys.len() >= ALIKE_LISTED;
    screen.same = Some(Arc::new(keys));
    if is_cut {
        state.hint(format!("only the first {ALIKE_LISTED} of what both sides have alike are listed"));
    }
}

/// Takes in a document that was read for the comparison.
pub(super) fn document_read(state: &mut State, digest: Digest, key: ResourceKey, document: Document) {
    let is_secret = state.is_secret.clone();
    let Some(screen) = state.diff.as_mut().filter(|screen| screen.base == Some(digest)) else { return };
    screen.document = Some((key, document));
    rebuild(screen, &is_secret);
}

/// Makes the rows of the chosen change.
pub(super) fn rebuild(screen: &mut DiffScreen, is_secret: &SecretRule) {
    screen.rows = match screen.chosen() {
        Some((key, None)) => {
            let is_secret = |path: &[String], value: &serde_json::Value| is_secret(key, path, value);
            let nothing = Change { key: key.clone(), kind: ChangeKind::Modified, properties: Vec::new() };
            let document = screen.document.as_ref().filter(|(read, _)| read == key);
            document
                .map(|(_, document)| diff::unchanged(&nothing, document, screen.reveal, &is_secret))
                .unwrap_or_default()
        }
        Some((_, Some(change))) => {
            let is_secret = |path: &[String], value: &serde_json::Value| is_secret(&change.key, path, value);
            let mut rows = diff::rows(change, screen.reveal, &is_secret);
            let document = screen.document.as_ref().filter(|(key, _)| screen.whole && *key == change.key);
            if let Some((_, document)) = document {
                rows.extend(diff::unchanged(change, document, screen.reveal, &is_secret));
            }
            rows
        }
        None => Vec::new(),
    };
}

pub(super) fn settle(state: &mut State) {
    let areas = DiffAreas::of(state.size);
    if let Some(screen) = &mut state.diff {
        let listed = screen.listed();
        screen.cursor.settle(listed, usize::from(areas.list.height).saturating_sub(2));
        screen.top = screen.top.min(screen.rows.len().saturating_sub(1));
    }
}
