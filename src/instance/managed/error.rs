//! What can go wrong with a managed emulator.

use std::path::{Path, PathBuf};

use crate::instance::InstanceError;

/// A managed emulator that could not be installed, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ManagedError {
    /// Neither uv nor a fitting Python is on this machine.
    #[error(
        "{what} needs Python {needed}, and neither that nor uv was found: install one of them, or start an emulator yourself and name it with --endpoint or PODEX_ENDPOINT"
    )]
    NoPython {
        /// What was to be installed.
        what: String,
        /// `3.10 or newer`, `3.13`.
        needed: String,
    },
    /// An installer failed.
    #[error("cannot install {what}: {reason}")]
    Install {
        /// What was to be installed.
        what: String,
        /// The installer's last words, and what to do.
        reason: String,
    },
    /// The emulator ended, or did not answer in time.
    #[error("cannot start {what}: {reason}\nits log is {log}")]
    Start {
        /// The emulator.
        what: String,
        /// What happened, with the log's last lines.
        reason: String,
        /// The whole log.
        log: PathBuf,
    },
    /// The port asked for is in use.
    #[error("port {port} is in use: choose another with --port, or leave it out to get a free one")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// Every port that servers are started on is in use.
    #[error("no port of 127.0.0.1 is free for another server: end some, or choose one with --port")]
    NoPort,
    /// podex manages only some emulators.
    #[error("podex cannot start {emulator}: choose ministack or moto")]
    NotManaged {
        /// The emulator asked for.
        emulator: String,
    },
    /// No such managed instance is running.
    #[error("no managed instance runs at {endpoint}; 'podex instance list' shows those that do")]
    NotRunning {
        /// The endpoint asked for.
        endpoint: String,
    },
    /// The file system or the process table refused.
    #[error("{path}: {source}")]
    Io {
        /// The file, folder or program.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl ManagedError {
    /// Names the file or program an I/O error is about; for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }
}

impl From<ManagedError> for InstanceError {
    fn from(error: ManagedError) -> Self {
        match error {
            ManagedError::Cancelled => Self::Cancelled,
            other => Self::Managed(other),
        }
    }
}
