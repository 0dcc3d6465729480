//! What is said to the user: the status line and the journal.

use super::State;
use crate::tui::theme::Role;

/// How many lines of the journal are kept.
const JOURNAL_LINES: usize = 1_000;

/// A line of the journal: what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// When.
    pub time: jiff::Timestamp,
    /// How it is to be shown.
    pub role: Role,
    /// What.
    pub text: String,
    /// The headless command that does the same.
    pub command: Option<String>,
}

/// A sentence in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How it is to be shown.
    pub role: Role,
    /// What.
    pub text: String,
    /// Since when.
    pub since: jiff::Timestamp,
    /// It was there for a while.
    pub dim: bool,
}

impl Said {
    /// How it is shown by now.
    pub fn shade(&self) -> Role {
        if self.dim { Role::Muted } else { self.role }
    }
}

impl State {
    /// Shows a sentence in the status line and keeps it in the journal.
    pub fn say(&mut self, role: Role, text: impl Into<String>, command: Option<String>) {
        let text = text.into();
        if self.journal.len() >= JOURNAL_LINES {
            self.journal.remove(0);
        }
        let line = JournalLine { time: self.now, role, text: text.clone(), command };
        self.unlogged.push(line.clone());
        self.journal.push(line);
        self.tell(role, text);
    }

    /// Shows a sentence in the status line only.
    pub fn hint(&mut self, text: impl Into<String>) {
        self.tell(Role::Warning, text);
    }

    /// The same in a role of its own.
    pub fn tell(&mut self, role: Role, text: impl Into<String>) {
        self.status = Some(Said { role, text: text.into(), since: self.now, dim: false });
    }
}
