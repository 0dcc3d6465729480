//! Index and matcher over the resources of all pods.
//!
//! Pods and versions repeat most of what they hold, so each distinct text (a resource's name, or a value in its
//! document) is kept and matched once, with the places it is found at.

mod blocks;
mod build;
mod grow;
mod matcher;
mod query;
mod texts;
mod words;

pub use query::Searcher;
pub use words::{Query, Whence};

use std::sync::Arc;

use blocks::Blocks;
use texts::Texts;

use crate::event::Events;
use crate::ops::{Context, OpError};
use crate::pod::{Digest, Reference, ResourceKey};

/// The end of a list.
const NONE: u32 = u32::MAX;
/// In place of the last of a pod's versions that have something: the newest there is.
const NEWEST: u32 = u32::MAX;

/// Everything that can be found, ready to be searched. Read-only. A million resources must fit into a small part of
/// what the explorer may use: texts lie end to end, and lists are chains of positions. Copies share what neither
/// changes.
#[derive(Clone, Default)]
pub struct Index {
    pods: Vec<Arc<IndexedPod>>,
    scopes: Vec<Scope>,
    /// The resources' names, as `service/type␀segment␀segment`: see [`texts`].
    names: Texts,
    /// At the positions of their names.
    resources: Blocks<Resource>,
    /// The distinct values.
    values: Texts,
    /// At the positions of the values: where each is found first, in `found`.
    first_found: Blocks<u32>,
    found: Blocks<Found>,
    properties: Vec<Box<str>>,
    spans: Blocks<SpanNode>,
}

/// A pod's versions, oldest first.
#[derive(Clone)]
struct IndexedPod {
    /// As references write it, without a version.
    name: String,
    whence: Whence,
    versions: Vec<Place>,
    /// It can be found: it was neither deleted nor is it another by now.
    there: bool,
    /// Its versions were read to their ends.
    whole: bool,
    /// How many entries were found in it, each as often as it came or changed.
    entries: u32,
}

impl IndexedPod {
    /// One of which nothing was read yet.
    fn new(name: String, whence: Whence) -> Self {
        Self { name, whence, versions: Vec::new(), there: true, whole: false, entries: 0 }
    }
}

/// A version of a local pod, one on a remote whose tree is here, or the live instance as it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What people call it.
    pub reference: Reference,
    /// The commit.
    pub commit: Digest,
}

impl serde::Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut place = serializer.serialize_struct("Place", 2)?;
        place.serialize_field("reference", &self.reference.to_string())?;
        place.serialize_field("commit", &self.commit)?;
        place.end()
    }
}

/// A version that is no local pod's, to be searched too.
#[derive(Clone, Debug)]
pub struct Beside {
    /// What it is.
    pub place: Place,
    /// The root of its tree. What of it is not in the store is not searched.
    pub state: Digest,
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
#[derive(Clone)]
struct Resource {
    /// Position in [`Index::scopes`].
    scope: u32,
    /// Its first value in [`Index::found`].
    found: u32,
    /// Its first span.
    spans: u32,
}

/// A value of a property of a resource.
#[derive(Clone)]
struct Found {
    value: u32,
    resource: u32,
    property: u32,
    next_of_value: u32,
    next_of_resource: u32,
    spans: u32,
}

/// Neighbouring versions of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Span {
    /// Position in [`Index::pods`].
    pod: u32,
    /// Position of the oldest version in it.
    first: u32,
    /// Position of the newest, or [`NEWEST`].
    last: u32,
}

/// A span and the one before it.
#[derive(Clone, Copy)]
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
    /// Where it is found: in the live instance, in local pods by their names, on remotes; of each pod the newest version
    /// first.
    pub places: Vec<Place>,
    /// Higher is better; only comparable within one query.
    pub score: i64,
}

impl Index {
    /// Reads every version of every local pod, and what is `beside`, oldest first. What versions share is read once.
    ///
    /// # Errors
    /// When the store cannot be read or the user cancels. A pod that cannot be read is left out with a warning.
    pub fn build(context: &Context, beside: &[Beside], events: &Events) -> Result<Self, OpError> {
        build::build(context, Self::default(), beside, events)
    }

    /// The same, where only what this index lacks is read: versions that came since. What is there no more is no
    /// longer found.
    ///
    /// # Errors
    /// As [`Index::build`].
    pub fn brought_up(&self, context: &Context, beside: &[Beside], events: &Events) -> Result<Self, OpError> {
        build::build(context, self.clone(), beside, events)
    }

    /// Resources and values in the index.
    pub fn len(&self) -> usize {
        self.resources.len() + self.found.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.resources.len() == 0
    }

    /// A chain of spans, newest first.
    fn spans(&self, first: u32) -> impl Iterator<Item = Span> {
        let mut at = first;
        std::iter::from_fn(move || {
            let node = self.spans.get(at)?;
            at = node.next;
            Some(node.span)
        })
    }

    /// The values of a resource.
    fn values_of(&self, resource: &Resource) -> impl Iterator<Item = &Found> {
        let mut at = resource.found;
        std::iter::from_fn(move || {
            let found = self.found.get(at)?;
            at = found.next_of_resource;
            Some(found)
        })
    }
}
