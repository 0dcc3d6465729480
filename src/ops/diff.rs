//! `diff` and `status`: compare two commits, or a commit and the live instance.

use serde::Serialize;

use super::{Context, OpError};
use crate::event::Events;
use crate::instance::Filter;
use crate::pod::{Change, Commit, Digest, PodName, Reference};

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct DiffOutcome {
    /// The first side's commit.
    pub before: Digest,
    /// The second side's commit.
    pub after: Digest,
    /// In key order.
    pub changes: Vec<Change>,
}

/// The live instance's drift.
#[derive(Clone, Debug, Serialize)]
pub struct StatusOutcome {
    /// What the instance was last committed as or injected with; None where podex never touched it.
    pub base: Option<(PodName, Digest)>,
    /// What changed since; empty where there is no base.
    pub changes: Vec<Change>,
}

/// Finds the commit a reference names, and makes its trees readable locally: `@live` is captured into an
/// unpublished commit; a remote version is fetched.
pub async fn resolve(context: &Context, reference: &Reference, events: &Events) -> Result<(Digest, Commit), OpError> {
    let _ = (context, reference, events);
    todo!()
}

/// Compares two references.
pub async fn diff(
    context: &Context,
    before: &Reference,
    after: &Reference,
    filter: &Filter,
    events: &Events,
) -> Result<DiffOutcome, OpError> {
    let _ = (context, before, after, filter, events);
    todo!()
}

/// Compares the live instance with what it was last committed as or injected with, by the operation log.
pub async fn status(context: &Context, events: &Events) -> Result<StatusOutcome, OpError> {
    let _ = (context, events);
    todo!()
}
