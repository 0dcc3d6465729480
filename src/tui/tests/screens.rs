//! Whole screens, at every size.

use super::{Explorer, at_every_size, changes, prepared};
use crate::instance::Emulator;
use crate::pod::InstanceInfo;
use crate::tasks::{Cause, Failure, Job, Outcome};
use crate::tui::message::{Effect, Message};
use crate::tui::theme::{Role, Theme};

#[test]
fn the_theme_picker_shows_a_theme_at_once_and_escape_takes_it_back() {
    let nowhere = std::path::Path::new("/nowhere");
    let mut explorer = Explorer::loaded(120, 40);
    let before = explorer.state.theme.clone();
    explorer.press("T");
    assert!(explorer.effects.drain(..).any(|effect| matches!(effect, Effect::ListThemes)));
    explorer.tell(Message::Themes(Theme::all(nowhere).0, vec!["theme mine.toml, line 3: no".to_owned()]));
    explorer.press("j");
    insta::assert_snapshot!(explorer.screen());
    assert_eq!(explorer.state.theme.name, "dark");
    explorer.press("esc");
    assert_eq!(explorer.state.theme, before);
    explorer.press("T");
    explorer.tell(Message::Themes(Theme::all(nowhere).0, Vec::new()));
    explorer.press("j j enter");
    assert_eq!(explorer.state.theme.name, "light");
    assert!(explorer.effects.iter().any(|effect| matches!(effect, Effect::KeepTheme(name) if name == "light")));
}

#[test]
fn a_theme_that_became_malformed_leaves_the_one_before() {
    let mut explorer = Explorer::loaded(120, 40);
    let before = explorer.state.theme.clone();
    explorer.tell(Message::Reloaded(Err("theme mine.toml, line 3: there is no role".to_owned())));
    assert_eq!(explorer.state.theme, before);
    assert!(explorer.screen().contains("mine.toml, line 3"));
    let dark = Theme::load(Some("dark"), std::path::Path::new("/nowhere")).unwrap();
    explorer.tell(Message::Reloaded(Ok(Box::new(dark))));
    assert_ne!(explorer.state.theme.style(Role::Text), before.style(Role::Text));
}

#[test]
fn where_no_emulator_answers_others_are_looked_for_and_offered() {
    let mut explorer = Explorer::new(120, 30);
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(Vec::new())));
    let reason = "connection refused".to_owned();
    explorer.finish(Job::Detect, Err(Failure::Failed { reason, cause: Cause::Unreachable }));
    assert!(explorer.screen().contains("Looking for others"));
    assert!(matches!(explorer.jobs().as_slice(), [Job::Scan]));
    let info = InstanceInfo {
        endpoint: "http://127.0.0.1:4567".to_owned(),
        emulator: "ministack".to_owned(),
        version: "1.5.33".to_owned(),
    };
    explorer.finish(Job::Scan, Ok(Outcome::Found(vec![(Emulator::Ministack, info)])));
    explorer.press("S");
    let screen = explorer.screen();
    assert!(screen.contains("What to do first") && screen.contains("127.0.0.1:4567"), "{screen}");
    explorer.press("enter");
    assert_eq!(explorer.state.endpoint, "http://127.0.0.1:4567");
    assert!(explorer.effects.iter().any(|effect| matches!(effect, Effect::Connect(url) if url.ends_with(":4567"))));
    assert!(explorer.jobs().iter().any(|job| matches!(job, Job::Detect)));
}

#[test]
fn the_first_frame_says_what_is_going_on() {
    insta::assert_snapshot!(Explorer::new(80, 24).screen());
}

#[test]
fn a_version_shows_its_commit() {
    at_every_size("version", |explorer| explorer.press("l j"));
}

#[test]
fn a_resource_shows_its_document_with_secrets_masked_and_escapes_harmless() {
    at_every_size("document", |explorer| {
        explorer.press("2 G");
        explorer.read();
        assert!(!explorer.screen().contains("hunter2"));
        assert!(!explorer.screen().contains('\u{1b}'));
    });
}

#[test]
fn the_comparison_is_side_by_side_where_there_is_room() {
    at_every_size("diff", |explorer| {
        let job = Job::Diff { before: "orders:2".parse().unwrap(), after: "orders:3".parse().unwrap() };
        explorer.state.diff = None;
        crate::tui::update::show_changes(
            &mut explorer.state,
            ("orders:2", "orders:3"),
            job.command().unwrap(),
            changes(),
        );
    });
}

#[test]
fn a_plan_shows_every_step_before_anything_is_done() {
    at_every_size("plan", |explorer| {
        explorer.press("i");
        let job = explorer.jobs().pop().unwrap();
        explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
    });
}

#[test]
fn help_lists_every_key_and_why_some_do_nothing() {
    at_every_size("help", |explorer| explorer.press("?"));
}

#[test]
fn the_palette_finds_actions_by_words() {
    at_every_size("palette", |explorer| {
        explorer.press(":");
        explorer.write("pull");
    });
}

#[test]
fn the_commit_form_asks_for_a_message() {
    at_every_size("commit_form", |explorer| {
        explorer.press("c");
        explorer.write("a message");
    });
}

#[test]
fn a_terminal_that_is_too_small_is_told_what_is_needed() {
    insta::assert_snapshot!(Explorer::loaded(50, 10).screen());
}

#[test]
fn without_an_emulator_the_screen_says_how_to_get_one() {
    let mut explorer = Explorer::new(120, 30);
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(Vec::new())));
    explorer.finish(Job::ListRemotes, Ok(Outcome::Remotes(Vec::new())));
    let reason = "no AWS emulator answers at http://localhost:4566: connection refused".to_owned();
    explorer.finish(Job::Detect, Err(Failure::Failed { reason, cause: Cause::Unreachable }));
    insta::assert_snapshot!(explorer.screen());
    explorer.press("c");
    assert!(explorer.screen().contains("I starts one"), "{}", explorer.screen());
}

#[test]
fn every_screen_survives_every_size() {
    for columns in (1..130).step_by(7) {
        for rows in 1..45 {
            let mut explorer = Explorer::loaded(120, 40);
            explorer.press("2 G");
            explorer.read();
            explorer.tell(Message::Resize(columns, rows));
            explorer.screen();
            for overlay in ["?", "esc :", "esc c", "esc t", "esc L", "esc I", "esc ctrl-p"] {
                explorer.press(overlay);
                explorer.screen();
            }
        }
    }
}
