//! Blobs: whole up to 256 KiB, in pieces cut by content above that.

use std::io::{Read, Write};
use std::vec::IntoIter;

use bytes::{Buf, Bytes};
use fastcdc::v2020::FastCDC;
use sha2::{Digest as _, Sha256};

use super::format::{Kind, MAX_CHUNK_BYTES};
use super::packs::Wanted;
use super::{Store, StoreError, Writer};
use crate::pod::{BlobRef, Digest};

/// A blob up to this size is one chunk: a change in it moves no more than a small push may.
const MAX_WHOLE_BYTES: usize = 256 << 10;
/// FastCDC's bounds. Cuts are not part of the format: a reader takes any pieces. A change moves what it touches and
/// about one piece more, so the mean is well below the 256 KiB that a small push may move; a gigabyte has 8,000 pieces.
const MIN_PIECE_BYTES: usize = 32 << 10;
const MEAN_PIECE_BYTES: usize = 128 << 10;
const MAX_PIECE_BYTES: usize = 512 << 10;
/// Bytes gathered before cutting: the more, the less is moved to the front afterwards.
const BUFFER_BYTES: usize = 8 << 20;

const MAGIC: &[u8; 4] = b"PXB1";
const HEADER_BYTES: usize = 4 + 32 + 8;
const PIECE_BYTES: usize = 32 + 4;
const CHECKSUM_BYTES: usize = 32;
/// Their list is one chunk: a blob may have about 110 GiB.
const MAX_PIECES: usize = (MAX_CHUNK_BYTES as usize - HEADER_BYTES - CHECKSUM_BYTES) / PIECE_BYTES;

/// What a large blob is made of.
///
/// ```text
/// "PXB1"  blob digest: 32  blob size: u64  (piece digest: 32, piece size: u32)…  sha256 of all before
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PieceList {
    pub(super) blob: BlobRef,
    pub(super) pieces: Vec<(Digest, u32)>,
}

impl PieceList {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.pieces.len() * PIECE_BYTES + CHECKSUM_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.blob.digest.as_bytes());
        bytes.extend_from_slice(&self.blob.size.to_le_bytes());
        for (digest, size) in &self.pieces {
            bytes.extend_from_slice(digest.as_bytes());
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        let checksum = Digest::of(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads [`PieceList::encode`] back; None where anything is off, down to the sum of the sizes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
        if Digest::of(content).as_bytes() != checksum {
            return None;
        }
        let (header, pieces) = content.split_at_checked(HEADER_BYTES)?;
        let digest = Digest::from_bytes(header.strip_prefix(MAGIC)?.get(..32)?.try_into().ok()?);
        let size = u64::from_le_bytes(header.get(36..44)?.try_into().ok()?);
        let (pieces, rest) = pieces.as_chunks::<PIECE_BYTES>();
        let mut list = Self { blob: BlobRef { digest, size }, pieces: Vec::with_capacity(pieces.len()) };
        for piece in pieces {
            let digest = Digest::from_bytes(piece.get(..32)?.try_into().ok()?);
            let size = u32::from_le_bytes(piece.get(32..)?.try_into().ok()?);
            if size == 0 || size > MAX_CHUNK_BYTES {
                return None;
            }
            list.pieces.push((digest, size));
        }
        let sum: u64 = list.pieces.iter().map(|(_, size)| u64::from(*size)).sum();
        (rest.is_empty() && sum == size && !list.pieces.is_empty()).then_some(list)
    }
}

/// Receives a blob's bytes. Dropping it without [`BlobWriter::finish`] abandons the blob.
pub struct BlobWriter {
    writer: Writer,
    buffer: Vec<u8>,
    /// Of what was cut into pieces so far: a blob that stays whole has its digest from the pack's writer.
    hasher: Sha256,
    size: u64,
    pieces: Vec<(Digest, u32)>,
}

