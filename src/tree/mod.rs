//! The sorted Merkle tree of documents: build, read, diff, three-way walk, edit.
//!
//! A tree maps [`crate::pod::ResourceKey`]s, in their own order, to canonical JSON values. Leaves of about
//! 16 KiB are cut by a hash of the key, so a changed value hardly ever shifts its neighbours; equal sub-trees
//! have equal digests and are skipped when two trees are compared. Each commit has two: documents, and observed.

use bytes::Bytes;
use serde_json::Value;

use crate::pod::{Digest, ResourceKey};

mod build;
mod cursor;
mod cut;
mod diff;
mod edit;
mod key;
mod node;
mod read;
#[cfg(test)]
mod tests;
mod three_way;
mod walk;

pub use build::{Builder, MAX_KEY_BYTES, MAX_VALUE_BYTES};
pub(crate) use cursor::Cursor;
pub(crate) use diff::next_difference;
pub use edit::Edits;
pub(crate) use key::{decode_key, encode_key};
pub(crate) use node::Node;
pub use read::Tree;
pub use three_way::ThreeWay;

/// Where a tree's nodes are read from: digest-addressed chunks, already verified.
pub trait ChunkSource: Send + Sync {
    /// The chunk's content.
    fn chunk(&self, digest: &Digest) -> Result<Bytes, TreeError>;
}

/// Where a tree's nodes are written to.
pub trait ChunkSink {
    /// Keeps a chunk and gives its digest. Writing a chunk that is there already is cheap.
    fn put_chunk(&mut self, content: &[u8]) -> Result<Digest, TreeError>;
}

/// What is wrong with a tree, its source or its sink.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A chunk could not be read or written.
    #[error("tree chunk {digest:?}: {reason}")]
    Chunk {
        /// The chunk, where known.
        digest: Option<Digest>,
        /// Why.
        reason: String,
    },
    /// A node breaks the format: order, bounds, depth.
    #[error("tree node {digest}: {reason}")]
    Corrupt {
        /// The node.
        digest: Digest,
        /// How.
        reason: String,
    },
    /// One entry cannot be kept in a tree, or is not what it should be.
    #[error("{key}: {reason}")]
    Entry {
        /// Its key's text.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// One key on which two trees differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The key.
    pub key: ResourceKey,
    /// The first tree's value.
    pub before: Option<Value>,
    /// The second tree's value.
    pub after: Option<Value>,
}
