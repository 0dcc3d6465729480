//! The explorer, as a command.

use std::io::IsTerminal;

use super::error::CliError;
use super::session::Session;
use crate::ops::{Context, EXIT_USAGE};
use crate::pod::{Reference, Selector};
use crate::tui::{self, StartAt};

/// Whether the explorer can open.
pub(super) fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Opens the explorer.
pub(super) async fn explore(session: &Session, mut start: StartAt) -> Result<u8, CliError> {
    if !has_terminal() {
        return Err(CliError::Explorer {
            message: "the explorer needs a terminal; without one use 'podex list', 'podex inspect REF --format tree' \
                      or another command of 'podex --help'"
                .to_owned(),
            code: EXIT_USAGE,
        });
    }
    let context = session.context()?;
    // The explorer's rows have numbers.
    if let Some(Reference::Pod { remote: None, pod, selector: selector @ Selector::Tag(_) }) = &mut start.reference {
        *selector = Selector::Version(context.store.resolve(pod, selector)?.number);
    }
    open(context, start).await
}

/// Opens the explorer over a context.
pub(super) async fn open(context: Context, start: StartAt) -> Result<u8, CliError> {
    match tui::run(context, start).await {
        Ok(()) => Ok(0),
        Err(error) => Err(CliError::Explorer { message: error.to_string(), code: error.exit_code() }),
    }
}
