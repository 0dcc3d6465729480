//! `podex bisect`.

use std::process::Stdio;

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::process::Command;

use super::error::CliError;
use super::format::clean;
use super::session::Session;
use crate::instance::Emulator;
use crate::ops::{BisectOutcome, EXIT_PARTLY, OpError, Verdict, resolve};
use crate::pod::{Digest, Reference};

/// Exit code by which a command says that a version cannot be judged, as with git.
const SKIP: i32 = 125;

/// Find the version that broke something, by running a command against versions in an emulator of their own
///
/// Starts an emulator, puts versions between GOOD and BAD into it and runs the command after each. It finds the
/// emulator by AWS_ENDPOINT_URL, and by test credentials in the environment. Exit code 0 means the version is good, 125
/// that it cannot be judged, any other that it is bad. GOOD and BAD themselves are tried first.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex bisect shop:1 shop -- pytest tests/test_orders.py
  podex bisect shop:3 shop:9 --emulator moto -- sh -c 'aws sqs get-queue-url --queue-name orders'")]
pub(super) struct BisectCommand {
    /// A version that works
    #[arg(value_name = "GOOD")]
    good: Reference,
    /// A later version of the same pod that does not
    #[arg(value_name = "BAD")]
    bad: Reference,
    /// Which emulator to start
    #[arg(long, value_enum, default_value_t = Kind::Ministack)]
    emulator: Kind,
    /// The command, after '--'
    #[arg(value_name = "COMMAND", last = true, required = true)]
    command: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Ministack,
    Moto,
}

impl BisectCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let (Reference::Pod { .. }, Reference::Pod { pod, .. }) = (&self.good, &self.bad) else {
            return Err(CliError::usage("@live has no history: name two versions of a pod"));
        };
        let context = session.context()?;
        let events = session.events();
        let ends = [resolve(&context, &self.good, &events).await?.0, resolve(&context, &self.bad, &events).await?.0];
        let emulator = match self.emulator {
            Kind::Ministack => Emulator::Ministack,
            Kind::Moto => Emulator::Moto,
        };
        let command = &self.command;
        let judge = async |endpoint: String, digest: Digest| {
            session.progress.clear();
            let verdict = judge(command, &endpoint).await?;
            let word = match verdict {
                Verdict::Good => session.progress.paint().green("good"),
                Verdict::Bad => session.progress.paint().red("bad"),
                Verdict::Skip => session.progress.paint().yellow("skipped"),
            };
            session.progress.line(&format!("{} {word}", digest.short()));
            Ok(verdict)
        };
        let outcome = crate::ops::bisect(&context, pod, ends, emulator, &events, judge).await?;
        session.progress.clear();
        let BisectOutcome { suspects, tried } = &outcome;
        if session.out.json {
            session.out.print_json(&json!({"suspects": suspects, "tried": tried}))?;
        } else {
            let title = if suspects.len() == 1 { "the first bad version:" } else { "the first bad version is one of:" };
            let mut text = title.to_owned();
            for digest in suspects {
                let commit = context.store.commit(digest)?;
                let number = context.store.versions(pod).ok();
                let number = number.and_then(|all| all.into_iter().find(|entry| entry.commit == *digest));
                let name = match number {
                    Some(entry) => format!("{pod}:{}", entry.number),
                    None => format!("{pod}@{}", digest.short()),
                };
                text.push_str(&format!("\n  {name} {}  {}", digest.short(), clean(&commit.message)));
                text.push_str(&format!("\n  {}", session.out.paint.dim(&clean(&commit.author.to_string()))));
            }
            text.push_str(&format!(
                "\n'podex diff' with the version before shows what it changed; {} tried",
                tried.len()
            ));
            session.out.print(&text)?;
        }
        Ok(if suspects.len() == 1 { 0 } else { EXIT_PARTLY })
    }
}

/// Runs the command against an emulator.
async fn judge(command: &[String], endpoint: &str) -> Result<Verdict, OpError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(Verdict::Skip) };
    let status = Command::new(program)
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("PODEX_ENDPOINT", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::null())
        // What it prints is no result of podex's.
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| OpError::Request(format!("'{program}' cannot be run: {error}")))?;
    Ok(match status.code() {
        Some(0) => Verdict::Good,
        Some(SKIP) => Verdict::Skip,
        _ => Verdict::Bad,
    })
}
