//! `podex diff`.

use clap::Args;
use serde_json::json;

use super::args::FilterArgs;
use super::error::CliError;
use super::session::Session;
use super::show_changes::{ChangeView, totals};
use crate::ops::EXIT_DIFFERENT;
use crate::pod::Reference;

/// Compare two versions, or a version and the emulator
///
/// Shows what the second side has, lacks or has otherwise than the first, property by property.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex diff shop                     what changed in the emulator since the newest version
  podex diff shop:1 shop:3
  podex diff shop:3 team/shop --json
  podex diff shop @live --exit-code --only 'sqs/queue/*'")]
pub(super) struct DiffCommand {
    /// The first side
    #[arg(value_name = "BEFORE")]
    before: Reference,
    /// The second side
    #[arg(value_name = "AFTER", default_value = "@live")]
    after: Reference,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// How differences are shown.
#[derive(Args)]
pub(super) struct ShowArgs {
    /// Exit with 3 when there are differences
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Show secrets
    #[arg(long)]
    pub(super) show_secrets: bool,
    /// Show every property of what is added or removed
    #[arg(long)]
    pub(super) full: bool,
}

impl DiffCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let filter = self.filter.filter();
        let outcome = crate::ops::diff(&context, &self.before, &self.after, &filter, &session.events()).await?;
        session.progress.clear();
        let view = ChangeView::new(session, context.catalog, self.show.show_secrets, self.show.full);
        if session.out.json {
            let [added, modified, removed] = totals(&outcome.changes);
            session.out.print_json(&json!({
                "before": outcome.before,
                "after": outcome.after,
                "summary": {"added": added, "modified": modified, "removed": removed},
                "changes": view.changes_json(&outcome.changes),
                "notes": outcome.notes,
            }))?;
        } else {
            outcome.notes.iter().for_each(|note| session.progress.warn(note));
            session.out.print(&match outcome.changes.is_empty() {
                true => "no differences".to_owned(),
                false => view.changes(&outcome.changes),
            })?;
        }
        Ok(if self.show.exit_code && !outcome.changes.is_empty() { EXIT_DIFFERENT } else { 0 })
    }
}
