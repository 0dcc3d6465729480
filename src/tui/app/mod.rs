//! The loop: terminal, tasks and signals in, effects out.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::crash::{self, Crash};
use super::keymap::Keymap;
use super::logfile::LogFile;
use super::memory;
use super::message::{Effect, Message, Program};
use super::model::pods::Live;
use super::overlay::Overlay;
use super::session::{self, Session};
use super::state::{Settings, Shown, State};
use super::terminal::Screen;
use super::theme::{Depth, Role, Theme};
use super::update::{drift, fade, update};
use super::watch::Watch;
use super::{StartAt, TuiError};
use crate::ops::{Context, config_set_theme};
use crate::pod::ResourceKey;
use crate::tasks::{Job, Notice, Order, Outcome, Queue, TaskId};
use readers::Readers;

mod programs;
mod readers;

/// Bursts of changes are drawn as one frame no more often than this; a key is always drawn at once.
const FRAME: Duration = Duration::from_millis(16);
/// How often the spinner turns while something runs.
const TICK: Duration = Duration::from_millis(100);
/// How often the files of the user's theme are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long leaving waits for tasks to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the terminal sends.
enum Input {
    Message(Box<Message>),
    /// The terminal is gone.
    Gone,
}

/// Runs the explorer until it is left. To be awaited on the main thread: a panic elsewhere is a task's.
pub async fn run(context: Context, start: StartAt) -> Result<(), TuiError> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(TuiError::NoTerminal);
    }
    memory::give_back_what_is_freed();
    let depth = if start.no_color { Depth::Mono } else { Depth::detect(|name| std::env::var(name).ok()) };
    let themes = context.paths.themes();
    // A theme is no reason not to start: the default is readable everywhere.
    let (theme, fault) = match Theme::load(start.theme.as_deref().or(context.theme.as_deref()), &themes) {
        Ok(theme) => (theme.at(depth), None),
        Err(fault) => (Theme::load(None, &themes)?.at(depth), Some(fault.to_string())),
    };
    let catalog = context.catalog;
    let is_secret = Arc::new(move |key: &ResourceKey, path: &[String], value: &Value| catalog.hides(key, path, value));
    let keymap = Keymap::load(&context.paths.keymap())?;
    let settings =
        Settings { theme, depth, keymap, read_only: context.read_only, mouse: context.mouse, watch: context.watch };
    let mut state = State::new(context.endpoint.to_string(), settings, is_secret);
    if let Some(fault) = fault {
        state.say(Role::Warning, format!("{fault}; going on with the default theme"), None);
    }
    state.wanted = start.reference.map(|reference| (reference, start.path));
    let session_file = session::file(&context.paths.data);
    session::read(&session_file).restore(&mut state);
    if let Some(notice) = start.notice {
        state.overlays.push(Overlay::Notice { title: "Welcome".to_owned(), text: notice, failure: false });
    }
    let mut app = App::new(context, state)?;
    let result = app.run().await;
    crash::prepare(None);
    // The terminal first: stopping tasks may take a moment.
    drop(app.screen);
    // Nothing depends on it: a folder that cannot be written to is told of where it matters.
    let _ = session::write(&session_file, Session::of(&app.state));
    app.queue.shut_down(PATIENCE).await;
    result
}

struct App {
    screen: Screen,
    state: State,
    context: Context,
    queue: Queue<Outcome>,
    notices: mpsc::UnboundedReceiver<Notice<Outcome>>,
    /// Answers of quiet work.
    answers: mpsc::UnboundedReceiver<Message>,
    answer_sender: mpsc::UnboundedSender<Message>,
    watch: Watch,
    inputs: mpsc::UnboundedReceiver<Input>,
    input_sender: mpsc::UnboundedSender<Input>,
    reader: JoinHandle<()>,
    readers: Readers,
    log: LogFile,
    drawn: Instant,
    leaving: bool,
}

impl App {
    fn new(context: Context, state: State) -> Result<Self, TuiError> {
        let screen = Screen::take(state.mouse)?;
        let (queue, notices) = Queue::new();
        let (sender, answers) = mpsc::unbounded_channel();
        let (input_sender, inputs) = mpsc::unbounded_channel();
        let readers = Readers::new(&context, sender.clone());
        let answer_sender = sender;
        let reader = read_terminal(input_sender.clone());
        let log = LogFile::at(context.paths.data.join("explorer.log"));
        Ok(Self {
            screen,
            state,
            context,
            queue,
            notices,
            answers,
            answer_sender,
            watch: Watch::default(),
            inputs,
            input_sender,
            reader,
            readers,
            log,
            drawn: Instant::now(),
            leaving: false,
        })
    }

