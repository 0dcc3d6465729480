//! Keys of the comparison.

use super::act::copied;
use crate::tui::action::Action;
use crate::tui::layout::DiffAreas;
use crate::tui::message::Effect;
use crate::tui::model::diff::{self, DiffRow};
use crate::tui::model::list::Move;
use crate::tui::state::{DiffFocus, DiffScreen, SecretRule, State};

/// Does an action of the comparison; None where the action is one of the main screen's.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let areas = DiffAreas::of(state.size);
    let is_secret = state.is_secret.clone();
    let screen = state.diff.as_mut()?;
    let page = match screen.focus {
        DiffFocus::List => usize::from(areas.list.height).saturating_sub(3).max(1),
        DiffFocus::Change => usize::from(areas.change.height).saturating_sub(3).max(1),
    };
    match action {
        Action::Up => step(screen, Move::Up(1), &is_secret),
        Action::Down => step(screen, Move::Down(1), &is_secret),
        Action::PageUp => step(screen, Move::Up(page), &is_secret),
        Action::PageDown => step(screen, Move::Down(page), &is_secret),
        Action::Top => step(screen, Move::Top, &is_secret),
        Action::Bottom => step(screen, Move::Bottom, &is_secret),
        Action::Left => screen.focus = DiffFocus::List,
        Action::Right | Action::Open => screen.focus = DiffFocus::Change,
        Action::SwitchSides | Action::NextPane | Action::PreviousPane => {
            screen.focus = match screen.focus {
                DiffFocus::List => DiffFocus::Change,
                DiffFocus::Change => DiffFocus::List,
            };
        }
        Action::NextChange => next(screen, true, &is_secret),
        Action::PreviousChange => next(screen, false, &is_secret),
        Action::Unified => screen.unified = !screen.unified,
        Action::Reveal => {
            screen.reveal = !screen.reveal;
            rebuild(screen, &is_secret);
        }
        Action::KeepDrift => return Some(super::drift::keep(state)),
        Action::Revert => return Some(super::drift::revert(state)),
        Action::Back => match screen.focus {
            DiffFocus::Change => screen.focus = DiffFocus::List,
            DiffFocus::List => state.diff = None,
        },
        Action::Quit => state.diff = None,
        Action::Copy => {
            let text = screen.changes.get(screen.cursor.at).map(|change| change.key.to_string());
            return Some(copied(state, text));
        }
        Action::CopyCommand => {
            let command = screen.command.clone();
            return Some(copied(state, Some(command)));
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn step(screen: &mut DiffScreen, movement: Move, is_secret: &SecretRule) {
    match screen.focus {
        DiffFocus::List => {
            let before = screen.cursor.at;
            screen.cursor.step(movement, screen.changes.len());
            if screen.cursor.at != before {
                screen.top = 0;
                rebuild(screen, is_secret);
            }
        }
        DiffFocus::Change => {
            screen.top = match movement {
                Move::Up(rows) => screen.top.saturating_sub(rows),
                Move::Down(rows) => screen.top.saturating_add(rows),
                Move::Top => 0,
                Move::Bottom => screen.rows.len(),
            };
        }
    }
}

/// To the next change: the next property of the resource, then the next resource.
fn next(screen: &mut DiffScreen, forward: bool, is_secret: &SecretRule) {
    if let Some(row) = diff::jump(&screen.rows, screen.top, forward) {
        screen.top = row;
        return;
    }
    let last = screen.changes.len().saturating_sub(1);
    let at = if forward { screen.cursor.at + 1 } else { screen.cursor.at.wrapping_sub(1) };
    if at > last {
        return;
    }
    screen.cursor.at = at;
    rebuild(screen, is_secret);
    let headings = |(row, kind): (usize, &DiffRow)| matches!(kind, DiffRow::Heading(_)).then_some(row);
    let last_heading = screen.rows.iter().enumerate().filter_map(headings).next_back();
    screen.top = if forward { 0 } else { last_heading.unwrap_or(0) };
}

/// Makes the rows of the chosen change.
pub(super) fn rebuild(screen: &mut DiffScreen, is_secret: &SecretRule) {
    screen.rows = match screen.changes.get(screen.cursor.at) {
        Some(change) => diff::rows(change, screen.reveal, &|path: &[String], value: &serde_json::Value| {
            is_secret(&change.key, path, value)
        }),
        None => Vec::new(),
    };
}

pub(super) fn settle(state: &mut State) {
    let areas = DiffAreas::of(state.size);
    if let Some(screen) = &mut state.diff {
        let changes = screen.changes.len();
        screen.cursor.settle(changes, usize::from(areas.list.height).saturating_sub(2));
        screen.top = screen.top.min(screen.rows.len().saturating_sub(1));
    }
}
