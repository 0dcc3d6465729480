//! Pack files: writing one frame by frame, and reading its footer.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::StoreError;
use super::blob::PieceList;
use super::disk::DiskFile;
use super::format::{
    Codec, ENTRY_BYTES, Entry, Kind, MAX_PACK_BYTES, MAX_PACK_SIZE, PACK_END, PACK_MAGIC, PACK_TARGET_BYTES,
    PACK_TARGET_SIZE, TRAILER_BYTES, decompress, read_entries,
};
use super::layout::read_at;
use crate::pod::Digest;

/// Bytes after which a pack begins to be written out: while the next ones are made, not all at the end.
const BEGIN_SYNC_BYTES: u64 = 8 << 20;
/// Bytes of small frames that are gathered to be written at once; a larger frame is written as it is.
const GATHERED_BYTES: usize = 64 << 10;

/// A pack being written to a temporary file.
pub(super) struct PackBuilder {
    file: std::io::BufWriter<DiskFile>,
    hasher: Sha256,
    /// Bytes written.
    length: u64,
    /// Bytes of its chunks before compression.
    size: u64,
    entries: Vec<Entry>,
    /// Whether it is to last, and should be on its way to the disk early.
    lasts: bool,
}

/// A complete pack, still a temporary file.
pub(super) struct SealedPack {
    pub(super) file: NamedTempFile,
    pub(super) digest: Digest,
    pub(super) length: u64,
    pub(super) entries: Vec<Entry>,
}

impl PackBuilder {
    pub(super) fn new(file: DiskFile) -> Result<Self, StoreError> {
        let file = std::io::BufWriter::with_capacity(GATHERED_BYTES, file);
        let mut builder = Self { file, hasher: Sha256::new(), length: 0, size: 0, entries: Vec::new(), lasts: true };
        builder.write(PACK_MAGIC)?;
        Ok(builder)
    }

    /// A pack that is sent and then removed: its bytes need not reach the disk.
    pub(super) fn passing(file: DiskFile) -> Result<Self, StoreError> {
        Self::new(file).map(|builder| Self { lasts: false, ..builder })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        let steps = self.length / BEGIN_SYNC_BYTES;
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).map_err(StoreError::io(self.file.get_ref().file.path()))?;
        if self.lasts && self.length / BEGIN_SYNC_BYTES > steps {
            self.file.get_ref().begin_sync();
        }
        Ok(())
    }

    /// Adds a frame.
    pub(super) fn push(
        &mut self,
        digest: Digest,
        kind: Kind,
        codec: Codec,
        frame: &[u8],
        size: u32,
    ) -> Result<(), StoreError> {
        // Frames come out of compress() or another pack: both are below 4 GiB.
        let entry = Entry { digest, kind, codec, offset: self.length, stored: frame.len() as u32, size };
        self.write(frame)?;
        self.size += u64::from(size);
        self.entries.push(entry);
        Ok(())
    }

    /// Whether the next chunk should go to a next pack.
    pub(super) fn is_full(&self) -> bool {
        self.length + (self.entries.len() * ENTRY_BYTES) as u64 >= PACK_TARGET_BYTES || self.size >= PACK_TARGET_SIZE
    }

    /// Writes the footer. The file is complete but not synced.
    pub(super) fn seal(mut self) -> Result<SealedPack, StoreError> {
        let mut footer = Vec::with_capacity(self.entries.len() * ENTRY_BYTES + TRAILER_BYTES);
        self.entries.iter().for_each(|entry| entry.write(&mut footer));
        let checksum = Digest::of(&footer);
        footer.extend_from_slice(&(self.entries.len() as u64).to_le_bytes());
        footer.extend_from_slice(checksum.as_bytes());
        footer.extend_from_slice(PACK_END);
        self.write(&footer)?;
        let path = self.file.get_ref().file.path().to_owned();
        let file = self.file.into_inner().map_err(|error| StoreError::io(&path)(error.into_error()))?;
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        Ok(SealedPack { file: file.file, digest, length: self.length, entries: self.entries })
    }
}

