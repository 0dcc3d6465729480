//! `podex fsck`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::CliError;
use super::format::{clean, count};
use super::session::Session;
use crate::ops::{EXIT_FAILED, fsck, repair};
use crate::store::FsckLevel;

/// Check the version store; names every damaged file
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex fsck                      exits with 1 when something is damaged
  podex fsck --level structure    quick: reads no body
  podex fsck --repair             mends what can be mended, then checks")]
pub(super) struct FsckCommand {
    /// How much to look at
    #[arg(long, value_enum, default_value_t = Level::Full)]
    level: Level,
    /// Make again what can be made from the rest; damaged files are put aside, not deleted
    #[arg(long)]
    repair: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    /// Refs, logs, indexes, and that every version has all its parts
    Structure,
    /// Also every digest
    Digests,
    /// Also every document, and every large body as a whole
    Full,
}

impl FsckCommand {
    /// Whether it may change anything.
    pub(super) fn changes(&self) -> bool {
        self.repair
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let repaired = if self.repair { repair(&context).await? } else { Vec::new() };
        let level = match self.level {
            Level::Structure => FsckLevel::Structure,
            Level::Digests => FsckLevel::Digests,
            Level::Full => FsckLevel::Full,
        };
        let faults = fsck(&context, level).await?;
        if session.out.json && self.repair {
            session.out.print_json(&json!({"repaired": repaired, "faults": faults}))?;
        } else if session.out.json {
            session.out.print_json(&faults)?;
        } else {
            repaired.iter().try_for_each(|repair| session.out.print(&clean(repair)))?;
            faults.iter().try_for_each(|fault| session.out.print(&clean(fault)))?;
            session.out.say(&match faults.len() {
                0 => "no faults found".to_owned(),
                found => format!("{} found", count(found as u64, "fault")),
            })?;
        }
        Ok(if faults.is_empty() { 0 } else { EXIT_FAILED })
    }
}
