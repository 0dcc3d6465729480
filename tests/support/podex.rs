//! The real program, run as a user would.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::emulator::Emulator;
use super::{cache, scratch};

/// A user of podex: a home of their own, and a name on their commits.
pub struct Podex {
    home: TempDir,
    author: String,
    environment: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was run.
    pub command: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Podex {
    /// A user with an empty home.
    pub fn new(author: &str) -> Self {
        Self { home: scratch("home"), author: author.to_owned(), environment: Vec::new() }
    }

    /// Works on this emulator from now on.
    pub fn at(self, emulator: &Emulator) -> Self {
        self.with("PODEX_ENDPOINT", &emulator.endpoint())
    }

    /// Sets an environment variable for all runs to come; the last one of a name wins.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The user's `PODEX_HOME`.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command, for tests that want to watch it run.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podex"));
        command.args(args).env_clear().current_dir(self.home()).stdin(Stdio::null());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        // What the tests have fetched already need not be fetched by every user again.
        command.env("PODEX_EMULATORS", cache());
        command.env("HOME", self.home()).env("PODEX_HOME", self.home()).env("PODEX_AUTHOR", &self.author);
        command.env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end with at most so many MiB of memory: it crashes where it wants more.
    pub fn run_within<S: AsRef<std::ffi::OsStr>>(&self, mebibytes: u64, args: impl IntoIterator<Item = S>) -> Outcome {
        let command = self.command(args);
        let mut limited = Command::new("sh");
        let script = format!("ulimit -d {}; exec \"$0\" \"$@\"", mebibytes << 10);
        limited.args(["-c", &script]).arg(command.get_program()).args(command.get_args());
        limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        limited.current_dir(self.home()).stdin(Stdio::null());
        outcome(limited)
    }

    /// Runs it to its end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        outcome(self.command(args))
    }
}

fn outcome(mut command: Command) -> Outcome {
    let output = command.output().expect("podex runs");
    Outcome {
        command: format!("{command:?}").rsplit_once("podex\"").map_or_else(String::new, |(_, args)| args.to_owned()),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Outcome {
    /// Panics, showing everything, unless it ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "podex{}\n--- out\n{}--- err\n{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("podex{}: not JSON ({error}):\n{}", self.command, self.stdout))
    }
}
