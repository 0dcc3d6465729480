//! Finds keys in what nobody marked as secret: object bodies, items, messages, plain values. Only what is a key for
//! certain, by its form: whoever is warned of much that is none looks at no warning.

use std::io::Read;

use crate::ops::OpError;
use crate::pod::BlobRef;
use crate::store::{Store, StoreError};

/// Largest body looked into: files with keys in them are small.
const MAX_BODY_BYTES: u64 = 1 << 20;

/// Bytes of bodies looked into in one push: a second of work.
const MAX_BODIES_BYTES: u64 = 256 << 20;

/// How much of a body decides whether it is text.
const TEXT_PROBE_BYTES: usize = 8 << 10;

/// A kind of key: how it begins, which characters follow, and how many at least.
struct Kind {
    name: &'static str,
    begins: &'static str,
    least: usize,
}

/// Keys whose makers gave them a form of their own, so that scanners find them.
const KINDS: [Kind; 14] = [
    Kind { name: "a GitHub token", begins: "ghp_", least: 36 },
    Kind { name: "a GitHub token", begins: "gho_", least: 36 },
    Kind { name: "a GitHub token", begins: "ghu_", least: 36 },
    Kind { name: "a GitHub token", begins: "ghs_", least: 36 },
    Kind { name: "a GitHub token", begins: "github_pat_", least: 60 },
    Kind { name: "a GitLab token", begins: "glpat-", least: 20 },
    Kind { name: "a Slack token", begins: "xoxb-", least: 24 },
    Kind { name: "a Slack token", begins: "xoxp-", least: 24 },
    Kind { name: "a Slack token", begins: "xoxa-", least: 24 },
    Kind { name: "a Stripe key", begins: "sk_live_", least: 24 },
    Kind { name: "a Stripe key", begins: "rk_live_", least: 24 },
    Kind { name: "a Google API key", begins: "AIza", least: 35 },
    Kind { name: "an npm token", begins: "npm_", least: 36 },
    Kind { name: "an age identity", begins: "AGE-SECRET-KEY-1", least: 58 },
];

/// How a private key in PEM begins and what its first line ends with.
const PEM: (&str, &str) = ("-----BEGIN ", "PRIVATE KEY-----");

/// Letters of the line that says which kind of private key follows, at most.
const PEM_KIND_CHARS: usize = 24;

/// How access keys of AWS begin, and how long they are.
const AWS_IDS: [&str; 2] = ["AKIA", "ASIA"];
const AWS_ID_CHARS: usize = 20;
/// How long the secret that belongs to one is, and how far from it it is looked for.
const AWS_SECRET_CHARS: usize = 40;
const AWS_NEAR_BYTES: usize = 400;

