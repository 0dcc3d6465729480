//! Reading a version from a file: the open form, or a LocalStack export.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ArchiveError, FORMAT, container, localstack, names};
use crate::event::{Events, Progress};
use crate::pod::{Author, BlobRef, Commit, Digest, Document, Observed, PodName, ResourceKey};
use crate::store::{Store, Writer};

/// The largest document that is read.
const DOCUMENT: u64 = 64 << 20;

/// Bytes copied at a time.
const COPY_BUFFER: usize = 64 << 10;

/// Which kind of file it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// podex's own.
    OpenForm,
    /// LocalStack's state, opaque.
    LocalStack,
}

/// A version that is in the store now, under no pod yet.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The commit.
    pub digest: Digest,
    /// The same.
    pub commit: Commit,
    /// The pod it came from, where the file says so.
    pub pod: Option<PodName>,
    /// Which kind of file it was.
    pub origin: Origin,
}

/// How the new commit is made.
pub struct Adopt {
    /// Its parents.
    pub parents: Vec<Digest>,
    /// Who takes it in; the author of what has none of its own.
    pub author: Author,
    /// Its message, instead of the one it has.
    pub message: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    format: u32,
    #[serde(default)]
    pod: Option<PodName>,
    commit: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    key: ResourceKey,
    attributes: Option<Map<String, Value>>,
    #[serde(default)]
    blobs: std::collections::BTreeMap<String, BlobRef>,
    #[serde(default)]
    observed: Observed,
}

/// Reads `file` into the store. Without parents, and where the author's message stands, a version comes back as the
/// very commit it was exported from.
///
/// # Errors
/// When the file is no such archive, is damaged, or holds what could do harm. The store is then as it was.
pub fn import(store: &Store, file: &Path, adopt: Adopt, events: &Events) -> Result<Imported, ArchiveError> {
    if localstack::is_localstack(file)? {
        return localstack::import(store, file, adopt, events);
    }
    let writer = store.writer()?;
    let mut reading = Reading { writer: &writer, manifest: None, found: HashMap::new(), wanted: HashMap::new() };
    let mut progress = Progress::default();
    container::read(file, &mut |name, content| {
        if events.is_cancelled() {
            return Err(ArchiveError::Cancelled);
        }
        progress.done += 1;
        events.progress(progress);
        reading.member(name.strip_prefix("./").unwrap_or(name), content)
    })?;
    let Reading { manifest, found, wanted, .. } = reading;
    let Some(Manifest { pod, commit, .. }) = manifest else {
        return Err(ArchiveError::NoPod { file: file.to_owned() });
    };
    for (digest, (size, name)) in wanted {
        match found.get(&digest) {
            Some(there) if *there == size => {}
            Some(_) => {
                let reason = format!("the bytes {} have another size than it says", digest.short());
                return Err(ArchiveError::Blob { name, reason });
            }
            None => {
                let reason = format!("the bytes {} it refers to are not in the archive", digest.short());
                return Err(ArchiveError::Blob { name, reason });
            }
        }
    }
    let roots = writer.trees()?;
    let mut commit: Commit = serde_json::from_value(commit).map_err(|error| malformed(names::MANIFEST, &error))?;
    if (commit.state, commit.observed) != (roots.state, roots.observed) {
        return Err(ArchiveError::OtherState);
    }
    commit.parents = adopt.parents;
    if let Some(message) = adopt.message {
        commit.message = message;
    }
    let digest = writer.finish(&commit)?;
    Ok(Imported { digest, commit, pod, origin: Origin::OpenForm })
}

fn malformed(name: &str, error: &dyn std::fmt::Display) -> ArchiveError {
    ArchiveError::Malformed { name: name.to_owned(), reason: error.to_string() }
}

struct Reading<'w> {
    writer: &'w Writer,
    manifest: Option<Manifest>,
    /// Blobs in the archive, and their sizes.
    found: HashMap<Digest, u64>,
    /// Blobs that documents refer to, the size they say, and one of the documents.
    wanted: HashMap<Digest, (u64, String)>,
}

impl Reading<'_> {
    fn member(&mut self, name: &str, content: &mut dyn Read) -> Result<(), ArchiveError> {
        if name == names::MANIFEST {
            let manifest: Manifest = json(name, content)?;
            if manifest.format > FORMAT {
                return Err(ArchiveError::Format { found: manifest.format });
            }
            self.manifest = Some(manifest);
            Ok(())
        } else if let Some(digest) = name.strip_prefix(names::BLOBS) {
            let blob = blob(self.writer, name, content)?;
            if blob.digest.hex() != digest {
                let reason = "the bytes are not those its name says: it was changed, or is damaged".to_owned();
                return Err(ArchiveError::Blob { name: name.to_owned(), reason });
            }
            self.found.insert(blob.digest, blob.size);
            Ok(())
        } else if name.starts_with(names::DOCUMENTS) {
            self.document(name, json(name, content)?)
        } else {
            // What else people put into an archive is theirs.
            Ok(())
        }
    }

    fn document(&mut self, name: &str, described: Described) -> Result<(), ArchiveError> {
        let Described { key, attributes, blobs, observed } = described;
        for blob in blobs.values() {
            self.wanted.insert(blob.digest, (blob.size, name.to_owned()));
        }
        match attributes {
            Some(attributes) => self.writer.document(key, &Document { attributes, blobs }, &observed)?,
            None => self.writer.observed(&key, &observed)?,
        }
        Ok(())
    }
}

/// Copies a member into the store.
pub(super) fn blob(writer: &Writer, name: &str, content: &mut dyn Read) -> Result<BlobRef, ArchiveError> {
    let mut blob = writer.blob()?;
    let mut buffer = vec![0; COPY_BUFFER];
    loop {
        let read = content.read(&mut buffer).map_err(|error| malformed(name, &error))?;
        if read == 0 {
            return Ok(blob.finish()?);
        }
        let part = buffer.get(..read).unwrap_or_default();
        blob.write_all(part).map_err(|error| malformed(name, &error))?;
    }
}

fn json<T: serde::de::DeserializeOwned>(name: &str, content: &mut dyn Read) -> Result<T, ArchiveError> {
    let mut text = Vec::new();
    content.take(DOCUMENT + 1).read_to_end(&mut text).map_err(|error| malformed(name, &error))?;
    if text.len() as u64 > DOCUMENT {
        return Err(ArchiveError::TooLarge { what: format!("a document of more than {DOCUMENT} bytes ({name})") });
    }
    serde_json::from_slice(&text).map_err(|error| malformed(name, &error))
}
