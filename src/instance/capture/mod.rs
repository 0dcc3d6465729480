//! Reads an instance into documents.
//!
//! [`places`] decides where to look; here one place is walked: its types, what their resources contain, and what
//! calls of their own tell about each.

mod collect;
mod list;
mod listings;
mod names;
mod places;
mod read;
mod reading;
mod start;
mod tokens;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::adapters::{Adapter, CaptureContext, Emit, Parent, adapter};
use super::known::Known;
use super::{BlobSink, CaptureRequest, CaptureSink, Instance, InstanceError, Previous};
use crate::aws::{AwsError, ErrorClass, Scope};
use crate::catalog::Catalog;
use crate::catalog::look_up;
use crate::catalog::spec::TypeSpec;
use crate::event::Events;
use crate::pod::{CaptureReport, Document, Observed, ResourceKey, TypeOutcome};

use collect::{Collector, outcome_of};
pub use list::entries;
use list::{Entries, complete, listed};
use listings::Looks;
pub use listings::{Again, Besides, Listings};
pub use names::named;
pub use places::TURNS;
use read::Read;
pub use read::{is_absent, read, wire};
use reading::Reading;

/// Resources of one listing that are read at once. The client bounds the requests of them all.
const READ_AT_ONCE: usize = 16;

/// What every part of a walk needs.
#[derive(Clone, Copy)]
struct Walk<'a> {
    /// The instance.
    instance: &'a Instance,
    /// The types.
    catalog: &'a Catalog,
    /// Where results go.
    collector: &'a Collector<'a>,
    /// The commit before.
    previous: Option<&'a dyn Previous>,
    /// The look before, where this is one of many.
    looks: Option<&'a Looks>,
    /// Progress and cancellation.
    events: &'a Events,
}

/// One place that is walked.
#[derive(Clone)]
struct Place<'a> {
    service: &'a str,
    scope: Scope,
    /// The region in keys; None where each resource says its own.
    region: Option<String>,
    /// Regions asked for; empty means all.
    wanted: &'a [String],
}

/// Reads the instance into documents. Several services, regions and accounts at once; one bad type never
/// fails the capture, a lost emulator always does. Gives what the listings told, too, where it is a look of many.
pub async fn capture(
    instance: &Instance,
    catalog: &Catalog,
    request: &CaptureRequest,
    previous: Option<Arc<dyn Previous>>,
    sink: Arc<dyn CaptureSink>,
    events: &Events,
) -> Result<(CaptureReport, Listings), InstanceError> {
    let collector = Collector::new(catalog, sink, events);
    let looks = request.again.clone().map(Looks::new);
    let (previous, looking) = (previous.as_deref(), looks.as_ref());
    let walk = Walk { instance, catalog, collector: &collector, previous, looks: looking, events };
    tokio::select! {
        result = places::walk_all(walk, request) => result?,
        () = events.cancellation().cancelled() => return Err(InstanceError::Cancelled),
    }
    Ok((collector.finish()?, looks.map(Looks::told).unwrap_or_default()))
}

impl Walk<'_> {
    /// Turns a failed call into an outcome of the type. Only where the emulator answers nothing at all any more is
    /// it lost: else this service alone does not answer.
    async fn failed(&self, service: &str, kind: &str, error: AwsError) -> Result<(), InstanceError> {
        if error.class == ErrorClass::Connection && !self.instance.answers().await {
            return Err(InstanceError::Lost { during: "capture", source: error });
        }
        self.collector.failed(service, kind, &error);
        Ok(())
    }

    /// Says of what resources of a type contain that it was not read either.
    fn below(&self, service: &str, kind: &str, outcome: TypeOutcome, note: Option<&str>) {
        for child in self.catalog.children(service, kind) {
            self.collector.outcome(service, child.kind(), outcome, note.map(str::to_owned));
            self.below(service, child.kind(), outcome, note);
        }
    }

    /// Says of what one resource contains that it was not read, as the resource was not.
    fn unread_below(&self, service: &str, kind: &str) {
        let note = format!("what a {kind} holds that could not be read");
        self.below(service, kind, TypeOutcome::Partial, Some(&note));
    }
}

/// Walks one place; false when none of its types can be listed there: the emulator does not offer them, or they fail.
async fn walk_place(walk: Walk<'_>, place: Place<'_>) -> Result<bool, InstanceError> {
    let mut offered = false;
    for spec in walk.catalog.types(place.service).iter().filter(|spec| spec.parent.is_none()) {
        offered |= walk_type(walk, place.clone(), spec, None).await?;
    }
    Ok(offered)
}

