//! `podex versions`.

use clap::Args;
use serde_json::json;

use super::args::PodArg;
use super::error::CliError;
use super::format::time;
use super::session::Session;
use super::table::Table;
use crate::ops::versions;

/// List the versions of a pod, newest first
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex versions shop
  podex versions shop --json | jq '.[0].digest'")]
pub(super) struct VersionsCommand {
    #[command(flatten)]
    pod: PodArg,
}

impl VersionsCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let mut versions = versions(&session.context()?, self.pod.pod()?)?;
        versions.reverse();
        if session.out.json {
            let versions: Vec<_> = versions
                .iter()
                .map(|version| {
                    json!({
                        "version": version.number,
                        "digest": version.digest,
                        "commit": version.commit,
                        "pushed_to": version.pushed_to,
                        "tags": version.tags,
                    })
                })
                .collect();
            session.out.print_json(&versions)?;
            return Ok(0);
        }
        let mut table =
            Table::new(["VERSION", "REVISION", "RESOURCES", "DATE", "AUTHOR", "TAGS", "PUSHED TO", "MESSAGE"]);
        for version in versions {
            table.row([
                version.number.to_string(),
                version.digest.short(),
                version.commit.resources.to_string(),
                time(version.commit.time),
                version.commit.author.name,
                version.tags.join(", "),
                version.pushed_to.join(", "),
                version.commit.message,
            ]);
        }
        session.out.print(&table.render(&session.out))?;
        Ok(0)
    }
}
