//! The store at its limits, each measurement in a process of its own so that its memory can be told:
//! `scale commit`, `scale diff`, `scale merge`, `scale pods`, `scale blob`, `scale transfer URL` …
//! `benches/peers.py` runs all of them, and others' tools on the same data.
//!
//! Prints lines of a name, seconds, and the process's peak memory in MiB so far.

use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use podex::event::Events;
use podex::ops::{Context, MergeArgs, MergeKind, Overrides, Paths};
use podex::pod::{BlobRef, Commit, Digest, Document, Observed, PodName, Reference, ResourceKey, Selector};
use podex::remote::{RemoteConfig, open, pull, push};
use podex::store::{FsckLevel, GcOptions, Store, TreeRoots, Writer};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |place: usize, default: u32| args.get(place).map_or(Ok(default), |text| text.parse());
    match args.first().map(String::as_str) {
        Some("commit") => commit_documents(number(1, 1_000_000)?),
        Some("diff") => diff(number(1, 1_000_000)?),
        Some("merge") => merge(number(1, 1_000_000)?),
        Some("merge-step") => merge_step(Path::new(&args[1]), &args[2]),
        Some("pods") => pods(number(1, 10_000)?, number(2, 10)?),
        Some("blob") => blob(number(1, 1024)?),
        Some("files") => files(Path::new(&args[1]), number(2, 100_000)?),
        Some("noise") => noise_file(Path::new(&args[1]), number(2, 1024)?),
        Some("transfer") => transfer(&args[1], number(2, 1024)?, args.get(3).cloned()),
        // `cargo bench` without arguments is for Criterion's.
        _ => Ok(()),
    }
}

/// Runs and reports.
fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    println!("{name}\t{seconds:.3}\t{}", kib >> 10);
    result
}

fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("store")).expect("an empty store");
    (folder, store)
}

fn key(number: u32) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["bucket".to_owned(), format!("path/{number:07}")])
}

