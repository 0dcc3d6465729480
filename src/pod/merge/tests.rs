//! What a merge promises.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn key() -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", ["orders"])
}

fn rules() -> MergeRules {
    let mut rules = MergeRules::default();
    for (path, text) in [
        ("set", "set"),
        ("keyed", "map Id"),
        ("keyed.*.set", "set"),
        ("whole", "atomic"),
        ("Item.*", "typed"),
        ("Policy", "policy"),
    ] {
        rules.add(&path.split('.').map(str::to_owned).collect::<Vec<_>>(), text).unwrap();
    }
    rules
}

fn document(attributes: Value) -> Value {
    json!({ "attributes": attributes })
}

/// The merged attributes, and the conflicts' properties.
fn merged(base: Value, ours: Value, theirs: Value) -> (Value, Vec<String>) {
    let side = |value: Value| (!value.is_null()).then(|| document(value));
    let sides = Merge { base: side(base), ours: side(ours), theirs: side(theirs) };
    let (document, conflicts) = merge_documents(&key(), &rules(), &sides);
    let attributes = document.map_or(Value::Null, |mut document| document["attributes"].take());
    (attributes, conflicts.iter().map(Conflict::property).collect())
}

fn clean(base: Value, ours: Value, theirs: Value) -> Value {
    let (value, conflicts) = merged(base, ours, theirs);
    assert_eq!(conflicts, [""; 0]);
    value
}

#[test]
fn what_one_side_changed_wins_and_what_both_changed_differently_is_a_conflict() {
    let base = json!({"a": 1, "b": 1, "c": 1, "d": 1});
    let ours = json!({"a": 2, "b": 1, "d": 2, "e": 1});
    let theirs = json!({"a": 1, "b": 2, "c": 1, "d": 3, "e": 1});
    let (value, conflicts) = merged(base, ours, theirs);
    assert_eq!(value, json!({"a": 2, "b": 2, "d": 2, "e": 1}));
    assert_eq!(conflicts, ["d"]);
}

#[test]
fn deleted_and_unchanged_is_deleted_and_deleted_and_changed_is_a_conflict() {
    assert_eq!(clean(json!({"a": 1}), Value::Null, json!({"a": 1})), Value::Null);
    let (kept, conflicts) = merged(json!({"a": 1}), Value::Null, json!({"a": 2}));
    assert_eq!((kept, conflicts), (json!({"a": 2}), vec![String::new()]));
    let (kept, conflicts) = merged(json!({"a": {"x": 1}}), json!({}), json!({"a": {"x": 2}}));
    assert_eq!((kept, conflicts), (json!({}), vec!["a".to_owned()]));
}

#[test]
fn two_that_are_new_are_merged_by_what_they_share() {
    let (value, conflicts) = merged(Value::Null, json!({"a": 1, "b": 1}), json!({"a": 2, "c": 1}));
    assert_eq!((value, conflicts), (json!({"a": 1, "b": 1, "c": 1}), vec!["a".to_owned()]));
}

#[test]
fn sets_take_what_either_side_added_and_lose_what_either_removed() {
    let set = |values: &[&str]| json!({ "set": values });
    assert_eq!(clean(set(&["a", "b"]), set(&["b", "a", "c"]), set(&["b", "d"])), set(&["b", "c", "d"]));
    assert_eq!(
        clean(json!({"set": "a"}), json!({"set": ["a", "b"]}), json!({"set": ["c", "a"]})),
        set(&["a", "b", "c"])
    );
}

#[test]
fn keyed_lists_are_merged_entry_by_entry() {
    let list = |entries: Value| json!({ "keyed": entries });
    let value = clean(
        list(json!([{"Id": "a", "x": 1, "set": ["1"]}, {"Id": "b"}])),
        list(json!([{"Id": "c"}, {"Id": "a", "x": 2, "set": ["1", "2"]}, {"Id": "b"}])),
        list(json!([{"Id": "a", "x": 1, "set": ["3", "1"]}])),
    );
    assert_eq!(value, list(json!([{"Id": "a", "x": 2, "set": ["1", "2", "3"]}, {"Id": "c"}])));
    let entry = |x: i32| list(json!([{"Id": "a", "x": x}]));
    assert_eq!(merged(entry(1), entry(2), entry(3)).1, ["keyed.a.x"]);
    let twice = list(json!([{"Id": "a"}, {"Id": "a"}]));
    assert_eq!(merged(entry(1), twice, entry(3)).1, ["keyed"]);
}

