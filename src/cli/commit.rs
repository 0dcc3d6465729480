//! `podex commit`.

use clap::Args;
use serde_json::json;

use super::args::PodArg;
use super::error::CliError;
use super::format::{count, not_read, services};
use super::session::Session;
use super::status::keep;
use crate::ops::{CommitArgs, CommitOutcome, EXIT_PARTLY, Look};
use crate::pod::PodName;

/// Snapshot the emulator as the next version of a pod
///
/// Everything in the emulator is read through its AWS APIs; what cannot be read is named, and then the exit code
/// is 5. A commit is local: share it with 'podex push'. Bodies and code that a listing tells to be those of the version
/// before are not read again. Tags of objects are: no listing tells of them, so each object takes one request.
///
/// With --quick only the listings are read, and what they tell to be new or changed; the rest is taken from what podex read of
/// this emulator last. A listing says little: tags of objects, attributes of queues, members of groups and most other
/// properties change without it, and such a change is not in the version. Items and messages are read all the same. Where podex
/// read nothing of this emulator yet, or injected into it since, everything is read, as without --quick.
///
/// Every region with something of the kinds that are made most is looked into whole. A region that holds rarer things
/// alone (a web ACL, a file system …) is found with --region, or by naming the service with --service.
///
/// With --native a licensed LocalStack's own state is kept as well, in files that only a LocalStack of that version
/// reads; LOCALSTACK_AUTH_TOKEN is sent where the server asks for it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex commit shop
  podex commit shop -m 'orders work' --service s3,dynamodb
  podex commit shop --strict
  podex commit shop --quick            listings, and what they tell to have changed
  podex commit shop --native
  podex commit --name shop --endpoint http://localhost:5000 --json")]
pub(super) struct CommitCommand {
    #[command(flatten)]
    pod: PodArg,
    #[command(flatten)]
    what: WhatArgs,
}

/// What to commit.
#[derive(Args)]
pub(super) struct WhatArgs {
    /// What this version is, in a few words
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    message: String,
    /// Only these services, as in 's3,sqs' (repeatable)
    #[arg(long = "service", short = 's', alias = "services", value_name = "SERVICE", value_delimiter = ',')]
    services: Vec<String>,
    /// Read only what listings tell to have changed; the rest is as it was read last
    #[arg(long)]
    quick: bool,
    /// Fail, and make no version, when something that is there cannot be read
    #[arg(long)]
    strict: bool,
    /// Take LocalStack's own state too, as opaque files beside the documents (needs its licence)
    #[arg(long)]
    native: bool,
}

impl CommitCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let pod = self.pod.pod()?;
        let outcome = commit(session, pod, self.what).await?;
        if session.out.json {
            session.out.print_json(&as_json(pod, &outcome))?;
        }
        Ok(exit_code(&outcome))
    }
}

/// Commits, and says so.
pub(super) async fn commit(session: &Session, pod: &PodName, what: WhatArgs) -> Result<CommitOutcome, CliError> {
    let context = session.context()?;
    let WhatArgs { message, services: only, quick, strict, native } = what;
    let look = if quick { Look::kept(&context) } else { Look::Whole };
    let args = CommitArgs { pod: pod.clone(), message, services: only, strict, native, look };
    let outcome = crate::ops::commit(&context, &args, &session.events()).await?;
    session.progress.clear();
    keep(session, &context, &outcome.next);
    for line in not_read(&outcome.commit.report) {
        session.progress.warn(&line);
    }
    if !session.out.json {
        let (added, modified, removed) = outcome.changed;
        let paint = session.out.paint;
        let held = services(&outcome.commit.report);
        let mut text = format!(
            "{} {}: {}{}",
            paint.bold(&format!("{pod}:{}", outcome.version.number)),
            outcome.version.commit.short(),
            count(outcome.commit.resources, "resource"),
            if held.is_empty() { String::new() } else { format!(" ({held})") },
        );
        if !outcome.commit.parents.is_empty() {
            text.push_str(&match outcome.changed {
                (0, 0, 0) => "\nnothing changed since the version before".to_owned(),
                _ => format!(
                    "\n{}, {}, {} since the version before",
                    paint.green(&format!("+ {added} added")),
                    paint.yellow(&format!("~ {modified} modified")),
                    paint.red(&format!("- {removed} removed")),
                ),
            });
        }
        session.out.say(&text)?;
    }
    Ok(outcome)
}

/// Partly done where something that is there could not be read.
pub(super) fn exit_code(outcome: &CommitOutcome) -> u8 {
    if outcome.commit.report.is_partial() { EXIT_PARTLY } else { 0 }
}

pub(super) fn as_json(pod: &PodName, outcome: &CommitOutcome) -> serde_json::Value {
    let (added, modified, removed) = outcome.changed;
    json!({
        "pod": pod,
        "version": outcome.version.number,
        "digest": outcome.version.commit,
        "changed": {"added": added, "modified": modified, "removed": removed},
        "commit": outcome.commit,
    })
}
