//! What goes to another store, and what is refused from one.

use std::collections::HashSet;

use proptest::prelude::*;

use super::format::{Codec, Kind};
use super::pack::PackBuilder;
use super::*;

/// Everything reachable from a commit, found the slow way.
fn reachable(store: &Store, commit: &Digest) -> HashSet<Digest> {
    let mut chunks = HashSet::from([*commit]);
    let commit = store.commit(commit).unwrap();
    let mut blobs = Vec::new();
    let mut on_value = |key: &[u8], value: &[u8]| {
        blobs.extend(reach::blobs_of(key, value).unwrap());
        Ok(())
    };
    store.tree(commit.state).walk(&mut chunks, &mut on_value).unwrap();
    store.tree(commit.observed).walk(&mut chunks, &mut |_, _| Ok(())).unwrap();
    for blob in blobs {
        chunks.insert(blob.digest);
        if let Some(list) = store.inner.packs.pieces(&blob.digest).unwrap() {
            chunks.extend(list.pieces.into_iter().map(|(piece, _)| piece));
        }
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_lies_between_commits_is_exactly_what_the_receiver_lacks(
        first in proptest::collection::btree_set(0u32..600, 0..400),
        second in proptest::collection::btree_set(0u32..600, 0..400),
        third in proptest::collection::btree_set(0u32..600, 0..400),
        bodies in proptest::collection::vec(0u64..2, 3),
    ) {
        let Fixture { store, folder: _folder } = Fixture::new();
        let commits: Vec<Digest> = [first, second, third]
            .into_iter()
            .zip(bodies)
            .map(|(numbers, seed)| write_commit(&store, numbers, 0, Some(&noise(seed, 3 << 20)), &[]))
            .collect();
        let [one, two, three] = commits[..] else { unreachable!() };
        let absent = Digest::of(b"absent");
        for known in [vec![], vec![one], vec![absent, one], vec![one, two]] {
            let listed = store.chunks_between(&three, &known).unwrap();
            let have: HashSet<Digest> =
                known.iter().filter(|known| **known != absent).flat_map(|known| reachable(&store, known)).collect();
            let mut wanted: HashSet<Digest> = reachable(&store, &three).difference(&have).copied().collect();
            if have.contains(&three) {
                // The same content gives the same commit.
                wanted.clear();
            }
            let unique: HashSet<Digest> = listed.iter().copied().collect();
            prop_assert_eq!(unique.len(), listed.len());
            prop_assert_eq!(unique, wanted);
        }
    }
}

/// Copies what `commit` needs beyond `known` into `to`.
fn transfer(from: &Store, to: &Store, commit: &Digest, known: &[Digest]) {
    let chunks = from.chunks_between(commit, known).unwrap();
    for group in from.pack_groups(&chunks).unwrap() {
        let pack = from.export_pack(&group).unwrap();
        assert_eq!(pack.size, std::fs::metadata(pack.file.path()).unwrap().len());
        assert_eq!(from.export_pack(&group).unwrap().digest, pack.digest);
        let mut received = to.temporary().unwrap();
        std::io::copy(&mut std::fs::File::open(pack.file.path()).unwrap(), received.file.as_file_mut()).unwrap();
        let taken = to.import_temporary(received, &pack.digest).unwrap();
        assert_eq!(taken, group);
        // Once more is no error, and changes nothing.
        assert_eq!(to.import_pack(pack.file.path(), &pack.digest).unwrap(), group);
    }
}

#[test]
fn a_pod_moves_to_another_store_commit_by_commit() {
    let Fixture { store, folder: _one } = Fixture::new();
    let Fixture { store: other, folder: _two } = Fixture::new();
    let first = write_commit(&store, 0..2000, 0, Some(&noise(1, 5 << 20)), &[]);
    let second = write_commit(&store, 0..2001, 1, Some(&noise(2, 5 << 20)), &[first]);
    let mut parent = None;
    for commit in [first, second] {
        transfer(&store, &other, &commit, parent.as_slice());
        assert_eq!(other.chunks_between(&commit, parent.as_slice()).unwrap().last(), Some(&commit));
        other.publish(&pod("pulled"), parent, commit).unwrap();
        parent = Some(commit);
    }
    assert_eq!(reachable(&store, &second), reachable(&other, &second));
    assert_eq!(other.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(other.root().join("tmp")).unwrap().count(), 0);
}

#[test]
fn more_than_a_pack_holds_is_divided_and_rolled_over() {
    let Fixture { store, folder: _one } = Fixture::new();
    let Fixture { store: other, folder: _two } = Fixture::new();
    let commit = write_commit(&store, 0..10, 0, Some(&noise(3, 130 << 20)), &[]);
    let packs = std::fs::read_dir(store.root().join("blobs/sha256")).unwrap();
    let sizes: Vec<u64> = packs.map(|pack| pack.unwrap().metadata().unwrap().len()).collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|&size| size < 69 << 20), "{sizes:?}");
    let chunks = store.chunks_between(&commit, &[]).unwrap();
    assert!(matches!(store.export_pack(&chunks), Err(StoreError::PackTooLarge { .. })));
    assert_eq!(store.pack_groups(&chunks).unwrap().len(), 3);
    transfer(&store, &other, &commit, &[]);
    assert_eq!(reachable(&other, &commit), chunks.into_iter().collect());
}

