//! What goes to the clipboard.

use crate::tui::message::Effect;
use crate::tui::model::pods::RowId;
use crate::tui::state::{Pane, State};
use crate::tui::text;
use crate::tui::theme::Role;

/// Copies what is chosen.
pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    let text = match state.focus {
        Pane::Pods => match state.pods.chosen() {
            RowId::Live => Some(state.endpoint.clone()),
            RowId::Remote(name) => state.pods.remote(name).map(|remote| remote.config.url.clone()),
            row => row.reference().map(|reference| reference.to_string()),
        },
        Pane::Tree => match state.chosen_resource() {
            Some((_, key)) => Some(key.to_string()),
            None => state.tree().map(|tree| tree.path(tree.selected()).join("/")),
        },
        Pane::Detail => state.detail.rows.get(state.detail.cursor.at).map(|row| row.raw.clone()),
    };
    copied(state, text)
}

pub(super) fn copied(state: &mut State, text: Option<String>) -> Vec<Effect> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        state.hint("there is nothing to copy here");
        return Vec::new();
    };
    let shown = text::clean(&text).into_owned();
    state.tell(Role::Success, format!("copied {}", text::cut(&shown, 60)));
    vec![Effect::Copy(text)]
}

/// Copies the command that shows what is chosen.
pub(super) fn copy_command(state: &mut State) -> Vec<Effect> {
    let reference = state.pods.chosen().reference();
    let command = reference.map(|reference| match state.chosen_resource() {
        Some((_, key)) if state.follows == Pane::Tree => format!("podex inspect {reference} '{key}'"),
        _ => format!("podex inspect {reference}"),
    });
    copied(state, command.or_else(|| Some("podex list".to_owned())))
}
