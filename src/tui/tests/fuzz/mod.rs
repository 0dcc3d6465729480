//! Keys, mouse, sizes and events of tasks in any order: nothing may panic, and every state must lead back to the
//! panes. `PODEX_FUZZ_SECONDS=60` plays for a minute, `PODEX_FUZZ_SEED=…` plays one game again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Explorer, strange};
use crate::event::{Events, Progress};
use crate::ops::{Context, Overrides, Paths};
use crate::pod::{Digest, ResourceKey};
use crate::search::Index;
use crate::tasks::{Failure, Job, LogLevel, LogLine, Task, TaskId, TaskState};
use crate::tui::message::{Effect, Message};
use crate::tui::overlay::Overlay;
use crate::tui::update::update;
use crate::tui::view::view;

mod answers;

/// Games that are always played, and how long each is.
const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];
const STEPS: usize = 1_200;
/// After so many steps it is seen whether the panes can still be reached.
const CHECK: usize = 60;
/// Answers nobody has waited for longer than this many are dropped, as cancelled ones are.
const PENDING: usize = 40;

#[test]
fn random_keys_sizes_and_task_events_never_panic_and_never_freeze_the_screen() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("PODEX_FUZZ_SEED"), number("PODEX_FUZZ_SECONDS")) {
        (Some(seed), _) => play(seed),
        (None, None) => SEEDS.into_iter().for_each(play),
        (None, Some(seconds)) => {
            let end = Instant::now() + Duration::from_secs(seconds);
            let first = u64::from(rand::random::<u32>());
            let mut played = 0;
            while Instant::now() < end {
                play(first + played);
                played += 1;
            }
            println!("{played} games of {STEPS} steps, from seed {first}");
        }
    }
}

/// Says what led to a panic.
struct Record {
    seed: u64,
    step: usize,
    last: VecDeque<String>,
}

impl Record {
    fn note(&mut self, step: usize, what: String) {
        self.step = step;
        if self.last.len() >= 60 {
            self.last.pop_front();
        }
        self.last.push_back(what);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("\nPODEX_FUZZ_SEED={} step {}; the last messages:", self.seed, self.step);
            self.last.iter().for_each(|line| println!("  {line}"));
        }
    }
}

fn play(seed: u64) {
    let mut record = Record { seed, step: 0, last: VecDeque::new() };
    let mut game = Game::new(seed);
    for step in 0..STEPS {
        let message = game.next();
        let mut said = format!("{message:?}");
        said.truncate(said.floor_char_boundary(160));
        record.note(step, said);
        game.tell(message);
        game.draw();
        if step % CHECK == CHECK - 1 {
            record.note(step, "whether the panes can be reached".to_owned());
            game.leads_back();
        }
    }
}

struct Game {
    random: StdRng,
    explorer: Explorer,
    pending: VecDeque<Pending>,
    index: Arc<Index>,
    /// Holds the store of the index.
    _home: tempfile::TempDir,
}

/// What the world owes an answer to.
enum Pending {
    Job(TaskId, Box<Job>),
    Effect(Effect),
}

impl Game {
    fn new(seed: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        let index = Arc::new(Index::build(&context, &[], &Events::silent()).unwrap());
        let random = StdRng::seed_from_u64(seed);
        let explorer = if seed.is_multiple_of(2) { Explorer::new(80, 24) } else { Explorer::loaded(120, 40) };
        Self { random, explorer, pending: VecDeque::new(), index, _home: home }
    }

    fn chance(&mut self, of_a_hundred: u32) -> bool {
        self.random.random_range(0..100) < of_a_hundred
    }

