//! The theme picker: a list beside what it changes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{highlight, lines, popup, span};
use crate::tui::overlay::ThemeView;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;

/// Columns of the picker: the panes beside it stay visible.
const WIDTH: u16 = 40;
/// Rows below the list.
const SAMPLE: u16 = 7;

/// Rows of the list.
pub fn rows(state: &State) -> usize {
    usize::from(area(state).height.saturating_sub(2 + SAMPLE))
}

fn area(state: &State) -> Rect {
    let width = WIDTH.min(state.size.0);
    let height = state.size.1.saturating_sub(2).min(22 + SAMPLE);
    Rect { x: state.size.0 - width, y: 1, width, height }
}

pub(super) fn draw(state: &State, frame: &mut Frame, view: &ThemeView) {
    let inner = popup(state, frame, area(state), "Theme", Role::Focus);
    let width = usize::from(inner.width);
    let list = Rect { height: inner.height.saturating_sub(SAMPLE), ..inner };
    if view.themes.is_empty() {
        lines(frame, list, [Line::from(span(state, Role::Muted, "Reading themes …"))]);
    }
    let shown = view.themes.iter().skip(view.cursor.top).take(usize::from(list.height));
    let drawn = shown.map(|theme| {
        let own = if theme.files.is_empty() { "" } else { "  yours" };
        let name = text::cut(&text::clean(&theme.name), width.saturating_sub(8)).into_owned();
        Line::from(vec![Span::raw(name), span(state, Role::Muted, own)])
    });
    lines(frame, list, drawn);
    highlight(frame, list, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
    let sample = Rect { y: list.bottom(), height: inner.height - list.height, ..inner };
    let words = |roles: &[Role]| {
        let named = |role: &Role| [span(state, *role, role.name()), Span::raw(" ")];
        Line::from(roles.iter().flat_map(named).collect::<Vec<_>>())
    };
    let fault = view.faults.first().map(|fault| text::clean(fault).into_owned()).unwrap_or_default();
    let mut below = vec![
        words(&[Role::Added, Role::Removed, Role::Modified, Role::Marked]),
        words(&[Role::AddedWord, Role::RemovedWord, Role::Match]),
        words(&[Role::Property, Role::String, Role::Literal, Role::Blob]),
        words(&[Role::Success, Role::Warning, Role::Error, Role::Muted]),
    ];
    below.extend(
        text::wrap(&fault, width).into_iter().take(2).map(|line| Line::from(span(state, Role::Error, line.to_owned()))),
    );
    below.truncate(usize::from(SAMPLE) - 1);
    below.resize(usize::from(SAMPLE) - 1, Line::default());
    below.push(Line::from(span(state, Role::Muted, "⏎ keeps it   Esc as it was")));
    lines(frame, sample, below);
}
