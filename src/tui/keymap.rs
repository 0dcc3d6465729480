//! Keys as text, and which action a key stands for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Scope, TABLE};

/// The action of a key in a scope: the scope's own keys come before those that work anywhere.
pub fn action_for(key: &KeyEvent, scope: Scope) -> Option<Action> {
    let name = key_name(key)?;
    let in_scope = |wanted: Scope| {
        TABLE.iter().find(|info| info.scope == wanted && info.keys.contains(&name.as_str())).map(|info| info.action)
    };
    in_scope(scope).or_else(|| in_scope(Scope::Anywhere))
}

/// A key as the table writes it: `a`, `G`, `ctrl-p`, `enter`.
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

/// A key as people see it in footer and help.
pub fn shown(key: &str) -> String {
    match key {
        "enter" => "⏎".to_owned(),
        "esc" => "Esc".to_owned(),
        "space" => "Space".to_owned(),
        "tab" => "Tab".to_owned(),
        "backtab" => "⇧Tab".to_owned(),
        "up" => "↑".to_owned(),
        "down" => "↓".to_owned(),
        "left" => "←".to_owned(),
        "right" => "→".to_owned(),
        "pageup" => "PgUp".to_owned(),
        "pagedown" => "PgDn".to_owned(),
        "home" => "Home".to_owned(),
        "end" => "End".to_owned(),
        "delete" => "Del".to_owned(),
        "f1" => "F1".to_owned(),
        _ => match key.strip_prefix("ctrl-") {
            Some(rest) => format!("^{}", rest.to_uppercase()),
            None => key.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for scope in [Scope::Browse, Scope::Diff, Scope::Tasks] {
            let mut seen = BTreeMap::new();
            // What works anywhere may be overridden by a scope, but no two actions of one scope may clash.
            for info in TABLE.iter().filter(|info| info.scope == scope) {
                for key in info.keys {
                    assert_eq!(seen.insert(*key, info.action), None, "{key} in {scope:?}");
                }
            }
        }
        let mut seen = BTreeMap::new();
        for info in TABLE.iter().filter(|info| matches!(info.scope, Scope::Anywhere | Scope::Browse)) {
            for key in info.keys {
                assert_eq!(seen.insert(*key, info.action), None, "{key}");
            }
        }
    }

    #[test]
    fn every_action_finds_its_own_row() {
        assert!(TABLE.iter().all(|info| info.action.info().action == info.action && !info.keys.is_empty()));
    }

    #[test]
    fn keys_find_their_action() {
        let key = |code, modifiers| KeyEvent::new(code, modifiers);
        let none = KeyModifiers::NONE;
        assert_eq!(action_for(&key(KeyCode::Char('p'), KeyModifiers::CONTROL), Scope::Browse), Some(Action::Search));
        assert_eq!(action_for(&key(KeyCode::Char('P'), KeyModifiers::SHIFT), Scope::Browse), Some(Action::Push));
        assert_eq!(action_for(&key(KeyCode::Char('s'), none), Scope::Diff), Some(Action::Unified));
        assert_eq!(action_for(&key(KeyCode::Char('s'), none), Scope::Browse), Some(Action::Status));
        assert_eq!(action_for(&key(KeyCode::Char('x'), none), Scope::Browse), None);
    }
}
