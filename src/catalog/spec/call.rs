//! Calls that the catalog describes: listing, looking up, reading, creating.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Condition, DottedPath, one_or_many};
use crate::catalog::template::Template;

/// One call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The operation.
    pub op: String,
    /// Its input, over the type's `id`.
    pub input: Option<Template>,
    /// Leave the type's `id` out of the input.
    #[serde(default)]
    pub bare: bool,
    /// Call once for each entry of another operation's answer.
    pub each: Option<Box<List>>,
    /// The call to make where this one is refused.
    pub otherwise: Option<Box<Call>>,
}

/// A list operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The operation.
    pub op: String,
    /// Its input.
    pub input: Option<Template>,
    /// Where in each page the entries are (`*`: in every item of a list); the whole answer is the one entry if empty.
    #[serde(default)]
    pub items: DottedPath,
    /// The entries are the members of an object, each with its name as this member.
    pub keyed: Option<String>,
    /// Calls that tell more about each entry (`{item}`); what they find is laid over it, or takes the place of a name.
    #[serde(default, deserialize_with = "one_or_many")]
    pub more: Vec<Entry>,
    /// Error codes that mean: nothing there.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Entries left out.
    #[serde(default)]
    pub skip: Vec<Condition>,
    /// Entries left out because another service lists them, too, and keeps them.
    pub except: Option<Box<Elsewhere>>,
}

/// What another service lists: of things that two services show, one keeps them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// The other service.
    pub service: String,
    /// Its listing.
    pub list: List,
    /// Where in an entry here is what tells that two are the same.
    pub own: DottedPath,
    /// Where it is in an entry there.
    pub other: DottedPath,
}

/// A single value found by a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The operation.
    pub op: String,
    /// Its input.
    pub input: Template,
    /// Where in the answer.
    pub out: DottedPath,
    /// What an empty answer means.
    pub default: String,
}

/// When a resource is usable.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The operation, with the type's `id`.
    pub op: String,
    /// Where in the answer.
    pub out: DottedPath,
    /// What stands there once it is usable.
    pub equals: String,
}

/// Reads one entry of a list: of a facet that is a list of names (`{value}`), or of a listing (`{item}`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The operation.
    pub op: String,
    /// Its input, over the type's `id`.
    pub input: Template,
    /// Where in the answer the entry is; the whole answer if empty.
    #[serde(default)]
    pub out: DottedPath,
}

/// How a resource is created.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The operation.
    pub op: String,
    /// Its input.
    pub input: Template,
    /// What is observed from the answer (as `{out}`).
    #[serde(default)]
    pub observed: BTreeMap<String, Template>,
    /// Attributes that the call sets, beyond those its input names.
    #[serde(default)]
    pub covers: Vec<String>,
}
