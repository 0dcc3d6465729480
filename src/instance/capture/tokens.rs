//! Puts reference tokens in where documents hold what the emulator invented.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::pod::{Token, literal_escape};

/// Bytes of an invented value that are looked for first. Values share few beginnings (`http://…`,
/// `arn:aws:secretsmanager`), so most strings are dismissed by one search.
const PREFIX_BYTES: usize = 12;

/// Invented values and the tokens that stand for them.
#[derive(Default)]
pub struct Tokens {
    by_value: BTreeMap<String, Token>,
    prefixes: BTreeSet<String>,
}

impl Tokens {
    /// Adds a value. The first token for a value stays. Values too short to be told from other text are not taken.
    pub fn add(&mut self, value: &str, token: Token) {
        let Some(prefix) = value.get(..PREFIX_BYTES) else { return };
        self.prefixes.insert(prefix.to_owned());
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
        let mut out = String::new();
        let mut rest = text;
        let mut last = None;
        while let Some(start) = self.prefixes.iter().filter_map(|prefix| rest.find(prefix.as_str())).min() {
            let candidate = &rest[start..];
            let (length, piece) = match self.longest(candidate).filter(|_| starts_a_word(last, &rest[..start])) {
                Some((length, token)) => (length, Some(token)),
                None => (candidate.chars().next().map_or(1, char::len_utf8), None),
            };
            out.push_str(&literal_escape(&rest[..start]));
            match piece {
                Some(token) => out.push_str(&token.to_string()),
                None => out.push_str(&candidate[..length]),
            }
            last = candidate[..length].chars().next_back();
            rest = &candidate[length..];
        }
        out.push_str(&literal_escape(rest));
        (out != text).then_some(out)
    }

    /// The longest value at the start of `text` that ends where a name ends.
    fn longest(&self, text: &str) -> Option<(usize, &Token)> {
        let first = text.get(..PREFIX_BYTES)?.to_owned();
        self.by_value
            .range(first.clone()..)
            .take_while(|(value, _)| value.starts_with(&first))
            .filter(|(value, _)| {
                text.strip_prefix(value.as_str()).is_some_and(|rest| !rest.starts_with(is_name_character))
            })
            .map(|(value, token)| (value.len(), token))
            .max_by_key(|(length, _)| *length)
    }
}

/// Whether what stands before a match is not part of the same word.
fn starts_a_word(last: Option<char>, before: &str) -> bool {
    !before.chars().next_back().or(last).is_some_and(char::is_alphanumeric)
}

/// Whether a name could go on with it: queue `a` is not meant by the URL of queue `a.fifo`.
fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.')
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
        });
        tokens.put_in(&mut value);
        let expected = json!({
            "both": format!("x {},{}?", token("a"), token("a.fifo")),
            "other": "http://localhost:1/000000000000/ab",
            "literal": "${{podex:$}}",
        });
        assert_eq!(value, expected);
    }
}
