//! How lists and special objects are merged, by where they stand.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// How the value at a place is merged when both sides changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeRule {
    /// `atomic`: as one value, whatever it is.
    Atomic,
    /// `set`: a list without order; what either side added or removed is. A single value is a list of one.
    Set,
    /// `map MEMBER`: a list of objects that are told apart by this member, each merged by itself. Entries without the
    /// member are told apart by all they say. A single object is a list of one.
    Keyed(String),
    /// `typed`: a DynamoDB value, `{"S": "text"}`. Sets and maps are merged, everything else is one value.
    Typed,
}

/// The parts of an IAM policy whose order means nothing, below the policy.
const POLICY: &[(&str, &str)] = &[
    ("Statement", "map Sid"),
    ("Statement.*.Action", "set"),
    ("Statement.*.NotAction", "set"),
    ("Statement.*.Resource", "set"),
    ("Statement.*.NotResource", "set"),
    ("Statement.*.Principal.*", "set"),
    ("Statement.*.NotPrincipal.*", "set"),
    ("Statement.*.Condition.*.*", "set"),
];

/// The rules for one resource type: by path below the document's attributes, where `*` is any one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeRules(Vec<(Vec<String>, MergeRule)>);

impl MergeRules {
    /// Adds what a rule's text says about a place: `atomic`, `set`, `map MEMBER`, `typed`, or `policy` for an IAM
    /// policy document. None where the text is none of these.
    pub fn add(&mut self, path: &[String], text: &str) -> Option<()> {
        let rule = match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["atomic"] => MergeRule::Atomic,
            ["set"] => MergeRule::Set,
            ["map", member] => MergeRule::Keyed(member.to_owned()),
            ["typed"] => MergeRule::Typed,
            ["policy"] => {
                for (below, text) in POLICY {
                    let below = below.split('.').map(str::to_owned);
                    self.add(&path.iter().cloned().chain(below).collect::<Vec<_>>(), text)?;
                }
                return Some(());
            }
            _ => return None,
        };
        self.0.push((path.to_vec(), rule));
        Some(())
    }

    /// The rule for a place, given by its path below the attributes. Below a DynamoDB value's `M` the same holds again.
    pub fn at(&self, path: &[String]) -> Option<&MergeRule> {
        let fits = |(pattern, rule): &&(Vec<String>, MergeRule)| {
            let matches =
                |path: &[String]| pattern.iter().zip(path).all(|(wanted, name)| wanted == "*" || wanted == name);
            match path.len().checked_sub(pattern.len()) {
                Some(0) => matches(path),
                // `attribute M nested M nested …`
                Some(deeper) if *rule == MergeRule::Typed && deeper % 2 == 0 => {
                    matches(path) && path[pattern.len()..].iter().step_by(2).all(|name| name == "M")
                }
                _ => false,
            }
        };
        self.0.iter().find(fits).map(|(_, rule)| rule)
    }
}

impl MergeRules {
    /// Where, in a document's attributes, a keyed list has two entries of the same key; joined by dots.
    pub fn repeated_keys(&self, attributes: &Map<String, Value>) -> Vec<String> {
        let keyed = self.0.iter().filter_map(|(path, rule)| match rule {
            MergeRule::Keyed(member) => Some((path, member)),
            _ => None,
        });
        let mut found = Vec::new();
        for (path, member) in keyed {
            let mut places = Vec::new();
            for (name, value) in attributes {
                if let Some((first, rest)) = path.split_first()
                    && (first == "*" || first == name)
                {
                    places_at(value, rest, name.clone(), &mut places);
                }
            }
            let repeats = |value: &Value| {
                let keys: Vec<&str> =
                    value.as_array().into_iter().flatten().filter_map(|entry| entry.get(member)?.as_str()).collect();
                keys.iter().collect::<BTreeSet<_>>().len() < keys.len()
            };
            found.extend(places.into_iter().filter(|(_, value)| repeats(value)).map(|(place, _)| place));
        }
        found
    }
}

/// What stands at a path below `value`.
fn places_at<'a>(value: &'a Value, path: &[String], place: String, found: &mut Vec<(String, &'a Value)>) {
    let Some((first, rest)) = path.split_first() else {
        found.push((place, value));
        return;
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        if first == "*" || first == name {
            places_at(value, rest, format!("{place}.{name}"), found);
        }
    }
}

/// The one member of a DynamoDB value.
pub(super) fn type_tag(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    object.keys().next().filter(|_| object.len() == 1).map(String::as_str)
}
