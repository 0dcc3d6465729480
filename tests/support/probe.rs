//! The explorer in a pseudo-terminal with large stores, timed: what `benches/explorer.rs` holds to the promises, and a test
//! prints in small.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use podex::pod::{Commit, Digest, Document, Observed, PodName, ResourceKey};
use podex::store::Store;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::json;

const SIZE: (u16, u16) = (160, 50);
/// An endpoint where nobody answers.
const NOBODY: &str = "http://127.0.0.1:1";
/// What ends a frame.
const END: &[u8] = b"\x1b[?2026l";

/// What was measured, printed line by line.
#[derive(Default)]
pub struct Report {
    /// A figure breaks a promise.
    pub broken: bool,
    /// Sizes are small and builds slow: figures are printed without what is promised for large ones.
    pub only_shown: bool,
}

impl Report {
    fn line(&mut self, what: &str, value: f64, unit: &str, most: Option<f64>) {
        let most = most.filter(|_| !self.only_shown);
        let kept = most.is_none_or(|most| value <= most);
        self.broken |= !kept;
        let promise = most.map(|most| format!("  (promised: {most} {unit})")).unwrap_or_default();
        let mark = if kept { " " } else { "✗" };
        // Not by the macro, whose text a passing test keeps to itself.
        writeln!(std::io::stdout(), "{mark} {what}: {value:.1} {unit}{promise}").expect("standard output");
    }

    fn times(&mut self, what: &str, mut times: Vec<f64>, most: f64) {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times.get((times.len() * share / 100).min(times.len() - 1)).copied().unwrap_or(0.0);
        self.line(&format!("{what}, p50 of {}", times.len()), at(50), "ms", None);
        self.line(&format!("{what}, p95"), at(95), "ms", Some(most));
        self.line(&format!("{what}, worst"), at(100), "ms", None);
    }
}

/// The time to the first frame with so many pods.
pub fn first_frames(report: &mut Report, pods: u32) {
    let home = home(&format!("pods-{pods}"), |store| {
        let commit = write(store, 20);
        for number in 0..pods {
            let name: PodName = format!("pod-{number:05}").parse().expect("a name");
            store.publish(&name, None, commit).expect("a version");
        }
    });
    let mut firsts = Vec::new();
    for round in 0..10 {
        let mut probe = Probe::start(&home, NOBODY);
        firsts.push(probe.frame());
        if round == 0 {
            let listed = probe.until(&format!("{pods} pods"));
            report.line(&format!("{pods} pods listed"), firsts[0] + listed, "ms", None);
        }
    }
    report.times(&format!("first frame with {pods} pods"), firsts, 50.0);
}

