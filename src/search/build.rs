//! Builds the index: the oldest version of each pod whole, of the later ones only what differs. What an index has
//! already is not read again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::grow::{self, Growing};
use super::{Beside, Index, IndexedPod, Place, Whence};
use crate::event::{Events, Progress};
use crate::ops::{Context, OpError};
use crate::pod::{Digest, PodName, Reference, Selector};
use crate::store::StoreError;
use crate::tree::{Tree, TreeError};

#[cfg(test)]
mod tests;

/// A pod to be searched.
struct Wanted {
    /// As references write it, without a version.
    name: String,
    whence: Whence,
    /// Oldest first, each with the root of its tree where that is known without reading its commit.
    versions: Vec<(Place, Option<Digest>)>,
}

/// Adds to `index` what is missing of the local pods and what is `beside`, and takes out what is there no more.
pub(super) fn build(context: &Context, mut index: Index, beside: &[Beside], events: &Events) -> Result<Index, OpError> {
    events.phase("index");
    let wanted = wanted(context, beside, events)?;
    let mut known = index.settle(&wanted);
    if index.is_mostly_gone() {
        index = Index::default();
        known = vec![None; wanted.len()];
    }
    let is_missing = |(known, wanted): &(Option<u32>, Wanted)| {
        let there = known.and_then(|at| index.pods.get(at as usize));
        there.is_none_or(|pod| pod.versions.len() < wanted.versions.len())
    };
    let missing: Vec<_> = known.into_iter().zip(wanted).filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(index);
    }
    let mut builder = Builder { context, growing: Growing::new(context.catalog, index), documents: 0 };
    for (known, wanted) in missing {
        let (name, whence) = (wanted.name.clone(), wanted.whence);
        match builder.pod(known, wanted, events) {
            Ok(()) => {}
            // Of some elsewhere only a part was looked at.
            Err(OpError::Store(StoreError::Tree(TreeError::Chunk { .. }))) if whence != Whence::Local => {}
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => events.warn(format!("{name} is not searched: {error}")),
        }
    }
    if builder.growing.is_full() {
        events.warn("the store is large: of some resources only the names are searched");
    }
    Ok(builder.growing.index)
}

/// Everything that is to be searched.
fn wanted(context: &Context, beside: &[Beside], events: &Events) -> Result<Vec<Wanted>, OpError> {
    let mut wanted = Vec::new();
    for name in context.store.pods()? {
        if events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        match local(context, &name) {
            Ok(pod) => wanted.push(pod),
            Err(error) => events.warn(format!("{name} is not searched: {error}")),
        }
    }
    // Of versions elsewhere only what was opened is here.
    let is_here = |version: &&Beside| context.store.tree(version.state).keys().next().is_none_or(|key| key.is_ok());
    let opened: Vec<&Beside> = beside.iter().filter(is_here).collect();
    for versions in opened.chunk_by(|one, other| named(&one.place.reference) == named(&other.place.reference)) {
        let Some(first) = versions.first() else { continue };
        wanted.push(Wanted {
            name: named(&first.place.reference),
            whence: Whence::of(&first.place.reference),
            versions: versions.iter().map(|version| (version.place.clone(), Some(version.state))).collect(),
        });
    }
    Ok(wanted)
}

fn local(context: &Context, name: &PodName) -> Result<Wanted, OpError> {
    let versions = context.store.versions(name)?.into_iter().map(|version| {
        let selector = Selector::Version(version.number);
        let reference = Reference::Pod { remote: None, pod: name.clone(), selector };
        (Place { reference, commit: version.commit }, None)
    });
    Ok(Wanted { name: name.to_string(), whence: Whence::Local, versions: versions.collect() })
}

/// A pod as references write it.
fn named(reference: &Reference) -> String {
    match reference {
        Reference::Live => reference.to_string(),
        Reference::Pod { remote: None, pod, .. } => pod.to_string(),
        Reference::Pod { remote: Some(remote), pod, .. } => format!("{remote}/{pod}"),
    }
}

impl Index {
    /// Marks the pods that are not there any more, or no longer as they were; gives the position of what is there of
    /// each that is wanted.
    fn settle(&mut self, wanted: &[Wanted]) -> Vec<Option<u32>> {
        let there = self.pods.iter().enumerate().filter(|(_, pod)| pod.there);
        let known: HashMap<&str, usize> = there.map(|(at, pod)| (pod.name.as_str(), at)).collect();
        let goes_on = |wanted: &Wanted| {
            let at = *known.get(wanted.name.as_str())?;
            self.pods.get(at).filter(|pod| pod.goes_on_in(wanted)).map(|_| at as u32)
        };
        let found: Vec<Option<u32>> = wanted.iter().map(goes_on).collect();
        let kept: HashSet<u32> = found.iter().flatten().copied().collect();
        let pods = self.pods.iter_mut().enumerate();
        let gone = pods.filter(|(at, pod)| pod.there && !kept.contains(&(*at as u32)));
        gone.for_each(|(_, pod)| Arc::make_mut(pod).there = false);
        found
    }

