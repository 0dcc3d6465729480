//! Every operation, ended at every one of its steps on the disk: by an error, by a death, by a loss of power; and the
//! power lost after it said that it was done.

mod disk;
mod power;

use std::path::Path;

use super::*;
use disk::{End, FailingDisk};
use power::Loss;

const NOW: GcOptions = GcOptions { dry_run: false, grace: std::time::Duration::ZERO };

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A store with pods `kept` and `other` of two versions each, much garbage, and a log.
fn before(root: &Path) -> [Digest; 3] {
    let store = Store::open(root).unwrap();
    let one = write_commit(&store, 0..60, 1, Some(&noise(1, 20_000)), &[]);
    store.publish(&pod("kept"), None, one).unwrap();
    let two = write_commit(&store, 0..60, 2, Some(&noise(2, 20_000)), &[one]);
    store.publish(&pod("kept"), Some(one), two).unwrap();
    let other = write_commit(&store, 0..90, 3, Some(&noise(1, 20_000)), &[]);
    store.publish(&pod("other"), None, other).unwrap();
    // Garbage of which the next version needs a part.
    write_commit(&store, 0..600, 4, Some(&noise(4, 40_000)), &[]);
    let part = write_commit(&store, 0..300, 4, None, &[other]);
    store.publish(&pod("other"), Some(other), part).unwrap();
    record(&store, "begin").unwrap();
    [one, two, other]
}

fn record(store: &Store, summary: &str) -> Result<(), StoreError> {
    store.record(&OpRecord {
        time: jiff::Timestamp::UNIX_EPOCH,
        operation: "commit".to_owned(),
        pod: None,
        endpoint: None,
        commit: None,
        safety: None,
        summary: summary.to_owned(),
    })
}

/// What an operation leaves: looked at with what it gave, where it said that it was done.
type Check<T> = fn(&Store, Option<&T>) -> Result<(), String>;

fn holds(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn text(error: StoreError) -> String {
    error.to_string()
}

/// The store is whole, and has what `before` made and, where the operation said that it was done, what it made; and it
/// goes on as if nothing had happened.
fn intact<T>(root: &Path, kept: &[Digest; 3], done: Option<&T>, check: Check<T>) -> Result<(), String> {
    let store = Store::open(root).map_err(text)?;
    let faults = store.fsck(FsckLevel::Full).map_err(text)?;
    holds(faults.is_empty(), &faults.join("; "))?;
    for commit in kept {
        store.chunks_between(commit, &[]).map_err(text)?;
    }
    let operations = store.operations().map_err(text)?;
    holds(operations.last().is_some_and(|first| first.summary == "begin"), "the log has lost its beginning")?;
    check(&store, done)?;
    let next = write_commit(&store, 0..5, 8, None, &[kept[1]]);
    let head = store.head(&pod("kept")).map_err(text)?.0.commit;
    store.publish(&pod("kept"), Some(head), next).map_err(text)?;
    let left = std::fs::read_dir(root.join("tmp")).unwrap().count();
    holds(left == 0, "something is left in tmp/")
}

/// Lets `operation` end at each of its steps in each way.
fn at_every_step<T>(operation: &dyn Fn(&Store) -> Result<T, StoreError>, check: Check<T>) {
    let base = tempfile::tempdir().unwrap();
    let kept = before(&base.path().join("store"));
    for end in [End::Error, End::Death] {
        let mut step = 1;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("store");
            copy_folder(&base.path().join("store"), &root);
            let disk = std::sync::Arc::new(FailingDisk::new(end, step));
            let done = Store::open_on(&root, disk.clone()).and_then(|store| operation(&store));
            let finished = !disk.has_ended();
            assert!(done.is_ok() || !finished, "{:?}", done.err());
            let intact = intact(&root, &kept, done.ok().as_ref(), check);
            assert_eq!(intact, Ok(()), "{end:?} at step {step}");
            if finished {
                break;
            }
            step += 1;
        }
        assert!(step > 2, "an operation of {step} steps tells nothing");
    }
    let mut step = 1;
    while let Ended::Before = power_lost(base.path(), &kept, operation, check, step, &[]).unwrap() {
        step += 1;
    }
}

/// Whether an operation came to its end before the power was lost.
#[derive(Debug)]
enum Ended {
    Before,
    /// With so many syncs.
    After(u64),
}

