//! Names people give: pods and remotes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest name accepted: it becomes one path component, and most file systems allow 255 bytes.
const MAX_NAME_BYTES: usize = 128;

/// A name outside `^[a-zA-Z0-9_-]+$` (LocalStack's own rule for pods) or longer than 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a valid {what} name: use letters, digits, '_' and '-' (at most {MAX_NAME_BYTES})")]
pub struct InvalidName {
    /// `pod` or `remote`.
    pub what: &'static str,
    /// The name as it was given.
    pub name: String,
}

fn check(what: &'static str, name: &str) -> Result<(), InvalidName> {
    let well_formed = !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if well_formed { Ok(()) } else { Err(InvalidName { what, name: name.to_owned() }) }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check($what, text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of a pod: a named line of history. Safe as one path component and one registry component.
    PodName,
    "pod"
);
name_type!(
    /// The name of a configured remote.
    RemoteName,
    "remote"
);

/// The name of a version of a pod: letters, digits, `_`, `-` and `.`, beginning with a letter so that it is no number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagName(String);

impl FromStr for TagName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Dots are for versions, as in v1.2; the rest is as in a pod's name.
        let valid = text.starts_with(|first: char| first.is_ascii_alphabetic());
        if !valid || check("tag", &text.replace('.', "-")).is_err() {
            return Err(InvalidName { what: "tag", name: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_never_a_number_or_a_path() {
        for good in ["v1.2", "release", "a_b-c"] {
            assert!(good.parse::<TagName>().is_ok(), "{good}");
        }
        for bad in ["", "3", "3a", ".", "..", "a/b", "a b", "a:b", "a@b"] {
            assert!(bad.parse::<TagName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_localstacks_own_alphabet_is_a_pod_name() {
        for good in ["p1", "my-pod_2", "A"] {
            assert!(good.parse::<PodName>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0", &"x".repeat(129)] {
            assert!(bad.parse::<PodName>().is_err(), "{bad:?}");
        }
    }
}
