//! People with stores of their own, and the places where they share pods.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use podex::event::Events;
use podex::pod::{Author, Commit, Digest, Document, Observed, PodName, ResourceKey};
use podex::remote::{CredentialFiles, Remote, RemoteConfig, open_with};
use podex::store::{FsckLevel, Store, StoreError, Writer};
use serde_json::json;
use tempfile::TempDir;

use super::support::{BucketStore, Podex, Registry, RegistryOptions, bucket_store, registry_with};

/// Bytes of a body that nobody wants to download in vain.
pub const LARGE: usize = 2_000_000;

/// Somebody with a store.
pub struct Person {
    name: &'static str,
    folder: TempDir,
    pub store: Store,
}

impl Person {
    pub fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        Self { name, folder, store }
    }

    /// Makes the next version of `pod`: a body of its own, and `more` bytes that compress to nothing less.
    pub fn commit_sized(&self, pod: &PodName, message: &str, more: usize) -> Digest {
        let parents = self.versions(pod).last().copied().into_iter().collect();
        self.commit_onto(pod, parents, message, more)
    }

    /// Makes the next version of `pod`, which joins `theirs` to it.
    pub fn join(&self, pod: &PodName, theirs: Digest) -> Digest {
        let parents = self.versions(pod).last().copied().into_iter().chain([theirs]).collect();
        self.commit_onto(pod, parents, "joined", 1000)
    }

    fn commit_onto(&self, pod: &PodName, parents: Vec<Digest>, message: &str, more: usize) -> Digest {
        let writer = self.store.writer().unwrap();
        for number in 0..50 {
            let document = Document::from_value(json!({ "Number": number }));
            writer.document(key(&number.to_string()), &document, &Observed::new()).unwrap();
        }
        let mut blob = writer.blob().unwrap();
        blob.write_all(format!("{}: {message}", self.name).as_bytes()).unwrap();
        blob.write_all(&noise(message, more)).unwrap();
        let blobs = [("body".to_owned(), blob.finish().unwrap())].into();
        writer.document(key("body"), &Document { blobs, ..Document::default() }, &Observed::new()).unwrap();
        self.finish(writer, pod, parents, message)
    }

    fn finish(&self, writer: Writer, pod: &PodName, parents: Vec<Digest>, message: &str) -> Digest {
        let trees = writer.trees().unwrap();
        let commit = Commit {
            parents: parents.clone(),
            resources: trees.resources,
            message: message.to_owned(),
            author: Author { name: self.name.to_owned(), email: String::new() },
            ..Commit::bare(trees.state, trees.observed)
        };
        let digest = writer.finish(&commit).unwrap();
        self.store.publish(pod, parents.first().copied(), digest).unwrap();
        digest
    }

    /// Makes the next version of `pod`: `count` documents, of which those whose number `changed` can divide say
    /// `message`, and a body that is large.
    pub fn commit_many(&self, pod: &PodName, message: &str, count: u32, changed: u32) -> Digest {
        let parents: Vec<Digest> = self.versions(pod).last().copied().into_iter().collect();
        let writer = self.store.writer().unwrap();
        for number in 0..count {
            let said = if number % changed == 1 { message } else { "" };
            let document =
                Document::from_value(json!({ "Said": said, "Noise": Digest::of(&number.to_le_bytes()).hex() }));
            writer.document(key(&format!("{number:06}")), &document, &Observed::new()).unwrap();
        }
        let mut blob = writer.blob().unwrap();
        blob.write_all(&noise(message, LARGE)).unwrap();
        let blobs = [("body".to_owned(), blob.finish().unwrap())].into();
        writer.document(key("body"), &Document { blobs, ..Document::default() }, &Observed::new()).unwrap();
        self.finish(writer, pod, parents, message)
    }

    /// Makes the next version of `pod`.
    pub fn commit(&self, pod: &PodName, message: &str) -> Digest {
        self.commit_sized(pod, message, 1000)
    }

    /// The commits of the local pod; none where it does not exist.
    pub fn versions(&self, pod: &PodName) -> Vec<Digest> {
        match self.store.versions(pod) {
            Ok(versions) => versions.into_iter().map(|version| version.commit).collect(),
            Err(StoreError::UnknownPod { .. }) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Everything of the commit can be read, and nothing in the store is damaged.
    pub fn has_whole(&self, commit: &Digest) {
        for chunk in self.store.chunks_between(commit, &[]).unwrap() {
            assert!(self.store.has_chunk(&chunk).unwrap(), "{chunk}");
        }
        assert_eq!(self.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    }

    /// Files in the store's temporary folder, once whatever still writes there has come to its end: a transfer that
    /// failed does not wait for the threads that took in its other packs.
    pub fn temporary_files(&self) -> usize {
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
        let begin = std::time::Instant::now();
        loop {
            let count = std::fs::read_dir(self.folder.path().join("store/tmp")).unwrap().count();
            if count == 0 || begin.elapsed() > PATIENCE {
                return count;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

fn key(id: &str) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["b".to_owned(), id.to_owned()])
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut block = Digest::of(seed.as_bytes());
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        bytes.extend(block.as_bytes());
        block = Digest::of(block.as_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A place where pods are shared, fresh and empty.
pub enum Place {
    /// A folder.
    Directory(TempDir),
    /// A real registry.
    Registry {
        /// The server.
        registry: Registry,
        /// How it was started.
        options: RegistryOptions,
        /// Where the docker config with the password is.
        docker: TempDir,
    },
    /// A bucket of a real store that speaks S3.
    Bucket(BucketStore),
}

impl Place {
    pub fn directory() -> Option<Self> {
        Some(Self::Directory(tempfile::tempdir().unwrap()))
    }

    pub fn registry(options: RegistryOptions) -> Option<Self> {
        let registry = registry_with(options)?;
        let docker = tempfile::tempdir().unwrap();
        let place = Self::Registry { registry, options, docker };
        place.login(Registry::USER, Registry::PASSWORD);
        Some(place)
    }

    pub fn bucket() -> Option<Self> {
        bucket_store().map(Self::Bucket)
    }

    /// Keeps a user and password for the registry as `docker login` does.
    pub fn login(&self, user: &str, password: &str) {
        let Self::Registry { registry, .. } = self else { return };
        self.login_at(&registry.host(), user, password);
    }

    /// The same for the address of a proxy before it.
    pub fn login_at(&self, host: &str, user: &str, password: &str) {
        let Self::Registry { docker, .. } = self else { return };
        let config = json!({"auths": {host: {"username": user, "password": password}}});
        std::fs::write(docker.path().join("config.json"), config.to_string()).unwrap();
    }

    pub fn config(&self) -> RemoteConfig {
        let name = "team".parse().unwrap();
        match self {
            Self::Directory(folder) => RemoteConfig::new(name, format!("file://{}/share", folder.path().display())),
            Self::Bucket(store) => RemoteConfig {
                s3_endpoint: Some(store.endpoint()),
                profile: Some("team".to_owned()),
                ..RemoteConfig::new(name, format!("s3://{}/some/pods", BucketStore::BUCKET))
            },
            Self::Registry { registry, options, .. } => {
                let ca_file = options.tls.then(|| registry.ca_file());
                RemoteConfig { ca_file, ..RemoteConfig::new(name, registry.url("team/pods")) }
            }
        }
    }

    pub fn remote(&self) -> Box<dyn Remote> {
        self.remote_with(&self.config())
    }

    pub fn remote_with(&self, config: &RemoteConfig) -> Box<dyn Remote> {
        let logins = match self {
            Self::Directory(_) => CredentialFiles::default(),
            Self::Registry { docker, .. } => CredentialFiles::new(vec![docker.path().join("config.json")], Vec::new()),
            Self::Bucket(store) => CredentialFiles::new(Vec::new(), vec![store.credentials()]),
        };
        open_with(config, logins).unwrap()
    }

    /// Somebody at the command line who has the logins for the place.
    pub fn podex(&self, author: &str) -> Podex {
        let podex = Podex::new(author);
        match self {
            Self::Directory(_) => podex,
            Self::Registry { docker, .. } => podex.with("DOCKER_CONFIG", &docker.path().to_string_lossy()),
            Self::Bucket(store) => podex.with("AWS_SHARED_CREDENTIALS_FILE", &store.credentials().to_string_lossy()),
        }
    }

    /// The command that makes the place known as the remote `team`.
    pub fn remote_add(&self) -> Vec<String> {
        let RemoteConfig { name, url, ca_file, s3_endpoint, profile, .. } = self.config();
        let ca_file = ca_file.map(|file| file.to_string_lossy().into_owned());
        let options = [("--ca-file", ca_file), ("--s3-endpoint", s3_endpoint), ("--profile", profile)];
        let options = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).flatten();
        ["remote", "add", name.as_str(), &url].map(str::to_owned).into_iter().chain(options).collect()
    }

    /// What the place keeps of a pack or commit.
    pub fn bytes_of(&self, digest: &Digest) -> Vec<u8> {
        match self {
            Self::Bucket(store) => store.raw(&format!("some/pods/blobs/sha256/{}", digest.hex())).expect("it is there"),
            _ => std::fs::read(self.file_of(digest)).unwrap(),
        }
    }

    /// The folder in which a directory remote has its own, `share`.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Directory(folder) => folder.path(),
            Self::Registry { registry, .. } => registry.folder(),
            Self::Bucket(store) => store.folder(),
        }
    }

    /// Changes the bytes that the place keeps of a pack or commit; None removes them.
    pub fn harm(&self, digest: &Digest, harm: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
        if let Self::Bucket(store) = self {
            let key = format!("some/pods/blobs/sha256/{}", digest.hex());
            match harm(store.raw(&key).expect("it is there")) {
                Some(bytes) => store.put_raw(&key, &bytes),
                None => store.remove_raw(&key),
            }
            return;
        }
        let file = self.file_of(digest);
        match harm(std::fs::read(&file).unwrap()) {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }

    /// Takes a version away from the place, as its owner or a clean-up there may; the commit stays.
    pub fn forget_version(&self, pod: &str, number: u64) {
        match self {
            Self::Directory(folder) => {
                std::fs::remove_file(folder.path().join(format!("share/pods/{pod}/versions/{number}"))).unwrap();
            }
            Self::Registry { registry, .. } => {
                let tags = format!("data/docker/registry/v2/repositories/team/pods/{pod}/_manifests/tags");
                let of_version = |name: &str| name.split('.').next() == Some(&format!("v{number}"));
                for entry in std::fs::read_dir(registry.folder().join(tags)).unwrap().flatten() {
                    if entry.file_name().to_str().is_some_and(of_version) {
                        std::fs::remove_dir_all(entry.path()).unwrap();
                    }
                }
            }
            Self::Bucket(store) => store.remove_raw(&format!("some/pods/pods/{pod}/versions/{number}")),
        }
    }

    /// The file in which a directory or registry keeps a pack or commit.
    pub fn file_of(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        match self {
            Self::Directory(folder) => folder.path().join("share/blobs/sha256").join(hex),
            Self::Registry { registry, .. } => {
                let blobs = registry.folder().join("data/docker/registry/v2/blobs/sha256");
                blobs.join(&hex[..2]).join(hex).join("data")
            }
            Self::Bucket(_) => panic!("a bucket keeps no files of its own"),
        }
    }
}

/// Keeps what is warned of.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub fn events(&self) -> Events {
        let told = self.0.clone();
        let report = move |event| {
            if let podex::event::Event::Warning(text) = event {
                told.lock().unwrap().push(text);
            }
        };
        Events::new(report, tokio_util::sync::CancellationToken::new())
    }

    pub fn warnings(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// An [`Events`] that cancels itself once `bytes` have been reported.
pub fn cancelled_after(bytes: u64) -> Events {
    let token = tokio_util::sync::CancellationToken::new();
    let cancel = token.clone();
    let report = move |event| {
        if let podex::event::Event::Progress(progress) = event
            && progress.bytes >= bytes
        {
            cancel.cancel();
        }
    };
    Events::new(report, token)
}
