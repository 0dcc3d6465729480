//! `inspect`: find resources of a commit by what people type, and show them without their secrets.

use serde_json::Value;

use super::{OpError, Snapshot};
use crate::catalog::Catalog;
use crate::pod::{Marker, Pattern, ResourceKey};

/// What stands for a secret on screen.
const MASK: &str = "(secret)";

/// Labels named when a path matches nothing.
const NEAREST: usize = 3;

/// Keys compared for the nearest labels: enough for people's pods, bounded for huge ones.
const NEAREST_SCAN: usize = 200_000;

/// What a path picks of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The path is the whole name of these resources (several where regions or accounts repeat it).
    Exactly(Vec<ResourceKey>),
    /// The path is a prefix or pattern: these are at or below it.
    Below(Vec<ResourceKey>),
}

/// Finds resources by path: a key's text or the end of it (`s3/bucket/logs`), a prefix of it
/// (`000000000000/us-east-1`), or a pattern (`s3/bucket/log*`). None means all.
///
/// # Errors
/// When nothing matches (with the nearest names) or the tree is damaged.
pub fn find(snapshot: &Snapshot, path: Option<&str>) -> Result<Found, OpError> {
    let path = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
    let Some(path) = path else {
        return Ok(Found::Below(snapshot.state.keys().collect::<Result<_, _>>()?));
    };
    let pattern: Pattern = path.parse().map_err(|error| OpError::Usage(format!("{error}")))?;
    let (mut exact, mut below) = (Vec::new(), Vec::new());
    for key in snapshot.state.keys() {
        let key = key?;
        if names(path, &key) {
            exact.push(key.clone());
        }
        if pattern.matches(&key) || is_prefix(path, &key) {
            below.push(key);
        }
    }
    if !exact.is_empty() {
        return Ok(Found::Exactly(exact));
    }
    if !below.is_empty() {
        return Ok(Found::Below(below));
    }
    let nearest = nearest_labels([snapshot, snapshot], path)?;
    let hint = if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) };
    Err(OpError::Request(format!("nothing there is named '{path}'{hint}")))
}

/// Tells whether a path, as [`find`] takes it, picks a resource.
///
/// # Errors
/// When the path is empty.
pub(super) fn selects(path: &str) -> Result<impl Fn(&ResourceKey) -> bool, OpError> {
    let path = path.trim_matches('/').to_owned();
    let pattern: Pattern = path.parse().map_err(|error| OpError::Usage(format!("{error}")))?;
    Ok(move |key: &ResourceKey| names(&path, key) || pattern.matches(key) || is_prefix(&path, key))
}

/// The ways people may write a whole key, longest first.
fn spellings(key: &ResourceKey) -> [String; 5] {
    let ResourceKey { account, region, service, .. } = key;
    let label = key.label();
    [
        key.to_string(),
        format!("{account}/{region}/{service}/{label}"),
        format!("{region}/{service}/{label}"),
        format!("{service}/{label}"),
        label,
    ]
}

fn names(path: &str, key: &ResourceKey) -> bool {
    // The cheap test first: a path that names a key ends with its own name, escaped or not.
    path.ends_with(key.own_name()) && spellings(key).iter().any(|text| text == path) || path == key.to_string()
}

fn is_prefix(path: &str, key: &ResourceKey) -> bool {
    spellings(key)[..4]
        .iter()
        .any(|text| text.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The labels of both sides that are nearest to what was typed.
pub(super) fn nearest_labels(sides: [&Snapshot; 2], wanted: &str) -> Result<Vec<String>, OpError> {
    let mut labels = std::collections::BTreeSet::new();
    for side in sides {
        for key in side.state.keys().take(NEAREST_SCAN) {
            let key = key?;
            labels.insert(format!("{}/{}", key.service, key.kind));
            labels.insert(format!("{}/{}", key.service, key.label()));
            labels.insert(key.service);
        }
    }
    let mut nearest = crate::pod::nearest(wanted, labels.iter().map(String::as_str));
    nearest.truncate(NEAREST);
    Ok(nearest)
}

/// The value at `path` of a resource, with every secret in it masked, and markers of those left out as people read them.
pub fn mask(catalog: &Catalog, key: &ResourceKey, path: &[String], value: &Value) -> Value {
    let mut path = path.to_vec();
    masked(catalog, key, &mut path, value)
}

fn masked(catalog: &Catalog, key: &ResourceKey, path: &mut Vec<String>, value: &Value) -> Value {
    if !path.is_empty() && catalog.hides(key, path, value) {
        return Value::String(MASK.to_owned());
    }
    if let Some(marker) = Marker::of(value) {
        return Value::String(marker.label());
    }
    let mut inner = |name: String, value: &Value| {
        path.push(name);
        let value = masked(catalog, key, path, value);
        path.pop();
        value
    };
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), inner(name.clone(), value))).collect())
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            Value::Array(numbered.map(|(position, value)| inner(position.to_string(), value)).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_by_its_key_or_the_end_of_it() {
        let key = ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["b", "a/my file"]);
        for path in [
            "000000000000/us-east-1/s3/object/b/a%2Fmy%20file",
            "000000000000/us-east-1/s3/object/b/a/my file",
            "us-east-1/s3/object/b/a/my file",
            "s3/object/b/a/my file",
            "object/b/a/my file",
        ] {
            assert!(names(path, &key), "{path}");
        }
        assert!(!names("a/my file", &key));
        for path in ["000000000000", "000000000000/us-east-1", "s3/object/b", "s3"] {
            assert!(is_prefix(path, &key), "{path}");
        }
        assert!(!is_prefix("s3/object/b/a/my", &key), "half a segment is no prefix");
    }
}
