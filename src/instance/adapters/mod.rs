//! What a table cannot say: object bodies, items, messages, code, series of calls. One adapter per resource type, one file per
//! service. The catalog names the types that have one (`adapter = true`).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{BlobSink, BlobSource, Instance, InstanceError, Previous};
use crate::aws::{AwsError, Scope};
use crate::event::Events;
use crate::pod::{Document, Observed, ResourceKey};

mod dynamodb;
mod ecr;
mod iam_policy;
mod iam_versions;
mod kinesis;
mod lambda_code;
mod lambda_function;
mod lambda_layer;
mod lambda_permission;
mod lambda_settings;
mod lambda_target;
mod s3_chain;
mod s3_get;
mod s3_object;
mod s3_put;
mod secretsmanager;
mod sqs;
mod sqs_read;
mod ssm;
mod util;

/// A captured resource that contains others.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Its key.
    pub key: ResourceKey,
    /// Its document, as read (tokens not yet put in).
    pub document: Document,
    /// What was observed of it.
    pub observed: Observed,
    /// The emulator brings it by itself: it is no part of the pod.
    pub builtin: bool,
}

/// Takes what an adapter reads. Implemented by the capture engine, which puts reference tokens in where the
/// catalog says so, hands documents to the store, counts, and reports progress.
#[async_trait]
pub trait Emit: Send + Sync {
    /// One resource of the adapter's type; `name` has the parent's segments first.
    async fn emit(&self, name: Vec<String>, document: Document, observed: Observed) -> Result<(), InstanceError>;
    /// Takes over what the look before read of a resource, where this is one look of many and the resource's `entry` in
    /// its listing is as it was; false where it must be read.
    fn carry(&self, name: &[String], entry: &Value) -> Result<bool, InstanceError>;
    /// Whether a resource that its listing tells to be unchanged is asked about all the same: always, or in its turn
    /// where this is one look of many.
    fn asks_about(&self, name: &[String]) -> bool;
    /// Begins a blob.
    fn blob(&self) -> Result<Box<dyn BlobSink>, InstanceError>;
    /// A sentence for the capture report; `partial` where something listed could not be read.
    fn note(&self, text: String, partial: bool);
    /// Counts bytes read, for progress.
    fn read(&self, bytes: u64);
}

/// What an adapter captures with.
pub struct CaptureContext<'a> {
    /// The instance.
    pub instance: &'a Instance,
    /// Account and region.
    pub scope: Scope,
    /// Where results go.
    pub emit: &'a dyn Emit,
    /// The commit before, for skipping bodies that cannot have changed.
    pub previous: Option<&'a dyn Previous>,
    /// Cancellation.
    pub events: &'a Events,
}

/// What an adapter applies with.
pub struct ApplyContext<'a> {
    /// The instance.
    pub instance: &'a Instance,
    /// Account and region.
    pub scope: Scope,
    /// The resource.
    pub key: &'a ResourceKey,
    /// What was observed of it in the pod (old ids, order, timestamps): hints, never required.
    pub observed: Option<&'a Observed>,
    /// What the instance has observed for any key (existing, or created in this apply): queue URLs, ARNs.
    pub live: &'a (dyn Fn(&ResourceKey) -> Option<Observed> + Send + Sync),
    /// Where blobs are.
    pub blobs: Arc<dyn BlobSource>,
    /// Cancellation.
    pub events: &'a Events,
}

/// Captures and applies the resources of one type.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// `service/type`, as in the catalog.
    fn kind(&self) -> &'static str;

    /// Reads all resources of the type in the scope, or all below `parent` where the type has one.
    ///
    /// # Errors
    /// An [`InstanceError::Aws`] when listing fails; single resources that cannot be read become notes.
    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError>;

    /// Creates the resource (tokens in `wanted` are resolved already). Gives what is now observed of it, as
    /// far as others need it: ids and ARNs. Creating what exists with the same content succeeds.
    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError>;

    /// Changes `current` into `wanted` in place.
    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError>;

    /// Deletes the resource. Deleting what is not there succeeds.
    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError>;

    /// How many resources of one parent [`Adapter::create_many`] is best given at once. 1: no batches.
    fn batch(&self) -> usize {
        1
    }

    /// Creates several resources of one parent, in the order given: one result each, in the same order.
    async fn create_many(&self, steps: &[(ApplyContext<'_>, &Document)]) -> Vec<Result<Observed, AwsError>> {
        let mut results = Vec::with_capacity(steps.len());
        for (context, wanted) in steps {
            results.push(self.create(context, wanted).await);
        }
        results
    }

    /// Resources of one parent that must be applied one after another, by [`Adapter::position`] and then by
    /// name, instead of concurrently (messages, layer versions).
    fn ordered(&self) -> bool {
        false
    }

    /// Where a resource stands among its siblings when they are [`Adapter::ordered`].
    fn position(&self, wanted: &Document, observed: Option<&Observed>) -> u64 {
        let _ = (wanted, observed);
        0
    }
}

/// The adapter for `service/type`, where there is one.
pub fn adapter(kind: &str) -> Option<&'static dyn Adapter> {
    const ADAPTERS: [&dyn Adapter; 11] = [
        &s3_object::Objects,
        &sqs::Messages,
        &dynamodb::Items,
        &ecr::Images,
        &iam_policy::Policies,
        &kinesis::Records,
        &lambda_function::Functions,
        &lambda_layer::LayerVersions,
        &lambda_permission::Permissions,
        &secretsmanager::SecretVersions,
        &ssm::Parameters,
    ];
    ADAPTERS.into_iter().find(|adapter| adapter.kind() == kind)
}
