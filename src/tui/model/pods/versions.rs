//! The commits that rows of the pods pane stand for.

use super::{Listing, Pods, RowId};
use crate::pod::{Commit, Digest, PodName, RemoteName, Selector};

impl Pods {
    /// The commit a row shows, where it is known.
    pub fn commit(&self, row: &RowId) -> Option<(Digest, &Commit)> {
        match row {
            RowId::Pod(name) => self.local_pod(name)?.summary.head.as_ref().map(|(digest, commit)| (*digest, commit)),
            RowId::Version(name, number) => self
                .local_pod(name)?
                .versions
                .iter()
                .find(|version| version.number == *number)
                .map(|version| (version.digest, &version.commit)),
            RowId::Joined(name, digest) => {
                let joined = &self.local_pod(name)?.summary.joined;
                joined.iter().find(|(known, _)| known == digest).map(|(digest, commit)| (*digest, commit))
            }
            RowId::RemotePod(remote, pod) => {
                self.remote_pod(remote, pod)?.versions.last().map(|version| (version.digest, &version.commit))
            }
            RowId::RemoteVersion(remote, pod, Selector::Version(number)) => {
                let versions = &self.remote_pod(remote, pod)?.versions;
                let found = versions.iter().find(|version| version.number == *number)?;
                Some((found.digest, &found.commit))
            }
            RowId::RemoteVersion(remote, pod, Selector::Revision(digits)) => {
                let beside = &self.remote_pod(remote, pod)?.beside;
                let found = beside.iter().find(|commit| commit.digest.hex().starts_with(digits))?;
                Some((found.digest, &found.commit))
            }
            _ => None,
        }
    }

    /// The commit with this digest, where a version of any pod is it.
    pub fn commit_of(&self, digest: &Digest) -> Option<&Commit> {
        let local = match &self.local {
            Listing::Ready(pods) => pods.as_slice(),
            _ => &[],
        };
        let mut local = local.iter().flat_map(|pod| &pod.versions);
        let remote = || {
            let listed = self.remotes().iter().filter_map(|remote| match &remote.pods {
                Listing::Ready(pods) => Some(pods),
                _ => None,
            });
            let mut versions = listed.flatten().flat_map(|pod| &pod.versions);
            versions.find(|version| version.digest == *digest).map(|version| &version.commit)
        };
        local.find(|version| version.digest == *digest).map(|version| &version.commit).or_else(remote)
    }

    /// The version before a row's, for comparing.
    pub fn previous(&self, row: &RowId) -> Option<RowId> {
        let before = |mut numbers: Vec<u64>, of: Option<u64>| {
            let of = of.or_else(|| numbers.last().copied())?;
            numbers.retain(|number| *number < of);
            numbers.pop()
        };
        let local = |pod: &PodName, of| {
            let numbers = self.local_pod(pod)?.versions.iter().map(|version| version.number).collect();
            Some(RowId::Version(pod.clone(), before(numbers, of)?))
        };
        let remote = |remote: &RemoteName, pod: &PodName, of| {
            let numbers = self.remote_pod(remote, pod)?.versions.iter().map(|version| version.number).collect();
            Some(RowId::RemoteVersion(remote.clone(), pod.clone(), Selector::Version(before(numbers, of)?)))
        };
        match row {
            RowId::Pod(pod) => local(pod, None),
            RowId::Version(pod, number) => local(pod, Some(*number)),
            RowId::RemotePod(name, pod) => remote(name, pod, None),
            RowId::RemoteVersion(name, pod, Selector::Version(number)) => remote(name, pod, Some(*number)),
            _ => None,
        }
    }
}
