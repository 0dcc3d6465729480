//! `podex remote`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::error::CliError;
use super::session::Session;
use super::table::Table;
use crate::ops::{remote_add, remote_list, remote_login, remote_remove};
use crate::pod::RemoteName;
use crate::remote::{RemoteConfig, SecretsMode};

/// Manage the places where pods are shared
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex remote add team oci://registry.example.com/pods
  podex remote add bucket s3://our-bucket/pods --profile team
  podex remote add minio s3://pods --s3-endpoint https://minio.example.com
  podex remote add disk file:///srv/pods
  podex remote add safe file:///srv/safe --recipient \"$(cat ~/.ssh/id_ed25519.pub)\"
  pass show registry | podex remote login team --username bob --password-stdin
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
        /// oci://host[:port]/path, s3://bucket[/prefix] or file:///dir; credentials come from docker's and AWS's own
        /// configuration, never from here
        url: String,
        #[command(flatten)]
        options: RemoteOptions,
    },
    /// List the configured remotes
    List,
    /// Hand a login for a registry to docker's credential helper; podex keeps no password
    Login {
        /// Which
        name: RemoteName,
        /// The user name
        #[arg(long, short)]
        username: String,
        /// Read the password or token from standard input (the only way: a command line is seen by others)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Remove a remote from the configuration; its pods stay where they are
    Remove {
        /// Which
        name: RemoteName,
    },
}

/// What is particular to some remotes.
#[derive(Args)]
struct RemoteOptions {
    /// A PEM file with the certificate authority of a private registry or store
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The address of a store that speaks S3 but is not AWS (AWS_ENDPOINT_URL is the emulator, and not used here)
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// The bucket's region
    #[arg(long, value_name = "REGION")]
    s3_region: Option<String>,
    /// The AWS profile to use; else the environment's credentials, else AWS_PROFILE or the default profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// What becomes of secret values that are pushed there; encrypt where there are recipients, else redact
    #[arg(long, value_name = "MODE", value_enum)]
    secrets: Option<SecretsMode>,
    /// A public key that secrets are encrypted to, age1… or an SSH key's; repeat it for each teammate
    #[arg(long = "recipient", value_name = "KEY")]
    recipients: Vec<String>,
}

impl RemoteCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        !matches!(self.action, Action::List)
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        match self.action {
            Action::Add { name, url, options } => {
                let RemoteOptions { ca_file, s3_endpoint, s3_region, profile, secrets, recipients } = options;
                let ca_file = ca_file.map(std::path::absolute).transpose()?;
                let config = RemoteConfig::new(name.clone(), url);
                let config = RemoteConfig { ca_file, s3_endpoint, s3_region, profile, secrets, recipients, ..config };
                remote_add(&context, config)?;
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
            Action::Login { name, username, password_stdin: _ } => {
                let password = std::io::read_to_string(std::io::stdin())?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                if password.is_empty() {
                    return Err(CliError::usage("standard input holds no password"));
                }
                let host = remote_login(&context, &name, username, password).await?;
                session.out.say(&format!("the login for {host} is with docker's credential helper"))?;
            }
            Action::Remove { name } => {
                remote_remove(&context, &name)?;
                session.out.say(&format!("removed {name}; its pods stay where they are"))?;
            }
        }
        Ok(0)
    }
}
