//! Builds the tree from keys in any order, without ever holding the keys themselves.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use super::arrange::levels;
use super::chain::Chain;
use super::{Arrangement, Grouping, Leaf, Metamodel, NodeId, NodeKind, Packed, Sorting};
use crate::pod::ResourceKey;

impl Metamodel {
    /// Builds the tree from keys in any order. `parent_kind(service, kind)` names the type whose resources
    /// contain those of `kind`, so that objects appear below their bucket.
    pub fn from_keys(
        keys: impl IntoIterator<Item = ResourceKey>,
        parent_kind: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Self {
        match Self::try_from_keys(keys.into_iter().map(Ok::<_, Infallible>), parent_kind) {
            Ok(metamodel) => metamodel,
        }
    }

    /// Like [`Self::from_keys`], from keys that are still being read.
    ///
    /// # Errors
    /// The first error among the keys.
    pub fn try_from_keys<E>(
        keys: impl IntoIterator<Item = Result<ResourceKey, E>>,
        parent_kind: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Result<Self, E> {
        let leaves = keys.into_iter().map(|key| key.map(Leaf::from));
        Self::try_arranged(leaves, parent_kind, &Arrangement::default())
    }

    /// Builds a tree that is laid out in a way of its own, from resources that are still being read.
    ///
    /// # Errors
    /// The first error among the resources.
    pub fn try_arranged<E>(
        leaves: impl IntoIterator<Item = Result<Leaf, E>>,
        parent_kind: &dyn Fn(&str, &str) -> Option<String>,
        arrangement: &Arrangement,
    ) -> Result<Self, E> {
        let mut groups: BTreeMap<Place, Group> = BTreeMap::new();
        // Keys mostly come in their order: the group at hand is rarely another one than before.
        let mut last: Option<(ResourceKey, Option<String>)> = None;
        let mut place = Place::default();
        let mut group = Group::default();
        let by_type = arrangement.grouping == Grouping::Type;
        for leaf in leaves {
            let leaf = leaf?;
            let key = &leaf.key;
            let stays = last.as_ref().is_some_and(|(last, tag)| {
                last.account == key.account
                    && last.region == key.region
                    && last.service == key.service
                    && (!by_type || last.kind == key.kind && last.name.len() == key.name.len())
                    && *tag == leaf.tag
            });
            if !stays {
                let chain = Chain::of(&key.service, &key.kind, parent_kind);
                let family = chain.steps(key.name.len()).next().map_or("", |(kind, _)| kind);
                let next = Place(levels(&leaf, family, &arrangement.grouping));
                groups.insert(std::mem::replace(&mut place, next), std::mem::take(&mut group));
                group = groups.remove(&place).unwrap_or_default();
                last = Some((key.clone(), leaf.tag.clone()));
            }
            group.add(&leaf, parent_kind);
        }
        groups.insert(place, group);
        let mut growing = Growing::new(arrangement);
        for (place, group) in groups {
            growing.take_in(&place, group);
        }
        Ok(growing.finish().sorted(arrangement.sorting))
    }
}

/// The groups a resource lies in, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Vec<(NodeKind, String)>);

/// The resources of one service in one region, packed: their names are one text.
#[derive(Default)]
struct Group {
    chains: Vec<(String, Chain)>,
    entries: Vec<Entry>,
    names: String,
    /// Where each segment ends in the names; it begins where the one before ends.
    ends: Vec<u32>,
    /// Bytes of each entry, in the order of adding.
    sizes: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Entry {
    /// Position of its type in the chains.
    chain: u32,
    /// Position of its first segment in the ends.
    first: u32,
    segments: u32,
    /// Its place in the order of adding.
    at: u32,
}

impl Group {
    fn add(&mut self, leaf: &Leaf, parent_kind: &dyn Fn(&str, &str) -> Option<String>) {
        let key = &leaf.key;
        let known = self.chains.iter().position(|(kind, _)| *kind == key.kind);
        let chain = known.unwrap_or_else(|| {
            self.chains.push((key.kind.clone(), Chain::of(&key.service, &key.kind, parent_kind)));
            self.chains.len() - 1
        });
        let first = self.ends.len() as u32;
        for segment in &key.name {
            self.names.push_str(segment);
            self.ends.push(self.names.len() as u32);
        }
        let at = self.entries.len() as u32;
        self.entries.push(Entry { chain: chain as u32, first, segments: key.name.len() as u32, at });
        if leaf.size > 0 {
            self.sizes.resize(self.entries.len(), 0);
            self.sizes[at as usize] = leaf.size;
        }
    }

    fn segments(&self, entry: Entry, from: usize, to: usize) -> impl Iterator<Item = &str> + Clone {
        (entry.first as usize + from..entry.first as usize + to).map(|at| {
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.names[start as usize..self.ends[at] as usize]
        })
    }

    /// The order of the tree: parents before what they contain.
    fn compare(&self, one: Entry, other: Entry) -> Ordering {
        let chain = |entry: Entry| &self.chains[entry.chain as usize].1;
        let (mut steps, mut other_steps) =
            (chain(one).steps(one.segments as usize), chain(other).steps(other.segments as usize));
        let (mut from, mut other_from) = (0, 0);
        loop {
            match (steps.next(), other_steps.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some((kind, to)), Some((other_kind, other_to))) => {
                    let names = || self.segments(one, from, to).cmp(self.segments(other, other_from, other_to));
                    let order = kind.cmp(other_kind).then_with(names);
                    if order != Ordering::Equal {
                        return order;
                    }
                    (from, other_from) = (to, other_to);
                }
            }
        }
    }
}

/// A metamodel while resources are added in the order of the tree.
struct Growing {
    model: Metamodel,
    /// The nodes from the root down to the one added last.
    open: Vec<NodeId>,
}

impl Growing {
    fn new(arrangement: &Arrangement) -> Self {
        let model = Metamodel {
            nodes: Vec::new(),
            labels: String::new(),
            segments: HashMap::new(),
            chains: HashMap::new(),
            sizes: (arrangement.sorting == Sorting::Size).then(Vec::new),
            arrangement: arrangement.clone(),
        };
        let mut growing = Self { model, open: Vec::new() };
        growing.push(NodeKind::Pod, [""].into_iter());
        growing
    }

    fn take_in(&mut self, place: &Place, group: Group) {
        if group.entries.is_empty() {
            return;
        }
        let mut entries = group.entries.clone();
        entries.sort_by(|one, other| group.compare(*one, *other));
        entries.dedup_by(|one, other| group.compare(*one, *other) == Ordering::Equal);
        for entry in entries {
            for (above, (kind, label)) in place.0.iter().enumerate() {
                self.enter(above + 1, *kind, [label.as_str()].into_iter());
            }
            let (mut depth, mut from) = (place.0.len() + 1, 0);
            let chain = &group.chains[entry.chain as usize].1;
            for (step, (kind, to)) in chain.steps(entry.segments as usize).enumerate() {
                // Where types are the groups, the outermost is one already.
                if step > 0 || self.model.arrangement.grouping != Grouping::Type {
                    self.enter(depth, NodeKind::Type, [kind].into_iter());
                    depth += 1;
                }
                self.enter(depth, NodeKind::Absent, group.segments(entry, from, to));
                (depth, from) = (depth + 1, to);
            }
            let size = group.sizes.get(entry.at as usize).copied().unwrap_or_default();
            if size > 0 && self.model.sizes.is_none() {
                self.model.sizes = Some(vec![0; self.model.nodes.len()]);
            }
            for id in &self.open {
                self.model.nodes[id.0 as usize].resources += 1;
                if let Some(of_node) = self.model.sizes.as_mut().and_then(|sizes| sizes.get_mut(id.0 as usize)) {
                    *of_node += size;
                }
            }
            if let Some(id) = self.open.last() {
                self.model.nodes[id.0 as usize].kind = NodeKind::Resource;
            }
        }
        let service = place.0.iter().find(|(kind, _)| *kind == NodeKind::Service).map(|(_, label)| label.clone());
        self.model.chains.entry(service.unwrap_or_default()).or_default().extend(group.chains);
    }

    /// Goes to the node at `depth` below the open ones: the open one itself where it is the same, else a new one.
    fn enter<'a>(&mut self, depth: usize, kind: NodeKind, name: impl Iterator<Item = &'a str> + Clone) {
        if let Some(open) = self.open.get(depth) {
            if self.model.name_part(*open).eq(name.clone()) {
                return;
            }
            self.close(depth);
        }
        self.push(kind, name);
    }

    fn push<'a>(&mut self, kind: NodeKind, name: impl Iterator<Item = &'a str> + Clone) {
        let model = &mut self.model;
        let id = NodeId(model.nodes.len() as u32);
        let parent = self.open.last().map_or(0, |parent| parent.0);
        let count = name.clone().count();
        for (position, segment) in name.clone().enumerate() {
            if position > 0 {
                model.labels.push('/');
            }
            model.labels.push_str(segment);
        }
        if count != 1 {
            model.segments.insert(id, name.map(str::to_owned).collect());
        }
        let label_end = model.labels.len() as u32;
        if let Some(sizes) = &mut model.sizes {
            sizes.push(0);
        }
        model.nodes.push(Packed { parent, end: id.0 + 1, children: 0, resources: 0, label_end, kind });
        if id != Metamodel::ROOT {
            model.nodes[parent as usize].children += 1;
        }
        self.open.push(id);
    }

    /// Ends the nodes from `depth` on: what comes next is not below them.
    fn close(&mut self, depth: usize) {
        let end = self.model.nodes.len() as u32;
        for id in self.open.drain(depth..) {
            self.model.nodes[id.0 as usize].end = end;
        }
    }

    fn finish(mut self) -> Metamodel {
        self.close(0);
        self.model.nodes.shrink_to_fit();
        self.model.labels.shrink_to_fit();
        self.model
    }
}
