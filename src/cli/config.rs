//! `podex config`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CliError;
use super::session::Session;
use crate::ops::{Config, EXIT_USAGE, Paths};
use crate::tui;

/// Show, check and describe the configuration
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex config path
  podex config show
  podex config check
  podex config schema > podex.schema.json
  $EDITOR $(podex config path)

The file is TOML, and everything in it is optional:
  endpoint = 'http://localhost:4566'
  accounts = ['000000000000']
  regions = ['eu-west-1']
  timeout = 30
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
    /// Print what is in force, and where the endpoint was named
    Show,
    /// Say what is wrong with configuration, key map and themes; exits with 2 when something is
    Check,
    /// Print the JSON schema of the configuration file
    Schema,
}

/// Describes `config.toml` to editors and other programs.
const SCHEMA: &str = include_str!("../../assets/config.schema.json");

impl ConfigCommand {
    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        match self.action {
            Action::Path => path(session),
            Action::Show => show(session),
            Action::Check => check(session),
            Action::Schema => {
                session.out.print(SCHEMA.trim_end())?;
                Ok(0)
            }
        }
    }
}

fn show(session: &Session) -> Result<u8, CliError> {
    let context = session.context()?;
    let config = Config::load(&context.paths.config_file)?;
    let value = json!({
        "endpoint": context.endpoint_text(),
        "accounts": context.accounts,
        "regions": context.regions,
        "timeout": context.timeout.as_secs(),
        "author": context.author,
        "theme": context.theme,
        "mouse": context.mouse,
        "watch_seconds": context.watch.as_secs(),
        "read_only": context.read_only,
        "remote": config.remotes,
    });
    if session.out.json {
        session.out.print_json(&value)?;
        return Ok(0);
    }
    let mut lines = vec![format!("# {}", context.origin)];
    for (name, value) in value.as_object().into_iter().flatten() {
        let lists = value.as_array().into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>();
        match value {
            serde_json::Value::Array(_) => lines.push(format!("{name} = [{}]", lists.join(", "))),
            serde_json::Value::Null => lines.push(format!("# {name} is not set")),
            other => lines.push(format!("{name} = {other}")),
        }
    }
    session.out.print(&lines.join("\n"))?;
    Ok(0)
}

fn check(session: &Session) -> Result<u8, CliError> {
    let paths = Paths::discover()?;
    let mut faults: Vec<String> =
        Config::load(&paths.config_file).err().map(|error| error.to_string()).into_iter().collect();
    faults.extend(tui::faults(&paths));
    if session.out.json {
        session.out.print_json(&json!({"faults": faults}))?;
    } else if faults.is_empty() {
        session.out.print("configuration, key map and themes are fine")?;
    } else {
        session.out.print(&faults.join("\n"))?;
    }
    Ok(if faults.is_empty() { 0 } else { EXIT_USAGE })
}

fn path(session: &Session) -> Result<u8, CliError> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_schema_names_what_the_configuration_knows() {
        let schema: serde_json::Value = serde_json::from_str(super::SCHEMA).unwrap();
        let described: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        // What is not known is answered with all that is.
        let error = toml::from_str::<crate::ops::Config>("no-such-field = 1").unwrap_err().to_string();
        let known: BTreeSet<&str> = error.rsplit("expected").next().unwrap().split('`').skip(1).step_by(2).collect();
        assert_eq!(described, known);
    }
}
