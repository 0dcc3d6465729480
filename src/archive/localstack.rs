//! LocalStack's own state: a zip of opaque files.
//!
//! ```text
//! metadata.yaml                                                  versions, services, name
//! api_states/<account>/<service>/<region>/store.state            (older ones have no account)
//! assets/<service>/…
//! ```
//!
//! Each file is kept as a blob of its own, so that versions share bytes. Nothing in them is looked at: they are
//! serialised objects of one server version. No licensed server could be had to try this with; the layout is taken from
//! LocalStack's published clients.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::container::Output;
use super::read::blob;
use super::write::{raw, whole};
use super::{Adopt, ArchiveError, Container, Imported, Origin, container, names};
use crate::event::Events;
use crate::pod::{
    BlobRef, COMMIT_FORMAT, CaptureReport, Commit, Document, GLOBAL_REGION, InstanceInfo, Observed, ResourceKey,
    TypeOutcome, TypeReport,
};
use crate::store::{Store, StoreError, Writer};

/// The type of a resource that is an opaque file of LocalStack's state.
pub const NATIVE_KIND: &str = "native-state";

/// The service that files belong to which are no service's: the description of the whole, and what is not known.
pub const NATIVE_WHOLE: &str = "localstack";

/// The blob of a resource.
pub const NATIVE_BLOB: &str = "content";

/// The account LocalStack uses where nothing else is said.
const DEFAULT_ACCOUNT: &str = "000000000000";

/// The file that describes the others.
const METADATA: &str = "metadata.yaml";

/// The folder of the state files.
const STATES: &str = "api_states/";

/// Most files: a few for each service, account and region, and the assets.
const MOST_FILES: usize = 200_000;

/// The resource that a file of a LocalStack zip becomes.
fn key(name: &str) -> ResourceKey {
    let parts: Vec<&str> = name.split('/').collect();
    let is_account = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (account, service, region) = match parts[..] {
        _ if parts.iter().any(|part| part.is_empty()) => (DEFAULT_ACCOUNT, NATIVE_WHOLE, GLOBAL_REGION),
        ["api_states", account, service, region, _, ..] if is_account(account) => (account, service, region),
        ["api_states", service, region, _, ..] => (DEFAULT_ACCOUNT, service, region),
        ["assets", service, _, ..] => (DEFAULT_ACCOUNT, service, GLOBAL_REGION),
        _ => (DEFAULT_ACCOUNT, NATIVE_WHOLE, GLOBAL_REGION),
    };
    ResourceKey::new(account, region, service, NATIVE_KIND, [name])
}

/// Whether a file is a zip of LocalStack's rather than of podex's.
pub(super) fn is_localstack(file: &Path) -> Result<bool, ArchiveError> {
    container::has_member(file, &|name| name.trim_start_matches("./").starts_with(STATES))
}

/// Takes the files of a LocalStack zip as documents, all of them or none. Gives the report on them, by `service/type`.
///
/// # Errors
/// When the file is no such zip, is damaged, or could do harm; and when the store fails.
pub fn read_native(
    writer: &Writer,
    file: &Path,
    events: &Events,
) -> Result<BTreeMap<String, TypeReport>, ArchiveError> {
    let mut taken: Vec<(ResourceKey, BlobRef)> = Vec::new();
    let mut seen = HashSet::new();
    container::read(file, &mut |name, content| {
        let name = name.strip_prefix("./").unwrap_or(name);
        if events.is_cancelled() {
            return Err(ArchiveError::Cancelled);
        }
        if taken.len() >= MOST_FILES {
            return Err(ArchiveError::TooLarge { what: format!("more than {MOST_FILES} files of LocalStack's state") });
        }
        if !seen.insert(name.to_owned()) {
            return Err(ArchiveError::Malformed { name: name.to_owned(), reason: "it is there twice".to_owned() });
        }
        taken.push((key(name), blob(writer, name, content)?));
        Ok(())
    })?;
    if !seen.iter().any(|name| name == METADATA || name.starts_with(STATES)) {
        return Err(ArchiveError::NoPod { file: file.to_owned() });
    }
    let empty = || TypeReport { outcome: TypeOutcome::Complete, count: 0, notes: Vec::new() };
    // Also where the zip does not describe itself: it tells that whatever is not there was not there.
    let mut report = BTreeMap::from([(format!("{NATIVE_WHOLE}/{NATIVE_KIND}"), empty())]);
    for (key, blob) in taken {
        report.entry(format!("{}/{NATIVE_KIND}", key.service)).or_insert_with(empty).count += 1;
        let document = Document { attributes: Default::default(), blobs: [(NATIVE_BLOB.to_owned(), blob)].into() };
        writer.document(key, &document, &Observed::new())?;
    }
    Ok(report)
}

/// Reads a LocalStack zip into the store, as a commit.
pub(super) fn import(store: &Store, file: &Path, adopt: Adopt, events: &Events) -> Result<Imported, ArchiveError> {
    let writer = store.writer()?;
    let types = read_native(&writer, file, events)?;
    let roots = writer.trees()?;
    let services = types.keys().filter_map(|kind| Some(kind.split_once('/')?.0.to_owned())).collect();
    let now = jiff::Timestamp::now();
    let commit = Commit {
        format: COMMIT_FORMAT,
        parents: adopt.parents,
        state: roots.state,
        observed: roots.observed,
        resources: roots.resources,
        message: adopt.message.unwrap_or_default(),
        author: adopt.author,
        time: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now),
        instance: InstanceInfo { endpoint: String::new(), emulator: "localstack".to_owned(), version: String::new() },
        services,
        report: CaptureReport { types },
        conflicts: Vec::new(),
        withheld: None,
    };
    let digest = writer.finish(&commit)?;
    Ok(Imported { digest, commit, pod: None, origin: Origin::LocalStack })
}

/// Writes the LocalStack state in `commit`, as far as `wanted` picks it, as the zip it came from: entries in order,
/// bytes as they were. Gives how many files it holds; zero means that the commit has none, and nothing is written.
///
/// # Errors
/// When the store lacks something of it, a name in the commit could do harm, or the file cannot be written.
pub fn write_native(
    store: &Store,
    commit: &Commit,
    wanted: &dyn Fn(&ResourceKey) -> bool,
    file: &Path,
) -> Result<u64, ArchiveError> {
    let entries = native_entries(store, commit, wanted)?;
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
fn native_entries(
    store: &Store,
    commit: &Commit,
    wanted: &dyn Fn(&ResourceKey) -> bool,
) -> Result<Vec<(String, BlobRef)>, ArchiveError> {
    let mut entries = Vec::new();
    for entry in store.tree(commit.state).entries() {
        let (found, document) = entry.map_err(StoreError::from)?;
        if found.kind != NATIVE_KIND || !wanted(&found) {
            continue;
        }
        let name = found.own_name().to_owned();
        // A pod comes from anywhere, and its names become those of the zip.
        names::check(&name)?;
        let malformed = |reason: String| ArchiveError::Malformed { name: found.to_string(), reason };
        if key(&name) != found {
            return Err(malformed("its file would be another service's, account's or region's".to_owned()));
        }
        let document: Document = serde_json::from_value(document).map_err(|error| malformed(error.to_string()))?;
        let Some(blob) = document.blobs.get(NATIVE_BLOB) else {
            return Err(malformed("it has no content".to_owned()));
        };
        entries.push((name, *blob));
    }
    entries.sort_by_key(|(name, _)| (name != METADATA, name.clone()));
    Ok(entries)
}
