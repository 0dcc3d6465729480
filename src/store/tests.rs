//! What the store promises, seen from outside.

// Files are told apart by their inodes there.
#[cfg(unix)]
mod crash;
mod damage;
mod gc;
mod outside;
mod processes;
mod repair;
mod transfer;

use std::io::{Read, Write};

use serde_json::{Map, json};
use tempfile::TempDir;

use super::*;
use crate::pod::{Document, Observed, ResourceKey, Selector};

pub(super) struct Fixture {
    pub(super) folder: TempDir,
    pub(super) store: Store,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { folder, store }
    }
}

pub(super) fn key(number: u32) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["b".to_owned(), format!("{number:05}")])
}

pub(super) fn commit_of(roots: TreeRoots, parents: &[Digest]) -> Commit {
    let bare = Commit::bare(roots.state, roots.observed);
    Commit { parents: parents.to_vec(), resources: roots.resources, message: "test".to_owned(), ..bare }
}

/// Bytes that do not compress, the same for the same seed.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut bytes = vec![0; length.next_multiple_of(8)];
    for word in bytes.as_chunks_mut::<8>().0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *word = state.to_le_bytes();
    }
    bytes.truncate(length);
    bytes
}

pub(super) fn put_blob(writer: &Writer, content: &[u8]) -> BlobRef {
    let mut blob = writer.blob().unwrap();
    blob.write_all(content).unwrap();
    blob.finish().unwrap()
}

/// Commits documents `numbers`, each with a small text that depends on `salt`; and one blob if given.
pub(super) fn write_commit(
    store: &Store,
    numbers: impl IntoIterator<Item = u32>,
    salt: u32,
    blob: Option<&[u8]>,
    parents: &[Digest],
) -> Digest {
    let writer = store.writer().unwrap();
    for number in numbers {
        let document = Document::from_value(json!({"Number": number, "Salt": if number == 7 { salt } else { 0 }}));
        writer.document(key(number), &document, &Observed::new()).unwrap();
    }
    if let Some(content) = blob {
        let body = put_blob(&writer, content);
        let document = Document { blobs: [("body".to_owned(), body)].into(), ..Document::default() };
        writer.document(key(99_999), &document, &Observed::new()).unwrap();
    }
    let roots = writer.trees().unwrap();
    writer.finish(&commit_of(roots, parents)).unwrap()
}

pub(super) fn pod(name: &str) -> PodName {
    name.parse().unwrap()
}

#[test]
fn documents_given_in_any_order_come_back_sorted_from_another_process() {
    let Fixture { folder, store } = Fixture::new();
    let commit = write_commit(&store, (0..500).rev(), 1, None, &[]);
    let again = Store::open(&folder.path().join("store")).unwrap();
    let commit = again.commit(&commit).unwrap();
    assert_eq!(commit.resources, 500);
    let keys: Vec<_> = again.tree(commit.state).keys().collect::<Result<_, _>>().unwrap();
    assert!(keys.into_iter().eq((0..500).map(key)));
    let value = again.tree(commit.state).get(&key(7)).unwrap().unwrap();
    assert_eq!(value, json!({"attributes": {"Number": 7, "Salt": 1}}));
    assert_eq!(again.tree(commit.observed).get(&key(7)).unwrap(), Some(json!({})));
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn the_same_content_is_written_once() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let one = write_commit(&store, 0..100, 1, Some(b"body"), &[]);
    let packs = store.inner.packs.list().unwrap();
    assert_eq!(write_commit(&store, 0..100, 1, Some(b"body"), &[]), one);
    assert_eq!(store.inner.packs.list().unwrap(), packs);
}

