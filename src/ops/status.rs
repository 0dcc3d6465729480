//! `status`: how the live instance drifted from what it was last committed as or injected with.

use std::sync::Arc;

use serde::Serialize;

use super::blocking::blocking;
use super::capture::{Wanted, look_again};
use super::compare::{Absence, Compared, differences};
use super::diff::{Touch, changes, last_touch};
use super::look::{Before, Look, operations_here};
use super::{Context, OpError, Snapshot};
use crate::event::Events;
use crate::instance::{Again, Besides};
use crate::pod::{Change, Digest, PodName};
use crate::tree::Difference;

/// The live instance's drift.
#[derive(Clone, Debug, Serialize)]
pub struct StatusOutcome {
    /// What the instance was last committed as or injected with; None where podex never touched it.
    pub base: Option<(PodName, Digest)>,
    /// What changed since; empty where there is no base.
    pub changes: Vec<Change>,
    /// What could not be compared and why; sentences.
    pub notes: Vec<String>,
    /// What the next of many looks goes by.
    #[serde(skip)]
    pub next: Look,
}

/// Compares the live instance with what it was last committed as or injected with, by the operation log. What the
/// instance's own listings tell to be as it was committed (bodies of objects, code, versions of secrets) is not read.
///
/// # Errors
/// When nothing answers at the endpoint or the store fails.
pub async fn status(context: &Context, look: Look, events: &Events) -> Result<StatusOutcome, OpError> {
    let Some(Touch { pod, base, safety, incomplete }) = last_touch(context)? else {
        // Even without a base the answer should say whether there is an instance at all.
        context.connect_unless_cancelled(events).await?;
        return Ok(StatusOutcome { base: None, changes: Vec::new(), notes: Vec::new(), next: Look::Whole });
    };
    let since = operations_here(context)?.next();
    let before = look.known(context, since);
    let safety = safety.and_then(|digest| Snapshot::load(&context.store, digest).ok());
    let mut services = base.commit.services.clone();
    if let Some(safety) = safety.as_ref().filter(|safety| !safety.commit.services.is_empty()) {
        // An inject of some services has put in nothing of the others.
        services = safety.commit.services.iter().filter(|service| base.has_service(service)).cloned().collect();
        if services.is_empty() {
            let note = format!("what was last injected is in no service that {pod} was committed with");
            let base = Some((pod, base.digest));
            return Ok(StatusOutcome { base, changes: Vec::new(), notes: vec![note], next: Look::Whole });
        }
    }
    // Looks are many: where nothing changed, nothing is written.
    let mut wanted = Wanted { services, near: Some(base.clone()), unless_same: true, ..Wanted::default() };
    let (mut again, mut turn) = (Again::default(), 0);
    if let Some((before, read)) = before {
        wanted.places = before.held.clone();
        wanted.places.extend(base.places()?);
        wanted.near = Some(read);
        again = Again { besides: Besides::Turn(before.turn), before: before.listings.clone() };
        turn = before.turn.wrapping_add(1);
    }
    let instance = context.connect_unless_cancelled(events).await?;
    // What is read has no name.
    let _held = context.store.hold()?;
    let (live, listings) = look_again(context, &instance, wanted, again, events).await?;
    events.phase("compare");
    let (catalog, events) = (context.catalog, events.clone());
    let compared = blocking(move || -> Result<_, OpError> {
        let held = live.places()?;
        let Compared { mut found, notes } = differences::<Difference>(&base, &live, Absence::BothSides, &events)?;
        if let Some(safety) = safety {
            found = since_inject(&safety, found, incomplete)?;
        }
        let before = Before { turn, since, read: live.digest, held, listings };
        Ok(StatusOutcome {
            base: Some((pod, base.digest)),
            changes: changes(catalog, &base, found.into_iter())?,
            notes,
            next: Look::Again(Arc::new(before)),
        })
    });
    compared.await
}

/// Drops what the inject left alone: there the instance differs from the pod, but is as it was before. An inject that
/// left steps undone left alone what it should not have: then only what the pod lacks is dropped.
fn since_inject(safety: &Snapshot, found: Vec<Difference>, incomplete: bool) -> Result<Vec<Difference>, OpError> {
    let mut kept = Vec::new();
    for difference in found {
        let of_pod = difference.before.is_some();
        if incomplete && of_pod || safety.state.get(&difference.key)? != difference.after {
            kept.push(difference);
        }
    }
    Ok(kept)
}
