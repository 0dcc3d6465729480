//! Several processes at once on one store: nothing is lost, nothing seen by halves, and nobody fails for no reason.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use podex::store::{FsckLevel, Store};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::states::{Acknowledged, files};
use super::support::Podex;

/// Versions each writer makes.
const EACH: usize = 6;

/// A user, and states for them to import.
fn alice() -> (Podex, Vec<PathBuf>) {
    let alice = Podex::new("Alice");
    let files = files(alice.home(), 6, &mut StdRng::seed_from_u64(1));
    (alice, files)
}

/// Imports [`EACH`] states into `pod`, one process after another.
fn import(podex: &Podex, files: &[PathBuf], pod: &str, first: usize) -> Vec<Acknowledged> {
    let one = |number: usize| {
        let file = files[(first + number) % files.len()].display().to_string();
        let said = podex.run(["import", &file, pod, "--json", "-m", &format!("{first}.{number}")]).expect(0).stdout;
        Acknowledged::read(&said).unwrap()
    };
    (0..EACH).map(one).collect()
}

/// All of them are there, each on top of the one before, and the store is whole.
fn all_there(podex: &Podex, acknowledged: &[Acknowledged]) {
    podex.run(["fsck"]).expect(0);
    let store = Store::open(&podex.home().join("data/store")).unwrap();
    assert_eq!(store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    acknowledged.iter().for_each(|version| version.expect_in(&store));
    for pod in store.pods().unwrap() {
        let versions = store.versions(&pod).unwrap();
        assert!(versions.iter().map(|version| version.number).eq(1..=versions.len() as u64), "{versions:?}");
        for pair in versions.windows(2) {
            let parents = store.commit(&pair[1].commit).unwrap().parents;
            assert!(parents.contains(&pair[0].commit), "{pod}:{} is not on top of the one before", pair[1].number);
        }
    }
}

#[test]
fn two_and_four_processes_add_versions_to_one_pod_and_none_is_refused_or_lost() {
    for writers in [2, 4] {
        let (alice, files) = alice();
        let made: Vec<Acknowledged> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..writers)
                .map(|lane| {
                    scope.spawn({
                        let (alice, files) = (&alice, &files);
                        move || import(alice, files, "shop", lane)
                    })
                })
                .collect();
            lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
        });
        let mut numbers: Vec<u64> = made.iter().map(|version| version.number).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(1..=(writers * EACH) as u64), "{made:?}");
        all_there(&alice, &made);
    }
}

#[test]
fn versions_made_one_after_another_leave_few_packs() {
    let (alice, files) = alice();
    let made: Vec<Acknowledged> = (0..4).flat_map(|first| import(&alice, &files, "shop", first)).collect();
    all_there(&alice, &made);
    let stats = alice.run(["store", "stats", "--json"]).expect(0).json();
    // A dozen is left alone; without merging there would be one or two for each version.
    assert!(stats["packs"].as_u64().unwrap() <= 14, "{stats}");
}

#[test]
fn writers_readers_and_gc_do_not_disturb_each_other() {
    let (alice, files) = alice();
    let mut made = import(&alice, &files, "shared", 0);
    let (writing, collected, read) = (AtomicBool::new(true), AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (alice, files, writing) = (&alice, &files, &writing);
        let collector = scope.spawn(|| {
            while writing.load(Ordering::Relaxed) {
                let outcome = alice.run(["gc", "--grace", "0s"]);
                // On a busy machine the writers may leave it no moment to remove anything; it says so and takes nothing.
                if !outcome.stderr.contains("another podex is writing") {
                    outcome.expect(0);
                    collected.store(true, Ordering::Relaxed);
                }
            }
        });
        let reader = scope.spawn(|| {
            while writing.load(Ordering::Relaxed) {
                let listed = alice.run(["list", "--json"]).expect(0).json();
                for pod in listed.as_array().unwrap() {
                    let name = pod["name"].as_str().or(pod["pod"].as_str()).unwrap();
                    // What is listed can be looked into, whole.
                    let inside = alice.run(["inspect", name, "--json"]).expect(0).json();
                    assert!(!inside["resources"].as_array().unwrap().is_empty(), "{inside}");
                    alice.run(["inspect", name, "s3/object/b/body", "--body"]).expect(0);
                    alice.run(["versions", name]).expect(0);
                }
                alice.run(["diff", "shared:1", "shared"]).expect(0);
                read.store(true, Ordering::Relaxed);
            }
        });
        let lanes: Vec<_> = ["shared", "shared", "own"]
            .into_iter()
            .enumerate()
            .map(|(lane, pod)| scope.spawn(move || import(alice, files, pod, lane)))
            .collect();
        // Panics only after the others were told to stop.
        let lanes: Vec<_> = lanes.into_iter().map(|lane| lane.join()).collect();
        writing.store(false, Ordering::Relaxed);
        made.extend(lanes.into_iter().flat_map(Result::unwrap));
        collector.join().unwrap();
        reader.join().unwrap();
    });
    assert!(collected.into_inner() && read.into_inner());
    all_there(&alice, &made);
}

#[test]
fn pulls_of_the_same_versions_and_merges_beside_imports_all_succeed() {
    let (alice, files) = alice();
    let bob = Podex::new("Bob");
    let share = format!("file://{}/share", bob.home().display());
    for person in [&alice, &bob] {
        person.run(["remote", "add", "team", &share]).expect(0);
    }
    import(&bob, &files, "theirs", 0);
    bob.run(["push", "theirs"]).expect(0);
    let mut made = import(&alice, &files, "ours", 1);
    let file = files[0].display().to_string();
    let said: Vec<String> = std::thread::scope(|scope| {
        let commands: [Vec<&str>; 6] = [
            vec!["pull", "team/theirs"],
            vec!["pull", "team/theirs"],
            vec!["merge", "ours", "team/theirs", "--prefer", "ours"],
            vec!["import", &file, "ours"],
            vec!["push", "ours", "team"],
            vec!["gc", "--grace", "0s"],
        ];
        let alice = &alice;
        let lanes =
            commands.map(|args| scope.spawn(move || alice.run(args.iter().chain(&["--json"])).expect(0).stdout));
        lanes.into_iter().map(|lane| lane.join().unwrap()).collect()
    });
    made.extend(said.iter().filter_map(|text| Acknowledged::read(text)));
    assert_eq!(made.len(), EACH + 4, "{said:?}");
    all_there(&alice, &made);
}
