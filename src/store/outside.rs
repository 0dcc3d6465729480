//! The store's files as bytes from anywhere, read as the store reads them: for whoever wants to try what it makes of
//! damaged and hostile ones, as the fuzz targets do.

use bytes::Bytes;

use super::format::{Kind, PACK_MAGIC};
use super::index::Index;
use super::pack::{footer_at, open_stored, parse_footer};
use super::refs::decode_ref;
use crate::pod::{Commit, Digest};
use crate::tree::Node;

/// The digests of the chunks of a pack, in the order in which they lie there; each is looked into as what it says it is.
///
/// # Errors
/// What is wrong with the first thing that is.
pub fn pack_chunks(pack: &[u8]) -> Result<Vec<Digest>, String> {
    if !pack.starts_with(PACK_MAGIC) {
        return Err("it does not begin as a pack".to_owned());
    }
    let length = pack.len() as u64;
    let footer = pack.get(footer_at(length, pack)? as usize..).unwrap_or_default();
    let mut chunks = Vec::new();
    for entry in parse_footer(length, footer)? {
        let frame = pack.get(entry.offset as usize..entry.end() as usize).ok_or("it is cut short")?;
        let content = open_stored(&entry, frame.to_vec())?;
        match entry.kind {
            Kind::Node => drop(Node::decode(content)?),
            Kind::Commit => drop(Commit::from_bytes(&content).map_err(|error| error.to_string())?),
            // What can be wrong with these was looked for when they were opened.
            Kind::Data | Kind::Pieces => {}
        }
        chunks.push(entry.digest);
    }
    Ok(chunks)
}

/// The digests in the index of `pack`, each of which is found again.
///
/// # Errors
/// What is wrong with it.
pub fn index_entries(index: &[u8], pack: Digest) -> Result<Vec<Digest>, String> {
    let read = Index::from_bytes(Bytes::copy_from_slice(index), std::path::Path::new("index"), pack);
    let index = read.map_err(|error| error.to_string())?;
    let mut digests = Vec::new();
    for entry in index.entries() {
        if index.find(&entry.digest).any(|found| found == entry) {
            digests.push(entry.digest);
        }
    }
    Ok(digests)
}

/// The commit that the file of a version or a tag names; None where it is damaged.
pub fn ref_commit(content: &[u8]) -> Option<Digest> {
    decode_ref(content)
}
