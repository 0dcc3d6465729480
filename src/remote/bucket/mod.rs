//! A bucket as a remote, on S3 or a store that speaks it; Google's and Azure's behind Cargo features.
//!
//! Its layout is [`publication`]'s. Objects appear whole or not at all, and the store creates a version's object
//! only where there is none, so of two people publishing the same version one wins. Keys are only ever made from
//! parsed digests, numbers and pod names.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::sync::OnceCell;

use super::fault::{Fault, cancellable, plain};
use super::location::Cloud;
use super::publication::{
    self, BLOBS, COMMITS, MAX_PUBLICATION_BYTES, MAX_VERSION_BYTES, PODS, VERSIONS, read_claim, read_publication,
};
use super::receiving::Receiving;
use super::verify::whole_range;
use super::{
    CredentialFiles, MAX_COMMIT_BYTES, Remote, RemoteCommit, RemoteConfig, RemoteError, RemoteHistory, RemoteVersion,
    escape, read_commit,
};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName};

mod cloud;
mod credentials;
mod http;
mod upload;

/// Small requests under way at a time.
const CONCURRENT_REQUESTS: usize = 16;

/// A remote in a bucket.
pub(super) struct Bucket {
    config: RemoteConfig,
    cloud: Cloud,
    name: String,
    root: Path,
    logins: CredentialFiles,
    store: OnceCell<Arc<dyn ObjectStore>>,
}

