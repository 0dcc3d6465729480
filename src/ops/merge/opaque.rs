//! Merging LocalStack's own state. Nobody looks into its files, so all that a service has in an account and region is
//! one value: one side's files, whole.

use serde_json::Value;

use super::state::{Edit, MergedState, observed_of};
use crate::archive::{NATIVE_BLOB, NATIVE_KIND, NATIVE_WHOLE};
use crate::pod::{Conflict, Merge, ResourceKey, Side};
use crate::tree::Difference;

/// One file on the three sides, and what our side really has.
pub(super) struct File {
    pub(super) key: ResourceKey,
    pub(super) sides: Merge<Value>,
    pub(super) held: Option<Value>,
}

/// The files that differ of one service in one account and region, as far as they have been met.
#[derive(Default)]
pub(super) struct Unit(Vec<File>);

impl Unit {
    /// Whether a resource is merged this way.
    pub(super) fn takes(key: &ResourceKey) -> bool {
        key.kind == NATIVE_KIND
    }

    /// Whether a file belongs to these.
    pub(super) fn has(&self, key: &ResourceKey) -> bool {
        let place = |key: &ResourceKey| (key.account.clone(), key.region.clone(), key.service.clone());
        self.0.first().is_none_or(|first| Self::takes(key) && place(&first.key) == place(key))
    }

    /// Adds a file.
    pub(super) fn add(&mut self, file: File) {
        self.0.push(file);
    }

    /// Merges what was added, and is empty then.
    pub(super) fn merge(&mut self, prefer: Option<Side>, merged: &mut MergedState) {
        let files = std::mem::take(&mut self.0);
        let Some(first) = files.first() else { return };
        let same = files.iter().all(|file| file.sides.ours == file.sides.theirs);
        let unchanged = |side: Side| files.iter().all(|file| file.sides.side(side) == file.sides.side(Side::Base));
        let winner = if same || unchanged(Side::Theirs) {
            Side::Ours
        } else if unchanged(Side::Ours) {
            Side::Theirs
        } else if first.key.service == NATIVE_WHOLE {
            // It describes each side's own files: there is nothing to settle.
            merged.warnings.push(format!(
                "{}/{}: each side describes its own files; ours was kept. If the two are from different versions of LocalStack, it may refuse them together",
                first.key.service,
                first.key.label()
            ));
            Side::Ours
        } else {
            let conflicts = files.iter().filter_map(conflict);
            match prefer {
                Some(_) => merged.preferred.extend(conflicts),
                None => {
                    merged.conflicts.extend(conflicts);
                    let ResourceKey { account, region, service, .. } = &first.key;
                    merged.warnings.push(format!(
                        "{service} in {account}, {region}: both sides changed LocalStack's own state of it; take one side for all of its files"
                    ));
                }
            }
            prefer.unwrap_or(Side::Ours)
        };
        for file in files {
            let mut after = file.sides.side(winner).cloned();
            if prefer.is_none() && merged.conflicts.iter().any(|conflict| conflict.key == file.key) {
                // As with everything in conflict: what one side deleted stays until that is settled.
                after = after.or_else(|| file.sides.theirs.clone());
            }
            if after != file.held {
                let observed = observed_of(&file.sides, file.held.as_ref(), after.as_ref());
                let difference = Difference { key: file.key, before: file.held, after };
                merged.edits.push(Edit { difference, observed });
            }
        }
    }
}

