//! States to import: what stands in for an emulator here, and takes no time to capture.

use std::io::Write;
use std::path::{Path, PathBuf};

use podex::archive::{Container, export};
use podex::event::Events;
use podex::pod::{Author, Commit, Digest, Document, Observed, ResourceKey};
use podex::store::Store;
use rand::rngs::StdRng;
use rand::{Rng, RngCore};
use serde_json::json;

/// Bytes of most bodies: one chunk, or less than a file system's block.
const SMALL: std::ops::Range<usize> = 1..200_000;
/// Bytes of the body of one file in eight: several chunks, and time to be killed in.
const LARGE: std::ops::Range<usize> = 2_000_000..6_000_000;

/// Writes so many files for `podex import` to `folder`.
pub fn files(folder: &Path, count: usize, random: &mut StdRng) -> Vec<PathBuf> {
    let store = Store::open(&folder.join("states")).unwrap();
    let write = |number: usize| {
        let writer = store.writer().unwrap();
        let key = |kind: (&str, &str), name: &str| {
            ResourceKey::new("000000000000", "us-east-1", kind.0, kind.1, name.split('/').map(str::to_owned))
        };
        for queue in 0..random.random_range(1..40) {
            let timeout = random.random_range(1..4).to_string();
            let document = Document::from_value(json!({"Attributes": {"VisibilityTimeout": timeout}}));
            writer.document(key(("sqs", "queue"), &format!("q{queue}")), &document, &Observed::new()).unwrap();
        }
        let length = random.random_range(if number % 8 == 7 { LARGE } else { SMALL });
        let mut body = vec![0; length];
        random.fill_bytes(&mut body);
        let mut blob = writer.blob().unwrap();
        blob.write_all(&body).unwrap();
        let mut document = Document::from_value(json!({}));
        document.blobs.insert("body".to_owned(), blob.finish().unwrap());
        writer.document(key(("s3", "bucket"), "b"), &Document::default(), &Observed::new()).unwrap();
        writer.document(key(("s3", "object"), "b/body"), &document, &Observed::new()).unwrap();
        let roots = writer.trees().unwrap();
        let commit = Commit {
            resources: roots.resources,
            message: format!("state {number}"),
            author: Author { name: "Alice".to_owned(), email: String::new() },
            time: "2026-01-02T03:04:05Z".parse().unwrap(),
            ..Commit::bare(roots.state, roots.observed)
        };
        writer.finish(&commit).unwrap();
        let file = folder.join(format!("state{number}.tar"));
        export(&store, None, &commit, Container::Tar, &file, &Events::silent()).unwrap();
        file
    };
    (0..count).map(write).collect()
}

/// A version that a command said it made: exit code 0, and this in its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The pod.
    pub pod: String,
    /// Its version.
    pub number: u64,
    /// The commit.
    pub commit: Digest,
}

impl Acknowledged {
    /// What a command printed, where it is whole and names a version.
    pub fn read(stdout: &str) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_str(stdout).ok()?;
        Some(Self {
            pod: json["pod"].as_str()?.to_owned(),
            number: json["version"].as_u64()?,
            commit: json["digest"].as_str()?.parse().ok()?,
        })
    }

    /// Panics unless the store has it, under its number.
    pub fn expect_in(&self, store: &Store) {
        let versions = store.versions(&self.pod.parse().unwrap()).unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let found = versions.iter().find(|version| version.number == self.number);
        assert_eq!(found.map(|version| version.commit), Some(self.commit), "{self:?} is not there");
    }
}
