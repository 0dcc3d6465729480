//! Whether, and how well, a text matches a word: a cheap test that refuses nearly everything, then the fuzzy matcher.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use super::texts::SEPARATOR;

/// Scores texts against one word.
pub(super) trait Matcher: Send + Sync {
    /// How well `text` matches; None where it does not.
    fn score(&self, text: &str, word: &str) -> Option<i64>;

    /// The characters of `text` that match, ascending; None where it does not match.
    fn positions(&self, text: &str, word: &str) -> Option<Vec<usize>>;
}

impl Matcher for SkimMatcherV2 {
    fn score(&self, text: &str, word: &str) -> Option<i64> {
        self.fuzzy_match(text, word)
    }

    fn positions(&self, text: &str, word: &str) -> Option<Vec<usize>> {
        self.fuzzy_indices(text, word).map(|(_, positions)| positions)
    }
}

/// The characters of a text as a set of 64 bits, without regard to case. A word can only match a text whose bag
/// holds the word's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bag(u64);

impl Bag {
    pub(super) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |bits, byte| bits | 1 << bit(byte)))
    }

    pub(super) fn holds(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// Letters and digits have a bit each, all other bytes share the remaining 28.
fn bit(byte: u8) -> u8 {
    match plain(byte).to_ascii_lowercase() {
        letter @ b'a'..=b'z' => letter - b'a',
        digit @ b'0'..=b'9' => 26 + digit - b'0',
        other => 36 + other % 28,
    }
}

/// What a person types for a byte of a text.
fn plain(byte: u8) -> u8 {
    if byte == SEPARATOR as u8 { b'/' } else { byte }
}

/// One word of a query. With an upper-case ASCII letter in it, case counts: the fuzzy
/// matcher's own rule.
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) bag: Bag,
    exact: bool,
}

impl<'a> Word<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bag: Bag::of(text), exact: text.bytes().any(|byte| byte.is_ascii_uppercase()) }
    }

    fn same(&self, one: u8, other: u8) -> bool {
        let one = plain(one);
        one == other || !self.exact && one.eq_ignore_ascii_case(&other)
    }

    /// Whether the bytes of the word stand in `text` in this order. Everything the fuzzy matcher accepts passes.
    pub(super) fn is_subsequence_of(&self, text: &str) -> bool {
        let mut rest = text.bytes();
        self.text.bytes().all(|wanted| rest.any(|byte| self.same(byte, wanted)))
    }

    /// Whether `text` holds the word as it is.
    pub(super) fn is_within(&self, text: &str) -> bool {
        let wanted = self.text.as_bytes();
        let mut places = text.as_bytes().windows(wanted.len().max(1));
        places.any(|place| place.iter().zip(wanted).all(|(byte, wanted)| self.same(*byte, *wanted)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_cheap_tests_refuse_nothing_that_matches(text in "[a-cA-C/äÄ.-]{0,12}", word in "[a-cA-C/äÄ]{1,4}") {
            if SkimMatcherV2::default().score(&text, &word).is_some() {
                prop_assert!(Bag::of(&text).holds(Bag::of(&word)));
                prop_assert!(Word::new(&word).is_subsequence_of(&text));
            }
        }
    }
}
