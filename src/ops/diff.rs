//! `diff`: compares two commits, or a commit and the live instance.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use super::blocking::blocking;
use super::capture::{Wanted, capture};
use super::commit::check_services;
use super::compare::{Absence, Compared, differences, unmatched_patterns};
use super::inject::INCOMPLETE;
use super::snapshot::parse;
use super::{Browsed, Context, OpError, Snapshot, browse};
use crate::catalog::Catalog;
use crate::event::Events;
use crate::instance::Filter;
use crate::pod::{
    Change, ChangeKind, Commit, Digest, Observed, PodName, Reading, Reference, ReferenceError, Rename, diff_values,
    renames,
};
use crate::store::OpRecord;
use crate::tree::Difference;

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct DiffOutcome {
    /// The first side's commit.
    pub before: Digest,
    /// The second side's commit.
    pub after: Digest,
    /// In key order.
    pub changes: Vec<Change>,
    /// Which of the removed and added resources are one under a new name.
    pub renames: Vec<Rename>,
    /// What could not be compared and why; sentences.
    pub notes: Vec<String>,
}

/// Finds the commit a reference names, and makes its trees readable locally: `@live` is captured into an
/// unpublished commit; a remote version is fetched.
///
/// # Errors
/// When there is no such thing, with what there is; or when the instance, the remote or the store fails.
pub async fn resolve(context: &Context, reference: &Reference, events: &Events) -> Result<(Digest, Commit), OpError> {
    let snapshot = match reference {
        Reference::Live => live(context, last_touch(context)?.map(|touch| touch.base), Vec::new(), events).await?,
        Reference::Pod { remote: None, pod, selector } => {
            Snapshot::load(&context.store, context.store.resolve(pod, selector)?.commit)?
        }
        Reference::Pod { remote: Some(remote), pod, selector } => {
            return super::share::fetch(context, remote, pod, selector, events).await;
        }
    };
    Ok((snapshot.digest, snapshot.commit))
}

/// Captures the live instance to compare it with `near`.
pub(super) async fn live(
    context: &Context,
    near: Option<Snapshot>,
    services: Vec<String>,
    events: &Events,
) -> Result<Snapshot, OpError> {
    let instance = context.connect_unless_cancelled(events).await?;
    capture(context, &instance, Wanted { services, near, ..Wanted::default() }, events).await
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A version, or the live instance.
    Named(Reference),
    /// A file that `export` wrote.
    File(PathBuf),
}

impl From<&Reference> for Side {
    fn from(reference: &Reference) -> Self {
        Self::Named(reference.clone())
    }
}

impl FromStr for Side {
    type Err = ReferenceError;

    /// Pods and remotes have no dots in their names (tags may), and no reference begins with a slash.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.split(':').next().unwrap_or_default();
        if name.contains('.') || name.starts_with('/') {
            return Ok(Self::File(text.into()));
        }
        text.parse().map(Self::Named)
    }
}

/// Compares two versions, files, or one of them with the live instance.
///
/// # Errors
/// When a side cannot be found or read.
pub async fn diff(
    context: &Context,
    before: impl Into<Side>,
    after: impl Into<Side>,
    filter: &Filter,
    events: &Events,
) -> Result<DiffOutcome, OpError> {
    const LIVE: Side = Side::Named(Reference::Live);
    check_services(context, &filter.services)?;
    // What is read for the comparison alone has no name that keeps it.
    let _held = context.store.hold()?;
    // The instance is captured last, so that it can be read with the other side in mind.
    let (before, after) = match (before.into(), after.into()) {
        (LIVE, LIVE) => {
            return Err(OpError::Usage(
                "both sides are the live instance: name a pod, as in 'podex diff POD'".to_owned(),
            ));
        }
        (LIVE, pod) => {
            let after = whole_side(context, &pod, events).await?;
            (live_like(context, &after, filter, events).await?.into(), after.into())
        }
        (pod, LIVE) => {
            let before = whole_side(context, &pod, events).await?;
            let after = live_like(context, &before, filter, events).await?;
            (before.into(), after.into())
        }
        (one, other) => (side(context, &one, events).await?, side(context, &other, events).await?),
    };
    events.phase("compare");
    let (catalog, filter, events) = (context.catalog, filter.clone(), events.clone());
    let compared = blocking(move || -> Result<_, OpError> {
        let (before, after, both) = (&before.snapshot, &after.snapshot, [&before, &after]);
        let Compared { found, mut notes } = differences::<Difference>(before, after, Absence::BothSides, &events)?;
        notes.extend(unmatched_patterns([before, after], &filter)?);
        let kept = found.into_iter().filter(|difference| filter.picks(&difference.key));
        let changes = changes(catalog, before, kept)?;
        let renames = renames(&changes);
        both.into_iter().try_for_each(Browsed::keep)?;
        Ok(DiffOutcome { before: before.digest, after: after.digest, changes, renames, notes })
    });
    compared.await
}