/// Captures a type and what its resources contain; false where it cannot be listed.
fn walk_type<'a>(
    walk: Walk<'a>,
    place: Place<'a>,
    spec: &'a TypeSpec,
    parent: Option<Parent>,
) -> BoxFuture<'a, Result<bool, InstanceError>> {
    async move {
        // What talked nonsense in the first place would do so in every other.
        if walk.collector.is_hopeless(place.service, spec.kind()) {
            return Ok(false);
        }
        walk.collector.outcome(place.service, spec.kind(), TypeOutcome::Complete, None);
        // Children are in the report even where there is no parent to look into.
        for child in walk.catalog.children(place.service, spec.kind()) {
            walk.collector.outcome(place.service, child.kind(), TypeOutcome::Complete, None);
        }
        let result = if spec.adapter {
            match adapter(&format!("{}/{}", place.service, spec.kind())) {
                Some(adapter) => walk_adapter(walk, &place, spec, adapter, parent.as_ref()).await,
                None => {
                    let note = Some("this version of podex cannot read it".to_owned());
                    walk.collector.outcome(place.service, spec.kind(), TypeOutcome::NotImplemented, note);
                    return Ok(false);
                }
            }
        } else {
            walk_table(walk, &place, spec, parent.as_ref()).await
        };
        match result {
            Ok(()) => Ok(true),
            Err(InstanceError::Aws(error)) => {
                let note =
                    (error.class != ErrorClass::NotImplemented).then(|| format!("{} could not be listed", spec.kind()));
                if parent.is_none() && error.class == ErrorClass::Malformed {
                    walk.collector.give_up(place.service, spec.kind());
                }
                let is_the_same_everywhere =
                    matches!(error.class, ErrorClass::Connection | ErrorClass::Malformed | ErrorClass::NotImplemented);
                walk.below(place.service, spec.kind(), outcome_of(error.class), note.as_deref());
                walk.failed(place.service, spec.kind(), error).await?;
                Ok(!is_the_same_everywhere)
            }
            Err(error) => Err(error),
        }
    }
    .boxed()
}

async fn walk_children(walk: Walk<'_>, place: &Place<'_>, kind: &str, parent: Parent) -> Result<(), InstanceError> {
    for child in walk.catalog.children(place.service, kind) {
        let place = Place {
            service: place.service,
            scope: super::known::scope_of(&parent.key),
            region: Some(parent.key.region.clone()),
            wanted: place.wanted,
        };
        walk_type(walk, place, child, Some(parent.clone())).await?;
    }
    Ok(())
}

async fn walk_adapter(
    walk: Walk<'_>,
    place: &Place<'_>,
    spec: &TypeSpec,
    adapter: &dyn Adapter,
    parent: Option<&Parent>,
) -> Result<(), InstanceError> {
    let has_children = walk.catalog.children(place.service, spec.kind()).next().is_some();
    let is_whole = walk.previous.is_some_and(|previous| previous.is_whole(place.service, spec.kind()));
    let emitter = Emitter { walk, place, spec, is_whole, parents: has_children.then(Mutex::default) };
    let context = CaptureContext {
        instance: walk.instance,
        scope: place.scope.clone(),
        emit: &emitter,
        previous: walk.previous,
        events: walk.events,
    };
    adapter.capture(&context, parent).await?;
    let parents = emitter.parents.map(|parents| parents.into_inner().unwrap_or_default()).unwrap_or_default();
    stream::iter(parents)
        .map(|parent| walk_children(walk, place, spec.kind(), parent))
        .buffer_unordered(READ_AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
}

/// Hands an adapter's results to the collector.
struct Emitter<'a> {
    walk: Walk<'a>,
    place: &'a Place<'a>,
    spec: &'a TypeSpec,
    /// Whether the look before had nothing to say about the type: what it had to say must be found out again.
    is_whole: bool,
    /// What was emitted, where it contains other resources.
    parents: Option<Mutex<Vec<Parent>>>,
}

#[async_trait]
impl Emit for Emitter<'_> {
    async fn emit(&self, name: Vec<String>, document: Document, observed: Observed) -> Result<(), InstanceError> {
        let key = self.key(name);
        self.remember(&key, &document, &observed);
        self.walk.collector.add(key, document, observed)
    }

    fn carry(&self, name: &[String], entry: &Value) -> Result<bool, InstanceError> {
        let Some(looks) = self.walk.looks else { return Ok(false) };
        let key = self.key(name.to_vec());
        // Asked in any case, as the next look will want to know.
        if !looks.is_unchanged(&key, entry) || !self.is_whole {
            return Ok(false);
        }
        let before = self.walk.previous.and_then(|previous| previous.get(&key));
        let Some((document, observed)) = before else { return Ok(false) };
        self.remember(&key, &document, &observed);
        self.walk.collector.carry(key, document, observed)?;
        Ok(true)
    }

    fn asks_about(&self, name: &[String]) -> bool {
        self.walk.looks.is_none_or(|looks| !self.is_whole || looks.asks_about(&self.key(name.to_vec())))
    }

    fn blob(&self) -> Result<Box<dyn BlobSink>, InstanceError> {
        self.walk.collector.sink().blob()
    }

    fn note(&self, text: String, partial: bool) {
        let outcome = if partial { TypeOutcome::Partial } else { TypeOutcome::Complete };
        self.walk.collector.outcome(self.place.service, self.spec.kind(), outcome, Some(text));
        if partial {
            self.walk.unread_below(self.place.service, self.spec.kind());
        }
    }

    fn read(&self, bytes: u64) {
        self.walk.collector.read(bytes);
    }
}

