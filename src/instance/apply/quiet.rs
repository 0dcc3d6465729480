//! Keeps what contains others from telling about their changes: a bucket that notifies a queue would leave messages
//! about the very objects that an inject deletes.
//!
//! The catalog marks such facets as `quiet`. They are taken off before the first step and set with the late facets;
//! of a resource that the plan leaves alone they are set back as they were.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream;

use super::facets::Phase;
use super::run::UNITS_AT_ONCE;
use super::{Work, step};
use crate::catalog::spec::TypeSpec;
use crate::instance::Plan;
use crate::instance::plan::order::parent_key;
use crate::pod::{Document, ResourceKey};

/// The resources whose quiet facets are off, with their documents as they were.
pub type Quieted = BTreeMap<ResourceKey, Document>;

/// Takes the quiet facets off everything whose contents the plan changes.
pub async fn quiet(work: &Work<'_>, plan: &Plan) -> Quieted {
    let parents: BTreeSet<ResourceKey> =
        plan.steps.iter().filter_map(|step| parent_key(work.catalog, &step.key)).collect();
    let telling = parents.into_iter().filter_map(|key| {
        let spec = work.catalog.get(&key.service, &key.kind).filter(|spec| spec.quiet().next().is_some())?;
        let document = work.identities.live_document(&key)?;
        spec.quiet().any(|name| document.attributes.contains_key(name)).then_some((key, spec, document))
    });
    stream::iter(telling.collect::<Vec<_>>())
        .map(|(key, spec, document)| async move {
            let current = work.resolved(&key, &document);
            match step::target(work, &key, spec).turn(Phase::Quiet, &current, &silent(spec, &current)).await {
                Ok(()) => Some((key, document)),
                // The steps themselves will show what is wrong with the instance.
                Err(error) => {
                    work.note(format!("{} could not be kept quiet: {error}", key.label()));
                    None
                }
            }
        })
        .buffer_unordered(UNITS_AT_ONCE)
        .filter_map(|quieted| async { quieted })
        .collect()
        .await
}

/// Sets the quiet facets back where no step has done it. Tried even when the apply was stopped.
pub async fn speak(work: &Work<'_>, quieted: &Quieted, done: &BTreeSet<&ResourceKey>) {
    stream::iter(quieted.iter().filter(|(key, _)| !done.contains(key)))
        .for_each_concurrent(UNITS_AT_ONCE, |(key, document)| async move {
            let Some(spec) = work.catalog.get(&key.service, &key.kind) else { return };
            let wanted = work.resolved(key, document);
            let result = step::target(work, key, spec).turn(Phase::Quiet, &silent(spec, &wanted), &wanted).await;
            if let Err(error) = result {
                let names = spec.quiet().collect::<Vec<_>>().join(", ");
                work.note(format!("{names} of {} could not be set back: {error}", key.label()));
            }
        })
        .await;
}

/// The document without its quiet attributes.
pub fn silent(spec: &TypeSpec, document: &Document) -> Document {
    let mut silent = document.clone();
    spec.quiet().for_each(|name| drop(silent.attributes.remove(name)));
    silent
}