/// Loses the power at a step of `operation`, or after it where it has fewer, in every way there is; says what of the
/// store is not as it should be. The syncs numbered `skipped` do nothing.
fn power_lost<T>(
    base: &Path,
    kept: &[Digest; 3],
    operation: &dyn Fn(&Store) -> Result<T, StoreError>,
    check: Check<T>,
    step: u64,
    skipped: &[u64],
) -> Result<Ended, String> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    copy_folder(&base.join("store"), &root);
    let disk = std::sync::Arc::new(FailingDisk::remembering(folder.path(), step, skipped));
    let done = Store::open_on(&root, disk.clone()).and_then(|store| operation(&store)).ok();
    let finished = !disk.has_ended();
    let (durable, syncs) = disk.durable();
    for loss in Loss::ALL {
        let after = tempfile::tempdir().unwrap();
        durable.lose(loss, after.path());
        intact(&after.path().join("store"), kept, done.as_ref(), check)
            .map_err(|fault| format!("{loss:?} at step {step}: {fault}"))?;
    }
    Ok(if finished { Ended::After(syncs) } else { Ended::Before })
}

/// Leaves each sync of `operation` out in turn: whichever it is, some loss of power shows that it is missing. Those that
/// are `doubled` are missed only where all of them are.
fn every_sync_is_needed<T>(operation: &dyn Fn(&Store) -> Result<T, StoreError>, check: Check<T>, doubled: &[u64]) {
    let base = tempfile::tempdir().unwrap();
    let kept = before(&base.path().join("store"));
    let lost = |step, skipped: &[u64]| power_lost(base.path(), &kept, operation, check, step, skipped);
    // No operation here has so many steps.
    let Ended::After(syncs) = lost(u64::MAX, &[]).unwrap() else { panic!("it did not come to its end") };
    assert!(syncs > 1, "{syncs} syncs");
    let is_missed = |skipped: &[u64]| {
        // After its end first: most are missed there.
        if lost(u64::MAX, skipped).is_err() {
            return true;
        }
        for step in 1.. {
            match lost(step, skipped) {
                Err(_) => return true,
                Ok(Ended::After(_)) => break,
                Ok(Ended::Before) => {}
            }
        }
        false
    };
    let unmissed: Vec<u64> = (1..=syncs).filter(|skipped| !is_missed(&[*skipped])).collect();
    assert_eq!(unmissed, doubled, "of {syncs} syncs these can be left out unnoticed");
    assert!(doubled.is_empty() || is_missed(doubled), "all of {doubled:?} can be left out unnoticed");
}

fn commit_operation(store: &Store) -> Result<VersionEntry, StoreError> {
    let head = store.head(&pod("kept"))?.0.commit;
    let writer = store.writer()?;
    for number in 0..70 {
        let document = Document::from_value(json!({"Number": number, "New": true}));
        writer.document(key(number), &document, &Observed::new())?;
    }
    let mut blob = writer.blob()?;
    blob.write_all(&noise(7, 3 << 20)).map_err(StoreError::io(Path::new("blob")))?;
    blob.finish()?;
    let roots = writer.trees()?;
    let commit = writer.finish(&commit_of(roots, &[head]))?;
    let version = store.publish(&pod("kept"), Some(head), commit)?;
    record(store, "committed")?;
    Ok(version)
}

fn check_commit(store: &Store, done: Option<&VersionEntry>) -> Result<(), String> {
    let head = store.head(&pod("kept")).map_err(text)?.0;
    holds(head.number == 2 || head.number == 3, "the pod has another head")?;
    store.chunks_between(&head.commit, &[]).map_err(text)?;
    let Some(version) = done else { return Ok(()) };
    holds(head == *version, "the version is not there")?;
    holds(store.operations().map_err(text)?.len() == 2, "it is not in the log")
}

#[test]
fn a_commit_is_there_or_not() {
    at_every_step(&commit_operation, check_commit);
}

#[test]
fn every_sync_of_a_commit_is_needed() {
    // The names of packs: once for the commit, and once for the ref, whose packs may be somebody else's.
    every_sync_is_needed(&commit_operation, check_commit, &[2, 3]);
}

/// Takes in packs of another store, of a commit it gives.
fn pull_operation(theirs: &Store) -> impl Fn(&Store) -> Result<VersionEntry, StoreError> {
    let commit = write_commit(theirs, 200..300, 1, Some(&noise(9, 2 << 20)), &[]);
    let chunks = theirs.chunks_between(&commit, &[]).unwrap();
    let packs: Vec<_> = chunks.chunks(chunks.len() / 2 + 1).map(|chunks| theirs.export_pack(chunks).unwrap()).collect();
    move |store| {
        for pack in &packs {
            store.import_pack(pack.file.path(), &pack.digest)?;
        }
        store.set_remote_head(&"team".parse().unwrap(), &pod("theirs"), commit)?;
        store.publish(&pod("theirs"), None, commit)
    }
}

