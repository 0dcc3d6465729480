//! Every operation, ended at every one of its steps on the disk: by an error, by a death, by a loss of power.

use std::fs::File;
use std::io::{Error, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::*;
use crate::store::disk::{Disk, RealDisk};

/// How the world ends at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// That step fails; everything after it works.
    Error,
    /// Nothing works from then on; of a write one half is done.
    Death,
    /// As death; and what was not synced until then is lost: contents, and names.
    PowerLoss,
}

/// Works until it has been asked for `left` steps.
struct FailingDisk {
    end: End,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: u64,
    dead: bool,
    /// Files written to and not synced since.
    unsynced: Vec<PathBuf>,
    /// Moves whose folder has not been synced since.
    moved: Vec<(PathBuf, PathBuf)>,
}

impl FailingDisk {
    fn new(end: End, left: u64) -> Self {
        Self { end, state: Mutex::new(State { left, ..State::default() }) }
    }

    /// Whether the end has come.
    fn has_ended(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.dead || state.left == 0
    }

    /// One step; an error where it is the last, or after it.
    fn step(&self) -> IoResult<std::sync::MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return Err(Error::other("dead"));
        }
        if state.left > 0 {
            state.left -= 1;
            if state.left == 0 {
                state.dead = self.end != End::Error;
                if self.end == End::PowerLoss {
                    state.lose();
                }
                return Err(Error::other("the chosen step"));
            }
        }
        Ok(state)
    }
}

impl State {
    fn lose(&mut self) {
        for (from, to) in self.moved.drain(..).rev() {
            let _ = std::fs::rename(to, from);
        }
        for path in self.unsynced.drain(..) {
            let _ = std::fs::OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(0));
        }
    }

    fn follow(&mut self, from: &Path, to: &Path) {
        for path in &mut self.unsynced {
            if path == from {
                *path = to.to_owned();
            }
        }
    }
}

impl Disk for FailingDisk {
    fn create_folder(&self, path: &Path) -> IoResult<()> {
        drop(self.step()?);
        RealDisk.create_folder(path)
    }

    fn create_temporary(&self, folder: &Path) -> IoResult<tempfile::NamedTempFile> {
        drop(self.step()?);
        RealDisk.create_temporary(folder)
    }

    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> IoResult<()> {
        match self.step() {
            Ok(mut state) => {
                // A log is appended to: what it had before is synced, and losing that is not what can happen.
                if path.extension().is_none_or(|extension| extension != "jsonl") {
                    state.unsynced.push(path.to_owned());
                }
                RealDisk.write(path, file, bytes)
            }
            Err(error) => {
                RealDisk.write(path, file, &bytes[..bytes.len() / 2])?;
                Err(error)
            }
        }
    }

    fn sync(&self, path: &Path, file: &File) -> IoResult<()> {
        self.step()?.unsynced.retain(|unsynced| unsynced != path);
        RealDisk.sync(path, file)
    }

    fn rename(&self, from: &Path, to: &Path) -> IoResult<()> {
        let mut state = self.step()?;
        state.follow(from, to);
        // What a move replaced cannot be brought back here.
        if !to.exists() {
            state.moved.push((from.to_owned(), to.to_owned()));
        }
        RealDisk.rename(from, to)
    }

    fn place(&self, file: tempfile::NamedTempFile, to: &Path) -> IoResult<()> {
        let mut state = self.step()?;
        state.follow(file.path(), to);
        state.moved.push((file.path().to_owned(), to.to_owned()));
        RealDisk.place(file, to)
    }

