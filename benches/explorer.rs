//! What the explorer promises, measured in a real pseudo-terminal: `cargo bench --bench explorer`.
//!
//! Prints the time to the first frame with 10,000 pods; with a pod of 1,000,000 resources open, the time from a key
//! to its frame, alone and while all pods are read for search; the time to the first results of a search; and what
//! an idle explorer writes, computes and holds. Where `PODEX_BENCH_ENDPOINT` names a running emulator, also the time to a
//! frame while that is captured. The stores are built once, in the build's own folder. A figure that breaks a promise
//! is marked, and ends the program with a failure.

#[path = "../tests/support/probe.rs"]
mod probe;

const PODS: u32 = 10_000;
const RESOURCES: u32 = 1_000_000;

fn main() {
    // `cargo test --benches` only wants to know whether it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut report = probe::Report::default();
    probe::first_frames(&mut report, PODS);
    probe::large_pod(&mut report, RESOURCES, std::env::var("PODEX_BENCH_ENDPOINT").ok().as_deref());
    std::process::exit(i32::from(report.broken));
}
