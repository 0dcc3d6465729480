//! Merging the resources of three commits.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::check::Checker;
use super::opaque::{File, Unit};
use crate::catalog::Catalog;
use crate::event::Events;
use crate::ops::{OpError, Snapshot};
use crate::pod::{Conflict, Merge, MergeRules, ResourceKey, Side, TypeOutcome, fill_in, merge_documents, settle};
use crate::tree::{Difference, ThreeWay, Tree};

/// A resource that a merge changes on our side.
pub(in crate::ops) struct Edit {
    /// Ours (before) and merged (after).
    pub(in crate::ops) difference: Difference,
    /// Whose observed values describe what it is now.
    pub(in crate::ops) observed: Side,
}

/// What merging two states comes to.
#[derive(Default)]
pub(in crate::ops) struct MergedState {
    /// What differs from ours, in key order.
    pub(in crate::ops) edits: Vec<Edit>,
    /// What is left to settle; the edits hold our values there.
    pub(in crate::ops) conflicts: Vec<Conflict>,
    /// What the preference settled.
    pub(in crate::ops) preferred: Vec<Conflict>,
    /// What people should look at, by name.
    pub(in crate::ops) warnings: Vec<String>,
    /// What was left as it is, and why.
    pub(in crate::ops) notes: Vec<String>,
}

/// The three commits.
pub(in crate::ops) struct Sides<'a> {
    /// The common ancestor; None where there is none.
    pub(in crate::ops) base: Option<&'a Snapshot>,
    /// Ours.
    pub(in crate::ops) ours: &'a Snapshot,
    /// Theirs.
    pub(in crate::ops) theirs: &'a Snapshot,
}

/// Merges the states of three commits. `absent_in_base` says of a resource that the base has and we have not that it
/// never was on our side, so that nobody deleted it.
pub(in crate::ops) fn merge_states(
    catalog: &Catalog,
    sides: &Sides<'_>,
    prefer: Option<Side>,
    absent_in_base: &dyn Fn(&ResourceKey) -> Result<bool, OpError>,
    events: &Events,
) -> Result<MergedState, OpError> {
    let mut merged = MergedState::default();
    let mut rules: HashMap<(String, String), MergeRules> = HashMap::new();
    let mut silent = BTreeMap::<String, u64>::new();
    let mut checker = Checker::new(catalog);
    let base = sides.base.map(|base| &base.state);
    let mut unit = Unit::default();
    for found in Tree::three_way(base, &sides.ours.state, &sides.theirs.state) {
        if events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        let ThreeWay { key, mut base, ours: held, mut theirs } = found?;
        let mut ours = held.clone();
        with_secrets(&key, [&mut base, &mut ours, &mut theirs]);
        // Who did not look at a type has not deleted anything of it.
        for (value, side) in [(&mut ours, sides.ours), (&mut theirs, sides.theirs)] {
            if value.is_none() && base.is_some() && !knows(side, &key) {
                value.clone_from(&base);
                *silent.entry(format!("{}/{}", key.service, key.kind)).or_default() += 1;
            }
        }
        if ours.is_none() && base.is_some() && absent_in_base(&key)? {
            base = None;
        }
        if !unit.has(&key) {
            unit.merge(prefer, &mut merged);
        }
        if Unit::takes(&key) {
            unit.add(File { key, sides: Merge { base, ours, theirs }, held });
            continue;
        }
        let rules = rules
            .entry((key.service.clone(), key.kind.clone()))
            .or_insert_with(|| catalog.merge_rules(&key.service, &key.kind));
        let three = Merge { base, ours, theirs };
        let (mut document, conflicts) = merge_documents(&key, rules, &three);
        match prefer {
            None => merged.conflicts.extend(conflicts),
            Some(side) => {
                for conflict in conflicts {
                    document = settle(document, rules, &conflict.path, conflict.values.side(side).cloned());
                    merged.preferred.push(conflict);
                }
            }
        }
        checker.look(&key, rules, &three, document.as_ref());
        if document != held {
            let observed = observed_of(&three, held.as_ref(), document.as_ref());
            merged.edits.push(Edit { difference: Difference { key, before: held, after: document }, observed });
        }
    }
    unit.merge(prefer, &mut merged);
    let warnings = checker.finish(&|key| match merged.edits.binary_search_by(|edit| edit.difference.key.cmp(key)) {
        Ok(place) => Ok(merged.edits.get(place).and_then(|edit| edit.difference.after.clone())),
        Err(_) => Ok(sides.ours.state.get(key)?),
    })?;
    merged.warnings.extend(warnings);
    merged.notes.extend(silent.into_iter().map(|(kind, count)| {
        let resources = if count == 1 { "1 resource is" } else { &format!("{count} resources are") };
        format!("{kind}: {resources} kept, because one side did not read them all")
    }));
    Ok(merged)
}

/// Puts the values that one side has in place of the markers that stand for them on others.
fn with_secrets(key: &ResourceKey, sides: [&mut Option<Value>; 3]) {
    let known = sides.each_ref().map(|side| (**side).clone());
    let known: Vec<&Value> = known.iter().flatten().collect();
    for side in sides.into_iter().flatten() {
        fill_in(key, side, &known);
    }
}

/// Whose observed values describe a resource that was merged.
pub(super) fn observed_of(sides: &Merge<Value>, held: Option<&Value>, merged: Option<&Value>) -> Side {
    match merged {
        Some(_) if merged == sides.theirs.as_ref() || held.is_none() && sides.theirs.is_some() => Side::Theirs,
        _ if held.is_none() => Side::Base,
        _ => Side::Ours,
    }
}

/// Whether the absence of a resource in a commit means that it was not there.
fn knows(side: &Snapshot, key: &ResourceKey) -> bool {
    side.has_service(&key.service) && side.outcome(&key.service, &key.kind) == TypeOutcome::Complete
}

impl Edit {
    /// What was observed of the resource on our side, and what is now.
    pub(super) fn observed(&self, sides: &Sides<'_>) -> Result<(Option<Value>, Option<Value>), OpError> {
        let Difference { key, after, .. } = &self.difference;
        let held = sides.ours.observed.get(key)?;
        let side = match self.observed {
            _ if after.is_none() => return Ok((held, None)),
            Side::Ours => return Ok((held.clone(), held)),
            Side::Base => sides.base.unwrap_or(sides.ours),
            Side::Theirs => sides.theirs,
        };
        let seen = side.observed.get(key)?.unwrap_or_else(|| Value::Object(Default::default()));
        Ok((held, Some(seen)))
    }

    /// How it changes the number of resources.
    pub(super) fn count(&self) -> i64 {
        match (&self.difference.before, &self.difference.after) {
            (None, Some(Value::Object(_))) => 1,
            (Some(_), None) => -1,
            _ => 0,
        }
    }
}
