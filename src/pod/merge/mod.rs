//! Merging a resource of two lines of history, property by property; conflicts are plain data.
//!
//! A document takes part as the JSON it is kept as: `{"attributes": …, "blobs": …}`. What only one side changed
//! wins, what both changed alike is fine, and objects are merged by member. How lists are merged is said by
//! [`MergeRules`]. What is left is a [`Conflict`]: the three values and where they stand.

mod list;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ResourceKey;
pub use rules::{MergeRule, MergeRules};

/// The document's member that holds blobs.
const BLOBS: &str = "blobs";
/// The document's member that holds properties.
const ATTRIBUTES: &str = "attributes";

/// A value on three sides. None is: not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge<T> {
    /// The common ancestor's.
    pub base: Option<T>,
    /// Ours.
    pub ours: Option<T>,
    /// Theirs.
    pub theirs: Option<T>,
}

/// One of the sides of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What the common ancestor had.
    Base,
    /// What the version that was merged into had.
    Ours,
    /// What the version that was merged had.
    Theirs,
}

impl Side {
    /// Its word, in commands and on screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

impl<T: PartialEq> Merge<T> {
    /// The outcome where the three values alone decide: one side changed nothing, or both changed alike.
    pub fn settled(&self) -> Option<Option<&T>> {
        if self.ours == self.theirs || self.theirs == self.base {
            Some(self.ours.as_ref())
        } else if self.ours == self.base {
            Some(self.theirs.as_ref())
        } else {
            None
        }
    }
}

impl<T> Merge<T> {
    /// The value of one side.
    pub fn side(&self, side: Side) -> Option<&T> {
        match side {
            Side::Base => self.base.as_ref(),
            Side::Ours => self.ours.as_ref(),
            Side::Theirs => self.theirs.as_ref(),
        }
    }

    fn as_ref(&self) -> Merge<&T> {
        Merge { base: self.base.as_ref(), ours: self.ours.as_ref(), theirs: self.theirs.as_ref() }
    }

    /// The same on every side, where there is something.
    fn and_then<U>(self, change: impl Fn(T) -> Option<U>) -> Merge<U> {
        let Self { base, ours, theirs } = self;
        Merge { base: base.and_then(&change), ours: ours.and_then(&change), theirs: theirs.and_then(&change) }
    }

    fn present(&self) -> impl Iterator<Item = &T> {
        [&self.base, &self.ours, &self.theirs].into_iter().flatten()
    }
}

/// What two sides changed differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The resource.
    pub key: ResourceKey,
    /// Where in the document; empty for the whole resource, which one side deleted. Entries of a keyed list by key.
    pub path: Vec<String>,
    /// What stands there on the three sides.
    #[serde(flatten)]
    pub values: Merge<Value>,
}

impl Conflict {
    /// The property as people name it: without the document's own member, joined by dots. Empty for the whole
    /// resource.
    pub fn property(&self) -> String {
        self.path.get(1..).unwrap_or_default().join(".")
    }

    /// What a side without the value has: no resource, or whatever emulators take where nothing is said.
    pub fn absent(&self) -> &'static str {
        if self.path.is_empty() { "(deleted)" } else { "(not set)" }
    }

    /// The names down to the property, as the catalog's paths give them.
    pub fn attribute_path(&self) -> &[String] {
        match self.path.split_first() {
            Some((first, rest)) if first == ATTRIBUTES => rest,
            _ => &[],
        }
    }

    /// Whether it is about bytes: the values are digests and sizes.
    pub fn is_blob(&self) -> bool {
        self.path.first().is_some_and(|first| first == BLOBS)
    }
}

/// Merges one resource's documents (None: the side does not have it). Gives the merged document, in which conflicts
/// hold our value (or, where one side deleted the resource, what the other has), and the conflicts.
pub fn merge_documents(key: &ResourceKey, rules: &MergeRules, sides: &Merge<Value>) -> (Option<Value>, Vec<Conflict>) {
    let mut merger = Merger { key, rules, path: Vec::new(), conflicts: Vec::new() };
    let mut merged = merger.merge(&sides.as_ref());
    if merged.is_none() && !merger.conflicts.is_empty() {
        merged.clone_from(&sides.theirs);
    }
    if let Some(Value::Object(document)) = &mut merged
        && document.get(BLOBS).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        // A document without blobs does not have the member.
        document.remove(BLOBS);
    }
    (merged, merger.conflicts)
}

