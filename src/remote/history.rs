//! What a remote has of a pod: versions, which have a number, and commits that did not get one.
//!
//! A commit goes without a number where others had gone on meanwhile: it is there under its own name, beside the
//! versions, until a merge of both becomes one. Its packs lean on what it descends from, and a version's also on the
//! versions with lower numbers; so all of these are its line.

use std::collections::{HashMap, HashSet};

use crate::pod::{Commit, Digest, PodName, Selector};
use crate::store::StoreError;

/// A commit that a remote lists as a version.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteVersion {
    /// Its place in the pod, from 1. Numbers may have gaps.
    pub number: u64,
    /// Its digest.
    pub digest: Digest,
    /// The commit itself: message, author, time, resource count.
    pub commit: Commit,
}

/// A commit that a remote has without a number.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteCommit {
    /// Its digest.
    pub digest: Digest,
    /// The commit itself.
    pub commit: Commit,
}

/// All that a remote has of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteHistory {
    /// Its versions, by ascending number.
    pub versions: Vec<RemoteVersion>,
    /// Commits without a number that a version descends from, parents first.
    pub joined: Vec<RemoteCommit>,
    /// Commits without a number that wait to be merged, parents first.
    pub beside: Vec<RemoteCommit>,
}

impl RemoteHistory {
    /// From versions by ascending number, and commits without one in any order.
    pub(super) fn new(versions: Vec<RemoteVersion>, unnumbered: Vec<RemoteCommit>) -> Self {
        let mut history = Self { versions, joined: Vec::new(), beside: unnumbered };
        let behind: HashSet<Digest> = history.line_of_versions(u64::MAX).into_iter().collect();
        let order = history.ordered(history.beside.iter().map(|commit| commit.digest));
        let mut unnumbered: HashMap<Digest, RemoteCommit> =
            history.beside.drain(..).map(|commit| (commit.digest, commit)).collect();
        for commit in order.iter().filter_map(|digest| unnumbered.remove(digest)) {
            let place = if behind.contains(&commit.digest) { &mut history.joined } else { &mut history.beside };
            place.push(commit);
        }
        history
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.beside.is_empty()
    }

    /// Of the commits beside the versions those on which no other was made.
    pub fn tips(&self) -> impl Iterator<Item = &RemoteCommit> {
        let is_parent = |digest: &Digest| self.beside.iter().any(|commit| commit.commit.parents.contains(digest));
        self.beside.iter().filter(move |commit| !is_parent(&commit.digest))
    }

    /// Every commit there is.
    pub(super) fn commits(&self) -> impl Iterator<Item = (&Digest, &Commit)> {
        let versions = self.versions.iter().map(|version| (&version.digest, &version.commit));
        let unnumbered = self.joined.iter().chain(&self.beside);
        versions.chain(unnumbered.map(|commit| (&commit.digest, &commit.commit)))
    }

    /// The digests of every commit there is.
    pub(super) fn digests(&self) -> HashSet<Digest> {
        self.commits().map(|(digest, _)| *digest).collect()
    }

