//! Places and folds of a tree that outlive it: for going back, and for the next session.

use serde::{Deserialize, Serialize};

use super::TreeModel;
use crate::pod::{Metamodel, NodeId, ResourceKey};

/// Most unfolded nodes that are remembered of one tree: nobody unfolds more by hand.
const MOST: usize = 400;

/// A node, told so that another version's tree can be asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Spot {
    /// A resource.
    Resource(ResourceKey),
    /// The labels down to a group that lies below no resource.
    Group(Vec<String>),
}

/// What a tree looked like when it was left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folds {
    /// The nodes that were unfolded, from the top.
    pub open: Vec<Spot>,
    /// The chosen one.
    pub chosen: Option<Spot>,
    /// What was filtered for; empty where nothing was.
    pub query: String,
}

impl TreeModel {
    /// How to find a node again; None for the root, and for groups below resources.
    pub fn spot(&self, node: NodeId) -> Option<Spot> {
        if let Some(key) = self.metamodel.key(node) {
            return Some(Spot::Resource(key));
        }
        let path = self.metamodel.path(node);
        let groups = path.iter().skip(1).all(|id| self.metamodel.node(*id).kind.is_group());
        let labels = || self.metamodel.path_labels(node).into_iter().map(str::to_owned).collect();
        (groups && node != Metamodel::ROOT).then(|| Spot::Group(labels()))
    }

    /// The node at a spot, where there is one.
    pub fn node_at(&self, spot: &Spot) -> Option<NodeId> {
        match spot {
            Spot::Resource(key) => self.metamodel.find(key),
            Spot::Group(labels) => labels.iter().try_fold(Metamodel::ROOT, |at, label| self.metamodel.child(at, label)),
        }
    }

    /// What it looks like now.
    pub fn folds(&self) -> Folds {
        let open = self.open.from(1).take(MOST).filter_map(|id| self.spot(NodeId(id))).collect();
        let query = self.kept.as_ref().map(|kept| kept.query.clone()).unwrap_or_default();
        Folds { open, chosen: self.spot(self.selected), query }
    }

    /// Looks as it did when `folds` was taken, as far as the same places exist. The filter is not put back: whoever
    /// works it out does that.
    pub fn set_folds(&mut self, folds: &Folds) {
        let open: Vec<NodeId> = folds.open.iter().filter_map(|spot| self.node_at(spot)).collect();
        self.open.clear(0..self.metamodel.len() as u32);
        self.open.set(Metamodel::ROOT.0, true);
        for node in open {
            self.open.set(node.0, !self.metamodel.below(node).is_empty());
        }
        self.show_again();
        match folds.chosen.as_ref().and_then(|spot| self.node_at(spot)) {
            Some(node) => self.reveal(node),
            None => self.select_row(0),
        }
    }
}
