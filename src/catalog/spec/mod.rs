//! What a catalog file says, as types.

mod call;
mod condition;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use toml::Spanned;

use super::shape::{Shape, Shapes};
use super::template::Template;
use crate::pod::MergeRules;

pub use call::{Call, Create, Elsewhere, Entry, List, Lookup, Ready};
pub use condition::{Condition, DottedPath};

/// Where the resources of a service live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceScope {
    /// Each region has its own.
    #[default]
    Regional,
    /// One set for the account, kept under the region `global`.
    Global,
    /// Listed once for the account; each resource says which region it is in.
    Located,
}

/// How far podex goes with a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Captured and put back.
    #[default]
    RoundTrip,
    /// Captured only; `reason` says why.
    CaptureOnly,
}

/// One file: one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// Its id, in keys and on the command line. Also the name of its API model.
    pub service: String,
    /// Where its resources live.
    #[serde(default)]
    pub scope: ServiceScope,
    /// Listings that show whether a region holds something. A region that none of any service's finds is not looked
    /// into further unless it is named. Types that hardly ever stand alone in a region need none.
    #[serde(default)]
    pub probe: Vec<List>,
    /// Its resource types.
    #[serde(default, rename = "type")]
    pub types: Vec<TypeSpec>,
}

/// One resource type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeSpec {
    /// Its name.
    pub kind: Spanned<String>,
    /// How far podex goes with it.
    #[serde(default)]
    pub level: Level,
    /// Why it is capture-only.
    pub reason: Option<String>,
    /// Read and written by an adapter instead of what follows.
    #[serde(default)]
    pub adapter: bool,
    /// Documents are user data: they stream to the store and are never rewritten.
    #[serde(default)]
    pub data: bool,
    /// The type whose resources contain these.
    pub parent: Option<String>,
    /// How the resources are listed.
    pub list: Option<List>,
    /// For a located service: how a resource's region is found.
    pub region: Option<Lookup>,
    /// The name's segments below the parent's.
    #[serde(default, deserialize_with = "one_or_many")]
    pub name: Vec<Template>,
    /// Members that every call about one resource carries.
    pub id: Option<Template>,
    /// The ARN others refer to it by.
    pub arn: Option<Template>,
    /// What is observed of a resource from its listing, for use in other calls.
    #[serde(default)]
    pub observed: BTreeMap<String, Template>,
    /// Observed fields invented by the emulator; where their values stand elsewhere, tokens are put in.
    #[serde(default)]
    pub tokens: Vec<String>,
    /// Attribute paths that hold secrets; `*` is any name.
    #[serde(default)]
    pub secret: Vec<DottedPath>,
    /// Attribute paths whose values are secret only where their name or the value itself looks like it.
    #[serde(default)]
    pub guarded: Vec<DottedPath>,
    /// Attributes with these values are dropped at capture, and put back where a change removes them.
    #[serde(default)]
    pub defaults: Map<String, Value>,
    /// How attributes look in documents, by path.
    #[serde(default)]
    pub shapes: BTreeMap<DottedPath, Shapes>,
    /// How both sides' changes of a place are merged, by path: `set`, `map MEMBER`, `policy`, `typed`, `atomic` (see
    /// [`crate::pod::MergeRule`]). What has the shape `set` is a set without being named here.
    #[serde(default)]
    pub merge: BTreeMap<DottedPath, String>,
    /// List entries that are not the user's: not captured, never deleted.
    #[serde(default)]
    pub skip: Vec<Condition>,
    /// List entries that the emulator brings by itself: no part of a pod, but documents may refer to them.
    #[serde(default)]
    pub builtin: Vec<Condition>,
    /// All of these below a builtin parent are builtin, too.
    #[serde(default)]
    pub builtin_below: bool,
    /// Resources (`name`, `attributes`) that come with their parent: never created nor deleted by themselves. Below a
    /// builtin parent they are builtin too.
    #[serde(default)]
    pub given: Vec<Condition>,
    /// Attributes dropped because the emulator made them up.
    #[serde(default)]
    pub drop: Vec<Condition>,
    /// Attributes that can only be set at creation.
    #[serde(default)]
    pub create_only: Vec<String>,
    /// A change gives it a new identity: what refers to it is set again.
    #[serde(default)]
    pub renewed: bool,
    /// Types (`service/type`) that must be there before this one.
    #[serde(default)]
    pub after: Vec<String>,
    /// Goes by itself when its parent is deleted.
    #[serde(default)]
    pub owned: bool,
    /// Can only be added to its parent: where one goes or changes, the parent is made anew.
    #[serde(default)]
    pub append_only: bool,
    /// It is given the id it had where the emulator allows that: what goes, goes first.
    #[serde(default)]
    pub keeps_id: bool,
    /// By what of their list entries resources of one name are numbered, before anything else.
    #[serde(default)]
    pub twins_by: Vec<DottedPath>,
    /// Parts of the resource with calls of their own.
    #[serde(default, rename = "facet")]
    pub facets: Vec<Facet>,
    /// What cannot be read back.
    #[serde(default, rename = "note")]
    pub notes: Vec<Note>,
    /// A call to repeat after changes until the resource is usable.
    pub ready: Option<Ready>,
    /// It may have come with its parent: look before creating it, as some emulators would make it twice.
    #[serde(default)]
    pub look_first: bool,
    /// A new resource has settings of its own: read it again after creating it.
    #[serde(default)]
    pub reread: bool,
    /// How it is created.
    pub create: Option<Create>,
    /// Attributes that must be emptied before it can be deleted.
    #[serde(default)]
    pub clear_before_delete: Vec<String>,
    /// How it is deleted.
    #[serde(default)]
    pub delete: Vec<Call>,
}

