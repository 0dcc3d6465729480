//! `podex diff`.

use clap::Args;
use serde_json::json;

use super::args::FilterArgs;
use super::error::CliError;
use super::session::Session;
use super::show_changes::{ChangeView, totals};
use super::side_by_side::TwoColumns;
use super::stat::{stat, stat_json};
use crate::ops::{DiffOutcome, EXIT_DIFFERENT, Side, diff_patch, observed_changes};
use crate::pod::Change;

/// Compare two versions, or a version and the emulator
///
/// Shows what the second side has, lacks or has otherwise than the first, property by property: lists that are sets
/// as sets, JSON inside strings as JSON, text line by line, bytes by size, type and digest, archives by member. A
/// resource that only changed its name is shown as renamed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex diff shop                     what changed in the emulator since the newest version
  podex diff shop:1 shop:3 --stat
  podex diff shop:1 shop:3 --side-by-side | less -S
  podex diff shop:3 team/shop --json
  podex diff shop:1 shop:2 --patch    RFC 6902; applies to what 'podex export --format json' writes
  podex diff shop ./shop.tar          a file that 'podex export' wrote
  podex diff shop @live --exit-code --only 'sqs/queue/*'")]
pub(super) struct DiffCommand {
    /// The first side: POD, POD:N, POD@REVISION, REMOTE/POD, @live, or a file with a dot or slash in its name
    #[arg(value_name = "BEFORE")]
    before: Side,
    /// The second side
    #[arg(value_name = "AFTER", default_value = "@live")]
    after: Side,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// In which form.
#[derive(Args)]
#[group(multiple = false)]
struct FormArgs {
    /// Counts by service
    #[arg(long)]
    stat: bool,
    /// Two columns
    #[arg(long, short = 'y')]
    side_by_side: bool,
    /// An RFC 6902 JSON patch
    #[arg(long)]
    patch: bool,
    /// Also what cannot be set or changes by itself (ARNs, times, counts); it never counts as a difference
    #[arg(long)]
    all: bool,
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
        let outcome =
            crate::ops::diff(&context, self.before.clone(), self.after.clone(), &filter, &session.events()).await?;
        let observed = if self.form.all { observed_changes(&context, &outcome, &filter)? } else { Vec::new() };
        session.progress.clear();
        let DiffOutcome { changes, renames, notes, .. } = &outcome;
        let show_secrets = self.show.show_secrets;
        let view = ChangeView::new(session, context.catalog, show_secrets, self.show.full).with_blobs(&context);
        if self.form.patch || !session.out.json {
            notes.iter().for_each(|note| session.progress.warn(note));
        }
        if self.form.patch {
            session.out.print_json(&diff_patch(&context, &outcome, show_secrets)?)?;
        } else if session.out.json {
            session.out.print_json(&self.json(&view, &outcome, &observed))?;
        } else if changes.is_empty() && observed.is_empty() {
            session.out.print("no differences")?;
        } else if self.form.stat {
            session.out.print(&stat(&session.out, changes, renames))?;
        } else if self.form.side_by_side {
            let (paint, width) = (session.out.paint, session.out.width);
            let columns = TwoColumns { context: &context, paint, width, show_secrets };
            session.out.print(&columns.changes(changes, renames))?;
        } else {
            session.out.print(&view.changes(changes, renames, &observed))?;
        }
        Ok(if self.show.exit_code && !changes.is_empty() { EXIT_DIFFERENT } else { 0 })
    }

    fn json(&self, view: &ChangeView<'_>, outcome: &DiffOutcome, observed: &[Change]) -> serde_json::Value {
        let DiffOutcome { before, after, changes, renames, notes } = outcome;
        let [added, modified, removed] = totals(changes);
        let mut json = json!({
            "before": before,
            "after": after,
            "summary": {"added": added, "modified": modified, "removed": removed, "renamed": renames.len()},
            "notes": notes,
        });
        let (name, part) = match self.form.stat {
            true => ("services", stat_json(changes, renames)),
            false => ("changes", view.changes_json(changes).into()),
        };
        json[name] = part;
        // Each is also among the changes, once as removed and once as added.
        json["renames"] = json!(renames);
        if self.form.all {
            json["observed"] = view.changes_json(observed).into();
        }
        json
    }
}
