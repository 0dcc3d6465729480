//! What looks like a secret, where the API says nothing about it: environment variables and plain parameters.

use serde_json::Value;

/// Words that make a name a secret's.
const SECRET: [&str; 9] =
    ["password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "credential", "credentials"];
/// Names that end so are keys: `API_KEY`, `SIGNING_KEY`; but `KEY_PREFIX` is none.
const SECRET_ENDS: [&str; 5] = ["key", "apikey", "pass", "auth", "pin"];
/// Names that end so tell something about a secret, not the secret: `SECRET_ARN`, `TOKEN_TTL`.
const ABOUT: [&str; 20] = [
    "arn", "count", "enabled", "endpoint", "expiry", "file", "host", "id", "length", "name", "path", "policy",
    "prefix", "region", "rotation", "ttl", "type", "uri", "url", "version",
];
/// How well-known kinds of keys begin.
const KEY_BEGINNINGS: [&str; 10] =
    ["AKIA", "ASIA", "-----BEGIN", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_"];
/// Shortest text that may be a random key.
const KEY_CHARS: usize = 24;
/// How long the secret keys of AWS are.
const AWS_KEY_CHARS: usize = 40;

/// Whether a value of this name is a secret, by all one can tell. A reference to a secret (its name or ARN) is none.
pub(super) fn looks_secret(name: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            !text.is_empty() && (is_secret_name(name) && !is_reference(text) || is_key(text) || holds_secret(text))
        }
        _ => false,
    }
}

/// Whether a text is JSON with a secret in it: it is shown as text, too.
fn holds_secret(text: &str) -> bool {
    fn any(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.iter().any(|(name, value)| looks_secret(name, value) || any(value)),
            Value::Array(items) => items.iter().any(any),
            _ => false,
        }
    }
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str(text).is_ok_and(|value| any(&value))
}

fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last().map(String::as_str) else { return false };
    if ABOUT.contains(&last) {
        return false;
    }
    SECRET_ENDS.contains(&last) || words.iter().any(|word| SECRET.contains(&word.as_str()))
}

/// `ordersDbPassword`, `ORDERS_DB_PASSWORD` and `/orders/db-password` are orders, db, password.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        let boundary = !letter.is_alphanumeric() || letter.is_uppercase() && was_lower;
        was_lower = letter.is_lowercase() || letter.is_numeric();
        if boundary && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The name or ARN of where a secret is kept.
fn is_reference(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || "/-_.".contains(letter);
    text.starts_with("arn:") || text.contains('/') && text.chars().all(plain)
}

fn is_key(text: &str) -> bool {
    let text = text.trim();
    if KEY_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return true;
    }
    // A web token, and an address with a password in it.
    if text.starts_with("eyJ") && text.matches('.').count() == 2 {
        return true;
    }
    let user = text.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.split_once('@'));
    if user.is_some_and(|(user, _)| user.contains(':')) {
        return true;
    }
    let random = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (text.len() >= KEY_CHARS && digits >= 3 || text.len() == AWS_KEY_CHARS && digits >= 1)
        && text.bytes().all(random)
        && text.bytes().filter(u8::is_ascii_uppercase).count() >= 3
        && text.bytes().filter(u8::is_ascii_lowercase).count() >= 3
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_or_made_like_a_secret_is_one() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "hunter2"),
            ("/shop/api-key", "x1"),
            ("SLACK_TOKEN_2", "x"),
            ("WHATEVER", "AKIAIOSFODNN7EXAMPLE"),
            ("WHATEVER", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("DATABASE_URL", "postgres://shop:hunter2@db/orders"),
            ("WHATEVER", r#"{"db": {"user": "shop", "password": "hunter2"}}"#),
            ("WHATEVER", "-----BEGIN RSA PRIVATE KEY-----"),
        ] {
            assert!(looks_secret(name, &json!(value)), "{name}={value}");
        }
    }

    #[test]
    fn what_only_tells_about_a_secret_is_shown() {
        for (name, value) in [
            ("SIGNING_KEY_REGION", "eu-west-1"),
            ("SIGNING_KEY", "orders/signing-key"),
            ("SECRET_ARN", "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"),
            ("TABLE", "orders"),
            ("MONKEY", "banana"),
            ("DATABASE_URL", "postgres://db/orders"),
            ("DIGEST", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            ("PASSWORD", ""),
        ] {
            assert!(!looks_secret(name, &json!(value)), "{name}={value}");
        }
    }
}
