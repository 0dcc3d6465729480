//! Standard output: what is printed, how wide, in which colours.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use super::error::CliError;

/// Where results go.
pub(super) struct Output {
    /// Print JSON.
    pub(super) json: bool,
    /// Results and errors only.
    pub(super) quiet: bool,
    /// Colours for standard output.
    pub(super) paint: Paint,
    /// Columns of the terminal; None where standard output is none.
    pub(super) width: Option<usize>,
}

impl Output {
    pub(super) fn new(json: bool, quiet: bool, no_color: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width =
            terminal.then(|| crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns).max(20)));
        Self { json, quiet, paint: Paint(terminal && colours_wanted(no_color)), width }
    }

    /// Prints a result.
    pub(super) fn print(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Prints what a person wants to know of work that is done; nothing under `--quiet`.
    pub(super) fn say(&self, text: &str) -> Result<(), CliError> {
        if self.quiet { Ok(()) } else { self.print(text) }
    }

    /// Prints a result as JSON.
    pub(super) fn print_json<T: Serialize>(&self, value: &T) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
        self.print(&text)
    }
}

/// Whether the user and the terminal take colours.
pub(super) fn colours_wanted(no_color: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !no_color && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Colours text, or leaves it as it is. Only the terminal's own 16 colours, which fit its background.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    pub(super) fn magenta(self, text: &str) -> String {
        self.with("35", text)
    }
}
