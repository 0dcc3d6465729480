//! Answers queries in chunks: the best so far is published early and again as it gets better, a cheap test refuses
//! nearly everything, and what it left is kept for when the query grows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuzzy_matcher::skim::SkimMatcherV2;
use tokio_util::sync::CancellationToken;

use super::matcher::{Matcher, Word};
use super::texts::{SEPARATOR, Texts};
use super::words::{Query, Sieve};
use super::{Hit, Index, NEWEST, NONE, Place, Span};
use crate::pod::ResourceKey;

/// A value that matches as well as a name is shown behind it: names are what people mostly look for.
const VALUE_MALUS: i64 = 32;

/// Texts tested between two looks at the clock and the cancellation.
const CHUNK: usize = 256;

/// Chunks that lie this many apart are looked at one after the other.
const APART: usize = 61;

/// Texts scored in one query. A short word matches nearly everything in a large store; scoring a million texts
/// takes seconds, and nobody reads that far down. Of those that hold the words as they are, this many are scored; of
/// those that hold the letters scattered, a quarter of it.
const SCORED: usize = 32_768;

/// When the first results are published at the latest, and how often after that.
const FIRST: Duration = Duration::from_millis(6);
const AGAIN: Duration = Duration::from_millis(60);

/// Most hits that are published before the end: more than a screen has.
const EARLY: usize = 100;

/// Best first, then shorter texts, then the index's own order.
type Rank = (i64, Reverse<usize>, Reverse<Source>);

/// What matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// The name of the resource at this position.
    Name(u32),
    /// The value found at this position.
    Value(u32),
}

/// Answers one query after another over an index.
pub struct Searcher {
    index: Arc<Index>,
    last: Option<Survivors>,
}

/// What the cheap test left of the texts, for a query.
struct Survivors {
    query: Query,
    names: Vec<u32>,
    values: Vec<u32>,
}

impl Searcher {
    /// Nothing was asked yet.
    pub fn new(index: Arc<Index>) -> Self {
        Self { index, last: None }
    }

    /// Whether it searches this very index.
    pub fn is_over(&self, index: &Arc<Index>) -> bool {
        Arc::ptr_eq(&self.index, index)
    }

    /// The best matches, best first. All words must match, upper-case letters only themselves; `pod:`, `account:`,
    /// `region:`, `service:`, `type:`, `tag:` and `is:` narrow down. An empty text finds nothing. While it works, the best so
    /// far are given to `early`. Gives what it has when cancelled.
    pub fn search(
        &mut self,
        text: &str,
        limit: usize,
        cancel: &CancellationToken,
        early: &mut dyn FnMut(Vec<Hit>),
    ) -> Vec<Hit> {
        let query = Query::parse(text);
        if query.is_empty() || limit == 0 {
            return Vec::new();
        }
        let index = self.index.clone();
        let before = self.last.take().filter(|last| query.narrows(&last.query));
        let words: Vec<Word> = query.words.iter().map(|word| Word::new(word)).collect();
        let mut search = Search {
            index: &index,
            sieve: Sieve::new(&index, &query),
            words: &words,
            limit,
            matcher: SkimMatcherV2::default(),
            cancel,
            best: BinaryHeap::new(),
            whole: 0,
            scattered: 0,
            due: Instant::now() + FIRST,
            early,
        };
        let (names, values) = match before {
            Some(before) => (Some(before.names), Some(before.values)),
            None => (None, None),
        };
        let names = search.names(names);
        let values = search.values(values);
        let hits = search.hits(limit);
        // What a cancelled search left out would be missing later.
        self.last = names.zip(values).map(|(names, values)| Survivors { query, names, values });
        hits
    }
}

/// One query at work.
struct Search<'a> {
    index: &'a Index,
    sieve: Sieve<'a>,
    words: &'a [Word<'a>],
    limit: usize,
    matcher: SkimMatcherV2,
    cancel: &'a CancellationToken,
    best: BinaryHeap<Reverse<Rank>>,
    /// Texts scored so far that hold the words as they are.
    whole: usize,
    /// Other texts scored so far.
    scattered: usize,
    /// When the best so far are to be published.
    due: Instant,
    early: &'a mut dyn FnMut(Vec<Hit>),
}

