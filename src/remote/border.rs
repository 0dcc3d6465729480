//! Between a store and a remote: what is here without loss may be there without its secrets, as another commit.

use async_trait::async_trait;

use super::{RemoteError, RemoteVersion};
use crate::event::Events;
use crate::pod::Digest;
use crate::store::VersionEntry;

/// Tells which commit is which on both sides, and makes those that are not there yet. Everything that a transfer
/// compares are the remote's commits; only what is published in a local pod is the store's.
#[async_trait]
pub trait Border: Send + Sync {
    /// What is to be published for these versions, all of it in the store. `theirs` is what the remote has.
    async fn outgoing(
        &self,
        versions: Vec<VersionEntry>,
        theirs: &[RemoteVersion],
        events: &Events,
    ) -> Result<Vec<VersionEntry>, RemoteError>;

    /// What the remote knows these versions as, as far as it does; the others stay as they are.
    async fn known(
        &self,
        versions: Vec<VersionEntry>,
        theirs: &[RemoteVersion],
    ) -> Result<Vec<VersionEntry>, RemoteError>;

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
        _: &[RemoteVersion],
        _: &Events,
    ) -> Result<Vec<VersionEntry>, RemoteError> {
        Ok(versions)
    }

    async fn known(&self, versions: Vec<VersionEntry>, _: &[RemoteVersion]) -> Result<Vec<VersionEntry>, RemoteError> {
        Ok(versions)
    }

    async fn incoming(&self, published: Digest, _: &Events) -> Result<Digest, RemoteError> {
        Ok(published)
    }
}
