//! What follows from the cursors: which tree is shown, what the detail pane is about, and what must be read for it.

use crossterm::event::{KeyCode, KeyEvent};

use super::{input_request, places};
use crate::pod::{Digest, Document, NodeId, NodeKind, ResourceKey};
use crate::tui::action::Action;
use crate::tui::message::Effect;
use crate::tui::model::cards;
use crate::tui::model::detail::{self, Content, DetailRow, IsSecret, Secrets};
use crate::tui::model::list::{Cursor, Move};
use crate::tui::model::pods::{Live, RowId};
use crate::tui::model::start;
use crate::tui::model::tree::TreeModel;
use crate::tui::state::{Pane, Shown, State, Subject};
use crate::tui::text;

/// Rows of the detail pane that settling looks at, at most: more than any screen has.
const TALLEST_WINDOW: usize = 500;

pub(super) fn follow(state: &mut State) -> Vec<Effect> {
    let mut effects = follow_pods(state);
    effects.extend(follow_wanted_path(state));
    places::arrive(state);
    effects.extend(follow_filter(state));
    effects.extend(follow_subject(state));
    if state.detail.stale {
        state.detail.stale = false;
        state.detail.rows = detail_rows(state);
    }
    let read = !matches!(state.detail.subject, Some(Subject::Document(..))) || state.detail.content.is_some();
    if let Some(line) = state.detail.line.take_if(|_| read) {
        state.detail.cursor.at = line;
    }
    effects
}

/// The tree pane shows the version chosen in the pods pane, as far as that is at hand.
fn follow_pods(state: &mut State) -> Vec<Effect> {
    let chosen = state.pods.chosen().clone();
    if places::place_of(&chosen).is_some_and(|place| state.place != Some(place)) {
        places::remember(state);
    }
    let nothing = |text: &str| Shown::Nothing(text.to_owned());
    let (digest, commit) = match &chosen {
        RowId::Live => match (state.live, &state.pods.live) {
            (Some((digest, _)), _) => (digest, state.opened.get(&digest).cloned()),
            (None, Live::Online(..)) => {
                state.shown = nothing(&format!(
                    "{} captures the live instance, to look at what is in it.\n\n{} captures it as a pod's next version.",
                    state.key(Action::Open),
                    state.key(Action::Commit)
                ));
                return Vec::new();
            }
            (None, Live::Looking) => {
                state.shown = nothing("Looking for the emulator …");
                return Vec::new();
            }
            (None, Live::Offline(_)) => {
                state.shown = nothing(&start::offline(state));
                return Vec::new();
            }
        },
        RowId::Pod(_) | RowId::Version(..) | RowId::Joined(..) => match state.pods.commit(&chosen) {
            Some((digest, commit)) => (digest, Some(commit.clone())),
            None => {
                state.shown = nothing("This pod cannot be read: its detail says why.");
                return Vec::new();
            }
        },
        RowId::RemotePod(..) | RowId::RemoteVersion(..) => match state.pods.commit(&chosen) {
            Some((digest, _)) if state.opened.contains_key(&digest) => (digest, state.opened.get(&digest).cloned()),
            _ => {
                state.shown = nothing(&format!(
                    "This version lies on a remote.\n\n{} fetches it to look inside.\n{} pulls it into your pods.",
                    state.key(Action::Open),
                    state.key(Action::Pull)
                ));
                return Vec::new();
            }
        },
        RowId::Local | RowId::Remote(_) | RowId::Hint(..) => {
            if state.tree().is_none() {
                state.shown = nothing("Choose a version to see what is in it.");
            }
            return Vec::new();
        }
    };
    let at_hand = matches!(&state.shown, Shown::Tree(shown) | Shown::Loading(shown) | Shown::Failed(shown, _) if *shown == digest);
    if at_hand {
        return Vec::new();
    }
    let place = places::place_of(&chosen);
    if place != state.place {
        let left = state.places.iter().find(|(known, _)| Some(known) == place.as_ref());
        state.sought = left.map(|(_, folds)| folds.query.clone()).filter(|query| !query.is_empty());
        state.filter = None;
    }
    if let Some(at) = state.trees.iter().position(|(known, _)| *known == digest) {
        let (digest, mut tree) = state.trees.remove(at);
        state.arriving = place;
        open_as_before(state, &mut tree, true);
        state.trees.push((digest, tree));
        state.shown = Shown::Tree(digest);
        return Vec::new();
    }
    state.arriving = place;
    state.shown = Shown::Loading(digest);
    commit.map(|commit| Effect::ReadTree(digest, Box::new(commit), state.arrangement.clone())).into_iter().collect()
}

