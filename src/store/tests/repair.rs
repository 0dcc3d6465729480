//! What a repair mends, and what the three levels of fsck see.

use super::*;

fn faults(store: &Store, level: FsckLevel) -> Vec<String> {
    store.fsck(level).unwrap()
}

/// A pod with three versions, each leaning on the one before; reopened by every call of the closure.
fn line() -> (TempDir, impl Fn() -> Store, [Digest; 3]) {
    let Fixture { folder, store } = Fixture::new();
    let root = store.root().to_owned();
    let mut commits = Vec::new();
    for salt in 0..3 {
        let parent = commits.last().copied();
        let commit = write_commit(&store, 0..40, salt, Some(&noise(salt.into(), 3000)), parent.as_slice());
        store.publish(&pod("line"), parent, commit).unwrap();
        let record = OpRecord {
            time: jiff::Timestamp::UNIX_EPOCH,
            operation: "commit".to_owned(),
            pod: Some(pod("line")),
            endpoint: None,
            commit: Some(commit),
            safety: None,
            summary: String::new(),
        };
        store.record(&record).unwrap();
        commits.push(commit);
    }
    (folder, move || Store::open(&root).unwrap(), commits.try_into().unwrap())
}

#[test]
fn every_ref_of_a_line_is_made_again_from_what_is_around_it() {
    let (_folder, open, commits) = line();
    for (number, commit) in (1..).zip(commits) {
        let path = open().inner.layout.pod(&pod("line")).join(format!("{number}"));
        std::fs::write(&path, "sha256:0").unwrap();
        assert_eq!(faults(&open(), FsckLevel::Structure).len(), 1);
        let done = open().repair().unwrap();
        assert!(done.len() == 1 && done[0].contains(&commit.short()), "{done:?}");
        assert_eq!(open().resolve(&pod("line"), &Selector::Version(number)).unwrap().commit, commit);
        assert_eq!(faults(&open(), FsckLevel::Full), Vec::<String>::new());
    }
    assert_eq!(open().repair().unwrap(), Vec::<String>::new());
}

#[test]
fn a_pack_with_a_damaged_footer_is_made_again_by_its_index() {
    let (_folder, open, commits) = line();
    let pack = open().inner.packs.locate(&commits[1], packs::Wanted::Content).unwrap()[0].0;
    let path = open().inner.layout.pack(&pack);
    let original = std::fs::read(&path).unwrap();
    for at in [0, original.len() - 1, original.len() - 20, original.len() - 60] {
        let mut bytes = original.clone();
        bytes[at] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        assert!(!faults(&open(), FsckLevel::Structure).is_empty());
        let done = open().repair().unwrap();
        assert!(done.len() == 1 && done[0].contains("with all its chunks"), "{done:?}");
        assert!(std::fs::read(&path).unwrap() == original);
    }
    assert_eq!(faults(&open(), FsckLevel::Full), Vec::<String>::new());
}

#[test]
fn the_intact_chunks_of_a_damaged_pack_are_saved() {
    let (_folder, open, commits) = line();
    let blob = BlobRef { digest: Digest::of(&noise(2, 3000)), size: 3000 };
    let (pack, entry) = open().inner.packs.locate(&blob.digest, packs::Wanted::Content).unwrap()[0];
    let path = open().inner.layout.pack(&pack);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[entry.offset as usize + 7] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    // A quick look does not read bodies.
    assert_eq!(faults(&open(), FsckLevel::Structure), Vec::<String>::new());
    assert!(!faults(&open(), FsckLevel::Digests).is_empty());
    let done = open().repair().unwrap();
    assert!(done.len() == 1 && done[0].contains("were saved"), "{done:?}");
    assert!(!path.exists());
    assert_eq!(std::fs::read_dir(open().inner.layout.lost()).unwrap().count(), 1);
    assert_eq!(open().tree(open().commit(&commits[2]).unwrap().state).entries().count(), 41);
    assert!(matches!(open().open_blob(&blob), Err(StoreError::Missing { .. })));
    let left = faults(&open(), FsckLevel::Structure);
    assert!(left.len() == 1 && left[0].contains("version 3 of pod line"), "{left:?}");
    // Where another copy turns up, nothing is missing.
    let again = write_commit(&open(), 0..1, 9, Some(&noise(2, 3000)), &[]);
    assert!(open().has_chunk(&again).unwrap());
    assert_eq!(faults(&open(), FsckLevel::Full), Vec::<String>::new());
}

