//! Which chunks something still needs: what garbage collection must keep.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::layout::file_names;
use super::packs::Wanted;
use super::reach::blobs_of;
use super::refs::{is_ref_name, read_ref};
use super::{OpRecord, Store, StoreError};
use crate::pod::{BlobRef, Digest, PodName};

/// How long the safety commit of an inject is kept for undo; the last one of each endpoint is kept for ever.
const SAFETY_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Two changes of a folder that are further apart have different times, on the coarsest file systems (FAT's two
/// seconds) too.
const MODIFIED_GRAIN: Duration = Duration::from_secs(3);

/// The pods' folders that were read, with the times of their last changes: of a million refs few change while the first
/// reading goes on, and the second one makes everybody wait.
#[derive(Default)]
pub(super) struct ReadFolders(HashMap<PodName, SystemTime>);

/// When a file or folder was changed, by the clock of the file system.
pub(super) fn modified(path: &Path) -> Result<SystemTime, StoreError> {
    std::fs::metadata(path).and_then(|found| found.modified()).map_err(StoreError::io(path))
}

/// The commits that something names.
pub(super) struct Roots {
    /// Versions and tags: all they need must be there.
    pub(super) named: Vec<Digest>,
    /// Safety commits: kept as far as they are there.
    pub(super) safety: Vec<Digest>,
}

/// Everything found to be needed so far. Marking again adds only what is new since: chunks never change.
#[derive(Default)]
pub(super) struct Marks {
    /// Commits whose trees and blobs are marked.
    commits: HashSet<Digest>,
    /// Commit objects with their parents. The older ones may stand for themselves: they tell a pod's history.
    history: HashMap<Digest, Vec<Digest>>,
    state: HashSet<Digest>,
    observed: HashSet<Digest>,
    /// Blobs, their pieces, and the lists of these.
    data: HashSet<Digest>,
}

impl Marks {
    /// Whether the commit is needed, be it for its history alone.
    pub(super) fn has_commit(&self, commit: &Digest) -> bool {
        self.history.contains_key(commit)
    }

    /// Whether the chunk is needed.
    pub(super) fn contains(&self, chunk: &Digest) -> bool {
        self.history.contains_key(chunk)
            || [&self.data, &self.state, &self.observed].iter().any(|set| set.contains(chunk))
    }

    /// The commits at which a merge may begin although nothing names them: those of which two lines went on, and
    /// those that a merge joined, since their own lines may go on elsewhere.
    fn merge_bases(&self) -> Vec<Digest> {
        let mut bases = Vec::new();
        let mut seen = HashSet::new();
        for parents in self.history.values() {
            bases.extend(parents.iter().filter(|parent| !seen.insert(**parent) || parents.len() > 1).copied());
        }
        bases
    }
}

impl Store {
    /// Reads what names commits. A ref that cannot be read is an error: nobody knows what it keeps. Of pods whose folder
    /// is as it was when it was `read` before, nothing is given again.
    pub(super) fn roots(&self, read: &mut ReadFolders) -> Result<Roots, StoreError> {
        let layout = &self.inner.layout;
        let now = modified(layout.temporary()?.file.path())?;
        let mut named = Vec::new();
        for pod in self.pod_folders()? {
            let folder = layout.pod(&pod);
            // Before its files are read: what changes meanwhile is read again.
            let modified = match modified(&folder) {
                // Deleted or renamed since it was listed.
                Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => continue,
                modified => modified?,
            };
            if read.0.get(&pod) == Some(&modified) {
                continue;
            }
            for name in file_names(&folder)?.iter().filter(|name| is_ref_name(name)) {
                named.extend(read_ref(&folder.join(name))?);
            }
            if now.duration_since(modified).is_ok_and(|age| age > MODIFIED_GRAIN) {
                read.0.insert(pod, modified);
            }
        }
        Ok(Roots { named, safety: safety_commits(&self.operations()?, Timestamp::now()) })
    }

    /// Marks everything `commit` needs, and the commit objects of its ancestors as far as they are there.
    pub(super) fn mark(&self, digest: &Digest, marks: &mut Marks) -> Result<(), StoreError> {
        if marks.commits.contains(digest) {
            return Ok(());
        }
        let commit = self.commit(digest)?;
        let mut blobs = Vec::new();
        self.tree(commit.state).walk(&mut marks.state, &mut |key, value| {
            blobs.extend(blobs_of(key, value)?);
            Ok(())
        })?;
        self.tree(commit.observed).walk(&mut marks.observed, &mut |_, _| Ok(()))?;
        for blob in blobs {
            self.mark_blob(&blob, marks)?;
        }
        // A body in conflict is in the trees of the commits that were merged; it stays until that is resolved.
        for conflict in &commit.conflicts {
            for blob in blobs_in(&serde_json::to_value(conflict).unwrap_or_default()) {
                // The side it came from may have been another store's.
                let _ = self.mark_blob(&blob, marks);
            }
        }
        let mut ancestors = commit.parents.clone();
        marks.history.insert(*digest, commit.parents);
        while let Some(ancestor) = ancestors.pop() {
            if !marks.history.contains_key(&ancestor)
                && let Ok(commit) = self.commit(&ancestor)
            {
                ancestors.extend(&commit.parents);
                marks.history.insert(ancestor, commit.parents);
            }
        }
        marks.commits.insert(*digest);
        Ok(())
    }

    /// Marks everything of the commits at which a merge of what is marked so far may begin.
    pub(super) fn mark_merge_bases(&self, marks: &mut Marks) {
        for base in marks.merge_bases() {
            // Another store's, or collected before: what is not there cannot be kept.
            let _ = self.mark(&base, marks);
        }
    }

    /// Marks the published twins of what is marked so far: the next push builds on them, and sends what they lack.
    pub(super) fn mark_twins(&self, marks: &mut Marks) -> Result<(), StoreError> {
        let twins = self.twins()?;
        for local in marks.commits.iter().copied().collect::<Vec<_>>() {
            for published in twins.published(&local) {
                // What is not there is made again, or has been collected with the twin's own versions.
                let _ = self.mark(published, marks);
            }
        }
        for local in marks.history.keys().copied().collect::<Vec<_>>() {
            for published in twins.published(&local) {
                if let Ok(commit) = self.commit(published) {
                    marks.history.entry(*published).or_insert(commit.parents);
                }
            }
        }
        Ok(())
    }

    fn mark_blob(&self, blob: &BlobRef, marks: &mut Marks) -> Result<(), StoreError> {
        if marks.data.contains(&blob.digest) {
            return Ok(());
        }
        let packs = &self.inner.packs;
        if packs.locate(&blob.digest, Wanted::Content)?.is_empty() {
            let list = packs.pieces(&blob.digest)?.ok_or_else(|| packs.missing("blob", &blob.digest))?;
            for (piece, _) in list.pieces {
                if packs.locate(&piece, Wanted::Content)?.is_empty() {
                    return Err(packs.missing("blob piece", &piece));
                }
                marks.data.insert(piece);
            }
        }
        marks.data.insert(blob.digest);
        Ok(())
    }
}

/// Everything in a value that has the form of a blob's reference.
fn blobs_in(value: &Value) -> Vec<BlobRef> {
    match value {
        Value::Array(items) => items.iter().flat_map(blobs_in).collect(),
        Value::Object(members) => match serde_json::from_value(value.clone()) {
            Ok(blob) => vec![blob],
            Err(_) => members.values().flat_map(blobs_in).collect(),
        },
        _ => Vec::new(),
    }
}

/// The safety commits that undo may still ask for, of a log that is newest first.
fn safety_commits(records: &[OpRecord], now: Timestamp) -> Vec<Digest> {
    let mut endpoints = BTreeSet::new();
    let kept = records.iter().filter_map(|record| {
        let safety = record.safety?;
        let is_last = record.operation == "inject" && endpoints.insert(record.endpoint.as_deref());
        (is_last || now.duration_since(record.time) < SAFETY_KEPT).then_some(safety)
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_in_conflict_are_found_wherever_they_are() {
        let blob = BlobRef { digest: Digest::of(b"x"), size: 1 };
        let value = serde_json::json!({"path": ["blobs"], "ours": {"body": blob}, "theirs": [{"a": blob}, "text", 1]});
        assert_eq!(blobs_in(&value), [blob, blob]);
    }

    #[test]
    fn the_last_safety_commit_of_an_endpoint_is_kept_for_ever_and_older_ones_for_a_month() {
        let record = |day: i64, endpoint: &str, name: &str| OpRecord {
            time: Timestamp::from_second(day * 86_400).unwrap(),
            operation: "inject".to_owned(),
            pod: None,
            endpoint: Some(endpoint.to_owned()),
            commit: None,
            safety: Some(Digest::of(name.as_bytes())),
            summary: String::new(),
        };
        let log = [record(99, "a", "new"), record(80, "a", "recent"), record(50, "a", "old"), record(1, "b", "last")];
        let kept = safety_commits(&log, Timestamp::from_second(100 * 86_400).unwrap());
        assert_eq!(kept, ["new", "recent", "last"].map(|name| Digest::of(name.as_bytes())));
    }
}
