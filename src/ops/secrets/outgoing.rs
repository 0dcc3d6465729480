//! Makes the twins that are pushed.
//!
//! A twin has the version's content with markers in place of secrets, and the twins of its parents for parents. Of
//! what its parent's twin has already only the changes are looked through, as long as both go by the same rules. A
//! version without secrets whose parents have none either is its own twin.

use std::collections::{BTreeMap, HashMap, HashSet};

use rand::Rng;
use serde_json::{Map, Value};

use super::redact::{Redactor, Seal};
use super::scan::{Bodies, key_in};
use super::{Policy, Tally};
use crate::archive::NATIVE_KIND;
use crate::catalog::Catalog;
use crate::event::Events;
use crate::ops::OpError;
use crate::pod::{Commit, Digest, ResourceKey, Salt, Withheld};
use crate::remote::SecretsMode;
use crate::store::{Store, StoreError, Twin, Twins, VersionEntry};
use crate::tree::{Edits, Tree, TreeError, decode_key};

/// Bodies with keys in them that are named; more are counted.
const SUSPECTS_NAMED: usize = 10;

/// Makes twins for one push.
pub(super) struct Outgoing<'a> {
    store: &'a Store,
    catalog: &'a Catalog,
    mode: SecretsMode,
    seal: Option<&'a Seal<'a>>,
    policy: Digest,
    /// The versions to be pushed, which are whole.
    named: HashSet<Digest>,
    /// What the remote has.
    theirs: HashSet<Digest>,
    twins: Twins,
    /// By commit here.
    chosen: HashMap<Digest, Digest>,
    tally: Tally,
    bodies: Bodies,
    /// Which bodies seem to hold which kind of key.
    suspects: BTreeMap<ResourceKey, &'static str>,
    events: &'a Events,
}

/// A parent with its twin, by the same rules: what both have is looked through already.
struct Base {
    local: Tree,
    published: Tree,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(
        store: &'a Store,
        catalog: &'a Catalog,
        policy: &Policy,
        seal: Option<&'a Seal<'a>>,
        theirs: HashSet<Digest>,
        events: &'a Events,
    ) -> Result<Self, OpError> {
        let (mode, digest, twins) = (policy.mode, policy.digest(catalog), store.twins()?);
        let (named, chosen, tally) = Default::default();
        let (bodies, suspects) = Default::default();
        Ok(Self {
            store,
            catalog,
            mode,
            seal,
            policy: digest,
            named,
            theirs,
            twins,
            chosen,
            tally,
            bodies,
            suspects,
            events,
        })
    }

    /// What is published for these versions, and which secrets were left out for that now.
    pub(super) fn versions(mut self, mut versions: Vec<VersionEntry>) -> Result<(Vec<VersionEntry>, Tally), OpError> {
        self.named = versions.iter().map(|version| version.commit).collect();
        for version in &mut versions {
            version.commit = self.published(version.commit)?;
        }
        self.warn();
        Ok((versions, self.tally))
    }

    /// Names the bodies that seem to hold keys: they go out as they are.
    fn warn(&self) {
        for (key, kind) in self.suspects.iter().take(SUSPECTS_NAMED) {
            let resource = format!("{}/{}", key.service, key.label());
            self.events.warn(format!("{resource} seems to hold {kind}: bodies are pushed as they are"));
        }
        let more = self.suspects.len().saturating_sub(SUSPECTS_NAMED);
        if more > 0 {
            self.events.warn(format!("{more} more bodies seem to hold keys"));
        }
        if self.bodies.left {
            self.events.warn("not all bodies were looked through for keys: they are too many".to_owned());
        }
    }

    /// The twin of a commit, made where there is none, after those of the commits before it.
    fn published(&mut self, wanted: Digest) -> Result<Digest, OpError> {
        let mut open = vec![wanted];
        while let Some(&next) = open.last() {
            if self.events.is_cancelled() {
                return Err(OpError::Cancelled);
            }
            if self.chosen.contains_key(&next) || self.is_there(next) {
                open.pop();
                continue;
            }
            let commit = self.store.commit(&next)?;
            let parents = self.parents(&commit)?;
            let before = open.len();
            open.extend(parents.iter().filter(|parent| !self.chosen.contains_key(*parent)));
            if open.len() == before {
                let twin = self.twin(next, &commit, &parents)?;
                self.chosen.insert(next, twin);
            }
        }
        Ok(self.chosen.get(&wanted).copied().unwrap_or(wanted))
    }

