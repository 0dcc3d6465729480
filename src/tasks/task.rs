//! One piece of background work as people see it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::event::{Event, Progress};

/// Most lines a task's log keeps; older ones are dropped.
const LOG_LINES: usize = 2_000;

/// A task's place in its queue, in order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// How far a task has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Waits for others of its lane.
    Queued,
    /// Runs.
    Running,
    /// Was told to stop and has not yet.
    Stopping,
    /// Ended well; a sentence that says with what.
    Done(String),
    /// Ended badly; why.
    Failed(String),
    /// Was stopped by the user.
    Cancelled,
}

impl TaskState {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_) | Self::Cancelled)
    }
}

/// Why a task did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The user stopped it.
    Cancelled,
    /// It failed.
    Failed {
        /// What people should read.
        reason: String,
        /// What kind of failure, where something can be offered.
        cause: Cause,
    },
}

/// Failures that the explorer can offer a way out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Anything else.
    Other,
    /// No emulator answers.
    Unreachable,
    /// Local and remote pod have both moved on: it can be pulled under another name.
    BothMoved,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// A phase began.
    Phase,
    /// Something was done.
    Note,
    /// Something a person should look at.
    Warning,
    /// Why the task failed.
    Error,
}

/// One line of a task's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub time: Timestamp,
    /// How loud.
    pub level: LogLevel,
    /// What.
    pub text: String,
}

/// A piece of background work: a snapshot that is cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its identity.
    pub id: TaskId,
    /// What it does, for people: `commit orders`.
    pub title: String,
    /// The headless command that does the same, where there is one.
    pub command: Option<String>,
    /// How far it has come.
    pub state: TaskState,
    /// The phase it is in; empty before the first.
    pub phase: String,
    /// How far the phase is.
    pub progress: Progress,
    /// What it said, oldest first.
    pub log: Arc<Vec<LogLine>>,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When it began to run.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Task {
    /// A task that waits.
    pub fn new(id: TaskId, title: String, command: Option<String>) -> Self {
        Self {
            id,
            title,
            command,
            state: TaskState::Queued,
            phase: String::new(),
            progress: Progress::default(),
            log: Arc::new(Vec::new()),
            submitted: Timestamp::now(),
            started: None,
            ended: None,
        }
    }

    /// The share of the phase that is done, where the phase says how much there is: 0 to 1.
    pub fn share(&self) -> Option<f64> {
        let Progress { done, total, bytes, total_bytes } = self.progress;
        let (part, whole) = if total_bytes > 0 { (bytes, total_bytes) } else { (done, total) };
        (whole > 0).then(|| (part as f64 / whole as f64).clamp(0.0, 1.0))
    }

    /// Takes in what the work reports.
    pub(super) fn record(&mut self, event: Event) {
        match event {
            Event::Phase(name) => {
                self.say(LogLevel::Phase, name.clone());
                self.phase = name;
                self.progress = Progress::default();
            }
            Event::Progress(progress) => self.progress = progress,
            Event::Note(text) => self.say(LogLevel::Note, text),
            Event::Warning(text) => self.say(LogLevel::Warning, text),
        }
    }

    /// Begins to run.
    pub(super) fn start(&mut self) {
        self.state = TaskState::Running;
        self.started = Some(Timestamp::now());
    }

    /// Ends in `state`.
    pub(super) fn end(&mut self, state: TaskState) {
        match &state {
            TaskState::Done(text) => self.say(LogLevel::Note, text.clone()),
            TaskState::Failed(reason) => self.say(LogLevel::Error, reason.clone()),
            _ => self.say(LogLevel::Warning, "cancelled".to_owned()),
        }
        self.state = state;
        self.ended = Some(Timestamp::now());
    }

    fn say(&mut self, level: LogLevel, text: String) {
        let log = Arc::make_mut(&mut self.log);
        if log.len() >= LOG_LINES {
            log.drain(..LOG_LINES / 4);
        }
        log.push(LogLine { time: Timestamp::now(), level, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_phase_starts_counting_from_zero() {
        let mut task = Task::new(TaskId(1), "t".to_owned(), None);
        task.record(Event::Progress(Progress { done: 3, total: 4, ..Progress::default() }));
        assert_eq!(task.share(), Some(0.75));
        task.record(Event::Phase("apply".to_owned()));
        assert_eq!((task.share(), task.phase.as_str()), (None, "apply"));
    }

    #[test]
    fn a_long_log_keeps_its_end() {
        let mut task = Task::new(TaskId(1), "t".to_owned(), None);
        for number in 0..LOG_LINES + 10 {
            task.record(Event::Note(number.to_string()));
        }
        assert!(task.log.len() <= LOG_LINES);
        assert_eq!(task.log.last().map(|line| line.text.clone()), Some((LOG_LINES + 9).to_string()));
    }
}
