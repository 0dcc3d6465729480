//! The task panel and the journal.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{bars, highlight, lines, popup, span, spinner, spread};
use crate::tasks::{LogLevel, Pace, Task, TaskState};
use crate::tui::action::Action;
use crate::tui::layout::centred;
use crate::tui::model::list::Cursor;
use crate::tui::overlay::TasksView;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::enabled::enabled;
use crate::tui::update::overlays::{LOG, TASK_ROWS};

pub(super) fn draw(state: &State, frame: &mut Frame, view: &TasksView) {
    let inner = popup(state, frame, centred(state.size, LOG.0, LOG.1), "Tasks", Role::Focus);
    if state.tasks.is_empty() {
        lines(frame, inner, [Line::from(span(state, Role::Muted, "Nothing has run yet."))]);
        return;
    }
    let width = usize::from(inner.width);
    let rows = TASK_ROWS.min(usize::from(inner.height) / 2);
    let list = Rect { height: rows as u16, ..inner };
    let newest_first = state.tasks.iter().rev();
    let drawn: Vec<Line> =
        newest_first.clone().skip(view.cursor.top).take(rows).map(|task| line(state, task, width)).collect();
    lines(frame, list, drawn);
    highlight(frame, list, view.cursor.at - view.cursor.top, state.theme.style(Role::Selection));
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let actions = [Action::CancelTask, Action::Retry, Action::Hurry, Action::Copy, Action::Back];
    let wanted = actions.into_iter().filter(|action| enabled(state, *action).is_ok()).collect::<Vec<_>>();
    lines(frame, bottom, [bars::keys(state, &wanted, width)]);
    let Some(task) = newest_first.clone().nth(view.cursor.at) else { return };
    let log = Rect { y: list.bottom() + 1, height: inner.height.saturating_sub(rows as u16 + 3), ..inner };
    let mut said = Vec::new();
    if let Some(command) = &task.command {
        let command = text::clean(command).into_owned();
        said.push(Line::from(vec![span(state, Role::Muted, "$ "), span(state, Role::Strong, command)]));
    }
    let room = usize::from(log.height).saturating_sub(said.len());
    let log_lines: Vec<Line> = task
        .log
        .iter()
        .rev()
        .take(room)
        .flat_map(|entry| {
            let (role, sign) = match entry.level {
                LogLevel::Phase => (Role::Property, "▸"),
                LogLevel::Note => (Role::Text, " "),
                LogLevel::Warning => (Role::Warning, "!"),
                LogLevel::Error => (Role::Error, "✗"),
            };
            let time = entry.time.strftime("%H:%M:%S").to_string();
            let room = width.saturating_sub(11);
            let mut drawn: Vec<Line> = entry
                .text
                .lines()
                .flat_map(|line| {
                    text::wrap(&text::clean(line), room).into_iter().map(str::to_owned).collect::<Vec<_>>()
                })
                .enumerate()
                .map(|(at, line)| {
                    let front = if at == 0 { format!("{time} {sign} ") } else { " ".repeat(11) };
                    Line::from(vec![span(state, Role::Muted, front), span(state, role, line)])
                })
                .collect();
            drawn.reverse();
            drawn
        })
        .take(room)
        .collect();
    said.extend(log_lines.into_iter().rev());
    lines(frame, log, said);
}

fn line<'a>(state: &State, task: &Task, width: usize) -> Line<'a> {
    let (role, sign) = match &task.state {
        TaskState::Queued => (Role::Muted, "◦"),
        TaskState::Running => (Role::Key, spinner(state)),
        TaskState::Stopping => (Role::Warning, spinner(state)),
        TaskState::Done(_) => (Role::Success, "✓"),
        TaskState::Failed(_) => (Role::Error, "✗"),
        TaskState::Cancelled => (Role::Warning, "⊘"),
    };
    let mut left = vec![span(state, role, format!("{sign} ")), Span::raw(text::clean(&task.title).into_owned())];
    let right = match &task.state {
        TaskState::Queued => match task.after.and_then(|id| state.tasks.iter().find(|before| before.id == id)) {
            Some(before) if !before.state.is_over() => format!("waits for: {}", before.title),
            _ => "waits for its turn".to_owned(),
        },
        TaskState::Stopping => "stopping …".to_owned(),
        TaskState::Cancelled => "cancelled".to_owned(),
        TaskState::Done(said) => said.clone(),
        TaskState::Failed(reason) => reason.lines().next().unwrap_or_default().to_owned(),
        TaskState::Running => {
            left.push(span(state, Role::Muted, format!("  {}", text::clean(&task.phase))));
            let pace = task.pace(state.now).map(|pace| format!("  {}", paced(pace))).unwrap_or_default();
            progress(task) + &pace
        }
    };
    let right = text::cut(&text::clean(&right), width / 2).into_owned();
    spread(left, vec![span(state, if right.is_empty() { Role::Text } else { role }, right)], width)
}

/// A rate and the time left at it.
fn paced(Pace { rate, in_bytes, left }: Pace) -> String {
    let rate = if in_bytes { format!("{}/s", text::bytes(rate as u64)) } else { format!("{rate:.0}/s") };
    left.map_or(rate.clone(), |left| format!("{rate}  {} left", text::span_of(left)))
}

/// A bar where the end is known, a count where it is not.
fn progress(task: &Task) -> String {
    const CELLS: usize = 16;
    let counted = match task.progress {
        progress if progress.total_bytes > 0 => {
            format!("{} of {}", text::bytes(progress.bytes), text::bytes(progress.total_bytes))
        }
        progress if progress.total > 0 => format!("{} of {}", progress.done, progress.total),
        progress if progress.done > 0 => progress.done.to_string(),
        _ => String::new(),
    };
    match task.share() {
        Some(share) => {
            let full = ((share * CELLS as f64) as usize).min(CELLS);
            format!("{}{} {counted}", "█".repeat(full), "░".repeat(CELLS - full))
        }
        None => counted,
    }
}

pub(super) fn journal(state: &State, frame: &mut Frame, cursor: &Cursor) {
    let inner = popup(
        state,
        frame,
        centred(state.size, LOG.0, LOG.1),
        "Log: what was done, and the command that does the same",
        Role::Focus,
    );
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    if state.journal.is_empty() {
        lines(frame, inner, [Line::from(span(state, Role::Muted, "Nothing has been done yet."))]);
        lines(frame, bottom, [Line::from(span(state, Role::Muted, "Esc closes"))]);
        return;
    }
    let width = usize::from(inner.width);
    let drawn: Vec<Line> = state
        .journal
        .iter()
        .skip(cursor.top)
        .map(|entry| {
            let time = entry.time.strftime("%H:%M:%S ").to_string();
            let command = entry.command.as_ref().map(|command| format!("$ {}", text::clean(command)));
            let command = text::cut(&command.unwrap_or_default(), width / 2).into_owned();
            let left =
                vec![span(state, Role::Muted, time), span(state, entry.role, text::clean(&entry.text).into_owned())];
            spread(left, vec![span(state, Role::Strong, command)], width)
        })
        .collect();
    let body = Rect { height: inner.height.saturating_sub(2), ..inner };
    lines(frame, body, drawn);
    highlight(frame, body, cursor.at - cursor.top, state.theme.style(Role::Selection));
    lines(frame, bottom, [Line::from(span(state, Role::Muted, "y copies the command   Esc closes"))]);
}
