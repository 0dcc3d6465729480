//! When to try a request again, and after how long.

use std::time::Duration;

use super::ErrorClass;

/// Attempts in all.
pub(super) const MAX_ATTEMPTS: u32 = 4;
/// The pause before the second attempt, at most; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
/// The longest pause, also where the service asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(20);

/// How LocalStack reports a fault of its own; it fails the same way next time, often after half a minute.
const LOCALSTACK_FAULT: &str = "exception while calling";
/// Unless it lost the connection to a server of its own (DynamoDB's, Kinesis') in mid-call: that passes.
const LOST_WITHIN: &str = "Connection aborted";

/// Whether an error response is worth another attempt.
pub(super) fn is_worth_it(status: u16, class: ErrorClass, message: &str) -> bool {
    match class {
        ErrorClass::Throttled => true,
        ErrorClass::NotImplemented => false,
        _ => {
            let lasting = message.starts_with(LOCALSTACK_FAULT) && !message.contains(LOST_WITHIN);
            status >= 500 && status != 501 && !lasting
        }
    }
}

/// How long to wait after the given attempt (from 1) failed: between half and all of a doubling pause, so that
/// clients which failed together do not come back together; or what the service asked for.
pub(super) fn pause(attempt: u32, retry_after: Option<&str>) -> Duration {
    if let Some(seconds) = retry_after.and_then(|text| text.trim().parse::<u64>().ok()) {
        return Duration::from_secs(seconds).min(MAX_PAUSE);
    }
    let full = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(MAX_PAUSE);
    full.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_jittered_and_heed_the_service() {
        for attempt in 1..40 {
            let wait = pause(attempt, None);
            assert!(wait <= MAX_PAUSE && wait >= FIRST_PAUSE / 2);
        }
        assert!(pause(4, None) >= FIRST_PAUSE * 4);
        assert_eq!(pause(1, Some("3")), Duration::from_secs(3));
        assert_eq!(pause(1, Some("86400")), MAX_PAUSE);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(is_worth_it(500, ErrorClass::Service, "boom"));
        assert!(is_worth_it(400, ErrorClass::Throttled, ""));
        assert!(!is_worth_it(501, ErrorClass::NotImplemented, ""));
        assert!(!is_worth_it(500, ErrorClass::NotImplemented, ""));
        assert!(!is_worth_it(404, ErrorClass::NotFound, ""));
        assert!(!is_worth_it(500, ErrorClass::Service, "exception while calling dynamodb.CreateTable: …"));
        let reset =
            "exception while calling dynamodb.DescribeTable: ('Connection aborted.', ConnectionResetError(104, …))";
        assert!(is_worth_it(500, ErrorClass::Service, reset));
    }
}