/// About 700 bytes of which half do not compress. Made quickly, as it is made while committing is timed.
fn document(number: u32, salt: u32) -> Document {
    let mut bytes = [0; 288];
    let mut state = u64::from(number);
    for part in bytes.chunks_exact_mut(8) {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    let mut digits = vec![0; 2 * bytes.len()];
    hex::encode_to_slice(bytes, &mut digits).expect("two digits a byte");
    let text = String::from_utf8(digits).expect("digits");
    Document::from_value(json!({"ContentType": "text/plain", "Salt": salt, "Metadata": {"text": text}}))
}

fn finish(writer: Writer, roots: TreeRoots, parents: &[Digest]) -> Digest {
    let commit =
        Commit { parents: parents.to_vec(), resources: roots.resources, ..Commit::bare(roots.state, roots.observed) };
    writer.finish(&commit).expect("a commit")
}

/// A commit of `count` documents, `changes` of them, spread out, with the value `salt`.
fn write(store: &Store, count: u32, changes: u32, salt: u32) -> (TreeRoots, Digest) {
    let step = count.checked_div(changes).unwrap_or(u32::MAX);
    write_after(store, count, (step, step / 2), salt, &[])
}

/// The same on top of `parents`, with a change at `offset` of each `step` documents.
fn write_after(
    store: &Store,
    count: u32,
    (step, offset): (u32, u32),
    salt: u32,
    parents: &[Digest],
) -> (TreeRoots, Digest) {
    let writer = store.writer().expect("a writer");
    for number in 0..count {
        let salt = if number % step == offset { salt } else { 0 };
        writer.document(key(number), &document(number, salt), &Observed::new()).expect("a document");
    }
    let roots = writer.trees().expect("trees");
    (roots, finish(writer, roots, parents))
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn commit_documents(count: u32) -> Outcome {
    let (_folder, store) = fresh();
    timed("making the documents alone", || {
        (0..count).for_each(|number| drop(black_box((key(number), document(number, 0)))))
    });
    timed("commit", || write(&store, count, 0, 0));
    timed("commit again, nothing changed", || write(&store, count, 0, 0));
    timed("commit again, 100 changes", || write(&store, count, 100, 1));
    Ok(())
}

fn diff(count: u32) -> Outcome {
    let (folder, store) = fresh();
    let (before, _) = write(&store, count, 0, 0);
    for changes in [1, 100, 10_000] {
        let (after, _) = write(&store, count, changes, changes);
        let cold = Store::open(&folder.path().join("store"))?;
        let found =
            timed(&format!("diff of {changes}"), || cold.tree(before.state).diff(&cold.tree(after.state)).count());
        assert_eq!(found, changes as usize);
    }
    Ok(())
}

/// What two changed since their common version: each step in a process of its own, that opens the store as a command
/// does.
fn merge(count: u32) -> Outcome {
    const CHANGES: u32 = 100;
    let home = tempfile::tempdir()?;
    let store = Store::open(&Paths::under(home.path()).store())?;
    let (_, base) = write(&store, count, 0, 0);
    let step = count / CHANGES;
    for (pod, offset, salt) in [("ours", step / 3, 1), ("theirs", step / 2, 2)] {
        let (_, commit) = write_after(&store, count, (step, offset), salt, &[base]);
        let pod = pod.parse()?;
        store.publish(&pod, None, base)?;
        store.publish(&pod, Some(base), commit)?;
    }
    drop(store);
    for what in ["open", "diff", "merge"] {
        let mut step = std::process::Command::new(std::env::current_exe()?);
        assert!(step.arg("merge-step").arg(home.path()).arg(what).status()?.success(), "{what}");
    }
    Ok(())
}

fn merge_step(home: &Path, what: &str) -> Outcome {
    let runtime = tokio::runtime::Runtime::new()?;
    let events = Events::silent();
    let context = Context::new(Paths::under(home), Overrides::default())?;
    let (ours, theirs): (Reference, Reference) = ("ours".parse()?, "theirs".parse()?);
    match what {
        "diff" => {
            let everything = Default::default();
            let work = podex::ops::diff(&context, &ours, &theirs, &everything, &events);
            let found = timed("diff of two, 100 changes each", || runtime.block_on(work))?;
            assert_eq!(found.changes.len(), 200);
        }
        "merge" => {
            let args = MergeArgs { into: "ours".parse()?, from: theirs, prefer: None, message: None, dry_run: false };
            let work = podex::ops::merge(&context, &args, &events);
            let outcome = timed("merge of two, 100 changes each", || runtime.block_on(work))?;
            assert_eq!((outcome.kind, outcome.changed), (MergeKind::Merged, (0, 100, 0)));
        }
        // The process and the open store alone, to compare with.
        _ => timed("nothing, with the store open", || ()),
    }
    Ok(())
}

fn pods(count: u32, versions: u32) -> Outcome {
    let (folder, store) = fresh();
    timed("making them", || {
        let mut parent = None;
        for version in 0..versions {
            let writer = store.writer().expect("a writer");
            writer.document(key(version), &document(version, 0), &Observed::new()).expect("a document");
            let roots = writer.trees().expect("trees");
            let commit = finish(writer, roots, parent.as_slice());
            for pod in 0..count {
                let name: PodName = format!("pod-{pod}").parse().expect("a name");
                let folder = folder.path().join("store/refs").join(name.as_str());
                // As publish() would write it, but 10,000 syncs later.
                if pod == 0 {
                    store.publish(&name, parent, commit).expect("a version");
                } else {
                    std::fs::create_dir_all(&folder).expect("a folder");
                    let first = folder.parent().expect("refs").join("pod-0").join((version + 1).to_string());
                    std::fs::copy(first, folder.join((version + 1).to_string())).expect("a ref");
                }
            }
            parent = Some(commit);
        }
    });
    let store = timed("open", || Store::open(&folder.path().join("store")))?;
    let pods = timed("list names", || store.pods())?;
    assert_eq!(pods.len(), count as usize);
    timed("list with newest commit", || {
        pods.iter()
            .map(|pod| store.head(pod).and_then(|(head, _)| store.commit(&head.commit)))
            .filter(Result::is_ok)
            .count()
    });
    timed("resolve one", || store.resolve(&pods[7], &Selector::Head))?;
    let stats = timed("store stats", || store.stats())?;
    assert_eq!(stats.versions, u64::from(count) * u64::from(versions));
    timed("gc --dry-run", || store.gc(&GcOptions { dry_run: true, grace: Duration::ZERO }))?;
    for (name, level) in [("fsck, structure", FsckLevel::Structure), ("fsck, full", FsckLevel::Full)] {
        let faults = timed(name, || store.fsck(level))?;
        assert_eq!(faults, Vec::<String>::new());
    }
    Ok(())
}

/// Bytes that do not compress.
struct Noise {
    state: u64,
    left: u64,
    /// The piece that differs from the usual ones, in MiB.
    changed: Option<u64>,
    at: u64,
}

impl Noise {
    fn new(mebibytes: u32, changed: bool) -> Self {
        let left = u64::from(mebibytes) << 20;
        Self { state: 0x9e37_79b9_7f4a_7c15, left, changed: changed.then_some(left / 2), at: 0 }
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.left as usize) & !7;
        // One hundredth of the whole, in its middle.
        let total = self.left + self.at;
        for word in buffer[..length].as_chunks_mut::<8>().0 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            let flip = self.changed.is_some_and(|from| (from..from + total / 100).contains(&self.at));
            *word = (self.state ^ u64::from(flip)).to_le_bytes();
            self.at += 8;
        }
        self.left -= length as u64;
        Ok(length)
    }
}

