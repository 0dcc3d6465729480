//! Walking a whole tree, without what was walked before.

use std::collections::HashSet;

use super::TreeError;
use super::cursor::{load, load_child};
use super::node::Node;
use super::read::Tree;
use crate::pod::Digest;

/// Takes the key and the canonical JSON of a document.
pub(crate) type OnValue<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), TreeError>;

impl Tree {
    /// Reads every node that is not in `seen` yet and adds it, children first; calls `on_value` with key and
    /// canonical JSON of each of their documents. Gives the first fault.
    pub(crate) fn walk(&self, seen: &mut HashSet<Digest>, on_value: OnValue<'_>) -> Result<(), TreeError> {
        if seen.contains(&self.root) {
            return Ok(());
        }
        let root = load(self.source.as_ref(), &self.root)?;
        self.walk_below(&root, None, seen, on_value)?;
        seen.insert(self.root);
        Ok(())
    }

    fn walk_below(
        &self,
        node: &Node,
        upper: Option<&[u8]>,
        seen: &mut HashSet<Digest>,
        on_value: OnValue<'_>,
    ) -> Result<(), TreeError> {
        for position in 0..node.len() {
            if node.level == 0 {
                on_value(node.key(position), &node.value_bytes(position))?;
                continue;
            }
            let digest = node.child(position).digest;
            if seen.contains(&digest) {
                continue;
            }
            let next = position + 1;
            let upper = if next < node.len() { Some(node.key(next)) } else { upper };
            // Levels fall by one with every step, so the depth is bounded by the format's highest level.
            let child = load_child(self.source.as_ref(), node, position, upper)?;
            self.walk_below(&child, upper, seen, on_value)?;
            seen.insert(digest);
        }
        Ok(())
    }
}
