//! Checking the store, in three levels. [`super::repair`] mends what it finds.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::index::{Index, encode_index};
use super::layout::file_names;
use super::oplog::read_log;
use super::pack::{open_frame, read_footer, read_stored};
use super::packs::Wanted;
use super::reach::blobs_of;
use super::refs::{deleted_number, is_ref_name, read_ref, version_number};
use super::{Store, StoreError};
use crate::pod::{BlobRef, Commit, Digest, Document, Observed, PodName};
use crate::tree::{TreeError, decode_key};

/// How much of the store is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FsckLevel {
    /// Refs, logs, footers and indexes; and that every version has all its tree nodes and blobs. Reads no body.
    Structure,
    /// Also every chunk's digest and every pack's.
    Digests,
    /// Also that documents are what they should be, that both trees of a commit have the same keys, and that the
    /// pieces of every large blob make it up.
    Full,
}

impl Store {
    /// Checks the store; gives one sentence per fault, naming the file.
    pub fn fsck(&self, level: FsckLevel) -> Result<Vec<String>, StoreError> {
        // Read the indexes as they are on disk before anything rebuilds them.
        let mut faults = self.check_indexes()?;
        self.inner.packs.refresh()?;
        for pack in self.sorted_packs()? {
            match self.check_pack(&pack, level) {
                // Merged into another since it was listed.
                Err(_) if !self.inner.layout.pack(&pack).exists() => {}
                checked => faults.extend(checked.err().map(|error| error.to_string())),
            }
        }
        let mut checked = Checked::at(level);
        for pod in self.pod_folders()? {
            self.check_pod(&pod, &mut checked, &mut faults);
        }
        self.check_remote_heads(&mut faults)?;
        for path in self.twin_files()? {
            faults.extend(read_ref(&path).err().map(|error| error.to_string()));
        }
        for path in self.log_files()? {
            faults.extend(read_log(&path).err().map(|error| error.to_string()));
        }
        Ok(faults)
    }

    pub(super) fn sorted_packs(&self) -> Result<Vec<Digest>, StoreError> {
        let mut packs: Vec<Digest> = self.inner.packs.list()?.into_iter().collect();
        packs.sort_unstable();
        Ok(packs)
    }

    /// Damaged index files. A missing one is none: it is written when it is needed. Nor is an empty one: indexes are
    /// not synced, and that is what a loss of power leaves of them.
    fn check_indexes(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        for pack in self.sorted_packs()? {
            let path = self.inner.layout.index(&pack);
            if std::fs::metadata(&path).is_ok_and(|index| index.len() > 0)
                && let Err(error) = Index::open(&path, pack)
            {
                faults.push(format!("{error} (it is rebuilt from its pack)"));
            }
        }
        Ok(faults)
    }

    /// A pack's name, footer, every chunk, and that its index says the same.
    pub(super) fn check_pack(&self, pack: &Digest, level: FsckLevel) -> Result<(), StoreError> {
        let path = self.inner.layout.pack(pack);
        let file = File::open(&path).map_err(StoreError::io(&path))?;
        let entries = read_footer(&file, &path)?;
        if level >= FsckLevel::Digests {
            for entry in &entries {
                open_frame(&path, entry, read_stored(&file, &path, entry)?)?;
            }
            if digest_of_file(&file, &path)? != *pack {
                return Err(StoreError::corrupt(&path, "its digest is not its name"));
            }
        }
        let index = self.inner.packs.known_index(pack);
        if index.is_some_and(|index| index.bytes() != encode_index(pack, &entries)) {
            let index_path = self.inner.layout.index(pack);
            return Err(StoreError::corrupt(&index_path, "it does not say what its pack's footer says"));
        }
        Ok(())
    }

    fn check_pod(&self, pod: &PodName, checked: &mut Checked, faults: &mut Vec<String>) {
        let folder = self.inner.layout.pod(pod);
        let names = match file_names(&folder) {
            Ok(names) => names,
            Err(error) => return faults.push(error.to_string()),
        };
        let number = |name: &String| version_number(name).or(deleted_number(name));
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        for pair in numbers.windows(2) {
            if let [one, other] = pair
                && one + 1 < *other
            {
                faults.push(format!("{} lacks versions between {one} and {other}", folder.display()));
            }
        }
        let mut refs: Vec<&String> = names.iter().filter(|name| is_ref_name(name)).collect();
        refs.sort_unstable_by_key(|name| (version_number(name), *name));
        for name in refs {
            let path = folder.join(name);
            let result = read_ref(&path).and_then(|commit| match commit {
                Some(commit) => self.check_commit(&commit, checked),
                None => Ok(()),
            });
            if let Err(error) = result {
                // The error may name a pack or a chunk: say which version suffers.
                let what = if version_number(name).is_some() { "version " } else { "" };
                faults.push(format!("{what}{name} of pod {pod} ({}): {error}", path.display()));
            }
        }
    }

