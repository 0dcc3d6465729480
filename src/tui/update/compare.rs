//! Which two versions are compared.

use super::act::submit;
use crate::pod::Selector;
use crate::tasks::Job;
use crate::tui::message::Effect;
use crate::tui::model::pods::RowId;
use crate::tui::state::State;

/// Compares what is marked, or the chosen version with the one before it.
pub(super) fn compare(state: &mut State) -> Vec<Effect> {
    let chosen = state.pods.chosen().clone();
    let (before, after) = match state.pods.marked.as_slice() {
        [one, other] => (one.clone(), other.clone()),
        [one] => (one.clone(), chosen),
        _ if chosen == RowId::Live => return submit(Job::Status),
        _ => match state.pods.previous(&chosen) {
            Some(previous) => (previous, chosen),
            None => return Vec::new(),
        },
    };
    let (before, after) = in_order(state, before, after);
    match (before.reference(), after.reference()) {
        (Some(before), Some(after)) => submit(Job::Diff { before, after }),
        _ => Vec::new(),
    }
}

/// The older of two versions first; the live instance is the newest there is.
fn in_order(state: &State, one: RowId, other: RowId) -> (RowId, RowId) {
    let time = |row: &RowId| state.pods.commit(row).map(|(_, commit)| commit.time);
    let number = |row: &RowId| match row {
        RowId::Version(_, number) | RowId::RemoteVersion(.., Selector::Version(number)) => *number,
        _ => u64::MAX,
    };
    let swap = match (time(&one), time(&other)) {
        _ if one == RowId::Live => true,
        (Some(first), Some(second)) => (first, number(&one)) > (second, number(&other)),
        _ => false,
    };
    if swap { (other, one) } else { (one, other) }
}
