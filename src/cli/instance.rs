//! `podex instance`.

use clap::{Args, Subcommand, ValueEnum};

use super::error::CliError;
use super::format::time;
use super::session::Session;
use super::table::Table;
use crate::aws::Endpoint;
use crate::instance::Emulator;
use crate::ops::{ManagedInstance, instance_list, instance_start, instance_stop};

/// Run an emulator that podex installs and starts itself
///
/// It listens on 127.0.0.1 only. Commands find it by themselves unless an endpoint is named.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex instance start
  podex instance start moto --port 5000
  podex instance list
  podex instance stop")]
pub(super) struct InstanceCommand {
    #[command(subcommand)]
    action: Action,
}

/// The emulators podex can run.
#[derive(Clone, Copy, ValueEnum)]
enum Managed {
    Ministack,
    Moto,
}

#[derive(Subcommand)]
enum Action {
    /// Install the emulator where that is needed, and start it
    Start {
        /// Which
        #[arg(value_enum, default_value = "ministack")]
        emulator: Managed,
        /// Where it listens; else a free port
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
    },
    /// Stop the emulators podex runs
    Stop {
        /// Only the one at this endpoint
        #[arg(value_name = "ENDPOINT")]
        at: Option<Endpoint>,
    },
    /// List the emulators podex runs
    List,
}

impl InstanceCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        !matches!(self.action, Action::List)
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        match self.action {
            Action::Start { emulator, port } => {
                let emulator = match emulator {
                    Managed::Ministack => Emulator::Ministack,
                    Managed::Moto => Emulator::Moto,
                };
                let started = instance_start(&context, emulator, port, &session.events()).await?;
                session.progress.clear();
                if session.out.json {
                    session.out.print_json(&started)?;
                } else {
                    session.out.say(&format!("{} listens at {}", started.emulator, started.endpoint))?;
                }
            }
            Action::Stop { at } => {
                let stopped = instance_stop(&context, at.as_ref()).await?;
                if session.out.json {
                    session.out.print_json(&stopped)?;
                } else if stopped.is_empty() {
                    session.out.say("there was none to stop")?;
                } else {
                    let names = stopped.iter().map(|one| format!("stopped {} at {}", one.emulator, one.endpoint));
                    session.out.say(&names.collect::<Vec<_>>().join("\n"))?;
                }
            }
            Action::List => list(session, &instance_list(&context)?)?,
        }
        Ok(0)
    }
}

fn list(session: &Session, running: &[ManagedInstance]) -> Result<(), CliError> {
    if session.out.json {
        return session.out.print_json(&running);
    }
    if running.is_empty() {
        return session.out.say("podex runs no emulator: 'podex instance start' does");
    }
    let mut table = Table::new(["EMULATOR", "ENDPOINT", "PID", "STARTED"]);
    for one in running {
        table.row([one.emulator.clone(), one.endpoint.clone(), one.pid.to_string(), time(one.started)]);
    }
    session.out.print(&table.render(&session.out))
}
