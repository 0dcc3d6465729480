//! `podex versions`.

use clap::Args;
use serde_json::json;

use super::args::ReferenceArg;
use super::error::CliError;
use super::format::time;
use super::session::Session;
use super::table::Table;
use crate::ops::{remote_versions, versions};
use crate::pod::{PodName, Reference, RemoteName, Selector};

/// List the versions of a pod, here or on a remote, newest first
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex versions shop
  podex versions team/shop     on a remote, without downloading anything
  podex versions shop --json | jq '.[0].digest'")]
pub(super) struct VersionsCommand {
    #[command(flatten)]
    reference: ReferenceArg,
}

impl VersionsCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        match self.reference.reference()? {
            Reference::Pod { remote: None, pod, selector: Selector::Head } => local(session, pod),
            Reference::Pod { remote: Some(remote), pod, selector: Selector::Head } => {
                of_remote(session, remote, pod).await
            }
            _ => Err(CliError::usage("name a pod, as in shop or team/shop, not one version")),
        }
    }
}

fn local(session: &Session, pod: &PodName) -> Result<u8, CliError> {
    let mut versions = versions(&session.context()?, pod)?;
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
    let mut table = Table::new(["VERSION", "REVISION", "RESOURCES", "DATE", "AUTHOR", "TAGS", "PUSHED TO", "MESSAGE"]);
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

async fn of_remote(session: &Session, remote: &RemoteName, pod: &PodName) -> Result<u8, CliError> {
    let mut versions = remote_versions(&session.context()?, remote, pod, &session.events()).await?;
    session.progress.clear();
    versions.reverse();
    if session.out.json {
        let versions: Vec<_> = versions
            .iter()
            .map(|version| json!({"version": version.number, "digest": version.digest, "commit": version.commit}))
            .collect();
        session.out.print_json(&versions)?;
        return Ok(0);
    }
    let mut table = Table::new(["VERSION", "REVISION", "RESOURCES", "DATE", "AUTHOR", "MESSAGE"]);
    for version in versions {
        table.row([
            version.number.to_string(),
            version.digest.short(),
            version.commit.resources.to_string(),
            time(version.commit.time),
            version.commit.author.name,
            version.commit.message,
        ]);
    }
    session.out.print(&table.render(&session.out))?;
    Ok(0)
}
