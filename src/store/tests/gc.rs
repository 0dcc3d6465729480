//! What garbage collection and merging of packs take away, and what they never do.

use std::time::Duration;

use super::*;

const NOW: GcOptions = GcOptions { dry_run: false, grace: Duration::ZERO };

fn packs(store: &Store) -> usize {
    store.inner.packs.list().unwrap().len()
}

fn read_all(store: &Store, commit: &Digest) {
    let chunks = store.chunks_between(commit, &[]).unwrap();
    for chunk in chunks {
        assert!(store.has_chunk(&chunk).unwrap());
    }
    let commit = store.commit(commit).unwrap();
    for entry in store.tree(commit.state).entries() {
        let (_, value) = entry.unwrap();
        if let Some(blob) = value.get("blobs").and_then(|blobs| blobs.get("body")) {
            let blob: BlobRef = serde_json::from_value(blob.clone()).unwrap();
            std::io::copy(&mut store.open_blob(&blob).unwrap(), &mut std::io::sink()).unwrap();
        }
    }
}

#[test]
fn a_deleted_pod_goes_and_what_another_needs_stays() {
    let Fixture { store, folder } = Fixture::new();
    let shared = noise(1, 3 << 20);
    let one = write_commit(&store, 0..400, 1, Some(&shared), &[]);
    let two = write_commit(&store, 0..400, 2, Some(&shared), &[]);
    let large = write_commit(&store, 0..400, 3, Some(&noise(2, 4 << 20)), &[]);
    for (name, commit) in [("one", one), ("two", two), ("large", large)] {
        store.publish(&pod(name), None, commit).unwrap();
    }
    store.delete(&pod("large")).unwrap();
    store.delete(&pod("one")).unwrap();

    let dry = store.gc(&GcOptions { dry_run: true, ..NOW }).unwrap();
    assert!(dry.garbage_chunks >= 4 && dry.bytes_after + (3 << 20) < dry.bytes_before, "{dry:?}");
    assert_eq!(dry.packs_before as usize, packs(&store));
    assert!(store.commit(&large).is_ok());

    // Another process with the old packs in mind.
    let other = Store::open(&folder.path().join("store")).unwrap();
    read_all(&other, &two);
    let done = store.gc(&NOW).unwrap();
    assert!(done.bytes_after + (3 << 20) < done.bytes_before, "{done:?}");
    assert_eq!(done.notes, Vec::<String>::new());
    assert!(matches!(store.commit(&large), Err(StoreError::Missing { .. })));
    read_all(&store, &two);
    read_all(&other, &two);
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    assert_eq!(store.gc(&NOW).unwrap().garbage_chunks, 0);
}

#[test]
fn the_grace_period_keeps_what_nobody_has_named_yet() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let old = write_commit(&store, 0..100, 1, Some(b"old"), &[]);
    let path = store.inner.layout.pack(&store.inner.packs.locate(&old, packs::Wanted::Content).unwrap()[0].0);
    let yesterday = std::time::SystemTime::now() - Duration::from_secs(90_000);
    std::fs::File::open(path).unwrap().set_modified(yesterday).unwrap();
    // Leans on the old pack's nodes and body.
    let new = write_commit(&store, 0..100, 1, Some(b"old"), &[old]);
    let report = store.gc(&GcOptions { grace: Duration::from_secs(3600), ..NOW }).unwrap();
    assert_eq!((report.young_packs, report.garbage_chunks), (1, 0));
    store.publish(&pod("late"), None, new).unwrap();
    read_all(&store, &new);
    // Without a grace period what has no name goes; the named one's ancestor stays as a commit object.
    let lonely = write_commit(&store, 0..100, 2, Some(b"lonely"), &[]);
    store.gc(&NOW).unwrap();
    assert!(!store.has_chunk(&lonely).unwrap());
    assert!(store.commit(&old).is_ok());
    read_all(&store, &new);
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

