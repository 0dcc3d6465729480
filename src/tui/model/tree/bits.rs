//! A set of node ids as bits: a million of them are sixteen thousand words, counted in microseconds.

use std::ops::Range;

/// Bits in a word.
const WORD: u32 = u64::BITS;

/// A set of numbers below a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No number below `bound`.
    pub fn none(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(WORD as usize)] }
    }

    /// Whether `at` is in the set.
    pub fn has(&self, at: u32) -> bool {
        self.words.get((at / WORD) as usize).is_some_and(|word| word >> (at % WORD) & 1 == 1)
    }

    /// Puts `at` in or takes it out.
    pub fn set(&mut self, at: u32, value: bool) {
        if let Some(word) = self.words.get_mut((at / WORD) as usize) {
            let bit = 1 << (at % WORD);
            *word = if value { *word | bit } else { *word & !bit };
        }
    }

    /// Takes out everything in `range`.
    pub fn clear(&mut self, range: Range<u32>) {
        let mut at = range.start;
        while at < range.end {
            let (word, offset) = ((at / WORD) as usize, at % WORD);
            let length = (WORD - offset).min(range.end - at);
            let mask = (u64::MAX >> (WORD - length)) << offset;
            if let Some(word) = self.words.get_mut(word) {
                *word &= !mask;
            }
            at += length;
        }
    }

    /// How many are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many of the set are smaller than `at`.
    pub fn before(&self, at: u32) -> usize {
        let whole = (at / WORD) as usize;
        let counted: usize = self.words.iter().take(whole).map(|word| word.count_ones() as usize).sum();
        let part = self.words.get(whole).map_or(0, |word| (word & !(u64::MAX << (at % WORD))).count_ones());
        counted + part as usize
    }

    /// The member with `index` smaller ones.
    pub fn nth(&self, index: usize) -> Option<u32> {
        let mut left = index;
        for (at, word) in self.words.iter().enumerate() {
            let here = word.count_ones() as usize;
            if left < here {
                let mut word = *word;
                for _ in 0..left {
                    word &= word - 1;
                }
                return Some(at as u32 * WORD + word.trailing_zeros());
            }
            left -= here;
        }
        None
    }

    /// The members from `start` on, ascending.
    pub fn from(&self, start: u32) -> impl Iterator<Item = u32> {
        let first = (start / WORD) as usize;
        self.words.iter().enumerate().skip(first).flat_map(move |(at, word)| {
            let mut word = if at == first { word & (u64::MAX << (start % WORD)) } else { *word };
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(at as u32 * WORD + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(members in proptest::collection::btree_set(0u32..300, 0..80), cut in 0u32..300, end in 0u32..300) {
            let mut bits = Bits::none(300);
            members.iter().for_each(|at| bits.set(*at, true));
            prop_assert_eq!(bits.count(), members.len());
            prop_assert_eq!(bits.before(cut), members.range(..cut).count());
            prop_assert_eq!(bits.from(cut).collect::<Vec<_>>(), members.range(cut..).copied().collect::<Vec<_>>());
            for (index, at) in members.iter().enumerate() {
                prop_assert_eq!(bits.nth(index), Some(*at));
            }
            prop_assert_eq!(bits.nth(members.len()), None);
            bits.clear(cut..end);
            let left: BTreeSet<u32> = members.into_iter().filter(|at| !(cut..end).contains(at)).collect();
            prop_assert_eq!(bits.from(0).collect::<BTreeSet<_>>(), left);
        }
    }
}
