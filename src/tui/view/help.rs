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
pub fn help_lines(keymap: &Keymap, query: &str) -> usize {
    entries(keymap, query).len()
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
    drawn.extend(entries.iter().skip(picker.cursor.at).map(|entry| line(state, entry, width)));
    lines(frame, inner, drawn);
    frame.set_cursor_position((inner.x + prompt.len() as u16 + cursor, inner.y));
}

fn line<'a>(state: &State, entry: &Entry, width: usize) -> Line<'a> {
    const KEYS: usize = 18;
    const NAME: usize = 16;
    match entry {
        Entry::Gap => Line::default(),
        Entry::Heading(scope) => Line::from(span(state, Role::Strong, scope.title())),
        Entry::Action(info) => {
            let keys = state.keymap.keys(info.action).join("  ");
            let keys = text::cut(&keys, KEYS - 3).into_owned();
            let disabled = enabled(state, info.action).err();
            let mut spans = vec![
                span(state, Role::Key, format!("  {keys}{}", " ".repeat(KEYS.saturating_sub(2 + text::width(&keys))))),
                Span::raw(format!("{:NAME$}", info.name)),
            ];
            let room = width.saturating_sub(KEYS + NAME);
            match disabled {
                Some(reason) => {
                    let said = format!("not now: {reason}");
                    spans.push(span(state, Role::Warning, text::cut(&said, room).into_owned()));
                }
                None => spans.push(span(state, Role::Muted, text::cut(info.description, room).into_owned())),
            }
            Line::from(spans)
        }
    }
}