/// `gc` keeps all of `kept`, and takes the trees of all of `gone`.
fn keeps(store: &Store, kept: &[Digest], gone: &[Digest]) {
    store.gc(&NOW).unwrap();
    for commit in kept {
        read_all(store, commit);
    }
    for commit in gone {
        let state = store.commit(commit).unwrap().state;
        assert!(!store.has_chunk(&state).unwrap(), "{commit}");
    }
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn both_parents_of_a_merge_stay_whole_since_the_next_merge_begins_at_them() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let first = write_commit(&store, 0..100, 1, None, &[]);
    // A teammate's line that has no name here: two commits, the second of which was merged.
    let between = write_commit(&store, 0..100, 2, Some(&noise(1, 3000)), &[first]);
    let theirs = write_commit(&store, 0..100, 3, Some(&noise(2, 3 << 20)), &[between]);
    let ours = write_commit(&store, 0..100, 4, Some(&noise(3, 3000)), &[first]);
    let merge = write_commit(&store, 0..100, 5, None, &[ours, theirs]);
    store.publish(&pod("shop"), None, merge).unwrap();
    let next = write_commit(&store, 0..100, 6, None, &[merge]);
    store.publish(&pod("shop"), Some(merge), next).unwrap();
    // Where the two lines parted as well; what lies between is told by its commit object only.
    keeps(&store, &[first, ours, theirs, merge, next], &[between]);
    assert_eq!(store.merge_base(next, theirs).unwrap().base, Some(theirs));
}

#[test]
fn where_lines_part_stays_whole_although_no_pod_names_it() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let [one, two, three] = [pod("one"), pod("two"), pod("three")];
    let root = write_commit(&store, 0..100, 1, None, &[]);
    let parting = write_commit(&store, 0..100, 2, Some(&noise(1, 3 << 20)), &[root]);
    let ours = write_commit(&store, 0..100, 3, None, &[parting]);
    let theirs = write_commit(&store, 0..100, 4, None, &[parting]);
    let safety = write_commit(&store, 0..100, 5, None, &[theirs]);
    store.publish(&one, None, ours).unwrap();
    store.publish(&two, None, theirs).unwrap();
    store.publish(&three, None, safety).unwrap();
    keeps(&store, &[parting, ours, theirs, safety], &[root]);
    assert_eq!(store.merge_base(ours, safety).unwrap().base, Some(parting));
    // With one of the lines gone there is nothing left to merge.
    store.delete(&two).unwrap();
    store.delete(&three).unwrap();
    keeps(&store, &[ours], &[parting]);
}

#[test]
fn what_undo_needs_stays() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let safety = write_commit(&store, 0..20, 1, Some(b"before"), &[]);
    let record = OpRecord {
        time: jiff::Timestamp::UNIX_EPOCH,
        operation: "inject".to_owned(),
        pod: None,
        endpoint: Some("http://localhost:4566".to_owned()),
        commit: None,
        safety: Some(safety),
        summary: String::new(),
    };
    store.record(&record).unwrap();
    store.gc(&NOW).unwrap();
    read_all(&store, &safety);
}

#[test]
fn nothing_is_removed_where_a_ref_cannot_be_read() {
    let Fixture { store, folder } = Fixture::new();
    let commit = write_commit(&store, 0..20, 1, None, &[]);
    store.publish(&pod("one"), None, commit).unwrap();
    std::fs::write(folder.path().join("store/refs/one/1"), "rubbish").unwrap();
    assert!(matches!(store.gc(&NOW), Err(StoreError::Corrupt { .. })));
    assert!(store.has_chunk(&commit).unwrap());
}

#[test]
fn a_writer_in_flight_is_waited_for_and_loses_nothing() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let old = write_commit(&store, 0..100, 1, Some(b"body"), &[]);
    let hold = store.hold().unwrap();
    let collector = std::thread::spawn({
        let store = store.clone();
        move || store.gc(&NOW)
    });
    // The writer reuses what the collector has already found to be garbage.
    std::thread::sleep(Duration::from_millis(300));
    let new = write_commit(&store, 0..100, 1, Some(b"body"), &[old]);
    store.publish(&pod("late"), None, new).unwrap();
    drop(hold);
    collector.join().unwrap().unwrap();
    read_all(&store, &new);
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn a_version_given_while_garbage_is_looked_for_keeps_what_nothing_named_before() {
    let Fixture { store, folder } = Fixture::new();
    let [first, unnamed] = [1, 2].map(|salt| write_commit(&store, 0..100, salt, Some(b"body"), &[]));
    for name in ["one", "other"] {
        store.publish(&pod(name), None, first).unwrap();
        // As of a pod that has been left alone: its folder need not be read twice.
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        let pod = std::fs::File::open(folder.path().join("store/refs").join(name)).unwrap();
        pod.set_modified(hour_ago).unwrap();
    }
    let hold = store.hold().unwrap();
    let collector = std::thread::spawn({
        let store = store.clone();
        move || store.gc(&NOW)
    });
    std::thread::sleep(Duration::from_millis(300));
    store.publish(&pod("one"), Some(first), unnamed).unwrap();
    drop(hold);
    collector.join().unwrap().unwrap();
    keeps(&store, &[first, unnamed], &[]);
}

