//! The sorted Merkle tree of documents: build, read, diff.
//!
//! A tree maps [`crate::pod::ResourceKey`]s, in their own order, to canonical JSON values. Leaves of about
//! 16 KiB are cut by a hash of the key, so a changed value never shifts its neighbours; equal sub-trees have
//! equal digests and are skipped when two trees are compared. Each commit has two: documents, and observed.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::pod::{Digest, ResourceKey};

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
    /// A node breaks the format: order, bounds, depth, or JSON.
    #[error("tree node {digest}: {reason}")]
    Corrupt {
        /// The node.
        digest: Digest,
        /// How.
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

/// Builds a tree from entries in strictly ascending key order.
pub struct Builder {}

impl Builder {
    /// An empty tree.
    pub fn new() -> Self {
        todo!()
    }

    /// Adds the next entry. Keys must ascend.
    pub fn push(&mut self, sink: &mut dyn ChunkSink, key: &ResourceKey, value: &Value) -> Result<(), TreeError> {
        let _ = (sink, key, value);
        todo!()
    }

    /// Writes what is left and gives the root. An empty tree has a root too.
    pub fn finish(self, sink: &mut dyn ChunkSink) -> Result<Digest, TreeError> {
        let _ = sink;
        todo!()
    }
}

/// Reads a tree.
#[derive(Clone)]
pub struct Tree {
    /// Where its nodes are.
    pub source: Arc<dyn ChunkSource>,
    /// Its root node.
    pub root: Digest,
}

impl Tree {
    /// The value at `key`.
    pub fn get(&self, key: &ResourceKey) -> Result<Option<Value>, TreeError> {
        let _ = key;
        todo!()
    }

    /// All entries in key order, read lazily leaf by leaf.
    pub fn entries(&self) -> Box<dyn Iterator<Item = Result<(ResourceKey, Value), TreeError>> + Send> {
        todo!()
    }

    /// All keys in order, without parsing values.
    pub fn keys(&self) -> Box<dyn Iterator<Item = Result<ResourceKey, TreeError>> + Send> {
        todo!()
    }

    /// The keys on which `self` (before) and `other` (after) differ, in order. Equal sub-trees are skipped.
    pub fn diff(&self, other: &Self) -> Box<dyn Iterator<Item = Result<Difference, TreeError>> + Send> {
        let _ = other;
        todo!()
    }
}
