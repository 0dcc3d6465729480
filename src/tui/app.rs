//! The loop: terminal, tasks and signals in, effects out.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::crash::{self, Crash};
use super::keymap::Keymap;
use super::latest::Latest;
use super::logfile::LogFile;
use super::message::{Effect, Message, Program};
use super::model::detail::Content;
use super::model::pods::Live;
use super::model::tree;
use super::overlay::Overlay;
use super::preview::{self, Preview};
use super::session::{self, Session};
use super::state::{Settings, Shown, State};
use super::terminal::Screen;
use super::theme::{Depth, Role, Theme};
use super::update::{drift, update};
use super::watch::Watch;
use super::{StartAt, TuiError};
use crate::event::Events;
use crate::ops::{Context, OpError, Snapshot, config_set_theme};
use crate::pod::{Arrangement, BlobRef, Commit, Digest, Metamodel, ResourceKey};
use crate::search::{Index, Searcher};
use crate::store::{Store, StoreError};
use crate::tasks::{Job, Loaded, Notice, Order, Outcome, Queue, TaskId, read_tree};

/// Bursts of changes are drawn as one frame no more often than this; a key is always drawn at once.
const FRAME: Duration = Duration::from_millis(16);
/// How often the spinner turns while something runs.
const TICK: Duration = Duration::from_millis(100);
/// How often the files of the user's theme are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long leaving waits for tasks to stop.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most blobs of a document that are looked into: the versions of an object may be many.
const PREVIEWS: usize = 12;
/// Most hits that search shows.
const HITS: usize = 500;

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
    trees: Latest<(Digest, Commit, Arrangement)>,
    documents: Latest<(Digest, Commit, ResourceKey)>,
    unchanged: Latest<(Digest, ResourceKey)>,
    filters: Latest<(Digest, Arc<Metamodel>, String)>,
    searches: Latest<(Arc<Index>, String)>,
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
        let for_trees = context.clone();
        let trees =
            Latest::new(sender.clone(), move |(digest, commit, wanted): (Digest, Commit, Arrangement), cancel| {
                let events = Events::new(|_| {}, cancel);
                let metamodel = read_tree(&for_trees, commit.state, &wanted, &events);
                let loaded =
                    metamodel.map(|metamodel| Box::new(Loaded { digest, commit, metamodel: Arc::new(metamodel) }));
                Message::Tree(digest, loaded.map_err(|error| error.to_string()))
            });
        let for_documents = context.clone();
        let documents = Latest::new(sender.clone(), move |(digest, commit, key): (Digest, Commit, ResourceKey), _| {
            let content = read_document(&for_documents, digest, commit, &key).map_err(|error| error.to_string());
            Message::Document(digest, key, content.map(Box::new))
        });
        let for_unchanged = context.clone();
        let unchanged = Latest::new(sender.clone(), move |(digest, key): (Digest, ResourceKey), _| {
            let document = Snapshot::load(&for_unchanged.store, digest).map_err(OpError::from);
            let document = document.and_then(|snapshot| Ok(snapshot.document(&key)?.unwrap_or_default()));
            Message::Unchanged(digest, key, document.map(Box::new).map_err(|error| error.to_string()))
        });
        let filters = Latest::new(sender.clone(), |(digest, metamodel, query): (Digest, Arc<Metamodel>, String), _| {
            Message::Filtered(digest, tree::keep(&metamodel, &query))
        });
        let answer_sender = sender.clone();
        let (searcher, early) = (Arc::new(Mutex::new(None::<Searcher>)), sender.clone());
        let searches = Latest::new(sender, move |(index, query): (Arc<Index>, String), cancel| {
            // One search at a time: the lock is never waited for.
            let mut kept = searcher.lock().unwrap_or_else(PoisonError::into_inner);
            let mut searcher = kept.take().filter(|kept| kept.is_over(&index)).unwrap_or_else(|| Searcher::new(index));
            let mut publish = |hits| {
                let _ = early.send(Message::Found(query.clone(), hits, false));
            };
            let hits = searcher.search(&query, HITS, &cancel, &mut publish);
            *kept = Some(searcher);
            Message::Found(query, hits, true)
        });
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
            trees,
            documents,
            unchanged,
            filters,
            searches,
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
            let due = drift::due(&self.state).filter(|_| !turning);
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
                Effect::ReadTree(digest, commit, wanted) => self.trees.ask((digest, *commit, wanted)),
                Effect::ReadDocument(digest, commit, key) => self.documents.ask((digest, *commit, key)),
                Effect::ReadUnchanged(digest, key) => self.unchanged.ask((digest, key)),
                Effect::Filter(digest, metamodel, query) => self.filters.ask((digest, metamodel, query)),
                Effect::Search(index, query) => self.searches.ask((index, query)),
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

    /// Gives the terminal to someone else until `body` is over.
    async fn lend<T>(&mut self, body: impl Future<Output = T>) -> Result<T, TuiError> {
        // Two readers of one terminal would steal each other's keys.
        self.reader.abort();
        let _ = (&mut self.reader).await;
        self.screen.lend();
        let result = body.await;
        self.screen.take_again()?;
        let (columns, rows) = self.screen.size()?;
        self.state.size = (columns, rows);
        self.reader = read_terminal(self.input_sender.clone());
        self.draw()?;
        Ok(result)
    }

    async fn suspend(&mut self) -> Result<(), TuiError> {
        self.lend(async {
            // SAFETY: kill has no memory effects. The whole group stops, as with Ctrl-Z anywhere else: a
            // wrapper that started podex stops too. The call returns when the shell continues us.
            unsafe {
                libc::kill(0, libc::SIGTSTP);
            }
        })
        .await
    }

    fn save(&self, blob: BlobRef, file: PathBuf) {
        let (store, answers) = (self.context.store.clone(), self.answer_sender.clone());
        tokio::task::spawn_blocking(move || {
            let shown = file.display().to_string();
            let result = match save_blob(&store, &blob, &file) {
                Ok(()) => Ok(format!("saved {shown}")),
                Err(error) => Err(format!("{shown} was not saved: {error}")),
            };
            let _ = answers.send(Message::Saved(result));
        });
    }

    /// Shows text in another program. Gives what is in the file when that ended well.
    async fn show(&mut self, program: Program, name: &Path, text: &str) -> Result<Option<String>, TuiError> {
        let folder = match write_for_editor(name, text) {
            Ok(folder) => folder,
            Err(error) => {
                self.state.hint(format!("a file cannot be written for the program: {error}"));
                return Ok(None);
            }
        };
        let file: PathBuf = folder.path().join(name);
        let (what, variables, usual): (&str, &[&str], &str) = match program {
            Program::Editor => ("editor", &["VISUAL", "EDITOR"], "vi"),
            Program::Pager => ("pager", &["PAGER"], "less"),
        };
        let named = variables.iter().filter_map(|name| std::env::var(name).ok()).find(|named| !named.trim().is_empty());
        let program = named.unwrap_or_else(|| usual.to_owned());
        // Through the shell, because people put arguments into these variables.
        let mut command = tokio::process::Command::new("sh");
        command.arg("-c").arg(format!("{program} \"$1\"")).arg("sh").arg(&file);
        match self.lend(async move { command.status().await }).await? {
            Ok(status) if status.success() => match std::fs::read_to_string(&file) {
                Ok(text) => return Ok(Some(text)),
                Err(error) => self.state.hint(format!("what the {what} left cannot be read: {error}")),
            },
            Ok(status) => self.state.hint(format!("the {what} {program:?} ended with {status}")),
            Err(error) => self.state.hint(format!("the {what} {program:?} could not be started: {error}")),
        }
        Ok(None)
    }
}

