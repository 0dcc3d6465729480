//! Who runs next of those that wait for the same lane: what people asked for before what runs by itself, and within
//! that in the order of asking.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::task::TaskId;

/// How soon a task should run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Before everything else: somebody said so.
    First,
    /// Somebody asked for it and waits.
    Asked,
    /// Nobody waits for it.
    Background,
}

/// Lets so many in at once.
pub(super) struct Gate {
    width: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    inside: usize,
    queue: BTreeMap<(Priority, TaskId), oneshot::Sender<()>>,
}

/// A place inside, given back when dropped.
pub(super) struct Pass {
    gate: Arc<Gate>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut waiting = self.gate.lock();
        waiting.inside = waiting.inside.saturating_sub(1);
        self.gate.let_in(&mut waiting);
    }
}

/// A place in the queue; whoever stops waiting leaves it.
struct Ticket {
    gate: Arc<Gate>,
    id: TaskId,
    used: bool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let mut waiting = self.gate.lock();
        let place = waiting.queue.keys().find(|(_, id)| *id == self.id).copied();
        match place {
            Some(place) => {
                waiting.queue.remove(&place);
            }
            // It was let in at the very moment it stopped waiting.
            None => {
                waiting.inside = waiting.inside.saturating_sub(1);
                self.gate.let_in(&mut waiting);
            }
        }
    }
}

impl Gate {
    pub(super) fn new(width: usize) -> Arc<Self> {
        Arc::new(Self { width, waiting: Mutex::default() })
    }

    /// Waits for a place.
    pub(super) async fn enter(self: Arc<Self>, priority: Priority, id: TaskId) -> Pass {
        let (sender, called) = oneshot::channel();
        let mut ticket = Ticket { gate: self.clone(), id, used: false };
        {
            let mut waiting = self.lock();
            waiting.queue.insert((priority, id), sender);
            self.let_in(&mut waiting);
        }
        // The sender lies in the queue until it is used.
        let _ = called.await;
        ticket.used = true;
        Pass { gate: self.clone() }
    }

    /// Puts a task that waits before all others; gives whether it waits here.
    pub(super) fn raise(&self, id: TaskId) -> bool {
        let mut waiting = self.lock();
        let Some(place) = waiting.queue.keys().find(|(_, waits)| *waits == id).copied() else { return false };
        if let Some(sender) = waiting.queue.remove(&place) {
            waiting.queue.insert((Priority::First, id), sender);
        }
        true
    }

    fn let_in(&self, waiting: &mut Waiting) {
        while waiting.inside < self.width
            && let Some((_, sender)) = waiting.queue.pop_first()
        {
            waiting.inside += 1;
            // One that waits no more gives its place back by its ticket.
            let _ = sender.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change under this lock is complete in itself.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_somebody_waits_for_goes_before_what_runs_by_itself_and_what_is_raised_before_all() {
        let gate = Gate::new(1);
        let first = gate.clone().enter(Priority::Background, TaskId(1)).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let wait = |priority, id: u64| {
            let (gate, order) = (gate.clone(), order.clone());
            tokio::spawn(async move {
                let _pass = gate.enter(priority, TaskId(id)).await;
                order.lock().unwrap().push(id);
            })
        };
        let waiting =
            [(Priority::Background, 2), (Priority::Asked, 3), (Priority::Asked, 4), (Priority::Background, 5)]
                .map(|(priority, id)| wait(priority, id));
        while gate.lock().queue.len() < 4 {
            tokio::task::yield_now().await;
        }
        assert!(gate.raise(TaskId(5)) && !gate.raise(TaskId(99)));
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [5, 3, 4, 2]);
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_no_hole() {
        let gate = Gate::new(1);
        let first = gate.clone().enter(Priority::Asked, TaskId(1)).await;
        let second = tokio::spawn(gate.clone().enter(Priority::Asked, TaskId(2)));
        while gate.lock().queue.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(first);
        second.abort();
        let _ = second.await;
        gate.enter(Priority::Asked, TaskId(3)).await;
    }
}
