//! Commits and what is behind them: which one two lines of history have in common.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Store, StoreError};
use crate::pod::{Commit, Digest};

/// What two commits have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeBase {
    /// The best common ancestor; None where they have nothing in common.
    pub base: Option<Digest>,
    /// Whether there were several as good, of which it is the youngest.
    pub several: bool,
}

impl Store {
    /// The common ancestor of two commits that no other common one descends from. Ancestors the store lacks end a
    /// line.
    pub fn merge_base(&self, ours: Digest, theirs: Digest) -> Result<MergeBase, StoreError> {
        let mut history = History { store: self, commits: HashMap::new() };
        let of_ours = history.ancestors([ours])?;
        let common: HashSet<Digest> = history.ancestors([theirs])?.intersection(&of_ours).copied().collect();
        let mut parents = Vec::new();
        for digest in &common {
            parents.extend(history.parents(digest)?);
        }
        let behind = history.ancestors(parents)?;
        let mut best = Vec::new();
        for digest in common.difference(&behind) {
            if let Some(commit) = history.commit(digest)? {
                best.push((commit.time, *digest));
            }
        }
        best.sort_unstable();
        Ok(MergeBase { several: best.len() > 1, base: best.last().map(|(_, digest)| *digest) })
    }

    /// The commit itself and everything behind it that the store has, or has a name of.
    pub fn ancestors(&self, commit: Digest) -> Result<HashSet<Digest>, StoreError> {
        History { store: self, commits: HashMap::new() }.ancestors([commit])
    }
}

/// Commits read so far.
struct History<'a> {
    store: &'a Store,
    commits: HashMap<Digest, Option<Commit>>,
}

impl History<'_> {
    fn commit(&mut self, digest: &Digest) -> Result<Option<&Commit>, StoreError> {
        if !self.commits.contains_key(digest) {
            let commit = match self.store.commit(digest) {
                Ok(commit) => Some(commit),
                Err(StoreError::Missing { .. }) => None,
                Err(error) => return Err(error),
            };
            self.commits.insert(*digest, commit);
        }
        Ok(self.commits.get(digest).and_then(Option::as_ref))
    }

    fn parents(&mut self, digest: &Digest) -> Result<Vec<Digest>, StoreError> {
        Ok(self.commit(digest)?.map(|commit| commit.parents.clone()).unwrap_or_default())
    }

    /// The commits and everything behind them.
    fn ancestors(&mut self, from: impl IntoIterator<Item = Digest>) -> Result<HashSet<Digest>, StoreError> {
        let mut queue: VecDeque<Digest> = from.into_iter().collect();
        let mut seen = HashSet::new();
        while let Some(digest) = queue.pop_front() {
            if seen.insert(digest) {
                queue.extend(self.parents(&digest)?);
            }
        }
        Ok(seen)
    }
}
