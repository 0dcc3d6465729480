//! `podex load`: pull and inject.

use clap::Args;

use super::args::ReferenceArg;
use super::error::CliError;
use super::inject::{HowArgs, inject};
use super::pull::{pull, source};
use super::session::Session;

/// Pull and inject: 'localstack pod load' in one word
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex load team/shop
  podex load team/shop:3 --strategy overwrite --yes
  podex load shop --dry-run")]
pub(super) struct LoadCommand {
    #[command(flatten)]
    reference: ReferenceArg,
    #[command(flatten)]
    how: HowArgs,
}

impl LoadCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = self.how.context(session)?;
        let (remote, pod, selector) = source(&context, self.reference.reference()?)?;
        let pulled = pull(session, &context, &remote, &pod, &selector, None, true).await?;
        inject(session, &context, &pulled, self.how).await
    }
}
