//! The one place where the state changes: `update(state, message)` gives what is to be done outside.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::InputRequest;

use super::action::{Action, Reach, Scope};
use super::keymap::{self, Meaning};
use super::layout::Areas;
use super::message::{Effect, Message};
use super::model::tree::TreeModel;
use super::overlay::Overlay;
use super::state::{Shown, State};
use super::theme::Role;
use crate::pod::{Digest, NodeId};
use crate::tasks::Loaded;

mod act;
mod compare;
mod conflicts;
mod copying;
mod diff;
pub mod drift;
pub mod enabled;
pub mod fade;
pub mod follow;
mod forms;
mod mouse;
pub mod outcome;
mod outside;
pub mod overlays;
pub mod places;
mod plan;
pub mod search;
mod sharing;
mod themes;
mod wanted;

/// Takes in a message.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = take_in(state, message);
    effects.extend(follow::follow(state));
    effects.extend(diff::follow(state));
    if state.read_only {
        refuse_changes(state, &mut effects);
    }
    settle(state);
    effects
}

/// Menus offer jobs as they are: none that changes something leaves here where nothing may be changed.
fn refuse_changes(state: &mut State, effects: &mut Vec<Effect>) {
    let changes = |effect: &Effect| match effect {
        Effect::Submit(job) => !job.is_read_only(),
        Effect::Chain(jobs) => jobs.iter().any(|job| !job.is_read_only()),
        _ => false,
    };
    if effects.iter().any(changes) {
        effects.retain(|effect| !changes(effect));
        state.hint("podex was started to look only (--read-only)");
    }
}

fn take_in(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) if key.kind != KeyEventKind::Release => {
            state.status = None;
            state.restore = None;
            press(state, &key)
        }
        Message::Key(_) => Vec::new(),
        Message::Mouse(event) => mouse::mouse(state, event),
        Message::Paste(text) => {
            // Pasted text is typed text: it never means keys.
            let typed = text.chars().filter(|character| !character.is_control());
            typed.for_each(|character| type_character(state, character));
            typing_changed(state)
        }
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            // Cards are laid out for the pane they are in.
            state.detail.stale = true;
            Vec::new()
        }
        Message::Submitted(id, job) => {
            outcome::submitted(state, id, *job);
            Vec::new()
        }
        Message::Task(task) => {
            match state.tasks.iter_mut().find(|known| known.id == task.id) {
                Some(known) => *known = *task,
                None => state.tasks.push(*task),
            }
            Vec::new()
        }
        Message::Finished(id, result) => outcome::finished(state, id, result),
        Message::Tree(digest, result) => {
            tree_read(state, digest, result);
            Vec::new()
        }
        Message::Document(digest, key, result) => {
            follow::document_read(state, digest, &key, result.map(|content| *content));
            Vec::new()
        }
        Message::Unchanged(digest, key, result) => {
            match result {
                Ok(document) => diff::document_read(state, digest, key, *document),
                Err(reason) => state.say(Role::Error, reason, None),
            }
            Vec::new()
        }
        Message::Alike(digest, result) => {
            match result {
                Ok(keys) => diff::alike_listed(state, digest, keys),
                Err(reason) => state.say(Role::Error, reason, None),
            }
            Vec::new()
        }
        Message::Filtered(digest, kept) => {
            // Typing may be over by now; what counts is that nothing else is sought.
            let wanted = state.sought.as_ref() == Some(&kept.query);
            if wanted
                && state.shown == Shown::Tree(digest)
                && let Some(tree) = state.tree_mut()
            {
                tree.filter(Some(kept));
            }
            state.filtering = None;
            Vec::new()
        }
        Message::Found(query, hits, complete) => search::found(state, query, hits, complete),
        Message::Themes(themes, faults) => {
            themes::listed(state, themes, faults);
            Vec::new()
        }
        Message::Reloaded(result) => {
            themes::reloaded(state, result);
            Vec::new()
        }
        Message::Saved(result) => {
            match result {
                Ok(said) => state.say(Role::Success, said, None),
                Err(reason) => state.say(Role::Error, reason, None),
            }
            Vec::new()
        }
        Message::Edited(text) => conflicts::edited(state, &text),
        Message::Tick(now) => {
            state.now = now;
            state.spin = state.spin.wrapping_add(1);
            fade::tick(state);
            drift::tick(state)
        }
        Message::Trouble(text) => {
            state.say(Role::Error, text, None);
            Vec::new()
        }
    }
}

fn tree_read(state: &mut State, digest: Digest, result: Result<Box<Loaded>, String>) {
    match result {
        Ok(loaded) => {
            // The answer to a question from before the layout was changed: the one to the next is on its way.
            if *loaded.metamodel.arrangement() != state.arrangement {
                return;
            }
            let mut tree = TreeModel::new(loaded.metamodel.clone());
            if state.shown == Shown::Loading(digest) {
                follow::open_as_before(state, &mut tree, false);
                state.shown = Shown::Tree(digest);
            }
            state.keep_tree(digest, tree);
        }
        Err(reason) if state.shown == Shown::Loading(digest) => state.shown = Shown::Failed(digest, reason),
        Err(_) => {}
    }
}

