//! `podex undo`.

use clap::Args;

use super::error::CliError;
use super::inject::{PlanArgs, carry_out};
use super::session::Session;
use crate::ops::prepare_undo;

/// Take the emulator back to before the last inject
///
/// What was done to the emulator since that inject goes too; the plan shows it. Run it again to go back one more.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex undo
  podex undo --dry-run
  podex undo --yes")]
pub(super) struct UndoCommand {
    #[command(flatten)]
    plan: PlanArgs,
}

impl UndoCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        self.plan.changes()
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let prepared = prepare_undo(&context, &session.events()).await?;
        carry_out(session, &context, &prepared, &self.plan).await
    }
}
