//! Adds up the progress of packs that move at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::TransferReport;
use crate::event::{Event, Events, Progress};

/// Counts of one push or pull.
pub(super) struct Meter {
    events: Events,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    all_commits: AtomicU64,
    bytes: AtomicU64,
    all_bytes: AtomicU64,
}

impl Counts {
    fn progress(&self) -> Progress {
        Progress {
            done: self.commits.load(Ordering::Relaxed),
            total: self.all_commits.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            total_bytes: self.all_bytes.load(Ordering::Relaxed),
        }
    }
}

impl Meter {
    /// Reports to `events`; `commits` are to be moved.
    pub(super) fn new(events: &Events, commits: usize) -> Self {
        let counts = Counts { all_commits: AtomicU64::new(commits as u64), ..Counts::default() };
        Self { events: events.clone(), counts: Arc::new(counts) }
    }

    /// More bytes have turned out to be needed.
    pub(super) fn expect_bytes(&self, bytes: u64) {
        self.counts.all_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One commit is whole on the other side.
    pub(super) fn commit_done(&self) {
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
        self.events.progress(self.counts.progress());
    }

    /// Where one pack's transfer reports its own bytes, counted from its start. They may fall back when it
    /// begins again.
    pub(super) fn pack_events(&self) -> Events {
        let (events, counts, mine) = (self.events.clone(), self.counts.clone(), AtomicU64::new(0));
        let report = move |event| match event {
            Event::Progress(progress) => {
                let before = mine.swap(progress.bytes, Ordering::Relaxed);
                // Wraps when falling back, and back again in the sum.
                counts.bytes.fetch_add(progress.bytes.wrapping_sub(before), Ordering::Relaxed);
                events.progress(counts.progress());
            }
            Event::Phase(_) => {}
            Event::Note(text) => events.note(text),
            Event::Warning(text) => events.warn(text),
        };
        Events::new(report, self.events.cancellation().clone())
    }

    /// What was moved.
    pub(super) fn report(&self) -> TransferReport {
        let progress = self.counts.progress();
        TransferReport { commits: progress.done, bytes: progress.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_that_begins_again_is_not_counted_twice() {
        let meter = Meter::new(&Events::silent(), 1);
        let (one, other) = (meter.pack_events(), meter.pack_events());
        for (events, bytes) in [(&one, 5), (&other, 7), (&one, 0), (&one, 6)] {
            events.progress(Progress { bytes, ..Progress::default() });
        }
        assert_eq!(meter.report().bytes, 13);
    }
}
