//! The tree people browse: account → region → service → type → resource (→ its children).

use super::ResourceKey;

/// A node's place in its [`Metamodel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    Resource(ResourceKey),
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it stands for.
    pub kind: NodeKind,
    /// What people see: `us-east-1`, `s3`, `my-bucket`.
    pub label: String,
    /// The node above; None for the root.
    pub parent: Option<NodeId>,
    /// The nodes below, in order.
    pub children: Vec<NodeId>,
    /// Resources at or below this node.
    pub resources: u32,
}

/// The tree of one pod version, as an arena. Node 0 is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metamodel {
    nodes: Vec<Node>,
}

impl Metamodel {
    /// Builds the tree from keys in any order. `parent_kind(service, kind)` names the type whose resources
    /// contain those of `kind`, so that objects appear below their bucket.
    pub fn from_keys(
        keys: impl IntoIterator<Item = ResourceKey>,
        parent_kind: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Self {
        let _ = (keys.into_iter().count(), parent_kind);
        todo!()
    }

    /// The root.
    pub const ROOT: NodeId = NodeId(0);

    /// A node. Ids come from this metamodel; another's may panic.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}