#[test]
fn many_commits_leave_few_packs() {
    let Fixture { store, folder } = Fixture::new();
    let other = Store::open(&folder.path().join("store")).unwrap();
    let mut head: Option<Digest> = None;
    for salt in 0..60 {
        let commit = write_commit(&store, 0..200, salt, None, head.as_slice());
        store.publish(&pod("busy"), head, commit).unwrap();
        if salt == 30 {
            read_all(&other, &commit);
        }
        store.tidy().unwrap();
        head = Some(commit);
    }
    assert!(packs(&store) <= 16, "{} packs", packs(&store));
    // Another process finds what moved under it.
    for version in other.versions(&pod("busy")).unwrap() {
        read_all(&other, &version.commit);
    }
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    store.repack_all().unwrap();
    assert!(packs(&store) <= 3, "{} packs", packs(&store));
    read_all(&other, &head.unwrap());
    let stats = store.stats().unwrap();
    assert_eq!((stats.pods, stats.versions, stats.commits.count), (1, 60, 60));
    assert_eq!(stats.packs as usize, packs(&store));
}

#[test]
fn a_pack_with_damage_is_not_merged_away() {
    let Fixture { store, folder } = Fixture::new();
    let one = write_commit(&store, 0..50, 1, Some(&noise(1, 5000)), &[]);
    store.publish(&pod("one"), None, one).unwrap();
    let two = write_commit(&store, 0..50, 2, Some(&noise(2, 5000)), &[]);
    store.publish(&pod("two"), None, two).unwrap();
    let pack = store.inner.packs.locate(&one, packs::Wanted::Content).unwrap()[0].0;
    let path = store.inner.layout.pack(&pack);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    store.repack_all().unwrap();
    assert!(path.exists());
    read_all(&store, &two);
}

#[test]
fn what_is_published_for_a_version_stays_with_it_and_goes_with_it() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let one = write_commit(&store, 0..60, 1, Some(&noise(1, 20_000)), &[]);
    let published = write_commit(&store, 0..60, 2, Some(&noise(1, 20_000)), &[]);
    let twin = Twin { local: one, published };
    store.publish(&pod("line"), None, one).unwrap();
    store.add_twin(&twin, Digest::of(b"rules")).unwrap();
    // Again is fine, and the first rules stay.
    store.add_twin(&twin, Digest::of(b"others")).unwrap();
    store.gc(&NOW).unwrap();
    read_all(&store, &published);
    assert_eq!(store.twin_policy(&twin).unwrap(), Some(Digest::of(b"rules")));
    assert_eq!(
        (store.twins().unwrap().published(&one), store.twins().unwrap().local(&published)),
        (&[published][..], Some(one))
    );

    // Of a version that is only history still the names are known.
    let two = write_commit(&store, 0..60, 3, None, &[one]);
    store.publish(&pod("line"), Some(one), two).unwrap();
    store.delete_version(&pod("line"), &Selector::Version(1)).unwrap();
    store.gc(&NOW).unwrap();
    assert_eq!(store.twins().unwrap().local(&published), Some(one));
    assert!(store.commit(&published).is_ok());

    let other = write_commit(&store, 0..60, 4, None, &[]);
    store.publish(&pod("other"), None, other).unwrap();
    store.delete(&pod("line")).unwrap();
    store.gc(&NOW).unwrap();
    assert_eq!(store.twins().unwrap().local(&published), None);
    assert!(store.commit(&published).is_err());
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}
