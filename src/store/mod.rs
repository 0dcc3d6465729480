//! The local version store: packs, index, refs, operation log.
//!
//! Everything that is kept is a chunk under its sha256: commits, tree nodes, blobs and their pieces. Chunks lie
//! in packs that never change; refs are small files written last. A crash therefore leaves a store that is
//! as it was, and at most packs that nobody refers to. `layout.rs` shows the folder, `format.rs` the bytes.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::pod::{BlobRef, Commit, Digest, PodName};
use crate::tree::{ChunkSource, Tree, TreeError};

mod aside;
mod blob;
mod cache;
mod disk;
mod error;
mod format;
mod fsck;
mod gc;
mod history;
mod index;
mod layout;
mod lines;
mod listing;
mod map;
mod mark;
mod oplog;
mod outside;
mod pack;
mod packs;
mod reach;
mod refs;
mod repack;
mod repair;
mod sort;
mod stats;
#[cfg(test)]
mod tests;
mod transfer;
mod twins;
mod writer;

pub use blob::BlobWriter;
pub(crate) use cache::Cache as ChunkCache;
pub(crate) use disk::begin_sync;
pub use error::StoreError;
pub(crate) use error::did_you_mean;
pub(crate) use format::MAX_PACK_BYTES;
pub use fsck::FsckLevel;
pub use gc::{GcOptions, GcReport};
pub use history::MergeBase;
pub use listing::{ListedPod, PodRefs};
pub(crate) use map::{PackMap, Run};
pub use outside::{index_entries, pack_chunks, ref_commit};
pub use repack::RepackReport;
pub use stats::{ChunkStats, StoreStats};
pub use transfer::{ExportedPack, TemporaryFile};
pub use twins::{Twin, Twins};
pub use writer::Writer;

/// A commit's place in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VersionEntry {
    /// From 1.
    pub number: u64,
    /// The commit.
    pub commit: Digest,
}

/// The roots of a commit's trees, and how many documents they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRoots {
    /// Of the documents.
    pub state: Digest,
    /// Of the observed values.
    pub observed: Digest,
    /// Documents.
    pub resources: u64,
}

/// One line of the operation log: what was done to what, for undo and for drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpRecord {
    /// When, to the millisecond.
    pub time: jiff::Timestamp,
    /// `commit`, `inject`, `undo`, `pull`, `push`, `rename`, `delete` …
    pub operation: String,
    /// The pod concerned, where there is one.
    pub pod: Option<PodName>,
    /// The instance concerned (endpoint URL), where there is one.
    pub endpoint: Option<String>,
    /// The commit that resulted or was injected.
    pub commit: Option<Digest>,
    /// For inject and undo: the safety commit taken before. Undo injects it.
    pub safety: Option<Digest>,
    /// For people.
    pub summary: String,
}

/// A version store in one folder. Cheap to clone; several processes may have it open at once.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// See [`Store::hold`].
pub struct Hold {
    _lock: std::fs::File,
}

struct Inner {
    layout: layout::Layout,
    packs: packs::Packs,
}

impl Store {
    /// Opens the store at `root`, creating it where there is none. Refuses a folder that holds something else.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::open_on(root, Arc::new(disk::RealDisk))
    }

    fn open_on(root: &Path, disk: Arc<dyn disk::Disk>) -> Result<Self, StoreError> {
        let layout = layout::Layout::open(root, disk)?;
        let packs = packs::Packs::new(layout.clone());
        Ok(Self { inner: Arc::new(Inner { layout, packs }) })
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        self.inner.layout.root()
    }

    /// Begins writing, under a shared lock until it is finished or dropped.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        Writer::new(self.clone())
    }

    /// Keeps everything that is in the store, named or not, from being collected until it is dropped. For work that
    /// writes now and names later.
    pub fn hold(&self) -> Result<Hold, StoreError> {
        Ok(Hold { _lock: self.inner.layout.lock_shared()? })
    }

    /// Reads and verifies a commit.
    pub fn commit(&self, digest: &Digest) -> Result<Commit, StoreError> {
        let content = self.inner.packs.content("commit", digest)?;
        Commit::from_bytes(&content).map_err(|source| StoreError::Commit { digest: *digest, source })
    }

    /// The tree with this root.
    pub fn tree(&self, root: Digest) -> Tree {
        Tree { source: Arc::new(self.clone()), root }
    }

    /// Opens a blob; what is read is verified against its digest and size, at the latest at its end.
    pub fn open_blob(&self, blob: &BlobRef) -> Result<Box<dyn Read + Send>, StoreError> {
        self.open_blob_at(blob, 0)
    }

    /// Opens a blob behind its first `offset` bytes; what is read is verified piece by piece. Behind its end there is
    /// nothing.
    pub fn open_blob_at(&self, blob: &BlobRef, offset: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        blob::open(self, blob, offset)
    }
}

impl Store {
    /// A tree node that is here, as far as is known without looking for new packs.
    pub(crate) fn known_node(&self, digest: &Digest) -> Option<Bytes> {
        let packs = &self.inner.packs;
        packs.has_known(digest, packs::Wanted::Content).then(|| packs.content("tree node", digest).ok()).flatten()
    }
}

impl ChunkSource for Store {
    fn chunk(&self, digest: &Digest) -> Result<Bytes, TreeError> {
        let content = self.inner.packs.content("tree node", digest);
        content.map_err(|error| TreeError::Chunk { digest: Some(*digest), reason: error.to_string() })
    }
}
