//! Finding tree nodes in a pack that lies elsewhere, by its footer, to read them alone.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use bytes::Bytes;

use super::format::{Entry, Kind};
use super::pack::{footer_at, open_stored, parse_footer};
use crate::pod::Digest;

/// Most bytes that the nodes of one run may have when decompressed.
const MAX_RUN_SIZE: u64 = 64 << 20;

/// Where the tree nodes of a pack are. Nothing in it is to be believed: what is read by it is verified.
pub(crate) struct PackMap {
    entries: Vec<Entry>,
    nodes: HashMap<Digest, usize>,
}

/// Nodes that lie back to back, the one asked for last.
pub(crate) struct Run {
    /// The bytes of the pack to read.
    pub(crate) bytes: Range<u64>,
    entries: RangeInclusive<usize>,
}

impl PackMap {
    /// Where the footer of a pack of `length` bytes begins, by some of its last bytes; or what is wrong with it.
    pub(crate) fn footer_at(length: u64, tail: &[u8]) -> Result<u64, String> {
        footer_at(length, tail)
    }

    /// Reads the footer of a pack of `length` bytes; or says what is wrong with it.
    pub(crate) fn parse(length: u64, footer: &[u8]) -> Result<Self, String> {
        let entries = parse_footer(length, footer)?;
        let nodes = entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Node);
        let nodes = nodes.map(|(position, entry)| (entry.digest, position)).collect();
        Ok(Self { entries, nodes })
    }

    /// The node and those that lie before it, up to about `window` bytes. Packs have parents behind their children,
    /// so who reads a tree from its root reads a pack from its end. None where the pack does not have it.
    pub(crate) fn run(&self, digest: &Digest, window: u64) -> Option<Run> {
        let last = *self.nodes.get(digest)?;
        let end = self.entries.get(last)?.end();
        let (mut first, mut start, mut size) = (last, self.entries.get(last)?.offset, 0);
        for (position, entry) in self.entries.iter().enumerate().take(last).rev() {
            size += u64::from(entry.size);
            if entry.kind != Kind::Node || end - entry.offset > window || size > MAX_RUN_SIZE {
                break;
            }
            (first, start) = (position, entry.offset);
        }
        Some(Run { bytes: start..end, entries: first..=last })
    }

    /// Whether `next` ends where `before` began.
    pub(crate) fn goes_on(before: &Run, next: &Run) -> bool {
        next.bytes.end == before.bytes.start
    }

    /// The nodes in the bytes of a run, verified; or what is wrong with them.
    pub(crate) fn open(&self, run: &Run, bytes: &[u8]) -> Result<Vec<(Digest, Bytes)>, String> {
        let mut nodes = Vec::new();
        for entry in self.entries.get(run.entries.clone()).unwrap_or_default() {
            let at = (entry.offset - run.bytes.start) as usize;
            let frame = bytes.get(at..at + entry.stored as usize).ok_or("it is cut short")?;
            nodes.push((entry.digest, open_stored(entry, frame.to_vec())?));
        }
        Ok(nodes)
    }
}
