//! Many texts end to end, each with its bag of characters, and a table that finds them again.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::NONE;
use super::matcher::Bag;

/// What stands between the segments of a name. A person types a slash for it.
pub(super) const SEPARATOR: char = '\0';

/// Texts by position.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<usize>,
    bags: Vec<Bag>,
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes they have together.
    pub(super) fn bytes(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, at: u32) -> &str {
        let at = at as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.all.get(start..*end)).unwrap_or_default()
    }

    pub(super) fn bag(&self, at: u32) -> Bag {
        self.bags.get(at as usize).copied().unwrap_or_default()
    }

    pub(super) fn push(&mut self, text: &str) -> u32 {
        self.all.push_str(text);
        self.ends.push(self.all.len());
        self.bags.push(Bag::of(text));
        (self.ends.len() - 1) as u32
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
    }
}
