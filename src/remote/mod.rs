//! Where pods are shared: an OCI registry, a bucket or a directory, behind one trait; and the transfer to and from
//! them.

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::event::Events;
use crate::pod::{Commit, Digest, PodName, RemoteName};
use crate::store::StoreError;

mod border;
mod bucket;
mod client;
mod directory;
mod escape;
mod fault;
mod history;
mod location;
mod meter;
mod oci;
mod publication;
mod receiving;
mod transfer;
mod trees;
mod verify;

pub use border::{Border, NoBorder};
use fault::{Fault, plain};
pub use history::{RemoteCommit, RemoteHistory, RemoteVersion};
use location::Location;
pub use oci::CredentialFiles;
pub use transfer::{fetch, history, pull, pull_through, push, push_through};
pub use trees::{RemoteTrees, trees};

/// Longest commit object read from a remote: its capture report has a few lines for each resource type.
const MAX_COMMIT_BYTES: u64 = 16 * 1024 * 1024;

/// A configured remote. The URL never holds credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteConfig {
    /// Its name.
    pub name: RemoteName,
    /// `file:///dir`, `oci://host[:port]/path` or `s3://bucket[/prefix]`.
    #[serde(deserialize_with = "location::without_password")]
    pub url: String,
    /// A PEM file with the certificate authority of a private registry or store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The address of a store that speaks S3 but is not AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_endpoint: Option<String>,
    /// The region of a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_region: Option<String>,
    /// The AWS profile whose credentials open a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What becomes of secrets on their way there. None: they are encrypted where there are recipients, else redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SecretsMode>,
    /// Whom secrets are encrypted to: public keys, `age1…`, `ssh-ed25519 …` or `ssh-rsa …`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
}

/// What becomes of the secret values of a pod that is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SecretsMode {
    /// A marker takes their place.
    Redact,
    /// A marker that the recipients of the remote can open takes their place.
    Encrypt,
    /// They are shared as they are.
    Include,
}

impl RemoteConfig {
    /// A remote of which nothing but the address needs to be said.
    pub fn new(name: RemoteName, url: impl Into<String>) -> Self {
        let (ca_file, s3_endpoint, s3_region, profile, secrets) = Default::default();
        Self { name, url: url.into(), ca_file, s3_endpoint, s3_region, profile, secrets, recipients: Vec::new() }
    }

    /// What becomes of secrets on their way there.
    pub fn secrets_mode(&self) -> SecretsMode {
        let by_default = if self.recipients.is_empty() { SecretsMode::Redact } else { SecretsMode::Encrypt };
        self.secrets.unwrap_or(by_default)
    }
}

/// What went over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransferReport {
    /// Commits that were missing on the other side.
    pub commits: u64,
    /// Bytes moved.
    pub bytes: u64,
}

