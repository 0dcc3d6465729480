//! `inject` and `undo`: plan, safety commit, apply.

use super::{Context, OpError};
use crate::event::Events;
use crate::instance::{ApplyReport, Filter, Plan, Strategy};
use crate::pod::{Digest, PodName, Reference};

/// What to inject and how.
#[derive(Clone, Debug)]
pub struct InjectArgs {
    /// Which commit.
    pub reference: Reference,
    /// How it meets what is there.
    pub strategy: Strategy,
    /// Which part of it.
    pub filter: Filter,
}

/// An inject that is planned but not begun. Nothing of the instance is changed yet.
#[derive(Clone, Debug)]
pub struct PreparedInject {
    /// The commit to inject.
    pub target: Digest,
    /// The pod it is from; None for an undo.
    pub pod: Option<PodName>,
    /// The instance as it is now: the safety commit, already written.
    pub safety: Digest,
    /// What will be done.
    pub plan: Plan,
}

/// An inject that was carried out, fully or partly.
#[derive(Clone, Debug)]
pub struct InjectOutcome {
    /// What was done and what was left.
    pub report: ApplyReport,
    /// Undo injects this commit.
    pub safety: Digest,
}

/// Captures the instance (as the safety commit) and plans the inject against it.
pub async fn prepare_inject(context: &Context, args: &InjectArgs, events: &Events) -> Result<PreparedInject, OpError> {
    let _ = (context, args, events);
    todo!()
}

/// Plans to take the instance back to before the last inject into it that is not undone yet.
pub async fn prepare_undo(context: &Context, events: &Events) -> Result<PreparedInject, OpError> {
    let _ = (context, events);
    todo!()
}

/// Carries out a prepared inject and records it.
pub async fn apply_inject(
    context: &Context,
    prepared: &PreparedInject,
    events: &Events,
) -> Result<InjectOutcome, OpError> {
    let _ = (context, prepared, events);
    todo!()
}
