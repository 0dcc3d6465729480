//! SIGKILL at a random moment of a random command, again and again over one store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use podex::pod::Digest;
use podex::store::Store;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::states::{Acknowledged, files};
use super::support::{Emulator, Podex, ministack, say};

/// Commands killed where `PODEX_KILLS` does not say.
const FEW: usize = 25;
/// From so many on, an emulator is started to commit from as well.
const MANY: usize = 200;
/// Versions from which on a pod is deleted rather than added to, so that a long run does not slow down.
const LONG: usize = 12;
/// How long a command is taken to last before one was seen to end.
const FIRST_GUESS: Duration = Duration::from_millis(80);

const PODS: [&str; 3] = ["one", "two", "three"];
const THEIRS: &str = "theirs";

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Commit,
    Import,
    Merge,
    Push,
    Pull,
    Gc,
    Delete,
}

struct Loop {
    random: StdRng,
    alice: Podex,
    /// Somebody else on the same remote, who is never killed.
    bob: Podex,
    files: Vec<PathBuf>,
    emulator: Option<Emulator>,
    acknowledged: Vec<Acknowledged>,
    /// Of a pod on the remote, what a push said is there.
    pushed: BTreeMap<&'static str, Digest>,
    /// How long each kind took when it was not killed.
    durations: BTreeMap<Kind, Duration>,
    killed: BTreeMap<Kind, usize>,
    ended: BTreeMap<Kind, usize>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn whatever_is_killed_the_store_is_whole_and_has_every_acknowledged_version() {
    let kills = number("PODEX_KILLS").map_or(FEW, |count| count as usize);
    let seed = number("PODEX_SEED").unwrap_or_else(|| rand::rng().random());
    say(&format!("{kills} commands are killed; PODEX_SEED={seed} repeats this as far as the machine allows"));
    let mut random = StdRng::seed_from_u64(seed);
    let (alice, bob) = (Podex::new("Alice"), Podex::new("Bob"));
    let share = format!("file://{}/share", bob.home().display());
    for person in [&alice, &bob] {
        person.run(["remote", "add", "team", &share]).expect(0);
    }
    let files = files(alice.home(), 16, &mut random);
    let mut running = Loop {
        random,
        alice,
        bob,
        files,
        emulator: if kills >= MANY { ministack() } else { None },
        acknowledged: Vec::new(),
        pushed: BTreeMap::new(),
        durations: BTreeMap::new(),
        killed: BTreeMap::new(),
        ended: BTreeMap::new(),
    };
    // Every command finds something to do.
    for pod in PODS {
        running.let_end(Kind::Import, pod);
    }
    running.bob_pushes();
    let mut count = 0;
    while count < kills {
        count += usize::from(running.once());
        if count.is_multiple_of(100) && count > 0 {
            say(&format!("{count} killed: {:?}, ended: {:?}", running.killed, running.ended));
        }
    }
    say(&format!("killed: {:?}, ended: {:?}", running.killed, running.ended));
    // What was pushed is not only named there: it can be had.
    let carol = Podex::new("Carol");
    carol.run(["remote", "add", "team", &share]).expect(0);
    for (pod, commit) in &running.pushed {
        let pulled = carol.run(["pull", &format!("team/{pod}"), "--json"]).expect(0);
        let last = carol.run(["versions", pod, "--json"]).expect(0).json();
        let commits = last.as_array().unwrap().iter().map(|version| version["digest"].as_str().unwrap());
        assert!(commits.into_iter().any(|digest| digest == commit.to_string()), "{pod}: {}", pulled.stdout);
    }
    carol.run(["fsck"]).expect(0);
}

impl Loop {
    fn pod(&mut self) -> &'static str {
        PODS[self.random.random_range(0..PODS.len())]
    }

    fn store(&self) -> Store {
        Store::open(&self.alice.home().join("data/store")).unwrap()
    }

    fn versions(&self, pod: &str) -> usize {
        self.store().versions(&pod.parse().unwrap()).map_or(0, |versions| versions.len())
    }

