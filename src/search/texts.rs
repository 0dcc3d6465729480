//! Many texts end to end, each with its bag of characters, and a table that finds them again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::NONE;
use super::blocks::BLOCK;
use super::matcher::Bag;

/// What stands between the segments of a name. A person types a slash for it.
pub(super) const SEPARATOR: char = '\0';

/// Texts by position, in blocks as [`Blocks`] are.
///
/// [`Blocks`]: super::blocks::Blocks
#[derive(Clone, Default)]
pub(super) struct Texts {
    /// All but the last are full.
    blocks: Vec<Arc<Block>>,
    bytes: usize,
}

/// Some texts end to end.
#[derive(Clone, Default)]
struct Block {
    all: String,
    /// Where each ends. The longest names, of 64 KiB, end far below what this can hold.
    ends: Vec<u32>,
    bags: Vec<Bag>,
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.ends.len())
    }

    /// How many bytes they have together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, at: u32) -> &str {
        let Some(block) = self.blocks.get(at as usize / BLOCK) else { return "" };
        let at = at as usize % BLOCK;
        let start = at.checked_sub(1).and_then(|before| block.ends.get(before)).copied().unwrap_or(0) as usize;
        block.ends.get(at).and_then(|end| block.all.get(start..*end as usize)).unwrap_or_default()
    }

    pub(super) fn bag(&self, at: u32) -> Bag {
        let block = self.blocks.get(at as usize / BLOCK);
        block.and_then(|block| block.bags.get(at as usize % BLOCK)).copied().unwrap_or_default()
    }

    pub(super) fn push(&mut self, text: &str) -> u32 {
        let at = self.len();
        if at.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::default());
        }
        if let Some(block) = self.blocks.last_mut().map(Arc::make_mut) {
            block.all.push_str(text);
            block.ends.push(block.all.len() as u32);
            block.bags.push(Bag::of(text));
            if block.ends.len() == BLOCK {
                block.all.shrink_to_fit();
            }
        }
        self.bytes += text.len();
        at as u32
    }
}

/// Positions of texts by their hash: open addressing over the positions alone, as the texts lie elsewhere.
#[derive(Default)]
pub(super) struct Known {
    slots: Vec<u32>,
    used: usize,
}

/// Slots that a table begins with.
const SLOTS: usize = 64;

impl Known {
    /// The position of what hashes so and `is` the same; None where it is not known.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mut slot = self.home(hash)?;
        loop {
            match self.slots.get(slot) {
                Some(&at) if at != NONE => {
                    if is(at) {
                        return Some(at);
                    }
                }
                _ => return None,
            }
            slot = (slot + 1) % self.slots.len();
        }
    }

    /// Remembers a position that [`Known::find`] does not find. `hash_of` gives the hash of any position.
    pub(super) fn insert(&mut self, at: u32, hash_of: impl Fn(u32) -> u64) {
        // At most half full, so that probing ends soon.
        if (self.used + 1) * 2 > self.slots.len() {
            let size = (self.slots.len() * 2).max(SLOTS);
            let old = std::mem::replace(&mut self.slots, vec![NONE; size]);
            old.into_iter().filter(|at| *at != NONE).for_each(|at| self.place(at, hash_of(at)));
        }
        self.place(at, hash_of(at));
        self.used += 1;
    }

    /// Knows all of `count` positions, each with the hash that `hash_of` gives it.
    pub(super) fn of(count: usize, hash_of: impl Fn(u32) -> u64) -> Self {
        let mut known = Self { slots: vec![NONE; (count * 2).next_power_of_two().max(SLOTS)], used: count };
        (0..count as u32).for_each(|at| known.place(at, hash_of(at)));
        known
    }

    fn home(&self, hash: u64) -> Option<usize> {
        (hash as usize).checked_rem(self.slots.len())
    }

    fn place(&mut self, at: u32, hash: u64) {
        let Some(mut slot) = self.home(hash) else { return };
        while self.slots.get(slot).is_some_and(|taken| *taken != NONE) {
            slot = (slot + 1) % self.slots.len();
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = at;
        }
    }
}

/// The hash of a text in a scope.
pub(super) fn hash(scope: u32, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (scope, text).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_at_its_position_and_no_other_is() {
        let (mut texts, mut known) = (Texts::default(), Known::default());
        for number in 0..1_000 {
            let at = texts.push(&format!("text {number}"));
            known.insert(at, |at| hash(0, texts.get(at)));
        }
        for number in 0..1_000 {
            let text = format!("text {number}");
            assert_eq!(known.find(hash(0, &text), |at| texts.get(at) == text), Some(number));
        }
        assert_eq!(known.find(hash(0, "other"), |at| texts.get(at) == "other"), None);
        assert_eq!(Known::default().find(1, |_| true), None);
        let again = Known::of(texts.len(), |at| hash(0, texts.get(at)));
        assert_eq!(again.find(hash(0, "text 77"), |at| texts.get(at) == "text 77"), Some(77));
    }
}
