//! `podex list`.

use clap::Args;
use serde_json::json;

use super::error::CliError;
use super::format::time;
use super::session::Session;
use super::table::Table;
use crate::ops::{PodSummary, RemotePod, pods, remote_pods};
use crate::pod::RemoteName;

/// List the pods here, or on a remote
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex list
  podex list team
  podex list --json | jq -r '.[].name'")]
pub(super) struct ListCommand {
    /// List the pods of this remote
    #[arg(value_name = "REMOTE")]
    remote: Option<RemoteName>,
}

impl ListCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        match &self.remote {
            None => local(session, &pods(&context)?),
            Some(remote) => {
                let pods = remote_pods(&context, remote, &session.events()).await?;
                session.progress.clear();
                of_remote(session, remote, &pods)
            }
        }
    }
}

fn table() -> Table {
    Table::new(["POD", "VERSIONS", "REVISION", "RESOURCES", "DATE", "AUTHOR", "MESSAGE"])
}

fn local(session: &Session, pods: &[PodSummary]) -> Result<u8, CliError> {
    if session.out.json {
        let pods: Vec<_> = pods
            .iter()
            .map(|pod| {
                json!({
                    "name": pod.name,
                    "versions": pod.versions,
                    "digest": pod.head.as_ref().map(|(digest, _)| digest),
                    "head": pod.head.as_ref().map(|(_, commit)| commit),
                    "fault": pod.fault,
                })
            })
            .collect();
        session.out.print_json(&pods)?;
        return Ok(0);
    }
    if pods.is_empty() {
        session.out.say("no pods yet: 'podex commit POD' makes one, 'podex pull REMOTE/POD' gets one")?;
        return Ok(0);
    }
    let mut table = table();
    for PodSummary { name, versions, head, fault, .. } in pods {
        let (name, versions) = (name.to_string(), versions.to_string());
        match head {
            Some((digest, commit)) => table.row([
                name,
                versions,
                digest.short(),
                commit.resources.to_string(),
                time(commit.time),
                commit.author.name.clone(),
                commit.message.clone(),
            ]),
            None => table.row([name.as_str(), versions.as_str(), "-", "-", "-", "-", "cannot be read"]),
        }
        if let Some(fault) = fault {
            session.progress.warn(fault);
        }
    }
    session.out.print(&table.render(&session.out))?;
    Ok(0)
}

fn of_remote(session: &Session, remote: &RemoteName, pods: &[RemotePod]) -> Result<u8, CliError> {
    if session.out.json {
        let pods: Vec<_> = pods
            .iter()
            .map(|pod| {
                let head = pod.versions.last();
                json!({
                    "name": pod.name,
                    "versions": pod.versions.len(),
                    "beside": pod.beside.iter().map(|commit| commit.digest).collect::<Vec<_>>(),
                    "digest": head.map(|version| version.digest),
                    "head": head.map(|version| &version.commit),
                })
            })
            .collect();
        session.out.print_json(&pods)?;
        return Ok(0);
    }
    if pods.is_empty() {
        session.out.say(&format!("{remote} has no pods yet: 'podex push POD {remote}' shares one"))?;
        return Ok(0);
    }
    let mut table = table();
    for pod in pods {
        let beside = if pod.beside.is_empty() { String::new() } else { format!(" +{}", pod.beside.len()) };
        let (name, versions) = (format!("{remote}/{}", pod.name), format!("{}{beside}", pod.versions.len()));
        match pod.versions.last() {
            Some(head) => table.row([
                name,
                versions,
                head.digest.short(),
                head.commit.resources.to_string(),
                time(head.commit.time),
                head.commit.author.name.clone(),
                head.commit.message.clone(),
            ]),
            None => table.row([name.as_str(), versions.as_str(), "-", "-", "-", "-", ""]),
        }
    }
    session.out.print(&table.render(&session.out))?;
    Ok(0)
}
