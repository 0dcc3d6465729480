//! `status`: how the live instance drifted from what it was last committed as or injected with.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::blocking::blocking;
use super::capture::{Wanted, look_again};
use super::compare::{Absence, Compared, differences};
use super::diff::{Touch, changes, last_touch};
use super::{Context, OpError, Snapshot};
use crate::event::Events;
use crate::instance::{Again, Listings, Place};
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

/// How far `status` looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As far as a commit does.
    #[default]
    Whole,
    /// One of many looks at the same instance: only what a listing tells to have changed is read, all else in its
    /// turn, and a region that held nothing so far is only asked in its turn.
    Again(Arc<Before>),
}

/// What a look goes by that is one of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Looks since the last whole one.
    pub(crate) turn: u32,
    /// The podex operation that came before it, as the log's time tells: another one ends what this knows.
    pub(crate) since: Option<jiff::Timestamp>,
    /// What the last look read: a commit without a pod, which the store may lose.
    pub(crate) read: Digest,
    /// Where looks saw something.
    pub(crate) held: BTreeSet<Place>,
    /// What listings told it.
    pub(crate) listings: Listings,
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
    let since = last_operation(context)?;
    // Where the last look is gone, this is the first again.
    let before = match look {
        Look::Again(before) if before.since == since => {
            Snapshot::load(&context.store, before.read).ok().map(|read| (before, read))
        }
        _ => None,
    };
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
    let mut wanted = Wanted { services, near: Some(base.clone()), ..Wanted::default() };
    let (mut again, mut turn) = (Again::default(), 0);
    if let Some((before, read)) = before {
        wanted.places = before.held.clone();
        wanted.places.extend(base.places()?);
        wanted.near = Some(read);
        again = Again { turn: Some(before.turn), before: before.listings.clone() };
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

/// When podex last did something to the context's instance.
fn last_operation(context: &Context) -> Result<Option<jiff::Timestamp>, OpError> {
    let endpoint = context.endpoint_text();
    let records = context.store.operations()?;
    Ok(records.into_iter().find(|record| record.endpoint.as_ref() == Some(&endpoint)).map(|record| record.time))
}

impl Look {
    /// What the last look of another process left; [`Look::Whole`] where it left nothing that can be read.
    pub fn kept(context: &Context) -> Self {
        let text = std::fs::read(file(context)).unwrap_or_default();
        serde_json::from_slice(&text).map_or(Self::Whole, |before| Self::Again(Arc::new(before)))
    }

    /// Leaves it to the next process. Names and digests alone are kept, in the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn keep(&self, context: &Context) -> std::io::Result<()> {
        let Self::Again(before) = self else { return Ok(()) };
        let path = file(context);
        let folder = path.parent().map_or_else(PathBuf::new, PathBuf::from);
        std::fs::create_dir_all(&folder)?;
        let mut written = tempfile::NamedTempFile::new_in(&folder)?;
        written.write_all(&serde_json::to_vec(&**before)?)?;
        written.persist(&path)?;
        Ok(())
    }
}

/// Where the last look at the context's instance is kept.
fn file(context: &Context) -> PathBuf {
    let name = Digest::of(context.endpoint_text().as_bytes()).hex();
    context.paths.cache.join("looks").join(format!("{name}.json"))
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
