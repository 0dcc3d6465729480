//! A running emulator: detect, capture, plan, apply; and managed ones that podex starts itself.

pub mod adapters;
mod apply;
mod capture;
mod detect;
mod known;
pub mod managed;
pub mod native;
mod plan;

use std::collections::BTreeSet;
use std::io::{Read, Write};

use serde::Serialize;

pub use apply::apply;
pub use capture::{Again, Besides, Listings, TURNS, capture};
pub use plan::{Delta, Selected, arn_of, arns_in, bring_along, parent_key, plan, select};

use crate::aws::{AwsError, Client, Endpoint};
use crate::pod::{
    BlobRef, Document, InstanceInfo, Observed, Packed, Pattern, PropertyChange, ResourceKey, diff_documents,
};

/// Which emulator answers at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Emulator {
    /// ministack.
    Ministack,
    /// moto.
    Moto,
    /// LocalStack, any edition.
    LocalStack,
    /// Something else that speaks AWS.
    Unknown,
}

/// A connected instance. Cheap to clone.
#[derive(Clone)]
pub struct Instance {
    /// Calls its AWS APIs.
    pub client: Client,
    /// Which emulator it is.
    pub emulator: Emulator,
    /// What commits record of it.
    pub info: InstanceInfo,
}

/// A failed capture, plan or apply.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Nothing answers there.
    #[error(
        "no AWS emulator answers at {endpoint}: {reason}\nstart one with 'podex instance start', or name yours with --endpoint or PODEX_ENDPOINT"
    )]
    Unreachable {
        /// The endpoint tried.
        endpoint: Endpoint,
        /// What happened.
        reason: String,
    },
    /// The emulator stopped answering in mid-work.
    #[error("the emulator stopped answering during {during}: {source}")]
    Lost {
        /// `capture` or `apply`.
        during: &'static str,
        /// The last error.
        source: AwsError,
    },
    /// A call failed in a way that stops the work.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A service or type that the catalog does not have.
    #[error("the catalog has no service {service:?}{hint}")]
    UnknownService {
        /// As asked for.
        service: String,
        /// The nearest names.
        hint: String,
    },
    /// A document of a pod that is not one.
    #[error("the document at {key} is not a document: {reason}")]
    NotADocument {
        /// Where.
        key: Box<ResourceKey>,
        /// What is wrong.
        reason: String,
    },
    /// The receiving side (the store) failed.
    #[error("{0}")]
    Sink(String),
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
    /// LocalStack's own state was not given out or taken.
    #[error(transparent)]
    Native(#[from] native::NativeError),
    /// A managed instance could not be installed, started or stopped.
    #[error(transparent)]
    Managed(managed::ManagedError),
}

/// What to capture.
#[derive(Clone, Debug, Default)]
pub struct CaptureRequest {
    /// Accounts, twelve digits each. Empty means the default account alone (`000000000000` or what STS says).
    pub accounts: Vec<String>,
    /// Regions. Empty means every region in which anything is found.
    pub regions: Vec<String>,
    /// Services by catalog id. Empty means all.
    pub services: Vec<String>,
    /// Of what the capture will be compared with: looked into even where nothing seems to be.
    pub places: BTreeSet<Place>,
    /// Where this is one look of many: what the one before was told. None reads everything.
    pub again: Option<Again>,
}

/// Service, account and region.
pub type Place = (String, String, String);

/// Where a capture's results go: the store's writer, behind a trait so that this room need not know it.
/// Called from many tasks at once.
pub trait CaptureSink: Send + Sync {
    /// Takes a document, in any order.
    fn document(&self, key: ResourceKey, document: &Document, observed: &Observed) -> Result<(), InstanceError>;
    /// Takes what is observed of something that is no part of the pod, but that documents refer to.
    fn observed(&self, key: ResourceKey, observed: &Observed) -> Result<(), InstanceError>;
    /// Begins a blob.
    fn blob(&self) -> Result<Box<dyn BlobSink>, InstanceError>;
}

/// Receives one blob.
pub trait BlobSink: Write + Send {
    /// Ends the blob.
    fn finish(self: Box<Self>) -> Result<BlobRef, InstanceError>;
}

