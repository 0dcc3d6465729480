//! `instance start | stop | list`: emulators that podex manages.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{Context, OpError};
use crate::aws::Endpoint;
use crate::event::Events;
use crate::instance::managed::{ManagedEmulator, ManagedError, Running, emulators_folder, identity, is_free, stop};
use crate::instance::{Emulator, InstanceError};

/// Where every AWS tool for local emulators looks first, podex included.
const USUAL_PORT: u16 = 4566;
/// The file in an instance's folder that describes it.
const RECORD: &str = "instance.json";

/// An emulator that podex started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManagedInstance {
    /// `ministack` or `moto`.
    pub emulator: String,
    /// Where it listens: 127.0.0.1 only.
    pub endpoint: String,
    /// Its process.
    pub pid: u32,
    /// Tells it from a later process with the same id.
    pub identity: String,
    /// When it was started.
    pub started: jiff::Timestamp,
    /// Holds its files and its `log`; goes when it ends.
    pub folder: PathBuf,
}

/// Installs the emulator if need be (uv if there, else venv and pip, into the cache folder) and starts it.
/// `port` None takes 4566, where podex looks by default, or a free one where that is in use.
pub async fn instance_start(
    context: &Context,
    emulator: Emulator,
    port: Option<u16>,
    events: &Events,
) -> Result<ManagedInstance, OpError> {
    let emulator = ManagedEmulator::try_from(emulator).map_err(InstanceError::from)?;
    let (instances, cache, events) = (folder_of(context), emulators_folder(&context.paths.cache), events.clone());
    in_background(move || {
        let port = port.or_else(|| is_free(USUAL_PORT).then_some(USUAL_PORT));
        let Launched { running, folder, instance } = launch(&instances, None, &cache, emulator, port, &events)?;
        running.detach();
        let _ = folder.keep();
        Ok(instance)
    })
    .await
}

/// Stops the managed instance at `endpoint`; None stops all. Gives those stopped.
pub async fn instance_stop(context: &Context, endpoint: Option<&Endpoint>) -> Result<Vec<ManagedInstance>, OpError> {
    let endpoint = endpoint.map(Endpoint::to_string);
    let instances = folder_of(context);
    in_background(move || {
        let mut chosen = running(&instances)?;
        if let Some(endpoint) = endpoint {
            chosen.retain(|instance| same_place(&instance.endpoint, &endpoint));
            if chosen.is_empty() {
                return Err(ManagedError::NotRunning { endpoint });
            }
        }
        for instance in &chosen {
            // `running` has just checked that the process is still the one that was started.
            stop(instance.pid);
            fs::remove_dir_all(&instance.folder).map_err(ManagedError::io(&instance.folder))?;
        }
        Ok(chosen)
    })
    .await
}

/// The managed instances that are running, by the time they were started.
pub fn instance_list(context: &Context) -> Result<Vec<ManagedInstance>, OpError> {
    Ok(running(&folder_of(context)).map_err(InstanceError::from)?)
}

fn folder_of(context: &Context) -> PathBuf {
    context.paths.instances()
}

pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ManagedError> + Send + 'static,
) -> Result<T, OpError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result.map_err(InstanceError::from)?),
        Err(panicked) => Err(OpError::Request(format!("the work ended early: {panicked}"))),
    }
}

/// An emulator that was just started and is recorded; dropping it ends it and removes its folder.
pub(super) struct Launched {
    pub(super) running: Running,
    pub(super) folder: TempDir,
    pub(super) instance: ManagedInstance,
}

/// Installs and starts an emulator and records it below `instances`. Should this process be killed meanwhile,
/// `whole` is removed (None: the emulator's folder alone).
pub(super) fn launch(
    instances: &Path,
    whole: Option<&Path>,
    cache: &Path,
    emulator: ManagedEmulator,
    port: Option<u16>,
    events: &Events,
) -> Result<Launched, ManagedError> {
    let environment = emulator.environment().install(cache, events)?;
    fs::create_dir_all(instances).map_err(ManagedError::io(instances))?;
    let prefix = format!("{}-", emulator.name());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(instances).map_err(ManagedError::io(instances))?;
    let (running, port) = emulator.start(&environment, folder.path(), whole.unwrap_or(folder.path()), port, events)?;
    let instance = ManagedInstance {
        emulator: emulator.name().to_owned(),
        endpoint: format!("http://127.0.0.1:{port}"),
        pid: running.pid(),
        identity: identity(running.pid()).unwrap_or_default(),
        started: jiff::Timestamp::now(),
        folder: folder.path().to_owned(),
    };
    let record = folder.path().join(RECORD);
    let text = serde_json::to_vec_pretty(&instance).map_err(|error| ManagedError::io(&record)(error.into()))?;
    fs::write(&record, text).map_err(ManagedError::io(&record))?;
    Ok(Launched { running, folder, instance })
}

/// What runs; the folders of what has ended are removed.
fn running(instances: &Path) -> Result<Vec<ManagedInstance>, ManagedError> {
    let Ok(entries) = fs::read_dir(instances) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let folder = entry.map_err(ManagedError::io(instances))?.path();
        // A folder without a record belongs to an instance that is just being started.
        let Ok(text) = fs::read(folder.join(RECORD)) else { continue };
        let record = serde_json::from_slice::<ManagedInstance>(&text);
        match record {
            // The folder is taken from where the record was found, not from what it says: it will be removed.
            Ok(instance) if identity(instance.pid).is_some_and(|now| now == instance.identity) => {
                found.push(ManagedInstance { folder, ..instance });
            }
            _ => fs::remove_dir_all(&folder).map_err(ManagedError::io(&folder))?,
        }
    }
    found.sort_by_key(|instance| instance.started);
    Ok(found)
}

/// Whether two endpoint URLs name the same port of this machine.
fn same_place(one: &str, other: &str) -> bool {
    let local = |url: &str| url.replace("//localhost:", "//127.0.0.1:");
    local(one) == local(other)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn record(instances: &Path, name: &str, pid: u32, identity: &str) -> PathBuf {
        let folder = instances.join(name);
        fs::create_dir_all(&folder).unwrap();
        let instance = ManagedInstance {
            emulator: "moto".to_owned(),
            endpoint: format!("http://127.0.0.1:{pid}"),
            pid,
            identity: identity.to_owned(),
            started: jiff::Timestamp::UNIX_EPOCH,
            folder: folder.clone(),
        };
        fs::write(folder.join(RECORD), serde_json::to_vec(&instance).unwrap()).unwrap();
        folder
    }

    #[test]
    fn only_processes_that_are_still_ours_are_listed_and_the_rest_is_dropped() {
        let home = tempfile::tempdir().unwrap();
        let me = std::process::id();
        let ours = record(home.path(), "a", me, &identity(me).unwrap());
        let reused = record(home.path(), "b", me, "some other start");
        let found = running(home.path()).unwrap();
        assert_eq!(found.iter().map(|instance| &instance.folder).collect::<Vec<_>>(), [&ours]);
        assert!(ours.exists() && !reused.exists());
    }

    #[test]
    fn localhost_and_the_loopback_address_are_the_same_place() {
        assert!(same_place("http://localhost:4566", "http://127.0.0.1:4566"));
        assert!(!same_place("http://localhost:4566", "http://127.0.0.1:4567"));
    }
}