    async fn run(&mut self) -> Result<(), TuiError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let size = self.screen.size()?;
        self.prepare_for_crash();
        // The first frame comes before anything is read.
        self.take_in(Message::Resize(size.0, size.1)).await?;
        self.draw()?;
        #[cfg(debug_assertions)]
        if std::env::var_os("PODEX_TEST_PANIC").is_some() {
            // Lets a test see that the terminal survives a bug of ours.
            panic!("as PODEX_TEST_PANIC asks");
        }
        for job in [Job::ListPods, Job::Detect, Job::ListRemotes] {
            self.submit(job, None);
        }
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut dirty = false;
        while !self.leaving {
            let turning = self.is_turning();
            let due = drift::due(&self.state).into_iter().chain(fade::due(&self.state)).min().filter(|_| !turning);
            let mut at_once = false;
            tokio::select! {
                biased;
                _ = terminate.recv() => return Err(TuiError::Signal { number: 15 }),
                _ = interrupt.recv() => return Err(TuiError::Signal { number: 2 }),
                _ = hang_up.recv() => return Err(TuiError::Signal { number: 1 }),
                input = self.inputs.recv() => {
                    at_once = true;
                    match input {
                        Some(Input::Message(message)) => self.take_in(*message).await?,
                        Some(Input::Gone) | None => return Err(TuiError::Signal { number: 1 }),
                    }
                }
                answer = self.answers.recv() => {
                    if let Some(message) = answer {
                        // Who types waits for it, and it comes a few times a second at most.
                        at_once = matches!(message, Message::Found(..));
                        self.take_in(message).await?;
                    }
                }
                notice = self.notices.recv() => {
                    if let Some(notice) = notice {
                        self.notice(notice).await?;
                    }
                }
                () = tokio::time::sleep_until((self.drawn + FRAME).into()), if dirty => at_once = true,
                _ = looks.tick(), if !self.state.theme.files.is_empty() => {
                    if self.watch.changed(&self.state.theme.files) {
                        self.read_theme_again();
                    }
                    // Nothing has changed on the screen yet.
                    continue;
                }
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => {
                    self.take_in(Message::Tick(jiff::Timestamp::now())).await?;
                }
                _ = ticks.tick(), if turning => self.take_in(Message::Tick(jiff::Timestamp::now())).await?,
            }
            self.drain().await?;
            dirty = true;
            if at_once || self.drawn.elapsed() >= FRAME {
                self.draw()?;
                dirty = false;
            }
        }
        Ok(())
    }

    /// Takes in what has come meanwhile, so that a burst is one frame.
    async fn drain(&mut self) -> Result<(), TuiError> {
        /// A flood must not keep the screen from being drawn.
        const BURST: usize = 256;
        for _ in 0..BURST {
            if self.leaving {
                break;
            }
            if let Ok(input) = self.inputs.try_recv() {
                match input {
                    Input::Message(message) => self.take_in(*message).await?,
                    Input::Gone => return Err(TuiError::Signal { number: 1 }),
                }
            } else if let Ok(message) = self.answers.try_recv() {
                self.take_in(message).await?;
            } else if let Ok(notice) = self.notices.try_recv() {
                self.notice(notice).await?;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Whether anything on the screen turns.
    fn is_turning(&self) -> bool {
        self.state.running().next().is_some()
            || matches!(self.state.shown, Shown::Loading(_))
            || self.state.pods.live == Live::Looking && !self.state.jobs.is_empty()
    }

    fn draw(&mut self) -> Result<(), TuiError> {
        let (columns, rows) = self.screen.size()?;
        if (columns, rows) != self.state.size {
            // A new size has no effects of its own.
            update(&mut self.state, Message::Resize(columns, rows));
        }
        self.screen.draw(&self.state)?;
        self.drawn = Instant::now();
        Ok(())
    }

    async fn notice(&mut self, notice: Notice<Outcome>) -> Result<(), TuiError> {
        match notice {
            Notice::Changed(id) => match self.queue.read(id) {
                Some(task) => self.take_in(Message::Task(Box::new(task))).await,
                None => Ok(()),
            },
            Notice::Finished(id, result) => self.take_in(Message::Finished(id, result)).await,
        }
    }

    /// Keeps at hand what a crash report says.
    fn prepare_for_crash(&self) {
        let trail = self.state.trail.iter().map(|action| action.info().id).collect();
        crash::prepare(Some(Crash { folder: self.context.paths.data.join("crashes"), trail }));
    }

    fn submit(&mut self, job: Job, after: Option<TaskId>) -> TaskId {
        let work = job.clone().work(self.context.clone());
        let order = Order { lane: job.lane(), priority: job.priority(), after };
        let id = self.queue.submit(order, job.title(), job.command(), work);
        // Submitting has no effects of its own.
        update(&mut self.state, Message::Submitted(id, Box::new(job)));
        id
    }

    async fn take_in(&mut self, message: Message) -> Result<(), TuiError> {
        self.state.now = jiff::Timestamp::now();
        if matches!(message, Message::Key(_)) {
            self.prepare_for_crash();
        }
        for effect in update(&mut self.state, message) {
            match effect {
                Effect::Submit(job) => {
                    self.submit(*job, None);
                }
                Effect::Chain(jobs) => {
                    jobs.into_iter().fold(None, |before, job| Some(self.submit(job, before)));
                }
                Effect::Hurry(id) => {
                    if !self.queue.raise(id) {
                        self.state.hint("it has begun already, or waits for another task");
                    }
                }
                Effect::Cancel(id) => self.queue.cancel(id),
                Effect::ReadTree(digest, commit, wanted) => self.readers.trees.ask((digest, *commit, wanted)),
                Effect::ReadDocument(digest, commit, key) => self.readers.documents.ask((digest, *commit, key)),
                Effect::ReadUnchanged(digest, key) => self.readers.unchanged.ask((digest, key)),
                Effect::ListAlike(digest, changes) => self.readers.alike.ask((digest, changes)),
                Effect::Filter(digest, metamodel, query) => self.readers.filters.ask((digest, metamodel, query)),
                Effect::Search(index, query) => self.readers.searches.ask((index, query)),
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Show { program, name, text } => {
                    self.show(program, &name, &text).await?;
                }
                Effect::Edit(name, text) => {
                    if let Some(text) = self.show(Program::Editor, &name, &text).await? {
                        // The receiver is ours.
                        let _ = self.answer_sender.send(Message::Edited(text));
                    }
                }
                Effect::Save(blob, file) => self.save(blob, file),
                Effect::Connect(endpoint) => match endpoint.parse() {
                    Ok(endpoint) => {
                        self.context.endpoint = endpoint;
                        self.context.origin = crate::ops::EndpointOrigin::Managed;
                    }
                    Err(error) => self.state.hint(error.to_string()),
                },
                Effect::ListThemes => self.list_themes(),
                Effect::KeepTheme(name) => self.keep_theme(&name),
                Effect::Mouse(wanted) => self.screen.listen_to_mouse(wanted)?,
                Effect::Suspend => self.suspend().await?,
                Effect::Quit => self.leaving = true,
            }
        }
        self.state.unlogged.drain(..).for_each(|line| self.log.write(&line));
        Ok(())
    }

    /// Reads a theme's files in the background: they lie on a disk.
    fn read_theme_again(&self) {
        let (name, folder, depth) = (self.state.theme.name.clone(), self.context.paths.themes(), self.state.depth);
        let answers = self.answer_sender.clone();
        tokio::task::spawn_blocking(move || {
            let theme = Theme::load(Some(&name), &folder).map(|theme| Box::new(theme.at(depth)));
            // Nobody is left to be told when the explorer is gone.
            let _ = answers.send(Message::Reloaded(theme.map_err(|fault| fault.to_string())));
        });
    }

    fn list_themes(&self) {
        let (folder, depth, answers) = (self.context.paths.themes(), self.state.depth, self.answer_sender.clone());
        tokio::task::spawn_blocking(move || {
            let (themes, faults) = Theme::all(&folder);
            let themes = themes.into_iter().map(|theme| theme.at(depth)).collect();
            let _ = answers.send(Message::Themes(themes, faults.iter().map(ToString::to_string).collect()));
        });
    }

    fn keep_theme(&mut self, name: &str) {
        let file = &self.context.paths.config_file;
        match config_set_theme(file, name) {
            Ok(()) => self.state.say(Role::Success, format!("theme {name}, kept in {}", file.display()), None),
            Err(error) => self.state.hint(error.to_string()),
        }
    }
}

/// Reads keys in a task of its own and hands them on.
fn read_terminal(sender: mpsc::UnboundedSender<Input>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut events = EventStream::new();
        while let Some(Ok(event)) = events.next().await {
            let message = match event {
                Event::Key(key) => Message::Key(key),
                Event::Mouse(event) if event.kind == MouseEventKind::Moved => continue,
                Event::Mouse(event) => Message::Mouse(event),
                Event::Paste(text) => Message::Paste(text),
                Event::Resize(columns, rows) => Message::Resize(columns, rows),
                Event::FocusGained | Event::FocusLost => continue,
            };
            if sender.send(Input::Message(Box::new(message))).is_err() {
                return;
            }
        }
        let _ = sender.send(Input::Gone);
    })
}
