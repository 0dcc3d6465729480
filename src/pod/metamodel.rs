//! The tree people browse: account → region → service → type → resource (→ its children).

use std::cmp::Ordering;
use std::collections::HashMap;

use super::ResourceKey;

/// A node's place in its [`Metamodel`]. Ids ascend from a node to those below it, and from each of these to
/// the next: the order of the ids is the order in which a fully open tree is shown.
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
    /// A resource that is not there itself, only others below it.
    Absent(ResourceKey),
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

impl Node {
    /// The resource it stands for, there or absent; None for what only groups.
    pub fn key(&self) -> Option<&ResourceKey> {
        match &self.kind {
            NodeKind::Resource(key) | NodeKind::Absent(key) => Some(key),
            NodeKind::Pod | NodeKind::Account | NodeKind::Region | NodeKind::Service | NodeKind::Type => None,
        }
    }
}

/// The tree of one pod version, as an arena. Node 0 is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metamodel {
    nodes: Vec<Node>,
    /// The nodes that stand for resources, in the order of their keys.
    by_key: Vec<NodeId>,
}

/// The types from the outermost parent down to the resource's own, and how the name is divided among them:
/// the outermost has what the others do not need, each other one segment.
#[derive(Clone, Debug)]
struct Chain {
    kinds: Vec<String>,
}

impl Chain {
    /// The chain of a type. A type that is its own ancestor has none.
    fn of(service: &str, kind: &str, parent_kind: &dyn Fn(&str, &str) -> Option<String>) -> Self {
        let mut kinds = vec![kind.to_owned()];
        while let Some(parent) = kinds.last().and_then(|kind| parent_kind(service, kind)) {
            if kinds.contains(&parent) {
                break;
            }
            kinds.push(parent);
        }
        kinds.reverse();
        Self { kinds }
    }

    /// The steps from the service down to the resource at `key`: type, and how many segments of the name
    /// have been used up with it. A name with too few segments hangs directly below its service.
    fn steps<'a>(&'a self, key: &'a ResourceKey) -> impl Iterator<Item = (&'a str, usize)> {
        let skipped = if key.name.len() < self.kinds.len() { self.kinds.len() - 1 } else { 0 };
        let kinds = &self.kinds[skipped..];
        let first = (key.name.len() + 1).saturating_sub(kinds.len());
        kinds.iter().enumerate().map(move |(level, kind)| (kind.as_str(), first + level))
    }

    /// The order of the tree: parents before what they contain.
    fn compare(&self, key: &ResourceKey, other: &Self, other_key: &ResourceKey) -> Ordering {
        fn place(key: &ResourceKey) -> (&str, &str, &str) {
            (&key.account, &key.region, &key.service)
        }
        let order = place(key).cmp(&place(other_key));
        if order != Ordering::Equal {
            return order;
        }
        let (mut steps, mut other_steps) = (self.steps(key), other.steps(other_key));
        let (mut from, mut other_from) = (0, 0);
        loop {
            match (steps.next(), other_steps.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some((kind, to)), Some((other_kind, other_to))) => {
                    let order = kind
                        .cmp(other_kind)
                        .then_with(|| key.name[from..to].cmp(&other_key.name[other_from..other_to]));
                    if order != Ordering::Equal {
                        return order;
                    }
                    (from, other_from) = (to, other_to);
                }
            }
        }
    }
}

impl Metamodel {
    /// Builds the tree from keys in any order. `parent_kind(service, kind)` names the type whose resources
    /// contain those of `kind`, so that objects appear below their bucket.
    pub fn from_keys(
        keys: impl IntoIterator<Item = ResourceKey>,
        parent_kind: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Self {
        let mut chains: Vec<Chain> = Vec::new();
        let mut chain_of: HashMap<String, HashMap<String, usize>> = HashMap::new();
        let mut keyed: Vec<(usize, ResourceKey)> = Vec::new();
        for key in keys {
            let known = chain_of.get(&key.service).and_then(|kinds| kinds.get(&key.kind)).copied();
            let chain = known.unwrap_or_else(|| {
                chains.push(Chain::of(&key.service, &key.kind, parent_kind));
                chain_of.entry(key.service.clone()).or_default().insert(key.kind.clone(), chains.len() - 1);
                chains.len() - 1
            });
            keyed.push((chain, key));
        }
        keyed.sort_by(|(one, key), (other, other_key)| chains[*one].compare(key, &chains[*other], other_key));
        keyed.dedup_by(|(_, one), (_, other)| one == other);

        let mut growing = Growing::new();
        for (chain, key) in keyed {
            growing.add(key, &chains[chain]);
        }
        growing.finish()
    }

    /// The root.
    pub const ROOT: NodeId = NodeId(0);

    /// A node. Ids come from this metamodel; another's may panic.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// How many nodes there are, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no resource.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// All nodes, depth first, the root first.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(position, node)| (NodeId(position as u32), node))
    }

