//! The differences between two commits that mean something: where one side was not read, its silence says nothing.

use std::collections::BTreeMap;

use super::{OpError, Snapshot};
use crate::archive::NATIVE_KIND;
use crate::event::Events;
use crate::instance::Filter;
use crate::pod::{ResourceKey, TypeOutcome, fill_in};
use crate::tree::Difference;

/// Whose silence about a resource counts only where its type was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// Both sides are commits to be compared.
    BothSides,
    /// The second is a pod to be injected: what it could not know of must not be deleted. What the first, the
    /// instance, could not show is tried all the same: apply reports what does not work.
    OfPod,
}

/// What differs, and what could not be compared.
pub(super) struct Compared<T = Difference> {
    /// In key order.
    pub(super) found: Vec<T>,
    /// What was left out and why; sentences.
    pub(super) notes: Vec<String>,
}

/// Compares two commits. Each difference is made a `T` as it is found: there may be many.
pub(super) fn differences<T: From<Difference>>(
    before: &Snapshot,
    after: &Snapshot,
    absence: Absence,
    events: &Events,
) -> Result<Compared<T>, OpError> {
    let mut found = Vec::new();
    let mut left_out = BTreeMap::<String, (u64, String)>::new();
    for difference in before.state.diff(&after.state) {
        if events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        let Some(difference) = with_secrets(difference?) else { continue };
        match silence(before, after, absence, &difference) {
            None => found.push(difference.into()),
            Some(reason) => {
                let ResourceKey { service, kind, .. } = &difference.key;
                left_out.entry(format!("{service}/{kind}")).or_insert((0, reason)).0 += 1;
            }
        }
    }
    let notes = left_out.into_iter().map(|(kind, (count, reason))| {
        let resources = if count == 1 { "1 resource is" } else { &format!("{count} resources are") };
        format!("{kind}: {resources} left out, because {reason}")
    });
    Ok(Compared { found, notes: notes.collect() })
}

/// The difference with every marker replaced by the value that the other side has and it stands for; None where that
/// was all of it.
fn with_secrets(mut difference: Difference) -> Option<Difference> {
    let Difference { key, before: Some(before), after: Some(after) } = &mut difference else { return Some(difference) };
    let (one, other) = (before.clone(), after.clone());
    fill_in(key, before, &[&other]);
    fill_in(key, after, &[&one]);
    (before != after).then_some(difference)
}

/// Why a difference says nothing: the side that lacks the resource did not look, or could not.
fn silence(before: &Snapshot, after: &Snapshot, absence: Absence, difference: &Difference) -> Option<String> {
    let (side, which) = match (&difference.before, &difference.after) {
        (None, _) if absence == Absence::BothSides => (before, "the first side"),
        (_, None) if absence == Absence::BothSides => (after, "the second side"),
        (_, None) => (after, "the pod"),
        _ => return None,
    };
    let ResourceKey { service, kind, .. } = &difference.key;
    if !side.has_service(service) {
        return Some(format!("{which} was committed without {service}"));
    }
    match side.outcome(service, kind) {
        TypeOutcome::Complete => None,
        _ if kind == NATIVE_KIND => Some(format!("{which} was taken without LocalStack's own state")),
        // Where an emulator does not offer a type it holds none; but a pod from there does not say that another
        // emulator should hold none.
        TypeOutcome::NotImplemented if absence == Absence::BothSides => None,
        TypeOutcome::NotImplemented => Some(format!("{which} is from {}, which does not offer them", emulator(side))),
        TypeOutcome::Partial => Some(format!("{which} could not read all of them")),
        TypeOutcome::AccessDenied | TypeOutcome::Failed => Some(format!("{which} could not read them")),
    }
}

fn emulator(side: &Snapshot) -> &str {
    &side.commit.instance.emulator
}

/// One sentence for each pattern that picks nothing of what both sides hold, with the nearest labels.
///
/// # Errors
/// When a tree is damaged.
pub(super) fn unmatched_patterns(sides: [&Snapshot; 2], filter: &Filter) -> Result<Vec<String>, OpError> {
    let mut open: Vec<_> = filter.only.iter().chain(&filter.except).collect();
    for side in sides {
        for key in side.state.keys() {
            if open.is_empty() {
                return Ok(Vec::new());
            }
            let key = key?;
            open.retain(|pattern| !pattern.matches(&key));
        }
    }
    let mut notes = Vec::new();
    for pattern in open {
        let nearest = super::inspect::nearest_labels(sides, &pattern.to_string())?;
        let hint = if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) };
        notes.push(format!("the pattern '{pattern}' matches nothing{hint}"));
    }
    Ok(notes)
}
