//! `podex tag`.

use clap::Args;

use super::args::local_version;
use super::error::CliError;
use super::session::Session;
use crate::ops::{tag, untag};
use crate::pod::{Reference, TagName};

/// Name a version, so that POD:TAG means it
///
/// A tag moves where it is there already. A version with a tag is not deleted. Tags stay here: remotes have numbers.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex tag shop:3 release
  podex inject shop:release
  podex tag shop release --delete")]
pub(super) struct TagCommand {
    /// Which version: POD, POD:N or POD@REVISION
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Its name: letters, digits, '_', '-' and '.', beginning with a letter
    #[arg(value_name = "TAG")]
    tag: TagName,
    /// Take the name away
    #[arg(long, short)]
    delete: bool,
}

impl TagCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let (pod, selector) = local_version(&self.reference)?;
        let context = session.context()?;
        if self.delete {
            untag(&context, pod, &self.tag)?;
            session.out.say(&format!("{pod} has no tag {} any more", self.tag))?;
        } else {
            let version = tag(&context, pod, selector, &self.tag)?;
            session.out.say(&format!("{pod}:{} is {pod}:{}", self.tag, version.number))?;
        }
        Ok(0)
    }
}
