//! The bytes of packs and indexes. See [`super::pack`] and [`super::index`] for how they are used.
//!
//! ```text
//! pack:   "PODEXPK1"  frames…  entries (file order)  count: u64  sha256 of the entries  "PODEXPKE"
//! index:  "PODEXIX1"  pack digest  count: u64  entries (digest order)  sha256 of all before
//! entry:  digest: 32  kind: u8  codec: u8  offset: u64  stored: u32  size: u32      (little endian)
//! ```
//! A frame is one chunk's bytes under its codec. Frames lie back to back: no byte of a pack is unaccounted for.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use crate::pod::Digest;

pub(super) const PACK_MAGIC: &[u8; 8] = b"PODEXPK1";
pub(super) const PACK_END: &[u8; 8] = b"PODEXPKE";
pub(super) const INDEX_MAGIC: &[u8; 8] = b"PODEXIX1";
/// Count, checksum, end magic.
pub(super) const TRAILER_BYTES: usize = 8 + 32 + 8;
/// Magic, pack digest, count.
pub(super) const INDEX_HEADER_BYTES: usize = 8 + 32 + 8;
/// Checksum.
pub(super) const INDEX_TRAILER_BYTES: usize = 32;
pub(super) const ENTRY_BYTES: usize = 32 + 1 + 1 + 8 + 4 + 4;

/// Most bytes a chunk may have when decompressed: a tree node with the longest value, and some.
pub(super) const MAX_CHUNK_BYTES: u32 = 32 << 20;
/// A pack is closed when it has this many bytes: 100 GB are then 1,600 layers of a registry's image.
pub(super) const PACK_TARGET_BYTES: u64 = 64 << 20;
/// A pack is also closed when its chunks have this many bytes before compression.
pub(super) const PACK_TARGET_SIZE: u64 = 1 << 30;
/// No pack is larger: the target and one chunk beyond it, and the entries.
pub(crate) const MAX_PACK_BYTES: u64 = 128 << 20;
/// No pack holds more than this before compression: what bounds the work a hostile one can cause.
pub(super) const MAX_PACK_SIZE: u64 = 2 << 30;

/// zstd's own default: 960 MB/s on JSON, and half the size of faster levels.
const ZSTD_LEVEL: i32 = 3;

// Making them takes longer than compressing a tree node with them.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// What a chunk is. Not part of its identity, except that a piece list is found under its blob's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A commit object.
    Commit = 1,
    /// A tree node.
    Node = 2,
    /// A blob or a piece of one.
    Data = 3,
    /// The list of the pieces of a blob, under the digest of the whole blob.
    Pieces = 4,
}

/// How a chunk is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// As it is: what does not get smaller.
    Plain = 0,
    /// One zstd frame.
    Zstd = 1,
}

/// Where a chunk is in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: Digest,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    /// From the start of the pack.
    pub(super) offset: u64,
    /// Bytes in the pack.
    pub(super) stored: u32,
    /// Bytes of the chunk.
    pub(super) size: u32,
}

impl Entry {
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.digest.as_bytes());
        to.push(self.kind as u8);
        to.push(self.codec as u8);
        to.extend_from_slice(&self.offset.to_le_bytes());
        to.extend_from_slice(&self.stored.to_le_bytes());
        to.extend_from_slice(&self.size.to_le_bytes());
    }

    /// Reads one entry; None where a field has no meaning.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let kind = match bytes.get(32)? {
            1 => Kind::Commit,
            2 => Kind::Node,
            3 => Kind::Data,
            4 => Kind::Pieces,
            _ => return None,
        };
        let codec = match bytes.get(33)? {
            0 => Codec::Plain,
            1 => Codec::Zstd,
            _ => return None,
        };
        let entry = Self {
            digest: Digest::from_bytes(bytes.get(..32)?.try_into().ok()?),
            kind,
            codec,
            offset: u64::from_le_bytes(bytes.get(34..42)?.try_into().ok()?),
            stored: u32::from_le_bytes(bytes.get(42..46)?.try_into().ok()?),
            size: u32::from_le_bytes(bytes.get(46..50)?.try_into().ok()?),
        };
        let plausible = entry.size <= MAX_CHUNK_BYTES
            && entry.stored <= MAX_CHUNK_BYTES
            && (entry.codec == Codec::Zstd || entry.stored == entry.size);
        plausible.then_some(entry)
    }

    /// Where its frame ends.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.stored))
    }
}

