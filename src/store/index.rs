//! One pack's index: a sorted immutable file, mapped into memory and searched by halving.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

use super::StoreError;
use super::format::{ENTRY_BYTES, Entry, INDEX_HEADER_BYTES, INDEX_MAGIC, INDEX_TRAILER_BYTES};
use crate::pod::Digest;

/// The index of one pack.
pub(super) struct Index {
    /// The pack it belongs to.
    pub(super) pack: Digest,
    bytes: Bytes,
}

/// The bytes of the index of `pack`.
pub(super) fn encode_index(pack: &Digest, entries: &[Entry]) -> Vec<u8> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_unstable_by_key(|entry| (entry.digest, entry.offset));
    let mut bytes = Vec::with_capacity(INDEX_HEADER_BYTES + sorted.len() * ENTRY_BYTES + INDEX_TRAILER_BYTES);
    bytes.extend_from_slice(INDEX_MAGIC);
    bytes.extend_from_slice(pack.as_bytes());
    bytes.extend_from_slice(&(sorted.len() as u64).to_le_bytes());
    sorted.iter().for_each(|entry| entry.write(&mut bytes));
    let checksum = Digest::of(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

impl Index {
    /// Maps an index file and checks it whole: 1.4 GB/s, once per process and pack.
    pub(super) fn open(path: &Path, pack: Digest) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io(path))?;
        // SAFETY: index files are never changed in place: they are written under another name and moved here.
        // Whoever truncates one by hand while podex runs gets what the system gives for that, a SIGBUS.
        let map = unsafe { Mmap::map(&file) }.map_err(StoreError::io(path))?;
        Self::from_bytes(Bytes::from_owner(map), path, pack)
    }

    /// The index in `bytes`; `path` is where they come from or belong.
    pub(super) fn from_bytes(bytes: Bytes, path: &Path, pack: Digest) -> Result<Self, StoreError> {
        let corrupt = |reason: &str| Err(StoreError::corrupt(path, reason));
        let Some((content, checksum)) = bytes.split_at_checked(bytes.len().saturating_sub(INDEX_TRAILER_BYTES)) else {
            return corrupt("it is cut short");
        };
        if content.len() < INDEX_HEADER_BYTES || !(content.len() - INDEX_HEADER_BYTES).is_multiple_of(ENTRY_BYTES) {
            return corrupt("it is cut short");
        }
        if Digest::of(content).as_bytes() != checksum {
            return corrupt("it does not match its checksum");
        }
        let count = ((content.len() - INDEX_HEADER_BYTES) / ENTRY_BYTES) as u64;
        let header = [&INDEX_MAGIC[..], pack.as_bytes(), &count.to_le_bytes()].concat();
        if !content.starts_with(&header) {
            return corrupt("it is not the index of this pack");
        }
        Ok(Self { pack, bytes })
    }

    fn raw_entries(&self) -> &[[u8; ENTRY_BYTES]] {
        // from_bytes() checked that header and trailer fit.
        let entries = &self.bytes[INDEX_HEADER_BYTES..self.bytes.len() - INDEX_TRAILER_BYTES];
        entries.as_chunks::<ENTRY_BYTES>().0
    }

    /// Every entry for `digest`: a piece list and a chunk may share it.
    pub(super) fn find(&self, digest: &Digest) -> impl Iterator<Item = Entry> {
        let entries = self.raw_entries();
        let start = entries.partition_point(|entry| entry[..32] < digest.as_bytes()[..]);
        entries[start..]
            .iter()
            .take_while(|entry| entry[..32] == digest.as_bytes()[..])
            .filter_map(|entry| Entry::read(entry))
    }

    /// All entries, in the order of their digests.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.raw_entries().iter().filter_map(|entry| Entry::read(entry))
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
