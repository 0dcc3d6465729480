//! `podex fork`.

use clap::Args;

use super::args::local_version;
use super::error::CliError;
use super::session::Session;
use crate::ops::fork;
use crate::pod::{PodName, Reference};

/// Start a pod of its own from a version, with the history up to it
///
/// Both share their data; nothing is copied.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex fork shop shop-experiment
  podex fork shop:3 shop-from-3")]
pub(super) struct ForkCommand {
    /// Which version: POD, POD:N, POD:TAG or POD@REVISION
    #[arg(value_name = "REF")]
    from: Reference,
    /// The new pod
    #[arg(value_name = "NEW")]
    to: PodName,
}

impl ForkCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let (pod, selector) = local_version(&self.from)?;
        let head = fork(&session.context()?, pod, selector, &self.to)?;
        session.out.say(&format!("{} goes on from {pod}:{}", self.to, head.number))?;
        Ok(0)
    }
}
