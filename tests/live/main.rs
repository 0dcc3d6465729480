//! End-to-end tests over real emulators, in one binary so that it links once.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod again;
mod bisect;
mod demo;
mod drift;
mod faults;
mod fidelity;
mod gaps;
mod hostile;
mod merging;
mod moves;
mod native;
mod quick;
mod reading;
mod round_trip;
mod secrets;
mod secure;
mod servers;
mod services;
mod size;
mod spoiled;
mod team;
