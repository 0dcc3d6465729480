//! Colours by meaning. A theme is one TOML file; the three that are built in lie in `themes/`.

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The built-in themes by name. The first is the default: it uses the terminal's own colours.
pub const BUILTIN: [(&str, &str); 3] = [
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
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
    styles: Vec<Style>,
}

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Neither a built-in theme nor a file.
    #[error("there is no theme {name:?}: use terminal, dark, light or the path of a TOML file")]
    Unknown {
        /// As asked for.
        name: String,
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
    #[error("theme {file}: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong and where.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    #[serde(default)]
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, StyleText>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StyleText {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
}

impl Theme {
    /// A theme by name or path; None is the default.
    pub fn load(name: Option<&str>) -> Result<Self, ThemeError> {
        let name = name.unwrap_or(BUILTIN[0].0);
        if let Some((name, text)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
            return Self::parse(name, text);
        }
        if !name.ends_with(".toml") {
            return Err(ThemeError::Unknown { name: name.to_owned() });
        }
        let text = std::fs::read_to_string(Path::new(name))
            .map_err(|source| ThemeError::Read { file: name.to_owned(), source })?;
        Self::parse(name, &text)
    }

    /// Reads a theme file. Roles it does not name look like `text`.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let malformed = |reason: String| ThemeError::Malformed { file: name.to_owned(), reason };
        let file: ThemeFile = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if let Some(unknown) = file.roles.keys().find(|key| !Role::ALL.iter().any(|role| role.name() == *key)) {
            return Err(malformed(format!("there is no role {unknown:?}")));
        }
        let color = |text: &String| -> Result<Color, ThemeError> {
            let text = file.palette.get(text).unwrap_or(text);
            text.parse().map_err(|_| malformed(format!("{text:?} is neither a colour nor in the palette")))
        };
        let style = |role: &Role| -> Result<Style, ThemeError> {
            let Some(text) = file.roles.get(role.name()) else { return Ok(Style::new()) };
            let mut style = Style::new();
            style.fg = text.fg.as_ref().map(color).transpose()?;
            style.bg = text.bg.as_ref().map(color).transpose()?;
            let modifiers = [
                (text.bold, Modifier::BOLD),
                (text.dim, Modifier::DIM),
                (text.italic, Modifier::ITALIC),
                (text.underlined, Modifier::UNDERLINED),
                (text.reversed, Modifier::REVERSED),
            ];
            let modifiers = modifiers.into_iter().filter(|(wanted, _)| *wanted).map(|(_, modifier)| modifier);
            Ok(style.add_modifier(modifiers.collect::<Modifier>()))
        };
        let styles = Role::ALL.iter().map(style).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), styles })
    }

    /// The same without any colour: what was set off by its background is reversed instead.
    pub fn without_color(mut self) -> Self {
        for (style, role) in self.styles.iter_mut().zip(Role::ALL) {
            let set_off = style.bg.is_some() && !matches!(role, Role::Text | Role::Bar);
            let modifiers = style.add_modifier | if set_off { Modifier::REVERSED } else { Modifier::empty() };
            *style = Style::new().add_modifier(modifiers);
        }
        self
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_theme_names_every_role() {
        for (name, text) in BUILTIN {
            Theme::load(Some(name)).unwrap();
            let file: ThemeFile = toml::from_str(text).unwrap();
            let missing: Vec<_> = Role::ALL.iter().filter(|role| !file.roles.contains_key(role.name())).collect();
            assert!(missing.is_empty(), "{name} lacks {missing:?}");
        }
    }

    #[test]
    fn the_default_theme_leaves_the_terminals_own_colours() {
        let theme = Theme::load(None).unwrap();
        assert_eq!(theme.style(Role::Text), Style::new());
        assert!(Role::ALL.iter().all(|role| !matches!(theme.style(*role).fg, Some(Color::Rgb(..)))));
    }

    #[test]
    fn without_colour_a_selection_still_shows() {
        for (name, _) in BUILTIN {
            let theme = Theme::load(Some(name)).unwrap().without_color();
            assert!(Role::ALL.iter().all(|role| theme.style(*role).fg.is_none() && theme.style(*role).bg.is_none()));
            assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_in_a_theme_is_named() {
        let error = Theme::parse("x", "[roles]\nfoo = {}").unwrap_err().to_string();
        assert!(error.contains("\"foo\""), "{error}");
        let error = Theme::parse("x", "[roles]\ntext = { fg = 'mauvish' }").unwrap_err().to_string();
        assert!(error.contains("mauvish"), "{error}");
        assert!(Theme::load(Some("nope")).unwrap_err().to_string().contains("terminal, dark, light"));
    }
}
