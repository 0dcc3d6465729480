//! Builds the index: the oldest version of each pod whole, of the later ones only what differs.

use std::collections::HashMap;

use serde_json::Value;

use super::matcher::Bag;
use super::{Entry, Index, IndexedPod, Span};
use crate::catalog::Catalog;
use crate::event::{Events, Progress};
use crate::ops::{Context, OpError, Snapshot};
use crate::pod::{Document, PodName, ResourceKey, replace_tokens};
use crate::store::StoreError;

/// Characters of a value that are indexed: more is no help in a list of results.
const VALUE_CHARS: usize = 160;

/// Shortest value indexed: shorter ones match everything.
const VALUE_MIN_CHARS: usize = 3;

/// Values indexed of one document: bounds what one huge item can take.
const VALUES_PER_DOCUMENT: usize = 64;

/// Bytes of values in all. Beyond it only names are indexed, so that the largest stores stay searchable.
const VALUE_BYTES: usize = 64 << 20;

pub(super) fn build(context: &Context, events: &Events) -> Result<Index, OpError> {
    events.phase("index");
    let mut builder = Builder::new(context.catalog);
    for name in context.store.pods()? {
        match builder.pod(context, &name, events) {
            Ok(()) => {}
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => events.warn(format!("{name} is not searched: {error}")),
        }
    }
    if builder.value_bytes >= VALUE_BYTES {
        events.warn("the store is large: of some resources only the names are searched");
    }
    Ok(builder.index)
}

/// One text of a document: the property it is the value of (None for the name) and the text.
type Text = (Option<Box<str>>, Box<str>);

struct Builder<'a> {
    catalog: &'a Catalog,
    index: Index,
    /// Positions in the index's resources.
    resources: HashMap<Box<str>, u32>,
    /// Positions in the index's entries.
    entries: HashMap<(u32, Text), u32>,
    value_bytes: usize,
    documents: u64,
}

impl<'a> Builder<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            index: Index { pods: Vec::new(), resources: Vec::new(), entries: Vec::new() },
            resources: HashMap::new(),
            entries: HashMap::new(),
            value_bytes: 0,
            documents: 0,
        }
    }

    fn pod(&mut self, context: &Context, name: &PodName, events: &Events) -> Result<(), OpError> {
        let versions = context.store.versions(name)?;
        let pod = self.index.pods.len() as u32;
        self.index.pods.push(IndexedPod {
            name: name.clone(),
            versions: versions.iter().map(|version| (version.number, version.commit)).collect(),
        });
        let mut before: Option<Snapshot> = None;
        // Which entries the version at hand has, and since which version.
        let mut open = HashMap::<u32, u32>::new();
        let mut result = Ok(());
        let mut last = 0;
        for (at, version) in versions.iter().enumerate() {
            let at = at as u32;
            let snapshot = match Snapshot::load(&context.store, version.commit) {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            };
            self.version(pod, at, before.as_ref(), &snapshot, &mut open, events)?;
            (before, last) = (Some(snapshot), at);
        }
        for (entry, first) in open {
            self.close(entry, Span { pod, first, last });
        }
        result.map_err(|error: StoreError| error.into())
    }

    fn version(
        &mut self,
        pod: u32,
        at: u32,
        before: Option<&Snapshot>,
        snapshot: &Snapshot,
        open: &mut HashMap<u32, u32>,
        events: &Events,
    ) -> Result<(), OpError> {
        let Some(before) = before else {
            for entry in snapshot.state.entries() {
                let (key, value) = entry?;
                self.tick(events)?;
                open.extend(self.texts(&key, value).into_iter().map(|entry| (entry, at)));
            }
            return Ok(());
        };
        for difference in before.state.diff(&snapshot.state) {
            let difference = difference?;
            self.tick(events)?;
            let gone = difference.before.map(|value| self.texts(&difference.key, value)).unwrap_or_default();
            let there = difference.after.map(|value| self.texts(&difference.key, value)).unwrap_or_default();
            for entry in gone.iter().filter(|entry| !there.contains(entry)) {
                if let Some(first) = open.remove(entry) {
                    self.close(*entry, Span { pod, first, last: at - 1 });
                }
            }
            for entry in there {
                open.entry(entry).or_insert(at);
            }
        }
        Ok(())
    }

    fn tick(&mut self, events: &Events) -> Result<(), OpError> {
        self.documents += 1;
        if self.documents.is_multiple_of(1024) {
            if events.is_cancelled() {
                return Err(OpError::Cancelled);
            }
            events.progress(Progress { done: self.documents, ..Progress::default() });
        }
        Ok(())
    }

    fn close(&mut self, entry: u32, span: Span) {
        if let Some(entry) = self.index.entries.get_mut(entry as usize) {
            entry.places.push(span);
        }
    }

    /// The entries of a document; new ones are added to the index.
    fn texts(&mut self, key: &ResourceKey, value: Value) -> Vec<u32> {
        let resource = self.resource(key);
        let name = format!("{}/{}", key.service, key.label()).into_boxed_str();
        let mut found = vec![self.entry(resource, (None, name))];
        if self.value_bytes < VALUE_BYTES
            && let Ok(document) = serde_json::from_value::<Document>(value)
        {
            for text in self.values(key, &document) {
                found.push(self.entry(resource, text));
            }
        }
        found
    }

    fn resource(&mut self, key: &ResourceKey) -> u32 {
        let text = key.to_string().into_boxed_str();
        *self.resources.entry(text).or_insert_with_key(|text| {
            self.index.resources.push(text.clone());
            (self.index.resources.len() - 1) as u32
        })
    }

    fn entry(&mut self, resource: u32, text: Text) -> u32 {
        if let Some(known) = self.entries.get(&(resource, text.clone())) {
            return *known;
        }
        let at = self.index.entries.len() as u32;
        if text.0.is_some() {
            self.value_bytes += text.1.len();
        }
        self.index.entries.push(Entry {
            bag: Bag::of(&text.1),
            text: text.1.clone(),
            resource,
            property: text.0.clone(),
            places: Vec::new(),
        });
        self.entries.insert((resource, text), at);
        at
    }

    /// The strings in a document that are worth finding. Secrets are not.
    fn values(&self, key: &ResourceKey, document: &Document) -> Vec<Text> {
        let mut values = Vec::new();
        for (name, value) in &document.attributes {
            self.collect(key, &mut vec![name.clone()], value, &mut values);
        }
        values.truncate(VALUES_PER_DOCUMENT);
        values
    }

    fn collect(&self, key: &ResourceKey, path: &mut Vec<String>, value: &Value, values: &mut Vec<Text>) {
        if values.len() >= VALUES_PER_DOCUMENT || self.catalog.is_secret(&key.service, &key.kind, path) {
            return;
        }
        let mut inner = |name: String, value: &Value| {
            path.push(name);
            self.collect(key, path, value, values);
            path.pop();
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| inner(name.clone(), value)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(position, value)| inner(position.to_string(), value));
            }
            Value::String(text) if text.chars().nth(VALUE_MIN_CHARS - 1).is_some() => {
                let text = replace_tokens(text, |token| Some(token.key.label()));
                let text: String = text.chars().take(VALUE_CHARS).collect();
                values.push((Some(path.join(".").into_boxed_str()), text.into_boxed_str()));
            }
            _ => {}
        }
    }
}