impl Search<'_> {
    /// Looks at the names; gives those that may match, None when cancelled.
    fn names(&mut self, candidates: Option<Vec<u32>>) -> Option<Vec<u32>> {
        let index = self.index;
        self.each(candidates, &index.names, |search, at| {
            let Some(resource) = index.resources.get(at).filter(|resource| search.sieve.wants(resource)) else {
                return false;
            };
            debug_assert!(resource.scope != NONE);
            if let Some((score, length)) = search.score(index.names.get(at)) {
                search.offer((score, Reverse(length), Reverse(Source::Name(at))));
            }
            true
        })
    }

    /// Looks at the values; gives those that may match, None when cancelled. Fields alone find resources, not values.
    fn values(&mut self, candidates: Option<Vec<u32>>) -> Option<Vec<u32>> {
        let index = self.index;
        if self.words.is_empty() {
            return Some((0..index.values.len() as u32).collect());
        }
        self.each(candidates, &index.values, |search, value| {
            let Some((score, length)) = search.score(index.values.get(value)) else { return true };
            let mut at = index.first_found.get(value).copied().unwrap_or(NONE);
            // The same text in many resources matches equally well: more than are shown need not be looked at.
            let mut left = search.limit;
            while let Some(found) = index.found.get(at).filter(|_| left > 0) {
                let resource = index.resources.get(found.resource);
                if resource.is_some_and(|resource| search.sieve.wants(resource)) && search.sieve.wants_any(found.spans)
                {
                    search.offer((score - VALUE_MALUS, Reverse(length), Reverse(Source::Value(at))));
                    left -= 1;
                }
                at = found.next_of_value;
            }
            true
        })
    }

    /// Gives every text that may match to `take`, which tells whether to keep it; None when cancelled.
    fn each(
        &mut self,
        candidates: Option<Vec<u32>>,
        texts: &Texts,
        mut take: impl FnMut(&mut Self, u32) -> bool,
    ) -> Option<Vec<u32>> {
        let all = candidates.as_ref().map_or(texts.len(), Vec::len);
        let mut left = Vec::new();
        // What lies side by side is alike: looking here and there first finds something sooner than going from end to
        // end.
        let chunks = all.div_ceil(CHUNK);
        for chunk in (0..APART).flat_map(|first| (first..chunks).step_by(APART)) {
            let start = chunk * CHUNK;
            if self.cancel.is_cancelled() {
                return None;
            }
            for position in start..all.min(start + CHUNK) {
                let at = match &candidates {
                    None => position as u32,
                    Some(candidates) => *candidates.get(position)?,
                };
                let bag = texts.bag(at);
                if self.words.iter().all(|word| bag.holds(word.bag) && word.is_subsequence_of(texts.get(at)))
                    && take(self, at)
                {
                    left.push(at);
                }
            }
            if !self.best.is_empty() && Instant::now() >= self.due {
                let hits = self.hits(self.limit.min(EARLY));
                (self.early)(hits);
                self.due = Instant::now() + AGAIN;
            }
        }
        Some(left)
    }

    fn offer(&mut self, rank: Rank) {
        if self.best.len() < self.limit {
            self.best.push(Reverse(rank));
        } else if self.best.peek().is_some_and(|Reverse(worst)| rank > *worst) {
            self.best.pop();
            self.best.push(Reverse(rank));
        }
    }

    /// How well a text matches, and its length; None where it does not, or enough like it were scored.
    fn score(&mut self, text: &str) -> Option<(i64, usize)> {
        let whole = self.words.iter().all(|word| word.is_within(text));
        let (scored, most) = if whole { (&mut self.whole, SCORED) } else { (&mut self.scattered, SCORED / 4) };
        if *scored >= most {
            return None;
        }
        *scored += 1;
        let readable = readable(text);
        let score = |sum, word: &Word<'_>| Some(sum + self.matcher.score(&readable, word.text)?);
        Some((self.words.iter().try_fold(0, score)?, text.len()))
    }

    /// The best so far.
    fn hits(&self, limit: usize) -> Vec<Hit> {
        let mut ranks: Vec<Rank> = self.best.iter().map(|Reverse(rank)| *rank).collect();
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        ranks.truncate(limit);
        ranks.into_iter().filter_map(|(score, _, Reverse(source))| self.hit(source, score)).collect()
    }

    fn hit(&self, source: Source, score: i64) -> Option<Hit> {
        let index = self.index;
        let (resource, property, text, spans) = match source {
            Source::Name(at) => (at, None, readable(index.names.get(at)), index.resources.get(at)?.spans),
            Source::Value(at) => {
                let found = index.found.get(at)?;
                let property = index.properties.get(found.property as usize)?.to_string();
                (found.resource, Some(property), index.values.get(found.value).to_owned(), found.spans)
            }
        };
        let matching = self.words.iter().filter_map(|word| self.matcher.positions(&text, word.text));
        let mut positions: Vec<usize> = matching.flatten().collect();
        positions.sort_unstable();
        positions.dedup();
        let mut wanted: Vec<Span> = index.spans(spans).filter(|span| self.sieve.wants_span(*span)).collect();
        // The live instance, local pods, remotes: what is nearest at hand comes first.
        let pod = |span: &Span| index.pods.get(span.pod as usize).map(|pod| (pod.whence, pod.name.as_str()));
        wanted.sort_by(|one, other| (pod(one), other.first).cmp(&(pod(other), one.first)));
        let places = wanted.into_iter().flat_map(|span| index.versions_of(span)).collect();
        Some(Hit { key: index.key(resource)?, property, text, positions, places, score })
    }
}

/// A name as people read it.
fn readable(text: &str) -> String {
    text.replace(SEPARATOR, "/")
}

impl Index {
    /// The key of the resource at a position.
    fn key(&self, at: u32) -> Option<ResourceKey> {
        let scope = self.scopes.get(self.resources.get(at)?.scope as usize)?;
        let segments = self.names.get(at).split(SEPARATOR).skip(1);
        Some(ResourceKey::new(&scope.account, &scope.region, &scope.service, &scope.kind, segments))
    }

    /// Newest first.
    fn versions_of(&self, span: Span) -> impl Iterator<Item = Place> {
        let pod = self.pods.get(span.pod as usize);
        let versions = pod.map_or(&[][..], |pod| &pod.versions);
        let end = if span.last == NEWEST { versions.len() } else { span.last as usize + 1 };
        versions.get(span.first as usize..end).unwrap_or_default().iter().rev().cloned()
    }
}
