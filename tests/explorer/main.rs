//! The explorer as a user meets it: the real program in a real pseudo-terminal. Each test reads as a story: press,
//! then expect.

mod actions;
mod browse;
mod compare;
mod drift;
mod figures;
mod fuzz;
mod hands;
mod merge;
mod pictures;
#[path = "../support/probe.rs"]
mod probe;
mod screen;
mod search;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod team;
mod terminal;
