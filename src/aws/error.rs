//! What can go wrong with a call.

/// What a caller does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The emulator does not offer the service or operation: a normal outcome.
    NotImplemented,
    /// Refused by the emulator: a normal outcome.
    AccessDenied,
    /// The resource or sub-resource does not exist.
    NotFound,
    /// It exists already, or is in use.
    Conflict,
    /// Asked too fast; retries are used up.
    Throttled,
    /// No connection, or it broke; retries are used up.
    Connection,
    /// The answer does not follow the model, or is too large.
    Malformed,
    /// The request does not fit the model: a fault of podex or of a catalog file.
    Input,
    /// Any other error of the service.
    Service,
}

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{service}:{operation}: {message}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct AwsError {
    /// What to do about it.
    pub class: ErrorClass,
    /// The service's id, such as `s3`.
    pub service: String,
    /// The operation's name, such as `ListBuckets`.
    pub operation: String,
    /// The service's error code, such as `NoSuchBucket`.
    pub code: Option<String>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// For people; never contains request or response bodies.
    pub message: String,
}
