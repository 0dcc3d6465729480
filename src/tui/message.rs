//! What happens to the explorer, and what it wants done.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::model::detail::Content;
use super::model::tree::Kept;
use super::theme::Theme;
use crate::pod::{Arrangement, BlobRef, Change, Commit, Digest, Document, Metamodel, ResourceKey};
use crate::search::{Hit, Index};
use crate::tasks::{Failure, Job, Loaded, Outcome, Task, TaskId};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// A job was queued.
    Submitted(TaskId, Box<Job>),
    /// A task changed.
    Task(Box<Task>),
    /// A task ended.
    Finished(TaskId, Result<Outcome, Failure>),
    /// A stored version's tree was read.
    Tree(Digest, Result<Box<Loaded>, String>),
    /// A document was read.
    Document(Digest, ResourceKey, Result<Box<Content>, String>),
    /// What a commit holds was listed, but for what differs.
    Alike(Digest, Result<Vec<ResourceKey>, String>),
    /// A document of the first side of a comparison was read.
    Unchanged(Digest, ResourceKey, Result<Box<Document>, String>),
    /// A filter was worked out.
    Filtered(Digest, Kept),
    /// A search was answered, in full or with the best so far.
    Found(String, Vec<Hit>, bool),
    /// The themes there are, with the colours of this terminal, and what is wrong with others.
    Themes(Vec<Theme>, Vec<String>),
    /// The theme's file changed.
    Reloaded(Result<Box<Theme>, String>),
    /// A blob was written into a file, or why not.
    Saved(Result<String, String>),
    /// What the editor made of the text it was given.
    Edited(String),
    /// Time went by while something runs.
    Tick(jiff::Timestamp),
    /// Something outside went wrong: shown in the status line.
    Trouble(String),
}

/// A program that shows text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `$VISUAL` or `$EDITOR`.
    Editor,
    /// `$PAGER`.
    Pager,
}

/// Something to be done outside of `update`.
#[derive(Clone)]
pub enum Effect {
    /// Queue a job.
    Submit(Box<Job>),
    /// Queue jobs of which each comes after the one before.
    Chain(Vec<Job>),
    /// Have a task run before others that wait.
    Hurry(TaskId),
    /// Tell a task to stop.
    Cancel(TaskId),
    /// Read a stored version's tree, laid out so. A later request replaces an earlier one.
    ReadTree(Digest, Box<Commit>, Arrangement),
    /// Read a document of a version. A later request replaces an earlier one.
    ReadDocument(Digest, Box<Commit>, ResourceKey),
    /// List what a commit holds, but for what differs.
    ListAlike(Digest, Arc<Vec<Change>>),
    /// Read a document of the first side of a comparison. A later request replaces an earlier one.
    ReadUnchanged(Digest, ResourceKey),
    /// Work a filter out. A later request replaces an earlier one.
    Filter(Digest, Arc<Metamodel>, String),
    /// Search for this. A later request replaces an earlier one.
    Search(Arc<Index>, String),
    /// Put text on the clipboard.
    Copy(String),
    /// Show text in the editor or the pager, in a file of this name.
    Show {
        /// In which of them.
        program: Program,
        /// The file's name.
        name: PathBuf,
        /// Its content.
        text: String,
    },
    /// Have text edited, in a file of this name; the answer is [`Message::Edited`].
    Edit(PathBuf, String),
    /// Write a blob into a new file.
    Save(BlobRef, PathBuf),
    /// Read what themes there are.
    ListThemes,
    /// Write into the configuration that this theme is to be used.
    KeepTheme(String),
    /// Listen to the mouse, or do not.
    Mouse(bool),
    /// Talk to another endpoint from now on.
    Connect(String),
    /// Go back to the shell for a while.
    Suspend,
    /// Leave.
    Quit,
}
