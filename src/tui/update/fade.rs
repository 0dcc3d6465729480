//! What was just said fades from the line of keys after a while, and stays in the log. An error stays until a key is
//! pressed: nobody may miss it for having looked away.

use std::time::Duration;

use crate::tui::state::State;
use crate::tui::theme::Role;

/// Seconds after which a sentence is drawn as something that is over.
const DIM: i64 = 5;
/// Seconds after which it makes room for the keys.
const GONE: i64 = 8;

/// How long until what is said looks otherwise; None where it stays.
pub fn due(state: &State) -> Option<Duration> {
    let said = state.status.as_ref().filter(|said| said.role != Role::Error)?;
    let age = jiff::Timestamp::now().duration_since(said.since);
    let next = if said.dim { GONE } else { DIM };
    Some(Duration::try_from(jiff::SignedDuration::from_secs(next) - age).unwrap_or_default())
}

/// Time has passed.
pub(super) fn tick(state: &mut State) {
    let Some(said) = state.status.as_mut().filter(|said| said.role != Role::Error) else { return };
    match state.now.duration_since(said.since).as_secs() {
        GONE.. => state.status = None,
        DIM.. => said.dim = true,
        _ => {}
    }
}
