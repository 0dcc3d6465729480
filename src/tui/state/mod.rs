//! Everything the screen shows. Changed by `update` alone, drawn by `view` alone.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tui_input::Input;

use super::action::Action;
use super::keymap::Keymap;
use super::model::detail::{Content, DetailRow};
use super::model::list::Cursor;
use super::model::pods::{Pods, RowId};
use super::model::tree::TreeModel;
use super::overlay::Overlay;
use super::session::Places;
use super::theme::{Depth, Theme};
use super::update::places::Jumps;
use crate::instance::Emulator;
use crate::ops::Look;
use crate::pod::{
    Arrangement, Change, Commit, Digest, InstanceInfo, NodeId, NodeKind, PodName, Reference, ResourceKey,
};
use crate::tasks::{Indexed, Job, Task, TaskId};

mod said;
mod screens;

pub use said::{JournalLine, Said};
pub use screens::{ConflictScreen, DiffFocus, DiffScreen};

/// How many trees are kept for going back to.
const TREES_KEPT: usize = 6;
/// How many actions are remembered for a crash report.
const TRAIL: usize = 20;

/// A pane of the main screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// Pods.
    Pods,
    /// Tree.
    Tree,
    /// Detail.
    Detail,
}

/// What the tree pane shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// Nothing: what to do about that.
    Nothing(String),
    /// A version that is being read.
    Loading(Digest),
    /// A version that cannot be read; why.
    Failed(Digest, String),
    /// A version.
    Tree(Digest),
}

/// What the detail pane is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A row of the pods pane.
    Row(RowId),
    /// A node of a tree that is not a resource.
    Folder(Digest, NodeId),
    /// A resource of a version.
    Document(Digest, ResourceKey),
}

/// The detail pane.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// What it is about.
    pub subject: Option<Subject>,
    /// The document, when the subject is one: None while it is read.
    pub content: Option<Result<Content, String>>,
    /// Rows whose fold differs from the default.
    pub folds: HashSet<Vec<String>>,
    /// Whether secrets are shown.
    pub reveal: bool,
    /// The rows.
    pub rows: Vec<DetailRow>,
    /// The chosen row.
    pub cursor: Cursor,
    /// The rows must be made anew.
    pub stale: bool,
    /// The row to go to as soon as the rows are there.
    pub line: Option<usize>,
}

/// How the live instance drifted, as far as podex knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// From a commit of this pod.
    pub pod: PodName,
    /// The commit.
    pub base: Digest,
    /// How.
    pub changes: Arc<Vec<Change>>,
}

/// Tells whether a value at a path of a resource is secret.
pub type SecretRule = Arc<dyn Fn(&ResourceKey, &[String], &Value) -> bool + Send + Sync>;

/// What the user chose for every run.
#[derive(Clone)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// How many the terminal has.
    pub depth: Depth,
    /// Keys.
    pub keymap: Keymap,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The mouse is listened to.
    pub mouse: bool,
    /// The time between two looks for drift.
    pub watch: Duration,
}

/// The explorer.
#[derive(Clone)]
pub struct State {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Colours.
    pub theme: Theme,
    /// How many the terminal has.
    pub depth: Depth,
    /// Keys.
    pub keymap: Arc<Keymap>,
    /// The beginning of a chord: keys pressed that mean nothing yet.
    pub chord: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The mouse is listened to.
    pub mouse: bool,
    /// The time between two looks for drift.
    pub watch_every: Duration,
    /// What was done last, latest last: for a crash report.
    pub trail: VecDeque<Action>,
    /// The instance's endpoint, as text.
    pub endpoint: String,
    /// What is secret.
    pub is_secret: SecretRule,
    /// The time of the last message.
    pub now: jiff::Timestamp,
    /// The pane with the focus.
    pub focus: Pane,
    /// Whether the detail pane follows the pods or the tree: whichever had the focus last.
    pub follows: Pane,
    /// The pods pane.
    pub pods: Pods,
    /// The tree pane.
    pub shown: Shown,
    /// Trees that were read, latest used last.
    pub trees: Vec<(Digest, TreeModel)>,
    /// Commits that were opened but are not local versions: the live capture, remote versions.
    pub opened: HashMap<Digest, Commit>,
    /// The last capture of the live instance.
    pub live: Option<(Digest, jiff::Timestamp)>,
    /// Other emulators on this machine, once they were looked for.
    pub found: Option<Vec<(Emulator, InstanceInfo)>>,
    /// The pod whose tree is on screen, as references write it.
    pub place: Option<String>,
    /// The pod whose tree is about to come on screen.
    pub arriving: Option<String>,
    /// How pods' trees were left.
    pub places: Places,
    /// How trees are laid out.
    pub arrangement: Arrangement,
    /// Where one has been.
    pub jumps: Jumps,
    /// What was chosen when the explorer was left the last time, until it is listed or a key is pressed.
    pub restore: Option<Reference>,
    /// The detail pane.
    pub detail: Detail,
    /// The filter being typed.
    pub filter: Option<Input>,
    /// What the tree is to be filtered for, as soon as that is worked out.
    pub sought: Option<String>,
    /// What is being worked out of that.
    pub filtering: Option<(Digest, String)>,
    /// The comparison, when it is on screen.
    pub diff: Option<DiffScreen>,
    /// The conflicts of a merge, when they are on screen.
    pub conflicts: Option<ConflictScreen>,
    /// The live instance's drift when it was last looked at; gone when it was committed or injected.
    pub drift: Option<Drift>,
    /// How far the next look for drift goes.
    pub look: Look,
    /// When to look for drift again, while that is watched.
    pub watch: Option<jiff::Timestamp>,
    /// What lies on top, topmost last.
    pub overlays: Vec<Overlay>,
    /// Tasks in order of submission.
    pub tasks: Vec<Task>,
    /// What each unfinished task is to do.
    pub jobs: HashMap<TaskId, Job>,
    /// The row that was chosen when each unfinished pull was asked for.
    pub pulled_from: HashMap<TaskId, RowId>,
    /// What tasks were to do that did not end well: it can be done again.
    pub undone: BTreeMap<TaskId, Job>,
    /// Pods to choose once they are listed, and a path to go to once the tree is there.
    pub wanted: Option<(Reference, Option<String>)>,
    /// The index of all pods, once search was asked for.
    pub index: Option<Indexed>,
    /// Something came or went since the index was made.
    pub outdated: bool,
    /// The status line.
    pub status: Option<Said>,
    /// What was done.
    pub journal: Vec<JournalLine>,
    /// Lines of the journal that are not in the log file yet.
    pub unlogged: Vec<JournalLine>,
    /// Counts ticks, to turn the spinner.
    pub spin: usize,
    /// The explorer is about to end.
    pub leaving: bool,
}

