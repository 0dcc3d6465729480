//! Keys of what lies on top of the panes.

use crossterm::event::{KeyCode, KeyEvent};

use super::act::{self, submit};
use super::{action_of, copying, forms, input_request, outcome, perform, places, plan, search, themes};
use crate::tui::action::{Action, ActionInfo, Scope, TABLE};
use crate::tui::keymap::Keymap;
use crate::tui::layout::centred;
use crate::tui::message::Effect;
use crate::tui::model::list::Move;
use crate::tui::overlay::{Choice, Confirm, Consequence, Overlay, Picker, PlanStage, PlanView};
use crate::tui::state::State;

pub(super) fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    match state.overlays.last() {
        Some(Overlay::Help(_)) => picker(state, key, false),
        Some(Overlay::Palette(_)) => picker(state, key, true),
        Some(Overlay::Form(_)) => forms::press(state, key),
        Some(Overlay::Menu(_)) => menu(state, key),
        Some(Overlay::Confirm(_)) => confirm(state, key),
        Some(Overlay::Plan(_)) => plan::press(state, key),
        Some(Overlay::Search(_)) => search::press(state, key),
        Some(Overlay::Themes(_)) => themes::press(state, key),
        Some(Overlay::Tasks(_) | Overlay::Log(_) | Overlay::Notice { .. }) => reading(state, key),
        None => Vec::new(),
    }
}

/// Opens help, or closes it where it is on top.
pub(super) fn help(state: &mut State) -> Vec<Effect> {
    if matches!(state.overlays.last(), Some(Overlay::Help(_))) {
        return close(state);
    }
    perform(state, Action::Help)
}

/// The wheel over an overlay.
pub(super) fn wheel(state: &mut State, down: bool) -> Vec<Effect> {
    step(state, if down { Move::Down(3) } else { Move::Up(3) });
    Vec::new()
}

pub(super) fn movement(action: Action) -> Option<Move> {
    const PAGE: usize = 10;
    Some(match action {
        Action::Up => Move::Up(1),
        Action::Down => Move::Down(1),
        Action::PageUp => Move::Up(PAGE),
        Action::PageDown => Move::Down(PAGE),
        Action::Top => Move::Top,
        Action::Bottom => Move::Bottom,
        _ => return None,
    })
}

fn step(state: &mut State, by: Move) {
    let keymap = state.keymap.clone();
    let (tasks, journal, help) = (state.tasks.len(), state.journal.len(), help_lines(state));
    match state.overlays.last_mut() {
        Some(Overlay::Help(picker)) => picker.cursor.step(by, help),
        Some(Overlay::Search(view)) => view.cursor.step(by, view.hits.len()),
        Some(Overlay::Palette(picker)) => {
            let rows = matching(&keymap, picker.input.value()).len();
            picker.cursor.step(by, rows);
        }
        Some(Overlay::Menu(menu)) => menu.cursor.step(by, menu.items.len()),
        Some(Overlay::Plan(view)) => {
            if let PlanStage::Ready(prepared) = &view.stage {
                view.cursor.step(by, prepared.plan.steps.len() + prepared.plan.notes.len());
            }
        }
        Some(Overlay::Tasks(view)) => view.cursor.step(by, tasks),
        Some(Overlay::Log(cursor)) => cursor.step(by, journal),
        _ => {}
    }
}

