//! The local version store: packs, index, refs, operation log. See the design's "The store" for the layout.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::pod::{BlobRef, Commit, Digest, Document, Observed, PodName, RemoteName, ResourceKey, Selector};
use crate::tree::Tree;

mod error;
pub use error::StoreError;

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
pub struct Store {}

impl Store {
    /// Opens the store at `root`, creating it where there is none.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let _ = root;
        todo!()
    }

    /// Begins writing: one new pack, under a shared lock until it is finished or dropped.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        todo!()
    }

    /// Reads and verifies a commit.
    pub fn commit(&self, digest: &Digest) -> Result<Commit, StoreError> {
        let _ = digest;
        todo!()
    }

    /// The tree with this root.
    pub fn tree(&self, root: Digest) -> Tree {
        let _ = root;
        todo!()
    }

    /// Opens a blob; what is read is verified against its digest and size, at the latest at its end.
    pub fn open_blob(&self, blob: &BlobRef) -> Result<Box<dyn Read + Send>, StoreError> {
        let _ = blob;
        todo!()
    }

    /// All pods, by name. A pod whose refs cannot be read is left out here and named by [`Store::fsck`].
    pub fn pods(&self) -> Result<Vec<PodName>, StoreError> {
        todo!()
    }

    /// A pod's versions, oldest first. [`StoreError::UnknownPod`] (with the nearest names) where there is none.
    pub fn versions(&self, pod: &PodName) -> Result<Vec<VersionEntry>, StoreError> {
        let _ = pod;
        todo!()
    }

    /// Finds one version of a pod. Unknown ones are errors that name what there is.
    pub fn resolve(&self, pod: &PodName, selector: &Selector) -> Result<VersionEntry, StoreError> {
        let _ = (pod, selector);
        todo!()
    }

    /// Makes `commit` (already written) the pod's next version. `parent` is the head it was made on; when the
    /// head has moved since, [`StoreError::HeadMoved`] and nothing changes. Creates the pod if need be.
    pub fn publish(&self, pod: &PodName, parent: Option<Digest>, commit: Digest) -> Result<VersionEntry, StoreError> {
        let _ = (pod, parent, commit);
        todo!()
    }

    /// Renames a pod with all its versions. Refused where the new name is taken.
    pub fn rename(&self, from: &PodName, to: &PodName) -> Result<(), StoreError> {
        let _ = (from, to);
        todo!()
    }

    /// Forgets a pod (its data stays until gc).
    pub fn delete(&self, pod: &PodName) -> Result<(), StoreError> {
        let _ = pod;
        todo!()
    }

    /// What was last seen as the head of `pod` on `remote`: the commit, None where never pushed or pulled.
    pub fn remote_head(&self, remote: &RemoteName, pod: &PodName) -> Result<Option<Digest>, StoreError> {
        let _ = (remote, pod);
        todo!()
    }

    /// Records what was seen as the head of `pod` on `remote`.
    pub fn set_remote_head(&self, remote: &RemoteName, pod: &PodName, commit: Digest) -> Result<(), StoreError> {
        let _ = (remote, pod, commit);
        todo!()
    }

    /// Appends to the operation log.
    pub fn record(&self, record: &OpRecord) -> Result<(), StoreError> {
        let _ = record;
        todo!()
    }

    /// The operation log, newest first, read lazily enough for long logs.
    pub fn operations(&self) -> Result<Vec<OpRecord>, StoreError> {
        todo!()
    }

    /// Whether the store has this chunk (tree node, blob piece or commit).
    pub fn has_chunk(&self, digest: &Digest) -> Result<bool, StoreError> {
        let _ = digest;
        todo!()
    }

    /// Every chunk reachable from `commit` (its own object, tree nodes, blob pieces) but not from `known`,
    /// children before parents and the commit object last. `known` commits the store lacks are ignored.
    pub fn chunks_between(&self, commit: &Digest, known: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let _ = (commit, known);
        todo!()
    }

    /// Writes a pack holding exactly these chunks to a temporary file and gives it with its digest: what is
    /// pushed. Never contains a byte outside `chunks`.
    pub fn export_pack(&self, chunks: &[Digest]) -> Result<ExportedPack, StoreError> {
        let _ = chunks;
        todo!()
    }

    /// Takes in a pack file from outside: every bound, size and digest is verified before it is visible.
    /// Gives the digests of the chunks it holds. The file is copied or moved, then synced.
    pub fn import_pack(&self, file: &Path, expected: &Digest) -> Result<Vec<Digest>, StoreError> {
        let _ = (file, expected);
        todo!()
    }

    /// Checks structure and digests; gives one sentence per fault, naming the file.
    pub fn fsck(&self) -> Result<Vec<String>, StoreError> {
        todo!()
    }
}

/// A pack made for a push.
pub struct ExportedPack {
    /// The temporary file; deleted when dropped.
    pub file: tempfile::NamedTempFile,
    /// sha256 of the file.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// Writes one pack. Shareable between threads; dropping it without [`Writer::finish`] leaves no trace.
#[derive(Clone)]
pub struct Writer {
    _inner: Arc<()>,
}

impl Writer {
    /// Adds a document with what was observed, in any order: entries are sorted on disk, not in memory.
    /// The same key twice is an error.
    pub fn document(&self, key: ResourceKey, document: &Document, observed: &Observed) -> Result<(), StoreError> {
        let _ = (key, document, observed);
        todo!()
    }

    /// Begins a blob.
    pub fn blob(&self) -> Result<BlobWriter, StoreError> {
        todo!()
    }

    /// Builds both trees from all documents added so far.
    pub fn trees(&self) -> Result<TreeRoots, StoreError> {
        todo!()
    }

    /// Syncs the pack and its index, then writes `commit`, and makes all of it visible. Refs are not touched.
    pub fn finish(self, commit: &Commit) -> Result<Digest, StoreError> {
        let _ = commit;
        todo!()
    }
}

/// Receives a blob's bytes. Dropping it without [`BlobWriter::finish`] abandons the blob.
pub struct BlobWriter {}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = bytes;
        todo!()
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl BlobWriter {
    /// Ends the blob.
    pub fn finish(self) -> Result<BlobRef, StoreError> {
        todo!()
    }
}