/// Puts `value` (None: nothing) where a conflict stands in a merged document.
pub fn settle(document: Option<Value>, rules: &MergeRules, path: &[String], value: Option<Value>) -> Option<Value> {
    let mut document = list::put(document, rules, &mut Vec::new(), path, value)?;
    if let Some(members) = document.as_object_mut()
        && path.first().is_some_and(|first| first == BLOBS)
        && members.get(BLOBS).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        members.remove(BLOBS);
    }
    Some(document)
}

struct Merger<'a> {
    key: &'a ResourceKey,
    rules: &'a MergeRules,
    path: Vec<String>,
    conflicts: Vec<Conflict>,
}

impl Merger<'_> {
    fn merge(&mut self, sides: &Merge<&Value>) -> Option<Value> {
        if let Some(settled) = sides.settled() {
            return settled.map(|value| (*value).clone());
        }
        // One side took it away, the other changed it.
        if sides.ours.is_none() || sides.theirs.is_none() {
            return self.conflict(sides);
        }
        let rule = match &self.path[..] {
            [first, _] if first == BLOBS => Some(&MergeRule::Atomic),
            _ => self.rules.at(self.path.get(1..).unwrap_or_default()),
        };
        match rule {
            Some(MergeRule::Atomic) => self.conflict(sides),
            Some(MergeRule::Set) => list::merge_sets(sides).or_else(|| self.conflict(sides)),
            Some(MergeRule::Keyed(member)) => match list::entries(sides, member) {
                Some(entries) => Some(self.keyed(&entries)),
                None => self.members_or_conflict(sides),
            },
            Some(MergeRule::Typed) => self.typed(sides),
            None => self.members_or_conflict(sides),
        }
    }

    fn members_or_conflict(&mut self, sides: &Merge<&Value>) -> Option<Value> {
        if !sides.present().all(|value| value.is_object()) {
            return self.conflict(sides);
        }
        let objects = sides.as_ref().and_then(|value| value.as_object());
        Some(Value::Object(self.members(&objects)))
    }

    fn members(&mut self, sides: &Merge<&Map<String, Value>>) -> Map<String, Value> {
        let names: BTreeSet<&String> = sides.present().flat_map(|object| object.keys()).collect();
        let mut merged = Map::new();
        for name in names {
            self.path.push(name.clone());
            let value = self.merge(&sides.as_ref().and_then(|object| object.get(name)));
            self.path.pop();
            merged.extend(value.map(|value| (name.clone(), value)));
        }
        merged
    }

    fn keyed(&mut self, sides: &Merge<list::Entries<'_>>) -> Value {
        let keys: BTreeSet<&String> = sides.present().flat_map(|entries| entries.keys()).collect();
        let mut merged = Vec::new();
        for key in keys {
            self.path.push(key.clone());
            merged.extend(self.merge(&sides.as_ref().and_then(|entries| entries.get(key).copied())));
            self.path.pop();
        }
        Value::Array(merged)
    }

    /// A DynamoDB value: an object whose one member says its type.
    fn typed(&mut self, sides: &Merge<&Value>) -> Option<Value> {
        let tags: BTreeSet<Option<&str>> = sides.present().map(|value| rules::type_tag(value)).collect();
        let inner = |tag: &str| sides.as_ref().and_then(|value| value.get(tag));
        let (Some(Some(tag)), 1) = (tags.first().copied(), tags.len()) else { return self.conflict(sides) };
        let value = match tag {
            "SS" | "NS" | "BS" => list::merge_sets(&inner(tag)),
            "M" => {
                let objects = inner(tag).and_then(Value::as_object);
                self.path.push(tag.to_owned());
                let merged = self.members(&objects);
                self.path.pop();
                Some(Value::Object(merged))
            }
            _ => None,
        };
        match value {
            Some(value) => Some(Value::Object(Map::from_iter([(tag.to_owned(), value)]))),
            None => self.conflict(sides),
        }
    }

    fn conflict(&mut self, sides: &Merge<&Value>) -> Option<Value> {
        let values = sides.as_ref().and_then(|value| Some((*value).clone()));
        let ours = values.ours.clone();
        self.conflicts.push(Conflict { key: self.key.clone(), path: self.path.clone(), values });
        ours
    }
}
