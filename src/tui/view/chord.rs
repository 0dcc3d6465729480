//! What can follow the keys pressed so far.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{lines, popup, span};
use crate::tui::keymap::shown_keys;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::enabled::enabled;
use crate::tui::update::scope;

/// Columns of the list.
const WIDTH: u16 = 34;

/// Draws the list in the corner at the bottom, where it covers little.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let following = state.keymap.following(&state.chord, scope(state));
    let width = WIDTH.min(state.size.0);
    let height = u16::try_from(following.len() + 2).unwrap_or(u16::MAX).min(state.size.1.saturating_sub(1));
    let area = Rect { x: state.size.0 - width, y: state.size.1.saturating_sub(height + 1), width, height };
    let inner = popup(state, frame, area, &format!("{} …", shown_keys(&state.chord)), Role::Focus);
    let keys = following.iter().map(|(keys, _)| text::width(keys)).max().unwrap_or(0);
    let drawn = following.iter().map(|(key, action)| {
        let role = if enabled(state, *action).is_ok() { Role::Text } else { Role::Muted };
        let gap = " ".repeat(keys - text::width(key) + 2);
        Line::from(vec![span(state, Role::Key, key.clone()), Span::raw(gap), span(state, role, action.info().name)])
    });
    lines(frame, inner, drawn);
}