#[test]
fn policies_are_merged_by_statement_and_their_lists_as_sets() {
    let policy = |statements: Value| json!({"Policy": {"Version": "2012-10-17", "Statement": statements}});
    let read = |actions: Value| json!({"Sid": "read", "Effect": "Allow", "Action": actions, "Principal": {"AWS": "a"}});
    let other = json!({"Effect": "Deny", "Action": "*"});
    let value = clean(
        policy(read(json!("s3:GetObject"))),
        policy(json!([read(json!(["s3:GetObject", "s3:ListBucket"]))])),
        policy(json!([read(json!(["s3:GetObject", "s3:HeadBucket"])), other])),
    );
    let actions = json!(["s3:GetObject", "s3:HeadBucket", "s3:ListBucket"]);
    assert_eq!(value, policy(json!([read(actions), other])).by_statement());
}

trait Sorted {
    fn by_statement(self) -> Self;
}

impl Sorted for Value {
    /// Statements in the order of a merge: by key.
    fn by_statement(mut self) -> Self {
        if let Some(statements) = self["Policy"]["Statement"].as_array_mut() {
            statements.sort_by_key(|entry| entry["Sid"].as_str().map_or_else(|| entry.to_string(), str::to_owned));
        }
        self
    }
}

#[test]
fn dynamodb_values_are_merged_by_attribute_but_never_torn() {
    let item = |attributes: Value| json!({ "Item": attributes });
    let value = clean(
        item(json!({"id": {"S": "1"}, "tags": {"SS": ["a"]}, "map": {"M": {"x": {"N": "1"}, "y": {"N": "1"}}}})),
        item(json!({"id": {"S": "1"}, "tags": {"SS": ["a", "b"]}, "map": {"M": {"x": {"N": "2"}, "y": {"N": "1"}}}})),
        item(
            json!({"id": {"S": "1"}, "tags": {"SS": ["c"]}, "map": {"M": {"x": {"N": "1"}, "y": {"N": "3"}}}, "n": {"BOOL": true}}),
        ),
    );
    let expected = json!({"id": {"S": "1"}, "tags": {"SS": ["b", "c"]}, "map": {"M": {"x": {"N": "2"}, "y": {"N": "3"}}}, "n": {"BOOL": true}});
    assert_eq!(value, item(expected));
    let one = |value: Value| item(json!({ "a": value }));
    assert_eq!(merged(one(json!({"S": "1"})), one(json!({"S": "2"})), one(json!({"N": "3"}))).1, ["Item.a"]);
    let deep = |value: &str| one(json!({"M": {"b": {"M": {"c": {"S": value}}}}}));
    assert_eq!(merged(deep("1"), deep("2"), deep("3")).1, ["Item.a.M.b.M.c"]);
}

#[test]
fn a_blob_is_one_value() {
    let side = |text: &str| Some(json!({"attributes": {}, "blobs": {"body": {"digest": text, "size": text.len()}}}));
    let sides = Merge { base: side("1"), ours: side("22"), theirs: side("333") };
    let (document, conflicts) = merge_documents(&key(), &rules(), &sides);
    assert_eq!(document, sides.ours);
    assert_eq!(conflicts.len(), 1);
    assert!(conflicts[0].is_blob() && conflicts[0].property() == "body");
    let settled = settle(document, &rules(), &conflicts[0].path, conflicts[0].values.theirs.clone());
    assert_eq!(settled, sides.theirs);
    assert_eq!(settle(settled, &rules(), &conflicts[0].path, None), Some(document_without_blobs()));
}