/// What kind of key is in a text, if any.
pub(super) fn key_in(text: &[u8]) -> Option<&'static str> {
    for (at, &byte) in text.iter().enumerate() {
        // Nearly all bytes end here.
        if !matches!(byte, b'g' | b'x' | b's' | b'r' | b'n' | b'A' | b'-') {
            continue;
        }
        let rest = &text[at..];
        // In the middle of something longer it is none: base64 has everything in it.
        let begins = at.checked_sub(1).is_none_or(|before| !is_word(text[before]));
        if begins {
            let fits = |kind: &&Kind| {
                rest.strip_prefix(kind.begins.as_bytes()).is_some_and(|rest| is_random(rest, kind.least))
            };
            if let Some(kind) = KINDS.iter().find(fits) {
                return Some(kind.name);
            }
            if is_aws_id(rest) && has_aws_secret(text, at) {
                return Some("an AWS secret key");
            }
        }
        if is_private_key(rest) {
            return Some("a private key");
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether so many characters of a key follow, that are more than one repeated: `ghp_xxxx…` stands for a key.
fn is_random(rest: &[u8], least: usize) -> bool {
    let word: Vec<u8> = rest.iter().copied().take_while(|byte| is_word(*byte) || *byte == b'-').collect();
    word.len() >= least && is_mixed(&word)
}

/// Examples are of few letters.
fn is_mixed(word: &[u8]) -> bool {
    /// Of some twenty random letters and digits hardly any two are the same.
    const DIFFERENT: usize = 8;
    word.iter().collect::<std::collections::BTreeSet<_>>().len() >= DIFFERENT
}

fn is_aws_id(rest: &[u8]) -> bool {
    let is_id = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    AWS_IDS.iter().any(|begins| rest.starts_with(begins.as_bytes()))
        && rest.len() >= AWS_ID_CHARS
        && rest[..AWS_ID_CHARS].iter().all(is_id)
        && rest.get(AWS_ID_CHARS).is_none_or(|after| !is_word(*after))
        // The documentation's.
        && !rest[..AWS_ID_CHARS].ends_with(b"EXAMPLE")
}

/// Whether something of the form of a secret key stands near an access key: alone it opens nothing.
fn has_aws_secret(text: &[u8], id: usize) -> bool {
    let near = &text[id.saturating_sub(AWS_NEAR_BYTES)..text.len().min(id + AWS_ID_CHARS + AWS_NEAR_BYTES)];
    let is_secret = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    near.split(|byte| !is_secret(byte)).any(|word| {
        word.len() == AWS_SECRET_CHARS
            && is_mixed(word)
            && word.iter().any(u8::is_ascii_lowercase)
            && word.iter().any(u8::is_ascii_uppercase)
            && word.iter().any(u8::is_ascii_digit)
    })
}

fn is_private_key(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(PEM.0.as_bytes()) else { return false };
    let kind = rest.iter().take(PEM_KIND_CHARS).take_while(|byte| byte.is_ascii_uppercase() || **byte == b' ').count();
    // What follows is the key, not the words about one.
    (0..=kind).any(|end| {
        rest[end..].strip_prefix(PEM.1.as_bytes()).is_some_and(|body| {
            let letters = body.iter().filter(|byte| !byte.is_ascii_whitespace()).take(TEXT_PROBE_BYTES);
            letters.filter(|byte| byte.is_ascii_alphanumeric()).count() >= AWS_SECRET_CHARS
        })
    })
}

/// Looks into bodies, each once, and not into endless many.
#[derive(Default)]
pub(super) struct Bodies {
    seen: std::collections::HashSet<crate::pod::Digest>,
    read: u64,
    /// Whether something was not looked into for being too much.
    pub(super) left: bool,
}

impl Bodies {
    /// What kind of key is in a body, if any. Large ones and those that are no text are not looked into.
    pub(super) fn key_in(&mut self, store: &Store, blob: &BlobRef) -> Result<Option<&'static str>, OpError> {
        if blob.size > MAX_BODY_BYTES || !self.seen.insert(blob.digest) {
            return Ok(None);
        }
        if self.read + blob.size > MAX_BODIES_BYTES {
            self.left = true;
            return Ok(None);
        }
        self.read += blob.size;
        let body = match store.open_blob(blob) {
            // Of history that no version names the bodies may be gone; they are not pushed either.
            Err(StoreError::Missing { .. }) => return Ok(None),
            body => body?,
        };
        let mut text = Vec::new();
        let read = body.take(MAX_BODY_BYTES).read_to_end(&mut text);
        read.map_err(|error| OpError::Request(format!("a body cannot be read: {error}")))?;
        let is_text = !text[..text.len().min(TEXT_PROBE_BYTES)].contains(&0);
        Ok(if is_text { key_in(&text) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together, so that no scanner takes this file for one with a key.
    fn joined(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn keys_are_found_by_their_form() {
        let random = "aZ4kQ9mW2xT7vB1nC5dE8fG3hJ6pL0rS4uY2wX9qK7";
        for (text, expected) in [
            (joined(&["token: ghp", "_", &random[..36]]), "a GitHub token"),
            (joined(&["xo", "xb-123456789012-", &random[..24]]), "a Slack token"),
            (joined(&["{\"key\":\"sk_", "live_", &random[..24], "\"}"]), "a Stripe key"),
            (
                joined(&[
                    "[default]\naws_access_key_id = AK",
                    "IAZ7QWERTYUIOPASDF\naws_secret_access_key=",
                    &random[..40],
                    "\n",
                ]),
                "an AWS secret key",
            ),
            (joined(&["-----BEGIN RSA PRI", "VATE KEY-----\n", random, random, "\n-----END"]), "a private key"),
            (joined(&["-----BEGIN PRI", "VATE KEY-----\\n", random, random]), "a private key"),
        ] {
            assert_eq!(key_in(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_key_is_none() {
        let random = "aZ4kQ9mW2xT7vB1nC5dE8fG3hJ6pL0rS4uY2wX9qK7";
        for text in [
            joined(&["ghp", "_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]),
            joined(&["ghp", "_short"]),
            joined(&["zzghp", "_", &random[..36]]),
            // An access key alone, and the documentation's pair.
            joined(&["AK", "IAZ7QWERTYUIOPASDF"]),
            "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ9mW2xT7vB1nC5dE8fG3hJ6pL0rS4uY2".to_owned(),
            "-----BEGIN PUBLIC KEY-----\nMIIBszCCAVmgAwIBAgIUQ9mW2xT7vB1nC5dE8fG3hJ6pL0rS4uY2".to_owned(),
            "write -----BEGIN PRIVATE KEY----- first".to_owned(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        ] {
            assert_eq!(key_in(text.as_bytes()), None, "{text}");
        }
    }
}
