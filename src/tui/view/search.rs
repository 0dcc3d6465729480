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
use crate::tui::update::overlays::{CHOSEN, SEARCH, SEARCH_FRAME};
use crate::tui::update::search::is_reading;

pub(super) fn draw(state: &State, frame: &mut Frame, view: &SearchView) {
    let inner = popup(state, frame, centred(state.size, SEARCH.0, SEARCH.1), "Search all pods", Role::Focus);
    let width = usize::from(inner.width);
    let (shown, cursor) = typed(&view.input, width.saturating_sub(24));
    let asked = view.input.value();
    let note = match (&view.failure, &state.index) {
        (Some(_), _) => String::new(),
        (None, None) => format!("{} reading pods …", spinner(state)),
        (None, Some(_)) => {
            let found = match () {
                () if asked.trim().is_empty() => String::new(),
                () if view.answered != asked => "…".to_owned(),
                () if !view.complete => format!("{}+ found …", view.hits.len()),
                () => format!("{} found", view.hits.len()),
            };
            match is_reading(state) {
                true => format!("{found}  {} reading more", spinner(state)).trim_start().to_owned(),
                false => found,
            }
        }
    };
    let prompt =
        spread(vec![span(state, Role::Key, "> "), Span::raw(shown)], vec![span(state, Role::Muted, note)], width);
    lines(frame, inner, [prompt]);
    frame.set_cursor_position((inner.x + 2 + cursor, inner.y));
    let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(SEARCH_FRAME), ..inner };
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let keys = "⏎ goes there   ↑↓ choose   Esc closes";
    lines(frame, bottom, [Line::from(span(state, Role::Muted, keys))]);
    let said = match &view.failure {
        Some(reason) => {
            let clean: Vec<_> = reason.lines().map(text::clean).collect();
            Some((Role::Error, clean.join("\n")))
        }
        None if asked.trim().is_empty() => Some((
            Role::Muted,
            "Type a part of a name or of a value. Words may come in any order; all must be there.\n\nNarrow down by pod:  service:  type:  region:  account:  tag:\nor by is:live  is:local  is:remote".to_owned(),
        )),
        None if view.hits.is_empty() && view.answered == asked => Some((
            Role::Muted,
            format!(
                "Nothing has anything like this.\n\nThe live instance is searched as it was last looked at{}, and versions on remotes once they were opened.",
                if state.live.is_some() { "" } else { " (not yet)" }
            ),
        )),
        None => None,
    };
    if let Some((role, said)) = said {
        let wrapped = said.lines().flat_map(|line| text::wrap(line, width));
        lines(frame, body, wrapped.map(|line| Line::from(span(state, role, line.to_owned()))));
        return;
    }
    let last = view.hits.len().min(view.cursor.top + usize::from(body.height));
    let hits = view.hits.get(view.cursor.top..last).unwrap_or_default();
    let widths = widths(hits, width);
    lines(frame, Rect { y: inner.y + 1, height: 1, ..inner }, [heading(state, &widths)]);
    let drawn: Vec<Line> = hits.iter().map(|hit| line(state, hit, &widths, width)).collect();
    lines(frame, body, drawn);
    if let Some(hit) = view.hits.get(view.cursor.at) {
        let below = Rect { y: body.bottom() + 1, height: CHOSEN, ..inner };
        lines(frame, below, chosen(state, hit, width));
    }
    highlight(frame, body, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
}

/// The columns before the name.
const COLUMNS: [&str; 4] = ["pod", "version", "service", "type"];
/// Most columns that each may take: the name is what people look for.
const WIDEST: [usize; 4] = [18, 10, 16, 18];
/// From this many columns on, every column may be as wide as it likes.
const ROOMY: usize = 100;
/// The same where there is less room: the version stands behind its pod, and the lines below have the rest.
const NARROWEST: [usize; 4] = [13, 0, 0, 9];

/// What stands in the columns before the name.
fn cells(hit: &Hit, roomy: bool) -> [String; 4] {
    let (service, kind) = (text::clean(&hit.key.service).into_owned(), text::clean(&hit.key.kind).into_owned());
    let Some(reference) = hit.places.first().map(|place| place.reference.to_string()) else {
        return [String::new(), String::new(), service, kind];
    };
    if !roomy {
        let reference = text::cut_middle(&reference, NARROWEST[0]).into_owned();
        return [reference, String::new(), service, kind];
    }
    let at = reference.rfind([':', '@']).filter(|at| *at > 0);
    let (pod, version) = reference.split_at(at.unwrap_or(reference.len()));
    let more = hit.places.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" +{more}") };
    [pod.to_owned(), format!("{}{more}", version.trim_start_matches(':')), service, kind]
}

/// How wide each column must be for what is on screen.
fn widths(hits: &[Hit], room: usize) -> [usize; 4] {
    let most = if room >= ROOMY { WIDEST } else { NARROWEST };
    let mut widths = COLUMNS.map(text::width);
    for (width, most) in widths.iter_mut().zip(most) {
        *width = (*width).min(most);
    }
    for hit in hits {
        for ((width, cell), widest) in widths.iter_mut().zip(cells(hit, room >= ROOMY)).zip(most) {
            *width = (*width).max(text::width(&cell)).min(widest);
        }
    }
    widths
}

/// The cells that have a column, each cut or filled up to its width.
fn columns<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize; 4]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths).filter(|(_, width)| **width > 0) {
        let cell = text::cut(cell, *width);
        line.push_str(&cell);
        line.push_str(&" ".repeat(width.saturating_sub(text::width(&cell)) + 2));
    }
    line
}

