//! The first minutes: what to do next, from what is there.

use super::list::Cursor;
use super::pods::{Listing, Live};
use crate::instance::Emulator;
use crate::tasks::{Job, emulator_name};
use crate::tui::action::Action;
use crate::tui::overlay::{Choice, Menu};
use crate::tui::state::State;

/// What the tree pane says while no emulator answers.
pub fn offline(state: &State) -> String {
    let key = |action| state.key(action);
    let found = match &state.found {
        None => "Looking for others on this machine …".to_owned(),
        Some(found) if found.is_empty() => {
            format!(
                "1  {} starts one here, or start yours and press {}",
                key(Action::StartInstance),
                key(Action::Refresh)
            )
        }
        Some(found) => {
            let named: Vec<String> = found
                .iter()
                .map(|(emulator, info)| {
                    format!("   {} {} at {}", emulator_name(*emulator), info.version, info.endpoint)
                })
                .collect();
            format!("1  {} uses one that was found:\n{}", key(Action::Start), named.join("\n"))
        }
    };
    format!(
        "No emulator answers at {}.\n\n{found}\n\n2  {} commits what is in it as a pod's first version\n\n3  {} searches all pods, {} shows every key",
        state.endpoint,
        key(Action::Commit),
        key(Action::Search),
        key(Action::Help)
    )
}

/// The start page: what can be done first, best first.
pub fn menu(state: &State) -> Menu {
    let mut items = Vec::new();
    let mut item = |name: &str, note: String, choice| items.push((name.to_owned(), note, choice));
    let online = matches!(state.pods.live, Live::Online(..));
    if online {
        item("commit", "capture the live instance as a pod's version".to_owned(), Choice::Do(Action::Commit));
    }
    for (emulator, info) in state.found.iter().flatten() {
        let note = format!("use {} {}, found on this machine", emulator_name(*emulator), info.version);
        item(info.endpoint.trim_start_matches("http://"), note, Choice::Connect(info.endpoint.clone()));
    }
    if !online {
        let start = |emulator| Choice::Run(Box::new(Job::StartInstance { emulator, port: None }));
        item("ministack", "start it here: small and quick".to_owned(), start(Emulator::Ministack));
        item("moto", "start it here: another code base".to_owned(), start(Emulator::Moto));
    }
    let known = matches!(&state.pods.local, Listing::Ready(pods) if !pods.is_empty());
    if known {
        item("search", "find a resource in all pods".to_owned(), Choice::Do(Action::Search));
    }
    item("add remote", "share pods, or get a teammate's".to_owned(), Choice::Do(Action::AddRemote));
    item("help", "every key, and why it does nothing right now".to_owned(), Choice::Do(Action::Help));
    Menu { title: "What to do first".to_owned(), items, cursor: Cursor::default() }
}
