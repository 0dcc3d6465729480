//! Where one goes and has been: references followed, back and forward, and how each pod's tree was left.

use super::act::{self, submit};
use crate::pod::{Arrangement, Grouping, NodeId, NodeKind, ResourceKey, Sorting};
use crate::tasks::{Job, Referrer};
use crate::tui::message::Effect;
use crate::tui::model::list::Cursor;
use crate::tui::model::pods::RowId;
use crate::tui::model::tree::Spot;
use crate::tui::overlay::{Choice, Form, Menu, Overlay};
use crate::tui::session;
use crate::tui::state::{Pane, Shown, State};
use crate::tui::text;

/// Most places that can be gone back to.
const MOST: usize = 100;
/// Most resources offered at once.
const OFFERED: usize = 500;

/// A place one has been at.
#[derive(Clone, Debug, PartialEq)]
pub struct Jump {
    row: RowId,
    spot: Option<Spot>,
    pane: Pane,
    /// The row of the detail.
    line: usize,
}

/// The places behind and ahead, the nearest last.
#[derive(Clone, Debug, Default)]
pub struct Jumps {
    past: Vec<Jump>,
    future: Vec<Jump>,
    /// Where one is going, until what lies there was read.
    going: Option<Jump>,
}

impl Jumps {
    /// Whether there is anywhere to go back to, or forward.
    pub fn has(&self, back: bool) -> bool {
        !if back { &self.past } else { &self.future }.is_empty()
    }
}

fn here(state: &State) -> Jump {
    Jump {
        row: state.pods.chosen().clone(),
        spot: state.tree().and_then(|tree| tree.spot(tree.selected())),
        pane: state.focus,
        line: state.detail.cursor.at,
    }
}

/// Remembers where one is, before going elsewhere.
pub(super) fn leave(state: &mut State) {
    let here = here(state);
    let jumps = &mut state.jumps;
    jumps.future.clear();
    if jumps.past.last() != Some(&here) {
        jumps.past.push(here);
    }
    if jumps.past.len() > MOST {
        jumps.past.remove(0);
    }
}

/// Goes back, or forward again.
pub(super) fn travel(state: &mut State, back: bool) {
    let here = here(state);
    let jumps = &mut state.jumps;
    let (from, to) = if back { (&mut jumps.past, &mut jumps.future) } else { (&mut jumps.future, &mut jumps.past) };
    let Some(jump) = from.pop() else { return };
    to.push(here);
    if !state.pods.choose(&jump.row) {
        return state.hint("what was there is gone: once more goes on");
    }
    act::focus(state, jump.pane);
    if jump.pane == Pane::Detail && jump.spot.is_some() {
        state.follows = Pane::Tree;
    }
    state.jumps.going = Some(jump);
}

/// Arrives, as soon as the tree is there.
pub(super) fn arrive(state: &mut State) {
    let Some(jump) = state.jumps.going.take() else { return };
    if *state.pods.chosen() != jump.row {
        return;
    }
    match &state.shown {
        Shown::Loading(_) => state.jumps.going = Some(jump),
        Shown::Tree(_) => {
            if let (Some(spot), Some(tree)) = (&jump.spot, state.tree_mut())
                && let Some(node) = tree.node_at(spot)
            {
                tree.reveal(node);
            }
            state.detail.line = Some(jump.line);
        }
        Shown::Nothing(_) | Shown::Failed(..) => {}
    }
}

/// Goes to a resource of the version on screen.
pub(super) fn go_to(state: &mut State, key: &ResourceKey) {
    let node = state.tree().and_then(|tree| tree.metamodel().find(key));
    let Some(node) = node else {
        return state.hint(format!("{}/{} is not in this version", key.service, text::clean(&key.label())));
    };
    leave(state);
    if let Some(tree) = state.tree_mut() {
        tree.reveal(node);
    }
    state.follows = Pane::Tree;
    if state.focus == Pane::Pods {
        act::focus(state, Pane::Tree);
    }
}

/// The references at the cursor of the detail, else all of the document.
pub(super) fn references(state: &State) -> Vec<ResourceKey> {
    let rows = &state.detail.rows;
    let at_cursor = rows.get(state.detail.cursor.at).filter(|_| state.focus == Pane::Detail);
    if let Some(row) = at_cursor.filter(|row| !row.links.is_empty()) {
        return row.links.clone();
    }
    let mut links: Vec<ResourceKey> = Vec::new();
    for link in rows.iter().flat_map(|row| &row.links) {
        if !links.contains(link) && links.len() < OFFERED {
            links.push(link.clone());
        }
    }
    links
}

/// Follows the only reference, or asks which.
pub(super) fn follow(state: &mut State) {
    match references(state).as_slice() {
        [] => {}
        [only] => go_to(state, only),
        several => {
            let items = several.iter().map(|key| offered(key, String::new())).collect();
            offer(state, "Refers to".to_owned(), items);
        }
    }
}

