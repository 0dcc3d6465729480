//! The conflicts of a merge: which on top, and what ours, the base and theirs have below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pods::scrollbar;
use super::{bars, highlight, lines, pane, span, spread};
use crate::ops::Take;
use crate::pod::{Conflict, Side};
use crate::tui::action::Action;
use crate::tui::layout::ConflictAreas;
use crate::tui::model::conflict::{self, SideLine};
use crate::tui::state::{ConflictScreen, State};
use crate::tui::text;
use crate::tui::theme::Role;

pub(super) fn draw(state: &State, frame: &mut Frame) {
    let Some(screen) = &state.conflicts else { return };
    let areas = ConflictAreas::of(state.size);
    header(state, frame, areas.header, screen);
    list(state, frame, areas.list, screen);
    let taken = screen.found.conflicts().nth(screen.cursor.at).and_then(|(_, take)| take);
    for (side, area) in [Side::Ours, Side::Base, Side::Theirs].into_iter().zip(areas.sides) {
        let is_taken = matches!(taken, Some(Take::Side(taken)) if *taken == side);
        values(state, frame, area, screen, side, is_taken);
    }
    frame.buffer_mut().set_style(areas.footer, state.theme.style(Role::Bar));
    let line = match &state.status {
        Some(said) => Line::from(vec![Span::raw(" "), span(state, said.shade(), text::clean(&said.text).into_owned())]),
        None => {
            let actions = [
                Action::TakeOurs,
                Action::TakeBase,
                Action::TakeTheirs,
                Action::EditValue,
                Action::TakeResource,
                Action::TakeMatching,
                Action::TakeBack,
                Action::Settle,
                Action::NextOpen,
                Action::Reveal,
                Action::Back,
                Action::Help,
            ];
            bars::keys(state, &actions, usize::from(areas.footer.width))
        }
    };
    frame.buffer_mut().set_line(areas.footer.x, areas.footer.y, &line, areas.footer.width);
}

fn header(state: &State, frame: &mut Frame, area: Rect, screen: &ConflictScreen) {
    frame.buffer_mut().set_style(area, state.theme.style(Role::Bar));
    let message = screen.found.commit.message.lines().next().unwrap_or_default();
    let left = vec![
        span(state, Role::Key, " conflicts "),
        span(state, Role::Strong, format!(" {}:{} ", screen.pod, screen.found.version.number)),
        span(state, Role::Muted, text::clean(message).into_owned()),
    ];
    let mut right = bars::activity(state);
    let open = screen.found.open();
    right.push(match open {
        0 => span(state, Role::Success, format!("all settled: {} commits ", state.key(Action::Settle))),
        _ => span(state, Role::Warning, format!("{open} of {} open ", screen.found.commit.conflicts.len())),
    });
    frame.buffer_mut().set_line(area.x, area.y, &spread(left, right, usize::from(area.width)), area.width);
}

fn list(state: &State, frame: &mut Frame, area: Rect, screen: &ConflictScreen) {
    let all = screen.found.commit.conflicts.len();
    let block = pane(state, Line::from(format!(" {} of {all} ", screen.cursor.at + 1)), true);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let shown = screen.found.conflicts().skip(screen.cursor.top).take(usize::from(inner.height));
    let drawn: Vec<Line> = shown.map(|(conflict, take)| row(state, screen, conflict, take, width)).collect();
    lines(frame, inner, drawn);
    highlight(frame, inner, screen.cursor.at - screen.cursor.top, state.theme.style(Role::Selection));
    scrollbar(state, frame, area, screen.cursor.top, all);
}

fn row<'a>(state: &State, screen: &ConflictScreen, conflict: &Conflict, take: Option<&Take>, width: usize) -> Line<'a> {
    let key = &conflict.key;
    let (mark, role) = if take.is_some() { ('✓', Role::Success) } else { ('!', Role::Warning) };
    let name = text::clean(&format!("{}/{}", key.service, key.label())).into_owned();
    let left = vec![
        span(state, role, format!(" {mark} ")),
        Span::raw(text::cut_middle(&name, width / 2).into_owned()),
        span(state, Role::Property, format!("  {}", text::clean(&conflict::place(conflict)))),
    ];
    let is_secret = |path: &[String], value: &serde_json::Value| (state.is_secret)(key, path, value);
    let taken = match take {
        None => span(state, Role::Muted, text::clean(&key.region).into_owned()),
        Some(Take::Side(side)) => span(state, Role::Success, side.word()),
        Some(Take::Value(value)) => {
            let value = conflict::line(conflict, value, screen.reveal, &is_secret);
            span(state, Role::Success, format!("edited: {}", text::cut(&value, width / 3)))
        }
    };
    spread(left, vec![taken, Span::raw(" ")], width)
}

fn values(state: &State, frame: &mut Frame, area: Rect, screen: &ConflictScreen, side: Side, taken: bool) {
    let key = match side {
        Side::Ours => Action::TakeOurs,
        Side::Base => Action::TakeBase,
        Side::Theirs => Action::TakeTheirs,
    };
    let title = format!(" {} {}{} ", state.key(key), side.word(), if taken { " ✓ taken" } else { "" });
    let block = pane(state, Line::from(title), taken);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let room = usize::from(inner.width.saturating_sub(2)).max(1);
    let Some(found) = screen.values.side(side) else {
        let absent = screen.found.commit.conflicts.get(screen.cursor.at).map(Conflict::absent).unwrap_or_default();
        lines(frame, inner, [span(state, Role::Muted, format!(" {absent}")).into()]);
        return;
    };
    let colour = |line: &SideLine| if line.changed { Role::Modified } else { Role::Text };
    let wrapped = found.iter().skip(screen.top).flat_map(|line| {
        let parts = text::wrap(&line.text, room).into_iter();
        parts.map(|part| Line::from(vec![Span::raw(" "), span(state, colour(line), part.to_owned())]))
    });
    lines(frame, inner, wrapped);
    scrollbar(state, frame, area, screen.top, found.len());
}