    fn text(&mut self) -> &'static str {
        strange::text(&mut self.random)
    }

    fn next(&mut self) -> Message {
        match self.random.random_range(0..100) {
            0..58 => Message::Key(self.key()),
            58..64 => self.mouse(),
            64..67 => self.resize(),
            67..70 => Message::Paste(self.text().to_owned()),
            70..73 => {
                let seconds = self.random.random_range(0..20);
                Message::Tick(self.explorer.state.now + jiff::SignedDuration::from_secs(seconds))
            }
            73..80 => self.progress(),
            80..82 => self.stale(),
            _ => self.answer(),
        }
    }

    fn key(&mut self) -> KeyEvent {
        let codes = [
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Delete,
            KeyCode::Backspace,
            KeyCode::F(1),
            KeyCode::Insert,
            KeyCode::Null,
        ];
        let code = match self.random.random_range(0..10) {
            0..4 => codes[self.random.random_range(0..codes.len())],
            4..9 => KeyCode::Char(char::from(self.random.random_range(b' '..=b'~'))),
            _ => KeyCode::Char(self.text().chars().next().unwrap_or('日')),
        };
        let modifiers = match self.random.random_range(0..12) {
            0 => KeyModifiers::CONTROL,
            1 => KeyModifiers::ALT,
            2 => KeyModifiers::SHIFT,
            _ => KeyModifiers::NONE,
        };
        KeyEvent::new(code, modifiers)
    }

    fn mouse(&mut self) -> Message {
        let kind = match self.random.random_range(0..4) {
            0 => MouseEventKind::ScrollUp,
            1 => MouseEventKind::ScrollDown,
            2 => MouseEventKind::Drag(MouseButton::Left),
            _ => MouseEventKind::Down(MouseButton::Left),
        };
        // Late events of a terminal that was larger point outside.
        let (column, row) = (self.random.random_range(0..240), self.random.random_range(0..80));
        Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    }

    fn resize(&mut self) -> Message {
        match self.random.random_range(0..5) {
            0 => Message::Resize(80, 24),
            1 => Message::Resize(120, 40),
            2 => Message::Resize(self.random.random_range(0..70), self.random.random_range(0..20)),
            _ => Message::Resize(self.random.random_range(1..230), self.random.random_range(1..70)),
        }
    }

    /// Something about a task that is under way, or that nobody knows.
    fn progress(&mut self) -> Message {
        let known = self.pending.iter().find_map(|pending| match pending {
            Pending::Job(id, job) => Some((*id, job.title(), job.command())),
            Pending::Effect(_) => None,
        });
        let (id, title, command) = known.unwrap_or((TaskId(9_999), self.text().to_owned(), None));
        let mut task = Task::new(id, title, command);
        task.state =
            [TaskState::Queued, TaskState::Running, TaskState::Stopping][self.random.random_range(0..3)].clone();
        task.phase = self.text().to_owned();
        task.started = self.chance(70).then_some(self.explorer.state.now);
        let mut count = || self.random.random_range(0..3) * self.random.random_range(0..u64::MAX / 4);
        task.progress = Progress { done: count(), total: count(), bytes: count(), total_bytes: count() };
        let line = |text: &str| LogLine { time: self.explorer.state.now, level: LogLevel::Note, text: text.to_owned() };
        task.log = Arc::new(strange::TEXTS.iter().map(|text| line(text)).collect());
        Message::Task(Box::new(task))
    }

    /// An answer to a question nobody asks any more.
    fn stale(&mut self) -> Message {
        let digest = Digest::of(b"long gone");
        let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [self.text()]);
        match self.random.random_range(0..7) {
            0 => Message::Tree(digest, Err(self.text().to_owned())),
            1 => Message::Document(digest, key, Err(self.text().to_owned())),
            2 => Message::Found(self.text().to_owned(), Vec::new(), self.random.random()),
            3 => Message::Edited(self.text().to_owned()),
            4 => Message::Finished(TaskId(12_345), Err(Failure::Cancelled)),
            5 => Message::Saved(Err(self.text().to_owned())),
            _ => Message::Trouble(self.text().to_owned()),
        }
    }

    fn tell(&mut self, message: Message) {
        let effects = update(&mut self.explorer.state, message);
        self.take(effects);
        if self.explorer.state.leaving {
            // Leaving was asked for and granted: the next game begins where this one ended.
            self.explorer.state.leaving = false;
        }
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Chain(jobs) = effect {
                self.take(jobs.into_iter().map(|job| Effect::Submit(Box::new(job))).collect());
            } else if let Effect::Submit(job) = effect {
                let id = TaskId(self.explorer.next);
                self.explorer.next += 1;
                let more = update(&mut self.explorer.state, Message::Submitted(id, job.clone()));
                assert!(more.is_empty(), "submitting has no effects of its own");
                let task = Task::new(id, job.title(), job.command());
                let more = update(&mut self.explorer.state, Message::Task(Box::new(task)));
                self.pending.push_back(Pending::Job(id, job));
                self.take(more);
            } else {
                self.pending.push_back(Pending::Effect(effect));
            }
            if self.pending.len() > PENDING {
                self.pending.pop_front();
            }
        }
    }

    fn draw(&self) -> String {
        let (columns, rows) = self.explorer.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.explorer.state, frame)).unwrap();
        // The backend cannot write a screen without columns down.
        if columns == 0 { String::new() } else { terminal.backend().to_string() }
    }

    /// From wherever this is, Esc leads back to the panes, and help opens over them.
    fn leads_back(&mut self) {
        /// More than things can lie on top of each other by a person's hands.
        const ENOUGH: usize = 400;
        self.tell(Message::Resize(100, 30));
        let press = |game: &mut Self, code| game.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        let at_the_panes = |game: &Self| {
            let state = &game.explorer.state;
            state.overlays.is_empty() && state.diff.is_none() && state.conflicts.is_none() && state.filter.is_none()
        };
        for _ in 0..ENOUGH {
            if at_the_panes(self) && self.explorer.state.chord.is_empty() {
                break;
            }
            press(self, KeyCode::Esc);
        }
        let screen = self.draw();
        assert!(at_the_panes(self) && screen.contains("1 Pods"), "Esc does not lead back:\n{screen}");
        press(self, KeyCode::F(1));
        assert!(matches!(self.explorer.state.overlays.last(), Some(Overlay::Help(_))), "help does not open");
        assert_ne!(self.draw(), screen, "a key must change the screen");
        press(self, KeyCode::Esc);
    }
}