/// With a pod of so many resources open: the time from a key to its frame, alone, while the instance at `endpoint` is
/// captured, and while all pods are read for search; what an idle explorer writes, computes and holds; and the time to
/// the first results of a search.
pub fn large_pod(report: &mut Report, resources: u32, endpoint: Option<&str>) {
    let home = home(&format!("resources-{resources}"), |store| {
        let commit = write(store, resources);
        store.publish(&"large".parse().expect("a name"), None, commit).expect("a version");
    });
    let mut probe = Probe::start(&home, endpoint.unwrap_or(NOBODY));
    probe.until("large");
    if endpoint.is_some() {
        probe.until("● ");
    }
    probe.send("jj");
    let opened = probe.until("000000000000");
    report.line(&format!("a pod of {resources} resources opened"), opened, "ms", None);
    probe.quiet();
    report.line("memory with it open", probe.memory(), "MiB", Some(300.0));
    let walk = ["2", "*", "G", "k", "k", "\x1b[5~", "g", "j", "\x1b[6~", "\x1b[6~", "h", "l", "-", "*", "j", "j"];
    let keys = |probe: &mut Probe, goes_on: &dyn Fn(&Probe) -> bool| {
        let mut times = Vec::new();
        for _ in 0..12 {
            for key in walk {
                times.push(probe.press(key));
                // What the cursor led to is read meanwhile, as with a person at the keys.
                std::thread::sleep(Duration::from_millis(15));
            }
            // Only here: a walk left after `g`, which begins a chord, would swallow the next key.
            if !goes_on(probe) {
                break;
            }
        }
        times
    };
    let times = keys(&mut probe, &|_| true);
    report.times(&format!("key to frame, {resources} resources open"), times, 16.0);
    probe.quiet();
    let (bytes, cpu) = probe.idle(Duration::from_secs(5));
    report.line("written in 5 idle seconds", bytes as f64, "bytes", Some(0.0));
    report.line("processor while idle", cpu, "%", Some(0.5));

    if endpoint.is_some() {
        const CAPTURING: &str = "capture the live";
        probe.send("1gg\r");
        probe.until(CAPTURING);
        probe.send("jj");
        let times = keys(&mut probe, &|probe| probe.shows(CAPTURING));
        report.times("key to frame while the instance is captured", times, 16.0);
        report.line("memory meanwhile, at most so far", probe.peak(), "MiB", Some(300.0));
        probe.until_gone(CAPTURING);
        probe.quiet();
    }

    probe.send("\x10");
    probe.until("Type a part");
    probe.send("\x1b");
    std::thread::sleep(Duration::from_millis(100));
    let times = keys(&mut probe, &|_| true);
    report.times("key to frame while all pods are read for search", times, 16.0);
    report.line("memory meanwhile", probe.memory(), "MiB", Some(300.0));
    probe.send("\x10");
    probe.until("Type a part");
    let ready = probe.until_gone("reading pods");
    report.line("all pods read for search after another", ready, "ms", None);
    for query in ["o", "object", "archive/2031", "b3 099999"] {
        let mut each = Vec::new();
        for (at, character) in query.char_indices() {
            each.push(probe.answered(character, query[..=at].trim_end()));
        }
        report.times(&format!("first results while typing {query:?}"), each, 30.0);
        probe.send("\x15");
        probe.quiet();
    }
    report.line("memory with the index", probe.memory(), "MiB", Some(300.0));
    report.line("memory at most", probe.peak(), "MiB", None);
}

/// A home with a store; built once.
fn home(name: &str, build: impl FnOnce(&Store)) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("explorer-{name}-1"));
    let done = home.join("built");
    if !done.exists() {
        writeln!(std::io::stdout(), "  (building the store of {name})").expect("standard output");
        let _ = std::fs::remove_dir_all(&home);
        let folder = home.join("data/store");
        std::fs::create_dir_all(&folder).expect("a folder");
        build(&Store::open(&folder).expect("an empty store"));
        std::fs::write(done, "").expect("a file");
    }
    home
}

/// Half of the resources are objects in five buckets, half are items in five tables, with values of their own.
fn write(store: &Store, resources: u32) -> Digest {
    let writer = store.writer().expect("a store that can be written");
    for number in 0..resources {
        let name = format!("archive/{:04}/order-{number:07}.json", 2000 + number % 40);
        let group = (number / 2) % 5;
        let key = match number % 2 {
            0 => ResourceKey::new("000000000000", "us-east-1", "s3", "object", [format!("b{group}"), name]),
            _ => ResourceKey::new("000000000000", "eu-west-1", "dynamodb", "item", [format!("t{group}"), name]),
        };
        let document = Document::from_value(json!({"ContentType": "application/json", "Customer": number % 1_000}));
        writer.document(key, &document, &Observed::new()).expect("a document");
    }
    let roots = writer.trees().expect("trees");
    let commit = Commit {
        resources: roots.resources,
        message: "for measuring".to_owned(),
        ..Commit::bare(roots.state, roots.observed)
    };
    writer.finish(&commit).expect("a commit")
}

