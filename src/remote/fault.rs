//! What a backend fails with, before it is known to which remote it belongs.

use std::future::Future;

use super::RemoteError;
use crate::event::Events;
use crate::pod::RemoteName;

/// Longest text of a remote that is repeated to the user, in characters.
const MAX_QUOTED_CHARS: usize = 300;

/// A failure inside a backend.
#[derive(Debug)]
pub(super) enum Fault {
    /// It did not work: what happened and what to do.
    Failed(String),
    /// The remote sent what it should not.
    Hostile(String),
    /// The user cancelled.
    Cancelled,
}

impl Fault {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }

    pub(super) fn hostile(reason: impl Into<String>) -> Self {
        Self::Hostile(reason.into())
    }

    /// The error as the user sees it.
    pub(super) fn at(self, remote: &RemoteName) -> RemoteError {
        let remote = remote.clone();
        match self {
            Self::Failed(reason) => RemoteError::Failed { remote, reason },
            Self::Hostile(reason) => RemoteError::Hostile { remote, reason },
            Self::Cancelled => RemoteError::Cancelled,
        }
    }
}

/// A text from outside, fit to stand in a message: one line, no control characters, not endless.
pub(super) fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_QUOTED_CHARS).collect();
    line.trim().to_owned()
}

/// Does `work` unless the user cancels first.
pub(super) async fn cancellable<T, E>(
    events: &Events,
    cancelled: E,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        () = events.cancellation().cancelled() => Err(cancelled),
        result = work => result,
    }
}
