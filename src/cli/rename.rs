//! `podex rename`.

use clap::Args;

use super::error::CliError;
use super::session::Session;
use crate::ops::rename;
use crate::pod::PodName;

/// Rename a pod here, with all its versions
#[derive(Args)]
#[command(after_help = "\
Example:
  podex rename shop shop-old")]
pub(super) struct RenameCommand {
    /// Its name now
    #[arg(value_name = "POD")]
    from: PodName,
    /// Its new name
    #[arg(value_name = "NEW")]
    to: PodName,
}

impl RenameCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        rename(&session.context()?, &self.from, &self.to)?;
        session.out.say(&format!("{} is now {}", self.from, self.to))?;
        Ok(0)
    }
}
