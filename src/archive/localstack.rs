//! LocalStack's own state: a zip of opaque files.
//!
//! ```text
//! metadata.yaml                                                  versions, services, name
//! api_states/<account>/<service>/<region>/store.state            (older ones have no account)
//! assets/<service>/…
//! ```
//!
//! Each file is kept as a blob of its own, so that versions share bytes. Nothing in them is looked at: they are
//! pickled objects of one server version. No licensed server could be had to try this with; the layout is taken from
//! LocalStack's published clients.

use std::collections::BTreeMap;
use std::path::Path;

use super::container::Output;
use super::write::{raw, whole};
use super::{ArchiveError, Container};
use crate::pod::{
    Author, BlobRef, COMMIT_FORMAT, CaptureReport, Commit, Document, GLOBAL_REGION, InstanceInfo, Observed,
    ResourceKey, TypeOutcome, TypeReport,
};
use crate::store::{Store, StoreError, TreeRoots, Writer};

/// The type of a resource that is an opaque file of LocalStack's state.
pub const NATIVE_KIND: &str = "native-state";

/// The account LocalStack uses where nothing else is said.
const DEFAULT_ACCOUNT: &str = "000000000000";

/// The file that describes the others.
const METADATA: &str = "metadata.yaml";

/// The blob of a resource.
const CONTENT: &str = "content";

/// What is kept of a LocalStack zip while it is read.
#[derive(Default)]
pub(super) struct Native {
    services: BTreeMap<String, u64>,
}

/// The resource that a file of a LocalStack zip becomes. None where the file is no part of one.
pub(super) fn key(name: &str) -> Option<ResourceKey> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let is_account = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (account, service, region) = match parts[..] {
        [METADATA] => (DEFAULT_ACCOUNT, "localstack", GLOBAL_REGION),
        ["api_states", account, service, region, _, ..] if is_account(account) => (account, service, region),
        ["api_states", service, region, _, ..] => (DEFAULT_ACCOUNT, service, region),
        ["assets", service, _, ..] => (DEFAULT_ACCOUNT, service, GLOBAL_REGION),
        _ => return None,
    };
    Some(ResourceKey::new(account, region, service, NATIVE_KIND, [name]))
}

/// The name a resource has in a LocalStack zip; None where it is no part of one.
pub fn native_name(key: &ResourceKey) -> Option<&str> {
    (key.kind == NATIVE_KIND).then(|| key.own_name())
}

impl Native {
    /// Whether a file is part of LocalStack's state.
    pub(super) fn is_part(name: &str) -> bool {
        key(name).is_some()
    }

    /// Takes a file of which the store has the bytes.
    pub(super) fn add(&mut self, writer: &Writer, name: &str, blob: BlobRef) -> Result<(), ArchiveError> {
        let Some(key) = key(name) else { return Ok(()) };
        *self.services.entry(key.service.clone()).or_default() += 1;
        let document = Document { attributes: Default::default(), blobs: [(CONTENT.to_owned(), blob)].into() };
        Ok(writer.document(key, &document, &Observed::new())?)
    }

    /// The commit of what was taken.
    pub(super) fn commit(self, roots: TreeRoots, author: Author, file: &Path) -> Result<Commit, ArchiveError> {
        if self.services.keys().all(|service| service == "localstack") {
            return Err(ArchiveError::NoPod { file: file.to_owned() });
        }
        let report = self.services.iter().map(|(service, count)| {
            let line = TypeReport { outcome: TypeOutcome::Complete, count: *count, notes: Vec::new() };
            (format!("{service}/{NATIVE_KIND}"), line)
        });
        let now = jiff::Timestamp::now();
        Ok(Commit {
            format: COMMIT_FORMAT,
            parents: Vec::new(),
            state: roots.state,
            observed: roots.observed,
            resources: roots.resources,
            message: String::new(),
            author,
            time: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now),
            instance: InstanceInfo {
                endpoint: String::new(),
                emulator: "localstack".to_owned(),
                version: String::new(),
            },
            services: self.services.keys().cloned().collect(),
            report: CaptureReport { types: report.collect() },
            conflicts: Vec::new(),
            withheld: None,
        })
    }
}

/// Writes the LocalStack state in `commit` as the zip it came from: entries in order, bytes as they were. Gives how
/// many files it holds; zero means that the commit has none, and nothing is written.
///
/// # Errors
/// When the store lacks something of it or the file cannot be written.
pub fn write_native(store: &Store, commit: &Commit, file: &Path) -> Result<u64, ArchiveError> {
    let entries = native_entries(store, commit)?;
    if entries.is_empty() {
        return Ok(0);
    }
    whole(file, |out| {
        let mut output = Output::new(Container::Zip, out, 0);
        for (name, blob) in &entries {
            raw(&mut output, store, name, blob, file)?;
        }
        output.finish().map_err(|source| ArchiveError::Io { file: file.to_owned(), source })?;
        Ok(entries.len() as u64)
    })
}

/// The files of LocalStack's state in a commit, the description first.
fn native_entries(store: &Store, commit: &Commit) -> Result<Vec<(String, BlobRef)>, ArchiveError> {
    let mut entries = Vec::new();
    for entry in store.tree(commit.state).entries() {
        let (key, document) = entry.map_err(StoreError::from)?;
        let Some(name) = native_name(&key) else { continue };
        let document: Document = serde_json::from_value(document)
            .map_err(|error| ArchiveError::Malformed { name: key.to_string(), reason: error.to_string() })?;
        let Some(blob) = document.blobs.get(CONTENT) else { continue };
        entries.push((name.to_owned(), *blob));
    }
    entries.sort_by_key(|(name, _)| (name != METADATA, name.clone()));
    Ok(entries)
}
