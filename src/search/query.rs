//! Answers queries: every entry is tested on all cores, positions are worked out for the winners only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fuzzy_matcher::skim::SkimMatcherV2;
use tokio_util::sync::CancellationToken;

use super::matcher::{Bag, Matcher, is_subsequence};
use super::{Entry, Hit, Index, Span};

/// A value that matches as well as a name is shown behind it: names are what people mostly look for.
const VALUE_MALUS: i64 = 8;

/// Entries tested between two looks at the cancellation.
const CANCEL_STRIDE: usize = 4096;

/// Fewest entries worth a thread of their own.
const ENTRIES_PER_THREAD: usize = 16_384;

/// Best first, then shorter texts, then the index's own order.
type Rank = (i64, Reverse<usize>, Reverse<usize>);

pub(super) fn query(index: &Index, text: &str, limit: usize, cancel: &CancellationToken) -> Vec<Hit> {
    let words: Vec<(&str, Bag)> = text.split_whitespace().map(|word| (word, Bag::of(word))).collect();
    if words.is_empty() || limit == 0 {
        return Vec::new();
    }
    let matcher = SkimMatcherV2::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = index.entries.len().div_ceil(ENTRIES_PER_THREAD).clamp(1, cores);
    let share = index.entries.len().div_ceil(threads).max(1);
    let best = |(number, entries): (usize, &[Entry])| best_of(entries, number * share, &words, limit, &matcher, cancel);
    let mut ranks: Vec<Rank> = if threads == 1 {
        best((0, &index.entries))
    } else {
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

/// The best entries of a slice that starts at `offset` of the index.
fn best_of(
    entries: &[Entry],
    offset: usize,
    words: &[(&str, Bag)],
    limit: usize,
    matcher: &dyn Matcher,
    cancel: &CancellationToken,
) -> Vec<Rank> {
    let mut best = BinaryHeap::<Reverse<Rank>>::new();
    for (position, entry) in entries.iter().enumerate() {
        if position % CANCEL_STRIDE == 0 && cancel.is_cancelled() {
            break;
        }
        let Some(score) = score(entry, words, matcher) else { continue };
        best.push(Reverse((score, Reverse(entry.text.len()), Reverse(offset + position))));
        if best.len() > limit {
            best.pop();
        }
    }
    best.into_iter().map(|Reverse(rank)| rank).collect()
}

fn score(entry: &Entry, words: &[(&str, Bag)], matcher: &dyn Matcher) -> Option<i64> {
    if !words.iter().all(|(word, bag)| entry.bag.holds(*bag) && is_subsequence(word, &entry.text)) {
        return None;
    }
    let malus = if entry.property.is_some() { VALUE_MALUS } else { 0 };
    words.iter().try_fold(-malus, |sum, (word, _)| Some(sum + matcher.score(&entry.text, word)?))
}

impl Index {
    fn hit(&self, at: usize, score: i64, words: &[(&str, Bag)], matcher: &dyn Matcher) -> Option<Hit> {
        let entry = self.entries.get(at)?;
        let mut positions: Vec<usize> =
            words.iter().filter_map(|(word, _)| matcher.positions(&entry.text, word)).flatten().collect();
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
