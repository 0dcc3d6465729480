//! The mouse: the wheel scrolls what is under it, a click chooses.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{act, perform};
use crate::tui::action::Action;
use crate::tui::layout::Areas;
use crate::tui::message::Effect;
use crate::tui::state::{Pane, State};

/// Rows that one notch of the wheel scrolls.
const NOTCH: usize = 3;

pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    let scroll = match event.kind {
        MouseEventKind::ScrollDown => Some(Action::Down),
        MouseEventKind::ScrollUp => Some(Action::Up),
        MouseEventKind::Down(MouseButton::Left) => None,
        _ => return Vec::new(),
    };
    if !state.overlays.is_empty() {
        return match scroll {
            Some(action) => super::overlays::wheel(state, action == Action::Down),
            None => Vec::new(),
        };
    }
    if state.diff.is_some() || state.conflicts.is_some() {
        return match scroll {
            Some(action) => (0..NOTCH).flat_map(|_| perform(state, action)).collect(),
            None => Vec::new(),
        };
    }
    let areas = Areas::of(state);
    let at = Position::new(event.column, event.row);
    let pane = [(Pane::Pods, areas.pods), (Pane::Tree, areas.tree), (Pane::Detail, areas.detail)]
        .into_iter()
        .find(|(_, area)| area.contains(at));
    let Some((pane, area)) = pane else { return Vec::new() };
    act::focus(state, pane);
    if let Some(action) = scroll {
        return (0..NOTCH).flat_map(|_| perform(state, action)).collect();
    }
    let Some(line) = line_in(area, at) else { return Vec::new() };
    match pane {
        Pane::Pods => {
            let row = state.pods.cursor.top + line;
            if row < state.pods.rows().len() {
                let again = row == state.pods.cursor.at;
                state.pods.cursor.at = row;
                if again {
                    return perform(state, Action::Open);
                }
            }
        }
        Pane::Tree => {
            let Some(tree) = state.tree_mut() else { return Vec::new() };
            let node = super::tree_node_at(tree, line);
            if let Some(node) = node {
                let again = node == tree.selected();
                let row = tree.row_of(node);
                tree.select_row(row);
                if again {
                    return perform(state, Action::Open);
                }
            }
        }
        Pane::Detail => {}
    }
    Vec::new()
}

/// The line within the border that was clicked.
fn line_in(area: Rect, at: Position) -> Option<usize> {
    let inside = at.y > area.y && at.y + 1 < area.bottom();
    inside.then(|| usize::from(at.y - area.y - 1))
}
