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
            "Type a part of a name or of a value. Words may come in any order; all must be there.".to_owned(),
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
    let drawn: Vec<Line> = view
        .hits
        .iter()
        .skip(view.cursor.top)
        .take(usize::from(body.height))
        .map(|hit| line(state, hit, width))
        .collect();
    lines(frame, body, drawn);
    highlight(frame, body, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
}

fn line<'a>(state: &State, hit: &Hit, width: usize) -> Line<'a> {
    let place = match hit.places.as_slice() {
        [] => String::new(),
        [(pod, number, _)] => format!("{pod}:{number}"),
        [(pod, number, _), rest @ ..] => format!("{pod}:{number} +{}", rest.len()),
    };
    let right = format!("{}  {place}", text::clean(&hit.key.region));
    let mut left = matched(state, &hit.text, &hit.positions, width / 2);
    if let Some(property) = &hit.property {
        let name = text::clean(&format!("{}/{}", hit.key.service, hit.key.label())).into_owned();
        left.push(span(state, Role::Muted, format!("  {} of {name}", text::clean(property))));
    }
    spread(left, vec![span(state, Role::Muted, right)], width)
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
