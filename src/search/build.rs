//! Builds the index: the oldest version of each pod whole, of the later ones only what differs.

use std::collections::HashMap;

use serde_json::Value;

use super::texts::{Known, SEPARATOR, Texts, hash};
use super::{Beside, Found, Index, IndexedPod, NONE, Place, Resource, Scope, Span, SpanNode, Whence};
use crate::catalog::Catalog;
use crate::event::{Events, Progress};
use crate::ops::{Context, OpError};
use crate::pod::{Document, PodName, Reference, ResourceKey, Selector, replace_tokens};
use crate::store::StoreError;
use crate::tree::{Tree, TreeError};

/// Characters of a value that are indexed: more is no help in a list of results.
const VALUE_CHARS: usize = 160;

/// Shortest value indexed: shorter ones match everything.
const VALUE_MIN_CHARS: usize = 3;

/// Values indexed of one document: bounds what one huge item can take.
const VALUES_PER_DOCUMENT: usize = 64;

/// Bytes of distinct values, and values of resources, in all. Beyond it only names are indexed, so that the largest
/// stores stay searchable.
const VALUE_BYTES: usize = 48 << 20;
const VALUES: usize = 2_000_000;

/// Nodes of chains that are remembered for sharing.
const CHAINS: usize = 65_536;

pub(super) fn build(context: &Context, beside: &[Beside], events: &Events) -> Result<Index, OpError> {
    events.phase("index");
    let mut builder = Builder::new(context.catalog);
    for name in context.store.pods()? {
        match builder.local(context, &name, events) {
            Ok(()) => {}
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => events.warn(format!("{name} is not searched: {error}")),
        }
    }
    // Of versions elsewhere only what was opened is here.
    let is_here = |version: &&Beside| context.store.tree(version.state).keys().next().is_none_or(|key| key.is_ok());
    let opened: Vec<&Beside> = beside.iter().filter(is_here).collect();
    for versions in opened.chunk_by(|one, other| named(&one.place.reference) == named(&other.place.reference)) {
        let trees = versions.iter().map(|version| Ok((version.place.clone(), context.store.tree(version.state))));
        match builder.pod(trees, events) {
            // Of some only a part was looked at.
            Ok(()) | Err(OpError::Store(StoreError::Tree(TreeError::Chunk { .. }))) => {}
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => {
                let name = versions.first().map(|version| named(&version.place.reference)).unwrap_or_default();
                events.warn(format!("{name} is not searched: {error}"));
            }
        }
    }
    if builder.is_full() {
        events.warn("the store is large: of some resources only the names are searched");
    }
    Ok(builder.index)
}

/// A pod as references write it.
fn named(reference: &Reference) -> String {
    match reference {
        Reference::Live => reference.to_string(),
        Reference::Pod { remote: None, pod, .. } => pod.to_string(),
        Reference::Pod { remote: Some(remote), pod, .. } => format!("{remote}/{pod}"),
    }
}

/// A text in the index, for as long as it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// The name of the resource at this position.
    Name(u32),
    /// The value at this position.
    Found(u32),
}

struct Builder<'a> {
    catalog: &'a Catalog,
    index: Index,
    scopes: HashMap<Scope, u32>,
    names: Known,
    values: Known,
    properties: HashMap<Box<str>, u32>,
    /// Since which version of the pod at hand each name is there; NONE where it is not.
    names_since: Vec<u32>,
    /// The same for values.
    found_since: Vec<u32>,
    /// Nodes of chains by what is in them: most entries of a pod are found at the same places, and share a chain.
    chains: HashMap<(Span, u32), u32>,
    documents: u64,
}