/// Shows a comparison, as when it was just made.
#[cfg(test)]
pub(super) fn show_changes(
    state: &mut State,
    (before, after): (&str, &str),
    command: String,
    changes: Vec<crate::pod::Change>,
) {
    outcome::show_diff(state, (before.to_owned(), after.to_owned()), command, changes);
}

/// Where keys go while nothing is being typed.
pub fn scope(state: &State) -> Scope {
    match state.overlays.last() {
        Some(Overlay::Tasks(_)) => Scope::Tasks,
        Some(Overlay::Plan(_)) => Scope::Plan,
        Some(_) => Scope::Anywhere,
        None if state.conflicts.is_some() => Scope::Conflicts,
        None if state.diff.is_some() => Scope::Diff,
        None => Scope::Browse,
    }
}

fn press(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    // Ctrl-C always leads out, whatever is being typed.
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        return act::quit(state);
    }
    if !state.overlays.is_empty() {
        // A key without a character means help even while text is being typed.
        if matches!(key.code, KeyCode::F(_)) && action_of(state, key) == Some(Action::Help) {
            return overlays::help(state);
        }
        return overlays::press(state, key);
    }
    if state.filter.is_some() {
        return follow::filter_key(state, key);
    }
    match action_of(state, key) {
        Some(action) => perform(state, action),
        None => Vec::new(),
    }
}

/// The action that a key stands for, as the end of a chord too. A key that begins a chord is kept until it ends.
fn action_of(state: &mut State, key: &KeyEvent) -> Option<Action> {
    state.chord.push(keymap::key_name(key)?);
    match state.keymap.meaning(&state.chord, scope(state)) {
        Meaning::Chord => None,
        Meaning::Action(action) => {
            state.chord.clear();
            Some(action)
        }
        Meaning::Nothing => {
            // Whoever gives a chord up by another key means that the chord ends, not what the key does alone.
            state.chord.clear();
            None
        }
    }
}

/// Does an action, or says why it cannot be done.
pub fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    state.remember(action);
    if let Err(reason) = enabled::enabled(state, action) {
        state.hint(format!("{}: {reason}", action.info().name));
        return Vec::new();
    }
    if let Some(effects) = overlays::act(state, action) {
        return effects;
    }
    if state.conflicts.is_some() {
        if let Some(effects) = conflicts::act(state, action) {
            return effects;
        }
        if action.info().scope == Scope::Browse && action.info().reach == Reach::Looks {
            state.conflicts = None;
        }
    }
    if state.diff.is_some() {
        if let Some(effects) = diff::act(state, action) {
            return effects;
        }
        // What looks at the panes needs them on screen.
        if action.info().scope == Scope::Browse && action.info().reach == Reach::Looks {
            state.diff = None;
        }
    }
    act::act(state, action)
}

/// What a key does to a line of text.
fn input_request(key: &KeyEvent) -> Option<InputRequest> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('u') if control => InputRequest::DeleteLine,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char(_) if control || key.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(character) => InputRequest::InsertChar(character),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    })
}

fn type_character(state: &mut State, character: char) {
    let input = match state.overlays.last_mut() {
        Some(Overlay::Form(form)) => {
            let at = form.at;
            form.fields.get_mut(at).map(|field| &mut field.input)
        }
        Some(Overlay::Help(picker) | Overlay::Palette(picker)) => Some(&mut picker.input),
        Some(Overlay::Search(view)) => Some(&mut view.input),
        Some(_) => None,
        None => state.filter.as_mut(),
    };
    if let Some(input) = input {
        input.handle(InputRequest::InsertChar(character));
    }
}

fn typing_changed(state: &mut State) -> Vec<Effect> {
    match state.overlays.last() {
        Some(Overlay::Search(_)) => search::changed(state),
        None if state.filter.is_some() => {
            follow::filter_changed(state);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The node on a line of the tree pane: first the ancestors kept in sight, then the rows.
fn tree_node_at(tree: &TreeModel, line: usize) -> Option<NodeId> {
    let first = tree.at(tree.top())?;
    let above = tree.ancestors(first.node);
    above.get(line).copied().or_else(|| tree.at(tree.top() + line - above.len()).map(|row| row.node))
}

/// Brings every window to its cursor, for the screen as it is now.
fn settle(state: &mut State) {
    let areas = Areas::of(state);
    let rows = state.pods.rows().len();
    state.pods.cursor.settle(rows, areas.pods_rows());
    let height = areas.tree_rows();
    if let Some(tree) = state.tree_mut() {
        tree.settle(height);
    }
    follow::settle_detail(state, areas.detail_inner());
    diff::settle(state);
    conflicts::settle(state);
    overlays::settle(state);
}
