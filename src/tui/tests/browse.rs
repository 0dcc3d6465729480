//! Browsing trees and documents.

use super::{Explorer, commit, content, pods};
use crate::pod::Reference;
use crate::tasks::{Job, Outcome};
use crate::tui::message::{Effect, Message, Program};
use crate::tui::model::detail::Content;
use crate::tui::state::Shown;

#[test]
fn bodies_and_documents_go_to_pager_and_file() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("2 G o");
    assert!(explorer.effects.iter().all(|effect| !matches!(effect, Effect::Show { .. })), "nothing is read yet");
    explorer.read();
    explorer.press("o W");
    let shown = explorer.effects.iter().find_map(|effect| match effect {
        Effect::Show { program: Program::Pager, name, text } => Some((name.display().to_string(), text.clone())),
        _ => None,
    });
    let (name, text) = shown.unwrap();
    assert_eq!(name, "secret-db.json");
    assert!(text.contains("••••") && !text.contains("hunter2"), "{text}");
    assert!(explorer.screen().contains("secret-db"), "{}", explorer.screen());
    explorer.press("enter");
    let file = explorer.effects.iter().find_map(|effect| match effect {
        Effect::Save(blob, file) => Some((blob.size, file.display().to_string())),
        _ => None,
    });
    assert_eq!(file, Some((1_234_567, "secret-db".to_owned())));
}

#[test]
fn the_filter_narrows_the_tree_and_escape_gives_it_back() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("/");
    explorer.write("queue");
    explorer.read();
    assert!(!explorer.screen().contains("images"), "{}", explorer.screen());
    explorer.press("enter");
    assert!(explorer.screen().contains("/queue"));
    explorer.press("esc");
    assert!(explorer.screen().contains("images"));
}

#[test]
fn v_shows_a_secret_and_moving_on_hides_it_again() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("2 G v");
    explorer.read();
    assert!(explorer.screen().contains("hunter2"));
    explorer.press("k k j j");
    explorer.read();
    assert!(!explorer.screen().contains("hunter2"));
}

#[test]
fn a_tree_that_cannot_be_read_says_why() {
    let mut explorer = Explorer::loaded(120, 40);
    explorer.press("l j j");
    let Shown::Loading(digest) = explorer.state.shown else { panic!("{:?}", explorer.state.shown) };
    explorer.tell(Message::Tree(digest, Err("pack 3f2a is damaged".to_owned())));
    assert!(explorer.screen().contains("pack 3f2a is damaged"));
}

#[test]
fn starting_at_a_path_goes_there_when_it_is_read() {
    let mut explorer = Explorer::new(120, 40);
    let reference: Reference = "orders:2".parse().unwrap();
    explorer.state.wanted = Some((reference, Some("sqs/queue/orders".to_owned())));
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods())));
    explorer.read();
    let (_, key) = explorer.state.chosen_resource().unwrap();
    assert_eq!(key.label(), "queue/orders");
    assert_eq!(explorer.state.wanted, None);
}

#[test]
fn a_resource_says_which_commit_last_changed_it() {
    let mut explorer = Explorer::loaded(140, 40);
    explorer.press("2 * end");
    explorer.read();
    let Some(crate::tui::state::Subject::Document(digest, key)) = explorer.state.detail.subject.clone() else {
        panic!("{}", explorer.screen())
    };
    let changed = Some((commit(2).digest(), commit(2)));
    explorer.tell(Message::Document(digest, key, Ok(Box::new(Content { changed, ..content() }))));
    let screen = explorer.screen();
    for part in ["last changed", "the orders workflow, with its queue"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
}