fn document_without_blobs() -> Value {
    json!({"attributes": {}})
}

/// Attributes of every kind, with few names and values so that sides often meet.
fn attributes() -> impl Strategy<Value = Value> {
    let letters = || proptest::collection::vec("[a-c]", 0..3);
    let number = || 0..3i32;
    let plain = || prop_oneof![number().prop_map(|n| json!(n)), letters().prop_map(|list| json!(list))];
    let object = proptest::collection::btree_map("[x-z]", plain(), 0..3).prop_map(|members| json!(members));
    let keyed = proptest::collection::btree_map("[a-c]", (number(), letters()), 0..3).prop_map(|entries| {
        entries.into_iter().map(|(id, (x, set))| json!({"Id": id, "x": x, "set": set})).collect::<Value>()
    });
    let typed = prop_oneof![
        number().prop_map(|n| json!({"N": n.to_string()})),
        letters().prop_map(|set| json!({ "SS": set })),
        proptest::collection::btree_map("[x-z]", number().prop_map(|n| json!({"N": n.to_string()})), 0..3)
            .prop_map(|members| json!({ "M": members })),
    ];
    let item = proptest::collection::btree_map("[p-r]", typed, 0..3).prop_map(|members| json!(members));
    let member = |name: &'static str, value: BoxedStrategy<Value>| {
        proptest::option::of(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    (
        member("a", plain().boxed()),
        member("object", object.boxed()),
        member("set", letters().prop_map(|list| json!(list)).boxed()),
        member("keyed", keyed.boxed()),
        member("whole", plain().boxed()),
        member("Item", item.boxed()),
    )
        .prop_map(|(a, b, c, d, e, f)| Value::Object([a, b, c, d, e, f].into_iter().flatten().collect()))
}

fn side() -> impl Strategy<Value = Option<Value>> {
    proptest::option::weighted(0.9, attributes().prop_map(document))
}

fn settle_all(document: Option<Value>, conflicts: &[Conflict], side: Side) -> Option<Value> {
    conflicts.iter().fold(document, |document, conflict| {
        settle(document, &rules(), &conflict.path, conflict.values.side(side).cloned())
    })
}

/// The value at a conflict's path.
fn at<'a>(document: Option<&'a Value>, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(document?, |value, name| match value {
        Value::Array(entries) => {
            let keyed = entries.iter().find(|entry| entry.get("Id").and_then(Value::as_str) == Some(name));
            keyed.or_else(|| entries.get(name.parse::<usize>().ok()?))
        }
        value => value.get(name),
    })
}

/// Whether a merged value shows a change: it is what was set, or an object that holds all of it.
fn holds(found: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (found, wanted) {
        (Some(Value::Object(found)), Some(Value::Object(wanted))) => wanted.iter().all(|(name, value)| {
            matches!(name.as_str(), "set" | "keyed" | "SS") || holds(found.get(name), Some(value))
        }),
        (found, wanted) => found == wanted,
    }
}

/// Lists that are sets and keyed lists in a fixed order, single values as lists: what a merge may rearrange.
fn ordered(value: Option<&Value>) -> Option<Value> {
    fn walk(value: &Value, in_list_rule: bool) -> Value {
        match value {
            Value::Object(object) => object
                .iter()
                .map(|(name, value)| (name.clone(), walk(value, matches!(name.as_str(), "set" | "SS" | "keyed"))))
                .collect(),
            Value::Array(values) if in_list_rule => {
                let set: std::collections::BTreeMap<String, Value> =
                    values.iter().map(|value| walk(value, false)).map(|value| (value.to_string(), value)).collect();
                Value::Array(set.into_values().collect())
            }
            other => other.clone(),
        }
    }
    value.map(|value| walk(value, false))
}

