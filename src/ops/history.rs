//! `list`, `versions`, `rename`, `delete`: a pod as a line of history.

use serde::Serialize;

use super::{Context, OpError};
use crate::pod::{Commit, Digest, PodName};

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
}

/// All local pods.
pub fn pods(context: &Context) -> Result<Vec<PodSummary>, OpError> {
    let _ = context;
    todo!()
}

/// A pod's versions, oldest first.
pub fn versions(context: &Context, pod: &PodName) -> Result<Vec<VersionSummary>, OpError> {
    let _ = (context, pod);
    todo!()
}

/// Renames a local pod.
pub fn rename(context: &Context, from: &PodName, to: &PodName) -> Result<(), OpError> {
    let _ = (context, from, to);
    todo!()
}

/// Deletes a local pod.
pub fn delete(context: &Context, pod: &PodName) -> Result<(), OpError> {
    let _ = (context, pod);
    todo!()
}
