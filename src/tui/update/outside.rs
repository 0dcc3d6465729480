//! What is chosen, taken outside of the explorer: to the editor, the pager, or a file.

use std::path::PathBuf;

use super::follow;
use crate::pod::{BlobRef, ResourceKey};
use crate::tui::message::{Effect, Program};
use crate::tui::overlay::{Form, Overlay};
use crate::tui::state::{Pane, State};

/// Most characters of a resource's name in a file's name.
const NAME: usize = 40;

/// Shows what is chosen in another program: a body, where the cursor of the detail is on one, else the document.
pub(super) fn show(state: &State, program: Program) -> Vec<Effect> {
    let Some(Ok(content)) = &state.detail.content else { return Vec::new() };
    let Some((_, key)) = state.chosen_resource() else { return Vec::new() };
    if let Some(name) = blob_at_cursor(state)
        && let Some(text) = content.previews.get(name).and_then(|preview| preview.as_text())
    {
        return vec![Effect::Show { program, name: file_name(&key, None), text }];
    }
    let is_secret = |path: &[String], value: &serde_json::Value| (state.is_secret)(&key, path, value);
    let document = follow::masked(&content.document, state.detail.reveal, &is_secret);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    vec![Effect::Show { program, name: file_name(&key, Some("json")), text }]
}

/// Asks where to save the chosen body.
pub(super) fn ask_save(state: &mut State) {
    let Some((_, key)) = state.chosen_resource() else { return };
    let name = file_name(&key, None);
    if let Some(blob) = chosen_blob(state) {
        state.overlays.push(Overlay::Form(Form::save_body(blob, &name.to_string_lossy())));
    }
}

/// The body to save: the one at the cursor of the detail, else the only or first one.
pub(super) fn chosen_blob(state: &State) -> Option<BlobRef> {
    let Some(Ok(content)) = &state.detail.content else { return None };
    let blobs = &content.document.blobs;
    let chosen = blob_at_cursor(state).and_then(|name| blobs.get(name));
    chosen.or_else(|| blobs.values().next()).copied()
}

fn blob_at_cursor(state: &State) -> Option<&str> {
    let row = state.detail.rows.get(state.detail.cursor.at).filter(|_| state.focus == Pane::Detail)?;
    match row.path.as_slice() {
        [section, name, ..] if section == "blobs" => Some(name),
        _ => None,
    }
}

/// A name for a file that nobody can be harmed by; the end of the resource's name says most.
fn file_name(key: &ResourceKey, extension: Option<&str>) -> PathBuf {
    let safe = |character: char| if character.is_ascii_alphanumeric() || character == '.' { character } else { '-' };
    let name: String = key.own_name().rsplit('/').next().unwrap_or_default().chars().take(NAME).map(safe).collect();
    let name = format!("{}-{}", key.kind, name.trim_start_matches('.'));
    PathBuf::from(extension.map_or(name.clone(), |extension| format!("{name}.{extension}")))
}
