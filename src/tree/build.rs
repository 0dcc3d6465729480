//! Building a tree from sorted entries, one pass, one open node per level.

use serde_json::Value;

use super::cut::starts_node;
use super::key::encode_key;
use super::node::{Child, NodeWriter, child_entry_bytes, value_entry_bytes};
use super::{ChunkSink, TreeError};
use crate::pod::{Digest, ResourceKey, canonical_json};

/// Longest value of one document. A resource's state is kilobytes; larger content belongs into a blob.
pub const MAX_VALUE_BYTES: usize = 16 << 20;

/// Longest key. S3 allows 1,024 bytes for an object's name.
pub const MAX_KEY_BYTES: usize = 64 << 10;

/// One level of the tree while it is built.
struct Level {
    open: NodeWriter,
    /// Whether a node of this level has been written already.
    written: bool,
}

/// A sub-tree to take over.
pub(crate) struct Subtree<'a> {
    /// Its level.
    pub(crate) level: u8,
    /// Its first key.
    pub(crate) first: &'a [u8],
    /// Its root.
    pub(crate) child: Child,
}

/// A tree's root.
pub(crate) enum Root {
    /// Written by the builder.
    Written(Digest),
    /// Taken over: it may have levels that a tree's root has not.
    Adopted(Digest),
}

/// Builds a tree from entries in strictly ascending key order.
pub struct Builder {
    levels: Vec<Level>,
    last_key: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty tree.
    pub fn new() -> Self {
        Self { levels: vec![Level { open: NodeWriter::new(0), written: false }], last_key: Vec::new() }
    }

    /// Adds the next entry. Keys must ascend.
    pub fn push(&mut self, sink: &mut dyn ChunkSink, key: &ResourceKey, value: &Value) -> Result<(), TreeError> {
        let encoded = encode_key(key).ok_or_else(|| TreeError::Entry {
            key: key.to_string(),
            reason: "a part of the key is empty".to_owned(),
        })?;
        self.push_encoded(sink, &encoded, &canonical_json(value))
    }

    /// Adds the next entry in its encoded form.
    pub(crate) fn push_encoded(&mut self, sink: &mut dyn ChunkSink, key: &[u8], value: &[u8]) -> Result<(), TreeError> {
        let refuse = |reason: String| {
            let text = super::key::decode_key(key).map_or_else(|| "malformed key".to_owned(), |key| key.to_string());
            Err(TreeError::Entry { key: text, reason })
        };
        if key <= self.last_key.as_slice() {
            return refuse("keys must ascend".to_owned());
        }
        if key.len() > MAX_KEY_BYTES {
            return refuse(format!("the key has {} bytes, more than {MAX_KEY_BYTES}", key.len()));
        }
        if value.len() > MAX_VALUE_BYTES {
            return refuse(format!("the document has {} bytes, more than {MAX_VALUE_BYTES}", value.len()));
        }
        self.make_room(sink, 0, key, value_entry_bytes(key, value))?;
        self.levels[0].open.push_value(key, value);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        Ok(())
    }

    /// Closes the open node of `level` where the entry that comes next begins a new one.
    fn make_room(
        &mut self,
        sink: &mut dyn ChunkSink,
        level: usize,
        key: &[u8],
        entry_bytes: usize,
    ) -> Result<(), TreeError> {
        let open = &self.levels[level].open;
        if starts_node(level as u8, open.count(), open.entry_bytes(), key, entry_bytes) {
            self.close(sink, level)?;
        }
        Ok(())
    }

    /// Writes the open node of `level` and enters it into the level above.
    fn close(&mut self, sink: &mut dyn ChunkSink, level: usize) -> Result<(), TreeError> {
        let node = std::mem::replace(&mut self.levels[level].open, NodeWriter::new(level as u8));
        self.levels[level].written = true;
        let (bytes, first_key, documents) = node.finish();
        let child = Child { digest: sink.put_chunk(&bytes)?, documents };
        self.enter(sink, level + 1, &first_key, &child)
    }

    /// Enters a child into `level`, which may be a new one.
    fn enter(&mut self, sink: &mut dyn ChunkSink, level: usize, key: &[u8], child: &Child) -> Result<(), TreeError> {
        if self.levels.len() == level {
            self.levels.push(Level { open: NodeWriter::new(level as u8), written: false });
        }
        self.make_room(sink, level, key, child_entry_bytes(key))?;
        self.levels[level].open.push_child(key, child);
        Ok(())
    }

    /// Takes over a sub-tree as it is, if building would cut it out just so: if its first key begins a node on its
    /// level and all below. Says whether it did; if not, nothing was added. The entry behind the sub-tree must be the
    /// one that was behind it where it comes from. `first_bytes` is asked what the sub-tree's first entry takes.
    pub(crate) fn adopt(
        &mut self,
        sink: &mut dyn ChunkSink,
        subtree: &Subtree<'_>,
        first_bytes: &dyn Fn() -> Result<usize, TreeError>,
    ) -> Result<bool, TreeError> {
        let top = usize::from(subtree.level);
        for level in 0..=top {
            if self.levels.len() == level {
                self.levels.push(Level { open: NodeWriter::new(level as u8), written: false });
            }
            if self.levels[level].open.count() > 0 {
                let bytes = if level == 0 { first_bytes()? } else { child_entry_bytes(subtree.first) };
                self.make_room(sink, level, subtree.first, bytes)?;
            }
            if self.levels[level].open.count() > 0 {
                return Ok(false);
            }
        }
        self.levels[..=top].iter_mut().for_each(|level| level.written = true);
        self.enter(sink, top + 1, subtree.first, &subtree.child)?;
        Ok(true)
    }

    /// Writes what is left and gives the root. An empty tree has a root too.
    pub fn finish(self, sink: &mut dyn ChunkSink) -> Result<Digest, TreeError> {
        match self.finish_root(sink)? {
            Root::Written(root) | Root::Adopted(root) => Ok(root),
        }
    }

    /// Writes what is left and gives the root, telling whether it is one that was taken over.
    pub(crate) fn finish_root(mut self, sink: &mut dyn ChunkSink) -> Result<Root, TreeError> {
        let mut level = 0;
        // The first level that is one single node is the root: there is nothing to tell apart above it.
        while self.levels[level].written {
            // What was taken over leaves nothing open below it.
            if self.levels[level].open.count() > 0 {
                self.close(sink, level)?;
            }
            level += 1;
        }
        let root = std::mem::replace(&mut self.levels[level].open, NodeWriter::new(0));
        match root.only_child() {
            Some(child) => Ok(Root::Adopted(child)),
            None => Ok(Root::Written(sink.put_chunk(&root.finish().0)?)),
        }
    }
}
