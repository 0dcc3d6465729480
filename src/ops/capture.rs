//! Captures the live instance into a commit object that no pod names yet.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use super::blocking::blocking;
use super::{Context, OpError, Snapshot, native};
use crate::archive::NATIVE_WHOLE;
use crate::event::Events;
use crate::instance::{
    self, Again, BlobSink, CaptureRequest, CaptureSink, Instance, InstanceError, Listings, Place, Previous,
};
use crate::pod::{BlobRef, COMMIT_FORMAT, Commit, Digest, Document, Observed, ResourceKey};
use crate::store::{BlobWriter, StoreError, Writer};

/// What to capture, and what to write into the commit about it.
#[derive(Default)]
pub(super) struct Wanted {
    /// Empty means all.
    pub(super) services: Vec<String>,
    /// What the new commit is compared with: its bodies are reused, and its accounts and regions are looked at
    /// even where the context would not.
    pub(super) near: Option<Snapshot>,
    /// What is likely to have the same bodies where nothing is near.
    pub(super) bodies: Option<Snapshot>,
    /// Other places to be looked at where the context would not.
    pub(super) places: BTreeSet<Place>,
    /// The commit's parents.
    pub(super) parents: Vec<Digest>,
    /// Whether LocalStack's own state is taken, too.
    pub(super) native: bool,
    /// The commit's message.
    pub(super) message: String,
    /// Write nothing where all is as in `near`, and give that.
    pub(super) unless_same: bool,
}

/// Captures into the store. When it fails, the store is as it was before.
pub(super) async fn capture(
    context: &Context,
    instance: &Instance,
    wanted: Wanted,
    events: &Events,
) -> Result<Snapshot, OpError> {
    Ok(take(context, instance, wanted, None, events).await?.0)
}

/// [`capture`] as one look of many, which gives what the next one needs.
pub(super) async fn look_again(
    context: &Context,
    instance: &Instance,
    wanted: Wanted,
    again: Again,
    events: &Events,
) -> Result<(Snapshot, Listings), OpError> {
    take(context, instance, wanted, Some(again), events).await
}

async fn take(
    context: &Context,
    instance: &Instance,
    wanted: Wanted,
    again: Option<Again>,
    events: &Events,
) -> Result<(Snapshot, Listings), OpError> {
    let request = request(context, &wanted, again)?;
    // The state is that of the beginning: what changes from now on may be in it or not.
    let time = now_to_the_second();
    let writer = context.store.writer()?;
    // First, since where there is none to be had the user should know at once.
    let native = match wanted.native {
        true => native::take(context, instance, &request.services, &writer, events).await?,
        false => BTreeMap::new(),
    };
    events.phase("capture");
    let previous = wanted.near.as_ref().or(wanted.bodies.as_ref()).cloned();
    let previous = previous.map(|previous| Arc::new(previous) as Arc<dyn Previous>);
    let sink = Arc::new(StoreSink(writer.clone()));
    let (mut report, listings) = instance::capture(instance, context.catalog, &request, previous, sink, events).await?;
    let mut services = request.services;
    if wanted.native && !services.is_empty() {
        services.push(NATIVE_WHOLE.to_owned());
        services.sort_unstable();
    }
    report.types.extend(native);
    events.phase("write");
    let author = context.author.clone();
    let info = instance.info.clone();
    let near = wanted.near.filter(|_| wanted.unless_same);
    let store = context.store.clone();
    let written = blocking(move || -> Result<Snapshot, StoreError> {
        let roots = writer.trees()?;
        if let Some(near) = near
            && (near.state.root, near.observed.root) == (roots.state, roots.observed)
            && near.commit.report == report
        {
            return Ok(near);
        }
        let commit = Commit {
            format: COMMIT_FORMAT,
            parents: wanted.parents,
            state: roots.state,
            observed: roots.observed,
            resources: roots.resources,
            message: wanted.message,
            author,
            time,
            instance: info,
            services,
            report,
            conflicts: Vec::new(),
            withheld: None,
        };
        Ok(Snapshot::of(&store, writer.finish(&commit)?, commit))
    });
    Ok((written.await?, listings))
}

/// The request: the context's accounts and regions, and those of the commit that will be compared.
fn request(context: &Context, wanted: &Wanted, again: Option<Again>) -> Result<CaptureRequest, OpError> {
    let (mut accounts, mut regions) = (context.accounts.clone(), context.regions.clone());
    let mut places = wanted.places.clone();
    if let Some(near) = &wanted.near {
        places.extend(near.places()?);
        let of_near: BTreeSet<&String> = places.iter().map(|(_, account, _)| account).collect();
        // Without any account named, the instance decides on its default one; naming others adds to it.
        if !accounts.is_empty() || of_near.len() > 1 {
            accounts.extend(of_near.into_iter().cloned());
        }
        if !regions.is_empty() {
            let not_global = |region: &&String| region.as_str() != crate::pod::GLOBAL_REGION;
            regions.extend(places.iter().map(|(_, _, region)| region).filter(not_global).cloned());
        }
    }
    for list in [&mut accounts, &mut regions] {
        list.sort_unstable();
        list.dedup();
    }
    let mut services = wanted.services.clone();
    services.sort_unstable();
    services.dedup();
    Ok(CaptureRequest { accounts, regions, services, places, again })
}

/// Commits record seconds: finer times would only make them look more exact than a capture is.
pub(super) fn now_to_the_second() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The store's writer, as the instance room sees it.
struct StoreSink(Writer);

fn sink_error(error: impl std::fmt::Display) -> InstanceError {
    InstanceError::Sink(error.to_string())
}

impl CaptureSink for StoreSink {
    fn document(&self, key: ResourceKey, document: &Document, observed: &Observed) -> Result<(), InstanceError> {
        self.0.document(key, document, observed).map_err(sink_error)
    }

    fn observed(&self, key: ResourceKey, observed: &Observed) -> Result<(), InstanceError> {
        self.0.observed(&key, observed).map_err(sink_error)
    }

    fn blob(&self) -> Result<Box<dyn BlobSink>, InstanceError> {
        Ok(Box::new(StoreBlob(self.0.blob().map_err(sink_error)?)))
    }
}

struct StoreBlob(BlobWriter);

impl Write for StoreBlob {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl BlobSink for StoreBlob {
    fn finish(self: Box<Self>) -> Result<BlobRef, InstanceError> {
        self.0.finish().map_err(sink_error)
    }
}
