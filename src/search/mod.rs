//! Index and matcher over the resources of all pods.
//!
//! Pods and versions repeat most of what they hold, so each distinct text (a resource's name, or a value in its
//! document) is kept and matched once, with the places it is found at.

mod build;
mod matcher;
mod query;

use tokio_util::sync::CancellationToken;

use crate::event::Events;
use crate::ops::{Context, OpError};
use crate::pod::{Digest, PodName, ResourceKey};

/// Everything that can be found, ready to be searched. Read-only.
pub struct Index {
    pods: Vec<IndexedPod>,
    /// Texts of resource keys.
    resources: Vec<Box<str>>,
    entries: Vec<Entry>,
}

/// A pod's versions, oldest first.
struct IndexedPod {
    name: PodName,
    versions: Vec<(u64, Digest)>,
}

/// One text that can match.
struct Entry {
    text: Box<str>,
    /// Which characters the text has: what most queries are refused by.
    bag: matcher::Bag,
    /// Position in [`Index::resources`].
    resource: u32,
    /// The property whose value the text is; None for the resource's name.
    property: Option<Box<str>>,
    places: Vec<Span>,
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

    /// The best matches, best first. Words separated by spaces must all match; upper-case letters match only
    /// themselves. An empty text finds nothing. Gives what it has when cancelled.
    pub fn query(&self, text: &str, limit: usize, cancel: &CancellationToken) -> Vec<Hit> {
        query::query(self, text, limit, cancel)
    }

    /// Distinct texts in the index.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