#[test]
fn indexes_logs_tags_and_remote_heads_are_mended() {
    let (_folder, open, commits) = line();
    let store = open();
    let tag = "release".parse().unwrap();
    store.set_tag(&pod("line"), &Selector::Version(2), &tag).unwrap();
    store.set_remote_head(&"team".parse().unwrap(), &pod("line"), commits[0]).unwrap();
    let layout = &store.inner.layout;
    let index = layout.indexes().join(&layout::file_names(&layout.indexes()).unwrap()[0]);
    let log = store.log_files().unwrap().remove(0);
    let head = layout.remote_head(&"team".parse().unwrap(), &pod("line"));
    store.add_twin(&Twin { local: commits[0], published: commits[1] }, Digest::of(b"rules")).unwrap();
    let twin = store.twin_files().unwrap().remove(0);
    for path in [&index, &log, &store.tag_path(&pod("line"), &tag), &head, &twin] {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] = 0;
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(faults(&open(), FsckLevel::Structure).len(), 5);
    // The index is made again by whoever needs it first.
    assert_eq!(open().repair().unwrap().len(), 4);
    assert_eq!(open().twins().unwrap().local(&commits[1]), Some(commits[0]));
    assert_eq!(faults(&open(), FsckLevel::Full), Vec::<String>::new());
    assert_eq!(open().operations().unwrap().len(), 2);
    assert_eq!(open().versions(&pod("line")).unwrap().len(), 3);
}

#[test]
fn whichever_byte_beside_the_packs_is_damaged_a_repair_leaves_a_clean_store() {
    let (_folder, open, commits) = line();
    let store = open();
    let (team, tag) = ("team".parse().unwrap(), "release".parse().unwrap());
    store.set_tag(&pod("line"), &Selector::Version(2), &tag).unwrap();
    store.set_remote_head(&team, &pod("line"), commits[0]).unwrap();
    store.add_twin(&Twin { local: commits[0], published: commits[1] }, Digest::of(b"rules")).unwrap();
    let layout = &store.inner.layout;
    let index = layout.indexes().join(&layout::file_names(&layout.indexes()).unwrap()[0]);
    for path in [
        index,
        layout.pod(&pod("line")).join("2"),
        store.tag_path(&pod("line"), &tag),
        layout.remote_head(&team, &pod("line")),
        store.twin_files().unwrap().remove(0),
        store.log_files().unwrap().remove(0),
    ] {
        let original = std::fs::read(&path).unwrap();
        // Every byte's own damage is found elsewhere; here some of each file.
        for bytes in damage::damages(&original).step_by(original.len() / 20 + 1) {
            std::fs::write(&path, bytes).unwrap();
            open().repair().unwrap();
            assert_eq!(faults(&open(), FsckLevel::Full), Vec::<String>::new(), "{}", path.display());
            assert!(open().versions(&pod("line")).unwrap().iter().map(|version| version.commit).eq(commits));
        }
        std::fs::write(&path, original).unwrap();
    }
}

#[test]
fn versions_are_forked_tagged_and_deleted_one_by_one() {
    let (_folder, open, commits) = line();
    let (store, name, fork) = (open(), pod("line"), pod("fork"));
    assert_eq!(store.fork(&name, &Selector::Version(2), &fork).unwrap().commit, commits[1]);
    assert_eq!(store.versions(&fork).unwrap().len(), 2);
    assert!(matches!(store.fork(&name, &Selector::Head, &fork), Err(StoreError::PodExists { .. })));
    let tag: crate::pod::TagName = "good".parse().unwrap();
    store.set_tag(&name, &Selector::Version(2), &tag).unwrap();
    assert_eq!(store.resolve(&name, &Selector::Tag(tag.clone())).unwrap().number, 2);
    assert!(matches!(store.resolve(&fork, &Selector::Tag(tag.clone())), Err(StoreError::UnknownVersion { .. })));
    let error = store.delete_version(&name, &Selector::Version(2)).unwrap_err();
    assert!(error.to_string().contains("tag good"), "{error}");
    store.remove_tag(&name, &tag).unwrap();
    assert!(store.remove_tag(&name, &tag).is_err());
    store.delete_version(&name, &Selector::Version(2)).unwrap();
    store.delete_version(&name, &Selector::Head).unwrap();
    assert!(matches!(store.delete_version(&name, &Selector::Head), Err(StoreError::VersionInUse { .. })));
    assert_eq!(faults(&store, FsckLevel::Full), Vec::<String>::new());
    // Numbers are not given again, and gc takes what no other pod has.
    let next = write_commit(&store, 0..40, 9, None, &[commits[0]]);
    assert_eq!(store.publish(&name, Some(commits[0]), next).unwrap().number, 4);
    store.gc(&GcOptions { dry_run: false, grace: std::time::Duration::ZERO }).unwrap();
    assert!(store.commit(&commits[1]).is_ok());
    assert!(matches!(store.commit(&commits[2]), Err(StoreError::Missing { .. })));
    assert_eq!(faults(&store, FsckLevel::Full), Vec::<String>::new());
    // A lost file is still told from a deleted version.
    std::fs::remove_file(store.inner.layout.pod(&name).join("1")).unwrap();
    std::fs::remove_file(store.inner.layout.pod(&name).join("2.deleted")).unwrap();
    std::fs::write(store.inner.layout.pod(&name).join("1.deleted"), "").unwrap();
    assert_eq!(faults(&store, FsckLevel::Structure).len(), 1);
}