proptest! {
    #[test]
    fn merging_with_the_base_itself_changes_nothing(base in side(), other in side()) {
        for sides in [
            Merge { base: base.clone(), ours: other.clone(), theirs: base.clone() },
            Merge { base: base.clone(), ours: base.clone(), theirs: other.clone() },
            Merge { base: base.clone(), ours: other.clone(), theirs: other.clone() },
        ] {
            prop_assert_eq!(merge_documents(&key(), &rules(), &sides), (other.clone(), Vec::new()));
        }
    }

    #[test]
    fn a_merge_is_symmetric_up_to_the_preference(base in side(), ours in side(), theirs in side()) {
        let there = Merge { base: base.clone(), ours: ours.clone(), theirs: theirs.clone() };
        let back = Merge { base, ours: theirs, theirs: ours };
        let (one, conflicts) = merge_documents(&key(), &rules(), &there);
        let (other, mirrored) = merge_documents(&key(), &rules(), &back);
        let swap = |conflict: &Conflict| {
            let Merge { base, ours, theirs } = conflict.values.clone();
            Conflict { values: Merge { base, ours: theirs, theirs: ours }, ..conflict.clone() }
        };
        prop_assert_eq!(conflicts.iter().map(swap).collect::<Vec<_>>(), mirrored.clone());
        prop_assert_eq!(settle_all(one.clone(), &conflicts, Side::Ours), settle_all(other, &mirrored, Side::Theirs));
        // Our values are what a conflicted document holds, but for a resource that one side deleted.
        if conflicts.iter().all(|conflict| !conflict.path.is_empty()) {
            prop_assert_eq!(settle_all(one.clone(), &conflicts, Side::Ours), one);
        }
    }

    #[test]
    fn no_change_is_lost_silently(base in side(), ours in side(), theirs in side()) {
        let sides = Merge { base, ours, theirs };
        let (merged, conflicts) = merge_documents(&key(), &rules(), &sides);
        let merged = settle_all(merged, &conflicts, Side::Ours);
        for (side, changed) in [(Side::Ours, &sides.ours), (Side::Theirs, &sides.theirs)] {
            let (Some(before), Some(after)) = (&sides.base, changed) else { continue };
            for change in crate::pod::diff_values(before, after) {
                let in_conflict = conflicts.iter().any(|conflict| {
                    let shorter = conflict.path.len().min(change.path.len());
                    conflict.path[..shorter] == change.path[..shorter]
                });
                // Lists that are merged by entry are looked at as a whole below.
                let of_list = change.path.iter().any(|name| matches!(name.as_str(), "set" | "keyed" | "SS"));
                if !in_conflict && !of_list {
                    let found = at(merged.as_ref(), &change.path);
                    prop_assert!(holds(found, change.after.as_ref()), "{:?} {:?}: {:?}", side, change.path, found);
                }
            }
            let set = |value: Option<&Value>| -> BTreeSet<String> {
                let found = value.and_then(|value| value.pointer("/attributes/set")?.as_array());
                found.into_iter().flatten().map(ToString::to_string).collect()
            };
            if conflicts.is_empty() {
                for added in set(Some(after)).difference(&set(Some(before))) {
                    prop_assert!(set(merged.as_ref()).contains(added));
                }
                for removed in set(Some(before)).difference(&set(Some(after))) {
                    prop_assert!(!set(merged.as_ref()).contains(removed));
                }
            }
        }
    }

    #[test]
    fn conflicts_settled_to_one_side_keep_the_rest_of_the_merge(base in side(), ours in side(), theirs in side()) {
        let sides = Merge { base, ours, theirs };
        let (merged, conflicts) = merge_documents(&key(), &rules(), &sides);
        let settled = settle_all(merged, &conflicts, Side::Theirs);
        for conflict in &conflicts {
            prop_assert_eq!(ordered(at(settled.as_ref(), &conflict.path)), ordered(conflict.values.theirs.as_ref()));
        }
    }

    #[test]
    fn conflicts_read_back_from_json(base in side(), ours in side(), theirs in side()) {
        let (_, conflicts) = merge_documents(&key(), &rules(), &Merge { base, ours, theirs });
        let text = serde_json::to_string(&conflicts).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Conflict>>(&text).unwrap(), conflicts);
    }
}
