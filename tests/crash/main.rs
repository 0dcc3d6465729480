//! The whole program at its worst moments: killed at any of them, and several at once on one store.
//!
//! `PODEX_KILLS=1000` makes the first a long one; `PODEX_SEED` repeats what a seed printed before did.

#[path = "../support/mod.rs"]
mod support;

mod kill;
mod races;
mod states;
