//! Search over all pods.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{highlight, lines, popup, span, spinner, spread, typed};
use crate::search::Hit;
use crate::tui::layout::centred;
use crate::tui::overlay::SearchView;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::overlays::SEARCH;

pub(super) fn draw(state: &State, frame: &mut Frame, view: &SearchView) {
    let inner = popup(state, frame, centred(state.size, SEARCH.0, SEARCH.1), "Search all pods", Role::Focus);
    let width = usize::from(inner.width);
    let (shown, cursor) = typed(&view.input, width.saturating_sub(24));
    let asked = view.input.value();
    let note = match (&view.failure, &state.index) {
        (Some(_), _) => String::new(),
        (None, None) => format!("{} reading pods …", spinner(state)),
        (None, Some(_)) if asked.trim().is_empty() => String::new(),
        (None, Some(_)) if view.answered != asked => "…".to_owned(),
        (None, Some(_)) if !view.complete => format!("{}+ found …", view.hits.len()),
        (None, Some(_)) => format!("{} found", view.hits.len()),
    };
    let prompt =
        spread(vec![span(state, Role::Key, "> "), Span::raw(shown)], vec![span(state, Role::Muted, note)], width);
    lines(frame, inner, [prompt]);
    frame.set_cursor_position((inner.x + 2 + cursor, inner.y));
    let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let keys = "⏎ goes there   ↑↓ choose   Esc closes";
    lines(frame, bottom, [Line::from(span(state, Role::Muted, keys))]);
    let said = match &view.failure {
        Some(reason) => Some((Role::Error, text::clean(reason).into_owned())),
        None if asked.trim().is_empty() => Some((
            Role::Muted,
            "Type a part of a name or of a value. Words may come in any order; all must be there.\n\nNarrow down by pod:  service:  type:  region:  account:  tag:".to_owned(),
        )),
        None if view.hits.is_empty() && view.answered == asked => Some((
            Role::Muted,
            "No pod has anything like this. The live instance is found once it is committed.".to_owned(),
        )),
        None => None,
    };
    if let Some((role, said)) = said {
        let wrapped: Vec<String> = text::wrap(&said, width).into_iter().map(str::to_owned).collect();
        lines(frame, body, wrapped.into_iter().map(|line| Line::from(span(state, role, line))));
        return;
    }
    let last = view.hits.len().min(view.cursor.top + usize::from(body.height));
    let hits = view.hits.get(view.cursor.top..last).unwrap_or_default();
    let widths = widths(hits, width);
    lines(frame, Rect { y: inner.y + 1, height: 1, ..inner }, [heading(state, &widths)]);
    let drawn: Vec<Line> = hits.iter().map(|hit| line(state, hit, &widths, width)).collect();
    lines(frame, body, drawn);
    highlight(frame, body, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
}

/// The columns before the name.
const COLUMNS: [&str; 4] = ["pod", "version", "service", "type"];
/// Most columns that each may take: the name is what people look for.
const WIDEST: [usize; 4] = [16, 7, 16, 18];

/// What stands in the columns before the name.
fn cells(hit: &Hit) -> [String; 4] {
    let (pod, version) = match hit.places.first() {
        None => (String::new(), String::new()),
        Some((pod, number, _)) => {
            let more = hit.places.len() - 1;
            (pod.to_string(), if more == 0 { number.to_string() } else { format!("{number} +{more}") })
        }
    };
    [pod, version, text::clean(&hit.key.service).into_owned(), text::clean(&hit.key.kind).into_owned()]
}

/// From this many columns on, every column may be as wide as it likes.
const ROOMY: usize = 100;
/// Most columns that each may take where there is less room.
const NARROWEST: [usize; 4] = [9, 4, 8, 8];

/// How wide each column must be for what is on screen.
fn widths(hits: &[Hit], room: usize) -> [usize; 4] {
    let most = if room >= ROOMY { WIDEST } else { NARROWEST };
    let mut widths = COLUMNS.map(text::width);
    for (width, most) in widths.iter_mut().zip(most) {
        *width = (*width).min(most);
    }
    for hit in hits {
        for ((width, cell), widest) in widths.iter_mut().zip(cells(hit)).zip(most) {
            *width = (*width).max(text::width(&cell)).min(widest);
        }
    }
    widths
}

/// A text cut or filled up to a column's width.
fn fit(content: &str, width: usize) -> String {
    let content = text::cut(content, width);
    let missing = width.saturating_sub(text::width(&content));
    content.into_owned() + &" ".repeat(missing)
}

fn heading<'a>(state: &State, widths: &[usize; 4]) -> Line<'a> {
    let cells = COLUMNS.iter().zip(widths).map(|(name, width)| fit(name, *width) + "  ");
    Line::from(span(state, Role::Muted, cells.collect::<String>() + "name"))
}

fn line<'a>(state: &State, hit: &Hit, widths: &[usize; 4], width: usize) -> Line<'a> {
    let cells = cells(hit);
    let columns = cells.iter().zip(widths).map(|(cell, width)| fit(cell, *width) + "  ");
    let before: String = columns.collect();
    let room = width.saturating_sub(text::width(&before));
    let mut left = vec![span(state, Role::Muted, before)];
    let roomy = width >= ROOMY;
    let place = if roomy { text::clean(&hit.key.region).into_owned() } else { String::new() };
    let room = if roomy { room.saturating_sub(text::width(&place) + 1) } else { room };
    match &hit.property {
        None => {
            // Service and type have columns of their own.
            let skip = hit.key.service.chars().count() + hit.key.kind.chars().count() + 2;
            let name: String = hit.text.chars().skip(skip).collect();
            let positions: Vec<usize> = hit.positions.iter().filter_map(|at| at.checked_sub(skip)).collect();
            left.extend(matched(state, &name, &positions, room));
        }
        Some(property) => {
            // What has it is as much of an answer as the value: each gets half where there is not room for both.
            let name = text::clean(&hit.key.name.join("/")).into_owned();
            let owner = format!("  {} of {name}", text::clean(property));
            let value = text::width(&hit.text).min(room.saturating_sub(text::width(&owner)).max(room / 2));
            left.extend(matched(state, &hit.text, &hit.positions, value));
            left.push(span(state, Role::Muted, text::cut_middle(&owner, room.saturating_sub(value)).into_owned()));
        }
    }
    spread(left, vec![span(state, Role::Muted, place)], width)
}

/// A text with the characters that matched set off, beginning a little before the first of them.
fn matched<'a>(state: &State, content: &str, positions: &[usize], width: usize) -> Vec<Span<'a>> {
    const BEFORE: usize = 20;
    let first = positions.first().copied().unwrap_or(0);
    let skipped = if first > BEFORE && text::width(content) > width { first - BEFORE } else { 0 };
    let mut spans = Vec::new();
    let mut run = String::new();
    let mut run_matches = false;
    let mut used = 0;
    if skipped > 0 {
        spans.push(span(state, Role::Muted, "…"));
    }
    let flush = |run: &mut String, matches: bool, spans: &mut Vec<Span<'a>>| {
        if !run.is_empty() {
            let role = if matches { Role::Match } else { Role::Text };
            spans.push(span(state, role, std::mem::take(run)));
        }
    };
    for (at, character) in content.chars().enumerate().skip(skipped) {
        let mut bytes = [0; 4];
        let shown = text::clean(character.encode_utf8(&mut bytes)).into_owned();
        used += text::width(&shown);
        if used > width {
            run.push('…');
            break;
        }
        let matches = positions.binary_search(&at).is_ok();
        if matches != run_matches {
            flush(&mut run, run_matches, &mut spans);
            run_matches = matches;
        }
        run.push_str(&shown);
    }
    flush(&mut run, run_matches, &mut spans);
    spans
}
