//! Looking at a version, wherever it is.

use std::sync::Arc;

use super::blocking::blocking;
use super::share::remote_open;
use super::{Context, OpError, Snapshot, resolve};
use crate::event::Events;
use crate::pod::Reference;
use crate::remote::{self, RemoteTrees};
use crate::tree::Tree;

/// A version to look at. Of a remote one, only the tree nodes that are read come over the wire, and never a body.
pub struct Browsed {
    /// The version.
    pub snapshot: Snapshot,
    elsewhere: Option<Arc<RemoteTrees>>,
}

/// Finds a version to look at; `@live` is captured.
///
/// # Errors
/// When there is no such thing, with what there is; or when the instance, the remote or the store fails.
pub async fn browse(context: &Context, reference: &Reference, events: &Events) -> Result<Browsed, OpError> {
    let Reference::Pod { remote: Some(remote), pod, selector } = reference else {
        let (digest, commit) = resolve(context, reference, events).await?;
        return Ok(Snapshot::of(&context.store, digest, commit).into());
    };
    let remote = remote_open(context, Some(remote))?;
    let (digest, commit, trees) = remote::trees(&context.store, remote, pod, selector, events).await?;
    let tree = |root| Tree { source: trees.clone(), root };
    let snapshot = Snapshot { digest, state: tree(commit.state), observed: tree(commit.observed), commit };
    Ok(Browsed { snapshot, elsewhere: Some(trees) })
}

impl From<Snapshot> for Browsed {
    /// One that is in the store.
    fn from(snapshot: Snapshot) -> Self {
        Self { snapshot, elsewhere: None }
    }
}

impl Browsed {
    /// Reads all of both trees, and keeps them in the store: afterwards they can be read there.
    ///
    /// # Errors
    /// When the remote or the store fails, or the user cancels.
    pub async fn read_whole(self, events: &Events) -> Result<Snapshot, OpError> {
        if self.elsewhere.is_none() {
            return Ok(self.snapshot);
        }
        let events = events.clone();
        let read = move || {
            for tree in [&self.snapshot.state, &self.snapshot.observed] {
                for entry in tree.encoded_entries() {
                    if events.is_cancelled() {
                        return Err(OpError::Cancelled);
                    }
                    entry?;
                }
            }
            self.keep()?;
            Ok(self.snapshot)
        };
        blocking(read).await
    }

    /// Keeps what was read of a remote version in the store, so that it need not come again. Call it last.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep(&self) -> Result<(), OpError> {
        Ok(self.elsewhere.as_ref().map_or(Ok(()), |trees| trees.keep())?)
    }
}
