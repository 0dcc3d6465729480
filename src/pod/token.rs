//! Reference tokens: how a document names something whose id the emulator invented.
//!
//! A secret's ARN ends in random characters, a queue's URL holds the emulator's port. Where such a value
//! stands in another resource's attributes, capture writes a token instead:
//! `${{podex:<resource key>#<observed field>}}`. Documents then compare equal across emulators, and apply
//! puts in whatever the target invented. A literal `${{podex:` in user data is kept as `${{podex:$}}`.

use std::fmt;

use super::ResourceKey;

const OPEN: &str = "${{podex:";
const CLOSE: &str = "}}";
const LITERAL: &str = "${{podex:$}}";

/// A reference to an observed field of another resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The resource referred to.
    pub key: ResourceKey,
    /// The observed field whose value stands here, such as `ARN` or `QueueUrl`.
    pub field: String,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}#{}{CLOSE}", self.key, self.field)
    }
}

/// One piece of a string: plain text, or a token.
enum Piece<'a> {
    Text(&'a str),
    Token(Token),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        let Some(length) = rest[start..].find(CLOSE) else { break };
        let (end, inner) = (start + length + CLOSE.len(), &rest[start + OPEN.len()..start + length]);
        pieces.push(Piece::Text(&rest[..start]));
        let token = inner
            .split_once('#')
            .and_then(|(key, field)| Some(Token { key: key.parse().ok()?, field: field.to_owned() }));
        pieces.push(match token {
            Some(token) => Piece::Token(token),
            None if &rest[start..end] == LITERAL => Piece::Text(OPEN),
            None => Piece::Text(&rest[start..end]),
        });
        rest = &rest[end..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The tokens in `text`, in order.
pub fn tokens_in(text: &str) -> Vec<Token> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Token(token) => Some(token),
            Piece::Text(_) => None,
        })
        .collect()
}

/// `text` with every token replaced by what `resolve` says, and escaped literals restored.
/// A token that `resolve` does not know stays as it is.
pub fn replace_tokens(text: &str, mut resolve: impl FnMut(&Token) -> Option<String>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Token(token) => resolve(&token).unwrap_or_else(|| token.to_string()),
        })
        .collect()
}

/// `text` from an emulator with anything that looks like a token's start escaped.
/// Applied before capture puts tokens in.
pub fn literal_escape(text: &str) -> String {
    text.replace(OPEN, LITERAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            key: ResourceKey::new("000000000000", "us-west-1", "secretsmanager", "secret", ["a}}b#c/d"]),
            field: "ARN".to_owned(),
        }
    }

    #[test]
    fn a_token_is_found_and_resolved_inside_other_text() {
        let text = format!("x{}y", token());
        assert_eq!(tokens_in(&text), [token()]);
        assert_eq!(replace_tokens(&text, |_| Some("arn:1".to_owned())), "xarn:1y");
        assert_eq!(replace_tokens(&text, |_| None), text);
    }

    #[test]
    fn text_that_only_looks_like_a_token_comes_back_unchanged() {
        for text in ["${{podex:", "a ${{podex:x#y}} b", "${{podex:$}}", "${{podex:${{podex:}}"] {
            let escaped = literal_escape(text);
            assert_eq!(tokens_in(&escaped), []);
            assert_eq!(replace_tokens(&escaped, |_| None), text);
        }
    }
}
