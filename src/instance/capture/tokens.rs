//! Puts reference tokens in where documents hold what the emulator invented.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::pod::{Token, literal_escape};

/// Bytes of an invented value that are compared first. Shorter values cannot be told from other text inside a text;
/// they are known where they are all of it.
const PREFIX_BYTES: usize = 8;

/// Bytes of the shortest value taken: two ids of six letters hardly ever mean something else.
const LEAST_BYTES: usize = 6;

/// Invented values and the tokens that stand for them.
#[derive(Default)]
pub struct Tokens {
    by_value: BTreeMap<String, Token>,
    prefixes: HashSet<[u8; PREFIX_BYTES]>,
}

impl Tokens {
    /// Adds a value. The first token for a value stays. Very short values are not taken; mere numbers, as short ones,
    /// are known only where they are all of a text.
    pub fn add(&mut self, value: &str, token: Token) {
        if value.len() < LEAST_BYTES {
            return;
        }
        if !value.bytes().all(|byte| byte.is_ascii_digit()) {
            self.prefixes.extend(prefix(value));
        }
        self.by_value.entry(value.to_owned()).or_insert(token);
    }

    /// Replaces every invented value in every string of `value`, and escapes what only looks like a token.
    pub fn put_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(replaced) = self.replace(text) {
                    *text = replaced;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.put_in(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.put_in(value)),
            _ => {}
        }
    }

    fn replace(&self, text: &str) -> Option<String> {
        if let Some(token) = self.by_value.get(text) {
            return Some(token.to_string());
        }
        let mut out = String::new();
        // Where what is not yet written begins, and where the next word may begin.
        let (mut kept, mut start) = (0, 0);
        while let Some(rest) = text.get(start..) {
            if let Some((length, token)) = self.longest(rest) {
                out.push_str(&literal_escape(&text[kept..start]));
                out.push_str(&token.to_string());
                start += length;
                kept = start;
            }
            match next_word(&text[start..]) {
                Some(next) => start += next,
                None => break,
            }
        }
        out.push_str(&literal_escape(&text[kept..]));
        (out != text).then_some(out)
    }

    /// The longest value at the start of `text` that ends where a name ends.
    fn longest(&self, text: &str) -> Option<(usize, &Token)> {
        let prefix = prefix(text).filter(|prefix| self.prefixes.contains(prefix))?;
        let first = std::str::from_utf8(&prefix).ok()?.to_owned();
        self.by_value
            .range(first.clone()..)
            .take_while(|(value, _)| value.starts_with(&first))
            .filter(|(value, _)| text.strip_prefix(value.as_str()).is_some_and(|rest| ends(value, rest)))
            .map(|(value, token)| (value.len(), token))
            .max_by_key(|(length, _)| *length)
    }
}

/// The first bytes of a text that is long enough; none where they end inside a character.
fn prefix(text: &str) -> Option<[u8; PREFIX_BYTES]> {
    text.get(..PREFIX_BYTES)?.as_bytes().try_into().ok()
}

/// Where in `text`, behind its first character, the next word begins.
fn next_word(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let mut last = characters.next()?.1;
    characters.find_map(|(start, character)| {
        let begins = !last.is_alphanumeric() && character.is_alphanumeric();
        last = character;
        begins.then_some(start)
    })
}

/// Whether `value` could not go on with `rest`: queue `a` is not meant by the URL of queue `a.fifo`, but an id may be
/// followed by a dot, as in a host's name.
fn ends(value: &str, rest: &str) -> bool {
    let Some(next) = rest.chars().next() else { return true };
    let is_path = value.contains(['/', ':']);
    !(next.is_alphanumeric() || matches!(next, '-' | '_') || is_path && next == '.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::ResourceKey;

    #[test]
    fn only_whole_values_are_replaced_and_look_alikes_are_escaped() {
        let token = |name: &str| Token {
            key: ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [name]),
            field: "QueueUrl".to_owned(),
        };
        let mut tokens = Tokens::default();
        tokens.add("http://localhost:1/000000000000/a", token("a"));
        tokens.add("http://localhost:1/000000000000/a.fifo", token("a.fifo"));
        let mut value = json!({
            "both": "x http://localhost:1/000000000000/a,http://localhost:1/000000000000/a.fifo?",
            "other": "http://localhost:1/000000000000/ab",
            "literal": "${{podex:",
            "short": ["a1b2c3", "x a1b2c3"],
            "host": "http://ab12cd34ef.execute-api/x-ab12cd34ef/ab12cd34efg",
        });
        tokens.add("ab12cd34ef", token("api"));
        tokens.add("a1b2c3", token("short"));
        tokens.add("000000000000", token("number"));
        tokens.put_in(&mut value);
        let expected = json!({
            "both": format!("x {},{}?", token("a"), token("a.fifo")),
            "other": "http://localhost:1/000000000000/ab",
            "literal": "${{podex:$}}",
            "short": [token("short").to_string(), "x a1b2c3".to_owned()],
            "host": format!("http://{}.execute-api/x-{}/ab12cd34efg", token("api"), token("api")),
        });
        assert_eq!(value, expected);
    }
}