    /// The node that stands for the resource at `key`, there or absent.
    pub fn find(&self, key: &ResourceKey) -> Option<NodeId> {
        let position = self.by_key.binary_search_by(|id| self.node(*id).key().cmp(&Some(key))).ok()?;
        self.by_key.get(position).copied()
    }

    /// The child of `id` with this label.
    pub fn child(&self, id: NodeId, label: &str) -> Option<NodeId> {
        self.node(id).children.iter().copied().find(|child| self.node(*child).label == label)
    }

    /// The nodes from the root down to `id`, both included.
    pub fn path(&self, id: NodeId) -> Vec<NodeId> {
        let mut path: Vec<NodeId> = std::iter::successors(Some(id), |id| self.node(*id).parent).collect();
        path.reverse();
        path
    }

    /// The labels from below the root down to `id`.
    pub fn path_labels(&self, id: NodeId) -> Vec<&str> {
        self.path(id).into_iter().skip(1).map(|id| self.node(id).label.as_str()).collect()
    }

    /// How many nodes are above `id`: 0 for the root.
    pub fn depth(&self, id: NodeId) -> usize {
        std::iter::successors(self.node(id).parent, |id| self.node(*id).parent).count()
    }
}

/// A metamodel while keys are added in the order of the tree.
struct Growing {
    nodes: Vec<Node>,
    /// The nodes from the root down to the one added last.
    open: Vec<NodeId>,
}

impl Growing {
    fn new() -> Self {
        let root = Node { kind: NodeKind::Pod, label: String::new(), parent: None, children: Vec::new(), resources: 0 };
        Self { nodes: vec![root], open: vec![Metamodel::ROOT] }
    }

    fn add(&mut self, key: ResourceKey, chain: &Chain) {
        self.enter_group(1, &key.account, NodeKind::Account);
        self.enter_group(2, &key.region, NodeKind::Region);
        self.enter_group(3, &key.service, NodeKind::Service);
        let (mut depth, mut from) = (4, 0);
        for (kind, to) in chain.steps(&key) {
            self.enter_group(depth, kind, NodeKind::Type);
            // The groups above are the same already; names of several segments may be spelled alike.
            let same = |node: &Node| node.key().is_some_and(|open| open.name == key.name[..to]);
            self.enter(depth + 1, same, || {
                let name = key.name[..to].to_vec();
                let absent = ResourceKey { kind: kind.to_owned(), name, ..key.clone() };
                (NodeKind::Absent(absent), key.name[from..to].join("/"))
            });
            (depth, from) = (depth + 2, to);
        }
        for id in &self.open {
            self.nodes[id.0 as usize].resources += 1;
        }
        if let Some(id) = self.open.last() {
            self.nodes[id.0 as usize].kind = NodeKind::Resource(key);
        }
    }

    fn enter_group(&mut self, depth: usize, label: &str, kind: NodeKind) {
        self.enter(depth, |node| node.label == label, || (kind.clone(), label.to_owned()));
    }

    /// Goes to the node at `depth` below the open ones: the open one itself where it is the `same`, else a new one.
    fn enter(&mut self, depth: usize, same: impl Fn(&Node) -> bool, make: impl Fn() -> (NodeKind, String)) {
        if let Some(open) = self.open.get(depth) {
            if same(&self.nodes[open.0 as usize]) {
                return;
            }
            self.open.truncate(depth);
        }
        let id = NodeId(self.nodes.len() as u32);
        let parent = self.open.last().copied();
        if let Some(parent) = parent {
            self.nodes[parent.0 as usize].children.push(id);
        }
        let (kind, label) = make();
        self.nodes.push(Node { kind, label, parent, children: Vec::new(), resources: 0 });
        self.open.push(id);
    }

