//! The folds, cursor and filter over a [`Metamodel`], sized for a million rows: a key costs the path from the
//! root, a frame costs the rows in the window.

use std::sync::Arc;

use super::list::Move;
use crate::pod::{Metamodel, NodeId};

/// What a filter keeps: one flag per node. Made off the screen's thread for large trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was looked for.
    pub query: String,
    /// By node: whether it or anything below it matches.
    pub flags: Arc<Vec<bool>>,
    /// How many nodes match themselves.
    pub matches: usize,
}

/// Finds the nodes whose label contains `query`, without regard to case, and everything above and below them.
pub fn keep(metamodel: &Metamodel, query: &str) -> Kept {
    let wanted = query.to_lowercase();
    let mut flags: Vec<bool> = Vec::new();
    let mut matching: Vec<bool> = Vec::new();
    let mut matches = 0;
    let mut folded = String::new();
    for (_, node) in metamodel.iter() {
        folded.clear();
        folded.extend(node.label.chars().flat_map(char::to_lowercase));
        let itself = node.parent.is_some() && folded.contains(&wanted);
        matches += usize::from(itself);
        // What lies below a match is kept too: a bucket that matches shows its objects.
        let inherited = node.parent.is_some_and(|parent| matching.get(parent.0 as usize).copied().unwrap_or(false));
        matching.push(itself || inherited);
        flags.push(itself || inherited);
    }
    // Parents come before their children: one pass from the end marks what lies above a match.
    let parents: Vec<Option<NodeId>> = metamodel.iter().map(|(_, node)| node.parent).collect();
    for (id, parent) in parents.iter().enumerate().rev() {
        if flags[id]
            && let Some(parent) = parent
        {
            flags[parent.0 as usize] = true;
        }
    }
    Kept { query: query.to_owned(), flags: Arc::new(flags), matches }
}

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
    open: Vec<bool>,
    /// By node: how many rows lie below it while it is open.
    rows: Vec<u32>,
    /// By node: its place among its parent's children.
    place: Vec<u32>,
    kept: Option<Kept>,
    selected: NodeId,
    top: usize,
}

impl TreeModel {
    /// A tree with everything folded but the way down to the types of the first service, where that is short.
    pub fn new(metamodel: Arc<Metamodel>) -> Self {
        let size = metamodel.iter().count();
        let mut place = vec![0; size];
        for (_, node) in metamodel.iter() {
            for (index, child) in node.children.iter().enumerate() {
                place[child.0 as usize] = index as u32;
            }
        }
        let mut model = Self {
            metamodel,
            open: vec![false; size],
            rows: vec![0; size],
            place,
            kept: None,
            selected: NodeId(0),
            top: 0,
        };
        model.open_first_levels();
        model.recount();
        model.selected = model.at(0).map_or(Metamodel::ROOT, |row| row.node);
        model
    }

    /// Accounts and regions hold nothing of their own: they start open, and services too while the screen has room.
    fn open_first_levels(&mut self) {
        const FIRST_ROWS: usize = 40;
        let mut level = vec![Metamodel::ROOT];
        let mut shown = 0;
        for depth in 0.. {
            let next: Vec<NodeId> = level.iter().flat_map(|id| self.metamodel.node(*id).children.clone()).collect();
            shown += next.len();
            if next.is_empty() || (depth > 2 && shown > FIRST_ROWS) || shown > FIRST_ROWS * 4 {
                break;
            }
            level.iter().for_each(|id| self.open[id.0 as usize] = true);
            level = next;
        }
        self.open[0] = true;
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
        self.rows[0] as usize
    }

    /// Whether no row is visible.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the node's children are shown.
    pub fn is_open(&self, node: NodeId) -> bool {
        self.open[node.0 as usize]
    }

