//! The small files by which directories and buckets say what a commit brings and which commit a version is.
//!
//! ```text
//! <root>/blobs/sha256/<digest>           packs, and commit objects
//!        pods/<pod>/commits/<digest>     which packs the commit brings; written once everything it needs is there
//!        pods/<pod>/versions/<number>    which commit is that version; whoever creates the file has claimed it
//! ```
//! A commit without a version is one that is to be merged, or was. The same in both, so that a directory copied into a bucket is a remote there, and the other way round.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::RemoteVersion;
use super::fault::Fault;
use crate::pod::{Digest, PodName};

pub(super) const BLOBS: &[&str] = &["blobs", "sha256"];
pub(super) const PODS: &str = "pods";
pub(super) const COMMITS: &str = "commits";
pub(super) const VERSIONS: &str = "versions";

/// The only format of publication files there is so far.
const FORMAT: u32 = 1;

/// Longest publication file read: room for a hundred thousand packs.
pub(super) const MAX_PUBLICATION_BYTES: u64 = 16 * 1024 * 1024;

/// Longest version file read: a digest and some white space.
pub(super) const MAX_VERSION_BYTES: u64 = 128;

/// What a file in `commits/` says.
#[derive(Serialize, Deserialize)]
struct Publication {
    format: u32,
    packs: Vec<PackEntry>,
}

#[derive(Serialize, Deserialize)]
struct PackEntry {
    digest: Digest,
    size: u64,
}

/// The content of a file in `commits/`.
pub(super) fn publication(packs: &[(Digest, u64)]) -> Result<Vec<u8>, Fault> {
    let packs = packs.iter().map(|&(digest, size)| PackEntry { digest, size }).collect();
    serde_json::to_vec_pretty(&Publication { format: FORMAT, packs }).map_err(|error| Fault::failed(error.to_string()))
}

/// The packs that a file in `commits/` names.
pub(super) fn read_publication(commit: &Digest, bytes: Option<&[u8]>) -> Result<Vec<(Digest, u64)>, Fault> {
    let bytes = bytes.ok_or_else(|| Fault::hostile(format!("it does not say which packs commit {commit} needs")))?;
    let publication: Publication = serde_json::from_slice(bytes)
        .map_err(|error| Fault::hostile(format!("the list of packs of commit {commit}: {error}")))?;
    if publication.format != FORMAT {
        return Err(Fault::failed("it was written by a newer podex: update podex"));
    }
    Ok(publication.packs.into_iter().map(|pack| (pack.digest, pack.size)).collect())
}

/// The content of a file in `versions/`.
pub(super) fn claim(commit: &Digest) -> Vec<u8> {
    format!("{commit}\n").into_bytes()
}

/// The commit that a file in `versions/` names.
pub(super) fn read_claim(pod: &PodName, number: u64, bytes: &[u8]) -> Result<Digest, Fault> {
    let digest = std::str::from_utf8(bytes).ok().and_then(|text| text.trim_ascii().parse().ok());
    digest.ok_or_else(|| Fault::hostile(format!("version {number} of pod {pod} does not name a commit")))
}

/// The commits whose files are in `commits/`, but for those of versions.
pub(super) fn unnumbered<'a>(names: impl IntoIterator<Item = &'a str>, versions: &[RemoteVersion]) -> Vec<Digest> {
    let numbered: HashSet<Digest> = versions.iter().map(|version| version.digest).collect();
    let commit = |name: &str| name.parse().ok().filter(|digest: &Digest| digest.hex() == name);
    names.into_iter().filter_map(commit).filter(|digest| !numbered.contains(digest)).collect()
}

/// The numbers that are names of files in `versions/`, ascending.
pub(super) fn numbers<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<u64> {
    let number = |name: &str| name.parse().ok().filter(|number: &u64| number.to_string() == name);
    let mut numbers: Vec<u64> = names.into_iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}