/// A failed remote operation. Neither side is left half-changed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL's scheme or form is not one podex knows.
    #[error("{url:?} is not a remote: {reason}; use oci://host/path, s3://bucket/prefix or file:///dir")]
    Url {
        /// Without any password.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The remote could not be reached or refused.
    #[error("remote {remote}: {reason}")]
    Failed {
        /// Its name.
        remote: RemoteName,
        /// What happened, and what to do.
        reason: String,
    },
    /// The remote has no such pod.
    #[error("remote {remote} has no pod {pod}{hint}")]
    UnknownPod {
        /// The remote.
        remote: RemoteName,
        /// The pod.
        pod: PodName,
        /// The nearest names.
        hint: String,
    },
    /// The remote has all of the local pod, and more: nothing was pushed.
    #[error(
        "pod {pod} on {remote} has moved on to {theirs:?} by {author}: run 'podex pull {remote}/{pod}', then push again"
    )]
    Behind {
        /// The remote.
        remote: RemoteName,
        /// The pod.
        pod: PodName,
        /// Its head there.
        theirs: Digest,
        /// Who made it.
        author: String,
    },
    /// The remote's history has commits the local one lacks, and the other way round: what was pushed is there
    /// without a number, beside the remote's versions.
    #[error(
        "pod {pod} on {remote} has moved on to {theirs:?} by {author}; yours is there beside it as {ours:?}: run 'podex merge {pod} {remote}/{pod}', then push again"
    )]
    Diverged {
        /// The remote.
        remote: RemoteName,
        /// The pod.
        pod: PodName,
        /// Its head there.
        theirs: Digest,
        /// Who made it.
        author: String,
        /// The local head, which is there, too.
        ours: Digest,
    },
    /// The local pod has commits the remote's lacks, and the other way round: nothing was pulled into it.
    #[error(
        "pod {pod} and {remote}/{pod} have both moved on since they parted: join them with 'podex merge {pod} {remote}/{pod}', or pull it under another name with --as NAME"
    )]
    BothMoved {
        /// The remote.
        remote: RemoteName,
        /// The pod.
        pod: PodName,
    },
    /// What the remote sent is not what it should be.
    #[error("remote {remote} sent damaged data: {reason}; nothing was taken in")]
    Hostile {
        /// The remote.
        remote: RemoteName,
        /// What is wrong.
        reason: String,
    },
    /// Secrets could not be left out or encrypted; nothing was pushed.
    #[error("secrets: {reason}")]
    Secrets {
        /// Why not, and what to do.
        reason: String,
    },
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// One remote, whatever kind it is.
#[async_trait::async_trait]
pub trait Remote: Send + Sync {
    /// Its configuration.
    fn config(&self) -> &RemoteConfig;
    /// Names of the pods it has, sorted.
    async fn pods(&self) -> Result<Vec<PodName>, RemoteError>;
    /// A pod's versions and the commits beside them, without downloading state. Empty where the pod is unknown.
    async fn history(&self, pod: &PodName) -> Result<RemoteHistory, RemoteError>;
    /// The packs (digest, size) that `commit` needs beyond its parents, as published with it.
    async fn packs(&self, pod: &PodName, commit: &Digest) -> Result<Vec<(Digest, u64)>, RemoteError>;
    /// Downloads one pack to a local file, verifying digest and size while it streams.
    async fn fetch_pack(
        &self,
        pod: &PodName,
        pack: &(Digest, u64),
        to: &std::path::Path,
        events: &Events,
    ) -> Result<(), RemoteError>;
    /// Some bytes of a pack, exactly as many as asked for. They are not verified: what is in them must be.
    async fn read_pack(&self, pod: &PodName, pack: &(Digest, u64), range: Range<u64>) -> Result<Bytes, RemoteError>;
    /// Uploads one pack. Already there is fine. Where pods do not share their packs, it is taken from one of `sisters`
    /// that has it, pods of the same remote. Stops by itself when cancelled, and cleans up: it is not to be dropped.
    async fn store_pack(
        &self,
        pod: &PodName,
        pack: &(Digest, u64),
        from: &std::path::Path,
        sisters: &[PodName],
        events: &Events,
    ) -> Result<(), RemoteError>;
    /// Publishes a commit whose packs are all there: under its own immutable name first, which always succeeds; then
    /// as version `number`, if any. Gives the commit that has that number, where it is another: this one is there
    /// without a number then.
    async fn publish(
        &self,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Option<RemoteCommit>, RemoteError>;
    /// Removes a pod and all its versions.
    async fn delete(&self, pod: &PodName) -> Result<(), RemoteError>;
}

/// Opens a configured remote. Does not connect yet.
pub fn open(config: &RemoteConfig) -> Result<Box<dyn Remote>, RemoteError> {
    open_with(config, CredentialFiles::of_user())
}

/// Like [`open`], with logins from other files than the user's.
pub fn open_with(config: &RemoteConfig, logins: CredentialFiles) -> Result<Box<dyn Remote>, RemoteError> {
    match Location::parse(&config.url)? {
        Location::Directory(root) => Ok(Box::new(directory::Directory::new(config.clone(), root))),
        Location::Oci { host, path } => Ok(Box::new(oci::Oci::new(config.clone(), host, path, logins)?)),
        Location::Bucket { cloud, name, prefix } => {
            Ok(Box::new(bucket::Bucket::new(config.clone(), cloud, name, &prefix, logins)?))
        }
    }
}

/// Hands a login for a registry to the credential helper that docker uses; gives the host it is for. Blocks.
pub fn login(config: &RemoteConfig, user: &str, password: &str) -> Result<String, RemoteError> {
    let failed = |reason: &str| RemoteError::Failed { remote: config.name.clone(), reason: reason.to_owned() };
    match Location::parse(&config.url)? {
        Location::Oci { host, .. } => {
            let kept = CredentialFiles::of_user().keep(&host, user, password);
            kept.map(|()| host).map_err(|fault| fault.at(&config.name))
        }
        Location::Bucket { .. } => {
            Err(failed("a bucket is opened by an AWS profile: run 'aws configure', or name one with --profile"))
        }
        Location::Directory(_) => Err(failed("a folder needs no login")),
    }
}

/// Reads a commit that a remote sent under `digest`.
fn read_commit(digest: &Digest, bytes: &[u8]) -> Result<Commit, Fault> {
    if Digest::of(bytes) != *digest {
        return Err(Fault::hostile(format!("the content of commit {digest} does not match its digest")));
    }
    Commit::from_bytes(bytes).map_err(|error| Fault::hostile(format!("commit {digest}: {}", plain(&error.to_string()))))
}
