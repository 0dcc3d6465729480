//! The tree people browse: account → region → service → type → resource (→ its children).
//!
//! Nodes are packed into an arena without a pointer of their own, about twenty bytes and a label each, so that a pod
//! of a million resources is held and walked with ease.

use std::collections::HashMap;
use std::ops::Range;

use self::chain::Chain;
use super::ResourceKey;

pub use self::arrange::{Arrangement, Grouping, Leaf, Sorting};

mod arrange;
mod build;
mod chain;
mod refer;
#[cfg(test)]
mod tests;

/// A node's place in its [`Metamodel`]. Ids ascend from a node to those below it, and from each of these to
/// the next: the order of the ids is the order in which a fully open tree is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// The root: the whole pod.
    Pod,
    /// An account.
    Account,
    /// A region of an account.
    Region,
    /// A service in a region.
    Service,
    /// Everything of one type and what lies below that, in a tree grouped by types.
    Family,
    /// A value of the tag that is grouped by.
    Tag,
    /// A resource type of a service, or of a parent resource (a bucket's `object`s).
    Type,
    /// A resource.
    Resource,
    /// A resource that is not there itself, only others below it.
    Absent,
}

impl NodeKind {
    /// Whether it only groups others and has no key.
    pub fn is_group(self) -> bool {
        !matches!(self, Self::Resource | Self::Absent)
    }
}

/// One node, as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// What it stands for.
    pub kind: NodeKind,
    /// What people see: `us-east-1`, `s3`, `my-bucket`.
    pub label: &'a str,
    /// The node above; None for the root.
    pub parent: Option<NodeId>,
    /// How many nodes lie directly below.
    pub children: u32,
    /// Resources at or below this node.
    pub resources: u32,
}

/// A node as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Packed {
    /// The node above; the root is its own.
    parent: u32,
    /// The first node that is neither this one nor below it.
    end: u32,
    children: u32,
    resources: u32,
    /// Where its label ends in the text of all; it begins where the one before ends.
    label_end: u32,
    kind: NodeKind,
}

/// The tree of one pod version, as an arena. Node 0 is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metamodel {
    nodes: Vec<Packed>,
    labels: String,
    /// The names of resources whose label stands for several segments.
    segments: HashMap<NodeId, Vec<String>>,
    /// How the names of each type are divided, by service and type.
    chains: HashMap<String, HashMap<String, Chain>>,
    /// Bytes at or below each node, where the resources came with any.
    sizes: Option<Vec<u64>>,
    arrangement: Arrangement,
}

impl Metamodel {
    /// The root.
    pub const ROOT: NodeId = NodeId(0);