#[test]
fn blobs_of_every_size_come_back() {
    let Fixture { store, folder: _folder } = Fixture::new();
    for length in [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20, 20 << 20] {
        let content = noise(length as u64, length);
        let writer = store.writer().unwrap();
        let mut blob = writer.blob().unwrap();
        // Odd portions: the cuts must not depend on them.
        content.chunks(77_777).for_each(|portion| blob.write_all(portion).unwrap());
        let blob = blob.finish().unwrap();
        assert_eq!(blob, BlobRef { digest: Digest::of(&content), size: length as u64 });
        let roots = writer.trees().unwrap();
        writer.finish(&commit_of(roots, &[])).unwrap();
        let mut back = Vec::new();
        store.open_blob(&blob).unwrap().read_to_end(&mut back).unwrap();
        assert!(back == content, "{length} bytes");
        for offset in [1, 77_777, length / 2, length, length + 1] {
            let mut rest = Vec::new();
            store.open_blob_at(&blob, offset as u64).unwrap().read_to_end(&mut rest).unwrap();
            assert!(rest == content[offset.min(length)..], "{length} bytes behind {offset}");
        }
        let wrong = BlobRef { size: blob.size + 1, ..blob };
        assert!(matches!(store.open_blob(&wrong), Err(StoreError::Corrupt { .. })));
    }
    let absent = BlobRef { digest: Digest::of(b"absent"), size: 6 };
    assert!(matches!(store.open_blob(&absent), Err(StoreError::Missing { .. })));
}

/// A disk with a megabyte left.
struct FullDisk;

impl disk::Disk for FullDisk {
    fn free(&self, _: &Path) -> Option<u64> {
        Some(1 << 20)
    }
}

#[test]
fn a_writer_stops_before_the_disk_is_full_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_on(folder.path(), std::sync::Arc::new(FullDisk)).unwrap();
    let before = write_commit(&store, 0..100, 1, Some(b"body"), &[]);
    let packs = store.inner.packs.list().unwrap();
    let mut blob = store.writer().unwrap().blob().unwrap();
    let error = (0..).find_map(|number| blob.write_all(&noise(number, 1 << 20)).err()).unwrap();
    assert!(error.to_string().contains("only 1 MiB are left"), "{error}");
    let writer = store.writer().unwrap();
    let attributes = Map::from_iter([("Text".to_owned(), json!("x".repeat(1 << 20)))]);
    let document = Document { attributes, ..Document::default() };
    let pushed = |number: u32| {
        let key = ResourceKey::new("000000000000", "us-east-1", "dynamodb", "item", ["t", &number.to_string()]);
        writer.document(key, &document, &Observed::new())
    };
    assert!(matches!((0..).find_map(|number| pushed(number).err()), Some(StoreError::NoRoom { .. })));
    drop((blob, writer));
    assert_eq!(store.inner.packs.list().unwrap(), packs);
    assert!(store.commit(&before).is_ok());
}

#[test]
fn a_large_blob_with_a_change_in_its_middle_shares_its_other_pieces() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let mut content = noise(1, 16 << 20);
    let first = write_commit(&store, 0..3, 0, Some(&content), &[]);
    content.splice((8 << 20)..(8 << 20), *b"inserted");
    let second = write_commit(&store, 0..3, 0, Some(&content), &[first]);
    let all = store.chunks_between(&second, &[]).unwrap();
    let new = store.chunks_between(&second, &[first]).unwrap();
    assert!(all.len() >= 12, "{} chunks", all.len());
    // A piece or two, the list, a leaf, the commit.
    assert!(new.len() <= 6, "{} chunks", new.len());
    assert_eq!(new.last(), Some(&second));
}

#[test]
fn the_same_key_twice_is_an_error() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let writer = store.writer().unwrap();
    for _ in 0..2 {
        writer.document(key(1), &Document::default(), &Observed::new()).unwrap();
    }
    assert!(matches!(writer.trees(), Err(StoreError::DuplicateKey { .. })));
}

