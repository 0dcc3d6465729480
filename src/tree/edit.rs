//! Changing a few entries of a tree. Sub-trees that no change touches are taken over as they are, unread, so the
//! cost follows the changes, and the result is the very tree that building it anew would give.

use super::build::{Root, Subtree};
use super::cursor::{Item, load, load_child};
use super::key::encode_key;
use super::node::{Child, value_entry_bytes};
use super::{Builder, ChunkSink, ChunkSource, Tree, TreeError};
use crate::pod::{Digest, ResourceKey, canonical_json};

/// Entries to set (Some) or to remove (None), in strictly ascending key order.
#[derive(Default)]
pub struct Edits(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Edits {
    /// Adds the next edit. Keys must ascend.
    ///
    /// # Errors
    /// When they do not, or a part of the key is empty.
    pub fn push(&mut self, key: &ResourceKey, value: Option<&serde_json::Value>) -> Result<(), TreeError> {
        let refuse = |reason: &str| TreeError::Entry { key: key.to_string(), reason: reason.to_owned() };
        let encoded = encode_key(key).ok_or_else(|| refuse("a part of the key is empty"))?;
        if self.0.last().is_some_and(|(last, _)| *last >= encoded) {
            return Err(refuse("keys must ascend"));
        }
        self.0.push((encoded, value.map(canonical_json)));
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Tree {
    /// The root of this tree with `edits` made, its new nodes written to `sink`.
    pub(crate) fn edit(&self, edits: &Edits, sink: &mut dyn ChunkSink) -> Result<Digest, TreeError> {
        if edits.is_empty() {
            return Ok(self.root);
        }
        let mut builder = Builder::new();
        let mut cursor = self.cursor()?;
        let mut edits = edits.0.iter().peekable();
        while let Some(item) = cursor.current() {
            let first = item.first_key();
            while let Some((key, value)) = edits.next_if(|(key, _)| key.as_slice() < &first[..]) {
                set(&mut builder, sink, key, value.as_deref())?;
            }
            match &item {
                Item::Subtree { digest, level, first, documents } => {
                    // The key behind a sub-tree decides where its last node ends, so that one must stay too.
                    let touched = edits
                        .peek()
                        .is_some_and(|(key, _)| cursor.key_behind().is_none_or(|behind| key.as_slice() <= behind));
                    let first_bytes = || first_entry_bytes(self.source.as_ref(), digest);
                    let child = Child { digest: *digest, documents: *documents };
                    let subtree = Subtree { level: *level, first, child };
                    if !touched && builder.adopt(sink, &subtree, &first_bytes)? {
                        cursor.skip();
                    } else {
                        cursor.enter()?;
                    }
                }
                Item::Entry { key, value } => {
                    match edits.next_if(|(edited, _)| edited.as_slice() == &key[..]) {
                        Some((key, value)) => set(&mut builder, sink, key, value.as_deref())?,
                        None => builder.push_encoded(sink, key, value)?,
                    }
                    cursor.skip();
                }
            }
        }
        for (key, value) in edits {
            set(&mut builder, sink, key, value.as_deref())?;
        }
        match builder.finish_root(sink)? {
            Root::Written(root) => Ok(root),
            Root::Adopted(root) => lowest_root(self.source.as_ref(), root),
        }
    }
}

fn set(builder: &mut Builder, sink: &mut dyn ChunkSink, key: &[u8], value: Option<&[u8]>) -> Result<(), TreeError> {
    value.map_or(Ok(()), |value| builder.push_encoded(sink, key, value))
}

/// The bytes that the first entry below a node takes in its leaf.
fn first_entry_bytes(source: &dyn ChunkSource, root: &Digest) -> Result<usize, TreeError> {
    let mut node = load(source, root)?;
    while node.level > 0 {
        node = load_child(source, &node, 0, None)?;
    }
    if node.is_empty() {
        return Ok(0);
    }
    Ok(value_entry_bytes(node.key(0), &node.value_bytes(0)))
}

/// A node without the levels above it that have one child only.
fn lowest_root(source: &dyn ChunkSource, mut root: Digest) -> Result<Digest, TreeError> {
    loop {
        let node = load(source, &root)?;
        if node.level == 0 || node.len() > 1 {
            return Ok(root);
        }
        root = node.child(0).digest;
    }
}
