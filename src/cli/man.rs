//! `podex man`.

use clap::Args;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::error::CliError;
use super::session::Session;
use crate::tui::{TuiError, key_groups};

/// Print the manual page: of podex with every key of the explorer, or of one command
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex man > ~/.local/share/man/man1/podex.1
  podex man inject | man -l -")]
pub(super) struct ManCommand {
    /// A command; none means podex itself
    command: Option<String>,
}

impl ManCommand {
    pub(super) fn run(self, session: &Session, mut podex: clap::Command) -> Result<u8, CliError> {
        podex.build();
        let mut page = Vec::new();
        match &self.command {
            Some(name) => {
                let found = podex.find_subcommand(name);
                let command = found.ok_or_else(|| CliError::usage(format!("there is no command {name:?}")))?;
                let title = format!("podex-{}", command.get_name());
                Man::new(command.clone()).title(title).render(&mut page)?;
            }
            None => {
                Man::new(podex).render(&mut page)?;
                keys()?.to_writer(&mut page)?;
            }
        }
        session.out.print(String::from_utf8_lossy(&page).trim_end())?;
        Ok(0)
    }
}

/// The keys of the explorer, as a section of the page.
fn keys() -> Result<Roff, CliError> {
    let groups = key_groups().map_err(TuiError::from);
    let groups = groups.map_err(|error| CliError::Explorer { message: error.to_string(), code: error.exit_code() })?;
    let mut roff = Roff::new();
    roff.control("SH", ["KEYS OF THE EXPLORER"]);
    for group in groups {
        roff.control("SS", [group.title]);
        for row in group.rows {
            roff.control("TP", []);
            roff.text([bold(row.keys.join("  "))]);
            let command = row.command.map(|command| format!(" ({command})")).unwrap_or_default();
            roff.text([roman(format!("{}{command}", row.description))]);
        }
    }
    Ok(roff)
}
