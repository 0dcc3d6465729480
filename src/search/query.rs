//! Answers queries: a cheap test picks the candidates on all cores, only those are scored, and positions are worked
//! out for the winners alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fuzzy_matcher::skim::SkimMatcherV2;
use tokio_util::sync::CancellationToken;

use super::matcher::{Matcher, Word};
use super::{Entry, Hit, Index, Span};

/// A value that matches as well as a name is shown behind it: names are what people mostly look for.
const VALUE_MALUS: i64 = 8;

/// Entries tested between two looks at the cancellation.
const CANCEL_STRIDE: usize = 4096;

/// Fewest entries worth a thread of their own.
const ENTRIES_PER_THREAD: usize = 16_384;

/// Entries scored in one query. A short word matches nearly everything in a large store; scoring a million texts
/// takes seconds, and nobody reads that far down. Texts that hold the words as they are come first.
const SCORED: usize = 16_384;

/// Best first, then shorter texts, then the index's own order.
type Rank = (i64, Reverse<usize>, Reverse<usize>);

pub(super) fn query(index: &Index, text: &str, limit: usize, cancel: &CancellationToken) -> Vec<Hit> {
    let words: Vec<Word> = text.split_whitespace().map(Word::new).collect();
    if words.is_empty() || limit == 0 {
        return Vec::new();
    }
    let matcher = SkimMatcherV2::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = index.entries.len().div_ceil(ENTRIES_PER_THREAD).clamp(1, cores);
    let share = index.entries.len().div_ceil(threads).max(1);
    let search = Search { words: &words, limit, scored: SCORED / threads, matcher: &matcher, cancel };
    let best = |(number, entries): (usize, &[Entry])| search.best_of(entries, number * share);
    let mut ranks: Vec<Rank> = if threads == 1 {
        best((0, &index.entries))
    } else {
        let best = &best;
        std::thread::scope(|scope| {
            let chunks: Vec<_> = index.entries.chunks(share).enumerate().collect();
            let running: Vec<_> = chunks.into_iter().map(|chunk| scope.spawn(move || best(chunk))).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    };
    ranks.sort_unstable_by(|one, other| other.cmp(one));
    ranks.truncate(limit);
    ranks.into_iter().filter_map(|(score, _, Reverse(at))| index.hit(at, score, &words, &matcher)).collect()
}

/// One query at work.
struct Search<'a> {
    words: &'a [Word<'a>],
    limit: usize,
    /// Most entries to score.
    scored: usize,
    matcher: &'a dyn Matcher,
    cancel: &'a CancellationToken,
}

impl Search<'_> {
    /// The best entries of a slice that starts at `offset` of the index.
    fn best_of(&self, entries: &[Entry], offset: usize) -> Vec<Rank> {
        let mut best = BinaryHeap::<Reverse<Rank>>::new();
        for position in self.candidates(entries) {
            let Some(entry) = entries.get(position) else { continue };
            let Some(score) = self.score(entry) else { continue };
            best.push(Reverse((score, Reverse(entry.text.len()), Reverse(offset + position))));
            if best.len() > self.limit {
                best.pop();
            }
        }
        best.into_iter().map(|Reverse(rank)| rank).collect()
    }

    /// Positions of the entries worth scoring: those that hold every word as it is, then the others that may match.
    fn candidates(&self, entries: &[Entry]) -> Vec<usize> {
        let (mut whole, mut scattered) = (Vec::new(), Vec::new());
        for (position, entry) in entries.iter().enumerate() {
            if position % CANCEL_STRIDE == 0 && self.cancel.is_cancelled() || whole.len() >= self.scored {
                break;
            }
            if !self.words.iter().all(|word| entry.bag.holds(word.bag) && word.is_subsequence_of(&entry.text)) {
                continue;
            }
            if self.words.iter().all(|word| word.is_within(&entry.text)) {
                whole.push(position);
            } else if scattered.len() < self.scored {
                scattered.push(position);
            }
        }
        scattered.truncate(self.scored.saturating_sub(whole.len()));
        whole.append(&mut scattered);
        whole
    }

    fn score(&self, entry: &Entry) -> Option<i64> {
        let malus = if entry.property.is_some() { VALUE_MALUS } else { 0 };
        self.words.iter().try_fold(-malus, |sum, word| Some(sum + self.matcher.score(&entry.text, word.text)?))
    }
}

impl Index {
    fn hit(&self, at: usize, score: i64, words: &[Word<'_>], matcher: &dyn Matcher) -> Option<Hit> {
        let entry = self.entries.get(at)?;
        let mut positions: Vec<usize> =
            words.iter().filter_map(|word| matcher.positions(&entry.text, word.text)).flatten().collect();
        positions.sort_unstable();
        positions.dedup();
        Some(Hit {
            key: self.resources.get(entry.resource as usize)?.parse().ok()?,
            property: entry.property.as_deref().map(str::to_owned),
            text: entry.text.to_string(),
            positions,
            places: entry.places.iter().rev().flat_map(|span| self.versions_of(*span)).collect(),
            score,
        })
    }

    fn versions_of(&self, span: Span) -> impl Iterator<Item = (crate::pod::PodName, u64, crate::pod::Digest)> {
        let pod = self.pods.get(span.pod as usize);
        let versions = pod.and_then(|pod| pod.versions.get(span.first as usize..=span.last as usize));
        pod.into_iter().flat_map(move |pod| {
            versions.unwrap_or_default().iter().rev().map(|(number, commit)| (pod.name.clone(), *number, *commit))
        })
    }
}
