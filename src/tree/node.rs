//! One node of the tree as bytes: the format, strict on read.
//!
//! ```text
//! "PXN1"  level: u8  count: u32 LE  entries…
//! leaf (level 0):  key length: u32 LE, key, value length: u32 LE, value (canonical JSON)
//! inner:           key length: u32 LE, key (the child's first), child digest: 32 bytes, documents below: u64 LE
//! ```
//! Keys ascend strictly. A node has one spelling only, so equal content has equal digests; what repeats
//! between keys is left to the pack's compression.

use std::ops::Range;

use bytes::Bytes;

use super::key::is_key;
use crate::pod::Digest;

const MAGIC: &[u8; 4] = b"PXN1";
/// Magic, level, count.
const HEADER_BYTES: usize = 4 + 1 + 4;
/// Digest and count that follow a key in an inner node.
const CHILD_BYTES: usize = 32 + 8;

/// Highest level of a node. Inner nodes have two entries or more but for the last of a level, so that this
/// is never reached by an honest tree; it bounds how deep a hostile one is followed.
pub const MAX_LEVEL: u8 = 32;

/// What a child's entry in an inner node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// The child node.
    pub digest: Digest,
    /// Documents below it.
    pub documents: u64,
}

/// A decoded node. Keys and values are slices of its bytes.
#[derive(Debug)]
pub struct Node {
    bytes: Bytes,
    /// 0 for a leaf.
    pub level: u8,
    entries: Vec<(Range<usize>, Range<usize>)>,
}

impl Node {
    /// Decodes a node, or says how it breaks the format.
    pub fn decode(bytes: Bytes) -> Result<Self, String> {
        let mut reader = Reader { bytes: &bytes, at: 0 };
        if reader.take(MAGIC.len()).and_then(|range| bytes.get(range)) != Some(MAGIC) {
            return Err("it does not begin as a tree node".to_owned());
        }
        let level = reader.take(1).and_then(|range| bytes.get(range.start).copied()).ok_or_else(cut_short)?;
        if level > MAX_LEVEL {
            return Err(format!("its level {level} is above {MAX_LEVEL}"));
        }
        let count = reader.length().ok_or_else(cut_short)?;
        // Every entry takes at least its two lengths, so a lying count cannot reserve more than the input's size.
        let mut entries: Vec<(Range<usize>, Range<usize>)> = Vec::with_capacity(count.min(bytes.len() / 8));
        for position in 0..count {
            let key = reader.block().ok_or_else(cut_short)?;
            let value = if level == 0 { reader.block() } else { reader.take(CHILD_BYTES) }.ok_or_else(cut_short)?;
            if !is_key(&bytes[key.clone()]) {
                return Err(format!("entry {position} has a malformed key"));
            }
            if entries.last().is_some_and(|(before, _)| bytes[before.clone()] >= bytes[key.clone()]) {
                return Err(format!("entry {position} is out of order"));
            }
            entries.push((key, value));
        }
        if reader.at != bytes.len() {
            return Err(format!("{} bytes follow its last entry", bytes.len() - reader.at));
        }
        if level > 0 && entries.is_empty() {
            return Err("it is an inner node without children".to_owned());
        }
        Ok(Self { bytes, level, entries })
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none: only the root of an empty tree.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The key of an entry; for an inner node, the first key below it.
    pub fn key(&self, position: usize) -> &[u8] {
        &self.bytes[self.entries[position].0.clone()]
    }

    /// The key of an entry, sharing the node's memory.
    pub fn key_bytes(&self, position: usize) -> Bytes {
        self.bytes.slice(self.entries[position].0.clone())
    }

    /// The value of a leaf's entry, sharing the node's memory.
    pub fn value_bytes(&self, position: usize) -> Bytes {
        self.bytes.slice(self.entries[position].1.clone())
    }

    /// The child of an inner node's entry.
    pub fn child(&self, position: usize) -> Child {
        let (digest, documents) = self.bytes[self.entries[position].1.clone()].split_at(32);
        Child {
            digest: Digest::from_bytes(digest.try_into().expect("decode() checked the length")),
            documents: u64::from_le_bytes(documents.try_into().expect("decode() checked the length")),
        }
    }

    /// Documents at or below this node, as far as it says itself.
    pub fn documents(&self) -> u64 {
        if self.level == 0 {
            self.len() as u64
        } else {
            (0..self.len()).fold(0, |sum, position| sum.saturating_add(self.child(position).documents))
        }
    }

    /// Where `key` is, or the position before which it would be put.
    pub fn search(&self, key: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|(at, _)| self.bytes[at.clone()].cmp(key))
    }
}

