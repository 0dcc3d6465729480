//! What differs between two documents, property by property.

use serde::Serialize;
use serde_json::Value;

use super::{BlobRef, Document, ResourceKey};

/// How a resource differs between two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the second state has it.
    Added,
    /// Both have it, with other content.
    Modified,
    /// Only the first state has it.
    Removed,
}

impl ChangeKind {
    /// Its word, for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Removed => "removed",
        }
    }
}

/// One property that differs. Values are None where a side lacks the property.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyChange {
    /// The names down to the property; list positions as decimal numbers.
    pub path: Vec<String>,
    /// The first state's value.
    pub before: Option<Value>,
    /// The second state's value.
    pub after: Option<Value>,
}

impl PropertyChange {
    /// The same seen from the other side.
    pub fn swapped(self) -> Self {
        Self { path: self.path, before: self.after, after: self.before }
    }
}

/// One resource that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The resource.
    pub key: ResourceKey,
    /// How it differs.
    pub kind: ChangeKind,
    /// What differs in it, in path order; for an added or removed resource, all it has.
    pub properties: Vec<PropertyChange>,
}

/// How values are to be read where they are compared for people.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Whether the list at a path is a set: then it is compared as one value, never position by position.
    pub is_set: &'a dyn Fn(&[String]) -> bool,
    /// Whether JSON inside strings is compared member by member.
    pub decode: bool,
}

impl Reading<'_> {
    /// Every value as it stands: what differs can be written back by path.
    pub const LITERAL: Reading<'static> = Reading { is_set: &|_| false, decode: false };
}

impl Change {
    /// The change from `before` to `after` at `key`; None when they are equal or both absent.
    pub fn between(key: ResourceKey, before: Option<&Document>, after: Option<&Document>) -> Option<Self> {
        Self::between_as(key, before, after, Reading::LITERAL)
    }

    /// The same with another reading of the values.
    pub fn between_as(
        key: ResourceKey,
        before: Option<&Document>,
        after: Option<&Document>,
        reading: Reading<'_>,
    ) -> Option<Self> {
        let empty = Document::default();
        let kind = match (before, after) {
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(one), Some(other)) if one != other => ChangeKind::Modified,
            _ => return None,
        };
        let properties = properties(before.unwrap_or(&empty), after.unwrap_or(&empty), reading);
        Some(Self { key, kind, properties })
    }
}

/// The properties that differ between two documents: attributes, then blobs (as digest and size).
pub fn diff_documents(before: &Document, after: &Document) -> Vec<PropertyChange> {
    properties(before, after, Reading::LITERAL)
}

fn properties(before: &Document, after: &Document, reading: Reading<'_>) -> Vec<PropertyChange> {
    let mut changes = Vec::new();
    let both = [before, after].map(|document| Value::Object(document.attributes.clone()));
    collect(&mut Vec::new(), &both[0], &both[1], reading, &mut changes);
    let names = before.blobs.keys().chain(after.blobs.keys().filter(|name| !before.blobs.contains_key(*name)));
    for name in names {
        let (one, other) = (before.blobs.get(name), after.blobs.get(name));
        if one != other {
            let value = |blob: &BlobRef| serde_json::json!({"digest": blob.digest, "size": blob.size});
            changes.push(PropertyChange { path: vec![name.clone()], before: one.map(value), after: other.map(value) });
        }
    }
    changes
}

/// The places where two JSON values differ. Objects are compared by member; lists of equal length by
/// position, other lists as one value.
pub fn diff_values(before: &Value, after: &Value) -> Vec<PropertyChange> {
    let mut changes = Vec::new();
    collect(&mut Vec::new(), before, after, Reading::LITERAL, &mut changes);
    changes
}

fn collect(
    path: &mut Vec<String>,
    before: &Value,
    after: &Value,
    reading: Reading<'_>,
    changes: &mut Vec<PropertyChange>,
) {
    if before == after {
        return;
    }
    if reading.decode
        && let (Some(one), Some(other)) = (container(before), container(after))
        && one != other
    {
        return collect(path, &one, &other, reading, changes);
    }
    let is_set = before.is_array() && (reading.is_set)(path);
    let mut descend = |name: String, one: Option<&Value>, other: Option<&Value>| {
        path.push(name);
        match (one, other) {
            (Some(one), Some(other)) => collect(path, one, other, reading, changes),
            _ => changes.push(PropertyChange { path: path.clone(), before: one.cloned(), after: other.cloned() }),
        }
        path.pop();
    };
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                descend(name.clone(), one.get(name), other.get(name));
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() && !is_set => {
            for (position, (one, other)) in one.iter().zip(other).enumerate() {
                descend(position.to_string(), Some(one), Some(other));
            }
        }
        _ => changes.push(PropertyChange {
            path: path.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// The object or list that a string holds as JSON.
fn container(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    // Cheap to see, and most strings are neither.
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_named_with_its_path() {
        let before = json!({"a": {"b": [1, 2], "c": 1}, "d": 1, "e": []});
        let after = json!({"a": {"b": [1, 3], "c": 1}, "e": [1], "f": null});
        let found: Vec<_> = diff_values(&before, &after)
            .into_iter()
            .map(|change| (change.path.join("."), change.before, change.after))
            .collect();
        assert_eq!(
            found,
            [
                ("a.b.1".to_owned(), Some(json!(2)), Some(json!(3))),
                ("d".to_owned(), Some(json!(1)), None),
                ("e".to_owned(), Some(json!([])), Some(json!([1]))),
                ("f".to_owned(), None, Some(json!(null))),
            ]
        );
    }

    #[test]
    fn a_blob_that_differs_is_a_property() {
        let blob = |text: &str| BlobRef { digest: crate::pod::Digest::of(text.as_bytes()), size: text.len() as u64 };
        let mut before = Document::default();
        let mut after = Document::default();
        before.blobs.insert("body".to_owned(), blob("one"));
        after.blobs.insert("body".to_owned(), blob("two"));
        assert_eq!(diff_documents(&before, &after)[0].path, ["body"]);
        assert_eq!(diff_documents(&before, &before), []);
    }

    #[test]
    fn json_in_strings_and_sets_are_compared_by_what_they_mean() {
        let document = |value: Value| Document::from_value(value);
        let key = ResourceKey::new("0", "r", "s", "k", ["n"]);
        let before = document(json!({"Secret": r#"{"user": "a", "password": "1"}"#, "Set": ["a", "b"], "Space": "{}"}));
        let after = document(json!({"Secret": r#"{"password":"2","user":"a"}"#, "Set": ["b", "c"], "Space": "{ }"}));
        let reading = Reading { is_set: &|path| path == ["Set"], decode: true };
        let change = Change::between_as(key, Some(&before), Some(&after), reading).unwrap();
        let found: Vec<_> = change.properties.iter().map(|property| property.path.join(".")).collect();
        // What only looks different is still shown: nothing that differs may be silent.
        assert_eq!(found, ["Secret.password", "Set", "Space"]);
    }
}