    /// Chooses what the remote has of a commit, where it has something.
    fn is_there(&mut self, local: Digest) -> bool {
        let twin = self.twins.published(&local).iter().chain([&local]).find(|twin| self.theirs.contains(*twin));
        twin.map(|twin| self.chosen.insert(local, *twin)).is_some()
    }

    /// The parents as far as they can be given twins. In place of one whose content is gone stand those before it: its
    /// digest, under which secrets are, could be guessed at.
    fn parents(&mut self, commit: &Commit) -> Result<Vec<Digest>, OpError> {
        let mut parents = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<Digest> = commit.parents.iter().rev().copied().collect();
        while let Some(parent) = open.pop() {
            if !seen.insert(parent) {
                continue;
            }
            if self.chosen.contains_key(&parent) || self.is_there(parent) {
                parents.push(parent);
                continue;
            }
            match self.store.commit(&parent) {
                Ok(found) if self.mode != SecretsMode::Include && !self.is_whole(&parent, &found)? => {
                    open.extend(found.parents.iter().rev());
                }
                // Of what is not here at all nothing can be told but its name.
                Err(StoreError::Missing { .. }) => {
                    self.chosen.insert(parent, self.twins.published(&parent).first().copied().unwrap_or(parent));
                    parents.push(parent);
                }
                found => {
                    found?;
                    parents.push(parent);
                }
            }
        }
        Ok(parents)
    }