    /// A node. Ids come from this metamodel; another's may panic.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        let packed = self.packed(id);
        Node {
            kind: packed.kind,
            label: self.label(id),
            parent: self.parent(id),
            children: packed.children,
            resources: packed.resources,
        }
    }

    fn packed(&self, id: NodeId) -> &Packed {
        &self.nodes[id.0 as usize]
    }

    fn label(&self, id: NodeId) -> &str {
        let start = id.0.checked_sub(1).map_or(0, |before| self.packed(NodeId(before)).label_end);
        self.labels.get(start as usize..self.packed(id).label_end as usize).unwrap_or_default()
    }

    /// The node above; None for the root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        (id != Self::ROOT).then(|| NodeId(self.packed(id).parent))
    }

    /// The nodes directly below, in order.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let Range { start, end } = self.below(id);
        let next = move |child: u32| (child < end).then_some(NodeId(child));
        std::iter::successors(next(start), move |child| next(self.packed(*child).end))
    }

    /// The ids of all nodes below, however deep.
    pub fn below(&self, id: NodeId) -> Range<u32> {
        id.0 + 1..self.packed(id).end
    }

    /// The resource a node stands for, there or absent; None for what only groups.
    pub fn key(&self, id: NodeId) -> Option<ResourceKey> {
        if self.packed(id).kind.is_group() {
            return None;
        }
        let path = self.path(id);
        let last = |wanted: fn(NodeKind) -> bool| {
            path.iter().rev().find(|id| wanted(self.packed(**id).kind)).map(|id| self.label(*id).to_owned())
        };
        let of_resources = path.iter().filter(|id| !self.packed(**id).kind.is_group());
        let name = of_resources.flat_map(|id| self.name_part(*id).map(str::to_owned)).collect();
        Some(ResourceKey {
            account: last(|kind| kind == NodeKind::Account)?,
            region: last(|kind| kind == NodeKind::Region)?,
            service: last(|kind| kind == NodeKind::Service)?,
            kind: last(|kind| matches!(kind, NodeKind::Type | NodeKind::Family))?,
            name,
        })
    }

    /// The segments of a resource's name that its node adds to those above.
    fn name_part(&self, id: NodeId) -> impl Iterator<Item = &str> {
        let several = self.segments.get(&id);
        let one = several.is_none().then(|| self.label(id));
        several.into_iter().flatten().map(String::as_str).chain(one)
    }

    /// How many nodes there are, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no resource.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// All nodes, depth first, the root first.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, Node<'_>)> {
        (0..self.nodes.len() as u32).map(|id| (NodeId(id), self.node(NodeId(id))))
    }

    /// The node that stands for the resource at `key`, there or absent.
    pub fn find(&self, key: &ResourceKey) -> Option<NodeId> {
        let chain = self.chains.get(&key.service)?.get(&key.kind)?;
        let ResourceKey { account, region, service, .. } = key;
        let family = chain.steps(key.name.len()).next().map_or("", |(kind, _)| kind);
        let down = |from: NodeId, labels: &[&str]| labels.iter().try_fold(from, |at, label| self.child(at, label));
        match &self.arrangement.grouping {
            Grouping::Place => self.find_below(down(Self::ROOT, &[account, region, service])?, chain, key),
            Grouping::Service => self.find_below(down(Self::ROOT, &[service, account, region])?, chain, key),
            Grouping::Type => self.find_below(down(Self::ROOT, &[service, family, account, region])?, chain, key),
            // Nobody knows under which value it lies: there are few of them.
            Grouping::Tag(_) => self
                .children(Self::ROOT)
                .filter_map(|tag| self.find_below(down(tag, &[account, region, service])?, chain, key))
                .max_by_key(|id| self.packed(*id).kind == NodeKind::Resource),
        }
    }

    /// The same below the innermost of the groups it lies in.
    fn find_below(&self, groups: NodeId, chain: &Chain, key: &ResourceKey) -> Option<NodeId> {
        let (mut at, mut from) = (groups, 0);
        for (step, (kind, to)) in chain.steps(key.name.len()).enumerate() {
            let of_kind =
                if step == 0 && self.arrangement.grouping == Grouping::Type { at } else { self.child(at, kind)? };
            at = self.named(of_kind, key.name.get(from..to)?)?;
            from = to;
        }
        Some(at)
    }

    /// Bytes of the documents and blobs at or below a node, where the resources came with any.
    pub fn size(&self, id: NodeId) -> Option<u64> {
        self.sizes.as_ref()?.get(id.0 as usize).copied()
    }

    /// How it is laid out.
    pub fn arrangement(&self) -> &Arrangement {
        &self.arrangement
    }

    /// The node at the same place as one of another tree.
    pub fn twin(&self, other: &Self, id: NodeId) -> Option<NodeId> {
        if self.arrangement != other.arrangement {
            return self.find(&other.key(id)?);
        }
        let down = |at: NodeId, id: &NodeId| match other.packed(*id).kind.is_group() {
            true => self.child(at, other.label(*id)),
            false => {
                let name: Vec<String> = other.name_part(*id).map(str::to_owned).collect();
                self.named(at, &name)
            }
        };
        other.path(id).iter().skip(1).try_fold(Self::ROOT, down)
    }

    /// The child of `id` with this label. For what groups only: resources may share one.
    pub fn child(&self, id: NodeId, label: &str) -> Option<NodeId> {
        self.children(id).find(|child| self.label(*child) == label)
    }

    /// The resource with this name directly below a type: found by halving, because types may hold a million.
    fn named(&self, kind: NodeId, name: &[String]) -> Option<NodeId> {
        if self.arrangement.sorting != Sorting::Name {
            let is = |id: &NodeId| self.name_part(*id).eq(name.iter().map(String::as_str));
            return self.children(kind).find(is);
        }
        let Range { mut start, mut end } = self.below(kind);
        while start < end {
            let mut middle = NodeId(start + (end - start) / 2);
            while self.packed(middle).parent != kind.0 {
                middle = NodeId(self.packed(middle).parent);
            }
            match self.name_part(middle).cmp(name.iter().map(String::as_str)) {
                std::cmp::Ordering::Less => start = self.packed(middle).end,
                std::cmp::Ordering::Greater => end = middle.0,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The nodes from the root down to `id`, both included.
    pub fn path(&self, id: NodeId) -> Vec<NodeId> {
        let mut path: Vec<NodeId> = std::iter::successors(Some(id), |id| self.parent(*id)).collect();
        path.reverse();
        path
    }

    /// The labels from below the root down to `id`.
    pub fn path_labels(&self, id: NodeId) -> Vec<&str> {
        self.path(id).into_iter().skip(1).map(|id| self.label(id)).collect()
    }

    /// How many nodes are above `id`: 0 for the root.
    pub fn depth(&self, id: NodeId) -> usize {
        std::iter::successors(self.parent(id), |id| self.parent(*id)).count()
    }
}