fn offered(key: &ResourceKey, note: String) -> (String, String, Choice) {
    let name = text::clean(&format!("{}/{}", key.service, key.label())).into_owned();
    let note = if note.is_empty() { key.region.clone() } else { note };
    (name, text::clean(&note).into_owned(), Choice::Go(Box::new(key.clone())))
}

fn offer(state: &mut State, title: String, items: Vec<(String, String, Choice)>) {
    state.overlays.push(Overlay::Menu(Menu { title, items, cursor: Cursor::default() }));
}

/// Looks for what refers to the chosen resource.
pub(super) fn ask_referrers(state: &State) -> Vec<Effect> {
    let Some((digest, key)) = state.chosen_resource() else { return Vec::new() };
    let Some(reference) = state.pods.chosen().reference() else { return Vec::new() };
    submit(Job::Referrers { digest, reference, key })
}

/// Offers what refers to a resource.
pub(super) fn show_referrers(state: &mut State, key: &ResourceKey, found: Vec<Referrer>) {
    let name = format!("{}/{}", key.service, text::clean(&key.label()));
    if found.is_empty() {
        return state.hint(format!("nothing in this version refers to {name}"));
    }
    let more = if found.len() > OFFERED { format!(" (the first {OFFERED} of {})", found.len()) } else { String::new() };
    let items = found.into_iter().take(OFFERED).map(|found| offered(&found.key, found.property)).collect();
    offer(state, format!("Refers to {name}{more}"), items);
}

/// The pod a row belongs to, as references write it: versions of one look alike.
pub(super) fn place_of(row: &RowId) -> Option<String> {
    Some(match row {
        RowId::Live => "@live".to_owned(),
        RowId::Pod(pod) | RowId::Version(pod, _) | RowId::Joined(pod, _) => pod.to_string(),
        RowId::RemotePod(remote, pod) | RowId::RemoteVersion(remote, pod, _) => format!("{remote}/{pod}"),
        RowId::Local | RowId::Remote(_) | RowId::Hint(..) => return None,
    })
}

/// Remembers how the tree on screen is left.
pub(super) fn remember(state: &mut State) {
    if let (Some(place), Some(tree)) = (state.place.clone(), state.tree()) {
        let folds = tree.folds();
        session::remember(&mut state.places, place, folds);
    }
}

/// Offers the ways a tree can be laid out.
pub(super) fn ask_arrangement(state: &mut State) {
    let now = state.arrangement.clone();
    let group = |name: &str, note: &str, grouping: Grouping| {
        let mark = if now.grouping == grouping { "• " } else { "  " };
        let arrangement = Arrangement { grouping, ..now.clone() };
        (format!("{mark}{name}"), note.to_owned(), Choice::Arrange(Box::new(arrangement)))
    };
    let sort = |name: &str, note: &str, sorting: Sorting| {
        let mark = if now.sorting == sorting { "• " } else { "  " };
        let arrangement = Arrangement { sorting, ..now.clone() };
        (format!("{mark}{name}"), note.to_owned(), Choice::Arrange(Box::new(arrangement)))
    };
    let tag = match &now.grouping {
        Grouping::Tag(name) => {
            (format!("• by tag {name}"), "another".to_owned(), Choice::Ask(Box::new(Form::group_by_tag())))
        }
        _ => (
            "  by tag".to_owned(),
            "asks for the tag's name, as in team".to_owned(),
            Choice::Ask(Box::new(Form::group_by_tag())),
        ),
    };
    let items = vec![
        group("by place", "account, region, service, type", Grouping::Place),
        group("by service", "service, account, region, type", Grouping::Service),
        group("by type", "service, type, account, region", Grouping::Type),
        tag,
        sort("names", "in the order of the alphabet", Sorting::Name),
        sort("sizes", "what takes most bytes first", Sorting::Size),
        sort("counts", "what holds most resources first", Sorting::Count),
    ];
    offer(state, "Group and sort the tree".to_owned(), items);
}

/// Lays trees out in another way from now on.
pub(super) fn arrange(state: &mut State, arrangement: Arrangement) {
    if state.arrangement == arrangement {
        return;
    }
    remember(state);
    state.arrangement = arrangement;
    state.trees.clear();
    state.shown = Shown::Nothing(String::new());
}

/// The chosen node with the labels down to it, for the line below the tree.
pub fn crumbs(state: &State) -> Option<String> {
    let tree = state.tree()?;
    let node: NodeId = tree.selected();
    let metamodel = tree.metamodel();
    // Types say what a name is, and are in the way everywhere else.
    let path = metamodel.path(node).into_iter().skip(1);
    let said = path.filter(|id| *id == node || metamodel.node(*id).kind != NodeKind::Account);
    let labels: Vec<String> = said.map(|id| text::clean(metamodel.node(id).label).into_owned()).collect();
    (!labels.is_empty()).then(|| labels.join(" › "))
}
