//! Several threads and several processes on one store, and processes that die.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::*;

/// Tells [`child`] what to do; absent when the test suite itself runs it.
const TASK: &str = "PODEX_TEST_STORE_TASK";
/// The store that [`child`] works on.
const ROOT: &str = "PODEX_TEST_STORE_ROOT";

fn spawn(task: &str, root: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::processes::child", "--nocapture", "--test-threads=1"])
        .env(TASK, task)
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Publishes as often as it can until the pod has `total` versions; gives how often it won.
fn publish_until(store: &Store, total: u64) -> u64 {
    let name = pod("contested");
    let mut won = 0;
    loop {
        let head = store.versions(&name).ok().and_then(|versions| versions.last().copied());
        if head.is_some_and(|head| head.number >= total) {
            return won;
        }
        let parent = head.map(|head| head.commit);
        let commit = write_commit(store, 0..3, std::process::id(), None, parent.as_slice());
        match store.publish(&name, parent, commit) {
            Ok(_) => won += 1,
            Err(StoreError::HeadMoved { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Not a test of its own: what another process does for the tests below.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let store = Store::open(&PathBuf::from(std::env::var_os(ROOT).unwrap())).unwrap();
    match task.as_str() {
        "publish" => println!("won {}", publish_until(&store, 40)),
        "hang" => {
            let writer = store.writer().unwrap();
            writer.document(key(1), &Document::default(), &Observed::new()).unwrap();
            put_blob(&writer, &noise(1, 3 << 20));
            println!("writing");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        other => panic!("no task {other}"),
    }
}

/// The rest of the first line that begins with `start`; the test harness prints others.
fn line(child: &mut Child, start: &str) -> String {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    // The harness may have printed the test's name before it on the same line.
    lines.filter_map(|line| line.split_once(start).map(|(_, rest)| rest.to_owned())).next().unwrap()
}

#[test]
fn of_several_that_publish_at_once_one_wins_each_number() {
    let Fixture { folder, store } = Fixture::new();
    let root = folder.path().join("store");
    let mut children: Vec<Child> = (0..2).map(|_| spawn("publish", &root)).collect();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || publish_until(&store, 40))
        })
        .collect();
    let mut won: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    for child in &mut children {
        won += line(child, "won ").trim().parse::<u64>().unwrap();
        assert!(child.wait().unwrap().success());
    }
    let versions = store.versions(&pod("contested")).unwrap();
    assert_eq!(won, versions.len() as u64);
    assert!(versions.iter().map(|version| version.number).eq(1..=won));
    // Every version was made on the one before: nobody's work was overwritten.
    for pair in versions.windows(2) {
        assert_eq!(store.commit(&pair[1].commit).unwrap().parents, [pair[0].commit]);
    }
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn a_killed_writer_leaves_only_what_the_next_open_removes() {
    let Fixture { folder, store } = Fixture::new();
    let root = folder.path().join("store");
    let before = write_commit(&store, 0..3, 0, None, &[]);
    let mut child = spawn("hang", &root);
    line(&mut child, "writing");
    let left = || std::fs::read_dir(root.join("tmp")).unwrap().count();
    // While it lives, nobody takes its files away.
    Store::open(&root).unwrap();
    assert_eq!(left(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(left(), 1);
    let store = Store::open(&root).unwrap();
    assert_eq!(left(), 0);
    assert_eq!(store.inner.packs.list().unwrap().len(), 1);
    assert!(store.commit(&before).is_ok());
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

#[test]
fn what_another_process_wrote_is_seen_without_opening_again() {
    let Fixture { folder, store } = Fixture::new();
    let other = Store::open(&folder.path().join("store")).unwrap();
    let commit = write_commit(&other, 0..3, 0, None, &[]);
    assert!(store.has_chunk(&commit).unwrap());
    assert_eq!(store.commit(&commit).unwrap().resources, 3);
}

#[test]
fn many_threads_share_one_writer() {
    let Fixture { store, folder: _folder } = Fixture::new();
    let writer = store.writer().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let writer = writer.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    let body = put_blob(&writer, &noise(u64::from(number), 1000));
                    let document = Document { blobs: [("body".to_owned(), body)].into(), ..Document::default() };
                    writer.document(key(thread * 50 + number), &document, &Observed::new()).unwrap();
                }
            });
        }
    });
    let roots = writer.trees().unwrap();
    let late = writer.clone();
    let commit = writer.finish(&commit_of(roots, &[])).unwrap();
    assert_eq!(roots.resources, 200);
    // The same fifty bodies four times over.
    let data = store.chunks_between(&commit, &[]).unwrap().len();
    assert!((50..70).contains(&data), "{data} chunks");
    assert!(matches!(late.blob(), Err(StoreError::WriterDone { .. })));
    assert!(matches!(
        late.document(key(0), &Document::default(), &Observed::new()),
        Err(StoreError::WriterDone { .. })
    ));
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}
