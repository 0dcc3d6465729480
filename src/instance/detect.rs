//! Finds out which emulator answers at an endpoint.

use std::time::Duration;

use serde_json::Value;

use super::{Emulator, Instance, InstanceError};
use crate::aws::{AccountMode, Client, ClientOptions, Endpoint};
use crate::pod::InstanceInfo;

/// Requests under way at once: enough to keep every emulator busy, few enough for moto's threads.
const CONCURRENCY: usize = 32;

/// A probe that takes longer is no answer: an emulator under load still answers these paths at once.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

impl Emulator {
    /// As written in commits.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ministack => "ministack",
            Self::Moto => "moto",
            Self::LocalStack => "localstack",
            Self::Unknown => "unknown",
        }
    }

    /// What it answers whatever its services do.
    fn health_path(self) -> &'static str {
        match self {
            Self::Ministack => "/_ministack/health",
            Self::LocalStack => "/_localstack/health",
            Self::Moto => "/moto-api/",
            Self::Unknown => "/",
        }
    }

    /// The account that calls are for when none is named.
    pub fn default_account(self) -> &'static str {
        match self {
            Self::Moto => "123456789012",
            _ => "000000000000",
        }
    }
}

impl Instance {
    /// Connects to an endpoint and finds out which emulator answers there. An answer of it may stay silent for
    /// `timeout`.
    ///
    /// # Errors
    /// When nothing answers there.
    pub async fn connect(endpoint: &Endpoint, timeout: Duration) -> Result<Self, InstanceError> {
        let client = |account_mode| {
            Client::new(ClientOptions { endpoint: endpoint.clone(), concurrency: CONCURRENCY, account_mode, timeout })
        };
        let plain = client(AccountMode::AccessKey)?;
        let (emulator, version) = recognise(&plain, endpoint).await?;
        let client = match emulator {
            Emulator::Moto => client(AccountMode::MotoHeader)?,
            Emulator::Unknown => client(AccountMode::AssumeRole)?,
            Emulator::Ministack | Emulator::LocalStack => plain,
        };
        let info = InstanceInfo { endpoint: endpoint.to_string(), emulator: emulator.name().to_owned(), version };
        Ok(Self { client, emulator, info })
    }

    /// Whether anything still answers there.
    pub(super) async fn answers(&self) -> bool {
        self.client.answers(self.emulator.health_path(), PROBE_LIMIT).await
    }
}

/// ministack comes first, because it answers LocalStack's path too.
async fn recognise(client: &Client, endpoint: &Endpoint) -> Result<(Emulator, String), InstanceError> {
    let mut tried = Vec::new();
    let mut answered = false;
    for emulator in [Emulator::Ministack, Emulator::LocalStack, Emulator::Moto] {
        let path = emulator.health_path();
        match tokio::time::timeout(PROBE_LIMIT, client.get(path)).await {
            Ok(Ok((200, body))) => return Ok((emulator, version(&body))),
            Ok(Ok((status, _))) => {
                answered = true;
                tried.push(format!("{path}: HTTP status {status}"));
            }
            Ok(Err(error)) => tried.push(format!("{path}: {}", error.message)),
            Err(_) => tried.push(format!("{path}: no answer in {} s", PROBE_LIMIT.as_secs())),
        }
    }
    // Whatever speaks HTTP there may still speak AWS.
    if answered {
        return Ok((Emulator::Unknown, String::new()));
    }
    Err(InstanceError::Unreachable { endpoint: endpoint.clone(), reason: format!("tried {}", tried.join("; ")) })
}

fn version(body: &[u8]) -> String {
    let text = |value: Value| value.get("version").and_then(Value::as_str).map(str::to_owned);
    serde_json::from_slice(body).ok().and_then(text).unwrap_or_default()
}