    /// Whether most of it cannot be found any more, so that it is better made anew.
    fn is_mostly_gone(&self) -> bool {
        let entries = |there: bool| -> u64 {
            self.pods.iter().filter(|pod| pod.there == there).map(|pod| u64::from(pod.entries)).sum()
        };
        entries(false) > entries(true)
    }
}

impl IndexedPod {
    /// Whether what is wanted is this pod, or what has become of it.
    fn goes_on_in(&self, wanted: &Wanted) -> bool {
        let is = |(one, (other, _)): (&Place, &(Place, Option<Digest>))| one == other;
        self.whole && self.versions.len() <= wanted.versions.len() && self.versions.iter().zip(&wanted.versions).all(is)
    }
}

struct Builder<'a> {
    context: &'a Context,
    growing: Growing<'a>,
    documents: u64,
}

impl Builder<'_> {
    /// Takes in the versions of a pod that the index does not have.
    fn pod(&mut self, known: Option<u32>, wanted: Wanted, events: &Events) -> Result<(), OpError> {
        let pods = &mut self.growing.index.pods;
        let pod = known.unwrap_or(pods.len() as u32);
        if known.is_none() {
            let Wanted { name, whence, .. } = &wanted;
            pods.push(Arc::new(IndexedPod::new(name.clone(), *whence)));
        }
        let place = grow::InPod { pod, fresh: known.is_none() };
        let result = self.versions(place, wanted.versions, events);
        self.change(pod, |pod| pod.whole = result.is_ok());
        result
    }

    fn versions(
        &mut self,
        place: grow::InPod,
        versions: Vec<(Place, Option<Digest>)>,
        events: &Events,
    ) -> Result<(), OpError> {
        let store = &self.context.store;
        let tree = |commit: Digest, state: Option<Digest>| -> Result<Tree, StoreError> {
            Ok(store.tree(match state {
                Some(state) => state,
                None => store.commit(&commit)?.state,
            }))
        };
        let from = self.growing.index.pods.get(place.pod as usize).map_or(0, |pod| pod.versions.len());
        let before = from.checked_sub(1).and_then(|last| versions.get(last));
        let mut before = before.map(|(version, state)| tree(version.commit, *state)).transpose()?;
        for (at, (version, state)) in versions.into_iter().enumerate().skip(from) {
            let tree = tree(version.commit, state)?;
            self.change(place.pod, |pod| pod.versions.push(version));
            self.version(place, at as u32, before.as_ref(), &tree, events)?;
            before = Some(tree);
        }
        Ok(())
    }

    fn change(&mut self, pod: u32, how: impl FnOnce(&mut IndexedPod)) {
        if let Some(pod) = self.growing.index.pods.get_mut(pod as usize) {
            how(Arc::make_mut(pod));
        }
    }

    fn version(
        &mut self,
        place: grow::InPod,
        at: u32,
        before: Option<&Tree>,
        tree: &Tree,
        events: &Events,
    ) -> Result<(), OpError> {
        let mut opened = 0;
        if let Some(before) = before {
            for difference in before.diff(tree) {
                let difference = difference?;
                self.tick(events)?;
                let mut entries = |value: Option<_>| {
                    value.map(|value| self.growing.entries(&difference.key, value)).unwrap_or_default()
                };
                let (gone, there) = (entries(difference.before), entries(difference.after));
                for entry in gone.iter().filter(|entry| !there.contains(entry)) {
                    self.growing.close(*entry, place, at - 1);
                }
                opened += there.len();
                there.into_iter().for_each(|entry| self.growing.open(entry, place, at));
            }
        } else {
            for entry in tree.entries() {
                let (key, value) = entry?;
                self.tick(events)?;
                let there = self.growing.entries(&key, value);
                opened += there.len();
                there.into_iter().for_each(|entry| self.growing.open(entry, place, at));
            }
        }
        self.change(place.pod, |pod| pod.entries = pod.entries.saturating_add(opened as u32));
        Ok(())
    }

    fn tick(&mut self, events: &Events) -> Result<(), OpError> {
        self.documents += 1;
        if self.documents.is_multiple_of(1024) {
            if events.is_cancelled() {
                return Err(OpError::Cancelled);
            }
            events.progress(Progress { done: self.documents, ..Progress::default() });
        }
        Ok(())
    }
}
