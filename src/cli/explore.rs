//! The explorer, as a command.

use std::io::IsTerminal;

use super::error::CliError;
use super::session::Session;
use crate::ops::{Context, EXIT_USAGE};
use crate::pod::Reference;

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
    let _ = (start.reference, start.path);
    open(session.context()?, None).await
}

/// Opens the explorer over a context, with something to tell at its start.
pub(super) async fn open(context: Context, notice: Option<String>) -> Result<u8, CliError> {
    let _ = (context, notice);
    Err(CliError::usage("the explorer is not part of this build yet: see 'podex --help'"))
}
