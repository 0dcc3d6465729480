//! Opening and folding.

use super::TreeModel;
use crate::pod::{Metamodel, NodeId};
use crate::tui::model::list::Move;

impl TreeModel {
    /// Opens or folds one node.
    pub fn set_open(&mut self, node: NodeId, open: bool) {
        if self.is_passed_over(node) || self.open.has(node.0) == open || self.metamodel.node(node).children == 0 {
            return;
        }
        self.open.set(node.0, open);
        if !self.visible.has(node.0) {
            return;
        }
        if open {
            self.show_below(node);
        } else {
            self.visible.clear(self.metamodel.below(node));
        }
        self.rows = self.visible.count();
    }

    /// Right: opens a folded node, or goes to the first child of an open one.
    pub fn right(&mut self) {
        let node = self.selected;
        if self.metamodel.node(node).children == 0 {
            return;
        }
        if self.open.has(node.0) {
            self.step(Move::Down(1));
        } else {
            self.set_open(node, true);
        }
    }

    /// Left: folds an open node, or goes to the parent of a folded one.
    pub fn left(&mut self) {
        let node = self.selected;
        if self.open.has(node.0) && self.metamodel.node(node).children > 0 {
            self.set_open(node, false);
        } else if let Some(parent) = self.ancestors(node).last() {
            self.selected = *parent;
        }
    }

    /// Opens or folds the chosen node; gives whether it has anything to unfold.
    pub fn toggle(&mut self) -> bool {
        let node = self.selected;
        let has_children = self.metamodel.node(node).children > 0;
        if has_children {
            self.set_open(node, !self.open.has(node.0));
        }
        has_children
    }

    /// Opens or folds the chosen node and everything below it.
    pub fn set_all(&mut self, open: bool) {
        let below = self.metamodel.below(self.selected);
        self.open.clear(below.start - 1..below.end);
        if open {
            for id in (below.start - 1..below.end).map(NodeId) {
                if !self.metamodel.below(id).is_empty() {
                    self.open.set(id.0, true);
                }
            }
        }
        self.open.set(Metamodel::ROOT.0, true);
        self.show_again();
    }
}
