//! Palette, forms, menus, questions and notices.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{highlight, lines, popup, span, spread, typed};
use crate::tui::action::{ActionInfo, Reach};
use crate::tui::layout::centred;
use crate::tui::overlay::{Confirm, Form, Menu, Picker};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::enabled::enabled;
use crate::tui::update::overlays::{PALETTE, matching};

pub(super) fn palette(state: &State, frame: &mut Frame, picker: &Picker) {
    let inner = popup(state, frame, centred(state.size, PALETTE.0, PALETTE.1), "What do you want to do?", Role::Focus);
    let width = usize::from(inner.width);
    let (shown, cursor) = typed(&picker.input, width.saturating_sub(4));
    lines(frame, inner, [Line::from(vec![span(state, Role::Key, ": "), Span::raw(shown)])]);
    frame.set_cursor_position((inner.x + 2 + cursor, inner.y));
    let rows = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
    let found = matching(&state.keymap, picker.input.value());
    if found.is_empty() {
        lines(frame, rows, [Line::from(span(state, Role::Muted, "No action is described by these words."))]);
        return;
    }
    let drawn: Vec<Line> = found
        .iter()
        .skip(picker.cursor.top)
        .map(|info| {
            let (name, note) = match enabled(state, info.action) {
                Ok(()) => (Role::Strong, info.description.to_owned()),
                Err(reason) => (Role::Muted, format!("not now: {reason}")),
            };
            let key = state.key(info.action);
            let left = vec![span(state, name, format!("{:16} ", info.name)), span(state, Role::Muted, note)];
            spread(left, vec![span(state, Role::Key, key)], width)
        })
        .collect();
    lines(frame, rows, drawn);
    highlight(frame, rows, picker.cursor.at - picker.cursor.top, state.theme.style(Role::Selection));
    if let Some(info) = found.get(picker.cursor.at) {
        let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
        lines(frame, bottom, [equivalent(state, info)]);
    }
}

/// The headless command of an action, and whether it destroys something.
fn equivalent<'a>(state: &State, info: &ActionInfo) -> Line<'a> {
    let mut spans = vec![match info.command {
        Some(command) => span(state, Role::Muted, format!("$ {command}   ")),
        None => span(state, Role::Muted, "has a meaning on the screen only   "),
    }];
    if info.reach == Reach::Destroys {
        spans.push(span(state, Role::Warning, "overwrites or deletes: asks first"));
    }
    Line::from(spans)
}

pub(super) fn form(state: &State, frame: &mut Frame, form: &Form) {
    const COLUMNS: u16 = 72;
    let label_width = form.fields.iter().map(|field| text::width(field.label)).max().unwrap_or(0) + 2;
    let room = usize::from(centred(state.size, COLUMNS, 0).width.saturating_sub(4)).saturating_sub(label_width);
    let hints: Vec<Vec<&str>> = form.fields.iter().map(|field| text::wrap(field.hint, room)).collect();
    // Each field with its hint and a line between; then the keys.
    let rows = hints.iter().map(|hint| hint.len() as u16 + 2).sum::<u16>() + 4;
    let inner = popup(state, frame, centred(state.size, COLUMNS, rows), &form.title, Role::Focus);
    let width = usize::from(inner.width);
    let mut y = inner.y;
    for (at, (field, hint)) in form.fields.iter().zip(hints).enumerate() {
        let active = at == form.at;
        let (shown, cursor) = typed(&field.input, room.saturating_sub(1));
        let role = if active { Role::Key } else { Role::Muted };
        let label = span(state, role, format!("{:label_width$}", field.label));
        let height = hint.len() as u16 + 1;
        let row = Rect { y, height, ..inner }.intersection(inner);
        let hint = hint
            .into_iter()
            .map(|hint| Line::from(vec![Span::raw(" ".repeat(label_width)), span(state, Role::Muted, hint)]));
        lines(frame, row, std::iter::once(Line::from(vec![label, Span::raw(shown)])).chain(hint));
        if active {
            frame.set_cursor_position((inner.x + label_width as u16 + cursor, y));
        }
        y += height + 1;
    }
    let bottom = Rect { y: inner.bottom().saturating_sub(2), height: 2, ..inner };
    let said = match &form.error {
        Some(error) => {
            let wrapped: Vec<String> = text::wrap(&text::clean(error), width).into_iter().map(str::to_owned).collect();
            wrapped.into_iter().map(|line| Line::from(span(state, Role::Error, line))).collect()
        }
        None => {
            let last = form.at + 1 == form.fields.len();
            let enter = if last { "⏎ does it" } else { "⏎ next field" };
            vec![
                Line::default(),
                Line::from(span(state, Role::Muted, format!("{enter}   Tab other field   Esc leaves it"))),
            ]
        }
    };
    lines(frame, bottom, said);
}

