//! Search over all pods.

use crossterm::event::{KeyCode, KeyEvent};

use super::act::{focus, submit};
use super::input_request;
use crate::pod::{Digest, Reference, Selector};
use crate::search::{Beside, Hit, Place};
use crate::tasks::{Indexed, Job};
use crate::tui::message::Effect;
use crate::tui::model::list::{Cursor, Move};
use crate::tui::model::pods::{Listing, RowId};
use crate::tui::model::sharing;
use crate::tui::overlay::{Overlay, SearchView};
use crate::tui::state::{Pane, State};

/// Opens search; the pods are read for it as far as that was not done yet.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    state.diff = None;
    state.overlays.push(Overlay::Search(SearchView::default()));
    bring_up(state)
}

/// Reads what the index lacks.
pub(super) fn bring_up(state: &mut State) -> Vec<Effect> {
    if is_reading(state) || state.index.is_some() && !state.outdated {
        return Vec::new();
    }
    state.outdated = false;
    submit(Job::Index(beside(state), state.index.clone()))
}

/// Whether pods are being read for search.
pub fn is_reading(state: &State) -> bool {
    state.jobs.values().any(|job| matches!(job, Job::Index(..)))
}

/// Something came or went that is searched: it is read when search is next asked for, or now where that is open.
pub(super) fn outdate(state: &mut State) -> Vec<Effect> {
    state.outdated = true;
    if view(state).is_some() { bring_up(state) } else { Vec::new() }
}

/// Takes in what was read.
pub(super) fn read(state: &mut State, index: Indexed) -> Vec<Effect> {
    state.index = Some(index);
    if let Some(view) = view(state) {
        view.failure = None;
    }
    let mut effects = changed(state);
    if state.outdated {
        effects.extend(outdate(state));
    }
    effects
}

/// What is searched beside the local pods: the live instance as it was last looked at, and what remotes have of
/// which nothing is here but what was fetched to look at.
fn beside(state: &State) -> Vec<Beside> {
    let one = |reference, commit: Digest, state| Beside { place: Place { reference, commit }, state };
    let live = state.live.and_then(|(digest, _)| Some(one(Reference::Live, digest, state.opened.get(&digest)?.state)));
    let mut found: Vec<Beside> = live.into_iter().collect();
    for remote in state.pods.remotes() {
        let Listing::Ready(pods) = &remote.pods else { continue };
        for pod in pods {
            let row = |selector| RowId::RemoteVersion(remote.config.name.clone(), pod.name.clone(), selector);
            let versions = pod.versions.iter().map(|version| row(Selector::Version(version.number)));
            let unnumbered = pod.beside.iter().map(|commit| row(Selector::Revision(commit.digest.short())));
            for row in versions.chain(unnumbered).filter(|row| !sharing::is_here(&state.pods, row)) {
                if let (Some(reference), Some((digest, commit))) = (row.reference(), state.pods.commit(&row)) {
                    found.push(one(reference, digest, commit.state));
                }
            }
        }
    }
    found
}

fn view(state: &mut State) -> Option<&mut SearchView> {
    state.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Search(view) => Some(view),
        _ => None,
    })
}

/// Searches for what is typed now.
pub(super) fn changed(state: &mut State) -> Vec<Effect> {
    let index = state.index.clone();
    let Some(view) = view(state) else { return Vec::new() };
    let query = view.input.value().to_owned();
    match index {
        Some(index) if !query.trim().is_empty() => vec![Effect::Search(index.0, query)],
        _ => {
            view.hits.clear();
            view.answered.clear();
            Vec::new()
        }
    }
}

/// Takes in what was found.
pub(super) fn found(state: &mut State, query: String, hits: Vec<Hit>, complete: bool) -> Vec<Effect> {
    let Some(view) = view(state).filter(|view| view.input.value() == query) else { return Vec::new() };
    // Who has moved to a hit stays on it while better ones come.
    let chosen = view.hits.get(view.cursor.at).filter(|_| view.cursor.at > 0 && view.answered == query);
    let same = |hit: &Hit| chosen.is_some_and(|chosen| chosen.key == hit.key && chosen.property == hit.property);
    let at = hits.iter().position(same).unwrap_or(0);
    view.cursor = Cursor { at, ..Cursor::default() };
    view.hits = hits;
    view.answered = query;
    view.complete = complete;
    if complete && std::mem::take(&mut view.eager) { go(state) } else { Vec::new() }
}

/// The pods were not read to the end; gives whether search shows that.
pub(super) fn failed(state: &mut State, reason: &str) -> bool {
    // What was read before can still be searched.
    state.outdated = true;
    let nothing = state.index.is_none();
    let view = view(state);
    let shown = view.is_some() && nothing;
    if let Some(view) = view.filter(|_| nothing) {
        view.failure = Some(reason.to_owned());
    }
    shown
}

pub(super) fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let Some(view) = view(state) else { return Vec::new() };
    let rows = view.hits.len();
    match key.code {
        KeyCode::Esc => {
            state.overlays.pop();
            Vec::new()
        }
        KeyCode::Enter => go(state),
        KeyCode::Up => step(view, Move::Up(1), rows),
        KeyCode::Down => step(view, Move::Down(1), rows),
        KeyCode::PageUp => step(view, Move::Up(10), rows),
        KeyCode::PageDown => step(view, Move::Down(10), rows),
        _ => match input_request(key) {
            Some(request) if view.input.handle(request).is_some_and(|change| change.value) => {
                view.eager = false;
                changed(state)
            }
            _ => Vec::new(),
        },
    }
}

fn step(view: &mut SearchView, by: Move, rows: usize) -> Vec<Effect> {
    view.cursor.step(by, rows);
    Vec::new()
}

/// Goes to the chosen hit, in the newest version that has it.
fn go(state: &mut State) -> Vec<Effect> {
    let Some(view) = view(state) else { return Vec::new() };
    if view.answered != view.input.value() || !view.complete {
        view.eager = true;
        return Vec::new();
    }
    let Some(hit) = view.hits.get(view.cursor.at) else { return Vec::new() };
    let Some(Place { reference, .. }) = hit.places.first().cloned() else { return Vec::new() };
    let path = hit.key.to_string();
    state.overlays.pop();
    super::places::leave(state);
    if super::wanted::row_of(state, &reference).is_some_and(|row| state.pods.choose(&row)) {
        state.wanted = Some((reference, Some(path)));
        focus(state, Pane::Tree);
        super::wanted::go_to_wanted(state)
    } else {
        state.hint(format!("{reference} is no longer there"));
        Vec::new()
    }
}
