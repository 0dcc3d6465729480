//! The detail pane: a document, or a card about something else.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::tree::message;
use super::{highlight, lines, pane, span};
use crate::pod::ResourceKey;
use crate::tui::model::detail::{DetailRow, ValuePlace, value_place};
use crate::tui::state::{Pane, State, Subject};
use crate::tui::text;
use crate::tui::theme::Role;

pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let focused = state.focus == Pane::Detail;
    let title = match &state.detail.subject {
        Some(Subject::Document(_, key)) => title(key, usize::from(area.width.saturating_sub(6))),
        _ => "Detail".to_owned(),
    };
    let block = pane(state, Line::from(format!(" 3 {title} ")), focused);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let inner = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    if let Some(Err(reason)) = &state.detail.content {
        return message(state, frame, inside, reason, Role::Error);
    }
    let width = usize::from(inner.width);
    let mut drawn = Vec::new();
    let mut chosen = None;
    for (at, row) in state.detail.rows.iter().enumerate().skip(state.detail.cursor.top) {
        if drawn.len() >= usize::from(inner.height) {
            break;
        }
        if at == state.detail.cursor.at {
            chosen = Some(drawn.len());
        }
        drawn.extend(row_lines(state, row, width));
    }
    lines(frame, inner, drawn);
    if let (true, Some(row)) = (focused, chosen) {
        highlight(frame, inside, row, state.theme.style(Role::Selection));
    }
}

/// A resource's name with its type, its beginning and end readable.
fn title(key: &ResourceKey, width: usize) -> String {
    let label = key.label();
    text::cut_middle(&text::clean(&label), width).into_owned()
}

fn row_lines<'a>(state: &State, row: &'a DetailRow, width: usize) -> Vec<Line<'a>> {
    if !row.cells.is_empty() {
        return vec![picture_line(state, row, width)];
    }
    let arrow = match row.open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None => "  ",
    };
    let indent = " ".repeat(row.depth * 2);
    if row.heading {
        let (name, note) =
            row.label.split_once(" (").map_or((row.label.as_str(), None), |(name, note)| (name, Some(note)));
        let mut spans = vec![Span::raw(indent)];
        if row.open.is_some() {
            spans.push(span(state, Role::Muted, arrow));
        }
        spans.push(span(state, Role::Strong, text::cut(name, width).into_owned()));
        if let Some(note) = note {
            spans.push(span(state, Role::Muted, format!("  {}", note.trim_end_matches(')'))));
        }
        return vec![Line::from(spans)];
    }
    if row.label.is_empty() && row.depth == 0 {
        let wrapped = text::wrap(&row.value, width);
        return wrapped.into_iter().map(|line| Line::from(span(state, row.role, line))).collect();
    }
    let ValuePlace { start, room, below } = value_place(row, width);
    let mut wrapped = text::wrap(&row.value, room).into_iter();
    let label = text::cut(&row.label, width.saturating_sub(row.depth * 2 + 2)).into_owned();
    let mut first =
        vec![Span::raw(indent), span(state, Role::Muted, arrow), span(state, Role::Property, label), Span::raw("  ")];
    if !below {
        first.extend(wrapped.next().map(|line| span(state, row.role, line)));
    }
    let rest = wrapped.map(|line| Line::from(vec![Span::raw(" ".repeat(start)), span(state, row.role, line)]));
    std::iter::once(Line::from(first)).chain(rest).collect()
}

/// A line of a picture: two pixels in each cell, or shades where there are no colours.
fn picture_line<'a>(state: &State, row: &DetailRow, width: usize) -> Line<'a> {
    /// From dark to bright.
    const SHADES: [&str; 6] = [" ", "░", "▒", "▓", "█", "█"];
    let indent = row.depth * 2 + 2;
    let mut spans = vec![Span::raw(" ".repeat(indent))];
    for cell in row.cells.iter().take(width.saturating_sub(indent)) {
        let color = |(red, green, blue)| state.depth.color(red, green, blue);
        spans.push(match (color(cell.top), color(cell.bottom)) {
            (Some(top), Some(bottom)) => Span::styled("▀", Style::new().fg(top).bg(bottom)),
            _ => {
                let bright =
                    |(red, green, blue): (u8, u8, u8)| usize::from(red) + usize::from(green) + usize::from(blue);
                let shade = (bright(cell.top) + bright(cell.bottom)) * 5 / (6 * 255);
                Span::raw(SHADES[shade.min(5)])
            }
        });
    }
    Line::from(spans)
}