fn heading<'a>(state: &State, widths: &[usize; 4]) -> Line<'a> {
    // A heading that does not fit is left out: half a word says less than the cells below it.
    let cells = COLUMNS.iter().zip(widths).map(|(name, width)| if text::width(name) > *width { "" } else { name });
    Line::from(span(state, Role::Muted, columns(cells, widths) + "name"))
}

fn line<'a>(state: &State, hit: &Hit, widths: &[usize; 4], width: usize) -> Line<'a> {
    let roomy = width >= ROOMY;
    let cells = cells(hit, roomy);
    let before = columns(cells.iter().map(String::as_str), widths);
    let mut room = width.saturating_sub(text::width(&before));
    let mut left = vec![span(state, Role::Muted, before)];
    let place = if roomy { text::clean(&hit.key.region).into_owned() } else { String::new() };
    if roomy {
        room = room.saturating_sub(text::width(&place) + 1);
    }
    match &hit.property {
        None => {
            let (name, positions) = name(hit);
            left.extend(matched(state, &name, &positions, room));
        }
        Some(property) => {
            // Whose value it is comes first; then the property, as far as it tells it from others; then the value.
            let name = text::clean(&hit.key.name.join("/")).into_owned();
            let last = property.rsplit('.').find(|part| part.parse::<u64>().is_err()).unwrap_or(property);
            let last = text::clean(last).into_owned();
            let wanted = [text::width(&name), text::width(&last), text::width(&hit.text)];
            let [of_name, of_property, of_value] = shares(wanted, room.saturating_sub(4));
            left.push(Span::raw(format!("{}  ", text::cut_middle(&name, of_name))));
            left.push(span(state, Role::Property, format!("{}  ", text::cut_middle(&last, of_property))));
            left.extend(matched(state, &hit.text, &hit.positions, of_value));
        }
    }
    spread(left, vec![span(state, Role::Muted, place)], width)
}

/// How much of `room` each of several texts gets: what one does not need is the others'.
fn shares<const N: usize>(wanted: [usize; N], room: usize) -> [usize; N] {
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by_key(|at| wanted[*at]);
    let (mut left, mut shares) = (room, [0; N]);
    for (done, at) in order.into_iter().enumerate() {
        shares[at] = wanted[at].min(left / (N - done));
        left -= shares[at];
    }
    shares
}

/// The resource's name with what matched in it. Service and type have columns of their own.
fn name(hit: &Hit) -> (String, Vec<usize>) {
    let skip = hit.key.service.chars().count() + hit.key.kind.chars().count() + 2;
    let name = hit.text.chars().skip(skip).collect();
    (name, hit.positions.iter().filter_map(|at| at.checked_sub(skip)).collect())
}

/// The chosen hit in full: what it is, then the value, then where it is and the versions that have it.
fn chosen<'a>(state: &State, hit: &Hit, width: usize) -> Vec<Line<'a>> {
    let key = &hit.key;
    let what = text::clean(&format!("{}/{}/{}", key.service, key.kind, key.name.join("/"))).into_owned();
    let mut drawn = vec![Line::from(span(state, Role::Strong, text::cut_middle(&what, width).into_owned()))];
    if let Some(property) = &hit.property {
        let property = text::clean(property).into_owned();
        let [of_property, of_value] = shares([text::width(&property), text::width(&hit.text)], width.saturating_sub(2));
        let property = text::cut_middle(&property, of_property).into_owned();
        let mut spans = vec![span(state, Role::Property, format!("{property}  "))];
        spans.extend(matched(state, &hit.text, &hit.positions, of_value));
        drawn.push(Line::from(spans));
    }
    let versions: Vec<String> = hit.places.iter().map(|place| place.reference.to_string()).collect();
    let place = format!("{} {}  in {}", text::clean(&key.account), text::clean(&key.region), versions.join(", "));
    drawn.push(Line::from(span(state, Role::Muted, text::cut(&place, width).into_owned())));
    drawn
}

/// A text with the characters that matched set off. Where it is too long, the first of them is in sight.
fn matched<'a>(state: &State, content: &str, positions: &[usize], width: usize) -> Vec<Span<'a>> {
    let whole: Vec<String> = content.chars().map(shown).collect();
    let columns = |part: &[String]| part.iter().map(|shown| text::width(shown)).sum::<usize>();
    let mut skipped = 0;
    if columns(&whole) > width {
        // A third of the room for what stands before it, more where the end needs less.
        let first = positions.first().copied().unwrap_or(0);
        skipped = first.saturating_sub(width / 3).min((whole.len() + 1).saturating_sub(width));
    }
    let rest = whole.get(skipped..).unwrap_or_default();
    let mut room = width;
    let mut spans = Vec::new();
    if skipped > 0 {
        spans.push(span(state, Role::Muted, "…"));
        room = room.saturating_sub(1);
    }
    let cut = columns(rest) > room;
    room = room.saturating_sub(usize::from(cut));
    let (mut run, mut run_matches) = (String::new(), false);
    let mut flush = |run: &mut String, matches: bool| {
        if !run.is_empty() {
            let role = if matches { Role::Match } else { Role::Text };
            spans.push(span(state, role, std::mem::take(run)));
        }
    };
    for (at, shown) in rest.iter().enumerate() {
        let Some(left) = room.checked_sub(text::width(shown)) else { break };
        room = left;
        let matches = positions.binary_search(&(at + skipped)).is_ok();
        if matches != run_matches {
            flush(&mut run, run_matches);
            run_matches = matches;
        }
        run.push_str(shown);
    }
    flush(&mut run, run_matches);
    if cut {
        spans.push(span(state, Role::Muted, "…"));
    }
    spans
}

/// A character that can be drawn.
fn shown(character: char) -> String {
    text::clean(character.encode_utf8(&mut [0; 4])).into_owned()
}
