//! `merge`: join another line of history into a pod, as a commit with two parents.

mod check;
#[cfg(test)]
mod model;
mod opaque;
pub(super) mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use super::blocking::blocking;
use super::capture::now_to_the_second;
use super::diff::snapshot_here;
use super::storage::tidy;
use super::{Context, OpError, Snapshot};
use crate::event::Events;
use crate::pod::{
    Author, CaptureReport, Commit, Conflict, Digest, PodName, Reference, Selector, Side, TypeOutcome, canonical_json,
};
use crate::store::{MergeBase, OpRecord, Store, StoreError, VersionEntry};
use crate::tree::Edits;
use state::{MergedState, Sides, merge_states};

/// Most conflicts a commit may hold: beyond that nobody settles them one by one.
const MAX_CONFLICTS: usize = 10_000;
/// Most bytes they may take, since a commit is read whole.
const MAX_CONFLICT_BYTES: usize = 8 << 20;
/// How often a merge begins anew because the pod moved on meanwhile: a person's patience, not a machine's.
const ATTEMPTS: usize = 8;

/// What to merge.
#[derive(Clone, Debug)]
pub struct MergeArgs {
    /// The pod that gets the merge as its next version.
    pub into: PodName,
    /// What is merged into it.
    pub from: Reference,
    /// Whose value wins where both changed something: [`Side::Ours`] is the pod's. None: that is a conflict.
    pub prefer: Option<Side>,
    /// The commit's message; None for one that names both.
    pub message: Option<String>,
    /// Look only.
    pub dry_run: bool,
}

/// How a merge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeKind {
    /// There was nothing to merge.
    UpToDate,
    /// The pod had nothing of its own: its next version is the other's commit.
    FastForward,
    /// A commit with two parents.
    Merged,
    /// The same, with conflicts to settle.
    Conflicted,
}

/// A merge made, or looked at.
#[derive(Clone, Debug, Serialize)]
pub struct MergeOutcome {
    /// How it ended.
    pub kind: MergeKind,
    /// The pod's newest version now.
    pub version: VersionEntry,
    /// The common ancestor.
    pub base: Option<Digest>,
    /// What was merged.
    pub theirs: Digest,
    /// Resources (added, modified, removed) on the pod's side.
    pub changed: (u64, u64, u64),
    /// What is to be settled.
    pub conflicts: Vec<Conflict>,
    /// What the preference settled.
    pub preferred: Vec<Conflict>,
    /// What may be broken although nothing is in conflict.
    pub warnings: Vec<String>,
    /// What was left as it is and why.
    pub notes: Vec<String>,
}

/// Merges a commit into a pod.
///
/// # Errors
/// When there is no such pod or commit, one of them has conflicts that are not settled, the histories differ in more
/// than anybody could settle, or the store fails. The pod is then as it was.
pub async fn merge(context: &Context, args: &MergeArgs, events: &Events) -> Result<MergeOutcome, OpError> {
    if args.from == Reference::Live {
        return Err(OpError::Usage("@live has no history: commit it first, then merge that pod".to_owned()));
    }
    // What is fetched, and what the two have in common, has no name until the merge has one.
    let held = context.store.hold()?;
    let store = context.store.clone();
    store.resolve(&args.into, &Selector::Head)?;
    let theirs = snapshot_here(context, &args.from, events).await?;
    events.phase("merge");
    let (context, args, events, dry_run) = (context.clone(), args.clone(), events.clone(), args.dry_run);
    let outcome = blocking(move || {
        let mut attempts = 1;
        loop {
            let head = context.store.resolve(&args.into, &Selector::Head)?;
            match merge_now(&context, &args, head, &theirs, &events) {
                // Somebody published into the pod meanwhile: merged with what it is now.
                Err(OpError::Store(StoreError::HeadMoved { .. })) if attempts < ATTEMPTS => attempts += 1,
                result => return result,
            }
        }
    });
    let outcome = outcome.await?;
    drop(held);
    if !dry_run {
        tidy(&store).await;
    }
    Ok(outcome)
}

