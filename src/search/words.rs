//! What people type: words to be matched, and `field:value` words that narrow the search down.

use super::{Index, Resource, Span};
use crate::pod::Reference;

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// To be matched fuzzily in a name or a value.
    pub(super) words: Vec<String>,
    /// Field and what it must have, in lower case.
    pub(super) fields: Vec<(Field, String)>,
}

/// What a `field:value` word is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Pod,
    Account,
    Region,
    Service,
    Type,
    Tag,
    Is,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "pod" => Self::Pod,
            "account" => Self::Account,
            "region" => Self::Region,
            "service" => Self::Service,
            "type" => Self::Type,
            "tag" => Self::Tag,
            "is" => Self::Is,
            _ => return None,
        })
    }
}

/// What `is:` is asked about: where a version lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whence {
    /// The live instance.
    Live,
    /// A local pod.
    Local,
    /// A remote.
    Remote,
}

impl Whence {
    /// Where what a reference names lies.
    pub fn of(reference: &Reference) -> Self {
        match reference {
            Reference::Live => Self::Live,
            Reference::Pod { remote: None, .. } => Self::Local,
            Reference::Pod { remote: Some(_), .. } => Self::Remote,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

impl Query {
    /// Reads what was typed. Words with a colon that are no known field are words like others: names have colons.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for word in text.split_whitespace() {
            match word.split_once(':').and_then(|(field, value)| Some((Field::of(field)?, value))) {
                // A field that has no value yet narrows nothing down.
                Some((_, "")) => {}
                Some((field, value)) => query.fields.push((field, value.to_lowercase())),
                None => query.words.push(word.to_owned()),
            }
        }
        query
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.fields.is_empty()
    }

    /// Whether it asks, by `is:` and the word or its beginning, for what lies there.
    pub fn asks_for(&self, whence: Whence) -> bool {
        self.fields
            .iter()
            .any(|(field, value)| *field == Field::Is && !value.is_empty() && whence.word().starts_with(value.as_str()))
    }

    /// Whether all that this one finds, `before` finds too: then only what it left need be looked at.
    pub(super) fn narrows(&self, before: &Self) -> bool {
        self.fields == before.fields
            && self.words.len() >= before.words.len()
            && before.words.iter().zip(&self.words).all(|(old, new)| new.starts_with(old.as_str()))
    }
}

/// The fields of a query, worked out for an index.
pub(super) struct Sieve<'a> {
    index: &'a Index,
    /// By position: whether resources of a scope are wanted.
    scopes: Option<Vec<bool>>,
    /// By position: whether a pod is wanted.
    pods: Option<Vec<bool>>,
    tags: Vec<&'a str>,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(index: &'a Index, query: &'a Query) -> Self {
        let of = |wanted: &[Field]| -> Vec<&(Field, String)> {
            query.fields.iter().filter(|(field, _)| wanted.contains(field)).collect()
        };
        let places = of(&[Field::Account, Field::Region, Field::Service, Field::Type]);
        let scopes = (!places.is_empty()).then(|| {
            let wanted = |scope: &super::Scope| {
                places.iter().all(|(field, value)| {
                    let name = match field {
                        Field::Account => &scope.account,
                        Field::Region => &scope.region,
                        Field::Service => &scope.service,
                        _ => &scope.kind,
                    };
                    name.to_lowercase().starts_with(value.as_str())
                })
            };
            index.scopes.iter().map(wanted).collect()
        });
        let names = of(&[Field::Pod, Field::Is]);
        let all = names.is_empty() && index.pods.iter().all(|pod| pod.there);
        let pods = (!all).then(|| {
            let wanted = |pod: &super::IndexedPod| {
                let is = |(field, value): &&(Field, String)| match field {
                    Field::Is => pod.whence.word().starts_with(value.as_str()),
                    _ => pod.name.to_lowercase().contains(value.as_str()),
                };
                pod.there && names.iter().all(is)
            };
            index.pods.iter().map(|pod| wanted(pod)).collect()
        });
        Self { index, scopes, pods, tags: of(&[Field::Tag]).into_iter().map(|(_, value)| value.as_str()).collect() }
    }

    /// Whether a resource is wanted, as far as its own fields go.
    pub(super) fn wants(&self, resource: &Resource) -> bool {
        let scope = |scopes: &Vec<bool>| scopes.get(resource.scope as usize).copied().unwrap_or(false);
        self.scopes.as_ref().is_none_or(scope)
            && (self.pods.is_none() || self.wants_any(resource.spans))
            && self.tags.iter().all(|tag| self.has_tag(resource, tag))
    }

    /// Whether any place in a chain of spans is in a wanted pod.
    pub(super) fn wants_any(&self, spans: u32) -> bool {
        self.pods.is_none() || self.index.spans(spans).any(|span| self.wants_span(span))
    }

    pub(super) fn wants_span(&self, span: Span) -> bool {
        self.pods.as_ref().is_none_or(|pods| pods.get(span.pod as usize).copied().unwrap_or(false))
    }

    /// `tag:env=prod`, `tag:env` and `tag:prod` all find a resource tagged so.
    fn has_tag(&self, resource: &Resource, wanted: &str) -> bool {
        self.index.values_of(resource).any(|found| {
            let property = self.index.properties.get(found.property as usize).map_or("", |property| property);
            let Some((section, name)) = property.split_once('.') else { return false };
            section.eq_ignore_ascii_case("tags")
                && format!("{name}={}", self.index.values.get(found.value)).to_lowercase().contains(wanted)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_from_words() {
        let query = Query::parse("orders Service:x service:S3 arn:aws pod: tag:env=Prod");
        assert_eq!(query.words, ["orders", "Service:x", "arn:aws"]);
        let tag = (Field::Tag, "env=prod".to_owned());
        assert_eq!(query.fields, [(Field::Service, "s3".to_owned()), tag]);
        assert!(Query::parse("  pod: ").is_empty());
    }

    #[test]
    fn only_a_longer_query_with_the_same_fields_narrows() {
        let narrows = |new: &str, old: &str| Query::parse(new).narrows(&Query::parse(old));
        assert!(narrows("orders b", "ord") && narrows("type:table o", "type:table"));
        assert!(!narrows("or", "ord") && !narrows("type:tab o", "type:table") && !narrows("xord", "ord"));
    }
}