    /// Whether a commit's content is here: of one that no version names it may have been collected.
    fn is_whole(&self, digest: &Digest, commit: &Commit) -> Result<bool, OpError> {
        if self.named.contains(digest) {
            return Ok(true);
        }
        for root in [commit.state, commit.observed] {
            let mut seen = HashSet::new();
            match self.store.tree(root).walk(&mut seen, &mut |_, _| Ok(())) {
                Ok(()) => {}
                Err(TreeError::Chunk { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The twin of a commit whose parents have theirs.
    fn twin(&mut self, local: Digest, commit: &Commit, parents: &[Digest]) -> Result<Digest, OpError> {
        let twins: Vec<Digest> =
            parents.iter().map(|parent| self.chosen.get(parent).copied().unwrap_or(*parent)).collect();
        // Made before: for this remote, when the push did not get through, or for another one.
        for &published in self.twins.published(&local) {
            if self.store.twin_policy(&Twin { local, published })? == Some(self.policy)
                && self.store.commit(&published).is_ok_and(|made| made.parents == twins)
            {
                return Ok(published);
            }
        }
        if self.mode != SecretsMode::Include && holds_native(commit) {
            return Err(OpError::Request(format!(
                "{} holds LocalStack's own state, secrets included, and nobody can find those in it: push with --secrets include where all may see them, or commit without --native",
                local.short()
            )));
        }
        if commit.digest() != local {
            let reason = format!("{} was made by a newer podex: update podex to push it", local.short());
            return Err(OpError::Request(reason));
        }
        let base = match (parents.first(), twins.first()) {
            (Some(&local), Some(&published)) => self.base(local, published)?,
            _ => None,
        };
        let salt = match commit.withheld.map(|withheld| withheld.salt) {
            Some(salt) => salt,
            None => self.salt(&twins)?,
        };
        let (edits, mut found) = self.edits(commit, base.as_ref(), salt)?;
        let mut made = commit.clone();
        made.parents = twins;
        if self.mode != SecretsMode::Include {
            for conflict in &mut made.conflicts {
                found |= self.redactor(salt).conflict(conflict)?;
            }
        }
        // What the parent's twin was left without may still be left out.
        let inherited = match (&base, made.parents.first()) {
            (Some(_), Some(parent)) => self.store.commit(parent)?.withheld.is_some(),
            _ => false,
        };
        let withheld = found || inherited || commit.withheld.is_some();
        made = made.with_withheld(withheld.then_some(Withheld { salt, policy: self.policy }));
        let writer = self.store.writer()?;
        made.state = writer.edit(base.map_or(commit.state, |base| base.published.root), &edits)?;
        // Where nothing had to be left out, this is the commit itself.
        let published = writer.finish(&made)?;
        self.store.add_twin(&Twin { local, published }, self.policy)?;
        Ok(published)
    }

    /// The parent's content on both sides, where its secrets were left out by the rules of today.
    fn base(&self, local: Digest, published: Digest) -> Result<Option<Base>, OpError> {
        let (Ok(here), Ok(there)) = (self.store.commit(&local), self.store.commit(&published)) else {
            return Ok(None);
        };
        let policy = match self.store.twin_policy(&Twin { local, published })? {
            Some(policy) => Some(policy),
            None => there.withheld.map(|withheld| withheld.policy),
        };
        // What a teammate left out says by which rules it was.
        let same = policy == Some(self.policy) || there.withheld.is_some_and(|withheld| withheld.policy == self.policy);
        // The twins of versions are kept with them.
        if !same || !self.named.contains(&local) || !self.store.has_chunk(&there.state)? {
            return Ok(None);
        }
        Ok(Some(Base { local: self.store.tree(here.state), published: self.store.tree(there.state) }))
    }

    /// The salt of the secrets left out before; a new one for the first of a pod.
    fn salt(&self, twins: &[Digest]) -> Result<Salt, OpError> {
        let mut open: Vec<Digest> = twins.to_vec();
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            let Ok(commit) = self.store.commit(&next) else { continue };
            match commit.withheld {
                Some(withheld) => return Ok(withheld.salt),
                None => open.extend(commit.parents.into_iter().filter(|parent| seen.insert(*parent))),
            }
        }
        Ok(Salt::new(rand::rng().random()))
    }

    fn redactor(&mut self, salt: Salt) -> Redactor<'_> {
        Redactor { catalog: self.catalog, salt, seal: self.seal, tally: &mut self.tally }
    }

    /// What makes the twin's content of the base's, or of the version's own where there is none; and whether anything
    /// was left out.
    fn edits(&mut self, commit: &Commit, base: Option<&Base>, salt: Salt) -> Result<(Edits, bool), OpError> {
        let (mut edits, mut found) = (Edits::default(), false);
        let state = self.store.tree(commit.state);
        match base {
            Some(base) => {
                for difference in base.local.diff(&state) {
                    let difference = difference?;
                    let mut after = difference.after;
                    if let Some(document) = &mut after {
                        let before = base.published.get(&difference.key)?;
                        found |= self.leave_out(&difference.key, document, before.as_ref(), salt)?;
                    }
                    edits.push(&difference.key, after.as_ref())?;
                }
            }
            None if self.mode == SecretsMode::Include => {}
            None => {
                for entry in state.encoded_entries() {
                    let (key, value) = entry?;
                    let Some(key) = decode_key(&key).filter(|key| self.is_of_interest(key, &value)) else { continue };
                    let mut document: Value = serde_json::from_slice(&value)
                        .map_err(|error| TreeError::Entry { key: key.to_string(), reason: error.to_string() })?;
                    if self.leave_out(&key, &mut document, None, salt)? {
                        found = true;
                        edits.push(&key, Some(&document))?;
                    }
                }
            }
        }
        Ok((edits, found))
    }

    /// Whether a document may hold a secret or has a body, told without parsing it.
    fn is_of_interest(&self, key: &ResourceKey, json: &[u8]) -> bool {
        const BLOBS: &[u8] = br#","blobs":{"#;
        self.catalog.may_hide(&key.service, &key.kind)
            || json.ends_with(b"}}}") && json.windows(BLOBS.len()).any(|window| window == BLOBS)
            || key_in(json).is_some()
    }

    fn leave_out(
        &mut self,
        key: &ResourceKey,
        document: &mut Value,
        before: Option<&Value>,
        salt: Salt,
    ) -> Result<bool, OpError> {
        if self.events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        if self.mode == SecretsMode::Include {
            return Ok(false);
        }
        for blob in document.get("blobs").and_then(Value::as_object).into_iter().flat_map(Map::values) {
            let Ok(blob) = serde_json::from_value(blob.clone()) else { continue };
            if let Some(kind) = self.bodies.key_in(self.store, &blob)? {
                self.suspects.insert(key.clone(), kind);
            }
        }
        self.redactor(salt).document(key, document, before)
    }
}

/// Whether a commit holds files that nobody looks into.
fn holds_native(commit: &Commit) -> bool {
    let is_native = |kind: &str| kind.split_once('/').is_some_and(|(_, kind)| kind == NATIVE_KIND);
    commit.report.types.iter().any(|(kind, line)| line.count > 0 && is_native(kind))
}
