//! How long the client waits for an answer, and when it stops asking a service that gives none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::retry;

/// How long an answer may stay silent where the user says nothing else: LocalStack loads a service at its first call,
/// in up to ten seconds on an idle machine.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// A local emulator accepts at once or not at all.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes a second of a request's body that an emulator takes at least, far below what the slowest was seen to do:
/// while a body is on its way nobody can answer it.
const UPLOAD_RATE: u64 = 1 << 20;
/// Bytes that must come in the time that may pass in silence. Less is a trickle that would hold a commit for ever.
const TRICKLE: u64 = 4 << 10;
/// Strikes after which a service is not asked any more. Two, so that one answer cut short is forgiven.
const MOST_STRIKES: u32 = 2;
/// Calls of a service whose attempts are used up, one after another, after which each gets one attempt only.
const TIRED_AFTER: u32 = 3;

/// How long the head of the answer to a request of `size` bytes is waited for.
pub(super) fn for_head(timeout: Duration, size: u64) -> Duration {
    timeout.saturating_add(Duration::from_secs(size / UPLOAD_RATE))
}

/// Measures how fast a body comes.
#[derive(Default)]
pub(super) struct Pace {
    waited: Duration,
    brought: u64,
}

impl Pace {
    /// Counts a piece and the time waited for it; false where the peer only trickles.
    pub fn keeps_up(&mut self, waited: Duration, brought: usize, timeout: Duration) -> bool {
        self.waited += waited;
        self.brought += brought as u64;
        if self.waited < timeout {
            return true;
        }
        let keeps_up = self.brought >= TRICKLE;
        *self = Self::default();
        keeps_up
    }
}

/// How a service has answered so far.
#[derive(Clone, Copy, Default)]
struct Condition {
    /// Answers that did not come, since the last whole one: two where a call got none at all, one for a body that
    /// stopped coming.
    strikes: u32,
    /// Calls that failed on every attempt, since the last that did not.
    failures: u32,
}

/// What is known of each service's answers, for the life of a client.
#[derive(Default)]
pub(super) struct Conditions(Mutex<HashMap<String, Condition>>);

impl Conditions {
    fn with<T>(&self, service: &str, look: impl FnOnce(&mut Condition) -> T) -> T {
        let mut conditions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match conditions.get_mut(service) {
            Some(condition) => look(condition),
            None => look(conditions.entry(service.to_owned()).or_default()),
        }
    }

    /// How many attempts a call gets; none where the service is not asked any more.
    pub fn attempts(&self, service: &str) -> u32 {
        self.with(service, |condition| match condition {
            Condition { strikes: MOST_STRIKES.., .. } => 0,
            Condition { failures: TIRED_AFTER.., .. } => 1,
            _ => retry::MAX_ATTEMPTS,
        })
    }

    /// A whole answer came, good or bad.
    pub fn answered(&self, service: &str) {
        self.with(service, |condition| *condition = Condition::default());
    }

    /// A call was not answered, on any of its attempts.
    pub fn silent(&self, service: &str) {
        self.with(service, |condition| condition.strikes = MOST_STRIKES);
    }

    /// A body stopped coming.
    pub fn stalled(&self, service: &str) {
        self.with(service, |condition| condition.strikes = condition.strikes.saturating_add(1));
    }

    /// A call failed on all of its attempts, though something came.
    pub fn failed(&self, service: &str) {
        self.with(service, |condition| condition.failures = condition.failures.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_silent_is_not_asked_again_until_something_comes() {
        let conditions = Conditions::default();
        assert_eq!(conditions.attempts("s3"), retry::MAX_ATTEMPTS);
        conditions.stalled("s3");
        assert_eq!(conditions.attempts("s3"), retry::MAX_ATTEMPTS, "one stalled body is forgiven");
        conditions.stalled("s3");
        assert_eq!((conditions.attempts("s3"), conditions.attempts("sqs")), (0, retry::MAX_ATTEMPTS));
        conditions.answered("s3");
        assert_eq!(conditions.attempts("s3"), retry::MAX_ATTEMPTS);
        conditions.silent("s3");
        assert_eq!(conditions.attempts("s3"), 0);
    }

    #[test]
    fn a_service_that_fails_every_time_gets_one_attempt_a_call() {
        let conditions = Conditions::default();
        (0..TIRED_AFTER).for_each(|_| conditions.failed("iam"));
        assert_eq!(conditions.attempts("iam"), 1);
        conditions.answered("iam");
        assert_eq!(conditions.attempts("iam"), retry::MAX_ATTEMPTS);
    }

    #[test]
    fn a_trickle_counts_as_silence_and_a_slow_body_does_not() {
        let (second, timeout) = (Duration::from_secs(1), Duration::from_secs(10));
        let ends = |bytes: usize| {
            let mut pace = Pace::default();
            (0..100).any(|_| !pace.keeps_up(second, bytes, timeout))
        };
        assert!(ends(1));
        assert!(!ends(1 << 10));
    }

    #[test]
    fn a_large_request_is_given_the_time_to_be_sent() {
        assert_eq!(for_head(DEFAULT_TIMEOUT, 100), DEFAULT_TIMEOUT);
        assert!(for_head(DEFAULT_TIMEOUT, 1 << 30) > Duration::from_secs(1000));
    }
}
