//! How people name commits: `[remote/]pod[:N | :tag | @revision]`, and `@live` for the instance itself.

use std::fmt;
use std::str::FromStr;

use super::{InvalidName, PodName, RemoteName, TagName};

/// Fewest hexadecimal digits of a revision that are looked up.
const MIN_REVISION_DIGITS: usize = 4;

/// Which commit of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// The newest.
    Head,
    /// By number, from 1.
    Version(u64),
    /// By its name.
    Tag(TagName),
    /// By the first hexadecimal digits of its digest (4 to 64, lower case).
    Revision(String),
}

/// A parsed reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The running instance: `@live`.
    Live,
    /// A commit in the local store, or on a remote.
    Pod {
        /// None for the local store.
        remote: Option<RemoteName>,
        /// The pod.
        pod: PodName,
        /// Which of its commits.
        selector: Selector,
    },
}

/// A text outside the reference grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A pod or remote name is malformed.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// What follows `:` is not a version number.
    #[error("{text:?} is not a version: use a number from 1, as in pod:3, or a tag, as in pod:release")]
    Version {
        /// The text after the colon.
        text: String,
    },
    /// What follows `@` is not a revision.
    #[error("{text:?} is not a revision: use at least {MIN_REVISION_DIGITS} hexadecimal digits, as in pod@1f3a")]
    Revision {
        /// The text after the at sign.
        text: String,
    },
}

impl Reference {
    /// A pod's newest local commit.
    pub fn head(pod: PodName) -> Self {
        Self::Pod { remote: None, pod, selector: Selector::Head }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "@live" {
            return Ok(Self::Live);
        }
        let (remote, rest) = match text.split_once('/') {
            Some((remote, rest)) => (Some(remote.parse()?), rest),
            None => (None, text),
        };
        let (pod, selector) = if let Some((pod, version)) = rest.split_once(':') {
            let number = version.parse::<u64>().ok().filter(|&number| number > 0 && !version.starts_with('+'));
            let selector = match number {
                Some(number) => Selector::Version(number),
                None => {
                    let tag = version.parse().map_err(|_| ReferenceError::Version { text: version.to_owned() });
                    Selector::Tag(tag?)
                }
            };
            (pod, selector)
        } else if let Some((pod, revision)) = rest.split_once('@') {
            let well_formed = (MIN_REVISION_DIGITS..=64).contains(&revision.len())
                && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !well_formed {
                return Err(ReferenceError::Revision { text: revision.to_owned() });
            }
            (pod, Selector::Revision(revision.to_owned()))
        } else {
            (rest, Selector::Head)
        };
        Ok(Self::Pod { remote, pod: pod.parse()?, selector })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Pod { remote, pod, selector } = self else { return f.write_str("@live") };
        if let Some(remote) = remote {
            write!(f, "{remote}/")?;
        }
        match selector {
            Selector::Head => write!(f, "{pod}"),
            Selector::Version(number) => write!(f, "{pod}:{number}"),
            Selector::Tag(tag) => write!(f, "{pod}:{tag}"),
            Selector::Revision(revision) => write!(f, "{pod}@{revision}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_back_as_they_are_written() {
        for text in ["@live", "p", "p:3", "p@1f3a", "p:v1.2", "team/p", "team/p:12", "team/p@0123456789ab"] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_outside_the_grammar_is_refused() {
        for text in [
            "", ":1", "p:", "p:0", "p:+1", "p:-1", "p:3x", "p:a b", "p@", "p@xyz1", "p@12", "a/b/c", "/p", "@other",
            "p:1@1234",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
    }
}
