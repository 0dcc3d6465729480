//! The queue itself: lanes, cancellation, and telling its owner what changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Priority};
use super::job::Lane;
use super::task::{Cause, Failure, Task, TaskId, TaskState};
use crate::event::Events;

/// Most tasks that are over and kept; the oldest are forgotten first.
const KEPT: usize = 200;

/// What the queue tells its owner.
#[derive(Debug)]
pub enum Notice<T> {
    /// A task changed: read it with [`Queue::read`]. Not repeated until it was read, so a task that reports
    /// a thousand times a second costs its owner one message per look.
    Changed(TaskId),
    /// A task ended. Its last [`Notice::Changed`] comes first.
    Finished(TaskId, Result<T, Failure>),
}

/// What a task does: reports to the events it is given, and gives a sentence for people with its result. It runs
/// on a thread of its own and may wait there.
pub type Work<T> = Box<dyn FnOnce(Events) -> Result<(String, T), Failure> + Send>;

struct Entry {
    task: Task,
    cancel: CancellationToken,
    /// The owner was told of a change it has not read yet.
    told: bool,
    /// How it ended, for those that wait for it: whether well.
    ended: watch::Sender<Option<bool>>,
}

/// When a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Beside which others.
    pub lane: Lane,
    /// Before which others.
    pub priority: Priority,
    /// Not before this one has ended well.
    pub after: Option<TaskId>,
}

impl From<Lane> for Order {
    fn from(lane: Lane) -> Self {
        Self { lane, priority: Priority::Asked, after: None }
    }
}

struct Inner<T> {
    entries: Mutex<BTreeMap<TaskId, Entry>>,
    lanes: BTreeMap<Lane, Arc<Gate>>,
    notices: mpsc::UnboundedSender<Notice<T>>,
}

