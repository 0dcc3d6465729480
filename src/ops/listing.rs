//! Every local pod with its versions, as the explorer lists them: each folder read once, each commit decoded once.

use std::collections::{HashMap, HashSet};

use super::history::mark_pushed;
use super::{Config, Context, OpError, PodSummary, VersionSummary};
use crate::pod::{Commit, Digest, PodName};
use crate::remote::RemoteConfig;
use crate::store::{PodRefs, StoreError, Twins, VersionEntry};

/// Most commits beside a pod's versions that are listed: a merge may bring in another pod's whole past.
const JOINED: usize = 200;

/// All local pods by name, each with its versions, oldest first.
///
/// # Errors
/// When the store or the configuration cannot be read at all. A single pod that cannot be read is in the list, with its
/// fault.
pub fn pods_with_versions(context: &Context) -> Result<Vec<(PodSummary, Vec<VersionSummary>)>, OpError> {
    let remotes = Config::load(&context.paths.config_file)?.remotes;
    let twins = context.store.twins()?;
    let mut lister = Lister { context, remotes, twins, commits: HashMap::new() };
    let listing = context.store.listing()?;
    Ok(listing.into_iter().map(|(name, refs)| lister.pod(name, refs)).collect())
}

struct Lister<'a> {
    context: &'a Context,
    remotes: Vec<RemoteConfig>,
    twins: Twins,
    /// Versions of a pod, and pods forked from it, share commits.
    commits: HashMap<Digest, Commit>,
}

impl Lister<'_> {
    fn pod(&mut self, name: PodName, refs: Result<PodRefs, StoreError>) -> (PodSummary, Vec<VersionSummary>) {
        let mut summary = PodSummary { name, versions: 0, head: None, fault: None, joined: Vec::new() };
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
        if let Err(error) = mark_pushed(self.context, &self.remotes, &self.twins, &summary.name, &mut versions) {
            summary.fault.get_or_insert_with(|| error.to_string());
        }
        // A head that cannot be read is not the version before it.
        let newest = versions.last().filter(|_| summary.fault.is_none());
        summary.head = newest.map(|version| (version.digest, version.commit.clone()));
        summary.joined = self.joined(&versions);
        (summary, versions)
    }

    /// What merges brought in beside the versions, as far as it is here.
    fn joined(&mut self, versions: &[VersionSummary]) -> Vec<(Digest, Commit)> {
        let mut seen: HashSet<Digest> = versions.iter().map(|version| version.digest).collect();
        let merges = versions.iter().filter(|version| version.commit.parents.len() > 1);
        let mut pending: Vec<Digest> = merges.flat_map(|merge| merge.commit.parents.clone()).collect();
        let mut joined = Vec::new();
        while let Some(digest) = pending.pop().filter(|_| joined.len() < JOINED) {
            if !seen.insert(digest) {
                continue;
            }
            if let Ok(commit) = self.commit(&digest) {
                pending.extend(&commit.parents);
                joined.push((digest, commit));
            }
        }
        joined.sort_by_key(|(_, commit)| std::cmp::Reverse(commit.time));
        joined
    }

    fn commit(&mut self, digest: &Digest) -> Result<Commit, StoreError> {
        if let Some(known) = self.commits.get(digest) {
            return Ok(known.clone());
        }
        let commit = self.context.store.commit(digest)?;
        self.commits.insert(*digest, commit.clone());
        Ok(commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Overrides, Paths, fork, pods, tag, versions};
    use crate::pod::Selector;

    fn commit(context: &Context, message: &str) -> Digest {
        let writer = context.store.writer().unwrap();
        let roots = writer.trees().unwrap();
        let commit = Commit { message: message.to_owned(), ..Commit::bare(roots.state, roots.observed) };
        writer.finish(&commit).unwrap()
    }

    #[test]
    fn the_listing_says_what_each_pod_says_when_asked_alone() {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        let shop: PodName = "shop".parse().unwrap();
        let first = commit(&context, "first");
        context.store.publish(&shop, None, first).unwrap();
        context.store.publish(&shop, Some(first), commit(&context, "second")).unwrap();
        tag(&context, &shop, &Selector::Version(1), &"stable".parse().unwrap()).unwrap();
        fork(&context, &shop, &Selector::Version(1), &"other".parse().unwrap()).unwrap();
        let listed = pods_with_versions(&context).unwrap();
        assert_eq!(listed.len(), 2);
        for ((summary, listed), alone) in listed.iter().zip(pods(&context).unwrap()) {
            assert_eq!(serde_json::to_value(summary).unwrap(), serde_json::to_value(&alone).unwrap());
            let versions = versions(&context, &summary.name).unwrap();
            assert_eq!(serde_json::to_value(listed).unwrap(), serde_json::to_value(&versions).unwrap());
        }
    }
}