/// What is to be settled about a file, where the sides differ on it.
fn conflict(file: &File) -> Option<Conflict> {
    let File { key, sides, .. } = file;
    if sides.ours == sides.theirs {
        return None;
    }
    let content = |document: &Option<Value>| document.as_ref()?.pointer(&format!("/blobs/{NATIVE_BLOB}")).cloned();
    let (path, values) = if sides.ours.is_none() || sides.theirs.is_none() {
        (Vec::new(), sides.clone())
    } else {
        let values = Merge { base: content(&sides.base), ours: content(&sides.ours), theirs: content(&sides.theirs) };
        (vec!["blobs".to_owned(), NATIVE_BLOB.to_owned()], values)
    };
    Some(Conflict { key: key.clone(), path, values })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;

    use super::super::tests::{Work, pod};
    use super::super::*;
    use super::*;
    use crate::pod::{Document, Observed, TypeReport};

    /// Files as `service/name`, each with its content.
    type Files = BTreeMap<&'static str, &'static str>;

    fn commit(work: &Work, name: &str, files: &[(&'static str, &'static str)]) {
        let store = &work.context.store;
        let writer = store.writer().unwrap();
        for (file, content) in files {
            let service = file.split('/').next().unwrap();
            let mut blob = writer.blob().unwrap();
            blob.write_all(content.as_bytes()).unwrap();
            let blobs = [(NATIVE_BLOB.to_owned(), blob.finish().unwrap())].into();
            let key = ResourceKey::new("000000000000", "us-east-1", service, NATIVE_KIND, [*file]);
            writer.document(key, &Document { blobs, ..Document::default() }, &Observed::new()).unwrap();
        }
        let roots = writer.trees().unwrap();
        let parent = work.head(name);
        let line = TypeReport { outcome: TypeOutcome::Complete, count: 0, notes: Vec::new() };
        let commit = Commit {
            parents: parent.into_iter().collect(),
            resources: roots.resources,
            report: CaptureReport { types: [(format!("{NATIVE_WHOLE}/{NATIVE_KIND}"), line)].into() },
            ..Commit::bare(roots.state, roots.observed)
        };
        let digest = writer.finish(&commit).unwrap();
        store.publish(&pod(name), parent, digest).unwrap();
    }

    fn is(work: &Work, files: &[(&'static str, &'static str)]) {
        let head = Snapshot::load(&work.context.store, work.head("ours").unwrap()).unwrap();
        let found: BTreeMap<String, Digest> = head
            .state
            .entries()
            .map(Result::unwrap)
            .map(|(key, document)| {
                let document: Document = serde_json::from_value(document).unwrap();
                (key.own_name().to_owned(), document.blobs[NATIVE_BLOB].digest)
            })
            .collect();
        let wanted = files.iter().map(|(name, content)| ((*name).to_owned(), Digest::of(content.as_bytes())));
        assert_eq!(found, wanted.collect());
    }

    /// Two pods that begin with `base` and end with `ours` and `theirs`.
    fn parted(base: &Files, ours: &[(&'static str, &'static str)], theirs: &[(&'static str, &'static str)]) -> Work {
        let work = Work::new();
        let with = |changes: &[(&'static str, &'static str)]| {
            let mut files = base.clone();
            files.extend(changes.iter().copied());
            files.into_iter().filter(|(_, content)| !content.is_empty()).collect::<Vec<_>>()
        };
        commit(&work, "ours", &with(&[]));
        work.branch("ours", "theirs");
        commit(&work, "ours", &with(ours));
        commit(&work, "theirs", &with(theirs));
        work
    }

    const STORE: &str = "sqs/store.state";
    const BACKEND: &str = "sqs/backend.state";
    const BUCKETS: &str = "s3/store.state";

    fn base() -> Files {
        [(STORE, "1"), (BACKEND, "1"), (BUCKETS, "1")].into()
    }

    #[test]
    fn what_a_service_has_in_a_place_comes_from_one_side_whole() {
        let parted = || parted(&base(), &[(STORE, "2")], &[(BACKEND, "2"), (BUCKETS, "2")]);
        let work = parted();
        let outcome = work.merge("ours", "theirs", None).unwrap();
        let named: Vec<&str> = outcome.conflicts.iter().map(|conflict| conflict.key.own_name()).collect();
        assert_eq!(named, [BACKEND, STORE], "both files, though each was changed by one side alone");
        assert!(outcome.conflicts.iter().all(Conflict::is_blob) && outcome.warnings.len() == 1);
        is(&work, &[(STORE, "2"), (BACKEND, "1"), (BUCKETS, "2")]);
        for (side, expected) in [(Side::Ours, ["2", "1"]), (Side::Theirs, ["1", "2"])] {
            let work = parted();
            let outcome = work.merge("ours", "theirs", Some(side)).unwrap();
            assert_eq!((outcome.conflicts.len(), outcome.preferred.len()), (0, 2));
            is(&work, &[(STORE, expected[0]), (BACKEND, expected[1]), (BUCKETS, "2")]);
        }
    }

    #[test]
    fn what_one_side_alone_changed_or_removed_wins() {
        let work = parted(&base(), &[(BUCKETS, "")], &[(STORE, "2"), (BACKEND, "")]);
        assert_eq!(work.merge("ours", "theirs", None).unwrap().kind, MergeKind::Merged);
        is(&work, &[(STORE, "2")]);
    }

    #[test]
    fn the_description_of_the_whole_is_never_in_conflict() {
        const METADATA: &str = "localstack/metadata.yaml";
        let work = parted(&base(), &[(METADATA, "a"), (STORE, "2")], &[(METADATA, "b"), (BUCKETS, "2")]);
        let outcome = work.merge("ours", "theirs", None).unwrap();
        assert_eq!((outcome.kind, outcome.warnings.len()), (MergeKind::Merged, 1));
        is(&work, &[(METADATA, "a"), (STORE, "2"), (BACKEND, "1"), (BUCKETS, "2")]);
    }
}