async fn side(context: &Context, side: &Side, events: &Events) -> Result<Browsed, OpError> {
    match side {
        Side::Named(reference) => browse(context, reference, events).await,
        Side::File(_) => Ok(whole_side(context, side, events).await?.into()),
    }
}

/// A side with its bodies: the instance's need not be read again where they are the same.
async fn whole_side(context: &Context, side: &Side, events: &Events) -> Result<Snapshot, OpError> {
    match side {
        Side::Named(reference) => snapshot(context, reference, events).await,
        Side::File(file) => {
            let read = super::archive::read_file(context, file, Vec::new(), None, events).await?;
            Ok(Snapshot::of(&context.store, read.digest, read.commit))
        }
    }
}

/// The commit of a reference, ready to be read.
pub(super) async fn snapshot(context: &Context, reference: &Reference, events: &Events) -> Result<Snapshot, OpError> {
    let (digest, commit) = resolve(context, reference, events).await?;
    Ok(Snapshot::of(&context.store, digest, commit))
}

/// The same as a part of the history here: of a remote's version with its secrets, as far as they are known.
pub(super) async fn snapshot_here(
    context: &Context,
    reference: &Reference,
    events: &Events,
) -> Result<Snapshot, OpError> {
    let found = snapshot(context, reference, events).await?;
    match reference {
        Reference::Pod { remote: Some(_), .. } => {
            let here = super::secrets::local_twin(context, found.digest, events).await?;
            Ok(Snapshot::load(&context.store, here)?)
        }
        _ => Ok(found),
    }
}

async fn live_like(context: &Context, pod: &Snapshot, filter: &Filter, events: &Events) -> Result<Snapshot, OpError> {
    let services = if filter.services.is_empty() { &pod.commit.services } else { &filter.services };
    live(context, Some(pod.clone()), services.clone(), events).await
}

/// Differences as changes of documents.
pub(super) fn changes(
    catalog: &Catalog,
    side: &Snapshot,
    found: impl Iterator<Item = Difference>,
) -> Result<Vec<Change>, OpError> {
    let mut changes = Vec::new();
    for Difference { key, before, after } in found {
        let before = before.map(|value| parse(&side.state, value)).transpose()?;
        let after = after.map(|value| parse(&side.state, value)).transpose()?;
        let (service, kind) = (key.service.clone(), key.kind.clone());
        let reading = Reading { is_set: &|path| catalog.is_set(&service, &kind, path), decode: true };
        changes.extend(Change::between_as(key, before.as_ref(), after.as_ref(), reading));
    }
    Ok(changes)
}

/// What differs in what cannot be set (ARNs, times, counts) of the resources that both sides of a comparison have.
/// Such values say nothing about a state; they are for the curious.
///
/// # Errors
/// When a side is damaged.
pub fn observed_changes(context: &Context, outcome: &DiffOutcome, filter: &Filter) -> Result<Vec<Change>, OpError> {
    let [before, after] = [outcome.before, outcome.after].map(|digest| Snapshot::load(&context.store, digest));
    let (before, after) = (before?, after?);
    let mut changes = Vec::new();
    for difference in before.observed.diff(&after.observed) {
        let Difference { key, before: Some(one), after: Some(other) } = difference? else { continue };
        if filter.picks(&key) {
            let [one, other] = [one, other].map(|value| parse::<Observed>(&before.observed, value));
            let properties = diff_values(&one?.into(), &other?.into());
            changes.push(Change { key, kind: ChangeKind::Modified, properties });
        }
    }
    Ok(changes)
}

/// What podex last made of an instance.
pub(super) struct Touch {
    /// The pod committed or injected.
    pub(super) pod: PodName,
    /// Its commit.
    pub(super) base: Snapshot,
    /// For an inject: the instance before it.
    pub(super) safety: Option<Digest>,
    /// For an inject: whether it left steps undone.
    pub(super) incomplete: bool,
}

/// The last commit from, or inject into, the context's instance that is not undone.
pub(super) fn last_touch(context: &Context) -> Result<Option<Touch>, OpError> {
    let endpoint = context.endpoint_text();
    let records = context.store.operations()?;
    let here = records.into_iter().filter(|record| record.endpoint.as_ref() == Some(&endpoint));
    let (mut undone, mut incomplete) = (0, false);
    for record in here {
        let OpRecord { operation, pod, commit, safety, .. } = record;
        match operation.as_str() {
            "undo" if safety.is_some() => undone += 1,
            "inject" if undone > 0 && safety.is_some() => (undone, incomplete) = (undone - 1, false),
            INCOMPLETE => incomplete = true,
            "inject" | "commit" => {
                let (Some(pod), Some(commit)) = (pod, commit) else { continue };
                // The commit of a deleted pod may be gone; what was done before it still tells something.
                let Ok(base) = Snapshot::load(&context.store, commit) else { continue };
                return Ok(Some(Touch { pod, base, safety, incomplete }));
            }
            _ => {}
        }
    }
    Ok(None)
}
