//! Carries a plan out: many steps at once, each when what it needs is there.
//!
//! Late facets (what names resources that must exist: notifications, redrive policies) follow when all steps are
//! over. Tokens are resolved from what the instance had before, and what steps have created since.

mod facets;
mod quiet;
mod run;
mod step;
mod table;
mod units;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::plan::order::needs;
use super::{ApplyReport, BlobSource, Identities, Instance, InstanceError, Plan};
use crate::catalog::Catalog;
use crate::event::Events;
use crate::pod::{Document, Observed, ResourceKey, Token, replace_tokens};

/// Carries a plan out. Idempotent: what is already as wanted is left alone, so running it again completes it.
/// A failing step is reported and its dependents are left; a lost emulator ends the apply with the report.
pub async fn apply(
    instance: &Instance,
    catalog: &Catalog,
    plan: &Plan,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobSource>,
    events: &Events,
) -> Result<ApplyReport, InstanceError> {
    let work =
        Work { instance, catalog, identities, blobs, events, created: Mutex::default(), notes: Mutex::default() };
    let pod = |key: &ResourceKey| work.identities.pod(key);
    let mut run = run::Run::new(catalog, plan, needs(catalog, &plan.steps, &pod), &pod);
    let quieted = quiet::quiet(&work, plan).await;
    run.main(&work).await;
    run.late(&work, &quieted).await;
    quiet::speak(&work, &quieted, &run.done()).await;
    Ok(run.report(work))
}

/// What every step works with.
struct Work<'a> {
    instance: &'a Instance,
    catalog: &'a Catalog,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobSource>,
    events: &'a Events,
    /// What is observed of what this apply has created.
    created: Mutex<HashMap<ResourceKey, Observed>>,
    notes: Mutex<BTreeSet<String>>,
}

impl Work<'_> {
    /// What the instance has observed for a key, now.
    fn live(&self, key: &ResourceKey) -> Option<Observed> {
        let created = self.created.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        created.or_else(|| self.identities.live(key))
    }

    /// Keeps what is observed of what was created, for what refers to it. Nothing refers to user data, of which there may
    /// be much.
    fn observe(&self, key: &ResourceKey, observed: Observed) {
        if self.catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data) {
            return;
        }
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), observed);
    }

    fn note(&self, text: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(text);
    }

    /// A document with tokens replaced by what they stand for in this instance. User data is left alone.
    fn resolved(&self, key: &ResourceKey, document: &Document) -> Document {
        self.resolved_by(key, document, &mut |token| self.resolve(key, token))
    }

    /// A document with tokens replaced by what they stood for before this apply.
    fn resolved_before(&self, key: &ResourceKey, document: &Document) -> Document {
        self.resolved_by(key, document, &mut |token| {
            text_of(&self.identities.live(&token.key)?, token).or_else(|| self.resolve(key, token))
        })
    }

    fn resolved_by(
        &self,
        key: &ResourceKey,
        document: &Document,
        resolve: &mut dyn FnMut(&Token) -> Option<String>,
    ) -> Document {
        let mut document = document.clone();
        if !self.catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data) {
            document.attributes.values_mut().for_each(|value| replace_in(value, resolve));
        }
        document
    }

    fn resolve(&self, key: &ResourceKey, token: &Token) -> Option<String> {
        if let Some(value) = self.live(&token.key).and_then(|observed| text_of(&observed, token)) {
            return Some(value);
        }
        self.note(format!(
            "{} refers to {}, which is not in the instance: the value of the pod was kept",
            key.label(),
            token.key.label()
        ));
        self.identities.pod(&token.key).and_then(|observed| text_of(&observed, token))
    }
}

/// What the token stands for by these observed values.
fn text_of(observed: &Observed, token: &Token) -> Option<String> {
    observed.get(&token.field).and_then(Value::as_str).map(str::to_owned)
}

/// Replaces the tokens in every string of `value`.
fn replace_in(value: &mut Value, resolve: &mut dyn FnMut(&Token) -> Option<String>) {
    match value {
        Value::String(text) => *text = replace_tokens(text, &mut *resolve),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_in(value, resolve)),
        Value::Object(members) => members.values_mut().for_each(|value| replace_in(value, resolve)),
        _ => {}
    }
}
