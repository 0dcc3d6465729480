//! `podex push`.

use clap::Args;
use serde_json::json;

use super::args::shifted;
use super::error::CliError;
use super::format::{bytes, count};
use super::session::Session;
use crate::ops::Context;
use crate::pod::{PodName, RemoteName};
use crate::remote::TransferReport;

/// Share a pod: upload the versions a remote lacks
///
/// A remote that has moved on is never overwritten: the push is refused with exit code 4 and says what to do.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex push shop              to the only remote there is
  podex push shop team
  podex push --name shop team")]
pub(super) struct PushCommand {
    /// The pod
    #[arg(value_name = "POD", required_unless_present = "name")]
    pod: Option<String>,
    /// Where to; the only remote where there is one
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// The pod, named the way LocalStack's commands do it
    #[arg(long, value_name = "POD")]
    name: Option<PodName>,
}

impl PushCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let (pod, remote) = shifted(self.name, self.pod.as_deref(), self.remote.as_deref())?;
        let remote = remote_name(remote)?;
        let report = push(session, &context, &pod, remote.as_ref()).await?;
        if session.out.json {
            session.out.print_json(&json!({"pod": pod, "commits": report.commits, "bytes": report.bytes}))?;
        }
        Ok(0)
    }
}

pub(super) fn remote_name(text: Option<String>) -> Result<Option<RemoteName>, CliError> {
    let parsed = text.map(|text| text.parse::<RemoteName>()).transpose();
    parsed.map_err(|error| CliError::usage(error.to_string()))
}

/// Pushes, and says so.
pub(super) async fn push(
    session: &Session,
    context: &Context,
    pod: &PodName,
    remote: Option<&RemoteName>,
) -> Result<TransferReport, CliError> {
    let report = crate::ops::push(context, pod, remote, &session.events()).await?;
    session.progress.clear();
    if !session.out.json {
        session.out.say(&match report.commits {
            0 => format!("{pod}: everything was there already"),
            commits => format!("{pod}: pushed {}, {}", count(commits, "version"), bytes(report.bytes)),
        })?;
    }
    Ok(report)
}
