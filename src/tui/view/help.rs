//! Help, made from the table of actions.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::{lines, popup, span, typed};
use crate::tui::action::{ActionInfo, Scope};
use crate::tui::keymap::Keymap;
use crate::tui::layout::centred;
use crate::tui::overlay::Picker;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::enabled::enabled;
use crate::tui::update::overlays::{HELP, matching};

/// A line of help: a heading, or an action.
enum Entry {
    Heading(Scope),
    Action(&'static ActionInfo),
    Gap,
}

fn entries(keymap: &Keymap, query: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let found = matching(keymap, query);
    for scope in Scope::ALL {
        let mut of_scope = found.iter().filter(|info| info.scope == scope).peekable();
        if of_scope.peek().is_some() {
            if !entries.is_empty() {
                entries.push(Entry::Gap);
            }
            entries.push(Entry::Heading(scope));
            entries.extend(of_scope.map(|info| Entry::Action(info)));
        }
    }
    entries
}

/// How many lines help has.
pub fn help_lines(state: &State, query: &str) -> usize {
    let width = usize::from(centred(state.size, HELP.0, HELP.1).width.saturating_sub(4));
    entries(&state.keymap, query).iter().map(|entry| drawn_entry(state, entry, width).len()).sum()
}

pub(super) fn draw(state: &State, frame: &mut Frame, picker: &Picker) {
    let inner = popup(state, frame, centred(state.size, HELP.0, HELP.1), "Help", Role::Focus);
    let width = usize::from(inner.width);
    let (shown, cursor) = typed(&picker.input, width.saturating_sub(16));
    let prompt = "type to find: ";
    let search = Line::from(vec![span(state, Role::Muted, prompt), Span::raw(shown)]);
    let mut drawn = vec![search, Line::default()];
    let entries = entries(&state.keymap, picker.input.value());
    if entries.is_empty() {
        drawn.push(Line::from(span(state, Role::Muted, "No action is described by these words.")));
    }
    drawn.extend(entries.iter().flat_map(|entry| drawn_entry(state, entry, width)).skip(picker.cursor.at));
    lines(frame, inner, drawn);
    frame.set_cursor_position((inner.x + prompt.len() as u16 + cursor, inner.y));
}

/// An entry as lines: a description that is too long for one goes on below its beginning.
fn drawn_entry<'a>(state: &State, entry: &Entry, width: usize) -> Vec<Line<'a>> {
    const KEYS: usize = 18;
    const NAME: usize = 16;
    let info = match entry {
        Entry::Gap => return vec![Line::default()],
        Entry::Heading(scope) => return vec![Line::from(span(state, Role::Strong, scope.title()))],
        Entry::Action(info) => info,
    };
    let keys = state.keymap.keys(info.action).join("  ");
    let keys = text::cut(&keys, KEYS - 3).into_owned();
    let (role, said) = match enabled(state, info.action) {
        Ok(()) => (Role::Muted, info.description.to_owned()),
        Err(reason) => (Role::Warning, format!("not now: {reason}")),
    };
    let first = vec![
        span(state, Role::Key, format!("  {keys}{}", " ".repeat(KEYS.saturating_sub(2 + text::width(&keys))))),
        Span::raw(format!("{:NAME$}", info.name)),
    ];
    let below = || vec![Span::raw(" ".repeat(KEYS + NAME))];
    let wrapped = text::wrap(&said, width.saturating_sub(KEYS + NAME));
    let starts = std::iter::once(first).chain(std::iter::repeat_with(below));
    let line = |(mut spans, part): (Vec<Span<'a>>, &str)| {
        spans.push(span(state, role, part.to_owned()));
        Line::from(spans)
    };
    starts.zip(wrapped).map(line).collect()
}
