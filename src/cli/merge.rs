//! `podex merge`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::CliError;
use super::format::count;
use super::session::Session;
use super::show_conflicts::{conflicts_json, conflicts_text};
use crate::ops::{EXIT_CONFLICT, MergeArgs, MergeKind, merge};
use crate::pod::{PodName, Reference, Side};

/// Join another line of history into a pod, property by property
///
/// What only one side changed since their common version is taken over; what both changed differently is a conflict.
/// A merge with conflicts is saved as the pod's next version (exit code 4): it can be looked at, pushed and pulled,
/// and injected once 'podex resolve POD' has settled it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex merge shop team/shop            join what a teammate pushed; then push
  podex merge shop feature --dry-run    what would change, what would conflict
  podex merge shop feature:3 --prefer theirs -m 'take the feature over'")]
pub(super) struct MergeCommand {
    /// The pod that gets the merge as its next version
    #[arg(value_name = "POD")]
    into: PodName,
    /// What is merged into it: POD, POD:N, POD@REVISION or REMOTE/POD
    #[arg(value_name = "REF")]
    from: Reference,
    /// Settle what both changed: 'ours' is what POD has
    #[arg(long, value_enum, value_name = "SIDE")]
    prefer: Option<Prefer>,
    /// Look only
    #[arg(long)]
    dry_run: bool,
    /// The commit's message
    #[arg(long, short)]
    message: Option<String>,
    /// Show secrets
    #[arg(long)]
    show_secrets: bool,
}

/// Whose value wins.
#[derive(Clone, Copy, ValueEnum)]
enum Prefer {
    /// What the pod has
    Ours,
    /// What is merged into it
    Theirs,
}

impl MergeCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        !self.dry_run
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let prefer = self.prefer.map(|prefer| match prefer {
            Prefer::Ours => Side::Ours,
            Prefer::Theirs => Side::Theirs,
        });
        let Self { into, from, dry_run, message, show_secrets, .. } = self;
        let args = MergeArgs { into, from, prefer, message, dry_run };
        let outcome = merge(&context, &args, &session.events()).await?;
        session.progress.clear();
        let code = if outcome.kind == MergeKind::Conflicted { EXIT_CONFLICT } else { 0 };
        if session.out.json {
            let list = |conflicts: &[_]| {
                conflicts_json(context.catalog, conflicts.iter().map(|conflict| (conflict, None)), show_secrets)
            };
            session.out.print_json(&json!({
                "kind": outcome.kind,
                "pod": args.into,
                "version": outcome.version.number,
                "digest": outcome.version.commit,
                "base": outcome.base,
                "theirs": outcome.theirs,
                "changed": {"added": outcome.changed.0, "modified": outcome.changed.1, "removed": outcome.changed.2},
                "conflicts": list(&outcome.conflicts),
                "preferred": list(&outcome.preferred),
                "warnings": outcome.warnings,
                "notes": outcome.notes,
            }))?;
            return Ok(code);
        }
        outcome.notes.iter().chain(&outcome.warnings).for_each(|line| session.progress.warn(line));
        let listed = outcome.conflicts.iter().chain(&outcome.preferred).map(|conflict| (conflict, None));
        session.out.print(&conflicts_text(session, context.catalog, listed, show_secrets))?;
        let (added, modified, removed) = outcome.changed;
        let what = format!("{added} added, {modified} modified, {removed} removed");
        let (pod, from, number) = (&args.into, &args.from, outcome.version.number);
        let made = if dry_run { "would be".to_owned() } else { format!("is now {pod}:{number}:") };
        session.out.say(&match outcome.kind {
            MergeKind::UpToDate => format!("{pod} has everything of {from} already"),
            MergeKind::FastForward => format!("{pod} had nothing of its own since: {from} {made} {what}"),
            MergeKind::Merged => format!("{from} merged into {pod} {made} {what}"),
            MergeKind::Conflicted => format!(
                "{from} merged into {pod} {made} {what}; {} to settle: 'podex resolve {pod}'",
                count(outcome.conflicts.len() as u64, "conflict")
            ),
        })?;
        Ok(code)
    }
}