pub(super) fn menu(state: &State, frame: &mut Frame, menu: &Menu) {
    let rows = menu.items.len() as u16 + 4;
    let inner = popup(state, frame, centred(state.size, 76, rows), &menu.title, Role::Focus);
    let width = usize::from(inner.width);
    let drawn: Vec<Line> = menu
        .items
        .iter()
        .skip(menu.cursor.top)
        .map(|(name, note, _)| {
            let left = vec![
                span(state, Role::Strong, format!("{name:14} ")),
                span(state, Role::Muted, text::clean(note).into_owned()),
            ];
            spread(left, Vec::new(), width)
        })
        .collect();
    lines(frame, inner, drawn);
    highlight(frame, inner, menu.cursor.at - menu.cursor.top, state.theme.style(Role::Selection));
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    lines(frame, bottom, [Line::from(span(state, Role::Muted, "⏎ does it   Esc leaves it"))]);
}

/// Two answers, the chosen one set off.
pub(super) fn answers<'a>(state: &State, no: &'a str, yes: &'a str, yes_chosen: bool) -> Line<'a> {
    let style = |chosen: bool| state.theme.style(if chosen { Role::Selection } else { Role::Text });
    Line::from(vec![
        Span::styled(format!(" {no} "), style(!yes_chosen)),
        Span::raw("   "),
        Span::styled(format!(" {yes} "), style(yes_chosen)),
        span(state, Role::Muted, "     Tab changes, ⏎ takes it, y means yes, Esc no"),
    ])
}

pub(super) fn confirm(state: &State, frame: &mut Frame, confirm: &Confirm) {
    let width = usize::from(centred(state.size, 76, 10).width).saturating_sub(4);
    let mut said: Vec<String> = Vec::new();
    for line in &confirm.text {
        said.extend(text::wrap(&text::clean(line), width).into_iter().map(str::to_owned));
    }
    let area = centred(state.size, 76, said.len() as u16 + 4);
    let inner = popup(state, frame, area, &confirm.title, Role::Warning);
    let mut drawn: Vec<Line> = said.into_iter().map(Line::from).collect();
    drawn.push(Line::default());
    drawn.push(answers(state, "No", "Yes", confirm.yes));
    lines(frame, inner, drawn);
}

pub(super) fn notice(state: &State, frame: &mut Frame, title: &str, said: &str, failure: bool) {
    let width = usize::from(centred(state.size, 90, 10).width).saturating_sub(4);
    let wrapped: Vec<String> = said
        .lines()
        .flat_map(|line| text::wrap(&text::clean(line), width).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let area = centred(state.size, 90, wrapped.len() as u16 + 4);
    let inner = popup(state, frame, area, title, if failure { Role::Error } else { Role::Focus });
    let room = usize::from(inner.height.saturating_sub(2));
    let cut = wrapped.len() > room;
    let mut drawn: Vec<Line> = wrapped.into_iter().take(room).map(Line::from).collect();
    drawn.push(Line::default());
    let more = if cut { "   (t and L show it in full)" } else { "" };
    drawn.push(Line::from(span(state, Role::Muted, format!("Esc closes   y copies{more}"))));
    lines(frame, inner, drawn);
}
