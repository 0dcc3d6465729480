//! Colours by meaning. A theme is one TOML file; those that are built in lie in `themes/`, the user's beside the
//! configuration.

use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

mod depth;
mod file;

pub use depth::Depth;

use super::place::Place;

/// The built-in themes by name. The first is the default: it uses the terminal's own colours.
pub const BUILTIN: [(&str, &str); 11] = [
    ("terminal", include_str!("../../../themes/terminal.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast-dark", include_str!("../../../themes/high-contrast-dark.toml")),
    ("high-contrast-light", include_str!("../../../themes/high-contrast-light.toml")),
    ("deuteran-dark", include_str!("../../../themes/deuteran-dark.toml")),
    ("deuteran-light", include_str!("../../../themes/deuteran-light.toml")),
    ("tritan-dark", include_str!("../../../themes/tritan-dark.toml")),
    ("tritan-light", include_str!("../../../themes/tritan-light.toml")),
    ("catppuccin-mocha", include_str!("../../../themes/catppuccin-mocha.toml")),
    ("gruvbox-dark", include_str!("../../../themes/gruvbox-dark.toml")),
];

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal,)*) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role { $($(#[$doc])* $role,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$role,)*];

            /// The role's name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$role => $name,)* }
            }
        }
    };
}

roles! {
    /// Plain text, and the background of everything.
    Text = "text",
    /// What can be overlooked: counts, hints, ages.
    Muted = "muted",
    /// Headings and names that matter.
    Strong = "strong",
    /// Borders of panes.
    Border = "border",
    /// The border of the pane with the focus.
    Focus = "focus",
    /// The chosen row of the pane with the focus.
    Selection = "selection",
    /// The chosen row of the others.
    SelectionIdle = "selection-idle",
    /// Rows marked with Space.
    Marked = "marked",
    /// The header and footer lines.
    Bar = "bar",
    /// Keys in the footer and in help.
    Key = "key",
    /// The live instance.
    Live = "live",
    /// Remotes.
    Remote = "remote",
    /// Added resources and properties.
    Added = "added",
    /// Removed ones.
    Removed = "removed",
    /// Modified ones.
    Modified = "modified",
    /// The very characters that were added.
    AddedWord = "added-word",
    /// The very characters that were removed.
    RemovedWord = "removed-word",
    /// Property names.
    Property = "property",
    /// String values.
    String = "string",
    /// Numbers, booleans and null.
    Literal = "literal",
    /// Masked values.
    Secret = "secret",
    /// Digests and sizes of blobs.
    Blob = "blob",
    /// What a search or filter matched.
    Match = "match",
    /// What can be followed to another resource.
    Link = "link",
    /// Good ends.
    Success = "success",
    /// What should be looked at.
    Warning = "warning",
    /// Failures.
    Error = "error",
}

/// A style for each role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// The user's files it was read from; none for a built-in theme.
    pub files: Vec<PathBuf>,
    styles: Vec<Style>,
}

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Neither a built-in theme nor a file.
    #[error("there is no theme {name:?}: use {}, one in {folder}, or the path of a TOML file", builtin_names())]
    Unknown {
        /// As asked for.
        name: String,
        /// Where the user's themes would be.
        folder: String,
    },
    /// The file cannot be read.
    #[error("theme {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a theme.
    #[error("theme {place}: {reason}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        reason: String,
    },
}

fn builtin_names() -> String {
    BUILTIN.map(|(name, _)| name).join(", ")
}

impl Theme {
    /// A theme by name or path; None is the default. The user's themes are `NAME.toml` in `folder`.
    ///
    /// # Errors
    /// When there is no such theme, or it is malformed: with file and line.
    pub fn load(name: Option<&str>, folder: &Path) -> Result<Self, ThemeError> {
        file::load(name.unwrap_or(BUILTIN[0].0), folder)
    }

    /// Every theme by name: the built-in ones, then the user's; and what is wrong with those that cannot be read.
    pub fn all(folder: &Path) -> (Vec<Self>, Vec<ThemeError>) {
        let mut names: Vec<String> = BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect();
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut own: Vec<String> = entries
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .filter(|name| !names.contains(name))
            .collect();
        own.sort_unstable();
        names.extend(own);
        let (mut themes, mut faults) = (Vec::new(), Vec::new());
        for name in names {
            match Self::load(Some(&name), folder) {
                Ok(theme) => themes.push(theme),
                Err(fault) => faults.push(fault),
            }
        }
        (themes, faults)
    }

    /// The same with the colours that a terminal has.
    pub fn at(mut self, depth: Depth) -> Self {
        for (style, role) in self.styles.iter_mut().zip(Role::ALL) {
            let set_off = style.bg.is_some() && !matches!(role, Role::Text | Role::Bar);
            *style = depth.reduce(*style, set_off);
        }
        self
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
