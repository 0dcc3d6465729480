//! End-to-end tests over real emulators, in one binary so that it links once.

#[path = "../support/mod.rs"]
mod support;

mod servers;
