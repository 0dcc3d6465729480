//! Between a store and a remote: what is here without loss may be there without its secrets, as another commit.

use std::collections::HashSet;

use async_trait::async_trait;

use super::RemoteError;
use crate::event::Events;
use crate::pod::Digest;
use crate::store::VersionEntry;

/// Tells which commit is which on both sides, and makes those that are not there yet. Everything that a transfer
/// compares are the remote's commits; only what is published in a local pod is the store's. `theirs` are all commits
/// that the remote has of the pod.
#[async_trait]
pub trait Border: Send + Sync {
    /// What is to be published for these versions, all of it in the store.
    async fn outgoing(
        &self,
        versions: Vec<VersionEntry>,
        theirs: &HashSet<Digest>,
        events: &Events,
    ) -> Result<Vec<VersionEntry>, RemoteError>;

    /// What the remote knows these commits as, as far as it does; the others stay as they are.
    async fn known(&self, commits: Vec<Digest>, theirs: &HashSet<Digest>) -> Result<Vec<Digest>, RemoteError>;

    /// What is to be published here for a commit of the remote's, which is in the store with all it needs, as are
    /// those before it.
    async fn incoming(&self, published: Digest, events: &Events) -> Result<Digest, RemoteError>;
}

/// Commits that are the same on both sides.
pub struct NoBorder;

#[async_trait]
impl Border for NoBorder {
    async fn outgoing(
        &self,
        versions: Vec<VersionEntry>,
        _: &HashSet<Digest>,
        _: &Events,
    ) -> Result<Vec<VersionEntry>, RemoteError> {
        Ok(versions)
    }

    async fn known(&self, commits: Vec<Digest>, _: &HashSet<Digest>) -> Result<Vec<Digest>, RemoteError> {
        Ok(commits)
    }

    async fn incoming(&self, published: Digest, _: &Events) -> Result<Digest, RemoteError> {
        Ok(published)
    }
}
