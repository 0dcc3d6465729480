//! The theme picker: what is chosen is shown at once, and kept with Enter.

use crossterm::event::{KeyCode, KeyEvent};

use super::{action_of, overlays};
use crate::tui::action::Action;
use crate::tui::message::Effect;
use crate::tui::model::list::Cursor;
use crate::tui::overlay::{Overlay, ThemeView};
use crate::tui::state::State;
use crate::tui::theme::{Role, Theme};

/// Opens the picker; the user's themes are read meanwhile.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let view =
        ThemeView { themes: Vec::new(), faults: Vec::new(), cursor: Cursor::default(), before: state.theme.clone() };
    state.overlays.push(Overlay::Themes(Box::new(view)));
    vec![Effect::ListThemes]
}

/// Takes in what themes there are.
pub(super) fn listed(state: &mut State, themes: Vec<Theme>, faults: Vec<String>) {
    if let Some(Overlay::Themes(view)) = state.overlays.last_mut() {
        view.cursor.at = themes.iter().position(|theme| theme.name == view.before.name).unwrap_or(0);
        view.themes = themes;
        view.faults = faults;
    }
}

/// Takes in the theme's file after it changed.
pub(super) fn reloaded(state: &mut State, result: Result<Box<Theme>, String>) {
    match result {
        Ok(theme) => {
            state.tell(Role::Success, format!("theme {} read again", theme.name));
            state.theme = *theme;
        }
        Err(reason) => state.hint(format!("{reason}; the theme stays as it was")),
    }
}

pub(super) fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    let enter = key.code == KeyCode::Enter;
    match action_of(state, key) {
        _ if enter => keep(state),
        Some(Action::Back | Action::Quit | Action::Theme) => {
            if let Some(Overlay::Themes(view)) = state.overlays.pop() {
                state.theme = view.before;
            }
            Vec::new()
        }
        Some(action) => {
            if let (Some(by), Some(Overlay::Themes(view))) = (overlays::movement(action), state.overlays.last_mut()) {
                view.cursor.step(by, view.themes.len());
                if let Some(theme) = view.themes.get(view.cursor.at) {
                    state.theme = theme.clone();
                }
            }
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn keep(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Themes(view)) = state.overlays.pop() else { return Vec::new() };
    match view.themes.get(view.cursor.at) {
        Some(theme) => {
            state.theme = theme.clone();
            vec![Effect::KeepTheme(theme.name.clone())]
        }
        None => Vec::new(),
    }
}
