//! A folder as a remote: on a share, a memory stick, or in a test.
//!
//! Its layout is [`publication`]'s. Every file is written aside in `tmp/`, synced, and appears under its name in one step that fails where the name is
//! taken. So readers never see a half-written file, and of two people publishing the same version one wins.
//! File names are only ever made from parsed digests, numbers and pod names.

use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::fault::Fault;
use super::publication::{
    self, BLOBS, COMMITS, MAX_PUBLICATION_BYTES, MAX_VERSION_BYTES, PODS, VERSIONS, read_claim, read_publication,
};
use super::verify::{Verifier, whole_range};
use super::{MAX_COMMIT_BYTES, Remote, RemoteCommit, RemoteConfig, RemoteError, RemoteHistory, RemoteVersion, escape};
use crate::event::{Events, Progress};
use crate::pod::{Commit, Digest, PodName};

mod files;
use files::{Files, failed};

/// Bytes copied between two looks at the cancellation.
const COPY_BYTES: usize = 1024 * 1024;

/// A remote in a folder.
pub(super) struct Directory {
    config: RemoteConfig,
    files: Files,
}

impl Directory {
    /// The remote in `root`, which need not exist yet.
    pub(super) fn new(config: RemoteConfig, root: PathBuf) -> Self {
        Self { config, files: Files::new(root) }
    }

    /// Does blocking file work off the async threads.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let files = self.files.clone();
        let result = match tokio::task::spawn_blocking(move || work(&files)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Fault::Cancelled),
        };
        result.map_err(|fault| fault.at(&self.config.name))
    }
}

#[async_trait::async_trait]
impl Remote for Directory {
    fn config(&self) -> &RemoteConfig {
        &self.config
    }

    async fn pods(&self) -> Result<Vec<PodName>, RemoteError> {
        self.blocking(|files| {
            if files.folder(&[])?.is_none() {
                return Err(Fault::failed(format!("there is no folder {}", files.root().display())));
            }
            let mut pods = Vec::new();
            for pod in files.names(&[PODS])?.iter().filter_map(|name| escape::pod(name)) {
                let commits = files.names(&[PODS, &escape::component(&pod), COMMITS])?;
                let any = publication::unnumbered(commits.iter().map(String::as_str), &[]);
                if !any.is_empty() || !version_numbers(files, &pod)?.is_empty() {
                    pods.push(pod);
                }
            }
            pods.sort();
            Ok(pods)
        })
        .await
    }

    async fn history(&self, pod: &PodName) -> Result<RemoteHistory, RemoteError> {
        let pod = pod.clone();
        self.blocking(move |files| {
            let mut versions = Vec::new();
            for number in version_numbers(files, &pod)? {
                let found = version(files, &pod, number)?;
                versions.extend(found.map(|RemoteCommit { digest, commit }| RemoteVersion { number, digest, commit }));
            }
            let names = files.names(&[PODS, &escape::component(&pod), COMMITS])?;
            let mut unnumbered = Vec::new();
            for digest in publication::unnumbered(names.iter().map(String::as_str), &versions) {
                unnumbered.push(commit(files, digest)?);
            }
            Ok(RemoteHistory::new(versions, unnumbered))
        })
        .await
    }

    async fn packs(&self, pod: &PodName, commit: &Digest) -> Result<Vec<(Digest, u64)>, RemoteError> {
        let (pod, commit) = (pod.clone(), *commit);
        self.blocking(move |files| {
            let folder = escape::component(&pod);
            let bytes = files.read(&[PODS, &folder, COMMITS], &commit.hex(), MAX_PUBLICATION_BYTES)?;
            read_publication(&commit, bytes.as_deref())
        })
        .await
    }

    async fn fetch_pack(
        &self,
        _pod: &PodName,
        pack: &(Digest, u64),
        to: &Path,
        events: &Events,
    ) -> Result<(), RemoteError> {
        let (pack, to, events) = (*pack, to.to_owned(), events.clone());
        self.blocking(move |files| {
            let (source, size) = files
                .open(BLOBS, &pack.0.hex())?
                .ok_or_else(|| Fault::hostile(format!("pack {} is missing", pack.0)))?;
            if size != pack.1 {
                let reason = format!("pack {} has {size} bytes instead of the {} announced", pack.0, pack.1);
                return Err(Fault::hostile(reason));
            }
            let mut target = std::fs::File::create(&to).map_err(|error| failed(&to, &error))?;
            copy(source, &mut target, &pack, &events)
        })
        .await
    }

