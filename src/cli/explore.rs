//! The explorer, as a command.

use std::io::IsTerminal;

use super::error::CliError;
use super::session::Session;
use crate::ops::{Context, EXIT_USAGE};
use crate::pod::Reference;
use crate::tui::{self, StartAt};

/// Where the explorer opens.
#[derive(Default)]
pub(super) struct Start {
    pub(super) reference: Option<Reference>,
    pub(super) path: Option<String>,
}

/// Whether the explorer can open.
pub(super) fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Opens the explorer.
pub(super) async fn explore(session: &Session, start: Start) -> Result<u8, CliError> {
    if !has_terminal() {
        return Err(CliError::Explorer {
            message: "the explorer needs a terminal; without one use 'podex list', 'podex inspect REF --format tree' \
                      or another command of 'podex --help'"
                .to_owned(),
            code: EXIT_USAGE,
        });
    }
    let start = StartAt { reference: start.reference, path: start.path, ..StartAt::default() };
    run(session.context()?, start).await
}

/// Opens the explorer over a context, with something to tell at its start.
pub(super) async fn open(context: Context, notice: Option<String>) -> Result<u8, CliError> {
    run(context, StartAt { notice, ..StartAt::default() }).await
}

async fn run(context: Context, start: StartAt) -> Result<u8, CliError> {
    match tui::run(context, start).await {
        Ok(()) => Ok(0),
        Err(error) => Err(CliError::Explorer { message: error.to_string(), code: error.exit_code() }),
    }
}
