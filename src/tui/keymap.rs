//! Which keys stand for which action: the built-in key map, and the user's merged over it.

use std::collections::BTreeMap;
use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use toml::Spanned;

use super::action::{Action, Scope, TABLE};
use super::place::Place;
use crate::pod::nearest;

/// The key map that is built in.
pub const BUILTIN: &str = include_str!("../../assets/keymap.toml");
/// What places in it are called.
const BUILTIN_FILE: &str = "the built-in key map";
/// Names offered for one that is not known.
const NEAREST: usize = 3;

/// Why a key map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeymapError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or not lists of keys.
    #[error("{place}: {reason}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        reason: String,
    },
    /// There is no such action.
    #[error("{place}: there is no action {name:?}{hint}")]
    UnknownAction {
        /// Where.
        place: Place,
        /// As written.
        name: String,
        /// The nearest names.
        hint: String,
    },
    /// There is no such key.
    #[error("{place}: {key:?} is no key of {action:?}: write a character, or a name such as enter, f5 or ctrl-p")]
    UnknownKey {
        /// Where.
        place: Place,
        /// As written.
        key: String,
        /// The action it was to be for.
        action: &'static str,
    },
    /// One key would mean two things.
    #[error("the key {keys:?} means both {:?} ({}) and {:?} ({}): give one of them other keys", .one.0, .one.1, .other.0, .other.1)]
    Clash {
        /// The key, or the beginning of a chord.
        keys: String,
        /// One action, and where it says so.
        one: (&'static str, Place),
        /// The other.
        other: (&'static str, Place),
    },
}

/// One way to call an action: keys pressed after each other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Binding {
    keys: Vec<String>,
    action: Action,
    place: Place,
}

/// What keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This action.
    Action(Action),
    /// The beginning of chords.
    Chord,
    /// Nothing.
    Nothing,
}

/// Which keys stand for which action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

type Entries = BTreeMap<Spanned<String>, Vec<Spanned<String>>>;

impl Keymap {
    /// The built-in one.
    ///
    /// # Errors
    /// Never in a build whose tests passed.
    pub fn builtin() -> Result<Self, KeymapError> {
        Self { bindings: Vec::new() }.merged(BUILTIN_FILE, BUILTIN)
    }

    /// The built-in one with the user's merged over it, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read or makes no sense: with its line and, for a clash, both actions.
    pub fn load(file: &Path) -> Result<Self, KeymapError> {
        let name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => Self::builtin()?.merged(&name, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::builtin(),
            Err(source) => Err(KeymapError::Read { file: name, source }),
        }
    }