fn write_blob(store: &Store, mebibytes: u32, changed: bool, parents: &[Digest]) -> (BlobRef, Digest) {
    let writer = store.writer().expect("a writer");
    let mut blob = writer.blob().expect("a blob");
    let (mut noise, mut buffer) = (Noise::new(mebibytes, changed), vec![0; 1 << 20]);
    loop {
        let count = noise.read(&mut buffer).expect("noise");
        if count == 0 {
            break;
        }
        blob.write_all(&buffer[..count]).expect("a written blob");
    }
    let body = blob.finish().expect("a blob");
    let document = Document { blobs: [("body".to_owned(), body)].into(), ..Document::default() };
    writer.document(key(0), &document, &Observed::new()).expect("a document");
    let roots = writer.trees().expect("trees");
    (body, finish(writer, roots, parents))
}

fn blob(mebibytes: u32) -> Outcome {
    let (_folder, store) = fresh();
    let (body, _) = timed("commit of a random body", || write_blob(&store, mebibytes, false, &[]));
    timed("again, unchanged", || write_blob(&store, mebibytes, false, &[]));
    timed("again, one hundredth changed", || write_blob(&store, mebibytes, true, &[]));
    timed("reading it", || std::io::copy(&mut store.open_blob(&body).expect("the blob"), &mut std::io::sink()))?;
    println!("store\t{} MiB\t", store.stats()?.pack_bytes >> 20);
    Ok(())
}

fn files(folder: &Path, count: u32) -> Outcome {
    for number in 0..count {
        let folder: PathBuf = folder.join(format!("{:03}", number / 1000));
        if number % 1000 == 0 {
            std::fs::create_dir_all(&folder)?;
        }
        std::fs::write(folder.join(format!("{number:07}.json")), serde_json::to_vec(&document(number, 0))?)?;
    }
    Ok(())
}

fn noise_file(path: &Path, mebibytes: u32) -> Outcome {
    let changed = path.extension().is_some_and(|extension| extension == "changed");
    std::io::copy(&mut Noise::new(mebibytes, changed), &mut std::fs::File::create(path)?)?;
    Ok(())
}

fn transfer(url: &str, mebibytes: u32, s3_endpoint: Option<String>) -> Outcome {
    let (_folder, store) = fresh();
    let (_other_folder, other) = fresh();
    let pod: PodName = "large".parse()?;
    let (_, first) = write_blob(&store, mebibytes, false, &[]);
    store.publish(&pod, None, first)?;
    let config = RemoteConfig { s3_endpoint, ..RemoteConfig::new("bench".parse()?, url) };
    let remote = open(&config)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let events = Events::silent();
    timed("push", || runtime.block_on(push(&store, &*remote, &pod, &events)))?;
    let (_, second) = write_blob(&store, mebibytes, true, &[first]);
    store.publish(&pod, Some(first), second)?;
    let report =
        timed("push again, one hundredth changed", || runtime.block_on(push(&store, &*remote, &pod, &events)))?;
    println!("moved\t{} KiB\t", report.bytes >> 10);
    timed("pull of both", || runtime.block_on(pull(&other, &*remote, &pod, None, &pod, &events)))?;
    Ok(())
}
