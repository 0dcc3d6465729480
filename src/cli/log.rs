//! `podex log`.

use clap::Args;

use super::error::CliError;
use super::format::{clean, clean_lines, count, not_read, services, time};
use super::session::Session;
use super::table::Table;
use crate::ops::{VersionSummary, operations, versions};
use crate::pod::PodName;

/// Show a pod's history in full, or what podex did here
///
/// With a pod: each version with author, origin, contents and what could not be read. Without: the operation log.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex log shop
  podex log                 commits, injects, undos, pulls … of this store, newest first")]
pub(super) struct LogCommand {
    /// The pod
    #[arg(value_name = "POD")]
    pod: Option<PodName>,
    /// The pod, named the way LocalStack's commands do it
    #[arg(long, value_name = "POD", conflicts_with = "pod")]
    name: Option<PodName>,
}

impl LogCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let Some(pod) = self.pod.or(self.name) else {
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
        };
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