impl Emitter<'_> {
    fn key(&self, name: Vec<String>) -> ResourceKey {
        let Scope { account, region } = &self.place.scope;
        let region = self.place.region.as_ref().unwrap_or(region);
        ResourceKey::new(account, region, self.place.service, self.spec.kind(), name)
    }

    /// Keeps a resource for the walk of what it contains.
    fn remember(&self, key: &ResourceKey, document: &Document, observed: &Observed) {
        if let Some(parents) = &self.parents {
            let (key, document, observed) = (key.clone(), document.clone(), observed.clone());
            let parent = Parent { key, document, observed, builtin: false };
            parents.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(parent);
        }
    }
}

async fn walk_table(
    walk: Walk<'_>,
    place: &Place<'_>,
    spec: &TypeSpec,
    parent: Option<&Parent>,
) -> Result<(), InstanceError> {
    let Some(list) = &spec.list else { return Ok(()) };
    let mut known = Known::of_scope(&place.scope);
    known.set("emulator", walk.instance.emulator.name());
    if let Some(parent) = parent {
        add_parent(walk.catalog, &mut known, parent);
    }
    let told = listed(walk.instance, &place.scope, place.service, list, &known).await?;
    let reading = Reading::of(walk, place, spec, parent, &told);
    if let Some(carried) = reading.carried() {
        return reading.carry(carried).await;
    }
    let Entries { found, notes } = complete(walk.instance, &place.scope, place.service, list, &known, told).await?;
    for (text, partial) in notes {
        reading.note(text, partial);
    }
    let entries: Vec<Value> =
        found.into_iter().filter(|entry| !spec.skip.iter().any(|skip| skip.holds(entry))).collect();
    let named = named(spec, parent.map(|parent| parent.key.name.as_slice()), &known, entries);
    walk.collector.found(named.len());
    stream::iter(named)
        .map(|(name, entry)| {
            let mut known = known.clone();
            known.set("item", entry);
            walk_entry(&reading, parent, name, known)
        })
        .buffer_unordered(READ_AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await?;
    reading.end();
    Ok(())
}

async fn walk_entry(
    reading: &Reading<'_>,
    parent: Option<&Parent>,
    name: Option<Vec<String>>,
    mut known: Known,
) -> Result<(), InstanceError> {
    let Reading { walk, place, spec, .. } = *reading;
    let client = &walk.instance.client;
    let Some(name) = name else {
        reading.note("a listed resource has no name".to_owned(), true);
        return Ok(());
    };
    known.set_name(&name);
    let mut scope = place.scope.clone();
    let region = match (&place.region, &spec.region) {
        (Some(region), _) => region.clone(),
        (None, None) => scope.region.clone(),
        (None, Some(lookup)) => {
            let input = known.input_of(None, Some(&lookup.input));
            let answer = match client.call(&scope, place.service, &lookup.op, input).await {
                Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
                other => other?,
            };
            let found = look_up(&answer, &lookup.out.0).and_then(Value::as_str).filter(|text| !text.is_empty());
            scope.region = found.unwrap_or(&lookup.default).to_owned();
            scope.region.clone()
        }
    };
    if place.region.is_none() && !place.wanted.is_empty() && !place.wanted.contains(&region) {
        // A look at other regions would miss it.
        reading.spoil();
        return Ok(());
    }
    known.set("region", scope.region.clone());
    let key = ResourceKey::new(&scope.account, &region, place.service, spec.kind(), name);
    let entry = known.0.get("item").cloned().unwrap_or_default();
    let Read { document, observed, notes } = match read(walk.instance, &scope, place.service, spec, known).await {
        Ok(read) => read,
        Err(error) => {
            reading.spoil();
            walk.unread_below(place.service, spec.kind());
            return walk.failed(place.service, spec.kind(), error).await;
        }
    };
    for (text, partial) in notes {
        reading.note(text, partial);
    }
    let builtin = spec.builtin.iter().any(|condition| condition.holds(&entry))
        || parent.is_some_and(|parent| parent.builtin)
            && (spec.builtin_below || spec.is_given(key.own_name(), &document.attributes));
    reading.found(&key, builtin);
    if builtin {
        walk.collector.add_builtin(key.clone(), observed.clone())?;
    } else {
        walk.collector.add(key.clone(), document.clone(), observed.clone())?;
    }
    walk_children(walk, place, spec.kind(), Parent { key, document, observed, builtin }).await
}

fn add_parent(catalog: &Catalog, known: &mut Known, parent: &Parent) {
    if let Some(spec) = catalog.get(&parent.key.service, &parent.key.kind) {
        known.set_parent(spec, &parent.key, parent.document.attributes.clone(), parent.observed.clone());
    }
}
