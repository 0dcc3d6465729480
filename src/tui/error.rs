//! What the explorer can fail with.

use super::keymap::KeymapError;
use super::theme::ThemeError;

/// Why the explorer could not run, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Standard input or output is not a terminal.
    #[error(
        "the explorer needs a terminal: use the commands without one, such as 'podex list' ('podex --help' names all)"
    )]
    NoTerminal,
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The key map cannot be used.
    #[error(transparent)]
    Keymap(#[from] KeymapError),
    /// The terminal could not be read or written.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
    /// A signal asked podex to end.
    #[error("ended by signal {number}")]
    Signal {
        /// Its number.
        number: u8,
    },
}

impl TuiError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoTerminal | Self::Theme(_) | Self::Keymap(_) => 2,
            Self::Terminal(_) => 1,
            Self::Signal { number } => 128 + number,
        }
    }
}
