//! `podex demo`.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::explore::has_terminal;
use super::format::count;
use super::session::Session;
use crate::ops::{Demo, demo, pods, remote_pods, write_samples};
use crate::tui::StartAt;

/// Try podex on sample applications, with an emulator and pods of their own
///
/// Starts an emulator on 127.0.0.1, builds two applications in it, and opens the explorer over their pods and a
/// teammate's remote. Nothing of yours is read or changed, and all of it goes when you quit. Without Python it opens
/// on sample pods instead.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex demo
  podex demo --no-explorer       say what it holds, and end
  podex demo --keep              leave emulator and pods there; it says where")]
pub(super) struct DemoCommand {
    /// Leave the emulator running and the pods where they are
    #[arg(long)]
    keep: bool,
    /// Print what the demo holds instead of opening the explorer
    #[arg(long)]
    no_explorer: bool,
    /// Write the remote's pods as the samples that podex carries
    #[arg(long, hide = true, value_name = "FILE")]
    write_samples: Option<PathBuf>,
}

impl DemoCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let demo = demo(&session.events()).await?;
        session.progress.clear();
        if let Some(file) = &self.write_samples {
            write_samples(&demo, file)?;
        }
        if self.no_explorer || session.out.json || !has_terminal() {
            show(session, &demo).await?;
        } else {
            let start = StartAt { notice: Some(demo.summary.notice.clone()), ..session.start() };
            super::explore::open(demo.context.clone(), start).await?;
        }
        if self.keep {
            let endpoint = demo.summary.endpoint.clone();
            let home = demo.keep();
            let emulator =
                endpoint.map_or_else(String::new, |endpoint| format!("; its emulator runs on at {endpoint}"));
            session.out.say(&format!(
                "the demo stays in {home}{emulator}\nuse it with PODEX_HOME={home}; to end it: PODEX_HOME={home} podex instance stop; rm -r {home}",
                home = home.display()
            ))?;
        }
        Ok(0)
    }
}

/// Says what the demo holds.
async fn show(session: &Session, demo: &Demo) -> Result<(), CliError> {
    if session.out.json {
        return session.out.print_json(&demo.summary);
    }
    let mut lines = Vec::new();
    match &demo.summary.endpoint {
        Some(endpoint) => lines.push(format!("emulator  ministack at {endpoint}")),
        None => lines.push(demo.summary.notice.clone()),
    }
    for pod in pods(&demo.context)? {
        let newest = pod.head.map(|(_, commit)| format!(", newest by {}: {}", commit.author.name, commit.message));
        lines.push(format!(
            "pod       {} ({}{})",
            pod.name,
            count(pod.versions, "version"),
            newest.unwrap_or_default()
        ));
    }
    for remote in crate::ops::remote_list(&demo.context)? {
        for pod in remote_pods(&demo.context, &remote.name, &session.events()).await? {
            let versions = count(pod.versions.len() as u64, "version");
            lines.push(format!("remote    {}/{} ({versions})", remote.name, pod.name));
        }
    }
    session.progress.clear();
    session.out.print(&lines.join("\n"))
}
