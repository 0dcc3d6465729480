//! What every command works with: the flags, where output goes, events and cancellation.

use std::io::Write;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::args::GlobalArgs;
use super::error::CliError;
use super::format::clean_lines;
use super::output::Output;
use super::progress::ProgressLine;
use crate::event::Events;
use crate::ops::{Config, Context, EXIT_CANCELLED, OpError, Overrides, Paths};
use crate::tui::StartAt;

/// One run of the command line.
pub(super) struct Session {
    global: GlobalArgs,
    /// Results.
    pub(super) out: Output,
    /// Progress, warnings and questions.
    pub(super) progress: ProgressLine,
    cancel: CancellationToken,
}

impl Session {
    pub(super) fn new(global: GlobalArgs) -> Self {
        let out = Output::new(global.json, global.quiet, global.no_color);
        let progress = ProgressLine::new(global.quiet, global.no_color);
        Self { global, out, progress, cancel: CancellationToken::new() }
    }

    /// What operations need.
    pub(super) fn context(&self) -> Result<Context, OpError> {
        let GlobalArgs { endpoint, accounts, regions, timeout, read_only, .. } = &self.global;
        let overrides = Overrides {
            endpoint: endpoint.clone(),
            accounts: accounts.clone(),
            regions: regions.clone(),
            timeout: timeout.map(Duration::from_secs),
            read_only: *read_only,
        };
        Context::new(Paths::discover()?, overrides)
    }

    /// Fails where `--read-only` or the configuration forbids changes.
    pub(super) fn may_change(&self) -> Result<(), CliError> {
        if self.global.read_only {
            return Err(CliError::usage("this command changes something: leave --read-only out for that"));
        }
        let file = Paths::discover()?.config_file;
        if Config::load(&file)?.read_only {
            let file = file.display();
            return Err(CliError::usage(format!("this command changes something, and {file} says read_only = true")));
        }
        Ok(())
    }

    /// How the explorer begins.
    pub(super) fn start(&self) -> StartAt {
        StartAt { theme: self.global.theme.clone(), no_color: self.global.no_color, ..StartAt::default() }
    }

    /// Where operations report to.
    pub(super) fn events(&self) -> Events {
        let progress = self.progress.clone();
        Events::new(move |event| progress.show(event), self.cancel.clone())
    }

    /// The first Ctrl-C stops the operation, so that it leaves things tidy; the second ends the process.
    pub(super) fn stop_on_interrupt(&self) {
        let (cancel, progress) = (self.cancel.clone(), self.progress.clone());
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            progress.line("stopping; press Ctrl-C again to end at once");
            cancel.cancel();
            if tokio::signal::ctrl_c().await.is_ok() {
                progress.clear();
                std::process::exit(EXIT_CANCELLED.into());
            }
        });
    }

    /// Whether Ctrl-C was pressed.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Prints the error, once, and gives the exit code.
    pub(super) fn fail(&self, error: &CliError) -> u8 {
        if !error.is_silent() {
            let label = self.progress.paint().red("error:");
            // Nobody is left to be told when standard error is gone.
            let _ = writeln!(std::io::stderr().lock(), "{label} {}", clean_lines(&error.to_string()));
        }
        error.exit_code()
    }
}
