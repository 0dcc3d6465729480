//! `export` and `import`: a version as one file.

use std::path::Path;

use super::blocking::blocking;
use super::diff::resolve;
use super::storage::tidy;
use super::{Context, OpError};
use crate::archive::{self, Adopt, ArchiveError, Container, Imported};
use crate::event::Events;
use crate::pod::{Digest, PodName, Reference};
use crate::store::{OpRecord, VersionEntry};

/// In which form a version is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// Documents and bytes in plain folders.
    Open(Container),
    /// The documents alone, as one JSON object by key.
    Json,
    /// The opaque state of LocalStack that it holds, as LocalStack's zip.
    LocalStack,
}

/// Writes a version to a file; gives how many documents (or opaque files) it holds.
///
/// # Errors
/// When there is no such version, the store lacks something of it, or the file cannot be written.
pub async fn export(
    context: &Context,
    reference: &Reference,
    form: ExportForm,
    file: &Path,
    events: &Events,
) -> Result<u64, OpError> {
    let (_, commit) = resolve(context, reference, events).await?;
    let pod = match reference {
        Reference::Pod { pod, .. } => Some(pod.clone()),
        Reference::Live => None,
    };
    events.phase("export");
    let (store, file, events) = (context.store.clone(), file.to_owned(), events.clone());
    let written = blocking(move || -> Result<u64, OpError> {
        Ok(match form {
            ExportForm::Open(container) => archive::export(&store, pod.as_ref(), &commit, container, &file, &events)?,
            ExportForm::Json => archive::export_json(&store, &commit, &file, &events)?,
            ExportForm::LocalStack => archive::write_native(&store, &commit, &|_| true, &file)?,
        })
    });
    match written.await? {
        0 if form == ExportForm::LocalStack => Err(OpError::Request(format!(
            "{reference} holds no state of LocalStack's own: only what was imported from it, or committed with --native, does"
        ))),
        count => Ok(count),
    }
}

/// Reads a file into the store, as a commit that no pod names.
pub(super) async fn read_file(
    context: &Context,
    file: &Path,
    parents: Vec<Digest>,
    message: Option<String>,
    events: &Events,
) -> Result<Imported, OpError> {
    events.phase("import");
    let (store, file, events) = (context.store.clone(), file.to_owned(), events.clone());
    let adopt = Adopt { parents, author: context.author.clone(), message };
    blocking(move || Ok::<_, OpError>(archive::import(&store, &file, adopt, &events)?)).await
}

/// Reads a file as the next version of a pod: the one named, else the one it came from.
///
/// # Errors
/// When the file is no version, or could do harm; when no pod is named and the file does not say one. Nothing
/// changes then.
pub async fn import(
    context: &Context,
    file: &Path,
    pod: Option<&PodName>,
    message: Option<String>,
    events: &Events,
) -> Result<(PodName, VersionEntry, Imported), OpError> {
    // What is read has no name until it is published.
    let held = context.store.hold()?;
    let mut imported = read_file(context, file, Vec::new(), message, events).await?;
    let named = pod.cloned().or_else(|| imported.pod.clone());
    let Some(pod) = named else {
        let hint = "the file does not say which pod it is from: name one, as in 'podex import FILE POD'";
        return Err(OpError::Usage(hint.to_owned()));
    };
    let version = context.store.publish_on_head(&pod, &mut imported.commit)?;
    imported.digest = version.commit;
    context.store.record(&OpRecord {
        time: jiff::Timestamp::now(),
        operation: "import".to_owned(),
        pod: Some(pod.clone()),
        endpoint: None,
        commit: Some(imported.digest),
        safety: None,
        summary: format!("imported {pod}:{} from {}", version.number, file.display()),
    })?;
    drop(held);
    tidy(&context.store).await;
    Ok((pod, version, imported))
}

impl From<ArchiveError> for OpError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Cancelled => Self::Cancelled,
            ArchiveError::Store(error) => Self::Store(error),
            error => Self::Archive(Box::new(error)),
        }
    }
}
