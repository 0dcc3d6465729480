//! What can go wrong in the store.

use std::path::{Path, PathBuf};

use crate::pod::{CommitError, Digest, PodName};
use crate::tree::TreeError;

/// A failed store operation. The store is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk is nearly full.
    #[error("{path}: only {} MiB are left on the disk: make room, or name a folder on another disk with PODEX_HOME", free >> 20)]
    NoRoom {
        /// The store.
        path: PathBuf,
        /// Bytes that are left.
        free: u64,
    },
    /// A file of the store is damaged.
    #[error("{path} is damaged: {reason}; run 'podex fsck'")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where in it.
        reason: String,
    },
    /// Something that should be in the store is not.
    #[error("{what} {digest} is not in the store; run 'podex fsck'")]
    Missing {
        /// `commit`, `tree node`, `blob`.
        what: &'static str,
        /// Its digest.
        digest: Digest,
    },
    /// No pod of that name.
    #[error("there is no pod {pod}{}", did_you_mean(nearest))]
    UnknownPod {
        /// The name asked for.
        pod: PodName,
        /// The most similar names there are.
        nearest: Vec<String>,
    },
    /// The pod has no such version or revision.
    #[error("pod {pod} has no {wanted}; it has {have}")]
    UnknownVersion {
        /// The pod.
        pod: PodName,
        /// `version 7` or `revision 1f3a`.
        wanted: String,
        /// `versions 1 to 3`.
        have: String,
    },
    /// More than one commit begins with the revision given.
    #[error("revision {revision} of pod {pod} is ambiguous: give more digits")]
    AmbiguousRevision {
        /// The pod.
        pod: PodName,
        /// The digits given.
        revision: String,
    },
    /// The version must stay.
    #[error("version {number} of pod {pod} is not deleted: {reason}")]
    VersionInUse {
        /// The pod.
        pod: PodName,
        /// The version.
        number: u64,
        /// Why, and what to do instead.
        reason: String,
    },
    /// The new name is taken.
    #[error("there is already a pod {pod}")]
    PodExists {
        /// The name.
        pod: PodName,
    },
    /// Somebody else added a version to the pod in the meantime.
    #[error("pod {pod} has moved on to {head:?} meanwhile: try again")]
    HeadMoved {
        /// The pod.
        pod: PodName,
        /// Its head now.
        head: Option<Digest>,
    },
    /// The same resource was captured twice.
    #[error("{key} was given twice")]
    DuplicateKey {
        /// Its key's text.
        key: String,
    },
    /// The folder holds something else: podex does not touch it.
    #[error("{path} is not a podex store: it holds other files; choose an empty folder")]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },
    /// Written by a newer podex.
    #[error("{path}: store format {found:?} is not one this podex understands: update podex")]
    Format {
        /// The format file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// A writer was used after it had built its trees or finished.
    #[error("this writer takes no more: it has already {done}")]
    WriterDone {
        /// `built its trees` or `finished`.
        done: &'static str,
    },
    /// Somebody writes for longer than is worth waiting.
    #[error("{path}: another podex is writing to the store: try again when it is done")]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// More than fits into one pack.
    #[error("{size} bytes are more than one pack holds ({limit}): divide the chunks with Store::pack_groups")]
    PackTooLarge {
        /// Bytes asked for.
        size: u64,
        /// The most.
        limit: u64,
    },
    /// A body of more pieces than can be listed.
    #[error(
        "a body of more than {size} bytes is more than the store can keep: leave it out, as with 'podex commit --service'"
    )]
    BlobTooLarge {
        /// Bytes taken so far.
        size: u64,
    },
    /// A tree is damaged.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A commit object is damaged or too new.
    #[error("commit {digest}: {source}")]
    Commit {
        /// The commit.
        digest: Digest,
        /// What is wrong.
        source: CommitError,
    },
}

impl StoreError {
    /// For `map_err`: the file system refused at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// The file at `path` is damaged.
    pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), reason: reason.into() }
    }
}

/// `; did you mean a or b?`, or nothing.
pub(crate) fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) }
}
