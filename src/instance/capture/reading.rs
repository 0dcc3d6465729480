//! The resources of one listing: read, or carried over from the look before where the listing tells nothing new.

use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::list::Entries;
use super::listings::{Found, Looks, Told};
use super::{READ_AT_ONCE, Walk, walk_children};
use crate::catalog::spec::TypeSpec;
use crate::instance::InstanceError;
use crate::instance::adapters::Parent;
use crate::pod::{Document, ResourceKey, TypeOutcome};

/// One listing of a type, while what it lists is read.
pub struct Reading<'a> {
    /// The walk.
    pub walk: Walk<'a>,
    /// Where.
    pub place: &'a super::Place<'a>,
    /// The type.
    pub spec: &'a TypeSpec,
    /// What the listing told, in a look of many, where reading takes calls of its own.
    told: Option<Told>,
    /// What was read so far; None once something could not be read as a whole.
    found: Mutex<Option<Vec<Found>>>,
}

impl<'a> Reading<'a> {
    /// Of a listing that was told.
    pub fn of(
        walk: Walk<'a>,
        place: &'a super::Place<'a>,
        spec: &'a TypeSpec,
        parent: Option<&Parent>,
        listed: &Entries,
    ) -> Self {
        let told = (walk.looks.is_some() && takes_calls(spec)).then(|| {
            let parent = parent.map(|parent| &parent.key);
            Looks::listing(&place.scope, (place.service, spec.kind()), parent, &listed.found)
        });
        let found = Mutex::new((told.is_some() && listed.notes.is_empty()).then(Vec::new));
        Self { walk, place, spec, told, found }
    }

    /// What the look before read of this listing, where it need not be read again.
    pub fn carried(&self) -> Option<Vec<Parent>> {
        let found = self.walk.looks?.unchanged(self.told.as_ref()?)?;
        let previous = self.walk.previous?;
        let carried = found.iter().map(|Found { key, builtin }| {
            let (document, observed) = match builtin {
                true => (Document::default(), previous.observed(key)?),
                false => previous.get(key)?,
            };
            Some(Parent { key: key.clone(), document, observed, builtin: *builtin })
        });
        carried.collect()
    }

    /// Takes over what the look before read, and walks what it contains.
    pub async fn carry(self, carried: Vec<Parent>) -> Result<(), InstanceError> {
        let Self { walk, place, spec, .. } = self;
        walk.collector.found(carried.len());
        for Parent { key, document, observed, builtin } in &carried {
            self.found(key, *builtin);
            if *builtin {
                walk.collector.add_builtin(key.clone(), observed.clone())?;
            } else {
                walk.collector.carry(key.clone(), document.clone(), observed.clone())?;
            }
        }
        self.end();
        stream::iter(carried)
            .map(|parent| walk_children(walk, place, spec.kind(), parent))
            .buffer_unordered(READ_AT_ONCE)
            .try_for_each(|()| async { Ok(()) })
            .await
    }

    /// Reports what could not be read: the next look tries again.
    pub fn note(&self, text: String, partial: bool) {
        self.spoil();
        let outcome = if partial { TypeOutcome::Partial } else { TypeOutcome::Complete };
        self.walk.collector.outcome(self.place.service, self.spec.kind(), outcome, Some(text));
    }

    /// Something could not be read.
    pub fn spoil(&self) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A resource was read.
    pub fn found(&self, key: &ResourceKey, builtin: bool) {
        if let Some(found) = &mut *self.found.lock().unwrap_or_else(PoisonError::into_inner) {
            found.push(Found { key: key.clone(), builtin });
        }
    }

    /// All was read: where it was read whole, the next look may take it over.
    pub fn end(self) {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Some(looks), Some(told), Some(found)) = (self.walk.looks, self.told, found) {
            looks.keep(told, found);
        }
    }
}

/// Whether a resource takes more calls than its listing.
fn takes_calls(spec: &TypeSpec) -> bool {
    let list = spec.list.as_ref();
    list.is_some_and(|list| !list.more.is_empty())
        || spec.region.is_some()
        || spec.facets.iter().any(|facet| facet.get.is_some())
}
