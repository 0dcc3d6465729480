//! Writing the open form.

use std::collections::HashSet;
use std::io::{Read, Seek, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::container::Output;
use super::names;
use super::{ArchiveError, Container, FORMAT};
use crate::event::{Events, Progress};
use crate::pod::{BlobRef, Commit, Digest, Document, PodName, ResourceKey};
use crate::store::{Store, StoreError};
use crate::tree::TreeError;

/// Writes `commit` to `file`, which appears when it is whole. Gives the number of documents.
///
/// # Errors
/// When the store lacks something of it or the file cannot be written.
pub fn export(
    store: &Store,
    pod: Option<&PodName>,
    commit: &Commit,
    container: Container,
    file: &Path,
    events: &Events,
) -> Result<u64, ArchiveError> {
    whole(file, |out| {
        let io = |source| ArchiveError::Io { file: file.to_owned(), source };
        let time = u64::try_from(commit.time.as_second()).unwrap_or_default();
        let mut output = Output::new(container, out, time);
        let manifest = pretty(&json!({"format": FORMAT, "pod": pod, "commit": commit}));
        output.file(names::MANIFEST, manifest.len() as u64, true, &mut manifest.as_slice()).map_err(io)?;
        let mut written = HashSet::<Digest>::new();
        let mut progress = Progress { total: commit.resources, ..Progress::default() };
        each(store, commit, events, |key, document, observed| {
            for blob in document.iter().flat_map(|document| document.blobs.values()) {
                if written.insert(blob.digest) {
                    let mut content = store.open_blob(blob)?;
                    output.file(&names::blob(&blob.digest), blob.size, false, &mut content).map_err(io)?;
                    progress.bytes += blob.size;
                }
            }
            let text = pretty(&described(&key, document.as_ref(), observed));
            output.file(&names::document(&key), text.len() as u64, true, &mut text.as_slice()).map_err(io)?;
            progress.done += u64::from(document.is_some());
            events.progress(progress);
            Ok(())
        })?;
        output.finish().map_err(io)?;
        Ok(progress.done)
    })
}

/// Writes the documents of `commit` as one JSON object by key: what a JSON patch applies to. Gives their number.
///
/// # Errors
/// When the store lacks something of it or the file cannot be written.
pub fn export_json(store: &Store, commit: &Commit, file: &Path, events: &Events) -> Result<u64, ArchiveError> {
    whole(file, |out| {
        let io = |source| ArchiveError::Io { file: file.to_owned(), source };
        let mut out = std::io::BufWriter::new(out);
        let mut count = 0;
        each(store, commit, events, |key, document, _| {
            let Some(document) = document else { return Ok(()) };
            let separator = if count == 0 { "{" } else { "," };
            count += 1;
            let key = Value::String(key.to_string());
            write!(out, "{separator}\n{key}: {}", json!(document)).map_err(io)
        })?;
        write!(out, "{}\n}}\n", if count == 0 { "{" } else { "" }).and_then(|()| out.flush()).map_err(io)?;
        Ok(count)
    })
}

/// Calls `visit` with everything a commit holds, in key order. What was observed of things without a document comes
/// with none.
fn each(
    store: &Store,
    commit: &Commit,
    events: &Events,
    mut visit: impl FnMut(ResourceKey, Option<Document>, Value) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let tree = |error: TreeError| ArchiveError::Store(StoreError::from(error));
    let mut documents = store.tree(commit.state).entries().peekable();
    for entry in store.tree(commit.observed).entries() {
        if events.is_cancelled() {
            return Err(ArchiveError::Cancelled);
        }
        let (key, observed) = entry.map_err(tree)?;
        // Both trees are in key order, and every document has its observed values.
        let document = match documents.next_if(|document| !matches!(document, Ok((other, _)) if *other != key)) {
            Some(document) => Some(document.map_err(tree)?.1),
            None => None,
        };
        let document = document
            .map(serde_json::from_value::<Document>)
            .transpose()
            .map_err(|error| tree(TreeError::Entry { key: key.to_string(), reason: error.to_string() }))?;
        visit(key, document, observed)?;
    }
    match documents.next() {
        None => Ok(()),
        Some(entry) => {
            let (key, _) = entry.map_err(tree)?;
            let reason = "nothing is kept of what was observed of it".to_owned();
            Err(tree(TreeError::Entry { key: key.to_string(), reason }))
        }
    }
}

fn described(key: &ResourceKey, document: Option<&Document>, observed: Value) -> Value {
    let mut members = Map::new();
    members.insert("key".to_owned(), json!(key));
    if let Some(Document { attributes, blobs }) = document {
        members.insert("attributes".to_owned(), json!(attributes));
        if !blobs.is_empty() {
            members.insert("blobs".to_owned(), json!(blobs));
        }
    }
    members.insert("observed".to_owned(), observed);
    Value::Object(members)
}

/// JSON for people: one member a line, sorted, so that text tools compare it well.
fn pretty(value: &Value) -> Vec<u8> {
    // Writing JSON values into memory has no failing case.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Writes a file that appears under its name only when `write` is through.
pub(super) fn whole<T>(
    file: &Path,
    write: impl FnOnce(&mut std::fs::File) -> Result<T, ArchiveError>,
) -> Result<T, ArchiveError> {
    let io = |source| ArchiveError::Io { file: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = NamedTempFile::new_in(folder).map_err(io)?;
    let result = write(temporary.as_file_mut())?;
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(file).map_err(|error| io(error.error))?;
    Ok(result)
}

/// Copies the content of a blob into an archive as it is.
pub(super) fn raw<W: Write + Seek>(
    output: &mut Output<W>,
    store: &Store,
    name: &str,
    blob: &BlobRef,
    file: &Path,
) -> Result<(), ArchiveError> {
    let mut content: Box<dyn Read + Send> = store.open_blob(blob)?;
    let io = |source| ArchiveError::Io { file: file.to_owned(), source };
    output.file(name, blob.size, false, &mut content).map_err(io)
}
