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
    /// Local and remote pod have both moved on: they can be merged, or theirs pulled under another name.
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

/// How fast a task is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// In a second.
    pub rate: f64,
    /// Bytes; else items.
    pub in_bytes: bool,
    /// Seconds left.
    pub left: Option<f64>,
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
    /// When the phase began.
    pub phase_began: Option<Timestamp>,
    /// The task it waits for.
    pub after: Option<TaskId>,
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
            phase_began: None,
            after: None,
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

    /// How many bytes, or else items, the phase has done in a second so far, and the seconds left at that rate where
    /// the phase says how much there is. None in the first second, when a rate would only be a guess.
    pub fn pace(&self, now: Timestamp) -> Option<Pace> {
        let elapsed = now.duration_since(self.phase_began?).as_secs_f64();
        let Progress { done, total, bytes, total_bytes } = self.progress;
        let in_bytes = bytes > 0;
        let (part, whole) = if in_bytes { (bytes, total_bytes) } else { (done, total) };
        if elapsed < 1.0 || part == 0 {
            return None;
        }
        let rate = part as f64 / elapsed;
        let left = (whole > part).then(|| (whole - part) as f64 / rate).filter(|left| left.is_finite());
        Some(Pace { rate, in_bytes, left })
    }

    /// Takes in what the work reports.
    pub(super) fn record(&mut self, event: Event) {
        match event {
            Event::Phase(name) => {
                self.say(LogLevel::Phase, name.clone());
                self.phase = name;
                self.progress = Progress::default();
                self.phase_began = Some(Timestamp::now());
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
    fn a_task_tells_its_rate_and_what_is_left() {
        let mut task = Task::new(TaskId(1), "t".to_owned(), None);
        task.record(Event::Phase("transfer".to_owned()));
        task.record(Event::Progress(Progress { bytes: 100, total_bytes: 300, ..Progress::default() }));
        let began = task.phase_began.unwrap();
        assert_eq!(task.pace(began), None);
        let pace = task.pace(began + jiff::SignedDuration::from_secs(10)).unwrap();
        assert_eq!(pace, Pace { rate: 10.0, in_bytes: true, left: Some(20.0) });
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