    /// Whether the commit is there, with or without a number.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.commits().any(|(known, _)| known == digest)
    }

    /// What the packs of `commit` may lean on, parents first, and itself last.
    pub(super) fn line(&self, commit: &Digest) -> Vec<Digest> {
        let number_of = |digest: &Digest| {
            self.versions.iter().find(|version| version.digest == *digest).map(|version| version.number)
        };
        let behind = self.ordered([*commit]);
        let versions = behind.iter().filter_map(number_of).max().map(|number| self.line_of_versions(number));
        let mut line = versions.unwrap_or_default();
        let seen: HashSet<Digest> = line.iter().copied().collect();
        line.extend(behind.into_iter().filter(|digest| !seen.contains(digest)));
        line
    }

    /// All versions, what was joined to them, and `commit`, parents first.
    pub(super) fn line_of_all(&self, commit: &Digest) -> Vec<Digest> {
        self.ordered(self.versions.iter().map(|version| version.digest).chain([*commit]))
    }

    /// The versions up to `number` and what was joined to them, parents first.
    fn line_of_versions(&self, number: u64) -> Vec<Digest> {
        let versions = self.versions.iter().take_while(|version| version.number <= number);
        self.ordered(versions.map(|version| version.digest))
    }

    /// The commits and everything behind them that is there, parents first.
    pub(super) fn ordered(&self, commits: impl IntoIterator<Item = Digest>) -> Vec<Digest> {
        let parents: HashMap<&Digest, &[Digest]> =
            self.commits().map(|(digest, commit)| (digest, commit.parents.as_slice())).collect();
        let (mut line, mut seen) = (Vec::new(), HashSet::new());
        for commit in commits {
            let mut open = vec![(commit, false)];
            while let Some((digest, parents_done)) = open.pop() {
                let Some(parents) = parents.get(&digest) else { continue };
                if parents_done {
                    line.push(digest);
                } else if seen.insert(digest) {
                    open.push((digest, true));
                    open.extend(parents.iter().rev().map(|parent| (*parent, false)));
                }
            }
        }
        line
    }

    /// The versions up to the one selected, which is the last.
    pub(super) fn up_to(&self, pod: &PodName, number: Option<u64>) -> Result<&[RemoteVersion], StoreError> {
        let (place, wanted) = match number {
            None => (self.versions.len().checked_sub(1), "newest version".to_owned()),
            Some(number) => {
                (self.versions.iter().position(|version| version.number == number), format!("version {number}"))
            }
        };
        place.and_then(|place| self.versions.get(..=place)).ok_or_else(|| self.unknown(pod, wanted))
    }

    /// The commit selected.
    pub(super) fn find(&self, pod: &PodName, selector: &Selector) -> Result<(Digest, &Commit), StoreError> {
        let of = |version: &RemoteVersion| version.digest;
        let digest = match selector {
            Selector::Head => self.up_to(pod, None)?.last().map(of),
            Selector::Version(number) => self.up_to(pod, Some(*number))?.last().map(of),
            // Tags are this store's own.
            Selector::Tag(tag) => return Err(self.unknown(pod, format!("tag {tag}"))),
            Selector::Revision(revision) => {
                let mut matching =
                    self.commits().map(|(digest, _)| *digest).filter(|digest| digest.hex().starts_with(revision));
                let found = matching.next();
                // The same commit may be there under two numbers; that is not ambiguous.
                if matching.any(|other| Some(other) != found) {
                    return Err(StoreError::AmbiguousRevision { pod: pod.clone(), revision: revision.clone() });
                }
                found
            }
        };
        let found = digest.and_then(|digest| self.commits().find(|(known, _)| **known == digest));
        found.map(|(digest, commit)| (*digest, commit)).ok_or_else(|| match selector {
            Selector::Revision(revision) => self.unknown(pod, format!("revision {revision}")),
            _ => self.unknown(pod, "newest version".to_owned()),
        })
    }

    fn unknown(&self, pod: &PodName, wanted: String) -> StoreError {
        let have = match self.versions.as_slice() {
            [] => "no versions".to_owned(),
            [only] => format!("version {} only", only.number),
            [first, .., last] => format!("versions {} to {}", first.number, last.number),
        };
        StoreError::UnknownVersion { pod: pod.clone(), wanted, have }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(message: &str, parents: &[Digest]) -> RemoteCommit {
        let bare = Commit::bare(Digest::of(b"state"), Digest::of(b"observed"));
        let commit = Commit { parents: parents.to_vec(), message: message.to_owned(), ..bare };
        RemoteCommit { digest: commit.digest(), commit }
    }

    fn version(number: u64, RemoteCommit { digest, commit }: RemoteCommit) -> RemoteVersion {
        RemoteVersion { number, digest, commit }
    }

    #[test]
    fn what_a_merge_joined_waits_no_longer_and_comes_before_it() {
        let first = commit("first", &[]);
        let his = commit("his", &[first.digest]);
        let (hers, two) = (commit("hers", &[first.digest]), commit("hers, too", &[first.digest]));
        let top = commit("on hers", &[hers.digest]);
        let versions = vec![version(1, first.clone()), version(3, his.clone())];
        let history = RemoteHistory::new(versions.clone(), vec![top.clone(), two.clone(), hers.clone()]);
        assert_eq!(history.joined, []);
        let tips: Vec<_> = history.tips().map(|tip| tip.digest).collect();
        assert!(tips.len() == 2 && tips.contains(&top.digest) && tips.contains(&two.digest), "{tips:?}");
        assert_eq!(history.line(&top.digest), [first.digest, hers.digest, top.digest]);
        assert_eq!(history.line_of_all(&two.digest), [first.digest, his.digest, two.digest]);

        let merge = commit("merge", &[top.digest, his.digest]);
        let versions = [versions, vec![version(4, merge.clone())]].concat();
        let history = RemoteHistory::new(versions, vec![two.clone(), top.clone(), hers.clone()]);
        assert_eq!(history.joined, [hers.clone(), top.clone()]);
        assert_eq!(history.beside, [two]);
        let line = [first.digest, his.digest, hers.digest, top.digest, merge.digest];
        assert_eq!(history.line(&merge.digest), line);
        assert_eq!(history.line(&his.digest), line[..2]);
    }

    #[test]
    fn commits_are_found_with_and_without_a_number() {
        let (first, other) = (commit("first", &[]), commit("other", &[]));
        let history = RemoteHistory::new(vec![version(2, first.clone())], vec![other.clone()]);
        let pod: PodName = "p".parse().unwrap();
        let find = |selector| history.find(&pod, &selector).map(|(digest, _)| digest);
        for digest in [first.digest, other.digest] {
            assert_eq!(find(Selector::Revision(digest.short())).unwrap(), digest);
        }
        assert_eq!(find(Selector::Head).unwrap(), first.digest);
        assert_eq!(find(Selector::Version(2)).unwrap(), first.digest);
        let message = find(Selector::Version(1)).unwrap_err().to_string();
        assert_eq!(message, "pod p has no version 1; it has version 2 only");
        assert!(find(Selector::Revision(String::new())).is_err());
    }
}
