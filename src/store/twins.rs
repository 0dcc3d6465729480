//! Which commit here is which one on remotes, where secrets were left out on the way: they are twins, with the same
//! history and other content.
//!
//! Each pair is one small file, written once, named by both and holding the rules by which secrets were left out, in
//! the form of a ref. A version that has none has itself for a twin: then it need not be looked through again.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use super::layout::file_names;
use super::refs::{encode_ref, read_ref};
use super::{Store, StoreError};
use crate::pod::Digest;

/// A commit and what is published for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The commit here.
    pub local: Digest,
    /// The commit on remotes.
    pub published: Digest,
}

/// All twins there are.
#[derive(Debug, Default)]
pub struct Twins {
    by_local: HashMap<Digest, Vec<Digest>>,
    by_published: HashMap<Digest, Digest>,
}

impl Twins {
    /// What was published for a commit so far: by other rules, or for other remotes, it is something else.
    pub fn published(&self, local: &Digest) -> &[Digest] {
        self.by_local.get(local).map_or(&[], Vec::as_slice)
    }

    /// The commit here that a published one stands for.
    pub fn local(&self, published: &Digest) -> Option<Digest> {
        self.by_published.get(published).copied()
    }

    fn insert(&mut self, Twin { local, published }: Twin) {
        self.by_local.entry(local).or_default().push(published);
        self.by_published.insert(published, local);
    }
}

impl Store {
    /// All twins.
    pub fn twins(&self) -> Result<Twins, StoreError> {
        let mut twins = Twins::default();
        let mut names = file_names(&self.inner.layout.twins())?;
        // Of several, always the same comes first.
        names.sort_unstable();
        names.iter().filter_map(|name| twin(name)).for_each(|twin| twins.insert(twin));
        Ok(twins)
    }

    /// By which rules secrets were left out of a published commit; None where the two are not known as twins.
    pub fn twin_policy(&self, twin: &Twin) -> Result<Option<Digest>, StoreError> {
        read_ref(&self.twin_path(twin))
    }

    /// Records a pair, both of which are in the store.
    pub fn add_twin(&self, twin: &Twin, policy: Digest) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let path = self.twin_path(twin);
        let folder = layout.twins();
        layout.create_folder(&folder)?;
        let mut file = layout.temporary()?;
        file.write_all(encode_ref(&policy).as_bytes()).map_err(StoreError::io(&path))?;
        // Whoever was first may have gone by other rules that come to the same: then both are right.
        layout.persist_new(file.file, &path).map(drop)
    }

    fn twin_path(&self, Twin { local, published }: &Twin) -> PathBuf {
        self.inner.layout.twins().join(format!("{}-{}", local.hex(), published.hex()))
    }

    /// Forgets the twins of commits that nothing needs. The caller holds every lock.
    pub(super) fn forget_twins(&self, is_needed: impl Fn(&Digest) -> bool) -> Result<(), StoreError> {
        for (local, published) in self.twins()?.by_local {
            if !is_needed(&local) {
                for published in published {
                    self.inner.layout.remove_file(&self.twin_path(&Twin { local, published }))?;
                }
            }
        }
        Ok(())
    }

    /// The files of twins.
    pub(super) fn twin_files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let folder = self.inner.layout.twins();
        Ok(file_names(&folder)?.into_iter().map(|name| folder.join(name)).collect())
    }
}

/// The pair that a file's name says.
fn twin(name: &str) -> Option<Twin> {
    let (local, published) = name.split_once('-')?;
    Some(Twin { local: local.parse().ok()?, published: published.parse().ok()? })
}
