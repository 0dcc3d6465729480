//! Index and matcher over the resources of all pods.
//!
//! Pods and versions repeat most of what they hold, so each distinct text (a resource's name, or a value in its
//! document) is kept and matched once, with the places it is found at.

mod build;
mod matcher;
mod query;
mod texts;
mod words;

pub use query::Searcher;
pub use words::Query;

use texts::Texts;

use crate::event::Events;
use crate::ops::{Context, OpError};
use crate::pod::{Digest, PodName, ResourceKey};

/// The end of a list.
const NONE: u32 = u32::MAX;

/// Everything that can be found, ready to be searched. Read-only. A million resources must fit into a small part of
/// what the explorer may use: texts lie end to end, and lists are chains of positions.
pub struct Index {
    pods: Vec<IndexedPod>,
    scopes: Vec<Scope>,
    /// The resources' names, as `service/type␀segment␀segment`: see [`texts`].
    names: Texts,
    /// At the positions of their names.
    resources: Vec<Resource>,
    /// The distinct values.
    values: Texts,
    /// At the positions of the values: where each is found first, in `found`.
    first_found: Vec<u32>,
    found: Vec<Found>,
    properties: Vec<Box<str>>,
    spans: Vec<SpanNode>,
}

/// A pod's versions, oldest first.
struct IndexedPod {
    name: PodName,
    versions: Vec<(u64, Digest)>,
}

/// What many resources have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scope {
    account: String,
    region: String,
    service: String,
    kind: String,
}

/// A resource; what is missing here is in its name.
struct Resource {
    /// Position in [`Index::scopes`].
    scope: u32,
    /// Its first value in [`Index::found`].
    found: u32,
    /// Its first span.
    spans: u32,
}

/// A value of a property of a resource.
struct Found {
    value: u32,
    resource: u32,
    property: u32,
    next_of_value: u32,
    next_of_resource: u32,
    spans: u32,
}

/// Neighbouring versions of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Position in [`Index::pods`].
    pod: u32,
    /// Position of the oldest version in it.
    first: u32,
    /// Position of the newest.
    last: u32,
}

/// A span and the one before it.
struct SpanNode {
    span: Span,
    next: u32,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Hit {
    /// The resource.
    pub key: ResourceKey,
    /// The property whose value matched; None where the name did.
    pub property: Option<String>,
    /// What matched: the resource's `service/type/name`, or the property's value.
    pub text: String,
    /// The characters of `text` that matched, ascending.
    pub positions: Vec<usize>,
    /// Where it is found: pod, version, commit; of each pod the newest first.
    pub places: Vec<(PodName, u64, Digest)>,
    /// Higher is better; only comparable within one query.
    pub score: i64,
}

impl Index {
    /// Reads every version of every local pod. What versions share is read once.
    ///
    /// # Errors
    /// When the store cannot be read or the user cancels. A pod that cannot be read is left out with a warning.
    pub fn build(context: &Context, events: &Events) -> Result<Self, OpError> {
        build::build(context, events)
    }

    /// Resources and values in the index.
    pub fn len(&self) -> usize {
        self.resources.len() + self.found.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// A chain of spans, newest first.
    fn spans(&self, first: u32) -> impl Iterator<Item = Span> {
        let mut at = first;
        std::iter::from_fn(move || {
            let node = self.spans.get(at as usize)?;
            at = node.next;
            Some(node.span)
        })
    }

    /// The values of a resource.
    fn values_of(&self, resource: &Resource) -> impl Iterator<Item = &Found> {
        let mut at = resource.found;
        std::iter::from_fn(move || {
            let found = self.found.get(at as usize)?;
            at = found.next_of_resource;
            Some(found)
        })
    }
}
