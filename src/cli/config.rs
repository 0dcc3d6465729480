//! `podex config`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CliError;
use super::session::Session;
use crate::ops::Paths;

/// Show where podex keeps its files
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex config path
  $EDITOR $(podex config path)

The file is TOML, and everything in it is optional:
  endpoint = 'http://localhost:4566'
  accounts = ['000000000000']
  regions = ['eu-west-1']
  theme = 'dark'
  author = { name = 'Alice', email = 'alice@example.com' }

  [[remote]]
  name = 'team'
  url = 'oci://registry.example.com/pods'

Set PODEX_HOME to a folder to keep everything in it.")]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print the path of the configuration file; with --json also those of data and cache
    Path,
}

impl ConfigCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let Action::Path = self.action;
        let paths = Paths::discover()?;
        if session.out.json {
            session.out.print_json(&json!({
                "config": paths.config_file,
                "data": paths.data,
                "cache": paths.cache,
            }))?;
        } else {
            session.out.print(&paths.config_file.display().to_string())?;
        }
        Ok(0)
    }
}
