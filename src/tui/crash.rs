//! What is left of a crash: a report that a bug can be found by, without anything of what was on the screen.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where a report goes, and what is known about the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Crash {
    /// The folder of reports.
    pub(super) folder: PathBuf,
    /// The actions that were done last: names of the table, nothing that was typed.
    pub(super) trail: Vec<&'static str>,
}

/// The explorer that runs, for the panic hook.
static RUNNING: Mutex<Option<Crash>> = Mutex::new(None);

/// Says where a report would go, and what was done last.
pub(super) fn prepare(crash: Option<Crash>) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = crash;
}

/// Writes a report of a panic; gives its file. None where no explorer runs or the disk does not take it: the panic
/// itself is printed in any case.
pub(super) fn report(panic: &PanicHookInfo<'_>) -> Option<PathBuf> {
    // Never wait here: the panic may have come while this was held.
    let crash = RUNNING.try_lock().ok()?.take()?;
    write(&crash, &panic.to_string(), &Backtrace::force_capture().to_string()).ok()
}

fn write(crash: &Crash, what: &str, backtrace: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(&crash.folder)?;
    let now = jiff::Timestamp::now();
    let file = crash.folder.join(format!("crash-{}-{}.txt", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id()));
    let mut out = options(&file)?;
    writeln!(out, "podex {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)?;
    writeln!(out, "time: {now}\n{what}\nlast actions: {}\n\n{backtrace}", crash.trail.join(" "))?;
    Ok(file)
}

/// A new file that only its owner reads.
fn options(file: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_happened_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let crash = Crash { folder: folder.path().join("crashes"), trail: vec!["commit", "help"] };
        let file = write(&crash, "panicked at x.rs: oops", "0: main").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("oops") && text.contains("last actions: commit help") && text.contains("0: main"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
