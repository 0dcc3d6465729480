//! What the explorer takes, in small: the figures of `benches/explorer.rs` printed wherever the tests run. Machines that run
//! tests are busy, so nothing is asserted of times.

use crate::probe::{self, Report};
use crate::support;

const PODS: u32 = 300;
const RESOURCES: u32 = 20_000;

#[test]
fn the_figures_of_the_explorer_are_printed() {
    let ministack = support::ministack();
    let endpoint = ministack.as_ref().map(|emulator| format!("http://127.0.0.1:{}", emulator.port));
    let mut report = Report { only_shown: true, ..Report::default() };
    probe::first_frames(&mut report, PODS);
    probe::large_pod(&mut report, RESOURCES, endpoint.as_deref());
}
