//! Which keys do what, and which do nothing.

use std::sync::Arc;

use super::{Explorer, in_scope};
use crate::tasks::{Job, Task, TaskId, TaskState};
use crate::tui::action::{Reach, TABLE};
use crate::tui::keymap::Keymap;
use crate::tui::message::Message;
use crate::tui::overlay::Overlay;

#[test]
fn every_action_is_reached_by_each_of_its_keys_and_by_the_palette() {
    let keymap = Keymap::builtin().unwrap();
    for info in TABLE {
        for keys in keymap.written(info.action) {
            let mut explorer = in_scope(info.scope);
            explorer.press(&keys.join(" "));
            // Ctrl-C leads out without asking the key map.
            let reached = explorer.state.trail.back() == Some(&info.action) || explorer.state.leaving;
            assert!(reached, "{keys:?} does not {:?}", info.id);
        }
        let mut explorer = in_scope(info.scope);
        explorer.press(":");
        explorer.write(&format!("{} {}", info.id, info.description));
        explorer.press("enter");
        assert_eq!(explorer.state.trail.back(), Some(&info.action), "the palette does not {:?}", info.id);
    }
}

#[test]
fn read_only_refuses_what_changes_something_and_says_so() {
    for info in TABLE.iter().filter(|info| info.reach != Reach::Looks) {
        let mut explorer = in_scope(info.scope);
        explorer.state.read_only = true;
        let on_top = explorer.state.overlays.len();
        explorer.press(&Keymap::builtin().unwrap().written(info.action).next().unwrap().join(" "));
        assert!(explorer.jobs().is_empty() && explorer.state.overlays.len() == on_top, "{}", info.id);
        assert!(explorer.screen().contains("--read-only"), "{}", info.id);
    }
}

#[test]
fn the_beginning_of_a_chord_shows_how_it_can_go_on() {
    let mut explorer = Explorer::loaded(80, 24);
    explorer.press("g");
    insta::assert_snapshot!(explorer.screen());
    explorer.press("g");
    assert!(explorer.state.chord.is_empty() && explorer.state.pods.cursor.at == 0);
    explorer.press("g esc");
    assert!(explorer.state.chord.is_empty());
}

#[test]
fn hints_name_the_users_own_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keymap.toml");
    std::fs::write(&file, "commit = ['ctrl-k']\n").unwrap();
    let mut explorer = Explorer::loaded(120, 40);
    explorer.state.keymap = Arc::new(Keymap::load(&file).unwrap());
    explorer.press("1");
    assert!(explorer.screen().contains("^K commit"), "{}", explorer.screen());
    explorer.press("ctrl-k");
    assert!(explorer.screen().contains("Commit the live instance"));
}

#[test]
fn help_opens_over_whatever_waits_for_an_answer() {
    for screen in ["I ?", "t ?", "L ?", "c f1", ": f1", "i ?"] {
        let mut explorer = Explorer::loaded(120, 40);
        explorer.press(screen);
        assert!(matches!(explorer.state.overlays.last(), Some(Overlay::Help(_))), "{screen}");
        explorer.press("esc");
        assert_eq!(explorer.state.overlays.len(), 1, "{screen}");
    }
}

#[test]
fn leaving_asks_only_while_something_is_being_changed() {
    let mut explorer = Explorer::loaded(120, 40);
    let commit = Job::Push { pod: "orders".parse().unwrap(), remote: "team".parse().unwrap() };
    let id = TaskId(77);
    let mut task = Task::new(id, commit.title(), commit.command());
    task.state = TaskState::Running;
    explorer.tell(Message::Submitted(id, Box::new(commit)));
    explorer.tell(Message::Task(Box::new(task)));
    explorer.press("q");
    assert!(!explorer.state.leaving && explorer.screen().contains("push orders to team"));
    explorer.press("enter");
    assert!(explorer.state.overlays.is_empty() && !explorer.state.leaving);
    explorer.press("q y");
    assert!(explorer.state.leaving);
    let mut idle = Explorer::loaded(120, 40);
    idle.press("q");
    assert!(idle.state.leaving);
}
