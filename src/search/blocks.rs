//! A list in blocks that copies share until one of them changes: an index that grows leaves the one before it as it
//! is, and only what changes takes room twice.

use std::sync::Arc;

/// Entries of a block. A copy for one change stays small, and so does what the blocks themselves cost.
pub(super) const BLOCK: usize = 1 << 14;

/// A list that only grows at its end, of entries that may change.
#[derive(Clone)]
pub(super) struct Blocks<T> {
    /// All but the last are full.
    blocks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

impl<T: Clone> Blocks<T> {
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        Arc::make_mut(self.blocks.get_mut(at as usize / BLOCK)?).get_mut(at as usize % BLOCK)
    }

    /// Gives the position of the new entry.
    pub(super) fn push(&mut self, entry: T) -> u32 {
        let at = self.len();
        if at.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::default());
        }
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).push(entry);
        }
        at as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_what_changes_and_shares_what_does_not() {
        let mut blocks = Blocks::default();
        let positions: Vec<u32> = (0..BLOCK + 2).map(|number| blocks.push(number)).collect();
        assert_eq!((positions[BLOCK], blocks.len()), (BLOCK as u32, BLOCK + 2));
        let before = blocks.clone();
        *blocks.get_mut(BLOCK as u32).unwrap() = 7;
        blocks.push(8);
        assert_eq!((before.len(), before.get(BLOCK as u32)), (BLOCK + 2, Some(&BLOCK)));
        assert_eq!((blocks.len(), blocks.get(BLOCK as u32)), (BLOCK + 3, Some(&7)));
        assert!(Arc::ptr_eq(&before.blocks[0], &blocks.blocks[0]));
        assert_eq!(blocks.get(blocks.len() as u32), None);
    }
}
