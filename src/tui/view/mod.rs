//! Draws the state. No I/O, no clock, no change: the same state gives the same screen.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::layout::{Areas, SMALLEST};
use super::overlay::Overlay;
use super::state::State;
use super::text;
use super::theme::Role;

mod bars;
mod chord;
mod conflicts;
mod detail;
mod diff;
mod help;
mod overlays;
mod plan;
mod pods;
mod search;
mod tasks;
mod themes;
mod tree;

pub use help::help_lines;
pub use themes::rows as theme_rows;

/// Draws everything.
pub fn view(state: &State, frame: &mut Frame) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, state.theme.style(Role::Text));
    if (area.width, area.height) != state.size {
        // The terminal became another size this very moment: the message that says so is on its way, and until then
        // every place worked out for the old size may lie outside.
        return;
    }
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(frame, area);
    }
    if state.conflicts.is_some() {
        conflicts::draw(state, frame);
    } else if state.diff.is_some() {
        diff::draw(state, frame);
    } else {
        let areas = Areas::of(state);
        bars::header(state, frame, areas.header);
        pods::draw(state, frame, areas.pods);
        tree::draw(state, frame, areas.tree);
        detail::draw(state, frame, areas.detail);
        bars::footer(state, frame, areas.footer);
    }
    for overlay in &state.overlays {
        match overlay {
            Overlay::Help(picker) => help::draw(state, frame, picker),
            Overlay::Palette(picker) => overlays::palette(state, frame, picker),
            Overlay::Form(form) => overlays::form(state, frame, form),
            Overlay::Menu(menu) => overlays::menu(state, frame, menu),
            Overlay::Confirm(confirm) => overlays::confirm(state, frame, confirm),
            Overlay::Notice { title, text, failure } => overlays::notice(state, frame, title, text, *failure),
            Overlay::Plan(view) => plan::draw(state, frame, view),
            Overlay::Tasks(view) => tasks::draw(state, frame, view),
            Overlay::Search(view) => search::draw(state, frame, view),
            Overlay::Themes(view) => themes::draw(state, frame, view),
            Overlay::Log(cursor) => tasks::journal(state, frame, cursor),
        }
    }
    if !state.chord.is_empty() {
        chord::draw(state, frame);
    }
}

fn too_small(frame: &mut Frame, area: Rect) {
    let text = format!(
        "podex needs {} × {}\nthis terminal is {} × {}\n\nmake it larger, or q quits",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    let height = u16::try_from(text.lines().count()).unwrap_or(area.height).min(area.height);
    let middle = Rect { y: (area.height - height) / 2, height, ..area };
    frame.render_widget(Paragraph::new(text).alignment(Alignment::Center), middle);
}

/// A span in a role's style.
fn span<'a>(state: &State, role: Role, content: impl Into<std::borrow::Cow<'a, str>>) -> Span<'a> {
    Span::styled(content, state.theme.style(role))
}

/// The frame of a pane.
fn pane<'a>(state: &State, title: Line<'a>, focused: bool) -> Block<'a> {
    let (border, kind) = if focused { (Role::Focus, BorderType::Thick) } else { (Role::Border, BorderType::Plain) };
    let title = title.patch_style(state.theme.style(if focused { Role::Focus } else { Role::Muted }));
    Block::bordered().border_type(kind).border_style(state.theme.style(border)).title(title)
}

/// A cleared box on top of everything, with its frame; gives its inside.
fn popup(state: &State, frame: &mut Frame, area: Rect, title: &str, role: Role) -> Rect {
    frame.render_widget(Clear, area);
    let title = text::cut(title, usize::from(area.width.saturating_sub(6))).into_owned();
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(state.theme.style(role))
        .title(Span::styled(format!(" {title} "), state.theme.style(Role::Strong)))
        .style(state.theme.style(Role::Text));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// Draws lines from the top of an area, as many as fit.
fn lines<'a>(frame: &mut Frame, area: Rect, lines: impl IntoIterator<Item = Line<'a>>) {
    for (row, line) in (area.y..area.bottom()).zip(lines) {
        frame.buffer_mut().set_line(area.x, row, &line, area.width);
    }
}

/// Sets one row of an area off.
fn highlight(frame: &mut Frame, area: Rect, row: usize, style: Style) {
    if let Ok(row) = u16::try_from(row)
        && row < area.height
    {
        frame.buffer_mut().set_style(Rect { y: area.y + row, height: 1, ..area }, style);
    }
}

/// A line with something at its left and something at its right end; the left gives way.
fn spread<'a>(mut left: Vec<Span<'a>>, right: Vec<Span<'a>>, width: usize) -> Line<'a> {
    let taken: usize = right.iter().map(|span| text::width(&span.content)).sum();
    let room = width.saturating_sub(taken + usize::from(taken > 0));
    let mut used = 0;
    for span in &mut left {
        let here = text::width(&span.content);
        if used + here > room {
            let style = span.style;
            *span = Span::styled(text::cut(&span.content, room.saturating_sub(used)).into_owned(), style);
        }
        used += text::width(&span.content);
    }
    left.push(Span::raw(" ".repeat(width.saturating_sub(used + taken))));
    left.extend(right);
    Line::from(left)
}

/// The spinner as it stands.
fn spinner(state: &State) -> &'static str {
    const FRAMES: [&str; 8] = ["⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"];
    FRAMES[state.spin % FRAMES.len()]
}

/// A line of text being typed, scrolled to its cursor, and where the cursor stands.
fn typed(input: &tui_input::Input, width: usize) -> (String, u16) {
    let scroll = input.visual_scroll(width.saturating_sub(1));
    let mut skipped = 0;
    let rest: String = input
        .value()
        .chars()
        .skip_while(|character| {
            let skip = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*character).unwrap_or(0);
            skip
        })
        .collect();
    let shown = text::head(&text::clean(&rest), width).to_owned();
    (shown, u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0))
}
