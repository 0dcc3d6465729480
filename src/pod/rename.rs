//! Resources that only changed their name: the same content, removed here and added there.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Change, ChangeKind, ResourceKey};

/// One resource under a new name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rename {
    /// Its key in the first state.
    pub from: ResourceKey,
    /// Its key in the second state.
    pub to: ResourceKey,
}

/// The renames among changes: pairs of a removed and an added resource of one type with equal content. A resource
/// without any property is never one, since all such are alike. Where several are alike, those that kept their own
/// name go together first (their parent was renamed), then the others in the order of their keys.
pub fn renames(changes: &[Change]) -> Vec<Rename> {
    let mut groups = BTreeMap::<(&str, &str, String), [Vec<&ResourceKey>; 2]>::new();
    for change in changes.iter().filter(|change| !change.properties.is_empty()) {
        let side = match change.kind {
            ChangeKind::Removed => 0,
            ChangeKind::Added => 1,
            ChangeKind::Modified => continue,
        };
        let ResourceKey { service, kind, .. } = &change.key;
        groups.entry((service, kind, content(change))).or_default()[side].push(&change.key);
    }
    let mut renames = Vec::new();
    for [removed, mut added] in groups.into_values() {
        let mut left = Vec::new();
        let mut pair = |from: &ResourceKey, to: &ResourceKey| {
            renames.push(Rename { from: from.clone(), to: to.clone() });
        };
        for from in removed {
            match added.iter().position(|to| to.own_name() == from.own_name()) {
                Some(at) => pair(from, added.remove(at)),
                None => left.push(from),
            }
        }
        left.into_iter().zip(added).for_each(|(from, to)| pair(from, to));
    }
    renames.sort_by(|one, other| one.to.cmp(&other.to));
    renames
}

/// What a resource that is on one side only consists of, as text that is equal for equal content.
fn content(change: &Change) -> String {
    let properties = change.properties.iter().map(|property| {
        let value = property.before.as_ref().or(property.after.as_ref()).cloned().unwrap_or_default();
        Value::Array(vec![property.path.clone().into(), value])
    });
    Value::Array(properties.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::Document;

    fn change(kind: &str, name: &[&str], before: Option<Value>, after: Option<Value>) -> Change {
        let key = ResourceKey::new("0", "r", "s3", kind, name.iter().copied());
        let (before, after) = (before.map(Document::from_value), after.map(Document::from_value));
        Change::between(key, before.as_ref(), after.as_ref()).unwrap()
    }

    #[test]
    fn equal_content_under_a_new_name_is_a_rename_and_children_follow_their_parent() {
        let content = || Some(json!({"ContentType": "text/plain"}));
        let changes = [
            change("object", &["new", "b"], None, content()),
            change("object", &["new", "a"], None, content()),
            change("object", &["old", "a"], content(), None),
            change("object", &["old", "b"], content(), None),
            change("object", &["old", "c"], content(), None),
            change("bucket", &["x"], content(), None),
            change("object", &["n"], None, Some(json!({}))),
            change("object", &["o"], Some(json!({})), None),
            change("object", &["m"], Some(json!({"A": 1})), Some(json!({"A": 2}))),
        ];
        let found: Vec<_> = renames(&changes).iter().map(|one| (one.from.label(), one.to.label())).collect();
        let pair = |name: &str| (format!("object/old/{name}"), format!("object/new/{name}"));
        assert_eq!(found, [pair("a"), pair("b")]);
    }
}
