//! Asks before something is taken away.

use std::io::{BufRead, IsTerminal, Write};

use super::error::CliError;
use super::session::Session;

/// Whether there is somebody to ask.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks; anything but yes is no.
pub(super) fn confirm(session: &Session, question: &str) -> Result<bool, CliError> {
    session.progress.clear();
    let mut err = std::io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        writeln!(err)?;
    }
    let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    Ok(yes && !session.is_cancelled())
}
