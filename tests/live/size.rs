//! Data planes at size: commit, wipe, inject, and boto3 finds everything as it was; podex needs little memory for it.
//!
//! The sizes are small where nothing is said, and those that people meet with `PODEX_TEST_FULL=1` (some minutes an
//! emulator):
//!
//! ```sh
//! PODEX_TEST_FULL=1 cargo test --test live size:: -- --nocapture --test-threads 1
//! ```

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{self, Emulator, Podex, say};

/// What podex may hold at once, whatever it moves.
const MOST_MEMORY_MIB: u64 = 300;

/// What is filled, with how many things: in short, and in full.
const PARTS: [(&str, u32, u32); 5] = [
    ("items", 2_000, 100_000),
    // Half of them in a FIFO queue.
    ("messages", 400, 20_000),
    // More than a page.
    ("keys", 1_200, 100_000),
    // In mebibytes; more than goes up in one request.
    ("object", 70, 1024),
    // In megabytes.
    ("code", 2, 50),
];

fn script(emulator: &Emulator, verb: &str, part: &str, count: u32) -> Value {
    let text = emulator.script("size.py").args([verb, part, &count.to_string()]).run();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("size.py {verb} {part}: {error}\n{text}"))
}

/// Runs podex to its end. Says how long it took and how much memory it held at most.
fn measured(podex: &Podex, what: &str, args: &[&str]) {
    let begun = Instant::now();
    let log = std::fs::File::create(podex.home().join("said")).expect("a file");
    let mut running = podex.command(args).stdout(Stdio::null()).stderr(log).spawn().expect("podex starts");
    let mut peak = None;
    let status = loop {
        peak = memory(running.id()).max(peak);
        match running.try_wait().expect("podex can be waited for") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let said = std::fs::read_to_string(podex.home().join("said")).unwrap_or_default();
    assert!(status.success(), "{what}: {status}\n{said}");
    let peak = peak.unwrap_or_default() >> 10;
    say(&format!("{what}: {:.1} s, {peak} MiB at most", begun.elapsed().as_secs_f64()));
    assert!(peak < MOST_MEMORY_MIB, "{what} held {peak} MiB");
}

/// The most KiB that a process has held so far, where the system tells.
fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn come_back_at_size(start: fn() -> Option<Emulator>, parts: &[&str]) {
    let full = std::env::var_os("PODEX_TEST_FULL").is_some_and(|value| value == "1");
    for (part, short, long) in PARTS.iter().filter(|(part, ..)| parts.contains(part)) {
        let Some(mut emulator) = start() else { return };
        let count = if full { *long } else { *short };
        script(&emulator, "seed", part, count);
        let mut podex = Podex::new("Bob").at(&emulator);
        let what = |verb: &str, emulator: &Emulator| format!("{} {verb} {count} {part}", emulator.name);
        measured(&podex, &what("commit", &emulator), &["commit", "p1"]);
        // moto's messages can only be read by receiving them; the report says so.
        if *part == "messages" && emulator.name != "moto" {
            let touched = script(&emulator, "untouched", part, count);
            assert_eq!(touched, serde_json::json!({}), "{} {part}", emulator.name);
        }
        if emulator.name == "localstack" {
            emulator = start().expect("another one");
            podex = podex.at(&emulator);
        } else {
            emulator.reset();
        }
        let inject = ["inject", "p1", "--strategy", "overwrite", "--yes"];
        measured(&podex, &what("inject", &emulator), &inject);
        let again = podex.run(["inject", "p1", "--strategy", "overwrite", "--dry-run", "--json"]).expect(0).json();
        let left = again["steps"].as_array().map_or(0, Vec::len);
        assert_eq!(left, 0, "{} {part}: {left} steps are left, such as {}", emulator.name, again["steps"][0]);
        let wrong = script(&emulator, "check", part, count);
        assert_eq!(wrong, serde_json::json!({}), "{} {part}", emulator.name);
    }
}

#[test]
fn data_planes_come_back_at_size_on_ministack() {
    come_back_at_size(support::ministack, &["items", "messages", "keys", "object", "code"]);
}

#[test]
fn data_planes_come_back_at_size_on_moto() {
    // moto gives no function's code back.
    come_back_at_size(support::moto, &["items", "messages", "keys", "object"]);
}

#[test]
fn data_planes_come_back_at_size_on_localstack() {
    come_back_at_size(support::localstack, &["items", "messages", "object", "code"]);
}
