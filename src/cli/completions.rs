//! `podex completions`.

use clap::Args;
use clap_complete::Shell;

use super::error::CliError;
use super::session::Session;

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex completions bash > ~/.local/share/bash-completion/completions/podex
  podex completions zsh > ~/.zfunc/_podex
  podex completions fish > ~/.config/fish/completions/podex.fish")]
pub(super) struct CompletionsCommand {
    /// Which shell
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self, session: &Session, mut command: clap::Command) -> Result<u8, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "podex", &mut script);
        session.out.print(&String::from_utf8_lossy(&script))?;
        Ok(0)
    }
}
