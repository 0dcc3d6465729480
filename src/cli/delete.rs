//! `podex delete`.

use clap::Args;

use super::args::{ReferenceArg, local_version};
use super::confirm::{can_ask, confirm};
use super::error::CliError;
use super::format::count;
use super::session::Session;
use crate::ops::{Context, EXIT_FAILED, delete, delete_version};
use crate::pod::{PodName, Selector};

/// Delete a pod here, or one version of it; remotes keep theirs
///
/// The data goes with the next 'podex gc'. On a terminal it asks first; without one it needs --yes.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex delete shop
  podex delete shop:3             one version; the others keep their numbers
  podex delete shop --yes")]
pub(super) struct DeleteCommand {
    #[command(flatten)]
    reference: ReferenceArg,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl DeleteCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let (pod, selector) = local_version(self.reference.reference()?)?;
        if !matches!(selector, Selector::Head) {
            return self.run_for_version(session, &context, pod, selector);
        }
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

    fn run_for_version(
        &self,
        session: &Session,
        context: &Context,
        pod: &PodName,
        selector: &Selector,
    ) -> Result<u8, CliError> {
        let number = context.store.resolve(pod, selector)?.number;
        if !self.yes && !can_ask() {
            return Err(CliError::usage(format!("this deletes {pod}:{number}: pass --yes")));
        }
        if !self.yes && !confirm(session, &format!("Delete {pod}:{number}?"))? {
            session.out.say("nothing was deleted")?;
            return Ok(EXIT_FAILED);
        }
        delete_version(context, pod, selector)?;
        session.out.say(&format!("deleted {pod}:{number}"))?;
        Ok(0)
    }
}