#[test]
fn a_pack_with_any_byte_changed_is_refused_or_means_the_same() {
    let Fixture { store, folder: _one } = Fixture::new();
    let Fixture { store: other, folder } = Fixture::new();
    let commit = write_commit(&store, 0..20, 0, Some(&noise(1, 600)), &[]);
    let pack = store.export_pack(&store.chunks_between(&commit, &[]).unwrap()).unwrap();
    let original = std::fs::read(pack.file.path()).unwrap();
    let file = folder.path().join("received");
    let mut accepted = 0;
    for at in 0..original.len() {
        let mut bytes = original.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&file, &bytes).unwrap();
        // Under the name that was asked for it is refused at once; under its own name by what is inside.
        assert!(other.import_pack(&file, &pack.digest).is_err());
        accepted += u32::from(other.import_pack(&file, &Digest::of(&bytes)).is_ok());
    }
    // A few bits of a compressed frame mean nothing to what it holds.
    assert!(accepted < 20, "{accepted} changed packs accepted");
    assert_eq!(other.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    for length in (0..original.len()).step_by(13) {
        std::fs::write(&file, &original[..length]).unwrap();
        assert!(other.import_pack(&file, &Digest::of(&original[..length])).is_err());
    }
}

/// A pack made by `fill`, as someone hostile would: everything else about it is in order.
fn forged(fixture: &Fixture, fill: impl FnOnce(&mut PackBuilder)) -> Result<Vec<Digest>, StoreError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let temporary = disk::DiskFile { file, disk: std::sync::Arc::new(disk::RealDisk) };
    let mut pack = PackBuilder::new(temporary).unwrap();
    fill(&mut pack);
    let pack = pack.seal().unwrap();
    fixture.store.import_pack(pack.file.path(), &pack.digest)
}

#[test]
fn packs_that_lie_are_refused_whole() {
    let fixture = Fixture::new();
    let plain = |pack: &mut PackBuilder, kind: Kind, digest: Digest, content: &[u8]| {
        pack.push(digest, kind, Codec::Plain, content, content.len() as u32).unwrap();
    };
    let good = Digest::of(b"good");
    let refused = |reason: &str, result: Result<Vec<Digest>, StoreError>| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    refused(
        "digest",
        forged(&fixture, |pack| {
            plain(pack, Kind::Data, good, b"good");
            plain(pack, Kind::Data, Digest::of(b"x"), b"something else");
        }),
    );
    refused(
        "twice",
        forged(&fixture, |pack| {
            plain(pack, Kind::Data, good, b"good");
            plain(pack, Kind::Node, good, b"good");
        }),
    );
    refused("no tree node", forged(&fixture, |pack| plain(pack, Kind::Node, good, b"good")));
    refused("not a commit", forged(&fixture, |pack| plain(pack, Kind::Commit, good, b"good")));
    refused(
        "bytes",
        forged(&fixture, |pack| {
            let zeros = vec![0; 32 << 20];
            let bomb = zstd::bulk::compress(&zeros, 3).unwrap();
            pack.push(Digest::of(&zeros), Kind::Data, Codec::Zstd, &bomb, 100).unwrap();
        }),
    );
    refused(
        "malformed entry",
        forged(&fixture, |pack| {
            pack.push(good, Kind::Data, Codec::Zstd, b"good", u32::MAX).unwrap();
        }),
    );
    let list = |target: &[u8], pieces: &[&[u8]]| blob::PieceList {
        blob: BlobRef { digest: Digest::of(target), size: pieces.iter().map(|piece| piece.len() as u64).sum() },
        pieces: pieces.iter().map(|piece| (Digest::of(piece), piece.len() as u32)).collect(),
    };
    // A list of intact pieces that claims to be another blob would later stand in for the true one.
    refused(
        "something else",
        forged(&fixture, |pack| {
            plain(pack, Kind::Data, Digest::of(b"ev"), b"ev");
            plain(pack, Kind::Data, Digest::of(b"il"), b"il");
            plain(pack, Kind::Pieces, good, &list(b"good", &[b"ev", b"il"]).encode());
        }),
    );
    refused(
        "blob piece",
        forged(&fixture, |pack| {
            plain(pack, Kind::Pieces, good, &list(b"good", &[b"go", b"od"]).encode());
        }),
    );
    // Nothing of all that is visible.
    assert!(!fixture.store.has_chunk(&good).unwrap());
    assert!(fixture.store.inner.packs.list().unwrap().is_empty());
    forged(&fixture, |pack| {
        plain(pack, Kind::Data, Digest::of(b"go"), b"go");
        plain(pack, Kind::Data, Digest::of(b"od"), b"od");
        plain(pack, Kind::Pieces, good, &list(b"good", &[b"go", b"od"]).encode());
    })
    .unwrap();
    let mut text = String::new();
    let blob = BlobRef { digest: good, size: 4 };
    fixture.store.open_blob(&blob).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "good");
}

proptest! {
    #[test]
    fn no_file_makes_an_import_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), framed in any::<bool>()) {
        let Fixture { store, folder } = Fixture::new();
        let bytes = if framed { [&format::PACK_MAGIC[..], &bytes, format::PACK_END].concat() } else { bytes };
        let file = folder.path().join("received");
        std::fs::write(&file, &bytes).unwrap();
        prop_assert!(store.import_pack(&file, &Digest::of(&bytes)).is_err());
    }
}
