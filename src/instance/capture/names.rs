//! What the entries of a listing are called in keys.
//!
//! Where a service invents ids, the catalog names resources by what people chose: a `Name` tag, an address range. Two
//! of one name are told apart by a number, in an order that does not depend on the ids.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::catalog::look_up;
use crate::catalog::spec::TypeSpec;
use crate::instance::known::Known;

/// The entries with their names: the parent's segments and their own. None where an entry has no name.
pub fn named(
    spec: &TypeSpec,
    parent: Option<&[String]>,
    known: &Known,
    entries: Vec<Value>,
) -> Vec<(Option<Vec<String>>, Value)> {
    let mut nameless = Vec::new();
    let mut by_name: BTreeMap<Vec<String>, Vec<Value>> = BTreeMap::new();
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for entry in entries {
        let mut known = known.clone();
        known.set("item", entry.clone());
        match name_of(spec, parent, &known.0) {
            None => nameless.push((None, entry)),
            Some(name) => {
                let twins = by_name.entry(name.clone()).or_default();
                if twins.is_empty() {
                    order.push(name.clone());
                }
                // Pages that overlap give an entry twice.
                if seen.insert((name, entry.clone())) {
                    twins.push(entry);
                }
            }
        }
    }
    let mut all = Vec::new();
    for name in order {
        let mut twins = by_name.remove(&name).unwrap_or_default();
        if twins.len() > 1 {
            twins.sort_by_cached_key(|entry| without_ids(spec, known, entry));
        }
        for (position, entry) in twins.into_iter().enumerate() {
            let mut name = name.clone();
            if position > 0
                && let Some(last) = name.last_mut()
            {
                last.push_str(&format!(" #{}", position + 1));
            }
            all.push((Some(name), entry));
        }
    }
    all.extend(nameless);
    all
}

fn name_of(spec: &TypeSpec, parent: Option<&[String]>, known: &Map<String, Value>) -> Option<Vec<String>> {
    let mut name = parent.map(<[String]>::to_vec).unwrap_or_default();
    for segment in &spec.name {
        name.push(segment.fill_text(known)?);
    }
    Some(name)
}

/// What the type tells entries apart by, and the whole entry, as text without what the emulator invented for it.
fn without_ids(spec: &TypeSpec, known: &Known, entry: &Value) -> String {
    let mut known = known.clone();
    known.set("item", entry.clone());
    let invented: Vec<String> = spec.observed.values().filter_map(|template| template.fill_text(&known.0)).collect();
    let first: Value = spec.twins_by.iter().filter_map(|path| look_up(entry, &path.0).cloned()).collect();
    invented
        .iter()
        .filter(|id| !id.is_empty())
        .fold(format!("{first}{entry}"), |text, id| text.replace(id.as_str(), ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn resources_of_one_name_are_numbered_whatever_their_ids() {
        let text = r#"
            service = "x"
            [[type]]
            kind = "net"
            level = "capture-only"
            reason = "a test"
            list = { op = "List", items = "Nets" }
            name = "{item.Tags|tag:Name|else:item.Range}"
            observed = { Id = "{item.Id}" }
            twins_by = ["Kind"]
        "#;
        let catalog = Catalog::load(&[("x.toml", text)]).unwrap();
        let spec = catalog.get("x", "net").unwrap();
        let entry = |id: &str, range: &str| json!({"Id": id, "Range": range, "Tags": [{"Key": "Name", "Value": "n"}]});
        let names = |entries: Vec<Value>| -> Vec<(String, Value)> {
            named(spec, None, &Known::default(), entries)
                .into_iter()
                .map(|(name, entry)| (name.unwrap().join("/"), entry["Range"].clone()))
                .collect()
        };
        let expected = [("n".to_owned(), json!("1")), ("n #2".to_owned(), json!("2"))];
        assert_eq!(names(vec![entry("id-1", "2"), entry("id-2", "1")]), expected);
        assert_eq!(names(vec![entry("id-9", "1"), entry("id-3", "2"), entry("id-3", "2")]), expected);
        let kinds = |kind: &str, range: &str| json!({"Id": range, "Kind": kind, "Range": range, "Tags": [{"Key": "Name", "Value": "n"}]});
        assert_eq!(names(vec![kinds("a", "2"), kinds("b", "1")])[0], ("n".to_owned(), json!("2")));
    }
}
