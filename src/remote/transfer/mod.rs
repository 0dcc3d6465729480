//! Moving pods between the local store and a remote.
//!
//! Whoever has versions that go on from the other's newest has what the other lacks: those behind it in the list, or,
//! after a merge, those that descend from it. Where both went on, a push puts the local ones beside the remote's
//! versions, without a number, until they are merged; a pull takes nothing. A version is known by its commit; its
//! number may differ between the two sides, as one may have versions that the other never saw. Commits are made whole
//! on the receiving side before they are published there, parents first; so an interruption leaves a shorter history,
//! never a broken one.

use super::fault::cancellable;
use super::{Remote, RemoteError, RemoteHistory};
use crate::event::Events;
use crate::pod::{PodName, nearest};
use crate::store::{Store, StoreError, did_you_mean};

mod pull;
mod push;
mod receive;

pub use pull::{fetch, pull, pull_through};
pub use push::{push, push_through};

/// What a remote has of a pod, without its state; an error with the nearest names where there is nothing.
pub async fn history(remote: &dyn Remote, pod: &PodName, events: &Events) -> Result<RemoteHistory, RemoteError> {
    let history = cancellable(events, RemoteError::Cancelled, remote.history(pod)).await?;
    if !history.is_empty() {
        return Ok(history);
    }
    // The names are only a help; a remote that does not list them still gives the right error.
    let pods = cancellable(events, RemoteError::Cancelled, remote.pods()).await.unwrap_or_default();
    let hint = did_you_mean(&nearest(pod.as_str(), pods.iter().map(PodName::as_str)));
    Err(RemoteError::UnknownPod { remote: remote.config().name.clone(), pod: pod.clone(), hint })
}

/// Does blocking store work off the async threads.
async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, RemoteError> {
    let store = store.clone();
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(result) => Ok(result?),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(RemoteError::Cancelled),
    }
}
