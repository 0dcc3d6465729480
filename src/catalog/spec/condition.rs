//! Places in a value, and tests of what stands there.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::catalog::template::{dotted, look_up};

/// A path written with dots.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DottedPath(pub Vec<String>);

impl DottedPath {
    /// Whether `path` leads to this place or below it; `*` is any name.
    pub fn is_at_or_above(&self, path: &[String]) -> bool {
        self.0.len() <= path.len() && self.0.iter().zip(path).all(|(wanted, name)| wanted == "*" || wanted == name)
    }
}

impl<'de> Deserialize<'de> for DottedPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(dotted(&text)))
    }
}

/// A test of a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where.
    pub path: DottedPath,
    /// Is exactly this.
    pub equals: Option<Value>,
    /// Is text that begins so.
    pub prefix: Option<String>,
    /// Is text that begins with the text at this other path.
    pub begins_with: Option<DottedPath>,
    /// Holds on these emulators alone; empty means on all.
    #[serde(default)]
    pub on: Vec<String>,
}

impl Condition {
    /// Whether the condition applies to an emulator.
    pub fn is_for(&self, emulator: &str) -> bool {
        self.on.is_empty() || self.on.iter().any(|name| name == emulator)
    }

    /// Whether the value meets the condition.
    pub fn holds(&self, value: &Value) -> bool {
        let Some(found) = look_up(value, &self.path.0) else { return false };
        let begins = |start: &str| found.as_str().is_some_and(|text| text.starts_with(start));
        let other = |path: &DottedPath| look_up(value, &path.0).and_then(Value::as_str);
        self.equals.as_ref().is_none_or(|wanted| found == wanted)
            && self.prefix.as_ref().is_none_or(|prefix| begins(prefix))
            && self.begins_with.as_ref().is_none_or(|path| other(path).is_some_and(begins))
    }
}
