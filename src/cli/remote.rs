//! `podex remote`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::error::CliError;
use super::session::Session;
use super::table::Table;
use crate::ops::{remote_add, remote_list, remote_remove};
use crate::pod::RemoteName;
use crate::remote::RemoteConfig;

/// Manage the places where pods are shared
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex remote add team oci://registry.example.com/pods
  podex remote add disk file:///srv/pods
  podex remote list
  podex remote remove disk")]
pub(super) struct RemoteCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a remote to the configuration
    Add {
        /// What to call it
        name: RemoteName,
        /// oci://host[:port]/path or file:///dir; credentials come from the docker configuration, never from here
        url: String,
        /// A PEM file with the certificate authority of a private registry
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
    },
    /// List the configured remotes
    List,
    /// Remove a remote from the configuration; its pods stay where they are
    Remove {
        /// Which
        name: RemoteName,
    },
}

impl RemoteCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        !matches!(self.action, Action::List)
    }

    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        match self.action {
            Action::Add { name, url, ca_file } => {
                let ca_file = ca_file.map(std::path::absolute).transpose()?;
                remote_add(&context, RemoteConfig { name: name.clone(), url, ca_file })?;
                session.out.say(&format!("added {name}: 'podex push POD {name}' shares a pod there"))?;
            }
            Action::List => {
                let remotes = remote_list(&context)?;
                if session.out.json {
                    session.out.print_json(&remotes)?;
                } else if remotes.is_empty() {
                    session.out.say("no remotes yet: add one with 'podex remote add NAME URL'")?;
                } else {
                    let mut table = Table::new(["REMOTE", "URL"]);
                    remotes.iter().for_each(|remote| table.row([remote.name.as_str(), remote.url.as_str()]));
                    session.out.print(&table.render(&session.out))?;
                }
            }
            Action::Remove { name } => {
                remote_remove(&context, &name)?;
                session.out.say(&format!("removed {name}; its pods stay where they are"))?;
            }
        }
        Ok(0)
    }
}
