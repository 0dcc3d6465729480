//! `push`, `pull` and `remote …`: sharing pods.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::secrets::{Policy, Recipients, SecretsBorder, Tally};
use super::storage::tidy;
use super::{Config, Context, OpError, config_add_remote, config_remove_remote, unknown_remote};
use crate::event::{Events, Progress};
use crate::pod::{Commit, Digest, PodName, RemoteName, Selector};
use crate::remote::{
    self, Remote, RemoteCommit, RemoteConfig, RemoteError, RemoteHistory, RemoteVersion, SecretsMode, TransferReport,
};
use crate::store::{OpRecord, StoreError, VersionEntry};

/// Pods whose versions are asked for at a time.
const CONCURRENT_LISTINGS: usize = 8;
/// How often a pull begins anew because the local pod moved on meanwhile.
const PULL_ATTEMPTS: usize = 8;

/// A pod on a remote.
#[derive(Clone, Debug, Serialize)]
pub struct RemotePod {
    /// Its name.
    pub name: PodName,
    /// Its versions, oldest first.
    #[serde(skip)]
    pub versions: Vec<RemoteVersion>,
    /// Commits without a number that wait to be merged, oldest first.
    #[serde(skip)]
    pub beside: Vec<RemoteCommit>,
    /// The commits here that its versions stand for, where secrets were left out of them.
    #[serde(skip)]
    pub here: HashMap<Digest, Digest>,
}

impl RemotePod {
    /// What one of its versions is here.
    pub fn local(&self, version: Digest) -> Digest {
        self.here.get(&version).copied().unwrap_or(version)
    }
}

/// What a push moved, and which secrets it left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOutcome {
    /// What was moved.
    pub report: TransferReport,
    /// What became of secrets.
    pub mode: SecretsMode,
    /// Those that were left out of what was not there yet.
    pub secrets: Tally,
}

/// Pushes a pod. `remote` None means the only one configured, and `secrets` None what is configured for it.
///
/// # Errors
/// When the remote has moved on (what is pushed is there then, beside its versions), or it or the store fails.
pub async fn push(
    context: &Context,
    pod: &PodName,
    remote: Option<&RemoteName>,
    secrets: Option<SecretsMode>,
    events: &Events,
) -> Result<PushOutcome, OpError> {
    let remote = remote_open(context, remote)?;
    let policy = Policy::of(remote.config(), secrets)?;
    let mode = policy.mode;
    // What is pushed in a version's stead has no name.
    let held = context.store.hold()?;
    let border = SecretsBorder::new(context, policy);
    let pushed = remote::push_through(&border, &context.store, &*remote, pod, events).await;
    let secrets = border.tally();
    let sentence = secrets.sentence(mode);
    match &pushed {
        Ok(report) if report.commits > 0 => {
            sentence.into_iter().for_each(|sentence| events.note(sentence));
            let head = context.store.resolve(pod, &Selector::Head)?;
            let summary = format!("pushed {} of pod {pod} to {}", versions(report.commits), remote.config().name);
            record(context, "push", pod, head.commit, summary)?;
        }
        // They are there all the same.
        Err(RemoteError::Diverged { .. }) => sentence.into_iter().for_each(|sentence| events.warn(sentence)),
        _ => {}
    }
    let report = pushed?;
    if report.commits > 0 {
        drop(held);
        tidy(&context.store).await;
    }
    Ok(PushOutcome { report, mode, secrets })
}

/// Pulls `remote/pod`, up to version `number` (None: the newest), into the local pod `into` (None: same name).
///
/// # Errors
/// When both sides have moved on, the version is unknown, or the remote or the store fails.
pub async fn pull(
    context: &Context,
    remote: &RemoteName,
    pod: &PodName,
    number: Option<u64>,
    into: Option<&PodName>,
    events: &Events,
) -> Result<(TransferReport, VersionEntry), OpError> {
    let remote = remote_open(context, Some(remote))?;
    let into = into.unwrap_or(pod);
    // What is received has no name until the last of it is here.
    let held = context.store.hold()?;
    let border = SecretsBorder::new(context, Policy::NONE);
    let mut attempts = 1;
    let (report, head) = loop {
        match remote::pull_through(&border, &context.store, &*remote, pod, number, into, events).await {
            // Another process published into the pod meanwhile, maybe the very same versions.
            Err(RemoteError::Store(StoreError::HeadMoved { .. })) if attempts < PULL_ATTEMPTS => attempts += 1,
            result => break result?,
        }
    };
    if report.commits > 0 {
        let summary = format!("pulled {} of {}/{pod} into pod {into}", versions(report.commits), remote.config().name);
        record(context, "pull", into, head.commit, summary)?;
        drop(held);
        tidy(&context.store).await;
    }
    Ok((report, head))
}

/// Makes a remote version readable locally, without a local pod for it.
///
/// # Errors
/// When there is no such remote, pod or version, or the remote or the store fails.
pub async fn fetch(
    context: &Context,
    remote: &RemoteName,
    pod: &PodName,
    selector: &Selector,
    events: &Events,
) -> Result<(Digest, Commit), OpError> {
    let remote = remote_open(context, Some(remote))?;
    Ok(remote::fetch(&context.store, &*remote, pod, selector, events).await?)
}

