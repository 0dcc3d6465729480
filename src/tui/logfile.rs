//! The journal on disk: what was done and how it ended, with the command of each. Never more than two files of a
//! mebibyte; written on a thread of its own, because disks may be slow.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::state::JournalLine;

/// A file that is larger makes room for the next: long enough for weeks.
const BYTES: u64 = 1 << 20;
/// Most characters of a line: reasons of failures may be whole pages.
const LINE: usize = 2_000;

/// Writes lines until it is dropped.
pub(super) struct LogFile {
    lines: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl LogFile {
    /// A log in this file. One that cannot be written is no reason to stop: the journal is on screen too.
    pub(super) fn at(file: PathBuf) -> Self {
        let (lines, to_write) = channel::<String>();
        let thread = std::thread::spawn(move || {
            for line in to_write {
                let _ = append(&file, &line);
            }
        });
        Self { lines: Some(lines), thread: Some(thread) }
    }

    /// Adds a line of the journal.
    pub(super) fn write(&self, line: &JournalLine) {
        let command = line.command.as_ref().map(|command| format!("  $ {command}")).unwrap_or_default();
        let said = super::text::clean(&format!("{}{command}", line.text)).into_owned();
        let said: String = said.chars().take(LINE).collect();
        if let Some(lines) = &self.lines {
            // The thread ends only with this value.
            let _ = lines.send(format!("{} {} {said}\n", line.time, line.role.name()));
        }
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        // Without a sender the thread ends once everything is written.
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if std::fs::metadata(file).is_ok_and(|facts| facts.len() >= BYTES) {
        std::fs::rename(file, file.with_extension("log.1"))?;
    }
    let mut opened: File = OpenOptions::new().create(true).append(true).open(file)?;
    opened.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Role;

    #[test]
    fn the_log_names_what_was_done_and_never_grows_beyond_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("explorer.log");
        let text = "committed orders:1\u{1b}[31m".to_owned();
        let command = Some("podex commit orders".to_owned());
        let line = JournalLine { time: jiff::Timestamp::UNIX_EPOCH, role: Role::Success, text, command };
        let long = JournalLine { text: "x".repeat(10_000), ..line.clone() };
        let log = LogFile::at(file.clone());
        log.write(&line);
        drop(log);
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(written, "1970-01-01T00:00:00Z success committed orders:1␛[31m  $ podex commit orders\n");
        let log = LogFile::at(file.clone());
        (0..1_500).for_each(|_| log.write(&long));
        drop(log);
        let sizes: Vec<u64> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect();
        assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 2 * BYTES), "{sizes:?}");
    }
}
