//! `podex log`.

use clap::Args;

use super::args::shifted;
use super::error::CliError;
use super::format::{clean, clean_lines, count, not_read, services, time};
use super::session::Session;
use super::table::Table;
use crate::ops::{Context, VersionSummary, operations, versions, versions_touching};
use crate::pod::{ChangeKind, PodName};

/// Resources named under each version.
const CHANGES: usize = 50;

/// Show a pod's history in full, or what podex did here
///
/// With a pod: each version with author, origin, contents and what could not be read; with a path, the versions that
/// changed something there, and what. Without: the operation log.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex log shop
  podex log shop sqs/queue/orders   the versions that touched that queue
  podex log                 commits, injects, undos, pulls … of this store, newest first")]
pub(super) struct LogCommand {
    /// The pod
    #[arg(value_name = "POD")]
    pod: Option<String>,
    /// Only versions that changed what this names, as 'podex inspect' takes it
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// The pod, named the way LocalStack's commands do it
    #[arg(long, value_name = "POD")]
    name: Option<PodName>,
}

impl LogCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        if self.pod.is_none() && self.name.is_none() {
            let records = operations(&context)?;
            if session.out.json {
                session.out.print_json(&records)?;
                return Ok(0);
            }
            let mut table = Table::new(["DATE", "OPERATION", "ENDPOINT", "WHAT"]);
            for record in records {
                table.row([time(record.time), record.operation, record.endpoint.unwrap_or_default(), record.summary]);
            }
            session.out.print(&table.render(&session.out))?;
            return Ok(0);
        }
        let (pod, path) = shifted::<PodName>(self.name, self.pod.as_deref(), self.path.as_deref())?;
        if let Some(path) = path {
            return touching(session, &context, &pod, &path);
        }
        let mut versions = versions(&context, &pod)?;
        versions.reverse();
        if session.out.json {
            session.out.print_json(&versions)?;
            return Ok(0);
        }
        let entries: Vec<String> = versions.iter().map(|version| entry(session, &pod, version)).collect();
        session.out.print(&entries.join("\n"))?;
        Ok(0)
    }
}

/// The versions that changed something, newest first.
fn touching(session: &Session, context: &Context, pod: &PodName, path: &str) -> Result<u8, CliError> {
    let mut touched = versions_touching(context, pod, path)?;
    touched.reverse();
    if session.out.json {
        session.out.print_json(&touched)?;
        return Ok(0);
    }
    let entries = touched.iter().map(|touched| {
        let mut text = entry(session, pod, &touched.version);
        for (kind, key) in touched.changes.iter().take(CHANGES) {
            let mark = match kind {
                ChangeKind::Added => session.out.paint.green("+"),
                ChangeKind::Modified => session.out.paint.yellow("~"),
                ChangeKind::Removed => session.out.paint.red("-"),
            };
            let name = format!("{}/{}  {} {}", key.service, key.label(), key.account, key.region);
            text.push_str(&format!("\n  {mark} {}", clean(&name)));
        }
        let left = touched.changes.len().saturating_sub(CHANGES);
        if left > 0 {
            text.push_str(&format!("\n    … {}", count(left as u64, "more resource")));
        }
        text.push('\n');
        text
    });
    session.out.print(&entries.collect::<Vec<_>>().join("\n"))?;
    Ok(0)
}

fn entry(session: &Session, pod: &PodName, version: &VersionSummary) -> String {
    let VersionSummary { number, digest, commit, pushed_to, tags } = version;
    let mut title = format!("{pod}:{number} {}", digest.short());
    if !tags.is_empty() {
        title.push_str(&format!(" [{}]", tags.join(", ")));
    }
    if !pushed_to.is_empty() {
        title.push_str(&format!(" (on {})", pushed_to.join(", ")));
    }
    let mut text = session.out.paint.yellow(&title);
    let mut line = |name: &str, value: &str| text.push_str(&format!("\n{name:8}{value}"));
    line("Author:", &clean(&commit.author.to_string()));
    line("Date:", &time(commit.time));
    let instance = &commit.instance;
    line("From:", &clean(&format!("{} {} at {}", instance.emulator, instance.version, instance.endpoint)));
    let held = services(&commit.report);
    let held = if held.is_empty() { held } else { format!(": {held}") };
    line("Holds:", &format!("{}{held}", count(commit.resources, "resource")));
    for left in not_read(&commit.report) {
        line("Note:", &left);
    }
    text.push('\n');
    if !commit.message.is_empty() {
        for line in clean_lines(&commit.message).lines() {
            text.push_str(&format!("\n    {line}"));
        }
        text.push('\n');
    }
    text
}