impl BlobWriter {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, buffer: Vec::new(), hasher: Sha256::new(), size: 0, pieces: Vec::new() }
    }

    /// Ends the blob.
    pub fn finish(mut self) -> Result<BlobRef, StoreError> {
        if self.pieces.is_empty() && self.buffer.len() <= MAX_WHOLE_BYTES {
            let digest = self.writer.put(Kind::Data, None, &self.buffer)?;
            return Ok(BlobRef { digest, size: self.size });
        }
        self.cut(0)?;
        let blob = BlobRef { digest: Digest::from_bytes(self.hasher.finalize().into()), size: self.size };
        // A single piece is the blob itself.
        if self.pieces.len() > 1 {
            let list = PieceList { blob, pieces: self.pieces };
            self.writer.put(Kind::Pieces, Some(blob.digest), &list.encode())?;
        }
        Ok(blob)
    }

    /// Cuts and stores pieces while more than `keep` bytes are left. With at least a piece's maximum kept
    /// back, the cuts are the same however the bytes arrived.
    fn cut(&mut self, keep: usize) -> Result<(), StoreError> {
        let mut start = 0;
        while self.buffer.len() - start > keep {
            let rest = &self.buffer[start..];
            let chunker = FastCDC::new(rest, MIN_PIECE_BYTES, MEAN_PIECE_BYTES, MAX_PIECE_BYTES);
            let (_, end) = chunker.cut(0, rest.len());
            if self.pieces.len() == MAX_PIECES {
                return Err(StoreError::BlobTooLarge { size: self.size });
            }
            let piece = &rest[..end];
            self.hasher.update(piece);
            let digest = self.writer.put(Kind::Data, None, piece)?;
            self.pieces.push((digest, piece.len() as u32));
            start += end;
        }
        self.buffer.drain(..start);
        Ok(())
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Not more at once than the buffer should hold.
        let taken = &bytes[..bytes.len().min(BUFFER_BYTES)];
        self.size += taken.len() as u64;
        self.buffer.extend_from_slice(taken);
        if self.buffer.len() >= BUFFER_BYTES {
            self.cut(MAX_PIECE_BYTES).map_err(std::io::Error::other)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Opens a blob of the store behind its first `offset` bytes.
pub(super) fn open(store: &Store, blob: &BlobRef, offset: u64) -> Result<Box<dyn Read + Send>, StoreError> {
    let packs = &store.inner.packs;
    let wrong_size = |pack: &Digest, size: u64| {
        let reason = format!("blob {} has {size} bytes, not {} as its document says", blob.digest, blob.size);
        StoreError::corrupt(&store.inner.layout.pack(pack), reason)
    };
    if let Some((pack, entry)) = packs.locate(&blob.digest, Wanted::Content)?.first() {
        if u64::from(entry.size) != blob.size {
            return Err(wrong_size(pack, entry.size.into()));
        }
        let mut content = packs.content("blob", &blob.digest)?;
        content.advance(content.len().min(usize::try_from(offset).unwrap_or(usize::MAX)));
        return Ok(Box::new(content.reader()));
    }
    let Some(list) = packs.pieces(&blob.digest)? else { return Err(packs.missing("blob", &blob.digest)) };
    if list.blob.size != blob.size {
        return Err(match packs.locate(&blob.digest, Wanted::Pieces)?.first() {
            Some((pack, _)) => wrong_size(pack, list.blob.size),
            None => packs.missing("blob", &blob.digest),
        });
    }
    let (mut skip, mut first) = (offset, 0);
    while let Some((_, size)) = list.pieces.get(first).filter(|(_, size)| skip >= u64::from(*size)) {
        (skip, first) = (skip - u64::from(*size), first + 1);
    }
    let mut pieces = list.pieces.into_iter();
    pieces.by_ref().take(first).for_each(drop);
    // Of a part, only the pieces can be verified.
    let hasher = (offset == 0).then(Sha256::new);
    let mut reader = PieceReader { store: store.clone(), blob: *blob, pieces, current: Bytes::new(), hasher };
    std::io::copy(&mut reader.by_ref().take(skip), &mut std::io::sink())
        .map_err(StoreError::io(&store.inner.layout.packs()))?;
    Ok(Box::new(reader))
}

/// Reads a blob piece by piece.
struct PieceReader {
    store: Store,
    blob: BlobRef,
    pieces: IntoIter<(Digest, u32)>,
    current: Bytes,
    /// None for a part, and once the whole has been compared with its digest.
    hasher: Option<Sha256>,
}

impl Read for PieceReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.current.is_empty() {
            let Some((digest, size)) = self.pieces.next() else {
                let whole = self.hasher.take().map(|hasher| Digest::from_bytes(hasher.finalize().into()));
                if whole.is_some_and(|whole| whole != self.blob.digest) {
                    return Err(invalid(format!("blob {}: its pieces make up something else", self.blob.digest)));
                }
                return Ok(0);
            };
            self.current = self.store.inner.packs.content("blob piece", &digest).map_err(std::io::Error::other)?;
            if self.current.len() != size as usize {
                return Err(invalid(format!("blob {}: piece {digest} does not have {size} bytes", self.blob.digest)));
            }
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.current);
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

fn invalid(reason: String) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, reason)
}
