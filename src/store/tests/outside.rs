//! Files of the store with anything in them: read or refused, never a panic. A check or checksum made right again lets
//! damage through to what lies behind it. The fuzz targets do the same for longer.

use proptest::prelude::*;

use super::format::{ENTRY_BYTES, INDEX_HEADER_BYTES, INDEX_TRAILER_BYTES, TRAILER_BYTES};
use super::*;

/// Bytes set to something else, at places that are taken modulo the length.
type Edits = Vec<(u32, u8)>;

fn edits() -> impl Strategy<Value = Edits> {
    proptest::collection::vec((any::<u32>(), any::<u8>()), 1..6)
}

fn edited(bytes: &[u8], edits: &Edits) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in edits {
        if let Some(last) = bytes.len().checked_sub(1) {
            bytes[*at as usize % (last + 1)] = *value;
        }
    }
    bytes
}

/// The files of a store with a commit: its pack, and its index.
fn sample() -> &'static (Vec<u8>, Digest, Vec<u8>) {
    static SAMPLE: std::sync::LazyLock<(Vec<u8>, Digest, Vec<u8>)> = std::sync::LazyLock::new(|| {
        let Fixture { store, folder: _folder } = Fixture::new();
        write_commit(&store, 0..20, 0, Some(&noise(1, 3 << 20)), &[]);
        let pack = *store.inner.packs.list().unwrap().iter().next().unwrap();
        let read = |path| std::fs::read(path).unwrap();
        (read(store.inner.layout.pack(&pack)), pack, read(store.inner.layout.index(&pack)))
    });
    &SAMPLE
}

proptest! {
    #[test]
    fn a_pack_with_a_forged_footer_is_refused_or_read(edits in edits(), in_frames in any::<bool>()) {
        let (pack, ..) = sample();
        prop_assert!(pack_chunks(pack).is_ok());
        let entries = pack.len() - TRAILER_BYTES;
        let count = u64::from_le_bytes(pack[entries..entries + 8].try_into().unwrap()) as usize;
        let footer = entries - count * ENTRY_BYTES;
        // Frames near their end: the first ones are the body's.
        let (start, end) = if in_frames { (footer - 2000, footer) } else { (footer, entries) };
        let part = edited(&pack[start..end], &edits);
        let mut forged = [&pack[..start], &part, &pack[end..]].concat();
        let check = Digest::of(&forged[footer..entries]);
        forged[entries + 8..entries + 40].copy_from_slice(check.as_bytes());
        if forged != *pack {
            let chunks = pack_chunks(&forged);
            // A few bits of a compressed frame mean nothing to what it holds.
            prop_assert!(chunks.is_err() || chunks == pack_chunks(pack) || !in_frames);
        }
        prop_assert!(pack_chunks(&pack[..edits[0].0 as usize % pack.len()]).is_err());
    }

    #[test]
    fn an_index_with_forged_entries_is_refused_or_read(edits in edits()) {
        let (_, pack, index) = sample();
        prop_assert!(index_entries(index, *pack).is_ok());
        let end = index.len() - INDEX_TRAILER_BYTES;
        let entries = edited(&index[INDEX_HEADER_BYTES..end], &edits);
        let mut forged = [&index[..INDEX_HEADER_BYTES], &entries].concat();
        forged.extend_from_slice(Digest::of(&forged.clone()).as_bytes());
        let _ = index_entries(&forged, *pack);
        if edited(index, &edits) != *index {
            prop_assert!(index_entries(&edited(index, &edits), *pack).is_err());
        }
    }

    #[test]
    fn a_ref_with_anything_else_in_it_names_no_commit(edits in edits(), cut in 0usize..80) {
        let commit = Digest::of(b"commit");
        let content = refs::encode_ref(&commit);
        prop_assert_eq!(ref_commit(content.as_bytes()), Some(commit));
        let other = edited(content.as_bytes(), &edits);
        if other != content.as_bytes() {
            prop_assert_eq!(ref_commit(&other), None);
        }
        prop_assert_eq!(ref_commit(&content.as_bytes()[..cut.min(content.len() - 1)]), None);
    }

    #[test]
    fn a_commit_with_anything_in_it_is_refused_or_read(edits in edits()) {
        let bytes = Commit::bare(Digest::of(b"state"), Digest::of(b"observed")).to_bytes();
        let _ = Commit::from_bytes(&edited(&bytes, &edits));
    }
}

/// Writes something for each fuzz target to begin with into the folder that PODEX_FUZZ_SEEDS names.
#[test]
fn fuzz_seeds_are_what_their_parsers_take() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("PODEX_FUZZ_SEEDS").map_or(scratch.path().to_owned(), Into::into);
    let Fixture { store, folder: _folder } = Fixture::new();
    let commit = write_commit(&store, 0..300, 0, Some(b"a body"), &[]);
    let pack = *store.inner.packs.list().unwrap().iter().next().unwrap();
    let read = |path| std::fs::read(path).unwrap();
    let (pack_bytes, index) = (read(store.inner.layout.pack(&pack)), read(store.inner.layout.index(&pack)));
    assert_eq!(pack_chunks(&pack_bytes).unwrap().len(), index_entries(&index, pack).unwrap().len());
    let root = ChunkSource::chunk(&store, &store.commit(&commit).unwrap().state).unwrap();
    let reference = "team/shop@1f3a5c".to_owned();
    assert_eq!(reference.parse::<crate::pod::Reference>().unwrap().to_string(), reference);
    let topics = include_str!("../../../assets/catalog/sns.toml");
    crate::catalog::Catalog::load(&[("sns.toml", topics)]).unwrap();
    for (target, bytes) in [
        ("pack", pack_bytes),
        ("index", index),
        ("node", root.to_vec()),
        ("commit", store.commit(&commit).unwrap().to_bytes()),
        ("reference", reference.into_bytes()),
        ("reference", refs::encode_ref(&commit).into_bytes()),
        ("catalog", topics.as_bytes().to_vec()),
    ] {
        std::fs::create_dir_all(folder.join(target)).unwrap();
        std::fs::write(folder.join(target).join(Digest::of(&bytes).short()), bytes).unwrap();
    }
}
