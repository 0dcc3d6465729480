//! The tree people browse: account → region → service → type → resource (→ its children).
//!
//! Nodes are packed into an arena without a pointer of their own, about twenty bytes and a label each, so that a pod
//! of a million resources is held and walked with ease.

use std::collections::HashMap;
use std::ops::Range;

use self::chain::Chain;
use super::ResourceKey;

mod build;
mod chain;
#[cfg(test)]
mod tests;

/// A node's place in its [`Metamodel`]. Ids ascend from a node to those below it, and from each of these to
/// the next: the order of the ids is the order in which a fully open tree is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// The root: the whole pod.
    Pod,
    /// An account.
    Account,
    /// A region of an account.
    Region,
    /// A service in a region.
    Service,
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
        let text = |at: usize| path.get(at).map(|id| self.label(*id).to_owned());
        let below_service = path.get(4..)?;
        let of_kind = |wanted: fn(NodeKind) -> bool| {
            below_service.iter().copied().filter(move |id| wanted(self.packed(*id).kind))
        };
        let kind = of_kind(NodeKind::is_group).next_back().map(|id| self.label(id).to_owned())?;
        let name = of_kind(|kind| !kind.is_group()).flat_map(|id| self.name_part(id).map(str::to_owned)).collect();
        Some(ResourceKey { account: text(1)?, region: text(2)?, service: text(3)?, kind, name })
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
        let account = self.child(Self::ROOT, &key.account)?;
        let mut at = self.child(self.child(account, &key.region)?, &key.service)?;
        let mut from = 0;
        for (kind, to) in chain.steps(key.name.len()) {
            at = self.named(self.child(at, kind)?, key.name.get(from..to)?)?;
            from = to;
        }
        Some(at)
    }

    /// The node at the same place as one of another tree.
    pub fn twin(&self, other: &Self, id: NodeId) -> Option<NodeId> {
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
