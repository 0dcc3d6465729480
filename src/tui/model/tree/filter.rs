//! What a filter keeps of a tree.

use std::sync::Arc;

use super::bits::Bits;
use crate::pod::{Metamodel, NodeId};

/// What a filter keeps. Made off the screen's thread for large trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was looked for.
    pub query: String,
    /// The nodes that match, with what lies above and below them.
    pub nodes: Arc<Bits>,
    /// How many nodes match themselves.
    pub matches: usize,
}

/// Finds the nodes whose label contains `query`, without regard to case, and everything above and below them.
pub fn keep(metamodel: &Metamodel, query: &str) -> Kept {
    let wanted = query.to_lowercase();
    let mut nodes = Bits::none(metamodel.len());
    let mut matches = 0;
    let mut folded = String::new();
    // What lies below a match is kept too: a bucket that matches shows its objects.
    let mut below_match = 0;
    for (id, node) in metamodel.iter().skip(1) {
        folded.clear();
        folded.extend(node.label.chars().flat_map(char::to_lowercase));
        let itself = folded.contains(&wanted);
        matches += usize::from(itself);
        if itself {
            below_match = below_match.max(metamodel.below(id).end);
            let mut above = node.parent;
            while let Some(parent) = above.filter(|parent| !nodes.has(parent.0)) {
                nodes.set(parent.0, true);
                above = metamodel.parent(parent);
            }
        }
        if itself || id.0 < below_match {
            nodes.set(id.0, true);
        }
    }
    nodes.set(Metamodel::ROOT.0, true);
    Kept { query: query.to_owned(), nodes: Arc::new(nodes), matches }
}

impl Kept {
    /// Whether a node is shown.
    pub fn has(&self, node: NodeId) -> bool {
        self.nodes.has(node.0)
    }
}