    /// The same with the actions of a file bound as it says.
    fn merged(mut self, file: &str, text: &str) -> Result<Self, KeymapError> {
        let place = |offset: usize| Place::new(file, text, offset);
        let entries: Entries = toml::from_str(text).map_err(|error| KeymapError::Malformed {
            place: place(error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        for (name, keys) in entries {
            let at = place(name.span().start);
            let Some(action) = Action::of_id(name.get_ref()) else {
                return Err(unknown_action(at, name.into_inner()));
            };
            self.bindings.retain(|binding| binding.action != action);
            for written in keys {
                let place = place(written.span().start);
                let keys: Vec<String> = written.get_ref().split_whitespace().map(str::to_owned).collect();
                if keys.is_empty() || !keys.iter().all(|key| is_key(key)) {
                    let (key, action) = (written.into_inner(), action.info().id);
                    return Err(KeymapError::UnknownKey { place, key, action });
                }
                self.bindings.push(Binding { keys, action, place });
            }
        }
        // The order of the table is the order of help, whatever order a file has. Stable, so that the first key of
        // an action stays its first.
        self.bindings.sort_by_key(|binding| binding.action as usize);
        self.check()?;
        Ok(self)
    }

    /// No key, and no beginning of a chord, may mean two things in one place.
    fn check(&self) -> Result<(), KeymapError> {
        for (at, one) in self.bindings.iter().enumerate() {
            for other in self.bindings.iter().skip(at + 1) {
                let scopes = (one.action.info().scope, other.action.info().scope);
                let together = scopes.0 == scopes.1 || scopes.0 == Scope::Anywhere || scopes.1 == Scope::Anywhere;
                let clash = one.keys.starts_with(&other.keys) || other.keys.starts_with(&one.keys);
                if together && clash && one.action != other.action {
                    let shorter = if one.keys.len() < other.keys.len() { one } else { other };
                    return Err(KeymapError::Clash {
                        keys: shorter.keys.join(" "),
                        one: (one.action.info().id, one.place.clone()),
                        other: (other.action.info().id, other.place.clone()),
                    });
                }
            }
        }
        Ok(())
    }

    /// What keys pressed after each other mean in a scope.
    pub fn meaning(&self, pressed: &[String], scope: Scope) -> Meaning {
        let mut chord = false;
        for binding in self.in_scope(scope) {
            if binding.keys == pressed {
                return Meaning::Action(binding.action);
            }
            chord |= binding.keys.starts_with(pressed);
        }
        if chord { Meaning::Chord } else { Meaning::Nothing }
    }

    /// How the chords that begin with `pressed` go on: the keys still to press, and what they do.
    pub fn following(&self, pressed: &[String], scope: Scope) -> Vec<(String, Action)> {
        let rest =
            |binding: &Binding| binding.keys.strip_prefix(pressed).map(|rest| (shown_keys(rest), binding.action));
        self.in_scope(scope).filter_map(rest).filter(|(keys, _)| !keys.is_empty()).collect()
    }

    fn in_scope(&self, scope: Scope) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| {
            let works = binding.action.info().scope;
            works == scope || works == Scope::Anywhere
        })
    }

    /// The keys of an action as people see them, the one to show first.
    pub fn keys(&self, action: Action) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.action == action)
            .map(|binding| shown_keys(&binding.keys))
            .collect()
    }

    /// The keys of an action as key maps write them.
    #[cfg(test)]
    pub fn written(&self, action: Action) -> impl Iterator<Item = &[String]> {
        self.bindings.iter().filter(move |binding| binding.action == action).map(|binding| binding.keys.as_slice())
    }

    /// The key of an action for hints; an action without keys is named as the palette finds it.
    pub fn key(&self, action: Action) -> String {
        self.keys(action).into_iter().next().unwrap_or_else(|| format!(":{}", action.info().name))
    }
}

fn unknown_action(place: Place, name: String) -> KeymapError {
    let mut near = nearest(&name, TABLE.iter().map(|info| info.id));
    near.truncate(NEAREST);
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    KeymapError::UnknownAction { place, name, hint }
}

/// The keys that have names, and how people see them.
const NAMED: [(&str, &str); 15] = [
    ("enter", "⏎"),
    ("esc", "Esc"),
    ("space", "Space"),
    ("tab", "Tab"),
    ("backtab", "⇧Tab"),
    ("up", "↑"),
    ("down", "↓"),
    ("left", "←"),
    ("right", "→"),
    ("pageup", "PgUp"),
    ("pagedown", "PgDn"),
    ("home", "Home"),
    ("end", "End"),
    ("insert", "Ins"),
    ("delete", "Del"),
];

fn is_key(key: &str) -> bool {
    let base = key.strip_prefix("ctrl-").or_else(|| key.strip_prefix("alt-")).unwrap_or(key);
    let function = base.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
    base.chars().count() == 1
        || base == "backspace"
        || NAMED.iter().any(|(name, _)| *name == base)
        || function.is_some_and(|number| (1..=12).contains(&number))
}

/// A key as key maps write it: `a`, `G`, `ctrl-p`, `enter`.
pub fn key_name(key: &KeyEvent) -> Option<String> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(character) => character.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "backtab".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::PageUp => "pageup".to_owned(),
        KeyCode::PageDown => "pagedown".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::Insert => "insert".to_owned(),
        KeyCode::Delete => "delete".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::F(number) => format!("f{number}"),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return Some(format!("ctrl-{}", base.to_lowercase()));
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return Some(format!("alt-{base}"));
    }
    Some(base)
}

/// A key as people see it.
fn shown(key: &str) -> String {
    if let Some((_, shown)) = NAMED.iter().find(|(name, _)| *name == key) {
        return (*shown).to_owned();
    }
    match (key.strip_prefix("ctrl-"), key.strip_prefix("alt-")) {
        (Some(rest), _) => format!("^{}", shown(rest).to_uppercase()),
        (_, Some(rest)) => format!("Alt-{}", shown(rest)),
        _ if key.len() > 1 && key.is_ascii() => key.to_uppercase(),
        _ => key.to_owned(),
    }
}

