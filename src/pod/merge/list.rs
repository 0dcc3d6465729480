//! Lists that are sets, and lists whose entries have keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{ATTRIBUTES, Merge, MergeRule, MergeRules};

/// A list's entries by key.
pub(super) type Entries<'a> = BTreeMap<String, &'a Value>;

/// A list's values; a single value is a list of one.
fn values(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

/// Ours and theirs with whatever either side added and without what either removed, in a fixed order. None where a
/// side is an object or null: that is no set.
pub(super) fn merge_sets(sides: &Merge<&Value>) -> Option<Value> {
    if sides.present().any(|value| value.is_object() || value.is_null()) {
        return None;
    }
    let set = |side: Option<&Value>| -> BTreeMap<String, Value> {
        let values = side.map(values).unwrap_or_default();
        values.iter().map(|value| (value.to_string(), value.clone())).collect()
    };
    let base = set(sides.base);
    let (mut merged, theirs) = (set(sides.ours), set(sides.theirs));
    merged.retain(|text, _| theirs.contains_key(text) || !base.contains_key(text));
    merged.extend(theirs.into_iter().filter(|(text, _)| !base.contains_key(text)));
    Some(Value::Array(merged.into_values().collect()))
}

/// The key of an entry: its member, or all it says.
fn key_of(entry: &Value, member: &str) -> String {
    entry.get(member).and_then(Value::as_str).map_or_else(|| entry.to_string(), str::to_owned)
}

fn keyed<'a>(list: &'a Value, member: &str) -> Option<Entries<'a>> {
    let values = values(list);
    let entries: Entries = values.iter().map(|entry| (key_of(entry, member), entry)).collect();
    // Two of the same key cannot be told apart.
    let distinct = entries.len() == values.len() && values.iter().all(Value::is_object);
    distinct.then_some(entries)
}

/// The entries of every side by key. None where a side is not such a list.
pub(super) fn entries<'a>(sides: &Merge<&'a Value>, member: &str) -> Option<Merge<Entries<'a>>> {
    let side =
        |side: Option<&'a Value>| side.map(|list| keyed(list, member)).map_or(Some(None), |found| found.map(Some));
    Some(Merge { base: side(sides.base)?, ours: side(sides.ours)?, theirs: side(sides.theirs)? })
}

/// `value` with `new` at `path`. Objects on the way are made where there are none, lists stay as they are.
pub(super) fn put(
    value: Option<Value>,
    rules: &MergeRules,
    above: &mut Vec<String>,
    path: &[String],
    new: Option<Value>,
) -> Option<Value> {
    let Some((name, rest)) = path.split_first() else { return new };
    let attribute = above.first().filter(|first| *first == ATTRIBUTES).and_then(|_| above.get(1..));
    if let (Some(list), Some(MergeRule::Keyed(member))) = (&value, attribute.and_then(|path| rules.at(path)))
        && let Some(entries) = keyed(list, member)
    {
        let keys: BTreeSet<&String> = entries.keys().chain([name]).collect();
        let mut merged = Vec::new();
        for key in keys {
            let entry = entries.get(key).copied().cloned();
            if key == name {
                above.push(name.clone());
                merged.extend(put(entry, rules, above, rest, new.clone()));
                above.pop();
            } else {
                merged.extend(entry);
            }
        }
        return Some(Value::Array(merged));
    }
    let mut object = match value {
        Some(Value::Object(object)) => object,
        // Nothing to take away from.
        other if new.is_none() => return other,
        _ => Map::new(),
    };
    above.push(name.clone());
    let inner = put(object.remove(name), rules, above, rest, new);
    above.pop();
    object.extend(inner.map(|inner| (name.clone(), inner)));
    Some(Value::Object(object))
}
