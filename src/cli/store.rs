//! `podex store`.

use clap::{Args, Subcommand};

use super::error::CliError;
use super::format::bytes;
use super::session::Session;
use super::table::Table;
use crate::ops::store_stats;

/// Look at the version store as files on a disk
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex store stats           what it holds, in numbers
  podex store stats --json    the same for scripts")]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    command: StoreSubcommand,
}

#[derive(Subcommand)]
enum StoreSubcommand {
    /// Count pods, packs, chunks and bytes
    #[command(after_help = "Example:\n  podex store stats")]
    Stats,
}

impl StoreCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let StoreSubcommand::Stats = self.command;
        let context = session.context()?;
        let stats = store_stats(&context)?;
        if session.out.json {
            session.out.print_json(&stats)?;
            return Ok(0);
        }
        let mut table = Table::new(["WHAT", "COUNT", "SIZE", "ON DISK"]);
        let mut row = |what: &str, count: u64, size: Option<u64>, stored: Option<u64>| {
            let text = |bytes_or_none: Option<u64>| bytes_or_none.map(bytes).unwrap_or_default();
            table.row([what.to_owned(), count.to_string(), text(size), text(stored)]);
        };
        row("pods", stats.pods, None, None);
        row("versions", stats.versions, None, None);
        for (what, chunks) in [("commits", stats.commits), ("tree nodes", stats.nodes), ("blobs", stats.blobs)] {
            row(what, chunks.count, Some(chunks.bytes), Some(chunks.stored));
        }
        row("packs", stats.packs, None, Some(stats.pack_bytes));
        row("indexes", stats.packs - stats.damaged_packs.min(stats.packs), None, Some(stats.index_bytes));
        row("operation log", 1, None, Some(stats.log_bytes));
        session.out.print(&table.render(&session.out))?;
        if stats.damaged_packs > 0 {
            session.out.print(&format!("{} packs cannot be read: run 'podex fsck'", stats.damaged_packs))?;
        }
        Ok(0)
    }
}
