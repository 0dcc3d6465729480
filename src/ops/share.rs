//! `push`, `pull` and `remote …`: sharing pods.

use serde::Serialize;

use super::{Context, OpError};
use crate::event::Events;
use crate::pod::{PodName, RemoteName};
use crate::remote::{RemoteConfig, RemoteVersion, TransferReport};
use crate::store::VersionEntry;

/// A pod on a remote.
#[derive(Clone, Debug, Serialize)]
pub struct RemotePod {
    /// Its name.
    pub name: PodName,
    /// Its versions, oldest first.
    #[serde(skip)]
    pub versions: Vec<RemoteVersion>,
}

/// Pushes a pod. `remote` None means the only one configured.
pub async fn push(
    context: &Context,
    pod: &PodName,
    remote: Option<&RemoteName>,
    events: &Events,
) -> Result<TransferReport, OpError> {
    let _ = (context, pod, remote, events);
    todo!()
}

/// Pulls `remote/pod`, up to version `number` (None: the newest), into the local pod `into` (None: same name).
pub async fn pull(
    context: &Context,
    remote: &RemoteName,
    pod: &PodName,
    number: Option<u64>,
    into: Option<&PodName>,
    events: &Events,
) -> Result<(TransferReport, VersionEntry), OpError> {
    let _ = (context, remote, pod, number, into, events);
    todo!()
}

/// Adds a remote to the configuration.
pub fn remote_add(context: &Context, config: RemoteConfig) -> Result<(), OpError> {
    let _ = (context, config);
    todo!()
}

/// The configured remotes, by name.
pub fn remote_list(context: &Context) -> Result<Vec<RemoteConfig>, OpError> {
    let _ = context;
    todo!()
}

/// Removes a remote from the configuration; its pods stay where they are.
pub fn remote_remove(context: &Context, name: &RemoteName) -> Result<(), OpError> {
    let _ = (context, name);
    todo!()
}

/// The pods of a remote with their versions.
pub async fn remote_pods(context: &Context, remote: &RemoteName, events: &Events) -> Result<Vec<RemotePod>, OpError> {
    let _ = (context, remote, events);
    todo!()
}