impl Bucket {
    /// The remote below `prefix` in the bucket `name`. Does not connect yet, nor look for credentials.
    pub(super) fn new(
        config: RemoteConfig,
        cloud: Cloud,
        name: String,
        prefix: &str,
        logins: CredentialFiles,
    ) -> Result<Self, RemoteError> {
        cloud::endpoint(&config, cloud).map_err(|fault| fault.at(&config.name))?;
        Ok(Self { root: Path::from(prefix), config, cloud, name, logins, store: OnceCell::new() })
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>, Fault> {
        let open = || async {
            let (config, cloud, name, logins) =
                (self.config.clone(), self.cloud, self.name.clone(), self.logins.clone());
            let opened = tokio::task::spawn_blocking(move || cloud::open(&config, cloud, &name, &logins)).await;
            opened.unwrap_or(Err(Fault::Cancelled))
        };
        self.store.get_or_try_init(open).await
    }

    fn key(&self, parts: &[&str]) -> Path {
        parts.iter().fold(self.root.clone(), |path, part| path.join(*part))
    }

    fn blob(&self, digest: &Digest) -> Path {
        let [first, second] = BLOBS else { return self.root.clone() };
        self.key(&[first, second, &digest.hex()])
    }

    fn of_pod(&self, pod: &PodName, what: &str, name: &str) -> Path {
        self.key(&[PODS, &escape::component(pod), what, name])
    }

    /// A small object's content; None where it is absent.
    async fn read(&self, key: &Path, limit: u64) -> Result<Option<Bytes>, Fault> {
        let found = match self.store().await?.get(key).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed(&error)),
        };
        if found.meta.size > limit {
            return Err(Fault::hostile(format!("the object {key} is larger than {limit} bytes")));
        }
        found.bytes().await.map(Some).map_err(|error| self.failed(&error))
    }

    /// Creates a small object, unless the key is taken. Says whether it was free.
    async fn create(&self, key: &Path, content: Vec<u8>) -> Result<bool, Fault> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store().await?.put_opts(key, content.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn remove(&self, key: &Path) -> Result<(), Fault> {
        match self.store().await?.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The last parts of the keys directly below a folder.
    async fn names(&self, folder: &Path) -> Result<Vec<String>, Fault> {
        let listed = self.store().await?.list_with_delimiter(Some(folder)).await;
        let listed = listed.map_err(|error| self.failed(&error))?;
        Ok(listed.objects.iter().filter_map(|object| object.location.filename().map(str::to_owned)).collect())
    }

    async fn list_pods(&self) -> Result<Vec<PodName>, Fault> {
        let folder = self.key(&[PODS]);
        let listed = self.store().await?.list_with_delimiter(Some(&folder)).await;
        let listed = listed.map_err(|error| self.failed(&error))?;
        let names = listed.common_prefixes.iter().filter_map(Path::filename);
        let pods: Vec<PodName> = names.filter_map(escape::pod).collect();
        // Some stores keep the empty folder of a deleted pod.
        let mut pods: Vec<PodName> = stream::iter(pods)
            .map(|pod| async move { Ok(self.has_commits(&pod).await?.then_some(pod)) })
            .buffer_unordered(CONCURRENT_REQUESTS)
            .try_filter_map(|pod| async move { Ok::<_, Fault>(pod) })
            .try_collect()
            .await?;
        pods.sort();
        Ok(pods)
    }

    /// Whether there is a commit, with a number or without.
    async fn has_commits(&self, pod: &PodName) -> Result<bool, Fault> {
        let is_number = |name: &str| !publication::numbers([name]).is_empty();
        let is_commit = |name: &str| !publication::unnumbered([name], &[]).is_empty();
        Ok(self.has_one(&self.versions_of(pod), is_number).await?
            || self.has_one(&self.commits_of(pod), is_commit).await?)
    }

    /// Whether a folder has an object of such a name.
    async fn has_one(&self, folder: &Path, is_one: impl Fn(&str) -> bool) -> Result<bool, Fault> {
        let mut keys = self.store().await?.list(Some(folder));
        while let Some(found) = keys.try_next().await.map_err(|error| self.failed(&error))? {
            if found.location.filename().is_some_and(&is_one) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn commits_of(&self, pod: &PodName) -> Path {
        self.key(&[PODS, &escape::component(pod), COMMITS])
    }

    fn versions_of(&self, pod: &PodName) -> Path {
        self.key(&[PODS, &escape::component(pod), VERSIONS])
    }

    async fn numbers(&self, pod: &PodName) -> Result<Vec<u64>, Fault> {
        Ok(publication::numbers(self.names(&self.versions_of(pod)).await?.iter().map(String::as_str)))
    }

    /// The commit that is version `number`; None where nobody claimed it.
    async fn version(&self, pod: &PodName, number: u64) -> Result<Option<RemoteCommit>, Fault> {
        let key = self.of_pod(pod, VERSIONS, &number.to_string());
        let Some(claim) = self.read(&key, MAX_VERSION_BYTES).await? else { return Ok(None) };
        self.commit(read_claim(pod, number, &claim)?).await.map(Some)
    }

    async fn commit(&self, digest: Digest) -> Result<RemoteCommit, Fault> {
        let bytes = self.read(&self.blob(&digest), MAX_COMMIT_BYTES).await?;
        let bytes = bytes.ok_or_else(|| Fault::hostile(format!("commit {digest} is missing")))?;
        read_commit(&digest, &bytes).map(|commit| RemoteCommit { digest, commit })
    }

    async fn read_history(&self, pod: &PodName) -> Result<RemoteHistory, Fault> {
        let versions: Vec<RemoteVersion> = stream::iter(self.numbers(pod).await?)
            .map(|number| async move {
                let found = self.version(pod, number).await?;
                let version = |RemoteCommit { digest, commit }| RemoteVersion { number, digest, commit };
                Ok::<_, Fault>(found.map(version))
            })
            .buffered(CONCURRENT_REQUESTS)
            .try_filter_map(|version| async move { Ok(version) })
            .try_collect()
            .await?;
        let names = self.names(&self.commits_of(pod)).await?;
        let unnumbered = stream::iter(publication::unnumbered(names.iter().map(String::as_str), &versions))
            .map(|digest| self.commit(digest))
            .buffer_unordered(CONCURRENT_REQUESTS)
            .try_collect()
            .await?;
        Ok(RemoteHistory::new(versions, unnumbered))
    }

    async fn download(&self, pack: &(Digest, u64), to: &FilePath, events: &Events) -> Result<(), Fault> {
        let found = match self.store().await?.get(&self.blob(&pack.0)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Fault::hostile(format!("pack {} is missing", pack.0)));
            }
            Err(error) => return Err(self.failed(&error)),
        };
        if found.meta.size != pack.1 {
            let reason = format!("pack {} has {} bytes instead of the {} announced", pack.0, found.meta.size, pack.1);
            return Err(Fault::hostile(reason));
        }
        let mut target = Receiving::create(pack, to, events).await?;
        // A connection that breaks is taken up again where it broke by the store's client.
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|error| self.failed(&error))? {
            target.push(piece).await?;
        }
        target.finish().await
    }

    async fn read_range(&self, pack: &Digest, range: Range<u64>) -> Result<Bytes, Fault> {
        let wanted = range.end.saturating_sub(range.start);
        match self.store().await?.get_range(&self.blob(pack), range).await {
            Ok(bytes) => whole_range(pack, wanted, bytes),
            Err(object_store::Error::NotFound { .. }) => Err(Fault::hostile(format!("pack {pack} is missing"))),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Publishes; gives the commit that has the version, where it is another.
    async fn claim(
        &self,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Option<RemoteCommit>, Fault> {
        let bytes = commit.to_bytes();
        let digest = Digest::of(&bytes);
        self.create(&self.blob(&digest), bytes).await?;
        self.create(&self.of_pod(pod, COMMITS, &digest.hex()), publication::publication(packs)?).await?;
        let Some(number) = number else { return Ok(None) };
        let key = self.of_pod(pod, VERSIONS, &number.to_string());
        if self.create(&key, publication::claim(&digest)).await? {
            return Ok(None);
        }
        let winner = self.version(pod, number).await?;
        let winner = winner.ok_or_else(|| Fault::failed(format!("version {number} vanished while being published")))?;
        // Our own claim, where its answer was lost and it was sent again.
        Ok((winner.digest != digest).then_some(winner))
    }

    async fn delete_pod(&self, pod: &PodName) -> Result<(), Fault> {
        // Newest first: whoever looks meanwhile sees a shorter history, never one with a hole.
        for number in self.numbers(pod).await?.into_iter().rev() {
            self.remove(&self.of_pod(pod, VERSIONS, &number.to_string())).await?;
        }
        let commits =
            self.names(&self.commits_of(pod)).await?.into_iter().filter_map(|name| name.parse::<Digest>().ok());
        stream::iter(commits)
            .map(|digest| async move { self.remove(&self.of_pod(pod, COMMITS, &digest.hex())).await })
            .buffer_unordered(CONCURRENT_REQUESTS)
            .try_collect()
            .await
    }

    /// What the store said, as a sentence.
    fn failed(&self, error: &object_store::Error) -> Fault {
        let said = plain(&super::client::deepest(error));
        let all = error.to_string();
        let says = |word: &str| all.contains(word) || said.contains(word);
        let refused = ["SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "403 Forbidden"];
        Fault::failed(match error {
            _ if says("NoSuchBucket") => format!("there is no bucket {}: make it first", self.name),
            _ if refused.iter().any(|word| says(word)) => self.refused(&said),
            object_store::Error::Unauthenticated { .. } | object_store::Error::PermissionDenied { .. } => {
                self.refused(&said)
            }
            _ => said,
        })
    }

    fn refused(&self, said: &str) -> String {
        let name = &self.name;
        format!(
            "bucket {name} does not allow this to the AWS credentials in use; another profile can be named with 'podex remote add --profile' ({said})"
        )
    }

    fn at<T>(&self, result: Result<T, Fault>) -> Result<T, RemoteError> {
        result.map_err(|fault| fault.at(&self.config.name))
    }
}

#[async_trait::async_trait]
impl Remote for Bucket {
    fn config(&self) -> &RemoteConfig {
        &self.config
    }

    async fn pods(&self) -> Result<Vec<PodName>, RemoteError> {
        self.at(self.list_pods().await)
    }

    async fn history(&self, pod: &PodName) -> Result<RemoteHistory, RemoteError> {
        self.at(self.read_history(pod).await)
    }

    async fn packs(&self, pod: &PodName, commit: &Digest) -> Result<Vec<(Digest, u64)>, RemoteError> {
        let bytes = self.read(&self.of_pod(pod, COMMITS, &commit.hex()), MAX_PUBLICATION_BYTES).await;
        self.at(bytes.and_then(|bytes| read_publication(commit, bytes.as_deref())))
    }

    async fn fetch_pack(
        &self,
        _pod: &PodName,
        pack: &(Digest, u64),
        to: &FilePath,
        events: &Events,
    ) -> Result<(), RemoteError> {
        self.at(cancellable(events, Fault::Cancelled, self.download(pack, to, events)).await)
    }

    async fn read_pack(&self, _pod: &PodName, pack: &(Digest, u64), range: Range<u64>) -> Result<Bytes, RemoteError> {
        self.at(self.read_range(&pack.0, range).await)
    }

    async fn store_pack(
        &self,
        _pod: &PodName,
        pack: &(Digest, u64),
        from: &FilePath,
        _sisters: &[PodName],
        events: &Events,
    ) -> Result<(), RemoteError> {
        self.at(self.upload(pack, from, events).await)
    }

    async fn publish(
        &self,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Option<RemoteCommit>, RemoteError> {
        self.at(self.claim(pod, number, commit, packs).await)
    }

    async fn delete(&self, pod: &PodName) -> Result<(), RemoteError> {
        self.at(self.delete_pod(pod).await)
    }
}
