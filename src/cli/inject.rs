//! `podex inject`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::args::{FilterArgs, ReferenceArg};
use super::confirm::{can_ask, confirm};
use super::error::CliError;
use super::format::{clean, count};
use super::session::Session;
use super::show_changes::{ChangeView, plan_summary};
use crate::instance::{ApplyReport, Strategy};
use crate::ops::{
    Context, EXIT_DIFFERENT, EXIT_PARTLY, InjectArgs, InjectOutcome, PreparedInject, apply_inject, prepare_inject,
};
use crate::pod::Reference;

/// Put a pod's version back into the emulator
///
/// The emulator is read first (that is the safety commit 'podex undo' goes back to), the difference becomes a plan,
/// and only what differs is touched. On a terminal the plan is shown and confirmed. Without a terminal a plan that
/// only creates and updates is carried out; one that deletes or replaces anything needs --yes.
///
/// Secrets that a pod was shared without come from --secrets-from FILE, or stay as the emulator has them. What is still
/// missing is named, and the exit code is 5: a function is made without the variable, a secret is left as it is. The
/// file says for which resource (or '#' and its property) a value is, as in
/// "secretsmanager/secret-version/orders/db" = "…" or
/// "lambda/function/pay#Environment.Variables.API_KEY" = "…".
///
/// With --native a licensed LocalStack is given its own state back instead, which 'commit --native' took. To
/// 4.14 that is pickled Python, which the server runs: load only pods whose makers you trust.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex inject shop                          the newest version
  podex inject shop:3 --dry-run              show what would be done
  podex inject shop@1f3a --strategy overwrite --yes
  podex inject shop --secrets-from secrets.toml
  podex inject team/shop --service s3 --only 's3/bucket/logs-*'
  podex inject shop --except secretsmanager --except 's3/object/b/*.log'
  podex inject shop --native --strategy overwrite --yes")]
pub(super) struct InjectCommand {
    #[command(flatten)]
    reference: ReferenceArg,
    #[command(flatten)]
    how: HowArgs,
}

/// How to inject.
#[derive(Args)]
pub(super) struct HowArgs {
    /// How the pod meets what is there
    #[arg(long, alias = "merge", value_enum, default_value_t)]
    strategy: Strategy,
    /// Load LocalStack's own state, which 'commit --native' took, instead of putting the documents back
    #[arg(long)]
    native: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Values for the secrets that the pod was shared without: a TOML or JSON file of resource paths and values;
    /// PODEX_SECRETS_FROM names it for the explorer, too
    #[arg(long, value_name = "FILE")]
    secrets_from: Option<PathBuf>,
    /// The key that opens encrypted secrets: a file of age identities or an SSH key [default: ~/.ssh/id_ed25519 and
    /// id_rsa]
    #[arg(long, value_name = "FILE", env = "PODEX_IDENTITY", hide_env_values = true)]
    identity: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArgs,
}

/// What to do with a plan.
#[derive(Args)]
pub(super) struct PlanArgs {
    /// Show the plan, change nothing
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: exit with 3 when there is something to do
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show secrets in the plan
    #[arg(long)]
    show_secrets: bool,
    /// Show every property of what is created
    #[arg(long)]
    full: bool,
}

impl HowArgs {
    /// What operations need, with the key that is named here.
    pub(super) fn context(&self, session: &Session) -> Result<Context, CliError> {
        let context = session.context()?;
        Ok(Context { identity: self.identity.clone().or(context.identity), ..context })
    }
}

impl PlanArgs {
    /// Whether more than a plan is asked for.
    pub(super) fn changes(&self) -> bool {
        !self.dry_run
    }
}

impl InjectCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        self.how.plan.changes()
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = self.how.context(session)?;
        inject(session, &context, self.reference.reference()?, self.how).await
    }
}

