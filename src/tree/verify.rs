//! Checking a whole tree.

use std::collections::HashSet;

use super::TreeError;
use super::cursor::{load, load_child};
use super::node::Node;
use super::read::{Tree, parse_value};
use crate::pod::Digest;

impl Tree {
    /// Reads every node that is not in `verified` yet and adds it; calls `on_value` for each of their
    /// documents. Gives the first fault.
    pub(crate) fn verify(
        &self,
        verified: &mut HashSet<Digest>,
        on_value: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), TreeError> {
        if verified.contains(&self.root) {
            return Ok(());
        }
        let root = load(self.source.as_ref(), &self.root)?;
        self.verify_below(&root, None, verified, on_value)?;
        verified.insert(self.root);
        Ok(())
    }

    fn verify_below(
        &self,
        node: &Node,
        upper: Option<&[u8]>,
        verified: &mut HashSet<Digest>,
        on_value: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), TreeError> {
        for position in 0..node.len() {
            if node.level == 0 {
                let value = node.value_bytes(position);
                parse_value(node.key(position), &value)?;
                on_value(node.key(position), &value);
                continue;
            }
            let digest = node.child(position).digest;
            if verified.contains(&digest) {
                continue;
            }
            let next = position + 1;
            let upper = if next < node.len() { Some(node.key(next)) } else { upper };
            // Levels fall by one with every step, so the depth is bounded by the format's highest level.
            let child = load_child(self.source.as_ref(), node, position, upper)?;
            self.verify_below(&child, upper, verified, on_value)?;
            verified.insert(digest);
        }
        Ok(())
    }
}