/// The explorer in a pseudo-terminal; everything it writes is timed where it arrives.
struct Probe {
    output: Receiver<(Instant, Vec<u8>)>,
    writer: Box<dyn Write + Send>,
    parser: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
    /// Bytes since the last end of a frame was looked for.
    tail: Vec<u8>,
    started: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Probe {
    fn start(home: &Path, endpoint: &str) -> Self {
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_podex"));
        command.env("PODEX_HOME", home);
        command.env("PODEX_ENDPOINT", endpoint);
        command.env("TERM", "xterm-256color");
        command.cwd(home);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("podex starts");
        drop(pair.slave);
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..length].to_vec())).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(SIZE.1, SIZE.0, 0);
        Self { output, writer, parser, child, tail: Vec::new(), started, _master: pair.master }
    }

    /// Whether the screen shows this.
    fn shows(&self, wanted: &str) -> bool {
        self.parser.screen().contents().contains(wanted)
    }

    fn send(&mut self, keys: &str) {
        self.started = Instant::now();
        self.writer.write_all(keys.as_bytes()).expect("keys are taken");
        self.writer.flush().expect("keys are taken");
    }

    /// Takes in what comes next; gives when it came, and whether it ended a frame.
    fn take(&mut self, patience: Duration) -> Option<(Instant, bool)> {
        let (time, bytes) = match self.output.recv_timeout(patience) {
            Ok(taken) => taken,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => panic!("podex ended:\n{}", self.parser.screen().contents()),
        };
        self.parser.process(&bytes);
        self.tail.extend_from_slice(&bytes);
        let ended = self.tail.windows(END.len()).any(|part| part == END);
        self.tail.drain(..self.tail.len().saturating_sub(END.len() - 1));
        if ended {
            self.tail.clear();
        }
        Some((time, ended))
    }

    /// Milliseconds from the last key, or the start, to the end of the next frame.
    fn frame(&mut self) -> f64 {
        loop {
            match self.take(Duration::from_secs(60)) {
                Some((time, true)) if time >= self.started => return milliseconds(time - self.started),
                Some(_) => {}
                None => panic!("no frame comes; the screen:\n{}", self.parser.screen().contents()),
            }
        }
    }

    /// Presses a key after everything that was under way has arrived; milliseconds to its frame.
    fn press(&mut self, key: &str) -> f64 {
        while self.take(Duration::ZERO).is_some() {}
        self.send(key);
        self.frame()
    }

    /// Milliseconds from the last key, or the start, until the screen shows `wanted`.
    fn until(&mut self, wanted: &str) -> f64 {
        while !self.parser.screen().contents().contains(wanted) {
            if self.take(Duration::from_secs(120)).is_none() {
                panic!("{wanted:?} does not come; the screen:\n{}", self.parser.screen().contents());
            }
        }
        milliseconds(self.started.elapsed())
    }

    /// Types one more character of a search, so that it is for `query`; milliseconds to its first results.
    fn answered(&mut self, character: char, query: &str) -> f64 {
        self.quiet();
        self.send(&character.to_string());
        let prompt = format!("> {query}");
        let is_answer = |line: &str| line.contains(&prompt) && line.contains("found");
        loop {
            let taken = self.take(Duration::from_secs(10));
            let screen = self.parser.screen().contents();
            match taken {
                Some((time, true)) if screen.lines().any(is_answer) => return milliseconds(time - self.started),
                Some(_) => {}
                None => panic!("no answer to {query:?}; the screen:\n{screen}"),
            }
        }
    }

    /// Milliseconds from the last key until the screen no longer shows `unwanted`.
    fn until_gone(&mut self, unwanted: &str) -> f64 {
        while self.parser.screen().contents().contains(unwanted) {
            if self.take(Duration::from_secs(120)).is_none() {
                panic!("{unwanted:?} does not go; the screen:\n{}", self.parser.screen().contents());
            }
        }
        milliseconds(self.started.elapsed())
    }

    /// Waits until nothing was written for half a second.
    fn quiet(&mut self) {
        while self.take(Duration::from_millis(500)).is_some() {}
    }

    /// Bytes written and the share of one processor used in a time without keys.
    fn idle(&mut self, time: Duration) -> (usize, f64) {
        let before = self.processor();
        std::thread::sleep(time);
        let mut bytes = 0;
        while let Ok((_, part)) = self.output.try_recv() {
            bytes += part.len();
        }
        (bytes, (self.processor() - before) / time.as_secs_f64() * 100.0)
    }

    fn process(&self, file: &str) -> String {
        let pid = self.child.process_id().expect("a process");
        std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("a Linux with /proc")
    }

    /// Seconds of processor time used so far.
    fn processor(&self) -> f64 {
        let stat = self.process("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>().expect("ticks") + fields[12].parse::<f64>().expect("ticks");
        // SAFETY: sysconf only reads a constant of the system.
        ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
    }

    /// Memory in use, in MiB.
    fn memory(&self) -> f64 {
        self.size_of("VmRSS:")
    }

    /// The most memory that was in use so far, in MiB.
    fn peak(&self) -> f64 {
        self.size_of("VmHWM:")
    }

    fn size_of(&self, what: &str) -> f64 {
        let status = self.process("status");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a size");
        line.split_whitespace().nth(1).and_then(|size| size.parse::<f64>().ok()).expect("a size") / 1024.0
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