    async fn read_pack(&self, _pod: &PodName, pack: &(Digest, u64), range: Range<u64>) -> Result<Bytes, RemoteError> {
        let name = pack.0;
        self.blocking(move |files| {
            let opened = files.open(BLOBS, &name.hex())?;
            let (mut source, _) = opened.ok_or_else(|| Fault::hostile(format!("pack {name} is missing")))?;
            let io = |error: std::io::Error| Fault::failed(format!("reading pack {name}: {error}"));
            source.seek(SeekFrom::Start(range.start)).map_err(io)?;
            let wanted = range.end.saturating_sub(range.start);
            let mut bytes = Vec::new();
            source.take(wanted).read_to_end(&mut bytes).map_err(io)?;
            whole_range(&name, wanted, bytes.into())
        })
        .await
    }

    async fn store_pack(
        &self,
        _pod: &PodName,
        pack: &(Digest, u64),
        from: &Path,
        _sisters: &[PodName],
        events: &Events,
    ) -> Result<(), RemoteError> {
        let (pack, from, events) = (*pack, from.to_owned(), events.clone());
        self.blocking(move |files| {
            let name = pack.0.hex();
            match files.open(BLOBS, &name)? {
                Some((_, size)) if size == pack.1 => return Ok(()),
                // Cut short by a failing disk or share: made good.
                Some(_) => files.remove(BLOBS, &name)?,
                None => files.sweep(),
            }
            let source = std::fs::File::open(&from).map_err(|error| failed(&from, &error))?;
            let mut file = files.temporary()?;
            copy(source, file.as_file_mut(), &pack, &events)?;
            files.appear(file, BLOBS, &name)?;
            Ok(())
        })
        .await
    }

    async fn publish(
        &self,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Option<RemoteCommit>, RemoteError> {
        let (bytes, digest) = (commit.to_bytes(), commit.digest());
        let publication = publication::publication(packs).map_err(|fault| fault.at(&self.config.name))?;
        let (folder, name) = (escape::component(pod), pod.clone());
        self.blocking(move |files| {
            files.create(BLOBS, &digest.hex(), &bytes)?;
            files.create(&[PODS, &folder, COMMITS], &digest.hex(), &publication)?;
            let Some(number) = number else { return Ok(None) };
            let claim = publication::claim(&digest);
            if files.create(&[PODS, &folder, VERSIONS], &number.to_string(), &claim)? {
                return Ok(None);
            }
            let vanished = || Fault::failed(format!("version {number} was deleted while being published"));
            let winner = version(files, &name, number)?.ok_or_else(vanished)?;
            Ok((winner.digest != digest).then_some(winner))
        })
        .await
    }

    async fn delete(&self, pod: &PodName) -> Result<(), RemoteError> {
        let pod = pod.clone();
        self.blocking(move |files| {
            let folder = escape::component(&pod);
            // Newest first: whoever looks meanwhile sees a shorter history, never one with a hole.
            for number in version_numbers(files, &pod)?.into_iter().rev() {
                files.remove(&[PODS, &folder, VERSIONS], &number.to_string())?;
            }
            for name in files.names(&[PODS, &folder, COMMITS])? {
                if let Ok(digest) = name.parse::<Digest>() {
                    files.remove(&[PODS, &folder, COMMITS], &digest.hex())?;
                }
            }
            for part in [VERSIONS, COMMITS] {
                files.remove_empty(&[PODS, &folder, part])?;
            }
            files.remove_empty(&[PODS, &folder])
        })
        .await
    }
}

/// The numbers claimed in a pod, ascending.
fn version_numbers(files: &Files, pod: &PodName) -> Result<Vec<u64>, Fault> {
    let names = files.names(&[PODS, &escape::component(pod), VERSIONS])?;
    Ok(publication::numbers(names.iter().map(String::as_str)))
}

/// The commit that is version `number`; None where nobody claimed it.
fn version(files: &Files, pod: &PodName, number: u64) -> Result<Option<RemoteCommit>, Fault> {
    let folder = escape::component(pod);
    let Some(claim) = files.read(&[PODS, &folder, VERSIONS], &number.to_string(), MAX_VERSION_BYTES)? else {
        return Ok(None);
    };
    commit(files, read_claim(pod, number, &claim)?).map(Some)
}

fn commit(files: &Files, digest: Digest) -> Result<RemoteCommit, Fault> {
    let bytes = files
        .read(BLOBS, &digest.hex(), MAX_COMMIT_BYTES)?
        .ok_or_else(|| Fault::hostile(format!("commit {digest} is missing")))?;
    super::read_commit(&digest, &bytes).map(|commit| RemoteCommit { digest, commit })
}

/// Copies a pack, checking it on the way.
fn copy(mut source: impl Read, target: &mut impl Write, pack: &(Digest, u64), events: &Events) -> Result<(), Fault> {
    let io = |error: std::io::Error| Fault::failed(format!("copying pack {}: {error}", pack.0));
    let mut verifier = Verifier::new(pack);
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        if events.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        let read = source.read(&mut buffer).map_err(io)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        verifier.update(bytes)?;
        target.write_all(bytes).map_err(io)?;
        events.progress(Progress { bytes: verifier.seen(), total_bytes: pack.1, ..Progress::default() });
    }
    verifier.finish()
}
