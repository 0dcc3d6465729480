//! The emulators that podex knows how to install and start.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Environment, ManagedError, Running, http_status};
use crate::event::Events;
use crate::instance::Emulator;

/// How long a start may take on a busy machine; two seconds are usual.
const PATIENCE: Duration = Duration::from_secs(60);
/// Attempts when a free port that was just found is taken by someone else in the same moment.
const ATTEMPTS: usize = 3;

/// Ports for servers: below what Linux (32768) and other systems (49152) give to outgoing connections.
const PORTS: Range<u16> = 20_000..32_000;

const MINISTACK: Environment = Environment {
    name: "ministack-1.5.33",
    // boto3, because functions import it and the executor runs them in this environment.
    packages: &["ministack==1.5.33", "cryptography", "boto3==1.43.106"],
    python: None,
    uv_options: &[],
};
const MOTO: Environment =
    Environment { name: "moto-5.2.5", packages: &["moto[server]==5.2.5"], python: None, uv_options: &[] };

/// An emulator that podex can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedEmulator {
    /// ministack: small, quick, and its Lambda functions run.
    Ministack,
    /// moto in server mode.
    Moto,
}

impl TryFrom<Emulator> for ManagedEmulator {
    type Error = ManagedError;

    fn try_from(emulator: Emulator) -> Result<Self, ManagedError> {
        match emulator {
            Emulator::Ministack => Ok(Self::Ministack),
            Emulator::Moto => Ok(Self::Moto),
            Emulator::LocalStack => Err(ManagedError::NotManaged { emulator: "LocalStack".to_owned() }),
            Emulator::Unknown => Err(ManagedError::NotManaged { emulator: "an unknown emulator".to_owned() }),
        }
    }
}

impl ManagedEmulator {
    /// As commands and commits name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ministack => "ministack",
            Self::Moto => "moto",
        }
    }

    /// The Python environment it runs in.
    pub fn environment(self) -> Environment {
        match self {
            Self::Ministack => MINISTACK,
            Self::Moto => MOTO,
        }
    }

    fn probe(self) -> &'static str {
        match self {
            Self::Ministack => "/_ministack/ready",
            Self::Moto => "/moto-api/",
        }
    }

    /// The command that serves on 127.0.0.1:`port` from an installed environment, keeping its files in `folder`.
    fn command(self, environment: &Path, folder: &Path, port: u16) -> Command {
        let program = |name: &str| Command::new(environment.join("bin").join(name));
        let mut command = match self {
            Self::Ministack => {
                let mut command = program("ministack");
                command
                    .env("GATEWAY_PORT", port.to_string())
                    .env("BIND_HOST", "127.0.0.1")
                    .env("MINISTACK_HOST", "127.0.0.1")
                    .env("LAMBDA_EXECUTOR", "local")
                    // Both listen on ports of their own otherwise.
                    .env("IOT_MTLS_ENABLED", "0")
                    .env("SFTP_ENABLED", "0")
                    .env("STATE_DIR", folder.join("state"))
                    .env("S3_DATA_DIR", folder.join("s3"));
                command
            }
            Self::Moto => {
                let mut command = program("moto_server");
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
                command.env("MOTO_LAMBDA_DATA_DIR", folder.join("lambda"));
                command
            }
        };
        // Settings meant for the user's own tools would redirect or slow an emulator down.
        for name in ["AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "EDGE_PORT", "SERVICES", "PYTHONPATH"] {
            command.env_remove(name);
        }
        command.env("TMPDIR", folder).current_dir(folder);
        command
    }

    /// Starts it on 127.0.0.1 and waits until it answers. Its files and its log (`log`) go into `folder`, which
    /// must exist; should this process be killed, `whole` is removed: that folder or one around it. `port` None
    /// takes a free one. Gives the process and the port.
    pub fn start(
        self,
        environment: &Path,
        folder: &Path,
        whole: &Path,
        port: Option<u16>,
        events: &Events,
    ) -> Result<(Running, u16), ManagedError> {
        events.phase(format!("start {}", self.name()));
        let log = folder.join("log");
        if let Some(port) = port
            && !is_free(port)
        {
            return Err(ManagedError::PortTaken { port });
        }
        let mut left = if port.is_some() { 1 } else { ATTEMPTS };
        loop {
            left -= 1;
            let port = port.map_or_else(free_port, Ok)?;
            let mut running = Running::start(&mut self.command(environment, folder, port), whole, &log)?;
            let ready = || http_status(port, "GET", self.probe()) == Some(200);
            match running.wait_until(self.name(), &log, PATIENCE, events, ready) {
                Ok(()) => return Ok((running, port)),
                Err(ManagedError::Start { .. }) if left > 0 => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether nothing listens on this port of 127.0.0.1.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port of 127.0.0.1 that is free now. It is from below the range that systems take for outgoing connections, and
/// this process gets it once: else another of its servers or connections may have it before its server starts.
pub fn free_port() -> Result<u16, ManagedError> {
    static NEXT: LazyLock<AtomicUsize> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        AtomicUsize::new(now.subsec_nanos() as usize ^ std::process::id() as usize)
    });
    let ports = || usize::from(PORTS.start) + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS.len();
    let found = std::iter::repeat_with(ports)
        .take(PORTS.len())
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| is_free(*port));
    found.ok_or(ManagedError::NoPort)
}

/// Where environments are kept: `PODEX_EMULATORS`, else a folder in the cache.
pub fn emulators_folder(cache: &Path) -> PathBuf {
    match std::env::var_os("PODEX_EMULATORS") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => cache.join("emulators"),
    }
}
