//! What a merge may have broken although no property is in conflict: looked for by name and said, never changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::catalog::Catalog;
use crate::instance::{arn_of, arns_in, parent_key};
use crate::ops::OpError;
use crate::pod::{Merge, MergeRules, ResourceKey, tokens_in};

/// The attributes that make a queue or topic FIFO; only like may name like.
const FIFO: [&str; 2] = ["FifoQueue", "FifoTopic"];

/// Looks at every resource that a merge touches.
pub(super) struct Checker<'a> {
    catalog: &'a Catalog,
    /// What is gone now, by how others name it.
    deleted: HashMap<String, ResourceKey>,
    deleted_keys: BTreeSet<ResourceKey>,
    /// What is there and was changed by a side: what it names.
    names: BTreeMap<ResourceKey, BTreeSet<Name>>,
    warnings: Vec<String>,
}

/// How a document names a resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Arn(String),
    Key(ResourceKey),
}

impl<'a> Checker<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        let (deleted, deleted_keys) = (HashMap::new(), BTreeSet::new());
        Self { catalog, deleted, deleted_keys, names: BTreeMap::new(), warnings: Vec::new() }
    }

    /// Looks at one resource: its three sides and what it is merged to.
    pub(super) fn look(&mut self, key: &ResourceKey, rules: &MergeRules, sides: &Merge<Value>, merged: Option<&Value>) {
        let Some(spec) = self.catalog.get(&key.service, &key.kind) else { return };
        let Some(merged) = merged else {
            let before = [&sides.base, &sides.ours, &sides.theirs].into_iter().flatten().next();
            let arn = before.and_then(|before| arn_of(self.catalog, key, attributes(before)?));
            self.deleted.extend(arn.map(|arn| (arn, key.clone())));
            self.deleted_keys.insert(key.clone());
            return;
        };
        let Some(attributes_now) = attributes(merged) else { return };
        let mut names = BTreeSet::new();
        if !spec.data {
            named_in(attributes_now.values(), &mut names);
        }
        self.names.insert(key.clone(), names);
        for place in rules.repeated_keys(attributes_now) {
            self.warnings.push(format!("{}: {place} has two entries of the same key", label(key)));
        }
        let Some(ours) = sides.ours.as_ref().and_then(attributes) else { return };
        for name in spec.create_only.iter().filter(|name| ours.get(*name) != attributes_now.get(*name)) {
            self.warnings.push(format!("{}: {name} changes, so injecting deletes it and creates it anew", label(key)));
        }
    }

    /// The warnings, once everything was looked at. `merged` gives what a resource is now.
    pub(super) fn finish(
        self,
        merged: &dyn Fn(&ResourceKey) -> Result<Option<Value>, OpError>,
    ) -> Result<Vec<String>, OpError> {
        let mut warnings = self.warnings;
        for (key, names) in &self.names {
            if let Some(parent) = parent_key(self.catalog, key).filter(|parent| self.deleted_keys.contains(parent)) {
                warnings.push(format!("{}: what holds it, {}, is deleted", label(key), label(&parent)));
            }
            for name in names {
                let gone = match name {
                    Name::Arn(arn) => longest(&self.deleted, arn),
                    Name::Key(named) => self.deleted_keys.get(named),
                };
                if let Some(gone) = gone {
                    warnings.push(format!("{}: names {}, which is deleted", label(key), label(gone)));
                }
            }
            if let Some(other) = other_order(self.catalog, key, names, merged)? {
                warnings.push(format!("{}: one of it and {} is FIFO, the other is not", label(key), label(&other)));
            }
        }
        Ok(warnings)
    }
}

fn label(key: &ResourceKey) -> String {
    format!("{}/{}", key.service, key.label())
}

fn attributes(document: &Value) -> Option<&Map<String, Value>> {
    document.get("attributes")?.as_object()
}

/// A queue named by another, or by a subscription of a topic, of which one is FIFO and the other is not. (A FIFO topic may
/// deliver to any queue.)
fn other_order(
    catalog: &Catalog,
    key: &ResourceKey,
    names: &BTreeSet<Name>,
    merged: &dyn Fn(&ResourceKey) -> Result<Option<Value>, OpError>,
) -> Result<Option<ResourceKey>, OpError> {
    let is_fifo = |document: &Value| {
        attributes(document)
            .is_some_and(|attributes| FIFO.iter().any(|name| attributes.get(*name) == Some(&"true".into())))
    };
    let own = match (key.service.as_str(), key.kind.as_str()) {
        ("sqs", "queue") => Some(key.clone()),
        ("sns", "subscription") => parent_key(catalog, key),
        _ => None,
    };
    let Some(own) = own.map(|own| merged(&own)).transpose()?.flatten() else { return Ok(None) };
    let takes_any = key.service == "sns" && is_fifo(&own);
    for name in names {
        let Name::Arn(arn) = name else { continue };
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sqs", region, account, queue] = parts[..] else { continue };
        let named = ResourceKey::new(account, region, "sqs", "queue", [queue]);
        let exact = merged(&named)?.filter(|document| {
            attributes(document)
                .and_then(|attributes| arn_of(catalog, &named, attributes))
                .is_some_and(|found| found == *arn)
        });
        if !takes_any && exact.is_some_and(|document| is_fifo(&document) != is_fifo(&own)) {
            return Ok(Some(named));
        }
    }
    Ok(None)
}

/// The resource whose ARN this is, or begins with.
fn longest<'a>(by_arn: &'a HashMap<String, ResourceKey>, mut arn: &str) -> Option<&'a ResourceKey> {
    loop {
        if let Some(key) = by_arn.get(arn) {
            return Some(key);
        }
        arn = arn.get(..arn.rfind([':', '/'])?)?;
    }
}

fn named_in<'a>(values: impl Iterator<Item = &'a Value>, names: &mut BTreeSet<Name>) {
    for value in values {
        match value {
            Value::String(text) => {
                names.extend(tokens_in(text).into_iter().map(|token| Name::Key(token.key)));
                names.extend(arns_in(text).map(|arn| Name::Arn(arn.to_owned())));
            }
            Value::Array(values) => named_in(values.iter(), names),
            Value::Object(members) => named_in(members.values(), names),
            _ => {}
        }
    }
}
