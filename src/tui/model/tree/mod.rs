//! The folds, cursor and filter over a [`Metamodel`], sized for a million rows: a key costs a walk over bits, a
//! frame costs the rows in the window.
//!
//! Levels that say nothing have no row of their own: a group whose only child is a group is shown in front of that
//! child's label, and the only type below a resource is left out. Such a node is *passed over*: always open, never
//! chosen.

use std::sync::Arc;

use self::bits::Bits;
pub use self::filter::{Kept, keep};
pub use self::memory::{Folds, Spot};
use super::list::Move;
use crate::pod::{Metamodel, NodeId, NodeKind};

mod bits;
mod filter;
mod fold;
mod memory;
#[cfg(test)]
mod tests;

/// A row that is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node.
    pub node: NodeId,
    /// How deep: 0 for accounts.
    pub depth: usize,
}

/// A tree with its folds.
#[derive(Clone, Debug)]
pub struct TreeModel {
    metamodel: Arc<Metamodel>,
    /// The nodes whose children are shown.
    open: Bits,
    /// The nodes that are a row now.
    visible: Bits,
    rows: usize,
    kept: Option<Kept>,
    selected: NodeId,
    top: usize,
}

impl TreeModel {
    /// A tree with its first levels open as far as they are short.
    pub fn new(metamodel: Arc<Metamodel>) -> Self {
        let size = metamodel.len();
        let mut model = Self {
            metamodel,
            open: Bits::none(size),
            visible: Bits::none(size),
            rows: 0,
            kept: None,
            selected: Metamodel::ROOT,
            top: 0,
        };
        model.open_first_levels();
        model.show_again();
        model.select_row(0);
        model
    }

    /// Accounts and regions hold nothing of their own: they start open, and services too while the screen has room.
    fn open_first_levels(&mut self) {
        const FIRST_ROWS: usize = 40;
        let mut level = vec![Metamodel::ROOT];
        let mut shown = 0;
        for depth in 0.. {
            let next: usize = level.iter().map(|id| self.metamodel.node(*id).children as usize).sum();
            shown += next;
            if next == 0 || (depth > 2 && shown > FIRST_ROWS) || shown > FIRST_ROWS * 4 {
                break;
            }
            level.iter().for_each(|id| self.open.set(id.0, true));
            level = level.iter().flat_map(|id| self.metamodel.children(*id)).collect();
        }
        self.open.set(Metamodel::ROOT.0, true);
    }

    /// The tree underneath.
    pub fn metamodel(&self) -> &Arc<Metamodel> {
        &self.metamodel
    }

    /// The chosen node; the root where nothing is visible.
    pub fn selected(&self) -> NodeId {
        self.selected
    }

    /// The first row of the window.
    pub fn top(&self) -> usize {
        self.top
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row is visible.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether the node's children are shown.
    pub fn is_open(&self, node: NodeId) -> bool {
        self.open.has(node.0) || self.is_passed_over(node)
    }

    /// What is filtered for.
    pub fn query(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    fn is_kept(&self, node: NodeId) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.has(node))
    }

    /// Whether a node has no row of its own.
    fn is_passed_over(&self, id: NodeId) -> bool {
        let node = self.metamodel.node(id);
        let Some(parent) = node.parent else { return true };
        if !node.kind.is_group() {
            return false;
        }
        let above = self.metamodel.node(parent);
        let only_type_of_a_resource = !above.kind.is_group() && above.children == 1;
        // An only child comes right behind its parent.
        let only_child_groups = || node.children == 1 && self.metamodel.node(NodeId(id.0 + 1)).kind.is_group();
        only_type_of_a_resource || only_child_groups()
    }

    /// The groups that are shown in front of a group's own label.
    pub fn in_front(&self, node: NodeId) -> Vec<NodeId> {
        let mut front = Vec::new();
        let mut at = node;
        while self.metamodel.node(at).kind.is_group()
            && let Some(parent) = self.metamodel.parent(at)
            && parent != Metamodel::ROOT
            && self.metamodel.node(parent).kind.is_group()
            && self.is_passed_over(parent)
        {
            front.push(parent);
            at = parent;
        }
        front.reverse();
        front
    }

    /// Works out all rows anew.
    fn show_again(&mut self) {
        self.visible.clear(0..self.metamodel.len() as u32);
        self.show_below(Metamodel::ROOT);
        self.rows = self.visible.count();
    }