    fn remove_file(&self, path: &Path) -> IoResult<()> {
        drop(self.step()?);
        RealDisk.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> IoResult<()> {
        drop(self.step()?);
        RealDisk.remove_folder(path)
    }

    fn sync_folder(&self, folder: &Path) -> IoResult<()> {
        self.step()?.moved.retain(|(_, to)| to.parent() != Some(folder));
        RealDisk.sync_folder(folder)
    }
}

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

fn read_all(store: &Store, commit: &Digest) {
    for chunk in store.chunks_between(commit, &[]).unwrap() {
        assert!(store.has_chunk(&chunk).unwrap());
    }
}

/// A store with a pod `kept` of two versions, a pod `other`, much garbage, and a log.
fn before(root: &Path) -> [Digest; 3] {
    let store = Store::open(root).unwrap();
    let one = write_commit(&store, 0..60, 1, Some(&noise(1, 20_000)), &[]);
    store.publish(&pod("kept"), None, one).unwrap();
    let two = write_commit(&store, 0..60, 2, Some(&noise(2, 20_000)), &[one]);
    store.publish(&pod("kept"), Some(one), two).unwrap();
    let other = write_commit(&store, 0..90, 3, Some(&noise(1, 20_000)), &[]);
    store.publish(&pod("other"), None, other).unwrap();
    write_commit(&store, 100..160, 4, Some(&noise(4, 40_000)), &[]);
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

/// Lets `operation` end at each of its steps in each way. Afterwards the store is whole, and has what `before` made
/// and, where the operation said that it was done, what it made: that is what `check` looks at.
fn at_every_step<T>(operation: impl Fn(&Store) -> Result<T, StoreError>, check: impl Fn(&Store, Option<T>)) {
    let base = tempfile::tempdir().unwrap();
    let kept = before(&base.path().join("store"));
    for end in [End::Error, End::Death, End::PowerLoss] {
        let mut step = 1;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("store");
            copy_folder(&base.path().join("store"), &root);
            let disk = std::sync::Arc::new(FailingDisk::new(end, step));
            let done = Store::open_on(&root, disk.clone()).and_then(|store| operation(&store));
            let finished = !disk.has_ended();
            assert!(done.is_ok() || !finished, "{:?}", done.err());
            let store = Store::open(&root).unwrap();
            assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new(), "{end:?} at step {step}");
            for commit in &kept {
                read_all(&store, commit);
            }
            assert_eq!(store.operations().unwrap().last().unwrap().summary, "begin");
            check(&store, done.ok());
            // It goes on as if nothing had happened.
            let next = write_commit(&store, 0..5, 8, None, &[kept[1]]);
            let head = store.head(&pod("kept")).unwrap().0.commit;
            store.publish(&pod("kept"), Some(head), next).unwrap();
            assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0);
            if finished {
                break;
            }
            step += 1;
        }
        assert!(step > 2, "an operation of {step} steps tells nothing");
    }
}

#[test]
fn a_commit_is_there_or_not() {
    let operation = |store: &Store| {
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
    };
    at_every_step(operation, |store, done| {
        let head = store.head(&pod("kept")).unwrap().0;
        assert!(head.number == 2 || head.number == 3);
        read_all(store, &head.commit);
        if let Some(version) = done {
            assert_eq!(head, version);
            assert_eq!(store.operations().unwrap().len(), 2);
        }
    });
}

#[test]
fn what_is_pulled_is_there_or_not() {
    let Fixture { store: theirs, folder: _folder } = Fixture::new();
    let commit = write_commit(&theirs, 200..300, 1, Some(&noise(9, 2 << 20)), &[]);
    let chunks = theirs.chunks_between(&commit, &[]).unwrap();
    let packs: Vec<_> = chunks.chunks(chunks.len() / 2 + 1).map(|chunks| theirs.export_pack(chunks).unwrap()).collect();
    let operation = |store: &Store| {
        for pack in &packs {
            store.import_pack(pack.file.path(), &pack.digest)?;
        }
        store.set_remote_head(&"team".parse().unwrap(), &pod("theirs"), commit)?;
        store.publish(&pod("theirs"), None, commit)
    };
    at_every_step(operation, |store, done| match store.head(&pod("theirs")) {
        Ok((head, _)) => read_all(store, &head.commit),
        Err(_) => assert!(done.is_none()),
    });
}

#[test]
fn gc_takes_nothing_that_is_needed() {
    at_every_step(
        |store| store.gc(&NOW),
        |store, done| {
            if let Some(report) = done {
                assert!(report.bytes_after < report.bytes_before);
            }
            store.gc(&NOW).unwrap();
        },
    );
}

#[test]
fn packs_are_merged_or_not() {
    at_every_step(Store::repack_all, |store, done| {
        assert!(done.is_none_or(|report| report.merged > 1));
        assert!(store.stats().unwrap().packs <= 5);
    });
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
    at_every_step(operation, |store, done| {
        let pods = store.pods().unwrap();
        assert!(pods.contains(&pod("kept")));
        assert_eq!(pods.iter().filter(|name| [pod("other"), pod("renamed")].contains(name)).count(), 1);
        assert!(done.is_none() || pods.len() == 2);
    });
}

#[test]
fn twins_are_known_or_not() {
    let twin = |store: &Store| Twin {
        local: store.head(&pod("kept")).unwrap().0.commit,
        published: store.head(&pod("other")).unwrap().0.commit,
    };
    at_every_step(
        |store| store.add_twin(&twin(store), Digest::of(b"rules")),
        |store, done| {
            let policy = store.twin_policy(&twin(store)).unwrap();
            assert!(policy == Some(Digest::of(b"rules")) || policy.is_none() && done.is_none());
        },
    );
}
