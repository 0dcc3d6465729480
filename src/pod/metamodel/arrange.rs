//! How a tree is laid out: what its upper levels stand for, and the order of neighbours.

use serde::{Deserialize, Serialize};

use super::{Metamodel, NodeId, NodeKind, Packed};
use crate::pod::ResourceKey;

/// What the levels above the resources stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Account, region, service, type.
    #[default]
    Place,
    /// Service, account, region, type.
    Service,
    /// Service, type, account, region.
    Type,
    /// The value of the tag of this name, then as by place.
    Tag(String),
}

/// The order of neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sorting {
    /// By name.
    #[default]
    Name,
    /// What takes most bytes first.
    Size,
    /// What holds most resources first.
    Count,
}

/// How a tree is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrangement {
    /// What its upper levels stand for.
    pub grouping: Grouping,
    /// The order of neighbours.
    pub sorting: Sorting,
}

impl Arrangement {
    /// Whether keys alone are not enough for it.
    pub fn needs_documents(&self) -> bool {
        matches!(self.grouping, Grouping::Tag(_)) || self.sorting == Sorting::Size
    }
}

/// A resource to be arranged.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its key.
    pub key: ResourceKey,
    /// The value of the tag that is grouped by.
    pub tag: Option<String>,
    /// Bytes of its document and blobs; 0 where nobody asks.
    pub size: u64,
}

impl From<ResourceKey> for Leaf {
    fn from(key: ResourceKey) -> Self {
        Self { key, tag: None, size: 0 }
    }
}

/// What stands for a resource without the tag that is grouped by.
const UNTAGGED: &str = "(without)";

/// The groups a resource lies in, outermost first. `family` is the type of its outermost parent.
pub(super) fn levels(leaf: &Leaf, family: &str, grouping: &Grouping) -> Vec<(NodeKind, String)> {
    let ResourceKey { account, region, service, .. } = &leaf.key;
    let account = (NodeKind::Account, account.clone());
    let region = (NodeKind::Region, region.clone());
    let service = (NodeKind::Service, service.clone());
    match grouping {
        Grouping::Place => vec![account, region, service],
        Grouping::Service => vec![service, account, region],
        Grouping::Type => vec![service, (NodeKind::Family, family.to_owned()), account, region],
        Grouping::Tag(name) => {
            let value = match &leaf.tag {
                Some(value) => format!("{name}={value}"),
                None => UNTAGGED.to_owned(),
            };
            vec![(NodeKind::Tag, value), account, region, service]
        }
    }
}

impl Metamodel {
    /// The same with neighbours in another order. By size only where sizes are known.
    pub(super) fn sorted(self, sorting: Sorting) -> Self {
        if sorting == Sorting::Name {
            return self;
        }
        let mut model = Self {
            nodes: Vec::with_capacity(self.nodes.len()),
            labels: String::with_capacity(self.labels.len()),
            segments: Default::default(),
            chains: Default::default(),
            sizes: self.sizes.as_ref().map(|sizes| Vec::with_capacity(sizes.len())),
            arrangement: Arrangement { sorting, ..self.arrangement.clone() },
        };
        // Old ids with the new id of what is above, the next one last.
        let mut pending = vec![(Self::ROOT, 0)];
        let mut below = Vec::new();
        while let Some((old, parent)) = pending.pop() {
            let id = model.nodes.len() as u32;
            let Packed { end, children, resources, kind, .. } = *self.packed(old);
            model.labels.push_str(self.label(old));
            let label_end = model.labels.len() as u32;
            model.nodes.push(Packed { parent, end: id + (end - old.0), children, resources, label_end, kind });
            if let Some(segments) = self.segments.get(&old) {
                model.segments.insert(NodeId(id), segments.clone());
            }
            if let Some(sizes) = &mut model.sizes {
                sizes.push(self.size(old).unwrap_or_default());
            }
            below.extend(self.children(old));
            let weight = |node: NodeId| match sorting {
                Sorting::Size => self.size(node).unwrap_or_default(),
                _ => u64::from(self.packed(node).resources),
            };
            // Stable: what weighs the same stays in the order of names.
            below.sort_by_key(|node| std::cmp::Reverse(weight(*node)));
            pending.extend(below.drain(..).rev().map(|child| (child, id)));
        }
        model.chains = self.chains;
        model
    }
}