/// A sentence for the capture report about what cannot be read back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Said where this observed field is there.
    pub observed: DottedPath,
    /// The sentence.
    pub text: String,
}

/// How the put and delete calls of a facet treat a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `put` with the whole new value; `delete` when it goes.
    #[default]
    Whole,
    /// `put` once with the new or changed entries as `{changed}`; `delete` once with the names of those gone as `{removed}`, or the entries as `{gone}`.
    Entries,
    /// `put` for each new or changed entry as `{key}` and `{value}`; `delete` for each that goes.
    Each,
}

/// A part of a resource with calls of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facet {
    /// How it is read; from the list entry if none.
    pub get: Option<Call>,
    /// Where in the answer it is.
    #[serde(default)]
    pub out: DottedPath,
    /// The attribute that takes the value found.
    pub attribute: Option<String>,
    /// Or: the members of the value that become attributes. The others are observed; all, if none is named.
    #[serde(default)]
    pub members: Vec<String>,
    /// The value is a list of names; this call reads each (as `{value}`), making an object by name.
    pub entry: Option<Entry>,
    /// Error codes that mean: not set.
    #[serde(default)]
    pub absent: Vec<String>,
    /// How a change is made.
    #[serde(default)]
    pub mode: Mode,
    /// In the mode `each`: a changed entry is deleted first.
    #[serde(default)]
    pub recreate: bool,
    /// Applied when everything else is there.
    #[serde(default)]
    pub late: bool,
    /// Tells others about changes of what the resource contains: off while an apply changes that, and late.
    #[serde(default)]
    pub quiet: bool,
    /// Sets it.
    #[serde(default, deserialize_with = "one_or_many")]
    pub put: Vec<Call>,
    /// Unsets it.
    #[serde(default, deserialize_with = "one_or_many")]
    pub delete: Vec<Call>,
}

impl Facet {
    /// Whether it is applied when everything else is there.
    pub fn is_late(&self) -> bool {
        self.late || self.quiet
    }

    /// The attributes the facet fills.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attribute.iter().chain(&self.members).map(String::as_str)
    }
}

impl TypeSpec {
    /// Attributes that the create call sets.
    pub fn covered(&self) -> Vec<String> {
        let Some(create) = &self.create else { return Vec::new() };
        let mut covered = create.covers.clone();
        create.input.visit(&mut |path| {
            if let [root, attribute, ..] = path
                && root == "attributes"
            {
                covered.push(attribute.clone());
            }
        });
        covered
    }

    /// The attributes of its quiet facets.
    pub fn quiet(&self) -> impl Iterator<Item = &str> {
        self.facets.iter().filter(|facet| facet.quiet).flat_map(Facet::attributes)
    }

    /// Whether the attribute is applied late.
    pub fn is_late(&self, attribute: &str) -> bool {
        self.facets.iter().any(|facet| facet.is_late() && facet.attributes().any(|name| name == attribute))
    }

    /// Whether the resource comes with its parent.
    pub fn is_given(&self, own_name: &str, attributes: &Map<String, Value>) -> bool {
        if self.given.is_empty() {
            return false;
        }
        let resource = serde_json::json!({ "name": own_name, "attributes": attributes });
        self.given.iter().any(|condition| condition.holds(&resource))
    }

    /// How its documents are merged; or the rule that is none.
    pub fn merge_rules(&self) -> Result<MergeRules, String> {
        let mut rules = MergeRules::default();
        for (path, text) in &self.merge {
            rules
                .add(&path.0, text)
                .ok_or_else(|| format!("unknown merge rule {text:?}: use set, map MEMBER, policy, typed or atomic"))?;
        }
        for (path, shapes) in &self.shapes {
            if shapes.0.contains(&Shape::Set) {
                rules.add(&path.0, "set").ok_or("a set is a rule")?;
            }
        }
        Ok(rules)
    }

    /// Its name.
    pub fn kind(&self) -> &str {
        self.kind.get_ref()
    }
}

/// One value, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    use serde::de::Error as _;
    // Through JSON, because an untagged enum would hide what is wrong inside.
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        other => vec![other],
    };
    values.into_iter().map(|value| serde_json::from_value(value).map_err(D::Error::custom)).collect()
}
