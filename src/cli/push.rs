//! `podex push`.

use clap::Args;
use serde_json::{Value, json};

use super::args::shifted;
use super::error::CliError;
use super::format::{bytes, clean, count};
use super::session::Session;
use crate::ops::{Context, PushOutcome};
use crate::pod::{PodName, RemoteName};
use crate::remote::SecretsMode;

/// Share a pod: upload the versions a remote lacks
///
/// A remote that has moved on is never overwritten: what is pushed is put beside its versions, without a number, until
/// 'podex merge' joins the two. The exit code is 4 then, and the message says what to do.
///
/// Secret values (of Secrets Manager, SecureStrings, function environments that look like it, …) stay here unless the
/// remote or --secrets says otherwise: what is pushed has markers in their places, with fingerprints by which teammates
/// see whether a value changed. Whoever can read the remote can try guesses against a fingerprint: it hides strong
/// secrets, not weak ones. A remote with recipients ('podex remote add … --recipient KEY') gets them encrypted instead.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex push shop              to the only remote there is
  podex push shop team
  podex push shop team --secrets include
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
    #[command(flatten)]
    secrets: SecretsArgs,
}

/// What becomes of secrets.
#[derive(Args)]
pub(super) struct SecretsArgs {
    /// What becomes of secret values; else what the remote is configured for, which is redact unless it has recipients
    #[arg(long = "secrets", value_name = "MODE", value_enum)]
    pub(super) mode: Option<SecretsMode>,
}

impl PushCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let (pod, remote) = shifted(self.name, self.pod.as_deref(), self.remote.as_deref())?;
        let remote = remote_name(remote)?;
        let outcome = push(session, &context, &pod, remote.as_ref(), self.secrets.mode).await?;
        if session.out.json {
            session.out.print_json(&json!({
                "pod": pod,
                "commits": outcome.report.commits,
                "bytes": outcome.report.bytes,
                "secrets": secrets_json(&outcome),
            }))?;
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
    secrets: Option<SecretsMode>,
) -> Result<PushOutcome, CliError> {
    let outcome = crate::ops::push(context, pod, remote, secrets, &session.events()).await?;
    session.progress.clear();
    if !session.out.json {
        session.out.say(&match outcome.report.commits {
            0 => format!("{pod}: everything was there already"),
            commits => format!("{pod}: pushed {}, {}", count(commits, "version"), bytes(outcome.report.bytes)),
        })?;
        if let Some(sentence) = outcome.secrets.sentence(outcome.mode).filter(|_| outcome.report.commits > 0) {
            session.out.say(&clean(&format!("{pod}: {sentence}")))?;
        }
    }
    Ok(outcome)
}

/// What became of secrets: how many of which type and resource, never a value.
pub(super) fn secrets_json(outcome: &PushOutcome) -> Value {
    json!({"mode": outcome.mode, "values": outcome.secrets.values(), "types": outcome.secrets.types()})
}
