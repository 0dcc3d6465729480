//! Mending a damaged store: what can be made again from what is intact is; damaged files are put aside, not deleted.
//!
//! - an index is made again from its pack's footer
//! - the intact chunks of a damaged pack are copied into a new one, by its footer or, where that is gone, its index
//! - a version's ref is made again from the parent of the next version's commit, or from the operation log
//! - a damaged pair of twins is made again from its name
//! - damaged lines of the operation log, tags and remembered remote heads are left out

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::fsck::FsckLevel;
use super::index::encode_index;
use super::layout::{LOCK_PATIENCE, file_names};
use super::oplog::{intact_lines, read_log};
use super::pack::read_footer;
use super::refs::{encode_ref, read_ref, tag_name, version_number};
use super::{OpRecord, Store, StoreError};
use crate::pod::{Digest, PodName};

impl Store {
    /// Mends what can be mended; gives one sentence per thing done. [`Store::fsck`] says what is left. Waits for
    /// writers, some seconds, and keeps them out meanwhile.
    pub fn repair(&self) -> Result<Vec<String>, StoreError> {
        let layout = &self.inner.layout;
        let Some(_repacking) = layout.lock_repack(LOCK_PATIENCE)? else {
            return Err(StoreError::Busy { path: layout.root().join("repack.lock") });
        };
        let _exclusive = layout.lock_exclusive()?;
        let _refs = layout.lock_refs()?;
        let mut done = Vec::new();
        self.mend_indexes(&mut done)?;
        self.inner.packs.refresh()?;
        self.mend_packs(&mut done)?;
        self.inner.packs.refresh()?;
        for path in self.log_files()? {
            self.mend_log(&path, &mut done)?;
        }
        let log = self.operations()?;
        for pod in self.pod_folders()? {
            self.mend_pod(&pod, &log, &mut done)?;
        }
        for remote in file_names(&layout.remotes())? {
            let folder = layout.remotes().join(remote);
            for head in file_names(&folder)? {
                let path = folder.join(head);
                if read_ref(&path).is_err() {
                    self.put_aside(&path)?;
                    done.push(format!("{}: put aside; the next push or pull writes it again", path.display()));
                }
            }
        }
        for path in self.twin_files()? {
            let policy = Digest::of(b"made again by a repair");
            if read_ref(&path).is_err() {
                self.put_aside(&path)?;
                // The name says which commits are one; by which rules, the next push finds out anew.
                layout.write(&path, encode_ref(&policy).as_bytes())?;
                done.push(format!("{}: made again from its name", path.display()));
            }
        }
        Ok(done)
    }

    fn mend_indexes(&self, done: &mut Vec<String>) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        for pack in self.sorted_packs()? {
            let (path, index_path) = (layout.pack(&pack), layout.index(&pack));
            let file = File::open(&path).map_err(StoreError::io(&path))?;
            // A damaged footer's index may be all that is left of it.
            let Ok(entries) = read_footer(&file, &path) else { continue };
            let index = encode_index(&pack, &entries);
            match std::fs::read(&index_path) {
                Ok(found) if found == index => continue,
                Ok(_) => done.push(format!("{}: made again from its pack", index_path.display())),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(StoreError::Io { path: index_path, source }),
            }
            layout.write_derived(&index_path, &index)?;
        }
        Ok(())
    }

    fn mend_packs(&self, done: &mut Vec<String>) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        for pack in self.sorted_packs()? {
            let Err(fault) = self.check_pack(&pack, FsckLevel::Digests) else { continue };
            if !matches!(fault, StoreError::Corrupt { .. }) {
                return Err(fault);
            }
            let path = layout.pack(&pack);
            let chunks = self.inner.packs.known_index(&pack).map_or(0, |index| index.entries().count());
            let (written, _) = self.copy_chunks(&[pack], |_| true)?;
            layout.sync_packs()?;
            self.inner.packs.forget_file(&pack);
            self.inner.packs.refresh()?;
            if written.contains(&pack) {
                done.push(format!("{}: made again, with all its chunks", path.display()));
                continue;
            }
            let new = written.iter().filter_map(|new| self.inner.packs.known_index(new));
            let saved: usize = new.map(|index| index.entries().count()).sum();
            self.put_aside(&path)?;
            self.remove_pack(&pack)?;
            done.push(match chunks {
                0 => format!("{}: put aside; nothing tells what was in it", path.display()),
                _ => format!("{}: put aside, after {saved} of its {chunks} chunks were saved", path.display()),
            });
        }
        Ok(())
    }

    fn mend_log(&self, path: &Path, done: &mut Vec<String>) -> Result<(), StoreError> {
        if read_log(path).is_ok() {
            return Ok(());
        }
        let intact = intact_lines(path)?;
        self.put_aside(path)?;
        self.inner.layout.write(path, &intact)?;
        done.push(format!("{}: its damaged lines were left out", path.display()));
        Ok(())
    }

    fn mend_pod(&self, pod: &PodName, log: &[OpRecord], done: &mut Vec<String>) -> Result<(), StoreError> {
        let folder = self.inner.layout.pod(pod);
        for name in file_names(&folder)? {
            let path = folder.join(&name);
            match (version_number(&name), tag_name(&name)) {
                (Some(number), _) if read_ref(&path).is_err() => {
                    let Some(commit) = self.recall(pod, number, log) else { continue };
                    self.put_aside(&path)?;
                    self.inner.layout.write(&path, encode_ref(&commit).as_bytes())?;
                    done.push(format!("{}: made again; it is commit {}", path.display(), commit.short()));
                }
                (None, Some(_)) if read_ref(&path).is_err() => {
                    self.put_aside(&path)?;
                    done.push(format!("{}: put aside; tag the version again", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The commit a version was, by what is around it.
    fn recall(&self, pod: &PodName, number: u64, log: &[OpRecord]) -> Option<Digest> {
        let folder = self.inner.layout.pod(pod);
        let neighbour = |number: u64| read_ref(&folder.join(number.to_string())).ok().flatten();
        if let Some(next) = neighbour(number + 1) {
            return self.commit(&next).ok()?.parents.first().copied();
        }
        let before = number.checked_sub(1).filter(|before| *before > 0);
        let parent = match before {
            Some(before) => Some(neighbour(before)?),
            None => None,
        };
        let commits = log.iter().filter(|record| record.pod.as_ref() == Some(pod)).filter_map(|record| record.commit);
        let mut fitting =
            commits.filter(|digest| self.commit(digest).is_ok_and(|commit| commit.parents.first().copied() == parent));
        fitting.next()
    }

    /// Moves a damaged file to `lost/`, under a name that is free.
    fn put_aside(&self, path: &Path) -> Result<(), StoreError> {
        let lost = self.inner.layout.lost();
        self.inner.layout.create_folder(&lost)?;
        let name = path.strip_prefix(self.inner.layout.root()).unwrap_or(path).to_string_lossy().replace('/', "-");
        let mut to = lost.join(&name);
        let mut copy = 1;
        while to.exists() {
            copy += 1;
            to = lost.join(format!("{name}-{copy}"));
        }
        self.inner.layout.rename(path, &to)?;
        self.inner.layout.sync_parent(&to)?;
        self.inner.layout.sync_parent(path)
    }
}