pub(super) fn close(state: &mut State) -> Vec<Effect> {
    // A plan nobody waits for any more need not be finished.
    match state.overlays.pop() {
        Some(Overlay::Plan(view)) => match view.stage {
            PlanStage::Planning(Some(task)) => vec![Effect::Cancel(task)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The actions whose name, description or key contains every word of `query`.
pub fn matching(keymap: &Keymap, query: &str) -> Vec<&'static ActionInfo> {
    let query = query.to_lowercase();
    let matches = |info: &&ActionInfo| {
        let keys = keymap.keys(info.action).join(" ");
        let text = format!("{} {} {} {keys}", info.id, info.name, info.description.to_lowercase());
        query.split_whitespace().all(|word| text.contains(word))
    };
    TABLE.iter().filter(matches).collect()
}

fn picker(state: &mut State, key: &KeyEvent, runs: bool) -> Vec<Effect> {
    let by = match key.code {
        KeyCode::Esc => return close(state),
        KeyCode::Up => Some(Move::Up(1)),
        KeyCode::Down => Some(Move::Down(1)),
        KeyCode::PageUp => Some(Move::Up(10)),
        KeyCode::PageDown => Some(Move::Down(10)),
        KeyCode::Enter if runs => return run_chosen(state),
        KeyCode::Enter => return close(state),
        // Help answers to its own key as people expect, unless they are typing.
        KeyCode::Char('?') if !runs && picked(state).is_some_and(|picker| picker.input.value().is_empty()) => {
            return close(state);
        }
        _ => None,
    };
    if let Some(by) = by {
        step(state, by);
    } else if let (Some(request), Some(picker)) = (input_request(key), picked(state)) {
        picker.input.handle(request);
        picker.cursor = Default::default();
    }
    Vec::new()
}

fn picked(state: &mut State) -> Option<&mut Picker> {
    match state.overlays.last_mut() {
        Some(Overlay::Help(picker) | Overlay::Palette(picker)) => Some(picker),
        _ => None,
    }
}

fn run_chosen(state: &mut State) -> Vec<Effect> {
    let keymap = state.keymap.clone();
    let Some(picker) = picked(state) else { return Vec::new() };
    let info = matching(&keymap, picker.input.value()).get(picker.cursor.at).copied();
    state.overlays.pop();
    info.map(|info| perform(state, info.action)).unwrap_or_default()
}

fn menu(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    match action_of(state, key) {
        Some(Action::Back | Action::Quit) => close(state),
        Some(action) => beneath(state, action),
        None if key.code == KeyCode::Enter => {
            let Some(Overlay::Menu(menu)) = state.overlays.pop() else { return Vec::new() };
            match menu.items.into_iter().nth(menu.cursor.at) {
                Some((_, _, Choice::Run(job))) => vec![Effect::Submit(job)],
                Some((_, _, Choice::Do(action))) => perform(state, action),
                Some((_, _, Choice::Connect(endpoint))) => outcome::connect(state, endpoint),
                Some((_, _, Choice::Go(key))) => {
                    places::go_to(state, &key);
                    Vec::new()
                }
                Some((_, _, Choice::Arrange(arrangement))) => {
                    places::arrange(state, *arrangement);
                    Vec::new()
                }
                Some((_, _, Choice::Inject(reference))) => act::inject_version(state, *reference),
                Some((_, _, Choice::Ask(form))) => {
                    state.overlays.push(Overlay::Form(*form));
                    Vec::new()
                }
                None => Vec::new(),
            }
        }
        None => Vec::new(),
    }
}

fn confirm(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = state.overlays.last_mut() else { return Vec::new() };
    let agreed = match key.code {
        KeyCode::Char('y' | 'Y') => true,
        KeyCode::Enter if confirm.yes => true,
        KeyCode::Enter | KeyCode::Esc | KeyCode::Char('n' | 'N' | 'q') => return close(state),
        KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Char('h' | 'l') => {
            confirm.yes = !confirm.yes;
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    match state.overlays.pop() {
        Some(Overlay::Confirm(Confirm { consequence, .. })) if agreed => match consequence {
            Consequence::Quit => {
                state.leaving = true;
                vec![Effect::Quit]
            }
            Consequence::Run(job) => submit(*job),
        },
        _ => Vec::new(),
    }
}

/// What an action does while a menu or a plan waits for an answer: move in it, or look at something else first.
pub(super) fn beneath(state: &mut State, action: Action) -> Vec<Effect> {
    if let Some(by) = movement(action) {
        step(state, by);
        return Vec::new();
    }
    let looks = [Action::Help, Action::Palette, Action::Tasks, Action::Log, Action::Theme, Action::Suspend];
    if looks.contains(&action) { perform(state, action) } else { Vec::new() }
}

/// Task panel, journal and notices: moved in, and closed by their own key, Esc, Enter or q.
fn reading(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let enter = key.code == KeyCode::Enter && state.chord.is_empty();
    match action_of(state, key) {
        _ if enter => close(state),
        Some(action) if action.info().scope == Scope::Tasks => perform(state, action),
        Some(action) => act(state, action).unwrap_or_else(|| beneath(state, action)),
        None => Vec::new(),
    }
}

/// Does an action of the task panel, the journal or a notice, where one is on top; None where it is another's.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match (action, state.overlays.last()?) {
        (Action::Back | Action::Quit, Overlay::Tasks(_) | Overlay::Log(_) | Overlay::Notice { .. })
        | (Action::Tasks, Overlay::Tasks(_))
        | (Action::Log, Overlay::Log(_)) => Some(close(state)),
        (Action::LeaveOut, Overlay::Plan(_)) => {
            if let Some(Overlay::Plan(view)) = state.overlays.last_mut()
                && let Err(reason) = plan::leave_out(view)
            {
                state.hint(reason);
            }
            Some(Vec::new())
        }
        (Action::Retry, Overlay::Tasks(view)) => {
            let id = state.tasks.iter().rev().nth(view.cursor.at).map(|task| task.id);
            let job = id.and_then(|id| state.undone.remove(&id));
            Some(job.map(|job| act::again(state, job)).unwrap_or_default())
        }
        (Action::Hurry, Overlay::Tasks(view)) => {
            Some(state.tasks.iter().rev().nth(view.cursor.at).map(|task| Effect::Hurry(task.id)).into_iter().collect())
        }
        (Action::CancelTask, Overlay::Tasks(view)) => {
            Some(state.tasks.iter().rev().nth(view.cursor.at).map(|task| Effect::Cancel(task.id)).into_iter().collect())
        }
        (Action::Copy | Action::CopyCommand, Overlay::Tasks(view)) => {
            let command = state.tasks.iter().rev().nth(view.cursor.at).and_then(|task| task.command.clone());
            Some(copying::copied(state, command))
        }
        (Action::Copy | Action::CopyCommand, Overlay::Log(cursor)) => {
            let command = state.journal.get(cursor.at).and_then(|line| line.command.clone());
            Some(copying::copied(state, command))
        }
        (Action::Copy, Overlay::Notice { text, .. }) => {
            let text = text.clone();
            Some(copying::copied(state, Some(text)))
        }
        _ => None,
    }
}

pub(super) fn settle(state: &mut State) {
    let size = state.size;
    let inner = |columns, rows, taken: u16| usize::from(centred(size, columns, rows).height.saturating_sub(taken));
    let (tasks, journal) = (state.tasks.len(), state.journal.len());
    let keymap = state.keymap.clone();
    let (theme_rows, help) = (crate::tui::view::theme_rows(state), help_lines(state));
    match state.overlays.last_mut() {
        Some(Overlay::Help(picker)) => {
            // The cursor of help is the first line shown: all its lines are read, none is chosen.
            picker.cursor.at = picker.cursor.at.min(help.saturating_sub(inner(HELP.0, HELP.1, 4)));
        }
        Some(Overlay::Palette(picker)) => {
            let rows = matching(&keymap, picker.input.value()).len();
            picker.cursor.settle(rows, inner(PALETTE.0, PALETTE.1, 6));
        }
        Some(Overlay::Menu(menu)) => menu.cursor.settle(menu.items.len(), 20),
        Some(Overlay::Plan(view)) => {
            if let PlanStage::Ready(prepared) = &view.stage {
                let rows = prepared.plan.steps.len() + prepared.plan.notes.len();
                view.cursor.settle(rows, inner(PLAN.0, plan_rows(view), 9));
            }
        }
        Some(Overlay::Tasks(view)) => view.cursor.settle(tasks, TASK_ROWS),
        Some(Overlay::Search(view)) => view.cursor.settle(view.hits.len(), inner(SEARCH.0, SEARCH.1, SEARCH_FRAME + 2)),
        Some(Overlay::Log(cursor)) => cursor.settle(journal, inner(LOG.0, LOG.1, 4)),
        Some(Overlay::Themes(view)) => view.cursor.settle(view.themes.len(), theme_rows),
        _ => {}
    }
}

/// How many lines help has, where it is on top.
fn help_lines(state: &State) -> usize {
    match state.overlays.last() {
        Some(Overlay::Help(picker)) => crate::tui::view::help_lines(state, picker.input.value()),
        _ => 0,
    }
}

/// Columns and rows of help.
pub const HELP: (u16, u16) = (96, 200);
/// Columns and rows of the palette.
pub const PALETTE: (u16, u16) = (84, 24);
/// Columns of a plan, and the fewest rows.
pub const PLAN: (u16, u16) = (110, 14);

/// Rows that a plan takes with everything around its steps.
pub fn plan_rows(view: &PlanView) -> u16 {
    let listed = match &view.stage {
        PlanStage::Ready(prepared) => prepared.plan.steps.len() + prepared.plan.notes.len(),
        _ => 0,
    };
    u16::try_from(listed + 10).unwrap_or(u16::MAX).max(PLAN.1)
}
/// Columns and rows of search.
pub const SEARCH: (u16, u16) = (130, 60);
/// Rows of the chosen hit in full.
pub const CHOSEN: u16 = 3;
/// Rows around the hits: prompt, heading, the chosen one, keys, and room between them.
pub const SEARCH_FRAME: u16 = CHOSEN + 5;
/// Columns and rows of the journal.
pub const LOG: (u16, u16) = (120, 60);
/// Rows of the list in the task panel.
pub const TASK_ROWS: usize = 6;
