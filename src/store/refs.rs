//! Pods and their versions: small files, written last, one for each version.
//!
//! Reading takes no lock. Whoever changes something holds `refs.lock`, so that of two who publish at once
//! one wins the number and the other learns that the head has moved.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::layout::file_names;
use super::packs::Wanted;
use super::{Store, StoreError, VersionEntry};
use crate::pod::{Commit, Digest, PodName, RemoteName, Selector, TagName, nearest};

/// Hexadecimal digits of the check that follows a digest in a ref.
const CHECK_DIGITS: usize = 8;
/// How the file names of deleted versions end.
pub(super) const DELETED: &str = ".deleted";
/// How the file names of tags begin.
pub(super) const TAG: &str = "tag.";

/// A ref's content: the digest, and the first digits of its text's own sha256, since any flipped bit in a
/// digest makes another well-formed digest.
pub(super) fn encode_ref(commit: &Digest) -> String {
    format!("{commit} {}\n", check_of(commit))
}

fn check_of(commit: &Digest) -> String {
    let mut check = Digest::of(commit.to_string().as_bytes()).hex();
    check.truncate(CHECK_DIGITS);
    check
}

/// Reads a ref file; None where there is none.
pub(super) fn read_ref(path: &Path) -> Result<Option<Digest>, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Io { path: path.to_owned(), source }),
    };
    let commit = decode_ref(&bytes);
    let damaged = || StoreError::corrupt(path, "it does not hold a commit's digest with its check");
    commit.ok_or_else(damaged).map(Some)
}

/// Reads [`encode_ref`] back; None where anything is off.
pub(super) fn decode_ref(bytes: &[u8]) -> Option<Digest> {
    let commit = std::str::from_utf8(bytes).ok()?.split(' ').next()?.parse::<Digest>().ok()?;
    (encode_ref(&commit).as_bytes() == bytes).then_some(commit)
}

/// Whether a file of a pod's folder holds a ref.
pub(super) fn is_ref_name(name: &str) -> bool {
    version_number(name).is_some() || tag_name(name).is_some()
}

/// The number of a deleted version, whose file is kept under another name so that its number is not given again.
pub(super) fn deleted_number(name: &str) -> Option<u64> {
    name.strip_suffix(DELETED).and_then(version_number)
}

/// The tag whose file this is.
pub(super) fn tag_name(name: &str) -> Option<TagName> {
    name.strip_prefix(TAG)?.parse().ok()
}

/// The number a version's file name stands for, in its only spelling.
pub(super) fn version_number(name: &str) -> Option<u64> {
    name.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == name)
}

impl Store {
    /// All pods, by name. A pod whose refs cannot be read is left out here and named by [`Store::fsck`].
    pub fn pods(&self) -> Result<Vec<PodName>, StoreError> {
        let mut pods = self.pod_folders()?;
        // Hundreds of versions of thousands of pods are too much to read for a list of names.
        pods.retain(|pod| self.read_head(pod).is_ok_and(|head| head.is_some()));
        Ok(pods)
    }