/// Plans, asks, applies and reports.
pub(super) async fn inject(
    session: &Session,
    context: &Context,
    reference: &Reference,
    how: HowArgs,
) -> Result<u8, CliError> {
    let HowArgs { strategy, native, filter, secrets_from, identity: _, plan } = how;
    let args = InjectArgs { reference: reference.clone(), strategy, filter: filter.filter(), secrets_from, native };
    let prepared = prepare_inject(context, &args, &session.events()).await?;
    carry_out(session, context, &prepared, &plan).await
}

/// Shows a prepared inject, asks where that is called for, applies it and reports.
pub(super) async fn carry_out(
    session: &Session,
    context: &Context,
    prepared: &PreparedInject,
    how: &PlanArgs,
) -> Result<u8, CliError> {
    session.progress.clear();
    let plan = &prepared.plan;
    let view = ChangeView::new(session, context.catalog, how.show_secrets, how.full);
    let asking = !how.yes && !how.dry_run && !session.out.json && can_ask() && !plan.steps.is_empty();
    if how.dry_run || asking {
        if session.out.json {
            session.out.print_json(&json!({
                "target": prepared.target,
                "safety": prepared.safety,
                "steps": view.steps_json(plan),
                "notes": plan.notes,
                "missing_secrets": prepared.missing,
            }))?;
        } else {
            session.out.print(&view.plan(plan))?;
        }
    }
    if !session.out.json || !how.dry_run {
        plan.notes.iter().for_each(|note| session.progress.warn(note));
    }
    if how.dry_run {
        return Ok(if how.exit_code && !plan.steps.is_empty() { EXIT_DIFFERENT } else { 0 });
    }
    let destructive = prepared.destructive();
    if asking {
        if !confirm(session, &format!("Do this to {}?", context.endpoint))? {
            session.out.say("nothing was changed")?;
            return Ok(crate::ops::EXIT_FAILED);
        }
    } else if destructive > 0 && !how.yes {
        return Err(CliError::usage(format!(
            "this would delete or replace {} in {}: look with --dry-run, then pass --yes",
            count(destructive as u64, "resource"),
            context.endpoint
        )));
    }
    let outcome = apply_inject(context, prepared, &session.events()).await?;
    report(session, prepared, &outcome)
}

fn report(session: &Session, prepared: &PreparedInject, outcome: &InjectOutcome) -> Result<u8, CliError> {
    session.progress.clear();
    let ApplyReport { applied, failed, left, notes, stopped } = &outcome.report;
    let partly = !failed.is_empty() || !left.is_empty() || stopped.is_some() || !prepared.missing.is_empty();
    if session.out.json {
        session.out.print_json(&json!({
            "target": prepared.target,
            "safety": outcome.safety,
            "report": outcome.report,
            "notes": prepared.plan.notes,
            "missing_secrets": prepared.missing,
        }))?;
    } else {
        notes.iter().for_each(|note| session.progress.warn(note));
        for step in failed {
            let what = format!("{}/{}: {}", step.key.service, step.key.label(), step.error);
            session.progress.line(&format!("{} {}", session.progress.paint().red("failed:"), clean(&what)));
        }
        for (_, key) in left {
            let what = format!("{}/{}", key.service, key.label());
            session.progress.line(&format!("{} {}", session.progress.paint().yellow("left:"), clean(&what)));
        }
        if let Some(reason) = stopped {
            session.progress.warn(&format!("stopped early: {reason}; run the same again to complete it"));
        }
        let done =
            plan_summary(applied.iter().map(|(action, _)| *action), ["created", "updated", "replaced", "deleted"]);
        let back = if applied.is_empty() { "" } else { "; 'podex undo' takes it back" };
        let rest = match failed.len() + left.len() {
            0 => String::new(),
            rest => format!("; {} left", count(rest as u64, "step")),
        };
        let missing = match prepared.missing.len() {
            0 => String::new(),
            missing => format!("; {} missing", count(missing as u64, "secret value")),
        };
        session.out.say(&format!("{done}{rest}{missing}{back}"))?;
    }
    Ok(if partly { EXIT_PARTLY } else { 0 })
}
