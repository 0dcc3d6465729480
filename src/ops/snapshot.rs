//! One commit, ready to be read.

use std::collections::BTreeSet;
use std::io::Read;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::archive::{NATIVE_KIND, NATIVE_WHOLE};
use crate::instance::{BlobSource, Identities, InstanceError, Place, Previous};
use crate::pod::{BlobRef, Commit, Digest, Document, Observed, ResourceKey, TypeOutcome};
use crate::store::{Store, StoreError};
use crate::tree::{Tree, TreeError};

/// A commit with its two trees. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    /// The commit's identity.
    pub digest: Digest,
    /// The commit.
    pub commit: Commit,
    /// Its documents.
    pub state: Tree,
    /// What was observed, under the same keys.
    pub observed: Tree,
}

impl Snapshot {
    /// Reads a commit of the store.
    ///
    /// # Errors
    /// When the store lacks it or it is damaged.
    pub fn load(store: &Store, digest: Digest) -> Result<Self, StoreError> {
        let commit = store.commit(&digest)?;
        Ok(Self::of(store, digest, commit))
    }

    /// A commit that was read already.
    pub fn of(store: &Store, digest: Digest, commit: Commit) -> Self {
        Self { digest, state: store.tree(commit.state), observed: store.tree(commit.observed), commit }
    }

    /// The document at `key`.
    ///
    /// # Errors
    /// When the tree is damaged.
    pub fn document(&self, key: &ResourceKey) -> Result<Option<Document>, TreeError> {
        read(&self.state, key)
    }

    /// What was observed at `key`; empty where nothing was.
    ///
    /// # Errors
    /// When the tree is damaged.
    pub fn observed(&self, key: &ResourceKey) -> Result<Observed, TreeError> {
        Ok(read(&self.observed, key)?.unwrap_or_default())
    }

    /// Every (service, account, region) that holds something. LocalStack's own files are about what the documents are
    /// about, and say nothing of their own.
    ///
    /// # Errors
    /// When the tree is damaged.
    pub fn places(&self) -> Result<BTreeSet<Place>, TreeError> {
        let mut places = BTreeSet::new();
        let mut last: Option<Place> = None;
        for key in self.state.keys() {
            let ResourceKey { service, account, region, kind, .. } = key?;
            if kind == NATIVE_KIND {
                continue;
            }
            // Keys come sorted: most repeat the place before.
            let place = (service, account, region);
            if last.as_ref() != Some(&place) {
                places.insert(place.clone());
                last = Some(place);
            }
        }
        Ok(places)
    }

    /// Whether the commit speaks about a service at all.
    pub fn has_service(&self, service: &str) -> bool {
        let services = &self.commit.services;
        services.is_empty() || services.iter().any(|captured| captured == service)
    }

    /// How well the commit knows a type: what its report says, or what a capture of that service would have found.
    pub fn outcome(&self, service: &str, kind: &str) -> TypeOutcome {
        match self.commit.report.types.get(&format!("{service}/{kind}")) {
            Some(line) => line.outcome,
            // No capture by the APIs looks for an emulator's own files; one that has any has them all.
            None if kind == NATIVE_KIND && service != NATIVE_WHOLE => self.outcome(NATIVE_WHOLE, NATIVE_KIND),
            None if kind == NATIVE_KIND => TypeOutcome::Failed,
            None if self.has_service(service) => TypeOutcome::Complete,
            None => TypeOutcome::Failed,
        }
    }
}

fn read<T: DeserializeOwned>(tree: &Tree, key: &ResourceKey) -> Result<Option<T>, TreeError> {
    tree.get(key)?.map(|value| parse(tree, value)).transpose()
}

/// A tree's value as the domain type it is.
pub(super) fn parse<T: DeserializeOwned>(tree: &Tree, value: Value) -> Result<T, TreeError> {
    serde_json::from_value(value).map_err(|error| TreeError::Corrupt { digest: tree.root, reason: error.to_string() })
}

impl Previous for Snapshot {
    fn time(&self) -> jiff::Timestamp {
        self.commit.time
    }

    fn observed(&self, key: &ResourceKey) -> Option<Observed> {
        read(&self.observed, key).ok().flatten()
    }

    fn is_whole(&self, service: &str, kind: &str) -> bool {
        let line = self.commit.report.types.get(&format!("{service}/{kind}"));
        line.is_some_and(|line| line.outcome == TypeOutcome::Complete && line.notes.is_empty())
    }

    fn get(&self, key: &ResourceKey) -> Option<(Document, Observed)> {
        // A commit that cannot be read only means that more is read from the instance.
        Some((self.document(key).ok()??, self.observed(key).ok()?))
    }
}

/// The instance's snapshot and the pod's: what reference tokens are resolved by.
pub(super) struct BothSides {
    pub(super) live: Snapshot,
    pub(super) pod: Snapshot,
}

impl Identities for BothSides {
    fn live(&self, key: &ResourceKey) -> Option<Observed> {
        read(&self.live.observed, key).ok().flatten()
    }

    fn live_document(&self, key: &ResourceKey) -> Option<Document> {
        read(&self.live.state, key).ok().flatten()
    }

    fn pod(&self, key: &ResourceKey) -> Option<Observed> {
        read(&self.pod.observed, key).ok().flatten()
    }
}

/// The store's blobs.
pub(super) struct StoreBlobs(pub(super) Store);

impl BlobSource for StoreBlobs {
    fn open_at(&self, blob: &BlobRef, offset: u64) -> Result<Box<dyn Read + Send>, InstanceError> {
        self.0.open_blob_at(blob, offset).map_err(|error| InstanceError::Sink(error.to_string()))
    }
}
