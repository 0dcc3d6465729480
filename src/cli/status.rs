//! `podex status`.

use clap::Args;
use serde_json::json;

use super::diff::ShowArgs;
use super::error::CliError;
use super::session::Session;
use super::show_changes::{ChangeView, totals};
use super::stat::{stat, stat_json};
use crate::ops::{Context, EXIT_DIFFERENT, Look};

/// Show how the emulator drifted from what was last committed or injected
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex status
  podex status --stat                  counts by service
  podex status --quick                 a fraction of the requests: what listings tell
  podex status --exit-code --quiet     for scripts: exits with 3 when something changed")]
pub(super) struct StatusCommand {
    /// Read only what the emulator's listings tell to have changed since the last status or commit
    ///
    /// A listing says little: what it does not tell (an attribute of a queue, tags) is found within 8 such looks, as each
    /// resource is read all the same in its turn. After another podex command on the emulator everything is read.
    #[arg(long)]
    quick: bool,
    /// Counts by service
    #[arg(long)]
    stat: bool,
    #[command(flatten)]
    show: ShowArgs,
}

impl StatusCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let look = if self.quick { Look::kept(&context) } else { Look::Whole };
        let outcome = crate::ops::status(&context, look, &session.events()).await?;
        session.progress.clear();
        keep(session, &context, &outcome.next);
        let view = ChangeView::new(session, context.catalog, self.show.show_secrets, self.show.full);
        let endpoint = &context.endpoint;
        if session.out.json {
            let [added, modified, removed] = totals(&outcome.changes);
            session.out.print_json(&json!({
                "endpoint": context.endpoint_text(),
                "base": outcome.base.as_ref().map(|(pod, digest)| json!({"pod": pod, "digest": digest})),
                "summary": {"added": added, "modified": modified, "removed": removed},
                "services": stat_json(&outcome.changes, &[]),
                "changes": if self.stat { Vec::new() } else { view.changes_json(&outcome.changes) },
                "notes": outcome.notes,
            }))?;
            return Ok(self.exit_code(&outcome.changes));
        }
        outcome.notes.iter().for_each(|note| session.progress.warn(note));
        let Some((pod, digest)) = &outcome.base else {
            session.out.say(&format!(
                "podex has neither committed {endpoint} nor injected anything into it yet: 'podex commit POD' does"
            ))?;
            return Ok(0);
        };
        let base = format!("{pod}@{}", digest.short());
        if outcome.changes.is_empty() {
            session.out.say(&format!("{endpoint} is as {base} says"))?;
        } else {
            let changes = match self.stat {
                true => stat(&session.out, &outcome.changes, &[]),
                false => view.changes(&outcome.changes, &[], &[]),
            };
            session.out.say(&format!("{endpoint} has changed since {base}:\n\n{changes}"))?;
        }
        Ok(self.exit_code(&outcome.changes))
    }

    fn exit_code(&self, changes: &[crate::pod::Change]) -> u8 {
        if self.show.exit_code && !changes.is_empty() { EXIT_DIFFERENT } else { 0 }
    }
}

/// Leaves what a look learned to the next quick one.
pub(super) fn keep(session: &Session, context: &Context, look: &Look) {
    if let Err(error) = look.keep(context) {
        session.progress.warn(&format!("the next --quick will read everything: {error}"));
    }
}
