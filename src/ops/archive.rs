//! `export` and `import`: a version as one file.

use std::path::Path;

use super::blocking::blocking;
use super::diff::resolve;
use super::secrets::{Policy, SecretsBorder, Tally, held, local_twin};
use super::storage::tidy;
use super::{Context, OpError};
use crate::archive::{self, Adopt, ArchiveError, Container, Imported};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName, Reference, Selector};
use crate::remote::{Border, SecretsMode};
use crate::store::{OpRecord, StoreError, VersionEntry};

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

/// What becomes of the secrets of a version that is exported.
#[derive(Clone, Debug)]
pub struct ExportSecrets {
    /// What becomes of them.
    pub mode: SecretsMode,
    /// Public keys that they are encrypted to.
    pub recipients: Vec<String>,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many documents, or opaque files, the file holds.
    pub documents: u64,
    /// The secrets that were left out; where they are included, those in the file.
    pub secrets: Tally,
}

/// Writes a version to a file.
///
/// # Errors
/// When there is no such version, the store lacks something of it, its secrets cannot be left out, or the file cannot
/// be written.
pub async fn export(
    context: &Context,
    reference: &Reference,
    form: ExportForm,
    secrets: ExportSecrets,
    file: &Path,
    events: &Events,
) -> Result<Exported, OpError> {
    // What is written in a version's stead has no name.
    let _held = context.store.hold()?;
    let (digest, commit) = resolve(context, reference, events).await?;
    let (commit, secrets) = match secrets.mode {
        SecretsMode::Include if form == ExportForm::LocalStack => (commit, Tally::default()),
        SecretsMode::Include => {
            let ([clear, _], commit) = count_secrets(context, commit).await?;
            (commit, clear)
        }
        mode => {
            let policy = Policy::to(mode, secrets.recipients)?;
            let border = SecretsBorder::new(context, policy);
            let version = vec![VersionEntry { number: 1, commit: digest }];
            let published = border.outgoing(version, &Default::default(), events).await?;
            let published = published.first().map_or(digest, |version| version.commit);
            (context.store.commit(&published)?, border.tally())
        }
    };
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
        documents => Ok(Exported { documents, secrets }),
    }
}

/// The secrets that a version holds, and those that were left out of it.
async fn count_secrets(context: &Context, commit: Commit) -> Result<([Tally; 2], Commit), OpError> {
    let (store, catalog) = (context.store.clone(), context.catalog);
    blocking(move || Ok::<_, OpError>((held(&store, catalog, &commit)?, commit))).await
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
    if imported.commit.withheld.is_some() {
        imported.commit = fill_in(context, &pod, imported.commit, events).await?;
    }
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

/// The commit with what was left out of it, as far as the pod's own history knows it or a key of ours opens it. Says
/// what it still lacks.
async fn fill_in(context: &Context, pod: &PodName, mut commit: Commit, events: &Events) -> Result<Commit, OpError> {
    commit.parents = match context.store.resolve(pod, &Selector::Head) {
        Ok(entry) => vec![entry.commit],
        Err(StoreError::UnknownPod { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let brought = context.store.writer()?.finish(&commit)?;
    let filled = context.store.commit(&local_twin(context, brought, events).await?)?;
    if filled.withheld.is_none() {
        return Ok(filled);
    }
    let ([_, left_out], filled) = count_secrets(context, filled).await?;
    if let Some(list) = left_out.list() {
        events.warn(format!("the file lacks {list}; inject takes them from --secrets-from FILE or the emulator"));
    }
    Ok(filled)
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
