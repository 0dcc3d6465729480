//! Whole screens of hand-made states, and what keys do to them.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::instance::Emulator;
use crate::ops::RemotePod;
use crate::pod::{InstanceInfo, ResourceKey};
use crate::remote::{RemoteConfig, RemoteVersion};
use crate::tasks::{Failure, Job, Loaded, Outcome, Task, TaskId, TaskState};
use crate::tui::action::Scope;
use crate::tui::keymap::Keymap;
use crate::tui::message::{Effect, Message};
use crate::tui::state::{Settings, State};
use crate::tui::theme::{Depth, Theme};
use crate::tui::update::update;
use crate::tui::view::view;

mod browse;
mod compare;
mod conflicts;
mod fuzz;
mod keys;
mod looks;
mod screens;
mod strange;
mod tasks;
mod world;

use conflicts::resolution;
use world::*;

/// An explorer in a made-up world, and the tasks it asked for.
struct Explorer {
    state: State,
    effects: Vec<Effect>,
    next: u64,
}

impl Explorer {
    fn new(columns: u16, rows: u16) -> Self {
        let is_secret = Arc::new(|_: &ResourceKey, path: &[String], _: &serde_json::Value| {
            path.iter().any(|name| name == "SecretString")
        });
        let theme = Theme::load(None, std::path::Path::new("/nowhere")).unwrap();
        let keymap = Keymap::builtin().unwrap();
        let settings = Settings {
            theme,
            depth: Depth::True,
            keymap,
            read_only: false,
            mouse: true,
            watch: Duration::from_secs(15),
        };
        let mut state = State::new("http://localhost:4566".to_owned(), settings, is_secret);
        state.now = at(NOW);
        let mut explorer = Self { state, effects: Vec::new(), next: 1 };
        explorer.tell(Message::Resize(columns, rows));
        explorer
    }

    /// One that has loaded everything and shows the newest version of `orders`.
    fn loaded(columns: u16, rows: u16) -> Self {
        let mut explorer = Self::new(columns, rows);
        explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods())));
        let info = InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "ministack".to_owned(),
            version: "1.5.33".to_owned(),
        };
        explorer.finish(Job::Detect, Ok(Outcome::Instance(Emulator::Ministack, info)));
        let team = RemoteConfig::new("team".parse().unwrap(), "oci://127.0.0.1:5000/pods");
        explorer.finish(Job::ListRemotes, Ok(Outcome::Remotes(vec![team])));
        let theirs = RemoteVersion { number: 1, digest: commit(7).digest(), commit: commit(7) };
        let remote_pods = vec![RemotePod {
            name: "digits".parse().unwrap(),
            versions: vec![theirs],
            beside: Vec::new(),
            here: Default::default(),
        }];
        explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(remote_pods)));
        explorer.press("j j");
        explorer.read();
        explorer
    }

    fn tell(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.effects.extend(effects);
    }

    /// Presses keys, named as in the key map and separated by spaces.
    fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let modifiers = match key {
                _ if key.starts_with("ctrl-") => KeyModifiers::CONTROL,
                _ if key.starts_with("alt-") => KeyModifiers::ALT,
                _ => KeyModifiers::NONE,
            };
            let code = match key.trim_start_matches("alt-") {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "backtab" => KeyCode::BackTab,
                "space" => KeyCode::Char(' '),
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "left" => KeyCode::Left,
                "right" => KeyCode::Right,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "pageup" => KeyCode::PageUp,
                "pagedown" => KeyCode::PageDown,
                "delete" => KeyCode::Delete,
                "f1" => KeyCode::F(1),
                _ => KeyCode::Char(key.chars().next_back().unwrap()),
            };
            self.tell(Message::Key(KeyEvent::new(code, modifiers)));
        }
    }

    fn write(&mut self, text: &str) {
        for character in text.chars() {
            self.tell(Message::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
    }

    /// Ends a job as the queue would.
    fn finish(&mut self, job: Job, result: Result<Outcome, Failure>) {
        let id = TaskId(self.next);
        self.next += 1;
        let mut task = Task::new(id, job.title(), job.command());
        task.state = match &result {
            Ok(_) => TaskState::Done("done".to_owned()),
            Err(Failure::Cancelled) => TaskState::Cancelled,
            Err(Failure::Failed { reason, .. }) => TaskState::Failed(reason.clone()),
        };
        self.tell(Message::Submitted(id, Box::new(job)));
        self.tell(Message::Task(Box::new(task)));
        self.tell(Message::Finished(id, result));
    }

    /// Answers what was asked to be read: every version holds the same, every document too.
    fn read(&mut self) {
        while let Some(effect) = (!self.effects.is_empty()).then(|| self.effects.remove(0)) {
            match effect {
                Effect::ReadTree(digest, commit, arrangement) => {
                    let metamodel = Arc::new(metamodel(&arrangement));
                    let loaded = Loaded { digest, commit: *commit, metamodel };
                    self.tell(Message::Tree(digest, Ok(Box::new(loaded))));
                }
                Effect::ReadDocument(digest, _, key) => {
                    self.tell(Message::Document(digest, key, Ok(Box::new(content()))));
                }
                Effect::Filter(digest, metamodel, query) => {
                    let kept = super::model::tree::keep(&metamodel, &query);
                    self.tell(Message::Filtered(digest, kept));
                }
                _ => {}
            }
        }
    }

    /// The jobs asked for since the last look.
    fn jobs(&mut self) -> Vec<Job> {
        let jobs = |effect| match effect {
            Effect::Submit(job) => vec![*job],
            Effect::Chain(jobs) => jobs,
            _ => Vec::new(),
        };
        std::mem::take(&mut self.effects).into_iter().flat_map(jobs).collect()
    }

    /// The commands of the jobs asked for since the last look.
    fn commands(&mut self) -> Vec<String> {
        self.jobs().iter().filter_map(Job::command).collect()
    }

    fn screen(&self) -> String {
        let (columns, rows) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |row: u16| {
            let mut line = String::new();
            let mut column = 0;
            while column < columns {
                let symbol = buffer[(column, row)].symbol();
                line.push_str(symbol);
                // A wide character covers the cell behind it.
                column += super::text::width(symbol).max(1) as u16;
            }
            line.trim_end().to_owned() + "\n"
        };
        (0..rows).map(line).collect()
    }
}

/// The sizes every screen is looked at in.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn at_every_size(name: &str, prepare: impl Fn(&mut Explorer)) {
    for (columns, rows) in SIZES {
        let mut explorer = Explorer::loaded(columns, rows);
        prepare(&mut explorer);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), explorer.screen());
    }
}

/// Explorers in which the actions of a scope can be called.
fn in_scope(scope: Scope) -> Explorer {
    let mut explorer = Explorer::loaded(120, 40);
    match scope {
        Scope::Anywhere | Scope::Browse => {}
        Scope::Diff => {
            let (sides, command) = (("orders:2", "orders:3"), "podex diff orders:2 orders:3".to_owned());
            super::update::show_changes(&mut explorer.state, sides, command, changes());
        }
        Scope::Conflicts => {
            let found = resolution(&[]);
            explorer.finish(Job::Conflicts("orders".parse().unwrap()), Ok(Outcome::Conflicts(Box::new(found))));
            explorer.jobs();
        }
        Scope::Plan => {
            explorer.press("i");
            let job = explorer.jobs().pop().unwrap();
            explorer.finish(job, Ok(Outcome::Prepared(Box::new(prepared()))));
        }
        Scope::Tasks => explorer.press("t"),
    }
    explorer
}
