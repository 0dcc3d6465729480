//! Every local pod with its versions, as the explorer lists them: each folder read once, each commit decoded once.

use std::collections::HashMap;

use super::{Config, Context, OpError, PodSummary, VersionSummary};
use crate::pod::{Commit, Digest, PodName};
use crate::remote::RemoteConfig;
use crate::store::{PodRefs, StoreError, VersionEntry};

/// All local pods by name, each with its versions, oldest first.
///
/// # Errors
/// When the store or the configuration cannot be read at all. A single pod that cannot be read is in the list, with its
/// fault.
pub fn pods_with_versions(context: &Context) -> Result<Vec<(PodSummary, Vec<VersionSummary>)>, OpError> {
    let remotes = Config::load(&context.paths.config_file)?.remotes;
    let mut lister = Lister { context, remotes, commits: HashMap::new() };
    let listing = context.store.listing()?;
    Ok(listing.into_iter().map(|(name, refs)| lister.pod(name, refs)).collect())
}

struct Lister<'a> {
    context: &'a Context,
    remotes: Vec<RemoteConfig>,
    /// Versions of a pod, and pods forked from it, share commits.
    commits: HashMap<Digest, Commit>,
}

impl Lister<'_> {
    fn pod(&mut self, name: PodName, refs: Result<PodRefs, StoreError>) -> (PodSummary, Vec<VersionSummary>) {
        let mut summary = PodSummary { name, versions: 0, head: None, fault: None };
        let PodRefs { versions: entries, tags } = refs.unwrap_or_else(|error| {
            summary.fault = Some(error.to_string());
            PodRefs::default()
        });
        summary.versions = entries.len() as u64;
        let mut versions = Vec::with_capacity(entries.len());
        for VersionEntry { number, commit: digest } in entries {
            match self.commit(&digest) {
                Ok(commit) => {
                    let tags = tags.iter().filter(|(_, of)| *of == digest).map(|(tag, _)| tag.to_string()).collect();
                    versions.push(VersionSummary { number, digest, commit, pushed_to: Vec::new(), tags });
                }
                Err(error) => summary.fault = Some(error.to_string()),
            }
        }
        if let Err(error) = self.mark_pushed(&summary.name, &mut versions) {
            summary.fault.get_or_insert_with(|| error.to_string());
        }
        // A head that cannot be read is not the version before it.
        let newest = versions.last().filter(|_| summary.fault.is_none());
        summary.head = newest.map(|version| (version.digest, version.commit.clone()));
        (summary, versions)
    }

    fn commit(&mut self, digest: &Digest) -> Result<Commit, StoreError> {
        if let Some(known) = self.commits.get(digest) {
            return Ok(known.clone());
        }
        let commit = self.context.store.commit(digest)?;
        self.commits.insert(*digest, commit.clone());
        Ok(commit)
    }

    /// Says of each version which remotes are known to have it: those whose head it is or lies behind.
    fn mark_pushed(&self, pod: &PodName, versions: &mut [VersionSummary]) -> Result<(), StoreError> {
        for remote in &self.remotes {
            let Some(head) = self.context.store.remote_head(&remote.name, pod)? else { continue };
            let Some(position) = versions.iter().position(|version| version.digest == head) else { continue };
            for version in versions.iter_mut().take(position + 1) {
                version.pushed_to.push(remote.name.to_string());
            }
        }
        Ok(())
    }
}