/// Runs work in the background. Cheap to clone.
pub struct Queue<T> {
    inner: Arc<Inner<T>>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<T: Send + 'static> Queue<T> {
    /// An empty queue and the channel it tells changes through.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Notice<T>>) {
        let (notices, receiver) = mpsc::unbounded_channel();
        let lanes = Lane::ALL.map(|lane| (lane, Gate::new(lane.width()))).into();
        (Self { inner: Arc::new(Inner { entries: Mutex::default(), lanes, notices }) }, receiver)
    }

    /// Queues work; it runs as soon as its lane has room, and what it is to come after has ended well. Must be called
    /// within a tokio runtime.
    pub fn submit(&self, order: impl Into<Order>, title: String, command: Option<String>, work: Work<T>) -> TaskId {
        let Order { lane, priority, after } = order.into();
        let cancel = CancellationToken::new();
        let (id, before) = {
            let mut entries = self.entries();
            let id = TaskId(entries.last_key_value().map_or(1, |(last, _)| last.0 + 1));
            let before = after.and_then(|after| entries.get(&after)).map(|entry| entry.ended.subscribe());
            let task = Task { after, ..Task::new(id, title, command) };
            let ended = watch::Sender::new(None);
            entries.insert(id, Entry { task, cancel: cancel.clone(), told: false, ended });
            forget_old(&mut entries);
            (id, before)
        };
        self.changed(id);
        let queue = self.clone();
        let room = self.inner.lanes.get(&lane).cloned();
        tokio::spawn(async move {
            let turn = async {
                if let Some(mut before) = before {
                    // What was forgotten is long over.
                    let ended = before.wait_for(Option::is_some).await.map_or(Some(true), |ended| *ended);
                    if ended != Some(true) {
                        return Err("not begun, because what it was to come after did not end well".to_owned());
                    }
                }
                Ok(match room {
                    Some(room) => Some(room.enter(priority, id).await),
                    None => None,
                })
            };
            let turn = tokio::select! {
                // A task cancelled while it waits never starts, even when room appears at the same moment.
                biased;
                () = cancel.cancelled() => return queue.end(id, Err(Failure::Cancelled)),
                turn = turn => turn,
            };
            let _pass = match turn {
                Ok(pass) => pass,
                Err(reason) => return queue.end(id, Err(Failure::Failed { reason, cause: Cause::Other })),
            };
            queue.with(id, Task::start);
            let reporter = queue.clone();
            let events = Events::new(move |event| reporter.with(id, |task| task.record(event)), cancel);
            // A panic in the work is caught with its thread and becomes this task's failure.
            let result = match tokio::task::spawn_blocking(move || work(events)).await {
                Ok(result) => result,
                Err(error) => {
                    let reason = format!("this is a bug in podex: {}", panic_text(error));
                    Err(Failure::Failed { reason, cause: Cause::Other })
                }
            };
            queue.end(id, result);
        });
        id
    }

    /// Tells a task to stop. One that waits ends at once; one that runs ends when it notices.
    pub fn cancel(&self, id: TaskId) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&id)
            && !entry.task.state.is_over()
        {
            if entry.task.state == TaskState::Running {
                entry.task.state = TaskState::Stopping;
            }
            entry.cancel.cancel();
            drop(entries);
            self.changed(id);
        }
    }

    /// Has a task that waits for its lane run next; gives whether it waits.
    pub fn raise(&self, id: TaskId) -> bool {
        self.inner.lanes.values().any(|gate| gate.raise(id))
    }

    /// Tells every task to stop and waits until all are over, at most for `patience`.
    /// Gives whether all are.
    pub async fn shut_down(&self, patience: Duration) -> bool {
        let running: Vec<TaskId> = self.unfinished();
        for id in running {
            self.cancel(id);
        }
        let all_over = async {
            while !self.unfinished().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(patience, all_over).await.is_ok()
    }

    /// The task as it is now; [`Notice::Changed`] is sent again when it changes after this.
    pub fn read(&self, id: TaskId) -> Option<Task> {
        let mut entries = self.entries();
        let entry = entries.get_mut(&id)?;
        entry.told = false;
        Some(entry.task.clone())
    }

    /// Ids of the tasks that are not over.
    pub fn unfinished(&self) -> Vec<TaskId> {
        self.entries().iter().filter(|(_, entry)| !entry.task.state.is_over()).map(|(id, _)| *id).collect()
    }

    fn end(&self, id: TaskId, result: Result<(String, T), Failure>) {
        let (state, result) = match result {
            Ok((text, value)) => (TaskState::Done(text), Ok(value)),
            Err(Failure::Cancelled) => (TaskState::Cancelled, Err(Failure::Cancelled)),
            Err(Failure::Failed { reason, cause }) => {
                (TaskState::Failed(reason.clone()), Err(Failure::Failed { reason, cause }))
            }
        };
        let well = result.is_ok();
        self.with(id, |task| task.end(state));
        if let Some(entry) = self.entries().get(&id) {
            entry.ended.send_replace(Some(well));
        }
        // A receiver that is gone has stopped caring.
        let _ = self.inner.notices.send(Notice::Finished(id, result));
    }

    fn with(&self, id: TaskId, change: impl FnOnce(&mut Task)) {
        if let Some(entry) = self.entries().get_mut(&id) {
            change(&mut entry.task);
        }
        self.changed(id);
    }

    fn changed(&self, id: TaskId) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&id)
            && !std::mem::replace(&mut entry.told, true)
        {
            let _ = self.inner.notices.send(Notice::Changed(id));
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<TaskId, Entry>> {
        // Every change under this lock is complete in itself: a poisoned one is still sound.
        self.inner.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_old(entries: &mut BTreeMap<TaskId, Entry>) {
    while entries.len() > KEPT {
        let Some(id) = entries.iter().find(|(_, entry)| entry.task.state.is_over()).map(|(id, _)| *id) else { break };
        entries.remove(&id);
    }
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let Ok(payload) = error.try_into_panic() else { return "the work was aborted".to_owned() };
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Progress;

    fn work(body: impl FnOnce(Events) -> Result<(String, u32), Failure> + Send + 'static) -> Work<u32> {
        Box::new(body)
    }

    fn until_cancelled() -> Work<u32> {
        work(|events| {
            while !events.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(Failure::Cancelled)
        })
    }

    async fn finished(notices: &mut mpsc::UnboundedReceiver<Notice<u32>>, wanted: TaskId) -> Result<u32, Failure> {
        loop {
            match notices.recv().await {
                Some(Notice::Finished(id, result)) if id == wanted => return result,
                Some(_) => {}
                None => unreachable!("the queue is alive"),
            }
        }
    }

    #[tokio::test]
    async fn work_ends_with_its_result_its_sentence_and_its_log() {
        let (queue, mut notices) = Queue::new();
        let job = work(|events| {
            events.phase("count");
            events.progress(Progress { done: 1, total: 2, ..Progress::default() });
            events.warn("mind the gap");
            Ok(("counted".to_owned(), 7))
        });
        let id = queue.submit(Lane::Read, "count".to_owned(), Some("podex count".to_owned()), job);
        assert_eq!(finished(&mut notices, id).await, Ok(7));
        let task = queue.read(id).unwrap();
        assert_eq!(task.state, TaskState::Done("counted".to_owned()));
        let log: Vec<&str> = task.log.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(log, ["count", "mind the gap", "counted"]);
    }

    #[tokio::test]
    async fn a_cancelled_task_ends_cancelled_whether_it_runs_or_waits() {
        let (queue, mut notices) = Queue::new();
        let first = queue.submit(Lane::Instance, "first".to_owned(), None, until_cancelled());
        let second = queue.submit(Lane::Instance, "second".to_owned(), None, until_cancelled());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(queue.read(first).unwrap().state, TaskState::Running);
        assert_eq!(queue.read(second).unwrap().state, TaskState::Queued);
        queue.cancel(second);
        assert_eq!(finished(&mut notices, second).await, Err(Failure::Cancelled));
        queue.cancel(first);
        assert_eq!(finished(&mut notices, first).await, Err(Failure::Cancelled));
        assert_eq!(queue.unfinished(), []);
    }

    #[tokio::test]
    async fn a_panic_fails_its_task_alone() {
        let (queue, mut notices) = Queue::new();
        let bad = queue.submit(Lane::Read, "bad".to_owned(), None, work(|_| panic!("boom")));
        assert_eq!(
            finished(&mut notices, bad).await,
            Err(Failure::Failed { reason: "this is a bug in podex: boom".to_owned(), cause: Cause::Other })
        );
        let good = queue.submit(Lane::Read, "good".to_owned(), None, work(|_| Ok((String::new(), 1))));
        assert_eq!(finished(&mut notices, good).await, Ok(1));
    }

    #[tokio::test]
    async fn a_flood_of_progress_is_one_notice_until_it_is_read() {
        let (queue, mut notices) = Queue::new();
        let job = work(|events| {
            for done in 0..10_000 {
                events.progress(Progress { done, ..Progress::default() });
            }
            Ok((String::new(), 0))
        });
        let id = queue.submit(Lane::Read, "flood".to_owned(), None, job);
        assert!(matches!(notices.recv().await, Some(Notice::Changed(changed)) if changed == id));
        assert!(matches!(notices.recv().await, Some(Notice::Finished(..))));
    }

    #[tokio::test]
    async fn shutting_down_stops_what_runs() {
        let (queue, _notices) = Queue::new();
        queue.submit(Lane::Read, "loop".to_owned(), None, until_cancelled());
        assert!(queue.shut_down(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_task_that_comes_after_another_runs_once_that_ended_well_and_never_else() {
        let (queue, mut notices) = Queue::new();
        let after = |after| Order { after: Some(after), ..Lane::Read.into() };
        let first = queue.submit(Lane::Transfer, "pull".to_owned(), None, work(|_| Ok(("pulled".to_owned(), 1))));
        let second = queue.submit(after(first), "plan".to_owned(), None, work(|_| Ok(("planned".to_owned(), 2))));
        assert_eq!(finished(&mut notices, second).await, Ok(2));
        let failing = work(|_| Err(Failure::Failed { reason: "offline".to_owned(), cause: Cause::Other }));
        let first = queue.submit(Lane::Transfer, "pull".to_owned(), None, failing);
        let second = queue.submit(after(first), "plan".to_owned(), None, work(|_| Ok((String::new(), 2))));
        let ended = finished(&mut notices, second).await;
        assert!(matches!(&ended, Err(Failure::Failed { reason, .. }) if reason.contains("not begun")), "{ended:?}");
    }
}
