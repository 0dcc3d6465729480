//! `podex save`: commit and push.

use clap::Args;
use serde_json::json;

use super::args::shifted;
use super::commit::{WhatArgs, as_json, commit, exit_code};
use super::error::CliError;
use super::push::{SecretsArgs, push, remote_name, secrets_json};
use super::session::Session;
use crate::ops::{PushOutcome, remote_open};
use crate::pod::PodName;

/// Commit and push: 'localstack pod save' in one word
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex save shop
  podex save shop team -m 'orders work'")]
pub(super) struct SaveCommand {
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
    what: WhatArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
}

impl SaveCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let (pod, remote) = shifted(self.name, self.pod.as_deref(), self.remote.as_deref())?;
        let remote = remote_name(remote)?;
        let context = session.context()?;
        // A push that cannot go anywhere should not leave a commit behind.
        remote_open(&context, remote.as_ref())?;
        let outcome = commit(session, &pod, self.what).await?;
        let pushed = push(session, &context, &pod, remote.as_ref(), self.secrets.mode).await?;
        if session.out.json {
            let PushOutcome { report, .. } = &pushed;
            let push = json!({"commits": report.commits, "bytes": report.bytes, "secrets": secrets_json(&pushed)});
            session.out.print_json(&json!({"commit": as_json(&pod, &outcome), "push": push}))?;
        }
        Ok(exit_code(&outcome))
    }
}
