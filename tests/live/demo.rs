//! `podex demo`: it is there after one command, and gone after it.

use podex::instance::managed::http_status;

use crate::support::{self, Podex};

#[test]
fn the_demo_holds_two_applications_and_a_remote_and_leaves_nothing_behind() {
    // Only to skip, loudly, where no emulator can run.
    let Some(_ministack) = support::ministack() else { return };
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let podex = Podex::new("Newcomer").with("TMPDIR", &temporary.path().to_string_lossy());
    let shown = podex.run(["demo", "--no-explorer"]).expect(0).stdout;
    for part in ["emulator", "digits", "orders", "team/digits", "team/orders"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let port = shown.lines().next().and_then(|line| line.rsplit(':').next()).and_then(|port| port.trim().parse().ok());
    assert_eq!(http_status(port.expect("a port"), "GET", "/_ministack/ready"), None);
    assert_eq!(std::fs::read_dir(temporary.path()).expect("it is there").count(), 0);
    assert!(!podex.home().join("data").exists(), "the user's own pods are not touched");
}

#[test]
fn without_python_the_demo_opens_on_the_pods_it_carries() {
    let podex = Podex::new("Newcomer").with("PATH", "/nowhere").with("PYENV_ROOT", "/nowhere");
    let empty = podex.home().join("emulators");
    let podex = podex.with("PODEX_EMULATORS", &empty.to_string_lossy());
    let shown = podex.run(["demo", "--no-explorer"]).expect(0).stdout;
    for part in ["Python", "--endpoint", "digits", "orders", "team/digits (2 versions)", "team/orders (3 versions)"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}
