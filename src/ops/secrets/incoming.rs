//! Makes versions of the twins that are pulled: with the parents that stand for theirs here, and with the secrets that
//! are known here. A version that gains nothing by it is taken as it is.

use std::collections::HashMap;

use serde_json::Value;

use crate::event::Events;
use crate::ops::OpError;
use crate::pod::{Commit, Conflict, Digest, Marker, ResourceKey, at, each_marker, fill_in, property};
use crate::store::{Store, StoreError, Twin, Twins};
use crate::tree::{Edits, Tree, TreeError, decode_key};

/// Decrypts what a marker holds; None where no key opens it.
pub(super) type Open<'a> = dyn Fn(&str) -> Result<Option<Value>, OpError> + Send + Sync + 'a;

/// Makes versions of pulled twins.
pub(super) struct Incoming<'a> {
    pub(super) store: &'a Store,
    pub(super) open: &'a Open<'a>,
    pub(super) events: &'a Events,
}

/// Where secrets may be known from: the version's parents.
struct Known {
    /// The first parent's content there and here, where here nothing is left out of it.
    base: Option<(Tree, Tree)>,
    states: Vec<Tree>,
}

impl Incoming<'_> {
    /// The commit that stands here for a published one. `chosen` holds those found so far.
    pub(super) fn local(&self, wanted: Digest, chosen: &mut HashMap<Digest, Digest>) -> Result<Digest, OpError> {
        let twins = self.store.twins()?;
        let mut open = vec![wanted];
        while let Some(&next) = open.last() {
            if self.events.is_cancelled() {
                return Err(OpError::Cancelled);
            }
            if chosen.contains_key(&next) {
                open.pop();
                continue;
            }
            if let Some(local) = self.twin(&twins, &next) {
                chosen.insert(next, local);
                continue;
            }
            let commit = match self.store.commit(&next) {
                Ok(commit) => commit,
                // History that nobody has is only a name.
                Err(StoreError::Missing { .. }) if next != wanted => {
                    chosen.insert(next, next);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let before = open.len();
            open.extend(commit.parents.iter().filter(|parent| !chosen.contains_key(*parent)));
            if open.len() == before {
                let made = match self.make(next, &commit, chosen) {
                    // Of history that no version names a part may be gone: then it is only a name.
                    Err(OpError::Store(StoreError::Missing { .. } | StoreError::Tree(TreeError::Chunk { .. })))
                        if next != wanted =>
                    {
                        next
                    }
                    made => made?,
                };
                chosen.insert(next, made);
            }
        }
        Ok(chosen.get(&wanted).copied().unwrap_or(wanted))
    }

    /// The known twin, where it is still here.
    fn twin(&self, twins: &Twins, published: &Digest) -> Option<Digest> {
        twins.local(published).filter(|local| self.store.has_chunk(local).unwrap_or(false))
    }

    fn make(&self, published: Digest, commit: &Commit, chosen: &HashMap<Digest, Digest>) -> Result<Digest, OpError> {
        let of = |parent: &Digest| chosen.get(parent).copied().unwrap_or(*parent);
        let parents: Vec<Digest> = commit.parents.iter().map(of).collect();
        // The content of history that no version names may be gone.
        let is_here = self.store.has_chunk(&commit.state)?;
        if parents == commit.parents && (commit.withheld.is_none() || !is_here) {
            return Ok(published);
        }
        let mut made = commit.clone();
        let writer = self.store.writer()?;
        if commit.withheld.is_some() && is_here {
            let known = self.known(commit, &parents)?;
            let (root, edits, mut left) = self.edits(commit, &known)?;
            for conflict in &mut made.conflicts {
                left += self.settle_conflict(conflict, &known)?;
            }
            made.state = writer.edit(root, &edits)?;
            made = made.with_withheld(commit.withheld.filter(|_| left > 0));
        }
        made.parents = parents;
        if made == *commit {
            return Ok(published);
        }
        if commit.digest() != published {
            let reason = format!("{} was made by a newer podex: update podex to pull it", published.short());
            return Err(OpError::Request(reason));
        }
        let local = match is_here {
            true => writer.finish(&made)?,
            false => return Ok(published),
        };
        let policy = commit.withheld.map_or_else(|| Digest::of(b"pulled"), |withheld| withheld.policy);
        self.store.add_twin(&Twin { local, published }, policy)?;
        Ok(local)
    }

    fn known(&self, commit: &Commit, parents: &[Digest]) -> Result<Known, OpError> {
        let mut known = Known { base: None, states: Vec::new() };
        for (there, here) in commit.parents.iter().zip(parents) {
            let Ok(local) = self.store.commit(here) else { continue };
            if !self.store.has_chunk(&local.state)? {
                continue;
            }
            let state = self.store.tree(local.state);
            if known.states.is_empty() && local.withheld.is_none() {
                let there = self.store.commit(there).ok().map(|commit| self.store.tree(commit.state));
                known.base = there
                    .filter(|there| self.store.has_chunk(&there.root).unwrap_or(false))
                    .map(|there| (there, state.clone()));
            }
            known.states.push(state);
        }
        Ok(known)
    }

    /// What makes the version's content of which tree, and how many secrets remain unknown.
    fn edits(&self, commit: &Commit, known: &Known) -> Result<(Digest, Edits, usize), OpError> {
        let (mut edits, mut left) = (Edits::default(), 0);
        let state = self.store.tree(commit.state);
        if let Some((there, here)) = &known.base {
            for difference in there.diff(&state) {
                let difference = difference?;
                let mut after = difference.after;
                if let Some(document) = &mut after {
                    left += self.fill(&difference.key, document, known)?;
                }
                edits.push(&difference.key, after.as_ref())?;
            }
            return Ok((here.root, edits, left));
        }
        for entry in state.encoded_entries() {
            let (key, value) = entry?;
            let Some(key) = decode_key(&key).filter(|_| Marker::may_be_in(&value)) else { continue };
            let mut document: Value = serde_json::from_slice(&value)
                .map_err(|error| TreeError::Entry { key: key.to_string(), reason: error.to_string() })?;
            let before = document.clone();
            left += self.fill(&key, &mut document, known)?;
            if document != before {
                edits.push(&key, Some(&document))?;
            }
        }
        Ok((commit.state, edits, left))
    }

    /// Puts what is known, or can be decrypted, in place of the markers of a document. Gives how many are left.
    fn fill(&self, key: &ResourceKey, document: &mut Value, known: &Known) -> Result<usize, OpError> {
        if self.events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        let states = known.states.iter().map(|state| state.get(key)).collect::<Result<Vec<_>, _>>()?;
        if fill_in(key, document, &states.iter().flatten().collect::<Vec<_>>()) == 0 {
            return Ok(0);
        }
        decrypt(key, document, self.open)
    }

    /// The same for the values of a conflict. Gives how many are left.
    fn settle_conflict(&self, conflict: &mut Conflict, known: &Known) -> Result<usize, OpError> {
        let Conflict { key, path, values } = conflict;
        let states = known.states.iter().map(|state| state.get(key)).collect::<Result<Vec<_>, _>>()?;
        let (mut left, mut failure) = (0, None);
        for value in [&mut values.base, &mut values.ours, &mut values.theirs].into_iter().flatten() {
            each_marker(&mut path.clone(), value, &mut |path, marker, value| {
                let stands_for = |known: &&Value| marker.stands_for(key, property(path), known);
                let found = states.iter().flatten().filter_map(|state| at(state, path)).find(stands_for).cloned();
                let opened = || marker.sealed().and_then(|sealed| (self.open)(sealed).transpose()).transpose();
                match found.map_or_else(opened, |found| Ok(Some(found))) {
                    Ok(Some(found)) => *value = found,
                    Ok(None) => left += 1,
                    Err(error) => failure = Some(error),
                }
            });
        }
        failure.map_or(Ok(left), Err)
    }
}

/// Puts the values that markers hold encrypted in their places, as far as `open` opens them and they are what the
/// markers say. Gives how many markers are left.
pub(super) fn decrypt(key: &ResourceKey, document: &mut Value, open: &Open<'_>) -> Result<usize, OpError> {
    let (mut left, mut failure) = (0, None);
    each_marker(&mut Vec::new(), document, &mut |path, marker, value| {
        let Some(sealed) = marker.sealed() else {
            left += 1;
            return;
        };
        match open(sealed) {
            Ok(Some(opened)) if marker.stands_for(key, property(path), &opened) => *value = opened,
            Ok(_) => left += 1,
            Err(error) => failure = Some(error),
        }
    });
    failure.map_or(Ok(left), Err)
}