/// Reads what [`Entry::write`] wrote, one after another; None where any has no meaning.
pub(super) fn read_entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
    if !rest.is_empty() {
        return None;
    }
    entries.iter().map(|entry| Entry::read(entry)).collect()
}

/// Bytes of each of the three places of a chunk that show whether it compresses.
const SAMPLE_BYTES: usize = 4 << 10;
/// Chunks from this size on are looked at in that way first: of smaller ones the samples would be too much.
const SAMPLED_FROM_BYTES: usize = 12 * SAMPLE_BYTES;

/// A chunk under the codec that makes it smallest.
pub(super) fn compress(content: &[u8]) -> std::io::Result<(Codec, std::borrow::Cow<'_, [u8]>)> {
    // Pictures, archives and noise would be compressed for nothing.
    if content.len() >= SAMPLED_FROM_BYTES {
        let (middle, end) = ((content.len() - SAMPLE_BYTES) / 2, content.len() - SAMPLE_BYTES);
        let sample = [0, middle, end].map(|at| &content[at..at + SAMPLE_BYTES]).concat();
        if zstd(&sample)?.len() >= sample.len() {
            return Ok((Codec::Plain, content.into()));
        }
    }
    let compressed = zstd(content)?;
    Ok(if compressed.len() < content.len() { (Codec::Zstd, compressed.into()) } else { (Codec::Plain, content.into()) })
}

fn zstd(content: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|held| match held {
        Some(compressor) => compressor.compress(content),
        None => held.insert(Compressor::new(ZSTD_LEVEL)?).compress(content),
    })
}

/// The chunk in a frame, of exactly `size` bytes and never more.
pub(super) fn decompress(codec: Codec, frame: Vec<u8>, size: u32) -> Result<Vec<u8>, String> {
    let content = match codec {
        Codec::Plain => frame,
        Codec::Zstd => {
            // Not `decompress`: it believes the frame's own header about how much to reserve.
            let mut content = Vec::with_capacity(size as usize);
            let decompressed = DECOMPRESSOR.with_borrow_mut(|held| match held {
                Some(decompressor) => decompressor.decompress_to_buffer(&frame, &mut content),
                None => held.insert(Decompressor::new()?).decompress_to_buffer(&frame, &mut content),
            });
            decompressed
                .map_err(|error| format!("cannot be decompressed to the {size} bytes it should have: {error}"))?;
            content
        }
    };
    if content.len() == size as usize { Ok(content) } else { Err(format!("does not have the {size} bytes it should")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_compressed_unless_none_of_its_places_compresses() {
        use sha2::{Digest as _, Sha256};
        let noise: Vec<u8> = (0..8_000_u32).flat_map(|number| Sha256::digest(number.to_le_bytes())).collect();
        assert_eq!(compress(&noise).unwrap().0, Codec::Plain);
        // Text in one of the three places is enough.
        for at in [0, (noise.len() - SAMPLE_BYTES) / 2, noise.len() - SAMPLE_BYTES] {
            let mut mixed = noise.clone();
            mixed[at..at + SAMPLE_BYTES].fill(b'x');
            let (codec, frame) = compress(&mixed).unwrap();
            assert!(codec == Codec::Zstd && frame.len() < mixed.len() - SAMPLE_BYTES / 2, "text at {at}");
            assert_eq!(decompress(codec, frame.to_vec(), mixed.len() as u32).unwrap(), mixed);
        }
    }

    #[test]
    fn a_frame_that_grows_beyond_its_size_is_refused_without_being_held_in_memory() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
        assert!(decompress(Codec::Zstd, bomb, 1000).is_err());
        assert!(decompress(Codec::Zstd, b"rubbish".to_vec(), 7).is_err());
        let (codec, frame) = compress(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
        assert_eq!(codec, Codec::Zstd);
        assert_eq!(decompress(codec, frame.to_vec(), 41).unwrap().len(), 41);
        assert!(decompress(codec, frame.to_vec(), 40).is_err());
        assert!(decompress(codec, frame.to_vec(), 42).is_err());
    }
}
