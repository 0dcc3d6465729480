//! Differences as an RFC 6902 JSON patch.

use serde::Serialize;
use serde_json::Value;

use super::{PropertyChange, diff_values};

/// One operation of a JSON patch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOp {
    /// Puts a value where none is.
    Add {
        /// A JSON pointer.
        path: String,
        /// What to put there.
        value: Value,
    },
    /// Puts another value in place of one.
    Replace {
        /// A JSON pointer.
        path: String,
        /// What to put there.
        value: Value,
    },
    /// Takes a value away.
    Remove {
        /// A JSON pointer.
        path: String,
    },
    /// Moves a value.
    Move {
        /// Where it is, a JSON pointer.
        from: String,
        /// Where it is to be, a JSON pointer.
        path: String,
    },
}

/// The JSON pointer (RFC 6901) of the member names `path`.
pub fn pointer<S: AsRef<str>>(path: impl IntoIterator<Item = S>) -> String {
    path.into_iter().map(|name| format!("/{}", name.as_ref().replace('~', "~0").replace('/', "~1"))).collect()
}

/// What turns `before` into `after`, both of which stand at the member names `at` of a larger document. None stands
/// for nothing there.
pub fn patch(at: &[&str], before: Option<&Value>, after: Option<&Value>) -> Vec<PatchOp> {
    let base = pointer(at);
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(value)) => vec![PatchOp::Add { path: base, value: value.clone() }],
        (Some(_), None) => vec![PatchOp::Remove { path: base }],
        (Some(before), Some(after)) => {
            let changes = diff_values(before, after).into_iter();
            changes
                .filter_map(|PropertyChange { path, before, after }| {
                    let path = format!("{base}{}", pointer(path));
                    match (before, after) {
                        (None, None) => None,
                        (None, Some(value)) => Some(PatchOp::Add { path, value }),
                        (Some(_), Some(value)) => Some(PatchOp::Replace { path, value }),
                        (Some(_), None) => Some(PatchOp::Remove { path }),
                    }
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c~/%]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c~/]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_patch_read_back_and_applied_by_another_implementation_gives_the_second_value(
            before in json_value(), after in json_value()
        ) {
            let text = serde_json::to_string(&patch(&["a/b~c"], Some(&before), Some(&after))).unwrap();
            let read: json_patch::Patch = serde_json::from_str(&text).unwrap();
            let mut document = json!({"a/b~c": before, "other": 1});
            json_patch::patch(&mut document, &read).unwrap();
            prop_assert_eq!(document, json!({"a/b~c": after, "other": 1}));
        }
    }
}
