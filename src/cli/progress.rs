//! Progress on standard error, where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::format::{bytes, clean_lines};
use super::output::{Paint, colours_wanted};
use crate::event::{Event, Progress};

/// Between two turns of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// Shows events. Cheap to clone.
#[derive(Clone)]
pub(super) struct ProgressLine {
    bar: ProgressBar,
    quiet: bool,
    shown: bool,
    paint: Paint,
}

impl ProgressLine {
    pub(super) fn new(quiet: bool, no_color: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let shown = terminal && !quiet;
        let bar = if shown { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg}") {
            bar.set_style(style);
        }
        Self { bar, quiet, shown, paint: Paint(terminal && colours_wanted(no_color)) }
    }

    /// Colours for standard error.
    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    /// Shows one event.
    pub(super) fn show(&self, event: Event) {
        match event {
            Event::Phase(name) => {
                self.bar.enable_steady_tick(TICK);
                self.bar.set_prefix(clean_lines(&name));
                self.bar.set_message("");
            }
            Event::Progress(progress) => self.bar.set_message(describe(progress)),
            Event::Note(text) if self.shown => self.line(&self.paint.dim(&clean_lines(&text))),
            Event::Note(_) => {}
            Event::Warning(text) => self.warn(&text),
        }
    }

    /// Prints a warning.
    pub(super) fn warn(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("{} {}", self.paint.yellow("warning:"), clean_lines(text)));
        }
    }

    /// Prints a line above the progress. A standard error that is gone is no reason to fail.
    pub(super) fn line(&self, text: &str) {
        use std::io::Write;
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        });
    }

    /// Takes the progress off the screen: a result or a question follows.
    pub(super) fn clear(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        self.bar.reset();
    }
}

fn describe(Progress { done, total, bytes: moved, total_bytes }: Progress) -> String {
    let items = match (done, total) {
        (0, 0) => String::new(),
        (done, 0) => done.to_string(),
        (done, total) => format!("{done}/{total}"),
    };
    let size = match (moved, total_bytes) {
        (0, 0) => String::new(),
        (moved, 0) => bytes(moved),
        (moved, total) => format!("{} of {}", bytes(moved), bytes(total)),
    };
    [items, size].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
