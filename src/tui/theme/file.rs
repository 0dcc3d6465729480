//! Theme files: a palette, a style for each role, and a theme to take the rest from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{BUILTIN, Color, Modifier, Role, Style, Theme, ThemeError};
use crate::tui::place::Place;

/// Themes that inherit from each other longer than this go in a circle.
const DEEPEST: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, StyleText>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StyleText {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
}

/// A text with the place it stands at.
type Placed = (String, Place);

#[derive(Clone, Default)]
struct Look {
    fg: Option<Placed>,
    bg: Option<Placed>,
    modifiers: Modifier,
}

/// Files put together, colours still as they are written.
#[derive(Default)]
struct Sheet {
    palette: BTreeMap<String, Placed>,
    roles: BTreeMap<&'static str, Look>,
}

/// Reads a theme by name or path.
pub(super) fn load(name: &str, folder: &Path) -> Result<Theme, ThemeError> {
    let mut files = Vec::new();
    let mut sheet = Sheet::default();
    let mut next = Some((name.to_owned(), None::<Place>));
    for _ in 0..DEEPEST {
        let Some((wanted, named_at)) = next.take() else { break };
        let own = if wanted.ends_with(".toml") { wanted.clone().into() } else { folder.join(format!("{wanted}.toml")) };
        let builtin = BUILTIN.iter().find(|(builtin, _)| *builtin == wanted);
        // A file that inherits from its own name means the built-in theme it stands before.
        let (file, text) = if own.is_file() && !files.contains(&own) {
            let file = own.display().to_string();
            let text =
                std::fs::read_to_string(&own).map_err(|source| ThemeError::Read { file: file.clone(), source })?;
            files.push(own);
            (file, text)
        } else if let Some((name, text)) = builtin {
            (format!("{name} (built in)"), (*text).to_owned())
        } else if wanted.ends_with(".toml") && !files.contains(&own) {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(ThemeError::Read { file: own.display().to_string(), source });
        } else if let Some(place) = named_at {
            let reason = format!("there is no theme {wanted:?} to inherit from");
            return Err(ThemeError::Malformed { place, reason });
        } else {
            return Err(ThemeError::Unknown { name: wanted, folder: folder.display().to_string() });
        };
        next = sheet.take_below(&file, &text)?;
    }
    if let Some((wanted, Some(place))) = next {
        let reason = format!("the themes that {wanted:?} inherits from never end");
        return Err(ThemeError::Malformed { place, reason });
    }
    let styles = Role::ALL.iter().map(|role| sheet.style(*role)).collect::<Result<_, _>>()?;
    Ok(Theme { name: name.to_owned(), files, styles })
}

impl Sheet {
    /// Takes in a file for whatever is not said yet; gives the theme it inherits from.
    fn take_below(&mut self, file: &str, text: &str) -> Result<Option<(String, Option<Place>)>, ThemeError> {
        let place = |offset: usize| Place::new(file, text, offset);
        let malformed = |offset: usize, reason: String| ThemeError::Malformed { place: place(offset), reason };
        let read: ThemeFile = toml::from_str(text)
            .map_err(|error| malformed(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        let placed = |text: Spanned<String>| {
            let place = place(text.span().start);
            (text.into_inner(), place)
        };
        for (name, color) in read.palette {
            self.palette.entry(name).or_insert_with(|| placed(color));
        }
        for (name, style) in read.roles {
            let Some(role) = Role::ALL.iter().find(|role| role.name() == name.get_ref()) else {
                return Err(malformed(name.span().start, format!("there is no role {:?}", name.get_ref())));
            };
            let modifiers = [
                (style.bold, Modifier::BOLD),
                (style.dim, Modifier::DIM),
                (style.italic, Modifier::ITALIC),
                (style.underlined, Modifier::UNDERLINED),
                (style.reversed, Modifier::REVERSED),
            ];
            let modifiers = modifiers.into_iter().filter(|(wanted, _)| *wanted).map(|(_, modifier)| modifier).collect();
            let look = Look { fg: style.fg.map(placed), bg: style.bg.map(placed), modifiers };
            self.roles.entry(role.name()).or_insert(look);
        }
        Ok(read.inherits.map(placed).map(|(name, place)| (name, Some(place))))
    }

    /// A role's style; a role that no file names looks like text.
    fn style(&self, role: Role) -> Result<Style, ThemeError> {
        let Some(look) = self.roles.get(role.name()) else { return Ok(Style::new()) };
        let mut style = Style::new().add_modifier(look.modifiers);
        style.fg = look.fg.as_ref().map(|written| self.color(written)).transpose()?;
        style.bg = look.bg.as_ref().map(|written| self.color(written)).transpose()?;
        Ok(style)
    }

    fn color(&self, written: &Placed) -> Result<Color, ThemeError> {
        let (text, place) = self.palette.get(&written.0).unwrap_or(written);
        text.parse().map_err(|_| ThemeError::Malformed {
            place: place.clone(),
            reason: format!("{text:?} is neither a colour (as in \"#16181d\" or \"cyan\") nor in the palette"),
        })
    }
}