/// Reads and checks a pack's footer: its entries in file order, whose frames fill the file without gaps.
pub(super) fn read_footer(file: &File, path: &Path) -> Result<Vec<Entry>, StoreError> {
    let corrupt = |reason: String| StoreError::corrupt(path, reason);
    let length = file.metadata().map_err(StoreError::io(path))?.len();
    let mut magic = [0; PACK_MAGIC.len()];
    let mut trailer = [0; TRAILER_BYTES];
    let trailer_at = trailer_at(length).map_err(corrupt)?;
    read_at(file, &mut magic, 0).map_err(StoreError::io(path))?;
    read_at(file, &mut trailer, trailer_at).map_err(StoreError::io(path))?;
    if magic != *PACK_MAGIC {
        return Err(corrupt("it does not begin as a pack".to_owned()));
    }
    let footer_at = footer_at(length, &trailer).map_err(corrupt)?;
    let mut footer = vec![0; (length - footer_at) as usize];
    read_at(file, &mut footer, footer_at).map_err(StoreError::io(path))?;
    parse_footer(length, &footer).map_err(corrupt)
}

/// Where the trailer of a pack of `length` bytes begins.
fn trailer_at(length: u64) -> Result<u64, String> {
    if length > MAX_PACK_BYTES {
        return Err(format!("it has {length} bytes, more than a pack may"));
    }
    let at = length.checked_sub(TRAILER_BYTES as u64).filter(|&at| at >= PACK_MAGIC.len() as u64);
    at.ok_or_else(|| "it is cut short".to_owned())
}

/// Where the footer (entries and trailer) of a pack of `length` bytes begins, by the last bytes of the pack.
pub(super) fn footer_at(length: u64, tail: &[u8]) -> Result<u64, String> {
    let trailer_at = trailer_at(length)?;
    let trailer = tail.len().checked_sub(TRAILER_BYTES).and_then(|at| tail.get(at..)).unwrap_or_default();
    let (Some(count), true) = (trailer.first_chunk(), trailer.ends_with(PACK_END)) else {
        return Err("it does not end as a pack: it is cut short, or something was added".to_owned());
    };
    let entries = u64::from_le_bytes(*count).checked_mul(ENTRY_BYTES as u64);
    let at = entries.and_then(|bytes| trailer_at.checked_sub(bytes)).filter(|&at| at >= PACK_MAGIC.len() as u64);
    at.ok_or_else(|| "its footer says more chunks than it can hold".to_owned())
}

/// The entries of a footer, which ends a pack of `length` bytes.
pub(super) fn parse_footer(length: u64, footer: &[u8]) -> Result<Vec<Entry>, String> {
    let corrupt = |reason: &str| Err(reason.to_owned());
    let footer_at = length.saturating_sub(footer.len() as u64);
    let Some((entries, trailer)) = footer.split_last_chunk::<TRAILER_BYTES>() else {
        return corrupt("it is cut short");
    };
    let checksum = trailer.get(8..40).unwrap_or_default();
    if Digest::of(entries).as_bytes()[..] != *checksum {
        return corrupt("its footer does not match its checksum");
    }
    let Some(entries) = read_entries(entries) else { return corrupt("its footer has a malformed entry") };
    let mut at = PACK_MAGIC.len() as u64;
    let mut size = 0;
    for entry in &entries {
        if entry.offset != at {
            return corrupt("its frames do not lie back to back");
        }
        at = entry.end();
        size += u64::from(entry.size);
    }
    if at != footer_at {
        return corrupt("its frames do not end where its footer begins");
    }
    if size > MAX_PACK_SIZE {
        return corrupt("its chunks are larger than a pack's may be");
    }
    Ok(entries)
}

/// Reads a frame as it is stored.
pub(super) fn read_stored(file: &File, path: &Path, entry: &Entry) -> Result<Vec<u8>, StoreError> {
    let mut frame = vec![0; entry.stored as usize];
    read_at(file, &mut frame, entry.offset).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => StoreError::corrupt(path, "it is cut short"),
        _ => StoreError::io(path)(error),
    })?;
    Ok(frame)
}

/// The chunk in a frame, verified: against its digest, or for a piece list against its own checksum.
pub(super) fn open_frame(path: &Path, entry: &Entry, frame: Vec<u8>) -> Result<Bytes, StoreError> {
    open_stored(entry, frame).map_err(|reason| StoreError::corrupt(path, reason))
}

/// Like [`open_frame`], wherever the pack is.
pub(super) fn open_stored(entry: &Entry, frame: Vec<u8>) -> Result<Bytes, String> {
    let damaged = |reason: String| format!("chunk {} {reason}", entry.digest);
    let content = decompress(entry.codec, frame, entry.size).map_err(damaged)?;
    let intact = match entry.kind {
        Kind::Pieces => PieceList::decode(&content).is_some_and(|list| list.blob.digest == entry.digest),
        Kind::Commit | Kind::Node | Kind::Data => Digest::of(&content) == entry.digest,
    };
    if intact { Ok(content.into()) } else { Err(damaged("does not match its digest".to_owned())) }
}
