//! The background queue that runs ops: progress, cancellation, log.