    fn start(&mut self, kind: Kind, pod: &str) -> Child {
        let file = self.files[self.random.random_range(0..self.files.len())].display().to_string();
        let other = PODS.iter().find(|other| **other != pod).unwrap();
        let there = format!("team/{THEIRS}");
        let endpoint = self.emulator.as_ref().map(Emulator::endpoint).unwrap_or_default();
        let args: &[&str] = match kind {
            Kind::Commit => &["commit", pod, "--service", "sqs", "--region", "us-east-1", "--endpoint", &endpoint],
            Kind::Import => &["import", &file, pod],
            Kind::Merge => &["merge", pod, other, "--prefer", "theirs"],
            Kind::Push => &["push", pod, "team"],
            Kind::Pull => &["pull", &there],
            Kind::Gc => &["gc", "--grace", "0s"],
            Kind::Delete => &["delete", pod, "--yes"],
        };
        let mut command = self.alice.command(args.iter().chain(&["--json"]));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for a command; takes down what it acknowledged and how it ended.
    fn finish(&mut self, kind: Kind, pod: &'static str, child: Child) -> (ExitStatus, String) {
        let output = child.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // Also where it was killed after it had said so.
        if let Some(version) = Acknowledged::read(&stdout) {
            self.acknowledged.push(version);
        }
        if kind == Kind::Push && output.status.success() {
            let head = self.store().head(&pod.parse().unwrap()).unwrap().0;
            self.pushed.insert(pod, head.commit);
        }
        (output.status, stderr.into_owned())
    }

    fn let_end(&mut self, kind: Kind, pod: &'static str) {
        let begun = Instant::now();
        let child = self.start(kind, pod);
        let (status, stderr) = self.finish(kind, pod, child);
        // A pod that was deleted and begun anew has parted from what was pushed of it before.
        let parted = status.code() == Some(4) && kind == Kind::Push;
        assert!(status.success() || parted, "{kind:?} {pod}: {status}: {stderr}");
        self.durations.insert(kind, begun.elapsed());
        *self.ended.entry(kind).or_default() += 1;
    }

    fn bob_pushes(&mut self) {
        let file = self.files[self.random.random_range(0..self.files.len())].display().to_string();
        self.bob.run(["import", &file, THEIRS]).expect(0);
        self.bob.run(["push", THEIRS, "team"]).expect(0);
    }

    /// One command, killed or not, and a look at the store. Whether it was killed.
    fn once(&mut self) -> bool {
        let mut pod = self.pod();
        let mut kind = match self.random.random_range(0..12) {
            0..4 => Kind::Import,
            4..6 => Kind::Merge,
            6..8 => Kind::Push,
            8 => Kind::Pull,
            9 if self.emulator.is_some() => Kind::Commit,
            _ => Kind::Gc,
        };
        if kind == Kind::Pull {
            pod = THEIRS;
            self.bob_pushes();
        } else if self.versions(pod) >= LONG {
            kind = Kind::Delete;
        } else if self.versions(pod) == 0 || PODS.iter().any(|other| self.versions(other) == 0) {
            pod = PODS.into_iter().find(|pod| self.versions(pod) == 0).unwrap_or(pod);
            kind = Kind::Import;
        }
        if !self.durations.contains_key(&kind) && kind != Kind::Delete || self.random.random_ratio(1, 8) {
            self.let_end(kind, pod);
            self.look(kind, pod, true);
            return false;
        }
        let begun = Instant::now();
        let mut child = self.start(kind, pod);
        // Somebody else at work at the same time, who is not killed and must not suffer.
        let companion = self.random.random_ratio(1, 4) && kind != Kind::Delete;
        let beside = PODS.into_iter().find(|other| *other != pod).unwrap();
        let companion = companion.then(|| self.start(Kind::Import, beside));
        let whole = self.durations.get(&kind).copied().unwrap_or(FIRST_GUESS);
        let moment = whole.mul_f64(self.random.random_range(0.0..1.1));
        std::thread::sleep(moment.saturating_sub(begun.elapsed()));
        child.kill().unwrap();
        let (status, stderr) = self.finish(kind, pod, child);
        if let Some(companion) = companion {
            let (status, stderr) = self.finish(Kind::Import, beside, companion);
            assert!(status.success(), "an import beside {kind:?}: {status}: {stderr}");
        }
        let was_killed = status.code().is_none();
        let fine = was_killed || status.success() || status.code() == Some(4) && kind == Kind::Push;
        assert!(fine, "{kind:?} {pod}: {status}: {stderr}");
        *if was_killed { &mut self.killed } else { &mut self.ended }.entry(kind).or_default() += 1;
        self.look(kind, pod, !was_killed);
        was_killed
    }

    /// The store is whole, and everything acknowledged is there.
    fn look(&mut self, kind: Kind, pod: &str, ended: bool) {
        let outcome = self.alice.run(["fsck", "--json"]);
        assert_eq!((outcome.code, outcome.stdout.trim()), (0, "[]"), "after {kind:?} {pod}: {}", outcome.stderr);
        if kind == Kind::Delete {
            let is_gone = self.versions(pod) == 0;
            assert!(is_gone || !ended, "{pod} was deleted and is there");
            if is_gone {
                self.acknowledged.retain(|version| version.pod != pod);
                self.pushed.retain(|pushed, _| *pushed != pod);
            }
        }
        let store = self.store();
        self.acknowledged.iter().for_each(|version| version.expect_in(&store));
        if kind == Kind::Push {
            for (pod, commit) in &self.pushed {
                let there = self.bob.run(["versions", &format!("team/{pod}"), "--json"]).expect(0).stdout;
                assert!(there.contains(&commit.to_string()), "{pod}: {commit} was pushed and is not there:\n{there}");
            }
        }
    }
}