/// Adds a remote to the configuration. Does not connect to it.
///
/// # Errors
/// When the name is taken, the URL is not a remote's, a recipient no public key, or the CA file or the configuration
/// cannot be read.
pub fn remote_add(context: &Context, mut config: RemoteConfig) -> Result<(), OpError> {
    if let Some(file) = &mut config.ca_file {
        // The command may be run from anywhere later.
        *file = std::path::absolute(&*file).map_err(|error| unreadable(file, &error))?;
    }
    remote::open(&config)?;
    Recipients::parse(&config.recipients)?;
    config_add_remote(&context.paths.config_file, &config)
}

/// The configured remotes, by name.
///
/// # Errors
/// When the configuration cannot be read: with file and line.
pub fn remote_list(context: &Context) -> Result<Vec<RemoteConfig>, OpError> {
    let mut remotes = Config::load(&context.paths.config_file)?.remotes;
    remotes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(remotes)
}

/// Removes a remote from the configuration; its pods stay where they are.
///
/// # Errors
/// When there is no such remote (with the nearest names), or the configuration cannot be read or written.
pub fn remote_remove(context: &Context, name: &RemoteName) -> Result<(), OpError> {
    config_remove_remote(&context.paths.config_file, name)
}

/// The pods of a remote with their versions. A pod that cannot be read is left out, with a warning.
///
/// # Errors
/// When there is no such remote or it does not list its pods.
pub async fn remote_pods(context: &Context, remote: &RemoteName, events: &Events) -> Result<Vec<RemotePod>, OpError> {
    let remote = remote_open(context, Some(remote))?;
    let cancel = events.cancellation();
    events.phase("list");
    let names = cancel.run_until_cancelled(remote.pods()).await.unwrap_or(Err(RemoteError::Cancelled))?;
    let total = names.len() as u64;
    let remote = &*remote;
    let mut listed = stream::iter(names)
        .map(|name| async move {
            let history = remote.history(&name).await;
            (name, history)
        })
        .buffered(CONCURRENT_LISTINGS);
    let twins = context.store.twins()?;
    let mut pods = Vec::new();
    for done in 1.. {
        let (name, history) = match cancel.run_until_cancelled(listed.next()).await {
            None => return Err(RemoteError::Cancelled.into()),
            Some(None) => break,
            Some(Some(found)) => found,
        };
        match history {
            Ok(RemoteHistory { versions, beside, .. }) => {
                let here = |version: &RemoteVersion| Some((version.digest, twins.local(&version.digest)?));
                let here = versions.iter().filter_map(here).collect();
                pods.push(RemotePod { name, versions, beside, here });
            }
            Err(error) => events.warn(format!("pod {name}: {error}")),
        }
        events.progress(Progress { done, total, ..Progress::default() });
    }
    Ok(pods)
}

/// The versions of a pod on a remote and the commits beside them, without downloading any state.
///
/// # Errors
/// When there is no such remote or pod, or it cannot be read.
pub async fn remote_history(
    context: &Context,
    remote: &RemoteName,
    pod: &PodName,
    events: &Events,
) -> Result<RemoteHistory, OpError> {
    let remote = remote_open(context, Some(remote))?;
    Ok(remote::history(&*remote, pod, events).await?)
}

/// Hands a login for the registry of a remote to the credential helper that docker uses. podex keeps nothing.
///
/// # Errors
/// When there is no such remote, it is no registry, or no helper is configured or it refuses.
pub async fn remote_login(
    context: &Context,
    name: &RemoteName,
    user: String,
    password: String,
) -> Result<String, OpError> {
    let configured = remote_list(context)?;
    let config = configured.iter().find(|remote| remote.name == *name);
    let config = config.ok_or_else(|| unknown_remote(name, &configured))?.clone();
    super::blocking::blocking(move || remote::login(&config, &user, &password).map_err(OpError::from)).await
}

/// Opens the remote of that name; None is the only one configured. Does not connect yet.
///
/// # Errors
/// When there is no such remote, or several to choose from; with their names.
pub fn remote_open(context: &Context, name: Option<&RemoteName>) -> Result<Box<dyn Remote>, OpError> {
    let configured = remote_list(context)?;
    let config = match (name, configured.as_slice()) {
        (Some(name), remotes) => {
            remotes.iter().find(|remote| remote.name == *name).ok_or_else(|| unknown_remote(name, remotes))?
        }
        (None, [only]) => only,
        (None, []) => {
            return Err(OpError::Request("there is no remote: add one with 'podex remote add NAME URL'".to_owned()));
        }
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|remote| remote.name.as_str()).collect();
            return Err(OpError::Request(format!("there are several remotes: name one of {}", names.join(", "))));
        }
    };
    Ok(remote::open(config)?)
}

fn record(context: &Context, operation: &str, pod: &PodName, head: Digest, summary: String) -> Result<(), OpError> {
    context.store.record(&OpRecord {
        time: jiff::Timestamp::now(),
        operation: operation.to_owned(),
        pod: Some(pod.clone()),
        endpoint: None,
        commit: Some(head),
        safety: None,
        summary,
    })?;
    Ok(())
}

fn versions(count: u64) -> String {
    if count == 1 { "1 version".to_owned() } else { format!("{count} versions") }
}

fn unreadable(file: &std::path::Path, error: &std::io::Error) -> OpError {
    OpError::Config(format!("{}: {error}", file.display()))
}