/// Opens a tree as its pod's was left, or as the last one on screen where that is another version of the same pod, or
/// one nobody has looked at yet. `kept` is a tree that was looked at before.
pub(super) fn open_as_before(state: &mut State, tree: &mut TreeModel, kept: bool) {
    let place = state.arriving.take();
    let left = state.places.iter().find(|(known, _)| Some(known) == place.as_ref()).map(|(_, folds)| folds);
    let last = state.tree().or_else(|| state.trees.last().map(|(_, last)| last).filter(|_| !kept));
    match (last, left) {
        (Some(last), _) if place == state.place => tree.adopt(last),
        (_, Some(left)) if place != state.place || !kept => tree.set_folds(left),
        (Some(last), _) if !kept => tree.adopt(last),
        _ => {}
    }
    if tree.query().is_some_and(|kept| Some(&kept.query) != state.sought.as_ref()) {
        tree.filter(None);
    }
    state.place = place;
}

/// Has the filter worked out for the tree on screen, where that is not filtered so yet.
fn follow_filter(state: &mut State) -> Vec<Effect> {
    let (Some(query), Shown::Tree(digest), Some(tree)) = (&state.sought, &state.shown, state.tree()) else {
        return Vec::new();
    };
    let wanted = Some((*digest, query.clone()));
    if tree.query().is_some_and(|kept| kept.query == *query) || state.filtering == wanted {
        return Vec::new();
    }
    let effect = Effect::Filter(*digest, tree.metamodel().clone(), query.clone());
    state.filtering = wanted;
    vec![effect]
}

/// Goes to the path that the explorer was started at, as soon as the tree is there.
fn follow_wanted_path(state: &mut State) -> Vec<Effect> {
    let Some((reference, Some(path))) = state.wanted.clone() else { return Vec::new() };
    if state.pods.chosen().reference().as_ref() != Some(&reference) {
        return Vec::new();
    }
    let Some(tree) = state.tree_mut() else { return Vec::new() };
    let metamodel = tree.metamodel().clone();
    let exact = path.parse::<ResourceKey>().ok().and_then(|key| metamodel.find(&key));
    let named = || {
        let pattern = path.parse::<crate::pod::Pattern>().ok()?;
        let picked = |id: NodeId| metamodel.key(id).is_some_and(|key| pattern.matches(&key));
        metamodel.iter().find(|(id, node)| node.kind == NodeKind::Resource && picked(*id)).map(|(id, _)| id)
    };
    match exact.or_else(named) {
        Some(node) => {
            tree.reveal(node);
            super::act::focus(state, Pane::Tree);
        }
        None => state.hint(format!("{reference} has nothing at {path:?}")),
    }
    state.wanted = None;
    Vec::new()
}

fn follow_subject(state: &mut State) -> Vec<Effect> {
    let subject = match (state.follows, &state.shown, state.tree()) {
        (Pane::Tree, Shown::Tree(digest), Some(tree)) if !tree.is_empty() => {
            let id = tree.selected();
            match tree.metamodel().key(id).filter(|_| tree.metamodel().node(id).kind == NodeKind::Resource) {
                Some(key) => Subject::Document(*digest, key),
                None => Subject::Folder(*digest, id),
            }
        }
        _ => Subject::Row(state.pods.chosen().clone()),
    };
    // Rows of pods change with what was read, not only with the cursor.
    state.detail.stale |= matches!(subject, Subject::Row(_));
    if state.detail.subject.as_ref() == Some(&subject) {
        return Vec::new();
    }
    let effect = match &subject {
        Subject::Document(digest, key) => {
            state.commit(digest).map(|commit| Effect::ReadDocument(*digest, Box::new(commit.clone()), key.clone()))
        }
        _ => None,
    };
    let detail = &mut state.detail;
    detail.subject = Some(subject);
    detail.content = None;
    detail.cursor = Cursor::default();
    detail.reveal = false;
    detail.stale = true;
    effect.into_iter().collect()
}

pub(super) fn document_read(state: &mut State, digest: Digest, key: &ResourceKey, result: Result<Content, String>) {
    let wanted = matches!(&state.detail.subject, Some(Subject::Document(of, at)) if *of == digest && at == key);
    if wanted {
        state.detail.content = Some(result);
        state.detail.stale = true;
    }
}

