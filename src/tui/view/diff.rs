//! The comparison: what changed on the left, how on the right, in two columns or one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pods::scrollbar;
use super::{bars, highlight, lines, pane, span, spread};
use crate::pod::ChangeKind;
use crate::tui::action::Action;
use crate::tui::layout::DiffAreas;
use crate::tui::model::diff::{Counts, DiffRow, Piece, mark};
use crate::tui::state::{DiffFocus, DiffScreen, State};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::enabled::enabled;

pub(super) fn draw(state: &State, frame: &mut Frame) {
    let Some(screen) = &state.diff else { return };
    let areas = DiffAreas::of(state.size);
    header(state, frame, areas.header, screen);
    list(state, frame, areas.list, screen);
    // What only one side has needs no second column.
    let both = screen.changes.get(screen.cursor.at).is_some_and(|change| change.kind == ChangeKind::Modified);
    change(state, frame, areas.change, screen, both && areas.wide && !screen.unified);
    frame.buffer_mut().set_style(areas.footer, state.theme.style(Role::Bar));
    let width = usize::from(areas.footer.width);
    let line = match &state.status {
        Some(said) => Line::from(vec![Span::raw(" "), span(state, said.shade(), text::clean(&said.text).into_owned())]),
        None => {
            let mut actions =
                vec![Action::NextChange, Action::PreviousChange, Action::SwitchSides, Action::Whole, Action::Swap];
            if screen.drift.is_some() {
                actions =
                    vec![Action::KeepDrift, Action::Revert, Action::Watch, Action::NextChange, Action::SwitchSides];
            }
            actions.extend(areas.wide.then_some(Action::Unified));
            actions.extend(
                [Action::InjectSide, Action::KeepDrift]
                    .into_iter()
                    .filter(|action| screen.drift.is_none() && enabled(state, *action).is_ok()),
            );
            actions.extend([Action::Reveal, Action::Copy, Action::CopyCommand, Action::Back, Action::Help]);
            bars::keys(state, &actions, width)
        }
    };
    frame.buffer_mut().set_line(areas.footer.x, areas.footer.y, &line, areas.footer.width);
}

fn role(kind: ChangeKind) -> Role {
    match kind {
        ChangeKind::Added => Role::Added,
        ChangeKind::Modified => Role::Modified,
        ChangeKind::Removed => Role::Removed,
    }
}

fn header(state: &State, frame: &mut Frame, area: Rect, screen: &DiffScreen) {
    frame.buffer_mut().set_style(area, state.theme.style(Role::Bar));
    let counts = Counts::of(&screen.changes);
    let left = vec![
        span(state, Role::Key, if screen.drift.is_some() { " drift " } else { " diff " }),
        span(state, Role::Removed, format!(" {}", screen.before)),
        span(state, Role::Muted, " → "),
        span(state, Role::Added, screen.after.clone()),
    ];
    let mut right = bars::activity(state);
    right.extend([
        span(state, Role::Added, format!("+{} ", counts.added)),
        span(state, Role::Modified, format!("~{} ", counts.modified)),
        span(state, Role::Removed, format!("-{} ", counts.removed)),
    ]);
    frame.buffer_mut().set_line(area.x, area.y, &spread(left, right, usize::from(area.width)), area.width);
}

fn list(state: &State, frame: &mut Frame, area: Rect, screen: &DiffScreen) {
    let focused = screen.focus == DiffFocus::List;
    let title = match screen.alike().len() {
        0 => format!(" {} of {} ", screen.cursor.at + 1, screen.changes.len()),
        alike => format!(" {} of {}, {alike} of them alike ", screen.cursor.at + 1, screen.listed()),
    };
    let block = pane(state, Line::from(title), focused);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let changes = screen.changes.iter().map(|change| (&change.key, mark(change.kind), role(change.kind)));
    let alike = screen.alike().iter().map(|key| (key, '=', Role::Muted));
    let shown = changes.chain(alike).skip(screen.cursor.top).take(usize::from(inner.height));
    let drawn: Vec<Line> = shown
        .map(|(key, mark, role)| {
            let name = format!("{}/{}", key.service, key.label());
            let left = format!(" {mark} ");
            let region = text::clean(&key.region).into_owned();
            let room = width.saturating_sub(text::width(&left) + text::width(&region) + 2);
            let name = text::cut_middle(&text::clean(&name), room).into_owned();
            spread(
                vec![span(state, role, left), span(state, role, name)],
                vec![span(state, Role::Muted, format!("{region} "))],
                width,
            )
        })
        .collect();
    lines(frame, inner, drawn);
    let style = state.theme.style(if focused { Role::Selection } else { Role::SelectionIdle });
    highlight(frame, inner, screen.cursor.at - screen.cursor.top, style);
    scrollbar(state, frame, area, screen.cursor.top, screen.listed());
}

