//! Packs for others, and packs from others.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Write};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::blob::PieceList;
use super::format::{Entry, Kind, MAX_PACK_BYTES, PACK_TARGET_BYTES, PACK_TARGET_SIZE};
use super::pack::{PackBuilder, SealedPack, open_frame, read_footer, read_stored};
use super::packs::{Read, Wanted};
use super::{Store, StoreError};
use crate::pod::{Commit, Digest};
use crate::tree::Node;

/// A pack made for a push.
pub struct ExportedPack {
    /// The temporary file; deleted when dropped.
    pub file: NamedTempFile,
    /// sha256 of the file.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Keeps others from cleaning the file away.
    _lock: File,
}

/// A file in the store's own temporary folder; deleted when dropped.
pub struct TemporaryFile {
    /// The file.
    pub file: NamedTempFile,
    /// Keeps others from cleaning the file away.
    _lock: File,
}

impl Store {
    /// Whether the store has this chunk (tree node, blob, blob piece or commit).
    pub fn has_chunk(&self, digest: &Digest) -> Result<bool, StoreError> {
        let packs = &self.inner.packs;
        Ok(packs.has_known(digest, Wanted::Pieces) || !packs.locate(digest, Wanted::Content)?.is_empty())
    }

    /// Every place of a chunk, whatever it is; a piece list only where its blob is not there whole.
    fn locate_any(&self, digest: &Digest) -> Result<Vec<(Digest, Entry)>, StoreError> {
        let mut places = self.inner.packs.locate(digest, Wanted::Content)?;
        if places.is_empty() {
            places = self.inner.packs.locate(digest, Wanted::Pieces)?;
        }
        if places.is_empty() { Err(self.inner.packs.missing("chunk", digest)) } else { Ok(places) }
    }

    /// Divides `chunks` into runs that each fit into one pack, in the same order.
    pub fn pack_groups(&self, chunks: &[Digest]) -> Result<Vec<Vec<Digest>>, StoreError> {
        let mut groups: Vec<Vec<Digest>> = Vec::new();
        let (mut stored, mut size) = (u64::MAX, u64::MAX);
        for digest in chunks {
            let places = self.locate_any(digest)?;
            let (chunk_stored, chunk_size) =
                places.first().map_or((0, 0), |(_, entry)| (entry.stored.into(), entry.size.into()));
            if stored.saturating_add(chunk_stored) > PACK_TARGET_BYTES
                || size.saturating_add(chunk_size) > PACK_TARGET_SIZE
            {
                groups.push(Vec::new());
                (stored, size) = (0, 0);
            }
            stored += chunk_stored;
            size += chunk_size;
            if let Some(group) = groups.last_mut() {
                group.push(*digest);
            }
        }
        Ok(groups)
    }

    /// Writes a pack holding exactly these chunks to a temporary file and gives it with its digest: what is
    /// pushed. Never contains a byte outside `chunks`. Frames are copied as they are, each verified; the same
    /// store gives the same pack for the same chunks.
    pub fn export_pack(&self, chunks: &[Digest]) -> Result<ExportedPack, StoreError> {
        let lock = self.inner.layout.lock_shared()?;
        let mut pack = PackBuilder::passing(self.inner.layout.temporary()?)?;
        let mut seen = HashSet::new();
        for digest in chunks.iter().filter(|digest| seen.insert(**digest)) {
            let mut read = self.inner.packs.read(digest, Wanted::Content)?;
            if read.is_none() {
                read = self.inner.packs.read(digest, Wanted::Pieces)?;
            }
            let Read { entry, frame, .. } = read.ok_or_else(|| self.inner.packs.missing("chunk", digest))?;
            pack.push(entry.digest, entry.kind, entry.codec, &frame, entry.size)?;
        }
        let SealedPack { mut file, digest, length, .. } = pack.seal()?;
        if length > MAX_PACK_BYTES {
            return Err(StoreError::PackTooLarge { size: length, limit: MAX_PACK_BYTES });
        }
        file.flush().map_err(StoreError::io(self.inner.layout.root()))?;
        Ok(ExportedPack { file, digest, size: length, _lock: lock })
    }

    /// A temporary file in the store's own folder, for a pack that is being received.
    pub fn temporary(&self) -> Result<TemporaryFile, StoreError> {
        let lock = self.inner.layout.lock_shared()?;
        Ok(TemporaryFile { file: self.inner.layout.temporary()?.file, _lock: lock })
    }

    /// Takes in a pack file from outside: every bound, size and digest is verified before it is visible.
    /// Gives the digests of the chunks it holds. The file is copied, then synced.
    ///
    /// The pieces of a large blob must be in the pack that lists them, or in the store already: packs are
    /// taken in in the order in which they were made.
    pub fn import_pack(&self, file: &Path, expected: &Digest) -> Result<Vec<Digest>, StoreError> {
        let _lock = self.inner.layout.lock_shared()?;
        let mut copy = self.inner.layout.temporary()?.file;
        // What is verified afterwards can no longer change.
        check_digest(file, expected, &mut copy)?;
        self.take_in(copy, file, expected)
    }

