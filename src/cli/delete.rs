//! `podex delete`.

use clap::Args;

use super::args::PodArg;
use super::confirm::{can_ask, confirm};
use super::error::CliError;
use super::format::count;
use super::session::Session;
use crate::ops::{EXIT_FAILED, delete};

/// Delete a pod here; remotes keep theirs
///
/// On a terminal it asks first; without one it needs --yes.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex delete shop
  podex delete shop --yes")]
pub(super) struct DeleteCommand {
    #[command(flatten)]
    pod: PodArg,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl DeleteCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let (context, pod) = (session.context()?, self.pod.pod()?);
        if !self.yes {
            // Unknown pods are an error before there is anything to ask; unreadable ones may be deleted.
            let versions = match context.store.versions(pod) {
                Err(error @ crate::store::StoreError::UnknownPod { .. }) => return Err(error.into()),
                result => result.map_or(0, |versions| versions.len()),
            };
            if !can_ask() {
                return Err(CliError::usage(format!("this deletes {pod}: pass --yes")));
            }
            let question = format!("Delete {pod} with {}?", count(versions as u64, "version"));
            if !confirm(session, &question)? {
                session.out.say("nothing was deleted")?;
                return Ok(EXIT_FAILED);
            }
        }
        delete(&context, pod)?;
        session.out.say(&format!("deleted {pod}"))?;
        Ok(0)
    }
}