#[test]
fn a_dropped_writer_leaves_no_trace() {
    let Fixture { folder, store } = Fixture::new();
    let writer = store.writer().unwrap();
    writer.document(key(1), &Document::default(), &Observed::new()).unwrap();
    put_blob(&writer, &noise(1, 5 << 20));
    writer.trees().unwrap();
    drop(writer);
    let root = folder.path().join("store");
    for part in ["blobs/sha256", "idx", "tmp", "refs"] {
        assert_eq!(std::fs::read_dir(root.join(part)).unwrap().count(), 0, "{part}");
    }
}

#[test]
fn versions_are_published_resolved_renamed_and_deleted() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let one = write_commit(&store, 0..3, 0, None, &[]);
    let two = write_commit(&store, 0..4, 0, None, &[one]);
    let name = pod("staging");
    assert_eq!(store.publish(&name, None, one).unwrap(), VersionEntry { number: 1, commit: one });
    assert!(matches!(store.publish(&name, None, two), Err(StoreError::HeadMoved { head, .. }) if head == Some(one)));
    assert_eq!(store.publish(&name, Some(one), two).unwrap().number, 2);
    assert_eq!(store.pods().unwrap(), std::slice::from_ref(&name));
    assert_eq!(store.resolve(&name, &Selector::Head).unwrap().commit, two);
    assert_eq!(store.resolve(&name, &Selector::Version(1)).unwrap().commit, one);
    assert_eq!(store.resolve(&name, &Selector::Revision(one.short())).unwrap().commit, one);
    let error = store.resolve(&name, &Selector::Version(7)).unwrap_err();
    assert_eq!(error.to_string(), "pod staging has no version 7; it has versions 1 to 2");
    let error = store.versions(&pod("stagin")).unwrap_err();
    assert_eq!(error.to_string(), "there is no pod stagin; did you mean staging?");
    let absent = Digest::of(b"absent");
    assert!(matches!(store.publish(&name, Some(two), absent), Err(StoreError::Missing { .. })));

    store.publish(&pod("other"), None, one).unwrap();
    assert!(matches!(store.rename(&name, &pod("other")), Err(StoreError::PodExists { .. })));
    store.rename(&name, &pod("renamed")).unwrap();
    assert_eq!(store.versions(&pod("renamed")).unwrap().len(), 2);
    assert!(matches!(store.versions(&name), Err(StoreError::UnknownPod { .. })));
    store.delete(&pod("renamed")).unwrap();
    assert_eq!(store.pods().unwrap(), [pod("other")]);
    assert!(matches!(store.delete(&pod("renamed")), Err(StoreError::UnknownPod { .. })));

    let remote = "team".parse().unwrap();
    assert_eq!(store.remote_head(&remote, &name).unwrap(), None);
    store.set_remote_head(&remote, &name, one).unwrap();
    store.set_remote_head(&remote, &name, two).unwrap();
    assert_eq!(store.remote_head(&remote, &name).unwrap(), Some(two));
}

#[test]
fn operations_are_logged_and_a_torn_line_is_not_one() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let record = |second: i64, summary: &str| OpRecord {
        time: jiff::Timestamp::from_second(second).unwrap(),
        operation: "commit".to_owned(),
        pod: Some(pod("p")),
        endpoint: None,
        commit: None,
        safety: None,
        summary: summary.to_owned(),
    };
    // Two months, and two in one.
    let records = [record(0, "a"), record(1, "b"), record(40 * 86_400, "c")];
    records.iter().for_each(|record| store.record(record).unwrap());
    let newest_first: Vec<_> = records.iter().rev().cloned().collect();
    assert_eq!(store.operations().unwrap(), newest_first);
    assert_eq!(store.recent_operations(2).unwrap(), newest_first[..2]);
    let log = store.log_files().unwrap().remove(0);
    std::fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(b"{\"time\":").unwrap();
    assert_eq!(store.operations().unwrap(), newest_first);
    store.record(&record(40 * 86_400 + 1, "d")).unwrap();
    assert_eq!(store.operations().unwrap().len(), 4);
}
