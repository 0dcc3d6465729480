//! `instance start | stop | list`: emulators that podex manages.

use serde::{Deserialize, Serialize};

use super::{Context, OpError};
use crate::aws::Endpoint;
use crate::event::Events;
use crate::instance::Emulator;

/// An emulator that podex started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManagedInstance {
    /// `ministack` or `moto`.
    pub emulator: String,
    /// Where it listens: 127.0.0.1 only.
    pub endpoint: String,
    /// Its process.
    pub pid: u32,
    /// When it was started.
    pub started: jiff::Timestamp,
}

/// Installs the emulator if need be (uv if there, else venv and pip, into the cache folder) and starts it.
/// `port` None picks a free one.
pub async fn instance_start(
    context: &Context,
    emulator: Emulator,
    port: Option<u16>,
    events: &Events,
) -> Result<ManagedInstance, OpError> {
    let _ = (context, emulator, port, events);
    todo!()
}

/// Stops the managed instance at `endpoint`; None stops all. Gives those stopped.
pub async fn instance_stop(context: &Context, endpoint: Option<&Endpoint>) -> Result<Vec<ManagedInstance>, OpError> {
    let _ = (context, endpoint);
    todo!()
}

/// The managed instances that are running.
pub fn instance_list(context: &Context) -> Result<Vec<ManagedInstance>, OpError> {
    let _ = context;
    todo!()
}
