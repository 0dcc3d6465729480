//! The line on top and the line of keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{span, spinner, spread, typed};
use crate::tasks::emulator_name;
use crate::tui::action::Action;
use crate::tui::model::pods::Live;
use crate::tui::state::{Pane, State};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::drift::by_service;
use crate::tui::update::enabled::enabled;

/// Name, instance, and what is being worked on.
pub(super) fn header(state: &State, frame: &mut Frame, area: Rect) {
    frame.buffer_mut().set_style(area, state.theme.style(Role::Bar));
    let mut left = vec![span(state, Role::Key, " podex "), Span::raw(" ")];
    let endpoint = text::clean(&state.endpoint).into_owned();
    match &state.pods.live {
        Live::Looking => left.push(span(state, Role::Muted, format!("looking for an emulator at {endpoint}"))),
        Live::Online(emulator, info) => {
            left.push(span(state, Role::Live, "● "));
            let version = text::clean(&info.version).into_owned();
            left.push(Span::raw(format!("{} {version}", emulator_name(*emulator))));
            left.push(span(state, Role::Muted, format!("  {endpoint}")));
            left.extend(drift(state));
        }
        Live::Offline(_) => {
            left.push(span(state, Role::Error, "○ "));
            left.push(Span::raw(format!("no emulator at {endpoint}")));
        }
    }
    frame.buffer_mut().set_line(area.x, area.y, &spread(left, activity(state), usize::from(area.width)), area.width);
}

/// What is known of the instance's drift, while that is watched.
fn drift<'a>(state: &State) -> Option<Span<'a>> {
    state.watch?;
    let drift = state.drift.as_ref()?;
    Some(match drift.changes.is_empty() {
        true => span(state, Role::Success, format!("  as {}", drift.pod)),
        false => span(state, Role::Modified, format!("  drift: {}", text::cut(&by_service(&drift.changes), 40))),
    })
}

/// What runs, as short as it can be said.
pub(super) fn activity<'a>(state: &State) -> Vec<Span<'a>> {
    let running: Vec<_> = state.running().collect();
    let Some(task) = running.last() else { return Vec::new() };
    let mut said = text::cut(&text::clean(&task.title), 36).into_owned();
    if !task.phase.is_empty() {
        said.push_str(&format!(": {}", text::cut(&text::clean(&task.phase), 20)));
    }
    if let Some(share) = task.share() {
        said.push_str(&format!(" {:.0}%", share * 100.0));
    } else if task.progress.done > 0 {
        said.push_str(&format!(" {}", task.progress.done));
    }
    if running.len() > 1 {
        said.push_str(&format!("  (+{})", running.len() - 1));
    }
    vec![span(state, Role::Key, format!("{} ", spinner(state))), Span::raw(format!("{said} "))]
}

/// What was just said, or what can be done.
pub(super) fn footer(state: &State, frame: &mut Frame, area: Rect) {
    frame.buffer_mut().set_style(area, state.theme.style(Role::Bar));
    if let Some(input) = &state.filter {
        let prompt = " / ";
        let room = usize::from(area.width).saturating_sub(prompt.len() + 34);
        let (shown, cursor) = typed(input, room);
        let left = vec![span(state, Role::Key, prompt), Span::raw(shown)];
        let found = state.tree().and_then(|tree| tree.query()).map(|kept| match kept.matches {
            1 => "1 match".to_owned(),
            matches => format!("{matches} matches"),
        });
        let right = vec![span(state, Role::Muted, format!("{}  ⏎ keeps  Esc clears ", found.unwrap_or_default()))];
        let line = spread(left, right, usize::from(area.width));
        frame.buffer_mut().set_line(area.x, area.y, &line, area.width);
        frame.set_cursor_position((area.x + prompt.len() as u16 + cursor, area.y));
        return;
    }
    let line = match &state.status {
        Some(said) => {
            let line = text::clean(&said.text).into_owned();
            spread(
                vec![Span::raw(" "), span(state, said.shade(), line)],
                vec![span(state, Role::Muted, "L log ")],
                usize::from(area.width),
            )
        }
        None => keys(state, &wanted(state), usize::from(area.width)),
    };
    frame.buffer_mut().set_line(area.x, area.y, &line, area.width);
}

/// The actions worth naming in the footer, most useful first.
fn wanted(state: &State) -> Vec<Action> {
    let mut actions = match state.focus {
        Pane::Pods => vec![
            Action::Open,
            Action::Commit,
            Action::Inject,
            Action::Diff,
            Action::Pull,
            Action::Push,
            Action::StartInstance,
            Action::Status,
            Action::Mark,
            Action::Undo,
        ],
        Pane::Tree => vec![
            Action::Filter,
            Action::Open,
            Action::ExpandAll,
            Action::Referrers,
            Action::Arrange,
            Action::Backward,
            Action::Copy,
            Action::Diff,
            Action::Commit,
            Action::Inject,
        ],
        Pane::Detail => {
            vec![
                Action::Open,
                Action::Follow,
                Action::Referrers,
                Action::Backward,
                Action::Reveal,
                Action::Copy,
                Action::Save,
                Action::Pager,
                Action::Edit,
                Action::Back,
            ]
        }
    };
    let online = matches!(state.pods.live, Live::Online(..));
    actions.retain(|action| enabled(state, *action).is_ok() && (*action != Action::StartInstance || !online));
    actions.extend([Action::Search, Action::Palette, Action::Help, Action::Quit]);
    actions
}

/// Keys with their names, as many as fit; help and quit always do.
pub(super) fn keys<'a>(state: &State, actions: &[Action], width: usize) -> Line<'a> {
    const ALWAYS: [Action; 2] = [Action::Help, Action::Quit];
    let piece = |action: Action| {
        let info = action.info();
        (state.key(action), info.name)
    };
    let taken = |(key, name): &(String, &str)| text::width(key) + 1 + text::width(name) + 2;
    let last: Vec<_> = actions.iter().filter(|action| ALWAYS.contains(action)).map(|action| piece(*action)).collect();
    let mut room = width.saturating_sub(1 + last.iter().map(taken).sum::<usize>());
    let mut shown = Vec::new();
    for action in actions.iter().filter(|action| !ALWAYS.contains(action)) {
        let piece = piece(*action);
        let needs = taken(&piece);
        if needs <= room {
            room -= needs;
            shown.push(piece);
        }
    }
    let mut spans = vec![Span::raw(" ")];
    for (key, name) in shown.into_iter().chain(last) {
        spans.push(span(state, Role::Key, key));
        spans.push(span(state, Role::Muted, format!(" {name}  ")));
    }
    Line::from(spans)
}