    /// The commit, both its trees, and all blobs of its documents.
    fn check_commit(&self, digest: &Digest, checked: &mut Checked) -> Result<(), StoreError> {
        if checked.commits.contains(digest) {
            return Ok(());
        }
        let full = checked.level == FsckLevel::Full;
        let commit = self.commit(digest)?;
        let mut blobs: Vec<BlobRef> = Vec::new();
        self.tree(commit.state).walk(&mut checked.state, &mut |key, value| {
            if full {
                check_value::<Document>(key, value)?;
            }
            blobs.extend(blobs_of(key, value)?);
            Ok(())
        })?;
        self.tree(commit.observed).walk(&mut checked.observed, &mut |key, value| {
            if full { check_value::<Observed>(key, value) } else { Ok(()) }
        })?;
        if self.tree(commit.state).len()? != commit.resources {
            let reason = format!("commit {digest} says {} resources, and its tree has others", commit.resources);
            return Err(StoreError::corrupt(&self.inner.layout.packs(), reason));
        }
        if full && checked.pairs.insert((commit.state, commit.observed)) {
            self.check_keys(digest, &commit)?;
        }
        for blob in blobs {
            if !checked.blobs.contains(&blob.digest) {
                self.check_blob(&blob, full)?;
                checked.blobs.insert(blob.digest);
            }
        }
        checked.commits.insert(*digest);
        Ok(())
    }

    /// That something was observed of every document.
    fn check_keys(&self, digest: &Digest, commit: &Commit) -> Result<(), StoreError> {
        let mut observed = self.tree(commit.observed).encoded_entries();
        for entry in self.tree(commit.state).encoded_entries() {
            let (key, _) = entry?;
            // What the emulator brings by itself is observed without being part of the pod.
            let mut other = observed.next().transpose()?;
            while other.as_ref().is_some_and(|(other, _)| *other < key) {
                other = observed.next().transpose()?;
            }
            if other.is_none_or(|(other, _)| other != key) {
                let key = decode_key(&key).map(|key| key.to_string()).unwrap_or_default();
                let reason = format!("commit {digest} says of {key} what it is, but not what was observed");
                return Err(StoreError::corrupt(&self.inner.layout.packs(), reason));
            }
        }
        Ok(())
    }

    fn check_blob(&self, blob: &BlobRef, full: bool) -> Result<(), StoreError> {
        let packs = &self.inner.packs;
        let places = packs.locate(&blob.digest, Wanted::Content)?;
        if !full && places.first().is_some_and(|(_, entry)| u64::from(entry.size) == blob.size) {
            return Ok(());
        }
        let mut reader = self.open_blob(blob)?;
        if full {
            std::io::copy(&mut reader, &mut std::io::sink()).map_err(StoreError::io(&self.inner.layout.packs()))?;
            return Ok(());
        }
        for (piece, _) in packs.pieces(&blob.digest)?.into_iter().flat_map(|list| list.pieces) {
            if packs.locate(&piece, Wanted::Content)?.is_empty() {
                return Err(packs.missing("blob piece", &piece));
            }
        }
        Ok(())
    }

    fn check_remote_heads(&self, faults: &mut Vec<String>) -> Result<(), StoreError> {
        let folder = self.inner.layout.remotes();
        for remote in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))?.flatten() {
            let Ok(heads) = std::fs::read_dir(remote.path()) else { continue };
            for head in heads.flatten() {
                faults.extend(read_ref(&head.path()).err().map(|error| error.to_string()));
            }
        }
        Ok(())
    }
}

/// What was found good so far.
struct Checked {
    level: FsckLevel,
    commits: HashSet<Digest>,
    state: HashSet<Digest>,
    observed: HashSet<Digest>,
    /// State and observed roots whose keys are the same.
    pairs: HashSet<(Digest, Digest)>,
    blobs: HashSet<Digest>,
}

impl Checked {
    fn at(level: FsckLevel) -> Self {
        let (commits, blobs, pairs) = Default::default();
        Self { level, commits, state: HashSet::new(), observed: HashSet::new(), pairs, blobs }
    }
}

fn check_value<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<(), TreeError> {
    serde_json::from_slice::<T>(value).map(drop).map_err(|error| TreeError::Entry {
        key: decode_key(key).map(|key| key.to_string()).unwrap_or_default(),
        reason: format!("it is not what should be there: {error}"),
    })
}

fn digest_of_file(mut file: &File, path: &Path) -> Result<Digest, StoreError> {
    use std::io::Seek;
    file.rewind().map_err(StoreError::io(path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(StoreError::io(path))?;
        if count == 0 {
            return Ok(Digest::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buffer[..count]);
    }
}