/// The commit before: what lets a capture skip what cannot have changed, because a listing would tell.
///
/// Told are: bodies and headers of S3 objects (ETag, size and time; by id in buckets with versioning), code of functions
/// and layers (its digest), and values of secrets' versions (id and time). Of objects that were put anew (by an inject,
/// say) with the ETag and size that they had, the headers are asked for and the body is not. No listing of any emulator
/// tells of tags, items, messages, attributes of queues, labels of parameters, or anything of IAM: all else is read
/// again, the tags of each object among it.
pub trait Previous: Send + Sync {
    /// When its capture began, to the second: only of what was there before can a later change be told by its time.
    fn time(&self) -> jiff::Timestamp;
    /// What the parent commit has at `key`.
    fn get(&self, key: &ResourceKey) -> Option<(Document, Observed)>;
    /// What it has observed at `key`, which may be of no part of the pod.
    fn observed(&self, key: &ResourceKey) -> Option<Observed>;
    /// Whether all of a type was read, and there was nothing to say about it.
    fn is_whole(&self, service: &str, kind: &str) -> bool;
}

/// Where apply reads blobs from.
pub trait BlobSource: Send + Sync {
    /// Opens a blob's content.
    fn open(&self, blob: &BlobRef) -> Result<Box<dyn Read + Send>, InstanceError> {
        self.open_at(blob, 0)
    }
    /// Opens a blob's content behind its first `offset` bytes.
    fn open_at(&self, blob: &BlobRef, offset: u64) -> Result<Box<dyn Read + Send>, InstanceError>;
}

/// How an injected pod meets what is there. The names are LocalStack's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The instance becomes what the pod says; everything else goes.
    Overwrite,
    /// Where pod and instance both have a (service, account, region) the pod wins whole; the rest stays.
    #[default]
    AccountRegionMerge,
    /// Union by resource; the pod wins where both have it; nothing is deleted.
    ServiceMerge,
    /// What the pod changed since the last commit or inject goes in, what the instance changed since stays; what both
    /// changed differently stops everything.
    ThreeWay,
}

/// What a step does to its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepAction {
    /// It is not there yet.
    Create,
    /// Changed in place.
    Update,
    /// Deleted and created anew, because what changed cannot be set.
    Replace,
    /// Removed.
    Delete,
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What to do.
    pub action: StepAction,
    /// To what.
    pub key: ResourceKey,
    /// The wanted document; None for delete.
    pub wanted: Option<Packed>,
    /// The instance's document now; None for create.
    pub current: Option<Packed>,
}

impl Step {
    /// The wanted document, spread out.
    pub fn wanted(&self) -> Option<Document> {
        // A plan is made of documents alone.
        self.wanted.as_ref().and_then(|document| document.open().ok())
    }

    /// The instance's document now, spread out.
    pub fn current(&self) -> Option<Document> {
        self.current.as_ref().and_then(|document| document.open().ok())
    }

    /// The properties that change; for create and delete, all.
    pub fn changes(&self) -> Vec<PropertyChange> {
        diff_documents(&self.current().unwrap_or_default(), &self.wanted().unwrap_or_default())
    }
}

/// What an inject would do, in the order it would do it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In dependency order: deletes children first, creates parents first.
    pub steps: Vec<Step>,
    /// What the plan leaves out and why (capture-only types …); sentences.
    pub notes: Vec<String>,
}

/// What to inject of a pod.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// Patterns; empty means all.
    pub only: Vec<Pattern>,
    /// Patterns of what is left out of that.
    pub except: Vec<Pattern>,
}

impl Filter {
    /// Whether it lets a resource through.
    pub fn picks(&self, key: &ResourceKey) -> bool {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(key));
        (self.services.is_empty() || self.services.contains(&key.service))
            && (self.only.is_empty() || matches(&self.only))
            && !matches(&self.except)
    }
}

/// One step that did not work.
#[derive(Clone, Debug, Serialize)]
pub struct FailedStep {
    /// What was tried.
    pub action: StepAction,
    /// On what.
    pub key: ResourceKey,
    /// Why it failed.
    pub error: String,
}

/// What an apply did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ApplyReport {
    /// Steps that worked.
    pub applied: Vec<(StepAction, ResourceKey)>,
    /// Steps that did not, and why.
    pub failed: Vec<FailedStep>,
    /// Steps not tried because one they need failed, or because the emulator was lost or the user cancelled.
    pub left: Vec<(StepAction, ResourceKey)>,
    /// What people should know: ids that changed, values that cannot be restored.
    pub notes: Vec<String>,
    /// Set when the apply ended early: why. Running the inject again completes it.
    pub stopped: Option<String>,
}

/// What is observed of a resource in the instance (first) or in the pod (second): how tokens are resolved.
pub trait Identities: Send + Sync {
    /// The instance's observed values for `key`, as captured before the apply.
    fn live(&self, key: &ResourceKey) -> Option<Observed>;
    /// The instance's document for `key`, as captured before the apply.
    fn live_document(&self, key: &ResourceKey) -> Option<Document>;
    /// The pod's observed values for `key`.
    fn pod(&self, key: &ResourceKey) -> Option<Observed>;
}
