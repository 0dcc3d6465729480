//! `podex fsck`.

use clap::Args;

use super::error::CliError;
use super::format::{clean, count};
use super::session::Session;
use crate::ops::{EXIT_FAILED, fsck};

/// Check the version store; names every damaged file
#[derive(Args)]
#[command(after_help = "\
Example:
  podex fsck        exits with 1 when something is damaged")]
pub(super) struct FsckCommand {}

impl FsckCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let faults = fsck(&context)?;
        if session.out.json {
            session.out.print_json(&faults)?;
        } else if faults.is_empty() {
            session.out.say("no faults found")?;
        } else {
            faults.iter().try_for_each(|fault| session.out.print(&clean(fault)))?;
            session.out.say(&format!("{} found", count(faults.len() as u64, "fault")))?;
        }
        Ok(if faults.is_empty() { 0 } else { EXIT_FAILED })
    }
}
