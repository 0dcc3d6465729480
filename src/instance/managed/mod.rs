//! Emulators that podex installs and runs itself: a Python environment in the cache folder, a process bound to
//! 127.0.0.1, and its end. The tests start their servers through the same code.
//!
//! Everything here blocks; async callers use `spawn_blocking`.

mod emulator;
mod error;
mod process;
mod python;

pub use emulator::{ManagedEmulator, emulators_folder, free_port, is_free};
pub use error::ManagedError;
pub use process::{Running, http_status, identity, stop, tail};
pub use python::{Environment, Installer, find_python, run_step, with_lock};
