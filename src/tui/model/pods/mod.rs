//! The list of everything that can be browsed: the live instance, local pods, and each remote's.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Lanes;
use super::list::{Cursor, Move};
use crate::instance::Emulator;
use crate::ops::{PodSummary, RemotePod, VersionSummary};
use crate::pod::{Digest, InstanceInfo, PodName, Reference, RemoteName, Selector};
use crate::remote::RemoteConfig;

mod rows;
mod versions;

/// What is known of the live instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Live {
    /// It is being looked for.
    #[default]
    Looking,
    /// Nothing answers; why.
    Offline(String),
    /// It answers.
    Online(Emulator, InstanceInfo),
}

/// What has been loaded so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing<T> {
    /// Not there yet.
    Loading,
    /// There.
    Ready(T),
    /// Failed; why.
    Failed(String),
}

/// A local pod with its versions, oldest first.
#[derive(Clone, Debug)]
pub struct LocalPod {
    /// Its summary.
    pub summary: PodSummary,
    /// Its versions.
    pub versions: Vec<VersionSummary>,
}

/// A configured remote with what is known of it.
#[derive(Clone, Debug)]
pub struct RemoteListing {
    /// Its configuration.
    pub config: RemoteConfig,
    /// Its pods.
    pub pods: Listing<Vec<RemotePod>>,
}

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowId {
    /// The live instance.
    Live,
    /// The heading of the local pods.
    Local,
    /// A local pod.
    Pod(PodName),
    /// A version of a local pod.
    Version(PodName, u64),
    /// A commit without a number that a merge brought into a local pod.
    Joined(PodName, Digest),
    /// A remote.
    Remote(RemoteName),
    /// A pod on a remote.
    RemotePod(RemoteName, PodName),
    /// A commit of a pod on a remote: by its number, or by its revision where it has none.
    RemoteVersion(RemoteName, PodName, Selector),
    /// A line that says what to do next: below which row, and the text.
    Hint(Box<RowId>, String),
}

impl RowId {
    /// The reference people would type.
    pub fn reference(&self) -> Option<Reference> {
        let pod = |remote: Option<&RemoteName>, pod: &PodName, selector| {
            Some(Reference::Pod { remote: remote.cloned(), pod: pod.clone(), selector })
        };
        match self {
            Self::Live => Some(Reference::Live),
            Self::Pod(name) => pod(None, name, Selector::Head),
            Self::Version(name, number) => pod(None, name, Selector::Version(*number)),
            Self::RemotePod(remote, name) => pod(Some(remote), name, Selector::Head),
            Self::RemoteVersion(remote, name, selector) => pod(Some(remote), name, selector.clone()),
            Self::Joined(..) | Self::Local | Self::Remote(_) | Self::Hint(..) => None,
        }
    }

    /// The local pod it belongs to.
    pub fn local_pod(&self) -> Option<&PodName> {
        match self {
            Self::Pod(name) | Self::Version(name, _) | Self::Joined(name, _) => Some(name),
            _ => None,
        }
    }

    /// How far to indent.
    pub fn depth(&self) -> usize {
        match self {
            Self::Live | Self::Local | Self::Remote(_) => 0,
            Self::Pod(_) | Self::RemotePod(..) => 1,
            Self::Version(..) | Self::Joined(..) | Self::RemoteVersion(..) => 2,
            Self::Hint(below, _) => below.depth() + 1,
        }
    }
}

/// The pane's state.
#[derive(Clone, Debug)]
pub struct Pods {
    /// The live instance.
    pub live: Live,
    /// The local pods.
    pub local: Listing<Vec<LocalPod>>,
    /// The remotes.
    pub remotes: Listing<Vec<RemoteListing>>,
    /// Marked for comparing, in the order of marking; two at most.
    pub marked: Vec<RowId>,
    /// Rows that are unfolded.
    open: BTreeSet<RowId>,
    /// The rows as they stand.
    rows: Vec<RowId>,
    /// The lanes of unfolded histories, where they have more than one.
    lanes: BTreeMap<RowId, Lanes>,
    /// The chosen row.
    pub cursor: Cursor,
}

impl Default for Pods {
    fn default() -> Self {
        let mut pods = Self {
            live: Live::Looking,
            local: Listing::Loading,
            remotes: Listing::Loading,
            marked: Vec::new(),
            open: BTreeSet::from([RowId::Local]),
            rows: Vec::new(),
            lanes: BTreeMap::new(),
            cursor: Cursor::default(),
        };
        pods.rebuild();
        pods
    }
}

impl Pods {
    /// The rows in order.
    pub fn rows(&self) -> &[RowId] {
        &self.rows
    }

    /// The chosen row.
    pub fn chosen(&self) -> &RowId {
        self.rows.get(self.cursor.at).unwrap_or(&RowId::Live)
    }

    /// What is drawn beside a version's sign, where its pod's history has several lanes.
    pub fn lanes(&self, row: &RowId) -> Option<&Lanes> {
        self.lanes.get(row)
    }

    /// Whether a row is unfolded; None where nothing lies below it.
    pub fn fold(&self, row: &RowId) -> Option<bool> {
        match row {
            RowId::Live | RowId::Version(..) | RowId::Joined(..) | RowId::RemoteVersion(..) | RowId::Hint(..) => None,
            _ => Some(self.open.contains(row)),
        }
    }

    /// Takes in the local pods.
    pub fn set_local(&mut self, mut pods: Vec<LocalPod>) {
        pods.sort_by(|one, other| one.summary.name.cmp(&other.summary.name));
        let first_time = !matches!(self.local, Listing::Ready(_));
        if first_time && let [only] = pods.as_slice() {
            self.open.insert(RowId::Pod(only.summary.name.clone()));
        }
        self.local = Listing::Ready(pods);
        self.rebuild();
    }

