//! The background queue: runs operations on tokio with progress, a log each, and cancellation.
//!
//! [`Queue`] knows nothing about what it runs; [`Job`] is the list of what the explorer asks for, each with
//! the headless command that does the same. Nothing here prints: whoever owns the queue is told of changes
//! through a channel.

mod gate;
mod job;
mod queue;
mod run;
mod task;

pub use crate::ops::Referrer;
pub use gate::Priority;
pub use job::{Job, Lane, emulator_name, inject_command, strategy_name};
pub use queue::{Notice, Order, Queue, Work};
pub use run::{Indexed, Loaded, Outcome, count, read_tree, size};
pub use task::{Cause, Failure, LogLevel, LogLine, Pace, Task, TaskId, TaskState};
