//! Which differences an inject acts on, by its strategy.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::event::Events;
use crate::instance::{self, Delta, Filter, Strategy};
use crate::ops::compare::{Absence, Compared, differences};
use crate::ops::merge::state::{Edit, Sides, merge_states};
use crate::ops::{OpError, Snapshot};
use crate::pod::{Conflict, ResourceKey};

/// Which differences between the instance (ours) and the pod (theirs) an inject acts on. For a three-way inject, the
/// base is what was last injected or committed, and `before` the instance before that.
///
/// # Errors
/// When a three-way inject meets conflicts, or the store fails.
pub(in crate::ops) fn wanted(
    catalog: &Catalog,
    strategy: Strategy,
    sides: &Sides<'_>,
    before: Option<&Snapshot>,
    filter: &Filter,
    events: &Events,
) -> Result<Compared<Delta>, OpError> {
    let Sides { ours: live, theirs: pod, .. } = sides;
    let Compared { found, notes } = match strategy {
        Strategy::ThreeWay => three_way(catalog, sides, before, filter, events)?,
        _ => differences(live, pod, Absence::OfPod, events)?,
    };
    let shared: BTreeSet<_> = live.places()?.intersection(&pod.places()?).cloned().collect();
    Ok(Compared { found: instance::select(strategy, filter, &shared, found), notes })
}

/// What brings the instance (ours) the pod's changes since the base, without losing its own. `before` is the instance
/// before the base was injected into it.
///
/// # Errors
/// When both changed something differently: with the names of all of it.
fn three_way(
    catalog: &Catalog,
    sides: &Sides<'_>,
    before: Option<&Snapshot>,
    filter: &Filter,
    events: &Events,
) -> Result<Compared<Delta>, OpError> {
    // What the last inject left out of its pod was never put in, so nobody has deleted it since.
    let never_there = |key: &ResourceKey| match before {
        Some(before) => Ok(before.document(key)?.is_none()),
        None => Ok(false),
    };
    let mut merged = merge_states(catalog, sides, None, &never_there, events)?;
    merged.conflicts.retain(|conflict| filter.picks(&conflict.key));
    if merged.conflicts.is_empty() {
        let mut notes = merged.warnings;
        notes.append(&mut merged.notes);
        notes.extend(before.and_then(|before| unknown_deletions(before, &merged.edits, filter)));
        return Ok(Compared { found: merged.edits.into_iter().map(|edit| edit.difference.into()).collect(), notes });
    }
    let name = |conflict: &Conflict| {
        let property = Some(conflict.property()).filter(|property| !property.is_empty());
        let place = property.unwrap_or_else(|| "deleted on one side".to_owned());
        format!("{}/{}: {place}", conflict.key.service, conflict.key.label())
    };
    Err(OpError::InstanceConflicts { places: merged.conflicts.iter().map(name).collect() })
}

/// What is put in of services that the last inject did not look at: it may have been deleted since an earlier one.
fn unknown_deletions(before: &Snapshot, edits: &[Edit], filter: &Filter) -> Option<String> {
    let created = edits.iter().map(|edit| &edit.difference).filter(|found| found.before.is_none());
    let unknown = created.filter(|found| filter.picks(&found.key) && !before.has_service(&found.key.service));
    let services: BTreeSet<&str> = unknown.map(|found| found.key.service.as_str()).collect();
    (!services.is_empty()).then(|| {
        let services = services.into_iter().collect::<Vec<_>>().join(", ");
        format!("the last inject left {services} out: what was deleted there since an earlier one is put in again")
    })
}
