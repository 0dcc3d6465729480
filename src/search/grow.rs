//! An index while it grows: which entries a document has, and where each is found.

use std::collections::HashMap;

use serde_json::Value;

use super::texts::{Known, SEPARATOR, hash};
use super::{Found, Index, NEWEST, NONE, Resource, Scope, Span, SpanNode};
use crate::catalog::Catalog;
use crate::pod::{Document, ResourceKey, replace_tokens};

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

/// A text in the index, for as long as it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The name of the resource at this position.
    Name(u32),
    /// The value at this position.
    Found(u32),
}

/// A pod whose versions are taken in.
#[derive(Clone, Copy)]
pub(super) struct InPod {
    /// Its position.
    pub(super) pod: u32,
    /// Nothing of another pod was taken in since its first version: what is known of it is known last.
    pub(super) fresh: bool,
}

pub(super) struct Growing<'a> {
    catalog: &'a Catalog,
    pub(super) index: Index,
    scopes: HashMap<Scope, u32>,
    names: Known,
    values: Known,
    properties: HashMap<Box<str>, u32>,
    /// Nodes of chains by what is in them: most entries of a pod are found at the same places, and share a chain.
    chains: HashMap<(Span, u32), u32>,
}

impl<'a> Growing<'a> {
    pub(super) fn new(catalog: &'a Catalog, index: Index) -> Self {
        let numbered = |(at, scope): (usize, &Scope)| (scope.clone(), at as u32);
        let scopes = index.scopes.iter().enumerate().map(numbered).collect();
        let properties = index.properties.iter().enumerate().map(|(at, name)| (name.clone(), at as u32)).collect();
        let names = Known::of(index.names.len(), |at| name_hash(&index, at));
        let values = Known::of(index.values.len(), |at| hash(0, index.values.get(at)));
        Self { catalog, index, scopes, names, values, properties, chains: HashMap::new() }
    }

    /// Whether values are left out from now on.
    pub(super) fn is_full(&self) -> bool {
        self.index.values.bytes() >= VALUE_BYTES || self.index.found.len() >= VALUES
    }

    fn head(&mut self, entry: Entry) -> Option<&mut u32> {
        match entry {
            Entry::Name(at) => self.index.resources.get_mut(at).map(|resource| &mut resource.spans),
            Entry::Found(at) => self.index.found.get_mut(at).map(|found| &mut found.spans),
        }
    }

    /// Where the chain of an entry begins; what is known of it in the pod last, and what stands before that.
    fn known(&self, entry: Entry, place: InPod) -> (u32, Vec<Span>, Option<SpanNode>) {
        let head = match entry {
            Entry::Name(at) => self.index.resources.get(at).map_or(NONE, |resource| resource.spans),
            Entry::Found(at) => self.index.found.get(at).map_or(NONE, |found| found.spans),
        };
        let (mut at, mut before) = (head, Vec::new());
        while let Some(node) = self.index.spans.get(at) {
            if node.span.pod == place.pod {
                return (head, before, Some(*node));
            }
            if place.fresh {
                break;
            }
            before.push(node.span);
            at = node.next;
        }
        (head, before, None)
    }

    /// An entry is there from this version of the pod on.
    pub(super) fn open(&mut self, entry: Entry, place: InPod, first: u32) {
        let (next, _, known) = self.known(entry, place);
        if known.is_some_and(|node| node.span.last == NEWEST) {
            return;
        }
        let node = self.node(Span { pod: place.pod, first, last: NEWEST }, next);
        if let Some(head) = self.head(entry) {
            *head = node;
        }
    }

    /// An entry is there up to this version of the pod, if it is there.
    pub(super) fn close(&mut self, entry: Entry, place: InPod, last: u32) {
        let (_, before, known) = self.known(entry, place);
        let Some(SpanNode { span, next }) = known.filter(|node| node.span.last == NEWEST) else { return };
        let mut node = self.node(Span { last, ..span }, next);
        for span in before.into_iter().rev() {
            node = self.node(span, node);
        }
        if let Some(head) = self.head(entry) {
            *head = node;
        }
    }

    fn node(&mut self, span: Span, next: u32) -> u32 {
        if let Some(known) = self.chains.get(&(span, next)) {
            return *known;
        }
        let node = self.index.spans.push(SpanNode { span, next });
        if self.chains.len() >= CHAINS {
            self.chains.clear();
        }
        self.chains.insert((span, next), node);
        node
    }

    /// The entries of a document; new ones are added to the index.
    pub(super) fn entries(&mut self, key: &ResourceKey, value: Value) -> Vec<Entry> {
        let resource = self.resource(key);
        let mut entries = vec![Entry::Name(resource)];
        if let Ok(document) = serde_json::from_value::<Document>(value) {
            for (property, text) in self.collected(key, &document) {
                entries.extend(self.found(resource, &property, &text).map(Entry::Found));
            }
        }
        entries
    }

    fn resource(&mut self, key: &ResourceKey) -> u32 {
        let ResourceKey { account, region, service, kind, name } = key;
        let scope =
            Scope { account: account.clone(), region: region.clone(), service: service.clone(), kind: kind.clone() };
        let scopes = &mut self.index.scopes;
        let scope = *self.scopes.entry(scope).or_insert_with_key(|scope| {
            scopes.push(scope.clone());
            (scopes.len() - 1) as u32
        });
        let mut text = format!("{service}/{kind}");
        for segment in name {
            text.push(SEPARATOR);
            text.push_str(segment);
        }
        let index = &mut self.index;
        let is = |at: u32| {
            index.resources.get(at).is_some_and(|resource| resource.scope == scope) && index.names.get(at) == text
        };
        if let Some(known) = self.names.find(hash(scope, &text), is) {
            return known;
        }
        let at = index.names.push(&text);
        index.resources.push(Resource { scope, found: NONE, spans: NONE });
        self.names.insert(at, |at| name_hash(index, at));
        at
    }

    /// A value of a resource; None where there is no room for a new one.
    fn found(&mut self, resource: u32, property: &str, text: &str) -> Option<u32> {
        let full = self.is_full();
        let Index { values, first_found, found, properties, resources, .. } = &mut self.index;
        let known = self.values.find(hash(0, text), |at| values.get(at) == text);
        if full && known.is_none() {
            return None;
        }
        let property = match self.properties.get(property) {
            Some(known) => *known,
            None => {
                properties.push(property.into());
                *self.properties.entry(property.into()).or_insert((properties.len() - 1) as u32)
            }
        };
        let value = known.unwrap_or_else(|| {
            let at = values.push(text);
            first_found.push(NONE);
            self.values.insert(at, |at| hash(0, values.get(at)));
            at
        });
        let head = resources.get(resource).map_or(NONE, |resource| resource.found);
        let mut at = head;
        while let Some(known) = found.get(at) {
            if known.value == value && known.property == property {
                return Some(at);
            }
            at = known.next_of_resource;
        }
        if full {
            return None;
        }
        let first = first_found.get(value).copied().unwrap_or(NONE);
        let new =
            found.push(Found { value, resource, property, next_of_value: first, next_of_resource: head, spans: NONE });
        if let Some(first) = first_found.get_mut(value) {
            *first = new;
        }
        if let Some(resource) = resources.get_mut(resource) {
            resource.found = new;
        }
        Some(new)
    }

    /// The strings in a document that are worth finding. Secrets are not.
    fn collected(&self, key: &ResourceKey, document: &Document) -> Vec<(String, String)> {
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

fn name_hash(index: &Index, at: u32) -> u64 {
    hash(index.resources.get(at).map_or(NONE, |resource| resource.scope), index.names.get(at))
}