impl State {
    /// The first screen, before anything was read.
    pub fn new(endpoint: String, settings: Settings, is_secret: SecretRule) -> Self {
        let Settings { theme, depth, keymap, read_only, mouse, watch } = settings;
        Self {
            size: (80, 24),
            theme,
            depth,
            keymap: Arc::new(keymap),
            chord: Vec::new(),
            read_only,
            mouse,
            watch_every: watch,
            trail: VecDeque::new(),
            endpoint,
            is_secret,
            now: jiff::Timestamp::now(),
            focus: Pane::Pods,
            follows: Pane::Pods,
            pods: Pods::default(),
            shown: Shown::Nothing("Reading pods …".to_owned()),
            trees: Vec::new(),
            opened: HashMap::new(),
            live: None,
            found: None,
            place: None,
            arriving: None,
            places: Places::new(),
            arrangement: Arrangement::default(),
            jumps: Jumps::default(),
            restore: None,
            detail: Detail::default(),
            filter: None,
            sought: None,
            filtering: None,
            diff: None,
            conflicts: None,
            drift: None,
            look: Look::Whole,
            watch: None,
            overlays: Vec::new(),
            tasks: Vec::new(),
            jobs: HashMap::new(),
            pulled_from: HashMap::new(),
            undone: BTreeMap::new(),
            wanted: None,
            index: None,
            outdated: false,
            status: None,
            journal: Vec::new(),
            unlogged: Vec::new(),
            spin: 0,
            leaving: false,
        }
    }

    /// The key of an action, for hints.
    pub fn key(&self, action: Action) -> String {
        self.keymap.key(action)
    }

    /// Remembers that an action was done.
    pub fn remember(&mut self, action: Action) {
        if self.trail.len() >= TRAIL {
            self.trail.pop_front();
        }
        self.trail.push_back(action);
    }

    /// The tree on screen.
    pub fn tree(&self) -> Option<&TreeModel> {
        match &self.shown {
            Shown::Tree(digest) => self.trees.iter().find(|(known, _)| known == digest).map(|(_, tree)| tree),
            _ => None,
        }
    }

    /// The tree on screen, to be moved in.
    pub fn tree_mut(&mut self) -> Option<&mut TreeModel> {
        match &self.shown {
            Shown::Tree(digest) => self.trees.iter_mut().find(|(known, _)| known == digest).map(|(_, tree)| tree),
            _ => None,
        }
    }

    /// Keeps a tree, forgetting the one that was not looked at for longest.
    pub fn keep_tree(&mut self, digest: Digest, tree: TreeModel) {
        self.trees.retain(|(known, _)| *known != digest);
        self.trees.push((digest, tree));
        if self.trees.len() > TREES_KEPT {
            self.trees.remove(0);
        }
    }

    /// The commit with this digest, where any row or capture knows it.
    pub fn commit(&self, digest: &Digest) -> Option<&Commit> {
        self.opened.get(digest).or_else(|| self.pods.commit_of(digest))
    }

    /// The chosen resource of the tree, with the version it is in.
    pub fn chosen_resource(&self) -> Option<(Digest, ResourceKey)> {
        let (Shown::Tree(digest), Some(tree)) = (&self.shown, self.tree()) else { return None };
        let chosen = tree.selected();
        let is_there = tree.metamodel().node(chosen).kind == NodeKind::Resource;
        tree.metamodel().key(chosen).filter(|_| is_there).map(|key| (*digest, key))
    }

    /// Tasks that are not over.
    pub fn running(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.state.is_over())
    }

    /// Tasks whose end should not be cut short without asking.
    pub fn changing(&self) -> impl Iterator<Item = &Task> {
        self.running().filter(|task| self.jobs.get(&task.id).is_some_and(|job| !job.is_read_only()))
    }
}