    /// Takes in the configured remotes; what is known of their pods stays.
    pub fn set_remotes(&mut self, configs: Vec<RemoteConfig>) {
        let known = match std::mem::replace(&mut self.remotes, Listing::Loading) {
            Listing::Ready(known) => known,
            _ => Vec::new(),
        };
        let listing = |config: RemoteConfig| {
            self.open.insert(RowId::Remote(config.name.clone()));
            let pods = known.iter().find(|one| one.config == config).map(|one| one.pods.clone());
            RemoteListing { config, pods: pods.unwrap_or(Listing::Loading) }
        };
        self.remotes = Listing::Ready(configs.into_iter().map(listing).collect());
        self.rebuild();
    }

    /// Takes in a remote's pods.
    pub fn set_remote_pods(&mut self, remote: &RemoteName, pods: Listing<Vec<RemotePod>>) {
        if let Listing::Ready(remotes) = &mut self.remotes
            && let Some(listing) = remotes.iter_mut().find(|listing| listing.config.name == *remote)
        {
            listing.pods = pods;
        }
        self.rebuild();
    }

    /// The configured remotes.
    pub fn remotes(&self) -> &[RemoteListing] {
        match &self.remotes {
            Listing::Ready(remotes) => remotes,
            _ => &[],
        }
    }

    /// A configured remote.
    pub fn remote(&self, name: &RemoteName) -> Option<&RemoteListing> {
        self.remotes().iter().find(|listing| listing.config.name == *name)
    }

    /// A pod on a remote.
    pub fn remote_pod(&self, remote: &RemoteName, pod: &PodName) -> Option<&RemotePod> {
        match &self.remote(remote)?.pods {
            Listing::Ready(pods) => pods.iter().find(|found| found.name == *pod),
            _ => None,
        }
    }

    /// A local pod.
    pub fn local_pod(&self, name: &PodName) -> Option<&LocalPod> {
        match &self.local {
            // They come sorted by their names.
            Listing::Ready(pods) => {
                let at = pods.binary_search_by(|pod| pod.summary.name.cmp(name)).ok()?;
                pods.get(at)
            }
            _ => None,
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, movement: Move) {
        self.cursor.step(movement, self.rows.len());
        // Hints are to be read, not chosen: pass over them where there is somewhere to go.
        if matches!(self.chosen(), RowId::Hint(..)) {
            let onward = match movement {
                Move::Down(_) | Move::Top => {
                    (self.cursor.at..self.rows.len()).find(|at| !matches!(self.rows[*at], RowId::Hint(..)))
                }
                _ => None,
            };
            let back = (0..self.cursor.at).rev().find(|at| !matches!(self.rows[*at], RowId::Hint(..)));
            self.cursor.at = onward.or(back).unwrap_or(self.cursor.at);
        }
    }

    /// Chooses a row, unfolding what it lies in; gives whether it is there.
    pub fn choose(&mut self, wanted: &RowId) -> bool {
        match wanted {
            RowId::Version(name, _) => {
                self.open.insert(RowId::Pod(name.clone()));
            }
            RowId::RemoteVersion(remote, pod, _) => {
                self.open.insert(RowId::RemotePod(remote.clone(), pod.clone()));
            }
            _ => {}
        }
        self.rebuild();
        match self.rows.iter().position(|row| row == wanted) {
            Some(at) => {
                self.cursor.at = at;
                true
            }
            None => false,
        }
    }

    /// The unfolded rows, as [`Self::unfold`] takes them.
    pub fn unfolded(&self) -> impl Iterator<Item = String> {
        self.open.iter().filter_map(|row| match row {
            RowId::Local => Some("/".to_owned()),
            RowId::Pod(pod) => Some(pod.to_string()),
            RowId::Remote(remote) => Some(format!("{remote}/")),
            RowId::RemotePod(remote, pod) => Some(format!("{remote}/{pod}")),
            _ => None,
        })
    }

    /// Unfolds rows that were unfolded before; what makes no sense is left out.
    pub fn unfold<'a>(&mut self, rows: impl Iterator<Item = &'a str>) {
        self.open.extend(rows.filter_map(|row| match row.split_once('/') {
            None => Some(RowId::Pod(row.parse().ok()?)),
            Some(("", _)) => Some(RowId::Local),
            Some((remote, "")) => Some(RowId::Remote(remote.parse().ok()?)),
            Some((remote, pod)) => Some(RowId::RemotePod(remote.parse().ok()?, pod.parse().ok()?)),
        }));
        self.rebuild();
    }

    /// Unfolds or folds the chosen row.
    pub fn set_open(&mut self, open: bool) {
        let row = self.chosen().clone();
        if self.fold(&row) == Some(!open) {
            if open {
                self.open.insert(row);
            } else {
                self.open.remove(&row);
            }
            self.rebuild();
        } else if !open {
            let depth = row.depth();
            let above = (0..self.cursor.at).rev().find(|at| self.rows[*at].depth() < depth);
            self.cursor.at = above.unwrap_or(self.cursor.at);
        } else if self.fold(&row) == Some(true) {
            self.step(Move::Down(1));
        }
    }

    /// Marks the chosen row for comparing, or takes its mark off; the oldest of three marks goes.
    pub fn toggle_mark(&mut self) {
        let row = self.chosen().clone();
        if row.reference().is_none() {
            return;
        }
        if let Some(at) = self.marked.iter().position(|marked| *marked == row) {
            self.marked.remove(at);
            return;
        }
        self.marked.push(row);
        if self.marked.len() > 2 {
            self.marked.remove(0);
        }
    }
}