fn save_blob(store: &Store, blob: &BlobRef, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut content = store.open_blob(blob).map_err(|error| unreadable(&error))?;
    let mut file = std::fs::File::create_new(file)?;
    std::io::copy(&mut content, &mut file)?;
    Ok(())
}

/// Why a body cannot be shown. Of a remote version the trees alone are here.
fn unreadable(error: &StoreError) -> String {
    match error {
        StoreError::Missing { .. } => "its bytes are not here: pull the pod to see them".to_owned(),
        error => error.to_string(),
    }
}

fn write_for_editor(name: &Path, text: &str) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join(name), text)?;
    Ok(folder)
}

fn read_document(context: &Context, digest: Digest, commit: Commit, key: &ResourceKey) -> Result<Content, OpError> {
    let snapshot = Snapshot::of(&context.store, digest, commit);
    let document = snapshot.document(key)?.unwrap_or_default();
    let changed = crate::ops::last_change(context, &snapshot, key)?;
    let preview = |(name, blob): (&String, &BlobRef)| {
        let preview = match context.store.open_blob(blob) {
            Ok(content) => preview::read(blob, content),
            Err(error) => Preview::Not(unreadable(&error)),
        };
        (name.clone(), preview)
    };
    let previews = document.blobs.iter().take(PREVIEWS).map(preview).collect();
    Ok(Content { observed: snapshot.observed(key)?, document, previews, changed })
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