    /// Makes rows of what is open below a node.
    fn show_below(&mut self, node: NodeId) {
        let metamodel = self.metamodel.clone();
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            for child in metamodel.children(node).filter(|child| self.kept.as_ref().is_none_or(|kept| kept.has(*child)))
            {
                let has_children = !metamodel.below(child).is_empty();
                if has_children && self.is_passed_over(child) {
                    pending.push(child);
                    continue;
                }
                self.visible.set(child.0, true);
                if has_children && self.open.has(child.0) {
                    pending.push(child);
                }
            }
        }
    }

    /// The row at `index`, from 0.
    pub fn at(&self, index: usize) -> Option<Row> {
        self.visible.nth(index).map(|node| self.row(NodeId(node)))
    }

    fn row(&self, node: NodeId) -> Row {
        Row { node, depth: self.ancestors(node).len() }
    }

    /// Which row a visible node is.
    pub fn row_of(&self, node: NodeId) -> usize {
        self.visible.before(node.0)
    }

    /// Up to `count` rows from `index` on.
    pub fn window(&self, index: usize, count: usize) -> Vec<Row> {
        let Some(first) = self.visible.nth(index) else { return Vec::new() };
        self.visible.from(first).take(count).map(|node| self.row(NodeId(node))).collect()
    }

    /// The nodes with a row of their own from the account down to what `node` lies in.
    pub fn ancestors(&self, node: NodeId) -> Vec<NodeId> {
        let mut above: Vec<NodeId> =
            std::iter::successors(self.metamodel.parent(node), |id| self.metamodel.parent(*id))
                .filter(|parent| *parent != Metamodel::ROOT && !self.is_passed_over(*parent))
                .collect();
        above.reverse();
        above
    }

    /// The labels down to and with `node`.
    pub fn path(&self, node: NodeId) -> Vec<&str> {
        self.metamodel.path_labels(node)
    }

    /// Moves the cursor.
    pub fn step(&mut self, movement: Move) {
        if self.is_empty() {
            return;
        }
        let last = self.len() - 1;
        let row = self.row_of(self.selected);
        let row = match movement {
            Move::Up(rows) => row.saturating_sub(rows),
            Move::Down(rows) => row.saturating_add(rows).min(last),
            Move::Top => 0,
            Move::Bottom => last,
        };
        self.select_row(row);
    }

    /// Chooses the row at `index`.
    pub fn select_row(&mut self, index: usize) {
        self.selected = self.visible.nth(index).map_or(Metamodel::ROOT, NodeId);
    }

    /// Chooses a node and opens everything above it; takes the filter off where that hides it.
    pub fn reveal(&mut self, node: NodeId) {
        if !self.is_kept(node) {
            self.filter(None);
        }
        for above in self.ancestors(node) {
            self.set_open(above, true);
        }
        self.selected = self.with_a_row(node);
    }

    /// The node itself, or the first below it that has a row.
    fn with_a_row(&self, node: NodeId) -> NodeId {
        let mut at = node;
        while self.is_passed_over(at) && self.metamodel.node(at).children > 0 {
            at = NodeId(at.0 + 1);
        }
        at
    }

    /// Shows only what a filter kept; None shows everything again.
    pub fn filter(&mut self, kept: Option<Kept>) {
        let had = self.kept.take();
        match kept {
            Some(kept) => {
                for id in kept.nodes.from(0).map(NodeId) {
                    if !self.metamodel.below(id).is_empty() {
                        self.open.set(id.0, true);
                    }
                }
                self.kept = Some(kept);
            }
            None if had.is_some() => {
                // Everything the filter opened folds again, but the way to the chosen row.
                self.open.clear(0..self.metamodel.len() as u32);
                self.open_first_levels();
                for above in self.ancestors(self.selected) {
                    self.open.set(above.0, true);
                }
            }
            None => {}
        }
        self.show_again();
        if !self.visible.has(self.selected.0) {
            match self.first_match() {
                Some(node) => self.selected = node,
                None => self.select_row(0),
            }
        }
    }

    fn first_match(&self) -> Option<NodeId> {
        let kept = self.kept.as_ref()?;
        let wanted = kept.query.to_lowercase();
        let matches = |id: NodeId| self.metamodel.node(id).label.to_lowercase().contains(&wanted);
        self.window(0, 500).into_iter().map(|row| row.node).find(|id| matches(*id))
    }

    /// Takes over the folds and the cursor of another version's tree, where the same places exist.
    pub fn adopt(&mut self, other: &Self) {
        let ours: Vec<u32> = self.open.from(1).collect();
        for node in ours {
            if let Some(twin) = other.metamodel.twin(&self.metamodel, NodeId(node)) {
                self.open.set(node, other.open.has(twin.0));
            }
        }
        for node in other.open.from(1) {
            if let Some(twin) = self.metamodel.twin(&other.metamodel, NodeId(node)) {
                self.open.set(twin.0, true);
            }
        }
        self.show_again();
        let chosen = self.metamodel.twin(&other.metamodel, other.selected).map(|node| self.with_a_row(node));
        match chosen.filter(|node| self.visible.has(node.0)) {
            Some(node) => self.selected = node,
            None => self.select_row(0),
        }
        self.top = other.top;
    }

    /// How many rows of a window of `height` are left below the ancestors kept in sight on top of it.
    fn body_height(&self, height: usize) -> usize {
        let above = self.at(self.top).map_or(0, |row| row.depth);
        height.saturating_sub(above).max(1)
    }

    /// Brings the window of `height` rows to the cursor.
    pub fn settle(&mut self, height: usize) {
        if self.is_empty() {
            self.top = 0;
            return;
        }
        let row = self.row_of(self.selected);
        self.top = self.top.min(self.len() - 1);
        if row < self.top {
            self.top = row;
        }
        // The deeper the first row, the more ancestors take room above it: step until the cursor fits.
        if row >= self.top + height {
            self.top = row + 1 - height;
        }
        while row >= self.top + self.body_height(height) && self.top < row {
            self.top += 1;
        }
        // Do not leave room unused at the end.
        while self.top > 0 && self.len() - self.top < self.body_height(height) {
            self.top -= 1;
            if self.len() - self.top > self.body_height(height) {
                self.top += 1;
                break;
            }
        }
    }

    /// What a group says of its size: how many it holds directly, and how many resources lie at or below those.
    pub fn counts(&self, id: NodeId) -> (u32, u32) {
        let node = self.metamodel.node(id);
        match node.kind {
            NodeKind::Resource => (node.resources - 1, node.resources - 1),
            NodeKind::Type => (node.children, node.resources),
            _ => (node.resources, node.resources),
        }
    }
}
