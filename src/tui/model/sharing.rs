//! How local pods and those of remotes relate: what one has that the other lacks.

use std::collections::HashSet;

use super::pods::{Listing, Pods, RowId};
use crate::ops::{RemotePod, VersionSummary};
use crate::pod::{Digest, PodName, RemoteName};

/// How a pod stands to its namesake on a remote: by commits, whatever numbers they carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    /// Versions that only the local pod has.
    pub ahead: usize,
    /// Versions that only the remote has.
    pub behind: usize,
}

impl Sharing {
    fn of(local: &[VersionSummary], remote: &RemotePod) -> Self {
        let here: HashSet<Digest> = local.iter().map(|version| version.digest).collect();
        let there: HashSet<Digest> = remote.versions.iter().map(|version| remote.local(version.digest)).collect();
        Self { ahead: here.difference(&there).count(), behind: there.difference(&here).count() }
    }

    /// As short as it can be said: `↑2`, `↓1`, `⇅ 2/1` where both have moved on; empty where they are the same.
    pub fn mark(self) -> String {
        match (self.ahead, self.behind) {
            (0, 0) => String::new(),
            (ahead, 0) => format!("↑{ahead}"),
            (0, behind) => format!("↓{behind}"),
            (ahead, behind) => format!("⇅{ahead}/{behind}"),
        }
    }

    /// Whether both have what the other lacks.
    pub fn parted(self) -> bool {
        self.ahead > 0 && self.behind > 0
    }
}

/// How a local pod stands to each remote that has one of its name.
pub fn of_local(pods: &Pods, name: &PodName) -> Vec<(RemoteName, Sharing)> {
    let Some(local) = pods.local_pod(name) else { return Vec::new() };
    let listed = pods.remotes().iter().filter_map(|remote| match &remote.pods {
        Listing::Ready(found) => Some((remote.config.name.clone(), found.iter().find(|pod| pod.name == *name)?)),
        _ => None,
    });
    listed.map(|(remote, pod)| (remote, Sharing::of(&local.versions, pod))).collect()
}

/// How a local pod stands to a remote's of the same name, seen from there.
pub fn of_remote(pods: &Pods, remote: &RemoteName, name: &PodName) -> Sharing {
    let Some(pod) = pods.remote_pod(remote, name) else { return Sharing::default() };
    Sharing::of(pods.local_pod(name).map_or(&[][..], |local| local.versions.as_slice()), pod)
}

/// Whether a version of a remote is in the local pod of its name.
pub fn is_here(pods: &Pods, row: &RowId) -> bool {
    let RowId::RemoteVersion(remote, name, _) = row else { return true };
    let (Some((digest, _)), Some(pod)) = (pods.commit(row), pods.remote_pod(remote, name)) else { return true };
    let digest = pod.local(digest);
    pods.local_pod(name).is_some_and(|local| local.versions.iter().any(|version| version.digest == digest))
}