fn detail_rows(state: &State) -> Vec<DetailRow> {
    match (&state.detail.subject, &state.detail.content) {
        (Some(Subject::Document(_, about)), Some(Ok(content))) => {
            let is_secret = |path: &[String], value: &serde_json::Value| (state.is_secret)(about, path, value);
            let key = state.key(Action::Reveal);
            let secrets = Secrets { is_secret: &is_secret, reveal: state.detail.reveal, key: &key };
            let tree = state.tree().map(|tree| tree.metamodel());
            let refers = |text: &str| tree.map(|tree| tree.referred(text, about)).unwrap_or_default();
            detail::rows(content, &state.detail.folds, &secrets, &refers)
        }
        (Some(Subject::Row(row)), _) => cards::row(state, row),
        (Some(Subject::Folder(digest, node)), _) => cards::folder(state, digest, *node),
        _ => Vec::new(),
    }
}

pub(super) fn fold_detail(state: &mut State, open: bool) {
    let detail = &mut state.detail;
    let Some(row) = detail.rows.get(detail.cursor.at) else { return };
    if row.open == Some(!open) {
        return toggle_detail(state);
    }
    if open {
        let rows = detail.rows.len();
        if row.open.is_some() {
            detail.cursor.step(Move::Down(1), rows);
        }
        return;
    }
    let depth = row.depth;
    match (0..detail.cursor.at).rev().find(|at| detail.rows[*at].depth < depth) {
        Some(above) => detail.cursor.at = above,
        None => super::act::focus(state, state.follows),
    }
}

pub(super) fn toggle_detail(state: &mut State) {
    let detail = &mut state.detail;
    let Some(row) = detail.rows.get(detail.cursor.at).filter(|row| row.open.is_some()) else { return };
    if !detail.folds.remove(&row.path) {
        detail.folds.insert(row.path.clone());
    }
    detail.stale = true;
    state.detail.stale = false;
    state.detail.rows = detail_rows(state);
}

/// A document with its secrets masked, for showing it outside.
pub(super) fn masked(document: &Document, reveal: bool, is_secret: IsSecret<'_>) -> Document {
    let mut document = document.clone();
    if !reveal {
        for (name, value) in &mut document.attributes {
            detail::mask(&mut vec![name.clone()], value, is_secret);
        }
    }
    document
}

pub(super) fn filter_key(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => {
            state.filter = None;
            state.sought = None;
            if let Some(tree) = state.tree_mut() {
                tree.filter(None);
            }
            Vec::new()
        }
        KeyCode::Enter | KeyCode::Tab => {
            state.filter = None;
            Vec::new()
        }
        KeyCode::Up | KeyCode::Down => {
            let movement = if key.code == KeyCode::Up { Move::Up(1) } else { Move::Down(1) };
            if let Some(tree) = state.tree_mut() {
                tree.step(movement);
            }
            Vec::new()
        }
        _ => {
            let changed = match (input_request(key), state.filter.as_mut()) {
                (Some(request), Some(input)) => input.handle(request).is_some_and(|change| change.value),
                _ => false,
            };
            if changed {
                filter_changed(state);
            }
            Vec::new()
        }
    }
}

pub(super) fn filter_changed(state: &mut State) {
    let query = state.filter.as_ref().map(|input| input.value().to_owned()).unwrap_or_default();
    // Having it worked out follows, as for a tree that comes on screen later.
    state.sought = Some(query).filter(|query| !query.is_empty());
    if state.sought.is_none()
        && let Some(tree) = state.tree_mut()
    {
        tree.filter(None);
    }
}

/// Brings the window of the detail pane to its cursor: rows are as tall as their text wraps.
pub(super) fn settle_detail(state: &mut State, (width, height): (usize, usize)) {
    let detail = &mut state.detail;
    detail.cursor.at = detail.cursor.at.min(detail.rows.len().saturating_sub(1));
    if detail.cursor.at < detail.cursor.top {
        detail.cursor.top = detail.cursor.at;
    }
    let first = detail.cursor.at.saturating_sub(TALLEST_WINDOW).max(detail.cursor.top);
    detail.cursor.top = first;
    let rows = detail.rows.get(first..=detail.cursor.at).unwrap_or_default();
    let mut tall: usize = rows.iter().map(|row| row_height(row, width)).sum();
    for row in rows {
        if tall <= height || detail.cursor.top == detail.cursor.at {
            break;
        }
        tall -= row_height(row, width);
        detail.cursor.top += 1;
    }
}

/// How many lines a row of the detail pane takes at this width.
pub fn row_height(row: &DetailRow, width: usize) -> usize {
    let place = detail::value_place(row, width);
    text::wrap(&row.value, place.room).len() + usize::from(place.below)
}