    /// The names under refs/ that may be pods, sorted.
    pub(super) fn pod_folders(&self) -> Result<Vec<PodName>, StoreError> {
        let folder = self.inner.layout.refs();
        let mut pods = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let name = entry.map_err(StoreError::io(&folder))?.file_name();
            pods.extend(name.to_str().and_then(|name| name.parse::<PodName>().ok()));
        }
        pods.sort_unstable();
        Ok(pods)
    }

    /// A pod's versions, oldest first. [`StoreError::UnknownPod`] (with the nearest names) where there is none.
    pub fn versions(&self, pod: &PodName) -> Result<Vec<VersionEntry>, StoreError> {
        let versions = self.read_versions(pod)?;
        if versions.is_empty() { Err(self.unknown_pod(pod)) } else { Ok(versions) }
    }

    fn unknown_pod(&self, pod: &PodName) -> StoreError {
        let pods = self.pods().unwrap_or_default();
        StoreError::UnknownPod { pod: pod.clone(), nearest: nearest(pod.as_str(), pods.iter().map(PodName::as_str)) }
    }

    /// A pod's newest version, and how many it has. Reads no more than that one.
    pub fn head(&self, pod: &PodName) -> Result<(VersionEntry, u64), StoreError> {
        self.read_head(pod)?.ok_or_else(|| self.unknown_pod(pod))
    }

    pub(super) fn read_head(&self, pod: &PodName) -> Result<Option<(VersionEntry, u64)>, StoreError> {
        let folder = self.inner.layout.pod(pod);
        let names = file_names(&folder)?;
        let numbers = || names.iter().filter_map(|name| version_number(name));
        let Some(number) = numbers().max() else { return Ok(None) };
        // A file that is gone again means that the pod was deleted or renamed this moment.
        let commit = read_ref(&folder.join(number.to_string()))?;
        Ok(commit.map(|commit| (VersionEntry { number, commit }, numbers().count() as u64)))
    }

    /// A pod's versions, oldest first; none where there is no such pod.
    fn read_versions(&self, pod: &PodName) -> Result<Vec<VersionEntry>, StoreError> {
        let folder = self.inner.layout.pod(pod);
        let mut versions = Vec::new();
        for name in file_names(&folder)? {
            let Some(number) = version_number(&name) else { continue };
            // A file that is gone again was deleted this moment, or its pod deleted or renamed.
            let commit = read_ref(&folder.join(name))?;
            versions.extend(commit.map(|commit| VersionEntry { number, commit }));
        }
        versions.sort_unstable_by_key(|version| version.number);
        Ok(versions)
    }

    /// Finds one version of a pod. Unknown ones are errors that name what there is.
    pub fn resolve(&self, pod: &PodName, selector: &Selector) -> Result<VersionEntry, StoreError> {
        match selector {
            Selector::Head => return Ok(self.head(pod)?.0),
            Selector::Version(number) => {
                if let Some(commit) = read_ref(&self.inner.layout.pod(pod).join(number.to_string()))? {
                    return Ok(VersionEntry { number: *number, commit });
                }
            }
            Selector::Tag(_) | Selector::Revision(_) => {}
        }
        let versions = self.versions(pod)?;
        let unknown = |wanted: String| {
            let have = match (versions.first(), versions.last()) {
                (Some(first), Some(last)) if first != last => {
                    format!("versions {} to {}", first.number, last.number)
                }
                (Some(only), _) => format!("version {} only", only.number),
                _ => "no versions".to_owned(),
            };
            StoreError::UnknownVersion { pod: pod.clone(), wanted, have }
        };
        match selector {
            Selector::Head => versions.last().copied().ok_or_else(|| self.unknown_pod(pod)),
            Selector::Version(number) => Err(unknown(format!("version {number}"))),
            Selector::Tag(tag) => {
                let wanted = || unknown(format!("tag {tag}"));
                let commit = read_ref(&self.tag_path(pod, tag))?.ok_or_else(wanted)?;
                versions.iter().rev().find(|version| version.commit == commit).copied().ok_or_else(wanted)
            }
            Selector::Revision(revision) => {
                let mut matching = versions.iter().rev().filter(|version| version.commit.hex().starts_with(revision));
                let found = *matching.next().ok_or_else(|| unknown(format!("revision {revision}")))?;
                // The same commit may be there under two numbers; that is not ambiguous.
                if matching.any(|other| other.commit != found.commit) {
                    return Err(StoreError::AmbiguousRevision { pod: pod.clone(), revision: revision.clone() });
                }
                Ok(found)
            }
        }
    }

    /// Makes `commit` (already written) the pod's next version. `parent` is the head it was made on; when the
    /// head has moved since, [`StoreError::HeadMoved`] and nothing changes. Creates the pod if need be.
    pub fn publish(&self, pod: &PodName, parent: Option<Digest>, commit: Digest) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let _refs = layout.lock_refs()?;
        if self.inner.packs.locate(&commit, Wanted::Content)?.is_empty() {
            return Err(self.inner.packs.missing("commit", &commit));
        }
        let head = self.head_commit(pod)?;
        if head != parent {
            return Err(StoreError::HeadMoved { pod: pod.clone(), head });
        }
        self.append_version(pod, head, commit)
    }

    /// Writes `commit`, whose trees are in the store, as a child of whatever the pod's head is, and makes it the next
    /// version: for what does not depend on the head. However many do so at once, each succeeds at its
    /// first attempt, where the file system knows locks.
    pub fn publish_on_head(&self, pod: &PodName, commit: &mut Commit) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let _refs = layout.lock_refs()?;
        let head = self.head_commit(pod)?;
        commit.parents = head.into_iter().collect();
        let digest = self.writer()?.finish(commit)?;
        self.append_version(pod, head, digest)
    }

    fn head_commit(&self, pod: &PodName) -> Result<Option<Digest>, StoreError> {
        Ok(self.read_head(pod)?.map(|(head, _)| head.commit))
    }

    /// Gives `commit` the pod's next number. The caller holds both locks, and `head` is the pod's newest commit.
    fn append_version(&self, pod: &PodName, head: Option<Digest>, commit: Digest) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let folder = layout.pod(pod);
        let given = file_names(&folder)?.iter().filter_map(|name| version_number(name).or(deleted_number(name))).max();
        let number = given.unwrap_or(0) + 1;
        // The packs it needs may be somebody else's, who has moved them there but not yet made their names last.
        layout.sync_packs()?;
        // Before anything is in it: where there is a version, the name of the pod's folder lasts.
        if head.is_none() {
            layout.make_folder(&folder)?;
            layout.sync_parent(&folder)?;
        }
        let path = folder.join(number.to_string());
        let mut file = layout.temporary()?;
        file.write_all(encode_ref(&commit).as_bytes()).map_err(StoreError::io(&path))?;
        // The lock has decided; not overwriting guards against a file system that ignores it.
        if !layout.persist_new(file.file, &path)? {
            return Err(StoreError::HeadMoved { pod: pod.clone(), head: self.head_commit(pod).ok().flatten() });
        }
        Ok(VersionEntry { number, commit })
    }

    /// Renames a pod with all its versions. Refused where the new name is taken.
    pub fn rename(&self, from: &PodName, to: &PodName) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        let _refs = layout.lock_refs()?;
        self.read_head(from)?.ok_or_else(|| self.unknown_pod(from))?;
        // A pod that cannot be read is there as well.
        if !self.read_versions(to).is_ok_and(|versions| versions.is_empty()) {
            return Err(StoreError::PodExists { pod: to.clone() });
        }
        let (old, new) = (layout.pod(from), layout.pod(to));
        // An empty folder is what a process that died between two steps of publish() leaves.
        if new.is_dir() {
            layout.remove_folder(&new)?;
        }
        layout.rename(&old, &new)?;
        layout.sync_parent(&new)
    }

    /// Forgets a pod (its data stays until gc). Works on damaged ones too.
    pub fn delete(&self, pod: &PodName) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let _refs = layout.lock_refs()?;
        if self.read_versions(pod).is_ok_and(|versions| versions.is_empty()) {
            return Err(self.unknown_pod(pod));
        }
        let folder = layout.pod(pod);
        // Out of sight in one step; the files are removed when the temporary folder goes.
        let tmp = layout.tmp();
        let grave = tempfile::tempdir_in(&tmp).map_err(StoreError::io(&tmp))?;
        layout.rename(&folder, &grave.path().join(pod.as_str()))?;
        layout.sync_parent(&folder)
    }

    /// What was last seen as the head of `pod` on `remote`: the commit, None where never pushed or pulled.
    pub fn remote_head(&self, remote: &RemoteName, pod: &PodName) -> Result<Option<Digest>, StoreError> {
        read_ref(&self.inner.layout.remote_head(remote, pod))
    }

    /// The heads last seen of the pods of a remote; of what cannot be read there is none.
    pub fn remote_heads(&self, remote: &RemoteName) -> Result<Vec<(PodName, Digest)>, StoreError> {
        let pods = file_names(&self.inner.layout.remotes().join(remote.as_str()))?;
        let pods = pods.into_iter().filter_map(|name| name.parse::<PodName>().ok());
        Ok(pods.filter_map(|pod| Some((pod.clone(), self.remote_head(remote, &pod).ok()??))).collect())
    }

    /// Records what was seen as the head of `pod` on `remote`.
    pub fn set_remote_head(&self, remote: &RemoteName, pod: &PodName, commit: Digest) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let path = layout.remote_head(remote, pod);
        let folder = layout.remotes().join(remote.as_str());
        layout.create_folder(&folder)?;
        layout.write(&path, encode_ref(&commit).as_bytes())
    }
}
