//! `podex versions`.

use clap::Args;
use serde_json::json;

use super::args::ReferenceArg;
use super::error::CliError;
use super::format::time;
use super::session::Session;
use super::table::Table;
use crate::ops::{remote_history, versions};
use crate::pod::{Commit, Digest, PodName, Reference, RemoteName, Selector};
use crate::remote::RemoteHistory;

/// List the versions of a pod, here or on a remote, newest first
///
/// On a remote it also lists, above the versions, the commits that were pushed while somebody else took their number:
/// 'podex merge POD REMOTE/POD@REVISION' joins one.
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
    let history = remote_history(&session.context()?, remote, pod, &session.events()).await?;
    session.progress.clear();
    let lines = newest_first(&history);
    if session.out.json {
        let versions: Vec<_> = lines
            .map(|(number, digest, commit)| json!({"version": number, "digest": digest, "commit": commit}))
            .collect();
        session.out.print_json(&versions)?;
        return Ok(0);
    }
    let mut table = Table::new(["VERSION", "REVISION", "RESOURCES", "DATE", "AUTHOR", "MESSAGE"]);
    for (number, digest, commit) in lines {
        table.row([
            number.map_or_else(|| "unnumbered".to_owned(), |number| number.to_string()),
            digest.short(),
            commit.resources.to_string(),
            time(commit.time),
            commit.author.name.clone(),
            commit.message.clone(),
        ]);
    }
    session.out.print(&table.render(&session.out))?;
    for tip in history.tips() {
        let short = tip.digest.short();
        session.progress.warn(&format!("{short} waits to be joined: 'podex merge {pod} {remote}/{pod}@{short}'"));
    }
    Ok(0)
}

/// What waits beside the versions, then the versions.
fn newest_first(history: &RemoteHistory) -> impl Iterator<Item = (Option<u64>, &Digest, &Commit)> {
    let beside = history.beside.iter().rev().map(|commit| (None, &commit.digest, &commit.commit));
    let versions = history.versions.iter().rev();
    beside.chain(versions.map(|version| (Some(version.number), &version.digest, &version.commit)))
}
