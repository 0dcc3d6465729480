//! Secrets that a person gives: a TOML or JSON file of resource paths and values.
//!
//! ```toml
//! "secretsmanager/secret-version/orders/db" = "…"                     # every secret of what the path picks
//! "lambda/function/pay#Environment.Variables.API_KEY" = "…"           # one property
//!
//! ["ssm/parameter/shop/*"]                                            # the same, by property
//! SecureValue = "…"
//! ```
//! A path is what `inspect` takes: the end of a key, what it begins with, or a pattern. Of several that fit, one with
//! the property goes before one without, and a longer path before a shorter one.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::event::Events;
use crate::ops::OpError;
use crate::ops::inspect::selects;
use crate::pod::ResourceKey;

/// Longest file read.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Secrets by resource and property.
#[derive(Clone, Default)]
pub(in crate::ops) struct SecretsFile(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    path: String,
    property: Option<String>,
    value: Value,
}

impl std::fmt::Debug for SecretsFile {
    /// Only how many: this may end up in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretsFile({} values)", self.0.len())
    }
}

impl SecretsFile {
    /// Reads a file: JSON where its name ends in `.json`, else TOML. Warns where others may read it, too.
    ///
    /// # Errors
    /// When it cannot be read, is too long or malformed, or a path in it is empty. No value is repeated in them.
    pub(in crate::ops) fn read(path: &Path, events: &Events) -> Result<Self, OpError> {
        let refuse = |reason: &str| OpError::Usage(format!("{}: {reason}", path.display()));
        let file = std::fs::File::open(path).map_err(|error| refuse(&error.to_string()))?;
        if is_open_to_others(&file) {
            events.warn(format!("others on this machine can read {0}: 'chmod 600 {0}' ends that", path.display()));
        }
        let mut text = String::new();
        let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
        read.map_err(|error| refuse(&error.to_string()))?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(refuse(&format!("it is longer than {MAX_FILE_BYTES} bytes")));
        }
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let parsed = if is_json { from_json(&text) } else { from_toml(&text) };
        Self::of(parsed.map_err(|reason| refuse(&reason))?).map_err(|reason| refuse(&reason))
    }

    fn of(content: Value) -> Result<Self, String> {
        let Value::Object(members) = content else {
            return Err("it must be an object of resource paths and values".to_owned());
        };
        let mut entries = Vec::new();
        for (name, value) in members {
            let (path, property) = match name.rsplit_once('#') {
                Some((path, property)) => (path.to_owned(), Some(property.to_owned())),
                None => (name.clone(), None),
            };
            if selects(&path).is_err() {
                return Err(format!(
                    "{name:?} names no resource: write a path, as in \"secretsmanager/secret-version/db\""
                ));
            }
            match (value, property) {
                (Value::Object(properties), None) => {
                    let by_property = |(property, value)| Entry { path: path.clone(), property: Some(property), value };
                    entries.extend(properties.into_iter().map(by_property));
                }
                (value, property) => entries.push(Entry { path, property, value }),
            }
        }
        let rank = |entry: &Entry| (entry.property.is_some(), entry.path.len());
        entries.sort_by_key(|entry| std::cmp::Reverse(rank(entry)));
        Ok(Self(entries))
    }

    /// The value for a property of a resource.
    pub(super) fn value(&self, key: &ResourceKey, property: &[String]) -> Option<&Value> {
        let property = property.join(".");
        let fits = |entry: &&Entry| {
            entry.property.as_ref().is_none_or(|wanted| *wanted == property)
                && selects(&entry.path).is_ok_and(|selects| selects(key))
        };
        self.0.iter().find(fits).map(|entry| &entry.value)
    }
}

fn is_open_to_others(file: &std::fs::File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        /// Permissions of the group and of all others.
        const OTHERS: u32 = 0o077;
        file.metadata().is_ok_and(|file| file.permissions().mode() & OTHERS != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

fn from_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("line {}: it is not JSON", error.line()))
}

fn from_toml(text: &str) -> Result<Value, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        // The parser's own message may repeat what stands there.
        format!("line {}: it is not TOML", 1 + before.matches('\n').count())
    })?;
    serde_json::to_value(table).map_err(|_| "it holds what JSON cannot say".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(name: &str, text: &str) -> Result<SecretsFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        SecretsFile::read(&path, &Events::silent()).map_err(|error| error.to_string())
    }

    fn value(file: &SecretsFile, service: &str, kind: &str, name: &[&str], property: &str) -> Option<Value> {
        let key = ResourceKey::new("000000000000", "us-east-1", service, kind, name.iter().copied());
        file.value(&key, &property.split('.').map(str::to_owned).collect::<Vec<_>>()).cloned()
    }

    #[test]
    fn the_closest_entry_gives_the_value() {
        let toml = r#"
            "secretsmanager/secret-version/orders/db" = "by path"
            "secretsmanager/*" = "by pattern"
            "lambda/function/pay#Environment.Variables.API_KEY" = "by property"
            ["ssm/parameter/shop/db"]
            SecureValue = "in a table"
        "#;
        let json = r#"{"secretsmanager/secret-version/orders/db": "by path", "secretsmanager/*": "by pattern",
            "lambda/function/pay#Environment.Variables.API_KEY": "by property",
            "ssm/parameter/shop/db": {"SecureValue": "in a table"}}"#;
        for file in [read("s.toml", toml).unwrap(), read("s.json", json).unwrap()] {
            let secret = |name: &[&str]| value(&file, "secretsmanager", "secret-version", name, "SecretString");
            assert_eq!(secret(&["orders/db", "v1"]), Some(json!("by path")));
            assert_eq!(secret(&["mail", "v1"]), Some(json!("by pattern")));
            let variable = |name: &str| value(&file, "lambda", "function", &["pay"], name);
            assert_eq!(variable("Environment.Variables.API_KEY"), Some(json!("by property")));
            assert_eq!(variable("Environment.Variables.OTHER"), None);
            assert_eq!(value(&file, "ssm", "parameter", &["shop/db"], "SecureValue"), Some(json!("in a table")));
            assert_eq!(format!("{file:?}"), "SecretsFile(4 values)");
        }
    }

    #[test]
    fn a_malformed_file_is_named_with_its_line_and_without_its_values() {
        for (name, text, expected) in [
            ("s.toml", "a = 'b'\n\"c\" = \"hunter2", "s.toml: line 2: it is not TOML"),
            ("s.json", "{\"a\":\n \"hunter2", "s.json: line 2: it is not JSON"),
            ("s.json", "[\"hunter2\"]", "must be an object"),
            ("s.toml", "'#x' = 'hunter2'", "names no resource"),
        ] {
            let error = read(name, text).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