impl<'a> Builder<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let index = Index {
            pods: Vec::new(),
            scopes: Vec::new(),
            names: Texts::default(),
            resources: Vec::new(),
            values: Texts::default(),
            first_found: Vec::new(),
            found: Vec::new(),
            properties: Vec::new(),
            spans: Vec::new(),
        };
        Self {
            catalog,
            index,
            scopes: HashMap::new(),
            names: Known::default(),
            values: Known::default(),
            properties: HashMap::new(),
            names_since: Vec::new(),
            found_since: Vec::new(),
            chains: HashMap::new(),
            documents: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.index.values.bytes() >= VALUE_BYTES || self.index.found.len() >= VALUES
    }

    fn local(&mut self, context: &Context, name: &PodName, events: &Events) -> Result<(), OpError> {
        let versions = context.store.versions(name)?.into_iter().map(|version| {
            let selector = Selector::Version(version.number);
            let reference = Reference::Pod { remote: None, pod: name.clone(), selector };
            let state = context.store.commit(&version.commit)?.state;
            Ok((Place { reference, commit: version.commit }, context.store.tree(state)))
        });
        self.pod(versions, events)
    }

    /// Takes in the versions of one pod, oldest first.
    fn pod(
        &mut self,
        versions: impl Iterator<Item = Result<(Place, Tree), StoreError>>,
        events: &Events,
    ) -> Result<(), OpError> {
        let pod = self.index.pods.len() as u32;
        let mut before: Option<Tree> = None;
        // What some version of this pod has.
        let mut seen = Vec::new();
        let mut result = Ok(());
        let mut last = 0;
        for (at, version) in versions.enumerate() {
            let at = at as u32;
            let (place, tree) = match version {
                Ok(version) => version,
                Err(error) => {
                    result = Err(error.into());
                    break;
                }
            };
            if at == 0 {
                let (name, whence) = (named(&place.reference), Whence::of(&place.reference));
                self.index.pods.push(IndexedPod { name, whence, versions: Vec::new() });
            }
            if let Some(pod) = self.index.pods.last_mut() {
                pod.versions.push(place);
            }
            last = at;
            result = self.version(pod, at, before.as_ref(), &tree, &mut seen, events);
            if result.is_err() {
                break;
            }
            before = Some(tree);
        }
        for entry in seen {
            self.close(entry, pod, last);
        }
        result
    }

    fn version(
        &mut self,
        pod: u32,
        at: u32,
        before: Option<&Tree>,
        tree: &Tree,
        seen: &mut Vec<Entry>,
        events: &Events,
    ) -> Result<(), OpError> {
        let Some(before) = before else {
            for entry in tree.entries() {
                let (key, value) = entry?;
                self.tick(events)?;
                self.texts(&key, value).into_iter().for_each(|entry| self.open(entry, at, seen));
            }
            return Ok(());
        };
        for difference in before.diff(tree) {
            let difference = difference?;
            self.tick(events)?;
            let gone = difference.before.map(|value| self.texts(&difference.key, value)).unwrap_or_default();
            let there = difference.after.map(|value| self.texts(&difference.key, value)).unwrap_or_default();
            for entry in gone.iter().filter(|entry| !there.contains(entry)) {
                self.close(*entry, pod, at - 1);
            }
            there.into_iter().for_each(|entry| self.open(entry, at, seen));
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

    fn since(&mut self, entry: Entry) -> Option<&mut u32> {
        match entry {
            Entry::Name(at) => self.names_since.get_mut(at as usize),
            Entry::Found(at) => self.found_since.get_mut(at as usize),
        }
    }

    /// An entry is there from this version of the pod on.
    fn open(&mut self, entry: Entry, at: u32, seen: &mut Vec<Entry>) {
        if let Some(since) = self.since(entry).filter(|since| **since == NONE) {
            *since = at;
            seen.push(entry);
        }
    }

    /// An entry is there up to this version of the pod, if it is there.
    fn close(&mut self, entry: Entry, pod: u32, last: u32) {
        let Some(since) = self.since(entry) else { return };
        let first = std::mem::replace(since, NONE);
        if first == NONE {
            return;
        }
        let head = match entry {
            Entry::Name(at) => self.index.resources.get_mut(at as usize).map(|resource| &mut resource.spans),
            Entry::Found(at) => self.index.found.get_mut(at as usize).map(|found| &mut found.spans),
        };
        let Some(head) = head else { return };
        let (span, next) = (Span { pod, first, last }, *head);
        *head = self.chains.get(&(span, next)).copied().unwrap_or_else(|| {
            let node = self.index.spans.len() as u32;
            self.index.spans.push(SpanNode { span, next });
            if self.chains.len() >= CHAINS {
                self.chains.clear();
            }
            self.chains.insert((span, next), node);
            node
        });
    }

    /// The entries of a document; new ones are added to the index.
    fn texts(&mut self, key: &ResourceKey, value: Value) -> Vec<Entry> {
        let resource = self.resource(key);
        let mut entries = vec![Entry::Name(resource)];
        if !self.is_full()
            && let Ok(document) = serde_json::from_value::<Document>(value)
        {
            for (property, text) in self.values(key, &document) {
                entries.push(Entry::Found(self.found(resource, &property, &text)));
            }
        }
        entries
    }

    fn resource(&mut self, key: &ResourceKey) -> u32 {
        let ResourceKey { account, region, service, kind, name } = key;
        let scope =
            Scope { account: account.clone(), region: region.clone(), service: service.clone(), kind: kind.clone() };
        let Index { scopes, names, resources, .. } = &mut self.index;
        let scope = *self.scopes.entry(scope).or_insert_with_key(|scope| {
            scopes.push(scope.clone());
            (scopes.len() - 1) as u32
        });
        let mut text = format!("{service}/{kind}");
        for segment in name {
            text.push(SEPARATOR);
            text.push_str(segment);
        }
        let is = |at: u32| {
            resources.get(at as usize).is_some_and(|resource| resource.scope == scope) && names.get(at) == text
        };
        if let Some(known) = self.names.find(hash(scope, &text), is) {
            return known;
        }
        let at = names.push(&text);
        resources.push(Resource { scope, found: NONE, spans: NONE });
        let hash_of = |at: u32| hash(resources.get(at as usize).map_or(NONE, |resource| resource.scope), names.get(at));
        self.names.insert(at, hash_of);
        self.names_since.push(NONE);
        at
    }

    fn found(&mut self, resource: u32, property: &str, text: &str) -> u32 {
        let Index { values, first_found, found, properties, resources, .. } = &mut self.index;
        let property = match self.properties.get(property) {
            Some(known) => *known,
            None => {
                properties.push(property.into());
                *self.properties.entry(property.into()).or_insert((properties.len() - 1) as u32)
            }
        };
        let value = self.values.find(hash(0, text), |at| values.get(at) == text).unwrap_or_else(|| {
            let at = values.push(text);
            first_found.push(NONE);
            self.values.insert(at, |at| hash(0, values.get(at)));
            at
        });
        let head = resources.get(resource as usize).map_or(NONE, |resource| resource.found);
        let mut at = head;
        while let Some(known) = found.get(at as usize) {
            if known.value == value && known.property == property {
                return at;
            }
            at = known.next_of_resource;
        }
        let new = found.len() as u32;
        let first = first_found.get_mut(value as usize).map_or(NONE, |first| std::mem::replace(first, new));
        if let Some(resource) = resources.get_mut(resource as usize) {
            resource.found = new;
        }
        found.push(Found { value, resource, property, next_of_value: first, next_of_resource: head, spans: NONE });
        self.found_since.push(NONE);
        new
    }

    /// The strings in a document that are worth finding. Secrets are not.
    fn values(&self, key: &ResourceKey, document: &Document) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for (name, value) in &document.attributes {
            self.collect(key, &mut vec![name.clone()], value, &mut values);
        }
        values.truncate(VALUES_PER_DOCUMENT);
        values
    }

    fn collect(&self, key: &ResourceKey, path: &mut Vec<String>, value: &Value, values: &mut Vec<(String, String)>) {
        if values.len() >= VALUES_PER_DOCUMENT || self.catalog.hides(key, path, value) {
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
                values.push((path.join("."), text));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ops::{Overrides, Paths};
    use crate::pod::{Commit, Digest, Observed};

    #[test]
    fn of_versions_elsewhere_those_that_were_opened_are_searched() {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        let writer = context.store.writer().unwrap();
        let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", ["orders"]);
        writer.document(key, &Document::from_value(json!({"X": "1"})), &Observed::new()).unwrap();
        let roots = writer.trees().unwrap();
        let commit = writer.finish(&Commit::bare(roots.state, roots.observed)).unwrap();
        let version = |number: u32, state| {
            let reference = format!("team/orders:{number}").parse().unwrap();
            Beside { place: Place { reference, commit }, state }
        };
        // The first one was never opened: nothing of it is here.
        let index = |versions: &[Beside]| Index::build(&context, versions, &Events::silent()).unwrap().len();
        let (elsewhere, here) = (version(1, Digest::of(b"elsewhere")), version(2, roots.state));
        assert_eq!(index(std::slice::from_ref(&elsewhere)), 0);
        assert_eq!(index(&[elsewhere, here.clone()]), index(&[here]));
        assert!(index(&[version(1, roots.state)]) > 0);
    }
}
