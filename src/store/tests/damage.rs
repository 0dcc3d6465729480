//! Damaged files are named, and the rest stays usable.

use std::path::{Path, PathBuf};

use super::*;

/// Two pods with a commit each; gives the store's folder and the pods' commits.
fn two_pods() -> (TempDir, PathBuf, [Digest; 2]) {
    let Fixture { folder, store } = Fixture::new();
    let one = write_commit(&store, 0..40, 0, Some(b"some body"), &[]);
    let two = write_commit(&store, 0..40, 1, Some(b"another body"), &[]);
    store.publish(&pod("one"), None, one).unwrap();
    store.publish(&pod("two"), None, two).unwrap();
    let root = folder.path().join("store");
    (folder, root, [one, two])
}

fn open(root: &Path) -> Store {
    Store::open(root).unwrap()
}

fn read_all(store: &Store, commit: &Digest) -> Result<usize, StoreError> {
    let commit = store.commit(commit)?;
    let mut count = 0;
    for entry in store.tree(commit.state).entries() {
        let (_, value) = entry?;
        count += 1;
        if let Some(blob) = value.get("blobs").and_then(|blobs| blobs.get("body")) {
            let blob: BlobRef = serde_json::from_value(blob.clone()).unwrap();
            std::io::copy(&mut store.open_blob(&blob)?, &mut std::io::sink()).unwrap();
        }
    }
    Ok(count)
}

/// The file with one bit flipped at each of its bytes in turn, and cut at each of some lengths.
pub(super) fn damages(original: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flips = (0..original.len()).map(|at| {
        let mut bytes = original.to_vec();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let cuts = (0..original.len()).step_by(original.len() / 40 + 1).map(|length| original[..length].to_vec());
    flips.chain(cuts)
}

fn only_file(folder: &Path, other_than: &[PathBuf]) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.find(|path| !other_than.contains(path)).unwrap()
}

/// The pack of the second commit: whatever happens to it, the first commit does not need it.
fn second_pack(store: &Store, root: &Path, second: &Digest) -> PathBuf {
    let (pack, _) = store.inner.packs.locate(second, packs::Wanted::Content).unwrap()[0];
    root.join("blobs/sha256").join(pack.hex())
}

#[test]
fn every_damaged_byte_of_a_pack_is_found_and_the_pack_named() {
    let (_folder, root, [one, two]) = two_pods();
    let path = second_pack(&open(&root), &root, &two);
    let original = std::fs::read(&path).unwrap();
    for bytes in damages(&original) {
        std::fs::write(&path, &bytes).unwrap();
        let store = open(&root);
        let faults = store.fsck(FsckLevel::Full).unwrap();
        assert!(faults.iter().any(|fault| fault.contains(path.to_str().unwrap())), "{faults:?}");
        assert!(!faults.iter().any(|fault| fault.contains("pod one")), "{faults:?}");
        assert_eq!(read_all(&store, &one).unwrap(), 41);
        // What the damage does not touch is still read; what it touches is an error, never wrong content.
        if let Ok(count) = read_all(&store, &two) {
            assert_eq!(count, 41);
        }
    }
    // Without its index too: a pack whose footer is damaged cannot be searched, and says so.
    std::fs::write(&path, &original[..original.len() - 1]).unwrap();
    let index = root.join("idx").join(format!("{}.idx", path.file_name().unwrap().to_str().unwrap()));
    std::fs::remove_file(index).unwrap();
    let error = read_all(&open(&root), &two).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert_eq!(read_all(&open(&root), &one).unwrap(), 41);
}

#[test]
fn a_damaged_or_missing_index_is_rebuilt_from_its_pack() {
    let (_folder, root, [one, two]) = two_pods();
    let path = only_file(&root.join("idx"), &[]);
    let original = std::fs::read(&path).unwrap();
    for bytes in damages(&original) {
        std::fs::write(&path, &bytes).unwrap();
        let faults = open(&root).fsck(FsckLevel::Full).unwrap();
        // An empty one is what a loss of power leaves of a file that is not synced: it counts as missing.
        let named = faults.len() == 1 && faults[0].contains(path.to_str().unwrap());
        assert!(if bytes.is_empty() { faults.is_empty() } else { named }, "{faults:?}");
        assert_eq!(std::fs::read(&path).unwrap(), original);
    }
    std::fs::remove_file(&path).unwrap();
    let store = open(&root);
    assert_eq!(read_all(&store, &one).unwrap() + read_all(&store, &two).unwrap(), 82);
    assert_eq!(std::fs::read(&path).unwrap(), original);
}

#[test]
fn a_damaged_ref_makes_only_its_own_pod_fail() {
    let (_folder, root, [_, two]) = two_pods();
    let path = root.join("refs/one/1");
    let original = std::fs::read(&path).unwrap();
    let store = open(&root);
    for bytes in damages(&original) {
        std::fs::write(&path, &bytes).unwrap();
        let error = store.versions(&pod("one")).unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { path: named, .. } if *named == path), "{error}");
        assert!(store.publish(&pod("one"), None, two).is_err());
        assert_eq!(store.pods().unwrap(), [pod("two")]);
        assert_eq!(store.resolve(&pod("two"), &Selector::Head).unwrap().commit, two);
        assert!(store.fsck(FsckLevel::Full).unwrap().iter().any(|fault| fault.contains("refs/one/1")));
    }
    // It can be got rid of.
    store.delete(&pod("one")).unwrap();
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn a_commit_whose_pack_is_gone_is_missing_and_the_version_is_named() {
    let (_folder, root, [one, two]) = two_pods();
    let path = second_pack(&open(&root), &root, &two);
    std::fs::remove_file(path).unwrap();
    let store = open(&root);
    assert!(matches!(store.commit(&two), Err(StoreError::Missing { what: "commit", .. })));
    assert!(store.fsck(FsckLevel::Full).unwrap().iter().any(|fault| fault.contains("version 1 of pod two")));
    assert_eq!(read_all(&store, &one).unwrap(), 41);
}

