//! Going to what was asked for, as soon as it is there.

use super::act::submit;
use crate::pod::{Digest, Reference, Selector};
use crate::tasks::Job;
use crate::tui::message::Effect;
use crate::tui::model::pods::{Live, RowId};
use crate::tui::state::State;

/// Lists the local pods again and goes to `row` when that is done.
pub(super) fn read_again(state: &mut State, row: RowId) -> Vec<Effect> {
    state.wanted = row.reference().map(|reference| (reference, None));
    submit(Job::ListPods)
}

/// Goes to the row that was asked for, as soon as it is there.
pub(super) fn go_to_wanted(state: &mut State) -> Vec<Effect> {
    // What the last run was at comes without fetching or capturing anything.
    if let Some(row) = state.restore.as_ref().filter(|_| state.wanted.is_none()).and_then(|last| row_of(state, last))
        && state.pods.choose(&row)
    {
        state.restore = None;
    }
    let Some((reference, path)) = state.wanted.clone() else { return Vec::new() };
    let Some(row) = row_of(state, &reference) else { return Vec::new() };
    if !state.pods.choose(&row) {
        return Vec::new();
    }
    if path.is_none() {
        state.wanted = None;
    } else {
        // The row may be written in another way than it was asked for.
        state.wanted = row.reference().map(|reference| (reference, path));
    }
    let remote = matches!(row, RowId::RemotePod(..) | RowId::RemoteVersion(..));
    let opened = state.pods.commit(&row).is_some_and(|(digest, _)| state.opened.contains_key(&digest));
    let live = row == RowId::Live && state.live.is_none() && matches!(state.pods.live, Live::Online(..));
    match row.reference() {
        Some(reference) if live || (remote && !opened) => submit(Job::Open(reference)),
        _ => Vec::new(),
    }
}

pub(super) fn row_of(state: &State, reference: &Reference) -> Option<RowId> {
    let Reference::Pod { remote, pod, selector } = reference else { return Some(RowId::Live) };
    let number = |numbers: Vec<(u64, Digest)>| match selector {
        // Commands that open the explorer have looked a tag up before.
        Selector::Head | Selector::Tag(_) => None,
        Selector::Version(number) => Some(*number),
        Selector::Revision(digits) => {
            numbers.iter().find(|(_, digest)| digest.hex().starts_with(digits)).map(|(number, _)| *number)
        }
    };
    match remote {
        None => {
            let found = state.pods.local_pod(pod)?;
            let numbers = found.versions.iter().map(|version| (version.number, version.digest)).collect();
            Some(number(numbers).map_or(RowId::Pod(pod.clone()), |number| RowId::Version(pod.clone(), number)))
        }
        Some(remote) => {
            let found = state.pods.remote_pod(remote, pod)?;
            let numbers = found.versions.iter().map(|version| (version.number, version.digest)).collect();
            let row = |selector| RowId::RemoteVersion(remote.clone(), pod.clone(), selector);
            Some(match (number(numbers), selector) {
                (Some(number), _) => row(Selector::Version(number)),
                (None, Selector::Revision(digits)) => {
                    let beside = found.beside.iter().find(|commit| commit.digest.hex().starts_with(digits))?;
                    row(Selector::Revision(beside.digest.short()))
                }
                (None, _) => RowId::RemotePod(remote.clone(), pod.clone()),
            })
        }
    }
}
