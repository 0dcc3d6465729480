//! What running work reports, and how it is told to stop. Shared by every room that does work.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Something a running operation has to say. The commands print it, the task queue keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new phase began: `capture`, `plan`, `safety commit`, `apply`, `transfer` …
    Phase(String),
    /// How far the phase is. Every field counts from the start of the phase.
    Progress(Progress),
    /// One thing done, worth a line in the log: a sentence.
    Note(String),
    /// Something a person should look at: a sentence.
    Warning(String),
}

/// Counts of a phase. Zero where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items finished.
    pub done: u64,
    /// Items known of so far; grows while a listing runs.
    pub total: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Bytes to move in all.
    pub total_bytes: u64,
}

/// Where an operation reports to, and its cancellation. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    report: Arc<dyn Fn(Event) + Send + Sync>,
    cancel: CancellationToken,
}

impl Events {
    /// Reports to `report`; stops when `cancel` is cancelled.
    pub fn new(report: impl Fn(Event) + Send + Sync + 'static, cancel: CancellationToken) -> Self {
        Self { report: Arc::new(report), cancel }
    }

    /// Reports nowhere and is never cancelled.
    pub fn silent() -> Self {
        Self::new(|_| {}, CancellationToken::new())
    }

    /// A new phase begins.
    pub fn phase(&self, name: impl Into<String>) {
        (self.report)(Event::Phase(name.into()));
    }

    /// Reports how far the phase is. Callers need not throttle: receivers coalesce.
    pub fn progress(&self, progress: Progress) {
        (self.report)(Event::Progress(progress));
    }

    /// Reports one thing done.
    pub fn note(&self, text: impl Into<String>) {
        (self.report)(Event::Note(text.into()));
    }

    /// Reports something a person should look at.
    pub fn warn(&self, text: impl Into<String>) {
        (self.report)(Event::Warning(text.into()));
    }

    /// Whether the operation was told to stop. Loops check this between items.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// The token itself, for `select!`.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancel
    }
}