fn cut_short() -> String {
    "it is cut short".to_owned()
}

/// Takes ranges off the front; None past the end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len())?;
        Some(std::mem::replace(&mut self.at, end)..end)
    }

    fn length(&mut self) -> Option<usize> {
        let range = self.take(4)?;
        let bytes = self.bytes.get(range)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn block(&mut self) -> Option<Range<usize>> {
        let length = self.length()?;
        self.take(length)
    }
}

/// Encodes one node, entry by entry.
pub struct NodeWriter {
    bytes: Vec<u8>,
    count: u32,
    documents: u64,
    first_key: Vec<u8>,
    /// The child entered last.
    last_child: Option<Digest>,
}

impl NodeWriter {
    /// An empty node.
    pub fn new(level: u8) -> Self {
        let mut bytes = Vec::with_capacity(super::cut::TARGET_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.push(level);
        bytes.extend_from_slice(&0u32.to_le_bytes());
        Self { bytes, count: 0, documents: 0, first_key: Vec::new(), last_child: None }
    }

    /// Adds a leaf's entry. The caller keeps keys ascending and sizes below 4 GiB.
    pub fn push_value(&mut self, key: &[u8], value: &[u8]) {
        self.push_key(key);
        self.bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(value);
        self.documents += 1;
    }

    /// Adds an inner node's entry.
    pub fn push_child(&mut self, key: &[u8], child: &Child) {
        self.push_key(key);
        self.bytes.extend_from_slice(child.digest.as_bytes());
        self.bytes.extend_from_slice(&child.documents.to_le_bytes());
        self.documents += child.documents;
        self.last_child = Some(child.digest);
    }

    /// The child of an inner node that has no other.
    pub fn only_child(&self) -> Option<Digest> {
        self.last_child.filter(|_| self.count == 1)
    }

    fn push_key(&mut self, key: &[u8]) {
        if self.count == 0 {
            self.first_key = key.to_vec();
        }
        self.count += 1;
        self.bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(key);
    }

    /// How many entries it has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes of its entries so far.
    pub fn entry_bytes(&self) -> usize {
        self.bytes.len() - HEADER_BYTES
    }

    /// The node's bytes, its first key, and the documents below it.
    pub fn finish(mut self) -> (Vec<u8>, Vec<u8>, u64) {
        self.bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&self.count.to_le_bytes());
        (self.bytes, self.first_key, self.documents)
    }
}

/// Bytes that a leaf's entry takes.
pub fn value_entry_bytes(key: &[u8], value: &[u8]) -> usize {
    8 + key.len() + value.len()
}

/// Bytes that an inner node's entry takes.
pub fn child_entry_bytes(key: &[u8]) -> usize {
    4 + key.len() + CHILD_BYTES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaf(keys: &[&str]) -> Vec<u8> {
        let mut writer = NodeWriter::new(0);
        for key in keys {
            writer.push_value(format!("1\0r\0s\0k\0{key}\0").as_bytes(), b"{}");
        }
        writer.finish().0
    }

    #[test]
    fn a_node_reads_back_and_only_in_its_one_spelling() {
        let bytes = leaf(&["a", "b"]);
        let node = Node::decode(bytes.clone().into()).unwrap();
        assert_eq!((node.level, node.len(), node.documents()), (0, 2, 2));
        assert_eq!(node.key(1), b"1\0r\0s\0k\0b\0");
        assert_eq!(&node.value_bytes(0)[..], b"{}");
        for length in 0..bytes.len() {
            assert!(Node::decode(bytes[..length].to_vec().into()).is_err(), "cut to {length}");
        }
        assert!(Node::decode([&bytes[..], b"x"].concat().into()).is_err());
        assert!(Node::decode(leaf(&["b", "a"]).into()).unwrap_err().contains("out of order"));
        assert!(Node::decode(leaf(&["a", "a"]).into()).unwrap_err().contains("out of order"));
        assert!(Node::decode(NodeWriter::new(1).finish().0.into()).unwrap_err().contains("without children"));
        assert!(Node::decode(NodeWriter::new(MAX_LEVEL + 1).finish().0.into()).unwrap_err().contains("level"));
    }

    proptest! {
        #[test]
        fn no_input_makes_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), level in 0u8..3) {
            let framed = [&MAGIC[..], &[level], &bytes].concat();
            let _ = Node::decode(framed.into());
        }
    }
}
