//! The full-screen explorer.
//!
//! [`update`](update::update) takes a message into the [`State`](state::State) and gives effects; [`view`](view::view)
//! draws the state; neither waits for anything. `app` runs the loop between them, the terminal and the tasks.

mod action;
mod app;
mod crash;
mod error;
mod keymap;
mod latest;
mod layout;
mod logfile;
mod memory;
mod message;
mod model;
mod overlay;
mod place;
mod preview;
mod reference;
mod session;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod update;
mod view;
mod watch;

pub use app::run;
pub use error::TuiError;
pub use keymap::KeymapError;
pub use reference::{KeyGroup, KeyRow, key_groups};
pub use theme::{Theme, ThemeError};

use keymap::Keymap;

use crate::ops::Paths;
use crate::pod::Reference;

/// Where the explorer opens.
#[derive(Clone, Debug, Default)]
pub struct StartAt {
    /// A version to choose.
    pub reference: Option<Reference>,
    /// A resource in it to go to: its key, or a pattern.
    pub path: Option<String>,
    /// The theme: a name or a file. None means the configured one, else the default.
    pub theme: Option<String>,
    /// Without colours, as the `NO_COLOR` variable asks too.
    pub no_color: bool,
    /// Something to tell at the start.
    pub notice: Option<String>,
}

/// What is wrong with the user's key map and themes.
pub fn faults(paths: &Paths) -> Vec<String> {
    let keys = Keymap::load(&paths.keymap()).err().map(|fault| fault.to_string());
    keys.into_iter().chain(Theme::all(&paths.themes()).1.iter().map(ToString::to_string)).collect()
}
