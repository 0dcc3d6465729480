//! The background queue: runs operations on tokio with progress, a log each, and cancellation.
//!
//! [`Queue`] knows nothing about what it runs; [`Job`] is the list of what the explorer asks for, each with
//! the headless command that does the same. Nothing here prints: whoever owns the queue is told of changes
//! through a channel.

mod job;
mod queue;
mod run;
mod task;

pub use job::{Job, Lane, emulator_name, inject_command, strategy_name};
pub use queue::{Notice, Queue, Work};
pub use run::{Indexed, Loaded, Outcome, count, read_tree, size};
pub use task::{Cause, Failure, LogLevel, LogLine, Task, TaskId, TaskState};
