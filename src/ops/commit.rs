//! `commit`: capture the live instance as a pod's next version.

use super::{Context, OpError};
use crate::event::Events;
use crate::pod::{Commit, PodName};
use crate::store::VersionEntry;

/// What to commit.
#[derive(Clone, Debug)]
pub struct CommitArgs {
    /// Into which pod; created if need be.
    pub pod: PodName,
    /// May be empty.
    pub message: String,
    /// Services by catalog id; empty means all.
    pub services: Vec<String>,
}

/// A commit made.
#[derive(Clone, Debug)]
pub struct CommitOutcome {
    /// Its place in the pod.
    pub version: VersionEntry,
    /// The commit.
    pub commit: Commit,
    /// Resources (added, modified, removed) against the version before.
    pub changed: (u64, u64, u64),
}

/// Captures the instance and publishes it as the next version of the pod.
pub async fn commit(context: &Context, args: &CommitArgs, events: &Events) -> Result<CommitOutcome, OpError> {
    let _ = (context, args, events);
    todo!()
}