/// Keys pressed after each other, as people see them.
pub fn shown_keys(keys: &[String]) -> String {
    keys.iter().map(|key| shown(key)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(text: &str) -> Result<Keymap, String> {
        Keymap::builtin().unwrap().merged("keymap.toml", text).map_err(|error| error.to_string())
    }

    fn means(keymap: &Keymap, keys: &str, scope: Scope) -> Meaning {
        keymap.meaning(&keys.split(' ').map(str::to_owned).collect::<Vec<_>>(), scope)
    }

    #[test]
    fn every_action_has_a_key_of_its_own() {
        let keymap = Keymap::builtin().unwrap();
        let without: Vec<_> = TABLE.iter().filter(|info| keymap.keys(info.action).is_empty()).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn keys_find_their_action_in_their_place() {
        let keymap = Keymap::builtin().unwrap();
        assert_eq!(means(&keymap, "ctrl-p", Scope::Browse), Meaning::Action(Action::Search));
        assert_eq!(means(&keymap, "s", Scope::Diff), Meaning::Action(Action::Unified));
        assert_eq!(means(&keymap, "s", Scope::Browse), Meaning::Action(Action::Status));
        assert_eq!(means(&keymap, "x", Scope::Browse), Meaning::Nothing);
        assert_eq!(means(&keymap, "g", Scope::Browse), Meaning::Chord);
        assert_eq!(means(&keymap, "g g", Scope::Tasks), Meaning::Action(Action::Top));
        let pressed = KeyEvent::new(KeyCode::Char('P'), KeyModifiers::SHIFT);
        assert_eq!(key_name(&pressed).as_deref(), Some("P"));
    }

    #[test]
    fn the_users_keys_replace_those_of_an_action_and_leave_the_rest() {
        let keymap = merged("# mine\ncommit = ['ctrl-k', 'z c']\ndelete = []\n").unwrap();
        assert_eq!(means(&keymap, "ctrl-k", Scope::Browse), Meaning::Action(Action::Commit));
        assert_eq!(means(&keymap, "z c", Scope::Browse), Meaning::Action(Action::Commit));
        assert_eq!(means(&keymap, "c", Scope::Browse), Meaning::Nothing);
        assert_eq!(means(&keymap, "i", Scope::Browse), Meaning::Action(Action::Inject));
        assert_eq!((keymap.key(Action::Commit), keymap.key(Action::Delete)), ("^K".to_owned(), ":delete".to_owned()));
    }

    #[test]
    fn a_clash_names_file_line_and_both_actions() {
        let error = merged("\ninject = ['c']").unwrap_err();
        assert!(error.contains("\"c\" means both \"commit\" (the built-in key map, line"), "{error}");
        assert!(error.contains("\"inject\" (keymap.toml, line 2)"), "{error}");
        let error = merged("inject = ['g']").unwrap_err();
        assert!(error.contains("the key \"g\" means both"), "a key cannot also begin a chord: {error}");
        assert!(merged("inject = ['c']\ncommit = ['i']").is_ok(), "two actions may change places");
        assert!(merged("unified = ['P']").is_ok(), "other screens are other places");
    }

    #[test]
    fn what_is_not_known_is_named_with_its_line() {
        let error = merged("\n\ncomit = ['c']").unwrap_err();
        assert!(error.contains("keymap.toml, line 3: there is no action \"comit\"; did you mean commit"), "{error}");
        let error = merged("commit = [\n 'c',\n 'super-c']").unwrap_err();
        assert!(error.contains("keymap.toml, line 3: \"super-c\" is no key"), "{error}");
        let error = merged("commit = 'c'").unwrap_err();
        assert!(error.contains("keymap.toml, line 1"), "{error}");
    }

    #[test]
    fn what_follows_a_key_is_told() {
        let keymap = Keymap::builtin().unwrap();
        let following = keymap.following(&["g".to_owned()], Scope::Browse);
        assert!(following.contains(&("g".to_owned(), Action::Top)), "{following:?}");
        assert!(following.contains(&("p".to_owned(), Action::FocusPods)), "{following:?}");
    }
}
