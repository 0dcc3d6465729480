//! The explorer as a user meets it: the real program in a real pseudo-terminal. Each test reads as a story: press,
//! then expect.

mod browse;
mod drift;
mod fuzz;
mod hands;
mod merge;
mod pictures;
mod screen;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod team;
mod terminal;