fn merge_now(
    context: &Context,
    args: &MergeArgs,
    head: VersionEntry,
    theirs: &Snapshot,
    events: &Events,
) -> Result<MergeOutcome, OpError> {
    let store = &context.store;
    let ours = Snapshot::load(store, head.commit)?;
    refuse_conflicted(&ours.commit, &args.into, &args.into.to_string())?;
    if let Reference::Pod { pod, .. } = &args.from {
        refuse_conflicted(&theirs.commit, pod, &args.from.to_string())?;
    }
    let MergeBase { base, several } = store.merge_base(ours.digest, theirs.digest)?;
    let mut outcome = MergeOutcome {
        kind: MergeKind::UpToDate,
        version: head,
        base,
        theirs: theirs.digest,
        changed: (0, 0, 0),
        conflicts: Vec::new(),
        preferred: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    if base == Some(theirs.digest) {
        return Ok(outcome);
    }
    let base = base.map(|base| Snapshot::load(store, base)).transpose()?;
    let sides = Sides { base: base.as_ref(), ours: &ours, theirs };
    let merged = merge_states(context.catalog, &sides, args.prefer, &|_| Ok(false), events)?;
    outcome.changed = changed(&merged);
    if outcome.base == Some(ours.digest) {
        outcome.kind = MergeKind::FastForward;
        if !args.dry_run {
            outcome.version = store.publish(&args.into, Some(ours.digest), theirs.digest)?;
            record(store, "merge", &args.into, &outcome.version, format!("moved {} on to {}", args.into, args.from))?;
        }
        return Ok(outcome);
    }
    match (&base, several) {
        (None, _) => outcome
            .notes
            .push("the two have no version in common: what both have and is not the same is a conflict".to_owned()),
        (Some(base), true) => outcome.notes.push(format!(
            "the two have several versions in common, none behind another: {} was taken as the base",
            base.digest.short()
        )),
        (Some(_), false) => {}
    }
    outcome.kind = if merged.conflicts.is_empty() { MergeKind::Merged } else { MergeKind::Conflicted };
    if !args.dry_run {
        let message = args.message.clone().unwrap_or_else(|| format!("merge {} into {}", args.from, args.into));
        let digest = write(store, &sides, &merged, message, context.author.clone())?;
        outcome.version = store.publish(&args.into, Some(ours.digest), digest)?;
        let left = match merged.conflicts.len() {
            0 => String::new(),
            left => format!(", {left} to settle"),
        };
        let summary = format!("merged {} into {}:{}{left}", args.from, args.into, outcome.version.number);
        record(store, "merge", &args.into, &outcome.version, summary)?;
    }
    let MergedState { conflicts, preferred, warnings, notes, .. } = merged;
    outcome.notes.extend(notes);
    Ok(MergeOutcome { conflicts, preferred, warnings, ..outcome })
}

/// Refuses a commit with conflicts; `named` is how the user called it.
pub(super) fn refuse_conflicted(commit: &Commit, pod: &PodName, named: &str) -> Result<(), OpError> {
    match commit.conflicts.len() {
        0 => Ok(()),
        count => Err(OpError::Conflicted { named: named.to_owned(), pod: pod.clone(), count }),
    }
}

/// Writes the merge as a commit that no pod names yet.
fn write(
    store: &Store,
    sides: &Sides<'_>,
    merged: &MergedState,
    message: String,
    author: Author,
) -> Result<Digest, OpError> {
    let conflicts = &merged.conflicts;
    if conflicts.len() > MAX_CONFLICTS || canonical_json(conflicts).len() > MAX_CONFLICT_BYTES {
        return Err(OpError::Request(format!(
            "{} properties are in conflict, more than anybody settles one by one: merge with --prefer ours or theirs",
            conflicts.len()
        )));
    }
    let (mut state, mut observed) = (Edits::default(), Edits::default());
    for edit in &merged.edits {
        let key = &edit.difference.key;
        state.push(key, edit.difference.after.as_ref())?;
        let (held, seen) = edit.observed(sides)?;
        if held != seen {
            observed.push(key, seen.as_ref())?;
        }
    }
    let ours = &sides.ours.commit;
    let writer = store.writer()?;
    let resources = merged.edits.iter().map(state::Edit::count).sum();
    let commit = Commit {
        parents: vec![sides.ours.digest, sides.theirs.digest],
        state: writer.edit(ours.state, &state)?,
        observed: writer.edit(ours.observed, &observed)?,
        resources: ours.resources.saturating_add_signed(resources),
        message,
        author,
        time: now_to_the_second(),
        services: services(ours, &sides.theirs.commit),
        report: report(sides, merged),
        withheld: ours.withheld.or(sides.theirs.commit.withheld),
        ..ours.clone()
    };
    Ok(writer.finish(&commit.with_conflicts(conflicts.clone()))?)
}

/// What both sides together speak about.
fn services(ours: &Commit, theirs: &Commit) -> Vec<String> {
    if ours.services.is_empty() || theirs.services.is_empty() {
        return Vec::new();
    }
    let mut services: Vec<String> = ours.services.iter().chain(&theirs.services).cloned().collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// Both sides' reports: of each type the better reading, its count as it is now.
fn report(sides: &Sides<'_>, merged: &MergedState) -> CaptureReport {
    let mut types = sides.theirs.commit.report.types.clone();
    for (kind, ours) in &sides.ours.commit.report.types {
        let mut line = ours.clone();
        if let Some(theirs) = types.get(kind) {
            let fresh = theirs.notes.iter().filter(|note| !ours.notes.contains(note));
            line.notes.extend(fresh.cloned());
            if theirs.outcome == TypeOutcome::Complete && ours.outcome == TypeOutcome::NotImplemented {
                line.outcome = TypeOutcome::Complete;
            }
        }
        types.insert(kind.clone(), line);
    }
    let mut counts = BTreeMap::<String, i64>::new();
    for edit in &merged.edits {
        let key = &edit.difference.key;
        *counts.entry(format!("{}/{}", key.service, key.kind)).or_default() += edit.count();
    }
    for (kind, line) in &mut types {
        let held = sides.ours.commit.report.types.get(kind).map_or(0, |line| line.count);
        line.count = held.saturating_add_signed(counts.get(kind).copied().unwrap_or(0));
    }
    CaptureReport { types }
}

fn changed(merged: &MergedState) -> (u64, u64, u64) {
    let mut changed = (0, 0, 0);
    for edit in &merged.edits {
        match (&edit.difference.before, &edit.difference.after) {
            (None, _) => changed.0 += 1,
            (_, None) => changed.2 += 1,
            _ => changed.1 += 1,
        }
    }
    changed
}

/// Enters a new version into the operation log.
pub(super) fn record(
    store: &Store,
    operation: &str,
    pod: &PodName,
    version: &VersionEntry,
    summary: String,
) -> Result<(), StoreError> {
    store.record(&OpRecord {
        time: jiff::Timestamp::now(),
        operation: operation.to_owned(),
        pod: Some(pod.clone()),
        endpoint: None,
        commit: Some(version.commit),
        safety: None,
        summary,
    })
}
