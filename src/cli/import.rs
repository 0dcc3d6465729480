//! `podex import`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::error::CliError;
use super::format::count;
use super::session::Session;
use crate::archive::Origin;
use crate::pod::PodName;

/// Read a file that 'podex export' or LocalStack wrote, as the next version of a pod
///
/// LocalStack's own exports and pods are kept as what they are, opaque files: they can be stored, shared and given back
/// to LocalStack, not looked into.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex import shop.tar               into the pod it came from
  podex import shop.zip copy          into pod 'copy'
  podex import ls-state.zip theirs    what 'localstack state export' wrote")]
pub(super) struct ImportCommand {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The pod; else the one the file came from
    #[arg(value_name = "POD")]
    pod: Option<PodName>,
    /// The version's message, instead of the one it has
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
}

impl ImportCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let (file, pod, events) = (&self.file, self.pod.as_ref(), session.events());
        let (pod, version, imported) = crate::ops::import(&context, file, pod, self.message, &events).await?;
        session.progress.clear();
        if session.out.json {
            session.out.print_json(&json!({
                "pod": pod,
                "version": version.number,
                "digest": version.commit,
                "state": imported.commit.state,
                "commit": imported.commit,
            }))?;
            return Ok(0);
        }
        let name = session.out.paint.bold(&format!("{pod}:{}", version.number));
        let what = match imported.origin {
            Origin::OpenForm => count(imported.commit.resources, "resource"),
            Origin::LocalStack => format!("{} of LocalStack's own", count(imported.commit.resources, "state file")),
        };
        session.out.say(&format!("{name} {}: {what}", version.commit.short()))?;
        Ok(0)
    }
}