    /// What is filtered for.
    pub fn query(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    fn is_kept(&self, node: NodeId) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.flags.get(node.0 as usize).copied().unwrap_or(false))
    }

    fn recount(&mut self) {
        self.rows.fill(0);
        let parents: Vec<Option<NodeId>> = self.metamodel.iter().map(|(_, node)| node.parent).collect();
        for (id, parent) in parents.iter().enumerate().rev() {
            let node = NodeId(id as u32);
            if let Some(parent) = parent
                && self.is_kept(node)
            {
                self.rows[parent.0 as usize] += 1 + self.below(node);
            }
        }
    }

    /// Rows visible below a node.
    fn below(&self, node: NodeId) -> u32 {
        if self.open[node.0 as usize] { self.rows[node.0 as usize] } else { 0 }
    }

    /// The row at `index`, from 0.
    pub fn at(&self, index: usize) -> Option<Row> {
        let mut left = u32::try_from(index).ok()?;
        if left >= self.rows[0] {
            return None;
        }
        let (mut node, mut depth) = (Metamodel::ROOT, 0);
        'down: loop {
            for &child in &self.metamodel.node(node).children {
                if !self.is_kept(child) {
                    continue;
                }
                if left == 0 {
                    return Some(Row { node: child, depth });
                }
                left -= 1;
                let below = self.below(child);
                if left < below {
                    (node, depth) = (child, depth + 1);
                    continue 'down;
                }
                left -= below;
            }
            return None;
        }
    }

    /// Which row a visible node is.
    pub fn row_of(&self, node: NodeId) -> usize {
        let mut row = 0u32;
        let mut at = node;
        while let Some(parent) = self.metamodel.node(at).parent {
            let place = self.place[at.0 as usize] as usize;
            for &before in &self.metamodel.node(parent).children[..place] {
                if self.is_kept(before) {
                    row += 1 + self.below(before);
                }
            }
            row += u32::from(parent != Metamodel::ROOT);
            at = parent;
        }
        row as usize
    }

    /// Up to `count` rows from `index` on.
    pub fn window(&self, index: usize, count: usize) -> Vec<Row> {
        let mut rows = Vec::with_capacity(count.min(self.len()));
        let mut next = self.at(index);
        while let Some(row) = next.filter(|_| rows.len() < count) {
            rows.push(row);
            next = self.after(row);
        }
        rows
    }

    fn after(&self, row: Row) -> Option<Row> {
        if self.below(row.node) > 0 {
            let first = self.metamodel.node(row.node).children.iter().find(|child| self.is_kept(**child))?;
            return Some(Row { node: *first, depth: row.depth + 1 });
        }
        let (mut at, mut depth) = (row.node, row.depth);
        loop {
            let parent = self.metamodel.node(at).parent?;
            let place = self.place[at.0 as usize] as usize;
            let siblings = &self.metamodel.node(parent).children[place + 1..];
            if let Some(next) = siblings.iter().find(|child| self.is_kept(**child)) {
                return Some(Row { node: *next, depth });
            }
            if parent == Metamodel::ROOT {
                return None;
            }
            (at, depth) = (parent, depth - 1);
        }
    }

    /// The nodes from the account down to the parent of `node`.
    pub fn ancestors(&self, node: NodeId) -> Vec<NodeId> {
        let mut above = Vec::new();
        let mut at = self.metamodel.node(node).parent;
        while let Some(parent) = at.filter(|parent| *parent != Metamodel::ROOT) {
            above.push(parent);
            at = self.metamodel.node(parent).parent;
        }
        above.reverse();
        above
    }

    /// The labels down to and with `node`.
    pub fn path(&self, node: NodeId) -> Vec<&str> {
        let mut path: Vec<&str> =
            self.ancestors(node).iter().map(|id| self.metamodel.node(*id).label.as_str()).collect();
        if node != Metamodel::ROOT {
            path.push(&self.metamodel.node(node).label);
        }
        path
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
        if let Some(row) = self.at(index) {
            self.selected = row.node;
        }
    }

    /// Chooses a node and opens everything above it; takes the filter off where that hides it.
    pub fn reveal(&mut self, node: NodeId) {
        if !self.is_kept(node) {
            self.filter(None);
        }
        for above in self.ancestors(node) {
            self.set_open(above, true);
        }
        self.selected = node;
    }

    /// Opens or folds one node.
    pub fn set_open(&mut self, node: NodeId, open: bool) {
        let at = node.0 as usize;
        if self.open[at] == open || node == Metamodel::ROOT {
            return;
        }
        let rows = self.rows[at];
        self.open[at] = open;
        let mut parent = self.metamodel.node(node).parent;
        while let Some(above) = parent {
            let count = &mut self.rows[above.0 as usize];
            *count = if open { *count + rows } else { *count - rows };
            if !self.open[above.0 as usize] {
                break;
            }
            parent = self.metamodel.node(above).parent;
        }
    }

    /// Right: opens a folded node, or goes to the first child of an open one.
    pub fn right(&mut self) {
        let node = self.selected;
        if self.metamodel.node(node).children.is_empty() {
            return;
        }
        if self.open[node.0 as usize] {
            self.step(Move::Down(1));
        } else {
            self.set_open(node, true);
        }
    }

    /// Left: folds an open node, or goes to the parent of a folded one.
    pub fn left(&mut self) {
        let node = self.selected;
        if self.open[node.0 as usize] && !self.metamodel.node(node).children.is_empty() {
            self.set_open(node, false);
        } else if let Some(parent) = self.metamodel.node(node).parent.filter(|parent| *parent != Metamodel::ROOT) {
            self.selected = parent;
        }
    }

    /// Opens or folds the chosen node; gives whether it has anything to unfold.
    pub fn toggle(&mut self) -> bool {
        let node = self.selected;
        let has_children = !self.metamodel.node(node).children.is_empty();
        if has_children {
            self.set_open(node, !self.open[node.0 as usize]);
        }
        has_children
    }

    /// Opens or folds the chosen node and everything below it.
    pub fn set_all(&mut self, open: bool) {
        let mut pending = vec![self.selected];
        while let Some(node) = pending.pop() {
            let children = &self.metamodel.node(node).children;
            if !children.is_empty() {
                self.open[node.0 as usize] = open;
                pending.extend(children);
            }
        }
        self.recount();
    }

    /// Shows only what a filter kept; None shows everything again.
    pub fn filter(&mut self, kept: Option<Kept>) {
        let had = self.kept.take();
        match kept {
            Some(kept) => {
                for (id, keep) in kept.flags.iter().enumerate() {
                    self.open[id] |= *keep;
                }
                self.kept = Some(kept);
            }
            None if had.is_some() => {
                // Everything the filter opened folds again, but the way to the chosen row.
                self.open.fill(false);
                self.open_first_levels();
                for above in self.ancestors(self.selected) {
                    self.open[above.0 as usize] = true;
                }
            }
            None => {}
        }
        self.recount();
        if !self.is_visible(self.selected) {
            self.selected = self.first_match().or_else(|| self.at(0).map(|row| row.node)).unwrap_or(Metamodel::ROOT);
        }
    }

    fn first_match(&self) -> Option<NodeId> {
        let kept = self.kept.as_ref()?;
        let wanted = kept.query.to_lowercase();
        let matches = |id: NodeId| self.metamodel.node(id).label.to_lowercase().contains(&wanted);
        self.window(0, 500).into_iter().map(|row| row.node).find(|id| matches(*id))
    }

    fn is_visible(&self, node: NodeId) -> bool {
        node != Metamodel::ROOT
            && self.is_kept(node)
            && self.ancestors(node).iter().all(|above| self.open[above.0 as usize] && self.is_kept(*above))
    }

    /// Takes over the folds and the cursor of another version's tree, where the same places exist.
    pub fn adopt(&mut self, other: &Self) {
        let mut pairs = vec![(Metamodel::ROOT, Metamodel::ROOT)];
        let mut found = false;
        while let Some((ours, theirs)) = pairs.pop() {
            let their_children = &other.metamodel.node(theirs).children;
            let (our_node, mut candidates) = (self.metamodel.node(ours), their_children.iter().peekable());
            // Both lists are sorted by the same rule: walk them side by side.
            for &child in &our_node.children {
                let label = &self.metamodel.node(child).label;
                let position = candidates.clone().position(|id| other.metamodel.node(*id).label == *label);
                let Some(position) = position.filter(|position| *position < 64) else { continue };
                let Some(twin) = candidates.nth(position) else { continue };
                if *twin == other.selected {
                    self.selected = child;
                    found = true;
                }
                let open = other.open[twin.0 as usize];
                self.open[child.0 as usize] = open;
                if open {
                    pairs.push((child, *twin));
                }
            }
        }
        self.recount();
        if !found || !self.is_visible(self.selected) {
            self.selected = self.at(0).map_or(Metamodel::ROOT, |row| row.node);
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pod::ResourceKey;

    fn model(names: &[&str]) -> TreeModel {
        let keys = names.iter().map(|name| {
            let parts: Vec<&str> = name.split('/').collect();
            let kind = if parts.len() > 1 { "object" } else { "bucket" };
            ResourceKey::new("0", "r", "s3", kind, parts)
        });
        let parent = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
        TreeModel::new(Arc::new(Metamodel::from_keys(keys, &parent)))
    }

    fn labels(model: &TreeModel) -> Vec<String> {
        let rows = model.window(0, model.len());
        rows.iter().map(|row| format!("{}{}", " ".repeat(row.depth), model.metamodel.node(row.node).label)).collect()
    }

    #[test]
    fn a_small_tree_starts_open_and_folds_one_by_one() {
        let mut model = model(&["a", "b", "b/x", "b/y"]);
        let everything = ["0", " r", "  s3", "   bucket", "    a", "    b", "     object", "      x", "      y"];
        assert_eq!(labels(&model), everything);
        model.step(Move::Bottom);
        model.left();
        model.left();
        assert_eq!(labels(&model), everything[..7]);
        model.left();
        model.left();
        assert_eq!(labels(&model), everything[..6]);
        model.right();
        assert_eq!(labels(&model).len(), 7);
    }

    #[test]
    fn a_filter_keeps_matches_with_what_is_above_and_below() {
        let mut model = model(&["alpha", "beta", "beta/x", "gamma/z"]);
        let kept = keep(&model.metamodel, "BET");
        model.filter(Some(kept));
        assert_eq!(labels(&model), ["0", " r", "  s3", "   bucket", "    beta", "     object", "      x"]);
        assert_eq!(model.metamodel.node(model.selected).label, "0");
        model.filter(Some(keep(&model.metamodel, "nothing")));
        assert!(model.is_empty());
        model.step(Move::Down(1));
        model.settle(5);
        model.filter(None);
        assert!(!model.is_empty());
    }

    #[test]
    fn another_version_keeps_folds_and_cursor() {
        let mut old = model(&["a", "b", "b/x", "c"]);
        old.step(Move::Top);
        old.step(Move::Down(5));
        assert_eq!(old.metamodel.node(old.selected).label, "b");
        old.left();
        let mut new = model(&["a2", "b", "b/x", "b/y", "c"]);
        new.adopt(&old);
        assert_eq!(new.metamodel.node(new.selected).label, "b");
        assert_eq!(labels(&new), ["0", " r", "  s3", "   bucket", "    a2", "    b", "    c"]);
    }

    proptest! {
        #[test]
        fn counts_rows_and_windows_agree_after_any_folding(
            names in proptest::collection::vec("[a-d](/[a-d])?", 1..12),
            steps in proptest::collection::vec((0usize..40, 0u8..4), 0..30),
            height in 1usize..12,
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut model = model(&names);
            for (row, what) in steps {
                model.select_row(row % model.len());
                match what {
                    0 => model.right(),
                    1 => model.left(),
                    2 => { model.toggle(); }
                    _ => model.set_all(row % 2 == 0),
                }
                model.settle(height);
                let rows = model.window(0, usize::MAX);
                prop_assert_eq!(rows.len(), model.len());
                for (index, row) in rows.iter().enumerate() {
                    prop_assert_eq!(model.at(index), Some(*row));
                    prop_assert_eq!(model.row_of(row.node), index);
                }
                let chosen = model.row_of(model.selected);
                prop_assert!(chosen >= model.top());
                prop_assert!(chosen == model.top() || chosen < model.top() + model.body_height(height));
            }
        }
    }
}
