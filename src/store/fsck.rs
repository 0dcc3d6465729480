//! Checking everything: structure, digests, and that what is reachable is there.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::index::{Index, encode_index};
use super::oplog::read_log;
use super::pack::{open_frame, read_footer, read_stored};
use super::reach::blobs_of;
use super::refs::{read_ref, version_number};
use super::{Store, StoreError};
use crate::pod::{BlobRef, Digest, PodName};
use crate::tree::parse_value;

impl Store {
    /// Checks structure and digests; gives one sentence per fault, naming the file.
    pub fn fsck(&self) -> Result<Vec<String>, StoreError> {
        // Read the indexes as they are on disk before anything rebuilds them.
        let mut faults = self.check_indexes()?;
        self.inner.packs.refresh()?;
        for pack in self.sorted_packs()? {
            faults.extend(self.check_pack(&pack).err().map(|error| error.to_string()));
        }
        let mut verified = HashSet::new();
        for pod in self.pod_folders()? {
            self.check_pod(&pod, &mut verified, &mut faults);
        }
        self.check_remote_heads(&mut faults)?;
        for path in self.log_files()? {
            faults.extend(read_log(&path).err().map(|error| error.to_string()));
        }
        Ok(faults)
    }

    fn sorted_packs(&self) -> Result<Vec<Digest>, StoreError> {
        let mut packs: Vec<Digest> = self.inner.packs.list()?.into_iter().collect();
        packs.sort_unstable();
        Ok(packs)
    }

    /// Damaged index files. A missing one is none: it is written when it is needed.
    fn check_indexes(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        for pack in self.sorted_packs()? {
            let path = self.inner.layout.index(&pack);
            if path.exists()
                && let Err(error) = Index::open(&path, pack)
            {
                faults.push(format!("{error} (it is rebuilt from its pack)"));
            }
        }
        Ok(faults)
    }

    /// A pack's name, footer, every chunk, and that its index says the same.
    fn check_pack(&self, pack: &Digest) -> Result<(), StoreError> {
        let path = self.inner.layout.pack(pack);
        let file = File::open(&path).map_err(StoreError::io(&path))?;
        let entries = read_footer(&file, &path)?;
        for entry in &entries {
            open_frame(&path, entry, read_stored(&file, &path, entry)?)?;
        }
        if digest_of_file(&file, &path)? != *pack {
            return Err(StoreError::corrupt(&path, "its digest is not its name"));
        }
        let index = self.inner.packs.known_index(pack);
        if index.is_some_and(|index| index.bytes() != encode_index(pack, &entries)) {
            let index_path = self.inner.layout.index(pack);
            return Err(StoreError::corrupt(&index_path, "it does not say what its pack's footer says"));
        }
        Ok(())
    }

    fn check_pod(&self, pod: &PodName, verified: &mut HashSet<Digest>, faults: &mut Vec<String>) {
        let folder = self.inner.layout.pod(pod);
        let mut names: Vec<u64> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().filter_map(|entry| version_number(entry.file_name().to_str()?)).collect(),
            Err(error) => return faults.push(format!("{}: {error}", folder.display())),
        };
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [one, other] = pair
                && one + 1 != *other
            {
                faults.push(format!("{} lacks versions between {one} and {other}", folder.display()));
            }
        }
        for number in names {
            let path = folder.join(number.to_string());
            let checked = read_ref(&path).and_then(|commit| match commit {
                Some(commit) => self.check_commit(&commit, verified),
                None => Ok(()),
            });
            if let Err(error) = checked {
                // The error may name a pack or a chunk: say which version suffers.
                faults.push(format!("version {number} of pod {pod} ({}): {error}", path.display()));
            }
        }
    }

    /// The commit, both its trees, and all blobs of its documents. `verified` holds all chunks found good.
    fn check_commit(&self, digest: &Digest, verified: &mut HashSet<Digest>) -> Result<(), StoreError> {
        if verified.contains(digest) {
            return Ok(());
        }
        let commit = self.commit(digest)?;
        let mut blobs: Vec<BlobRef> = Vec::new();
        self.tree(commit.state).walk(verified, &mut |key, value| {
            parse_value(key, value)?;
            blobs.extend(blobs_of(key, value)?);
            Ok(())
        })?;
        self.tree(commit.observed).walk(verified, &mut |key, value| parse_value(key, value).map(drop))?;
        for blob in blobs {
            if verified.contains(&blob.digest) {
                continue;
            }
            let mut reader = self.open_blob(&blob)?;
            std::io::copy(&mut reader, &mut std::io::sink()).map_err(StoreError::io(&self.inner.layout.packs()))?;
            verified.insert(blob.digest);
        }
        verified.insert(*digest);
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
