//! What is on the screen, without a screen: cursors, folds and rows. Nothing here draws or waits.

mod body;
pub mod cards;
pub mod conflict;
pub mod detail;
pub mod diff;
pub mod graph;
pub mod list;
pub mod pods;
pub mod sharing;
pub mod start;
pub mod tree;