fn change(state: &State, frame: &mut Frame, area: Rect, screen: &DiffScreen, wide: bool) {
    let focused = screen.focus == DiffFocus::Change;
    let title = screen.chosen().map(|(key, change)| {
        let name = text::clean(&format!("{}/{}", key.service, key.label())).into_owned();
        let name = text::cut_middle(&name, usize::from(area.width).saturating_sub(20)).into_owned();
        Line::from(vec![
            Span::raw(format!(" {name} ")),
            match change {
                Some(change) => span(state, role(change.kind), format!("{} ", change.kind.word())),
                None => span(state, Role::Muted, "alike "),
            },
        ])
    });
    let block = pane(state, title.unwrap_or_default(), focused);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let height = usize::from(inner.height);
    let mut drawn: Vec<Line> = Vec::new();
    for row in screen.rows.iter().skip(screen.top) {
        if drawn.len() >= height {
            break;
        }
        if wide {
            drawn.extend(two_columns(state, row, usize::from(inner.width)));
        } else {
            drawn.extend(one_column(state, row, usize::from(inner.width)));
        }
    }
    lines(frame, inner, drawn);
    scrollbar(state, frame, area, screen.top, screen.rows.len());
}

fn heading<'a>(state: &State, path: &str, width: usize) -> Line<'a> {
    let path = text::cut_middle(path, width.saturating_sub(2)).into_owned();
    Line::from(vec![Span::raw(" "), span(state, Role::Property, path)])
}

fn two_columns<'a>(state: &State, row: &DiffRow, width: usize) -> Vec<Line<'a>> {
    // Each side: its sign, a space, the text; between them a rule.
    let room = (width.saturating_sub(1) / 2).saturating_sub(3);
    let (before, after) = match row {
        DiffRow::Heading(path) => return vec![heading(state, path, width)],
        DiffRow::Same(line) => {
            let same = |line: &str| broken(state, &[(false, line.to_owned())], (Role::Muted, Role::Muted), room);
            (same(line), same(line))
        }
        DiffRow::Pair(before, after) => {
            let side = |pieces: &Option<Vec<Piece>>, roles| {
                pieces.as_ref().map(|pieces| broken(state, pieces, roles, room)).unwrap_or_default()
            };
            (side(before, (Role::Removed, Role::RemovedWord)), side(after, (Role::Added, Role::AddedWord)))
        }
    };
    let changed = matches!(row, DiffRow::Pair(..));
    (0..before.len().max(after.len()))
        .map(|at| {
            let mut spans = column(state, before.get(at), changed && at == 0, ("-", Role::Removed), room);
            spans.push(span(state, Role::Border, "│"));
            spans.extend(column(state, after.get(at), changed && at == 0, ("+", Role::Added), room));
            Line::from(spans)
        })
        .collect()
}

fn column<'a>(
    state: &State,
    line: Option<&Vec<Span<'a>>>,
    signed: bool,
    (sign, role): (&'static str, Role),
    room: usize,
) -> Vec<Span<'a>> {
    let Some(line) = line else { return vec![Span::raw(" ".repeat(room + 3))] };
    let used: usize = line.iter().map(|span| text::width(&span.content)).sum();
    let mut spans = vec![span(state, role, if signed { format!(" {sign} ") } else { "   ".to_owned() })];
    spans.extend(line.iter().cloned());
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    spans
}

fn one_column<'a>(state: &State, row: &DiffRow, width: usize) -> Vec<Line<'a>> {
    let room = width.saturating_sub(4);
    let signed = |pieces: &[Piece], sign: &'static str, roles: (Role, Role)| {
        broken(state, pieces, roles, room)
            .into_iter()
            .enumerate()
            .map(|(at, line)| {
                let sign = if at == 0 { format!(" {sign} ") } else { "   ".to_owned() };
                let mut spans = vec![span(state, roles.0, sign)];
                spans.extend(line);
                Line::from(spans)
            })
            .collect::<Vec<_>>()
    };
    match row {
        DiffRow::Heading(path) => vec![heading(state, path, width)],
        DiffRow::Same(line) => signed(&[(false, line.clone())], " ", (Role::Muted, Role::Muted)),
        DiffRow::Pair(before, after) => {
            let mut drawn = Vec::new();
            if let Some(before) = before {
                drawn.extend(signed(before, "-", (Role::Removed, Role::RemovedWord)));
            }
            if let Some(after) = after {
                drawn.extend(signed(after, "+", (Role::Added, Role::AddedWord)));
            }
            drawn
        }
    }
}

/// Pieces broken into lines of at most `room` columns.
fn broken<'a>(state: &State, pieces: &[Piece], (plain, changed): (Role, Role), room: usize) -> Vec<Vec<Span<'a>>> {
    let room = room.max(1);
    let mut drawn = Vec::new();
    let mut line = Vec::new();
    let mut used = 0;
    for (is_changed, content) in pieces {
        let role = if *is_changed { changed } else { plain };
        let mut rest = content.as_str();
        while !rest.is_empty() {
            let mut part = text::head(rest, room - used);
            if part.is_empty() {
                if used > 0 {
                    drawn.push(std::mem::take(&mut line));
                    used = 0;
                    continue;
                }
                part = rest.get(..rest.chars().next().map_or(0, char::len_utf8)).unwrap_or(rest);
            }
            line.push(span(state, role, part.to_owned()));
            used = (used + text::width(part)).min(room);
            rest = rest.get(part.len()..).unwrap_or_default();
        }
    }
    drawn.push(line);
    drawn
}
