//! `list`, `versions`, `rename`, `fork`, `tag`, `delete`, `log`: pods as lines of history.

use serde::Serialize;

use super::{Config, Context, OpError};
use crate::pod::{Commit, Digest, PodName, Selector, TagName};
use crate::remote::RemoteConfig;
use crate::store::{OpRecord, StoreError, Twins, VersionEntry};

/// A pod in a list.
#[derive(Clone, Debug, Serialize)]
pub struct PodSummary {
    /// Its name.
    pub name: PodName,
    /// How many versions it has.
    pub versions: u64,
    /// Its newest commit; None where that cannot be read (then `fault` says why).
    pub head: Option<(Digest, Commit)>,
    /// Why the pod cannot be read.
    pub fault: Option<String>,
    /// Commits without a number that its merges brought in, newest first; only where versions are listed too.
    #[serde(skip)]
    pub joined: Vec<(Digest, Commit)>,
}

/// A version in a list.
#[derive(Clone, Debug, Serialize)]
pub struct VersionSummary {
    /// From 1.
    pub number: u64,
    /// The commit's digest.
    pub digest: Digest,
    /// The commit.
    pub commit: Commit,
    /// Names of the remotes known to have it.
    pub pushed_to: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// All local pods.
///
/// # Errors
/// When the store cannot be read at all. A single pod that cannot be read is in the list, with its fault.
pub fn pods(context: &Context) -> Result<Vec<PodSummary>, OpError> {
    let names = context.store.pods()?;
    Ok(names.into_iter().map(|name| summary(context, name)).collect())
}

fn summary(context: &Context, name: PodName) -> PodSummary {
    let mut summary = PodSummary { name, versions: 0, head: None, fault: None, joined: Vec::new() };
    let mut read = || -> Result<(), StoreError> {
        let (head, versions) = context.store.head(&summary.name)?;
        summary.versions = versions;
        summary.head = Some((head.commit, context.store.commit(&head.commit)?));
        Ok(())
    };
    let result = read();
    summary.fault = result.err().map(|error| error.to_string());
    summary
}

/// A pod's versions, oldest first.
///
/// # Errors
/// When there is no such pod or one of its commits cannot be read.
pub fn versions(context: &Context, pod: &PodName) -> Result<Vec<VersionSummary>, OpError> {
    let entries = context.store.versions(pod)?;
    let mut versions = Vec::with_capacity(entries.len());
    let all_tags = context.store.tags(pod)?;
    for VersionEntry { number, commit: digest } in entries {
        let commit = context.store.commit(&digest)?;
        let tags = all_tags.iter().filter(|(_, of)| *of == digest).map(|(tag, _)| tag.to_string()).collect();
        versions.push(VersionSummary { number, digest, commit, pushed_to: Vec::new(), tags });
    }
    let remotes = Config::load(&context.paths.config_file)?.remotes;
    mark_pushed(context, &remotes, &context.store.twins()?, pod, &mut versions)?;
    Ok(versions)
}

/// Says of each version of a pod which remotes are known to have it: those whose head it is or lies behind.
pub(super) fn mark_pushed(
    context: &Context,
    remotes: &[RemoteConfig],
    twins: &Twins,
    pod: &PodName,
    versions: &mut [VersionSummary],
) -> Result<(), StoreError> {
    for remote in remotes {
        let Some(head) = context.store.remote_head(&remote.name, pod)? else { continue };
        let head = twins.local(&head).unwrap_or(head);
        let Some(position) = versions.iter().position(|version| version.digest == head) else { continue };
        for version in versions.iter_mut().take(position + 1) {
            version.pushed_to.push(remote.name.to_string());
        }
    }
    Ok(())
}

/// Renames a local pod.
///
/// # Errors
/// When there is no such pod or the new name is taken.
pub fn rename(context: &Context, from: &PodName, to: &PodName) -> Result<(), OpError> {
    context.store.rename(from, to)?;
    let summary = format!("renamed {from} to {to}");
    context.store.record(&record("rename", to, None, summary))?;
    Ok(())
}

/// Deletes a local pod.
///
/// # Errors
/// When there is no such pod.
pub fn delete(context: &Context, pod: &PodName) -> Result<(), OpError> {
    // A pod whose versions cannot be read any more must still be deletable.
    let head = context.store.versions(pod).map(|versions| versions.last().map(|version| version.commit));
    if let Err(error @ StoreError::UnknownPod { .. }) = head {
        return Err(error.into());
    }
    let head = head.ok().flatten();
    context.store.delete(pod)?;
    let was = head.map(|digest| format!(", which was at {}", digest.short())).unwrap_or_default();
    context.store.record(&record("delete", pod, head, format!("deleted {pod}{was}")))?;
    Ok(())
}

/// Deletes one version of a local pod; its number is not given again.
///
/// # Errors
/// When there is no such version, it is the only one, or it has a tag.
pub fn delete_version(context: &Context, pod: &PodName, selector: &Selector) -> Result<VersionEntry, OpError> {
    let version = context.store.delete_version(pod, selector)?;
    let summary = format!("deleted {pod}:{}, which was {}", version.number, version.commit.short());
    context.store.record(&record("delete", pod, Some(version.commit), summary))?;
    Ok(version)
}

/// Makes a pod of its own of a local pod's versions up to one; gives that one.
///
/// # Errors
/// When there is no such version or the new name is taken.
pub fn fork(context: &Context, from: &PodName, selector: &Selector, to: &PodName) -> Result<VersionEntry, OpError> {
    let head = context.store.fork(from, selector, to)?;
    let summary = format!("forked {to} from {from}:{}", head.number);
    context.store.record(&record("fork", to, Some(head.commit), summary))?;
    Ok(head)
}

/// Names a version of a local pod; the name moves where another version has it.
///
/// # Errors
/// When there is no such version.
pub fn tag(context: &Context, pod: &PodName, selector: &Selector, tag: &TagName) -> Result<VersionEntry, OpError> {
    let version = context.store.set_tag(pod, selector, tag)?;
    let summary = format!("tagged {pod}:{} as {tag}", version.number);
    context.store.record(&record("tag", pod, Some(version.commit), summary))?;
    Ok(version)
}

/// Takes a version's name away.
///
/// # Errors
/// When there is no such tag.
pub fn untag(context: &Context, pod: &PodName, tag: &TagName) -> Result<(), OpError> {
    context.store.remove_tag(pod, tag)?;
    context.store.record(&record("untag", pod, None, format!("removed the tag {tag} of {pod}")))?;
    Ok(())
}

fn record(operation: &str, pod: &PodName, commit: Option<Digest>, summary: String) -> OpRecord {
    OpRecord {
        time: jiff::Timestamp::now(),
        operation: operation.to_owned(),
        pod: Some(pod.clone()),
        endpoint: None,
        commit,
        safety: None,
        summary,
    }
}

/// The operation log, newest first.
///
/// # Errors
/// When it cannot be read.
pub fn operations(context: &Context) -> Result<Vec<OpRecord>, OpError> {
    Ok(context.store.operations()?)
}