#[test]
fn folders_that_are_no_store_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    let error = Store::open(folder.path()).err().unwrap();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let newer = tempfile::tempdir().unwrap();
    std::fs::write(newer.path().join("format"), "podex store 2\n").unwrap();
    let error = Store::open(newer.path()).err().unwrap();
    assert!(error.to_string().contains("\"podex store 2\""), "{error}");

    let error = Store::open(&folder.path().join("thesis.txt")).err().unwrap();
    assert!(error.to_string().contains("thesis.txt"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_store_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, root, [one, _]) = two_pods();
    let set = |mode: u32| {
        for name in ["", "blobs", "blobs/sha256", "idx", "refs", "refs/one", "remotes", "ops", "tmp", "lock"] {
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o555);
    let store = open(&root);
    assert_eq!(read_all(&store, &one).unwrap(), 41);
    assert_eq!(store.pods().unwrap().len(), 2);
    // The superuser may write anywhere; everybody else is told which file refuses.
    if let Err(error) = store.writer() {
        assert!(error.to_string().contains("lock"), "{error}");
    }
    set(0o755);
}

/// Damages a file in every way; `check` says what is wrong with what became of it. The file is mended afterwards.
fn each_damage(path: &Path, check: impl Fn(&[u8]) -> Result<(), String>) {
    let original = std::fs::read(path).unwrap();
    for (way, bytes) in damages(&original).enumerate() {
        std::fs::write(path, &bytes).unwrap();
        assert_eq!(check(&bytes), Ok(()), "{} damaged in way {way}", path.display());
    }
    std::fs::write(path, original).unwrap();
}

#[test]
fn every_damaged_byte_of_what_lies_beside_the_versions_is_found_and_the_file_named() {
    let (_folder, root, [one, two]) = two_pods();
    let store = open(&root);
    let tag = "release".parse().unwrap();
    store.set_tag(&pod("one"), &Selector::Head, &tag).unwrap();
    store.set_remote_head(&"team".parse().unwrap(), &pod("one"), one).unwrap();
    store.add_twin(&Twin { local: one, published: two }, Digest::of(b"rules")).unwrap();
    let files = [
        store.tag_path(&pod("one"), &tag),
        store.inner.layout.remote_head(&"team".parse().unwrap(), &pod("one")),
        store.twin_files().unwrap().remove(0),
    ];
    for path in files {
        each_damage(&path, |_| {
            let faults = open(&root).fsck(FsckLevel::Structure).unwrap();
            let named = faults.len() == 1 && faults[0].contains(path.to_str().unwrap());
            if named { Ok(()) } else { Err(format!("{faults:?}")) }
        });
        assert_eq!(open(&root).fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn every_damaged_byte_of_the_operation_log_is_found_and_the_line_named() {
    let (_folder, root, [one, _]) = two_pods();
    let record = |summary: &str| OpRecord {
        time: jiff::Timestamp::UNIX_EPOCH,
        operation: "commit".to_owned(),
        pod: Some(pod("one")),
        endpoint: None,
        commit: Some(one),
        safety: None,
        summary: summary.to_owned(),
    };
    ["first", "second"].iter().for_each(|summary| open(&root).record(&record(summary)).unwrap());
    let path = open(&root).log_files().unwrap().remove(0);
    let original = std::fs::read(&path).unwrap();
    let first = original.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    each_damage(&path, |bytes| {
        let faults = open(&root).fsck(FsckLevel::Structure).unwrap();
        // What follows the last whole line was being written when its process died: that is no fault.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let expected = usize::from(bytes[..whole] != original[..whole] || whole > 0 && whole < first);
        let named = faults.iter().all(|fault| fault.contains(path.to_str().unwrap()) && fault.contains("line "));
        if faults.len() == expected && named { Ok(()) } else { Err(format!("{faults:?}, not {expected}")) }
    });
    // A line from before there were checks is read; one that was meddled with is not.
    let bare = String::from_utf8(crate::pod::canonical_json(&record("old"))).unwrap();
    std::fs::write(&path, format!("{bare}\n")).unwrap();
    assert_eq!(open(&root).operations().unwrap(), [record("old")]);
    std::fs::write(&path, format!("{}\n", bare.replace("{", "{\"cheek\":\"00000000\","))).unwrap();
    assert!(matches!(open(&root).operations(), Err(StoreError::Corrupt { .. })));
}

#[test]
fn what_is_in_the_lock_files_means_nothing_and_a_damaged_format_file_is_named() {
    let (_folder, root, [one, two]) = two_pods();
    open(&root).gc(&GcOptions { dry_run: false, grace: std::time::Duration::ZERO }).unwrap();
    for lock in ["lock", "refs.lock", "repack.lock"] {
        std::fs::write(root.join(lock), "\0rubbish").unwrap();
    }
    let store = open(&root);
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    assert_eq!(store.publish(&pod("one"), Some(one), two).unwrap().number, 2);
    store.repack_all().unwrap();
    let path = root.join("format");
    each_damage(&path, |_| match Store::open(&root) {
        Err(error) if error.to_string().contains(path.to_str().unwrap()) => Ok(()),
        other => Err(format!("{:?}", other.err())),
    });
    assert_eq!(read_all(&open(&root), &one).unwrap(), 41);
}