    /// Like [`Store::import_pack`], for a file of [`Store::temporary`] whose digest was verified while it was written:
    /// it is moved, not copied, and not read once more for that.
    pub fn import_temporary(&self, received: TemporaryFile, digest: &Digest) -> Result<Vec<Digest>, StoreError> {
        let TemporaryFile { file, _lock } = received;
        let path = file.path().to_owned();
        self.take_in(file, &path, digest)
    }

    /// Verifies a pack in `tmp/` that has the digest `expected`, and makes it visible. Faults name `path`.
    fn take_in(&self, file: NamedTempFile, path: &Path, expected: &Digest) -> Result<Vec<Digest>, StoreError> {
        let entries = read_footer(file.as_file(), path)?;
        self.verify_chunks(&file, path, &entries)?;
        let digests = entries.iter().map(|entry| entry.digest).collect();
        if !self.inner.layout.pack(expected).exists() {
            let length = file.as_file().metadata().map_err(StoreError::io(path))?.len();
            self.publish_pack(SealedPack { file, digest: *expected, length, entries })?;
        }
        self.inner.packs.refresh()?;
        Ok(digests)
    }

    /// Verifies every chunk: its digest, that a node or a commit is one, and that pieces make up their blob.
    fn verify_chunks(&self, copy: &NamedTempFile, path: &Path, entries: &[Entry]) -> Result<(), StoreError> {
        let mut here: HashMap<Digest, Entry> = HashMap::new();
        let mut lists = Vec::new();
        let mut seen = HashSet::new();
        let damaged =
            |entry: &Entry, reason: &str| Err(StoreError::corrupt(path, format!("chunk {} {reason}", entry.digest)));
        for entry in entries {
            if !seen.insert((entry.digest, entry.kind == Kind::Pieces)) {
                return damaged(entry, "is there twice");
            }
            if entry.kind == Kind::Pieces {
                let content = open_frame(path, entry, read_stored(copy.as_file(), path, entry)?)?;
                lists.extend(PieceList::decode(&content));
            } else {
                here.insert(entry.digest, *entry);
            }
        }
        // Pieces are looked at as parts of their blob, once for both.
        let mut verified = HashSet::new();
        for list in lists {
            self.verify_pieces(copy, path, &list, &here, &mut verified)?;
        }
        for entry in entries.iter().filter(|entry| entry.kind != Kind::Pieces) {
            let is_plain = entry.kind == Kind::Data;
            if is_plain && verified.contains(&entry.digest) {
                continue;
            }
            let content = open_frame(path, entry, read_stored(copy.as_file(), path, entry)?)?;
            match entry.kind {
                Kind::Node => {
                    if let Err(reason) = Node::decode(content) {
                        return damaged(entry, &format!("is no tree node: {reason}"));
                    }
                }
                Kind::Commit => {
                    Commit::from_bytes(&content)
                        .map_err(|source| StoreError::Commit { digest: entry.digest, source })?;
                }
                Kind::Data | Kind::Pieces => {}
            }
        }
        Ok(())
    }

    /// Verifies that the pieces of a blob, some of them `here`, make it up. A list that lies would later pass for the
    /// blob itself, and be kept instead of the true one.
    fn verify_pieces(
        &self,
        copy: &NamedTempFile,
        path: &Path,
        list: &PieceList,
        here: &HashMap<Digest, Entry>,
        verified: &mut HashSet<Digest>,
    ) -> Result<(), StoreError> {
        let mut hasher = Sha256::new();
        for (digest, size) in &list.pieces {
            let content: Bytes = match here.get(digest) {
                Some(entry) => {
                    let content = open_frame(path, entry, read_stored(copy.as_file(), path, entry)?)?;
                    verified.insert(*digest);
                    content
                }
                // The blob's own digest tells of damage to them as well.
                None => self.inner.packs.unverified("blob piece", digest)?,
            };
            if content.len() != *size as usize {
                return Err(StoreError::corrupt(path, format!("piece {digest} does not have {size} bytes")));
            }
            hasher.update(&content);
        }
        if hasher.finalize()[..] == list.blob.digest.as_bytes()[..] {
            return Ok(());
        }
        // It may be the store that is damaged.
        for (digest, _) in list.pieces.iter().filter(|(digest, _)| !here.contains_key(digest)) {
            self.inner.packs.content("blob piece", digest)?;
        }
        let reason = format!("the pieces of blob {} make up something else", list.blob.digest);
        Err(StoreError::corrupt(path, reason))
    }
}

/// Reads the file at `path` once, checks its digest, and copies it into `copy`.
fn check_digest(path: &Path, expected: &Digest, copy: &mut NamedTempFile) -> Result<(), StoreError> {
    let failed = || StoreError::io(path);
    let mut file = File::open(path).map_err(failed())?.take(MAX_PACK_BYTES + 1);
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(failed())?;
        if count == 0 {
            break;
        }
        length += count as u64;
        hasher.update(&buffer[..count]);
        copy.write_all(&buffer[..count]).map_err(failed())?;
    }
    if length > MAX_PACK_BYTES {
        return Err(StoreError::corrupt(path, format!("it has more bytes than a pack may ({MAX_PACK_BYTES})")));
    }
    if hasher.finalize()[..] != expected.as_bytes()[..] {
        return Err(StoreError::corrupt(path, format!("it does not have the digest {expected}")));
    }
    Ok(())
}
