//! An immutable snapshot: who took it, from where, and the roots of its two trees.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Conflict, Digest, Salt, canonical_json};

/// The format of a commit. Raised when a reader of the old one would misread the new.
pub const COMMIT_FORMAT: u32 = 1;

/// The format of a commit with conflicts, which a reader of the first would take for a settled state.
const CONFLICTED_FORMAT: u32 = 2;

/// The format of a commit that may have markers in place of secrets, which a reader of the others would put into an
/// instance as values.
const WITHHELD_FORMAT: u32 = 3;

/// Who made a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Display name.
    pub name: String,
    /// May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.email.is_empty() { f.pad(&self.name) } else { f.pad(&format!("{} <{}>", self.name, self.email)) }
    }
}

/// The emulator a commit was taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceInfo {
    /// Its endpoint URL, without credentials.
    pub endpoint: String,
    /// `ministack`, `moto`, `localstack` or `unknown`.
    pub emulator: String,
    /// As the emulator reports it; may be empty.
    pub version: String,
}

/// How the capture of one resource type went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeOutcome {
    /// Everything listed was read.
    Complete,
    /// Something listed could not be read, or not completely.
    Partial,
    /// The emulator does not implement it: a normal outcome.
    NotImplemented,
    /// The emulator refused: a normal outcome.
    AccessDenied,
    /// Listing failed otherwise.
    Failed,
}

/// The capture report's line for one `service/type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeReport {
    /// Worst outcome over all accounts and regions.
    pub outcome: TypeOutcome,
    /// Documents captured.
    pub count: u64,
    /// Why not, and what cannot be read back; each a sentence for people, without duplicates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a capture could and could not read: by `service/type`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaptureReport {
    /// Keyed by `service/type`.
    pub types: BTreeMap<String, TypeReport>,
}

impl CaptureReport {
    /// Documents captured in all.
    pub fn total(&self) -> u64 {
        self.types.values().map(|line| line.count).sum()
    }

    /// Whether any type was not read although the emulator offers it.
    pub fn is_partial(&self) -> bool {
        self.types.values().any(|line| matches!(line.outcome, TypeOutcome::Partial | TypeOutcome::Failed))
    }
}

/// An immutable, content-addressed snapshot. Its digest is the sha256 of [`Commit::to_bytes`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// [`COMMIT_FORMAT`], or another where there are conflicts, or secrets left out.
    pub format: u32,
    /// None for the first of a pod, two for a merge.
    pub parents: Vec<Digest>,
    /// Root of the tree of [`super::Document`]s.
    pub state: Digest,
    /// Root of the tree of [`super::Observed`]s, under the same keys.
    pub observed: Digest,
    /// Documents in the state tree.
    pub resources: u64,
    /// May be empty.
    pub message: String,
    /// Who took it.
    pub author: Author,
    /// When, to the second.
    pub time: jiff::Timestamp,
    /// What it was taken from.
    pub instance: InstanceInfo,
    /// Services asked for; sorted. Empty means all in the catalog.
    pub services: Vec<String>,
    /// What could be read.
    pub report: CaptureReport,
    /// What a merge left unsettled, in key and path order. The state holds our side's values there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Set where [`super::Marker`]s may stand for secret values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// How secrets were left out of a version that was shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// What the fingerprints of the pod's secrets are made with.
    pub salt: Salt,
    /// By which rules: equal ones leave out the same.
    pub policy: Digest,
}

impl Commit {
    /// A commit of these trees by nobody at no time, of which all else is to be said: `Commit { …, ..Commit::bare(…) }`.
    pub fn bare(state: Digest, observed: Digest) -> Self {
        Self {
            format: COMMIT_FORMAT,
            parents: Vec::new(),
            state,
            observed,
            resources: 0,
            message: String::new(),
            author: Author::default(),
            time: jiff::Timestamp::UNIX_EPOCH,
            instance: InstanceInfo::default(),
            services: Vec::new(),
            report: CaptureReport::default(),
            conflicts: Vec::new(),
            withheld: None,
        }
    }

    /// The same commit with these conflicts, in the format that says so.
    pub fn with_conflicts(mut self, conflicts: Vec<Conflict>) -> Self {
        self.conflicts = conflicts;
        self.in_its_format()
    }

    /// The same commit, with or without secrets left out, in the format that says so.
    pub fn with_withheld(mut self, withheld: Option<Withheld>) -> Self {
        self.withheld = withheld;
        self.in_its_format()
    }

    fn in_its_format(mut self) -> Self {
        self.format = self.own_format();
        self
    }

    fn own_format(&self) -> u32 {
        match (&self.withheld, self.conflicts.is_empty()) {
            (Some(_), _) => WITHHELD_FORMAT,
            (None, false) => CONFLICTED_FORMAT,
            (None, true) => COMMIT_FORMAT,
        }
    }

    /// The canonical bytes that are stored and hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// The commit's identity.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Reads [`Commit::to_bytes`] back.
    ///
    /// # Errors
    /// When the bytes are not JSON of this shape or carry a format this version does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CommitError> {
        let commit: Self = serde_json::from_slice(bytes)?;
        if commit.format == commit.own_format() {
            return Ok(commit);
        }
        Err(CommitError::Format { found: commit.format })
    }
}

/// Bytes that are not a commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Not JSON of the commit's shape.
    #[error("not a commit: {0}")]
    Shape(#[from] serde_json::Error),
    /// Written by a newer podex.
    #[error("commit format {found} is newer than this podex understands ({WITHHELD_FORMAT}): update podex")]
    Format {
        /// The format found.
        found: u32,
    },
}