fn check_pull(store: &Store, done: Option<&VersionEntry>) -> Result<(), String> {
    let head = match store.head(&pod("theirs")) {
        Ok((head, _)) => Some(head),
        Err(_) => None,
    };
    if let Some(head) = head {
        store.chunks_between(&head.commit, &[]).map_err(text)?;
    }
    let Some(version) = done else { return Ok(()) };
    holds(head == Some(*version), "the version is not there")?;
    let seen = store.remote_head(&"team".parse().unwrap(), &pod("theirs")).map_err(text)?;
    holds(seen == Some(version.commit), "what was seen on the remote is forgotten")
}

#[test]
fn what_is_pulled_is_there_or_not() {
    let Fixture { store: theirs, folder: _folder } = Fixture::new();
    at_every_step(&pull_operation(&theirs), check_pull);
}

#[test]
fn every_sync_of_a_pull_is_needed() {
    let Fixture { store: theirs, folder: _folder } = Fixture::new();
    every_sync_is_needed(&pull_operation(&theirs), check_pull, &[]);
}

fn check_gc(store: &Store, done: Option<&GcReport>) -> Result<(), String> {
    holds(done.is_none_or(|report| report.bytes_after < report.bytes_before), "nothing was collected")?;
    store.gc(&NOW).map(drop).map_err(text)
}

#[test]
fn gc_takes_nothing_that_is_needed() {
    at_every_step(&|store| store.gc(&NOW), check_gc);
}

#[test]
fn every_sync_of_gc_is_needed() {
    every_sync_is_needed(&|store| store.gc(&NOW), check_gc, &[]);
}

fn check_repack(store: &Store, done: Option<&RepackReport>) -> Result<(), String> {
    holds(done.is_none_or(|report| report.merged > 1), "nothing was merged")?;
    holds(store.stats().map_err(text)?.packs <= 6, "there are more packs than before")
}

#[test]
fn packs_are_merged_or_not() {
    at_every_step(&Store::repack_all, check_repack);
}

#[test]
fn every_sync_of_a_repack_is_needed() {
    every_sync_is_needed(&Store::repack_all, check_repack, &[]);
}

#[test]
fn refs_change_whole() {
    let operation = |store: &Store| {
        store.fork(&pod("kept"), &Selector::Head, &pod("fork"))?;
        store.set_tag(&pod("fork"), &Selector::Version(1), &"tag".parse().unwrap())?;
        store.delete_version(&pod("fork"), &Selector::Version(2))?;
        store.rename(&pod("other"), &pod("renamed"))?;
        store.delete(&pod("fork"))
    };
    at_every_step(&operation, |store, done| {
        let pods = store.pods().map_err(text)?;
        holds(pods.contains(&pod("kept")), "a pod is gone")?;
        let names = pods.iter().filter(|name| [pod("other"), pod("renamed")].contains(name)).count();
        holds(names == 1, "the renamed pod has not one name")?;
        holds(done.is_none() || pods.len() == 2, "the deleted pod is back")
    });
}

#[test]
fn twins_are_known_or_not() {
    fn twin(store: &Store) -> Twin {
        Twin {
            local: store.head(&pod("kept")).unwrap().0.commit,
            published: store.head(&pod("other")).unwrap().0.commit,
        }
    }
    at_every_step(&|store| store.add_twin(&twin(store), Digest::of(b"rules")), |store, done| {
        // The check's own run has not put anything on top yet.
        let policy = store.twin_policy(&twin(store)).map_err(text)?;
        let is_known = policy == Some(Digest::of(b"rules"));
        holds(is_known || policy.is_none() && done.is_none(), "the twins are not known as such")
    });
}

#[test]
fn a_new_store_outlasts_a_loss_of_power_with_its_first_version() {
    for step in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let disk = std::sync::Arc::new(FailingDisk::remembering(folder.path(), step, &[]));
        let made = Store::open_on(&folder.path().join("data/store"), disk.clone()).and_then(|store| {
            let writer = store.writer()?;
            writer.document(key(1), &Document::default(), &Observed::new())?;
            let roots = writer.trees()?;
            let commit = writer.finish(&commit_of(roots, &[]))?;
            store.publish(&pod("first"), None, commit)
        });
        let finished = !disk.has_ended();
        let (durable, _) = disk.durable();
        for loss in Loss::ALL {
            let after = tempfile::tempdir().unwrap();
            durable.lose(loss, after.path());
            let store = Store::open(&after.path().join("data/store")).unwrap();
            assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new(), "{loss:?} at step {step}");
            if let Ok(version) = &made {
                assert_eq!(store.head(&pod("first")).unwrap().0, *version, "{loss:?}");
            }
        }
        if finished {
            made.unwrap();
            break;
        }
    }
}