    fn finish(self) -> Metamodel {
        let Self { nodes, .. } = self;
        let mut by_key: Vec<NodeId> =
            (0..nodes.len() as u32).map(NodeId).filter(|id| nodes[id.0 as usize].key().is_some()).collect();
        by_key.sort_by(|one, other| nodes[one.0 as usize].key().cmp(&nodes[other.0 as usize].key()));
        Metamodel { nodes, by_key }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parent_kind(service: &str, kind: &str) -> Option<String> {
        match (service, kind) {
            ("s3", "object") => Some("bucket".to_owned()),
            ("s3", "version") => Some("object".to_owned()),
            ("loop", "a") => Some("b".to_owned()),
            ("loop", "b") => Some("a".to_owned()),
            _ => None,
        }
    }

    fn key(region: &str, service: &str, kind: &str, name: &[&str]) -> ResourceKey {
        ResourceKey::new("000000000000", region, service, kind, name.iter().copied())
    }

    fn drawing(model: &Metamodel) -> Vec<String> {
        let line = |(id, node): (NodeId, &Node)| {
            let mark = if matches!(node.kind, NodeKind::Absent(_)) { "?" } else { "" };
            format!("{}{}{mark} {}", "  ".repeat(model.depth(id)), node.label, node.resources)
        };
        model.iter().map(line).collect()
    }

    #[test]
    fn children_hang_below_their_parent_and_an_absent_parent_is_made_up() {
        let keys = [
            key("us-east-1", "sqs", "queue", &["q"]),
            key("eu-west-1", "s3", "object", &["gone", "x"]),
            key("us-east-1", "s3", "object", &["b", "two/parts"]),
            key("us-east-1", "s3", "version", &["b", "one", "v1"]),
            key("us-east-1", "s3", "bucket", &["c"]),
            key("us-east-1", "s3", "bucket", &["b"]),
            key("us-east-1", "s3", "bucket", &["b"]),
        ];
        let model = Metamodel::from_keys(keys.clone(), &parent_kind);
        assert_eq!(
            drawing(&model),
            [
                " 6",
                "  000000000000 6",
                "    eu-west-1 1",
                "      s3 1",
                "        bucket 1",
                "          gone? 1",
                "            object 1",
                "              x 1",
                "    us-east-1 5",
                "      s3 4",
                "        bucket 4",
                "          b 3",
                "            object 2",
                "              one? 1",
                "                version 1",
                "                  v1 1",
                "              two/parts 1",
                "          c 1",
                "      sqs 1",
                "        queue 1",
                "          q 1",
            ]
        );
        for key in &keys {
            let found = model.find(key).unwrap();
            assert_eq!(model.node(found).kind, NodeKind::Resource(key.clone()));
        }
        let object = model.find(&key("us-east-1", "s3", "object", &["b", "two/parts"])).unwrap();
        assert_eq!(
            model.path_labels(object),
            ["000000000000", "us-east-1", "s3", "bucket", "b", "object", "two/parts"]
        );
        assert_eq!(model.find(&key("us-east-1", "s3", "bucket", &["nope"])), None);
        let absent = model.find(&key("eu-west-1", "s3", "bucket", &["gone"])).unwrap();
        assert!(matches!(model.node(absent).kind, NodeKind::Absent(_)));
    }

    #[test]
    fn odd_catalogs_and_odd_names_still_make_a_tree() {
        let keys = [
            key("r", "loop", "a", &["x", "y"]),
            key("r", "s3", "object", &["lonely"]),
            key("r", "iam", "policy", &["path", "name"]),
            key("r", "iam", "policy", &["path/name"]),
        ];
        let model = Metamodel::from_keys(keys.clone(), &parent_kind);
        for key in &keys {
            assert_eq!(model.node(model.find(key).unwrap()).key(), Some(key));
        }
        assert_eq!(model.node(Metamodel::ROOT).resources, 4);
        let empty = Metamodel::from_keys([], &parent_kind);
        assert!(empty.is_empty() && empty.len() == 1);
    }

    proptest! {
        #[test]
        fn every_key_is_found_once_whatever_the_order(
            keys in proptest::collection::btree_set(
                ("[ab]", "[ab]", prop_oneof![Just("s3"), Just("sqs")], prop_oneof![Just("bucket"), Just("object"),
                 Just("version")], proptest::collection::vec("[a-c/]{0,2}", 1..4)), 0..40),
            seed in any::<u64>(),
        ) {
            let mut keys: Vec<ResourceKey> = keys
                .into_iter()
                .map(|(account, region, service, kind, name)| ResourceKey::new(account, region, service, kind, name))
                .collect();
            let sorted = Metamodel::from_keys(keys.clone(), &parent_kind);
            keys.sort_by_key(|key| crate::pod::Digest::of(format!("{seed}{key}").as_bytes()));
            let model = Metamodel::from_keys(keys.clone(), &parent_kind);
            prop_assert_eq!(&sorted, &model);
            prop_assert_eq!(model.node(Metamodel::ROOT).resources as usize, keys.len());
            for key in &keys {
                let id = model.find(key).unwrap();
                prop_assert_eq!(&model.node(id).kind, &NodeKind::Resource(key.clone()));
            }
            for (id, node) in model.iter().skip(1) {
                let parent = node.parent.unwrap();
                prop_assert!(parent < id);
                prop_assert!(model.node(parent).children.contains(&id));
            }
        }
    }
}
