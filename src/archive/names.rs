//! Names of members: from names of resources, and checked when they come from outside.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ArchiveError;
use crate::pod::{Digest, ResourceKey};

/// Everything but what is plain on every file system.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Longest part of a path; most file systems allow 255 bytes.
const PART: usize = 120;

/// Longest member name that is read.
const LONGEST: usize = 32 << 10;

/// Folder of the documents.
pub(super) const DOCUMENTS: &str = "documents/";

/// Folder of the blobs.
pub(super) const BLOBS: &str = "blobs/sha256/";

/// The description of the whole.
pub(super) const MANIFEST: &str = "podex.json";

/// Where a resource's document lies.
pub(super) fn document(key: &ResourceKey) -> String {
    let ResourceKey { account, region, service, kind, name } = key;
    let place = [account, region, service, kind].map(|one| part(one)).join("/");
    let name: Vec<String> = name.iter().map(|segment| part(segment)).collect();
    format!("{DOCUMENTS}{place}/{}.json", name.join("/"))
}

/// Where a blob lies.
pub(super) fn blob(digest: &Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}

/// A name as one part of a path: escaped, never `.` or `..` or empty, and not too long.
fn part(name: &str) -> String {
    let mut text = utf8_percent_encode(name, ESCAPED).to_string();
    if text.is_empty() {
        return "%".to_owned();
    }
    if text.starts_with('.') {
        text.replace_range(..1, "%2E");
    }
    if text.len() > PART {
        // Escapes are ASCII, so any place is a boundary; the digest keeps long names apart.
        text.truncate(PART - 20);
        text = format!("{text}%~{}", Digest::of(name.as_bytes()).short());
    }
    text
}

/// Refuses names that lead out of the folder the archive would be unpacked in, on any system.
pub(super) fn check(name: &str) -> Result<(), ArchiveError> {
    let reason = if name.is_empty() || name.len() > LONGEST {
        "is no name"
    } else if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        "is an absolute path"
    } else if name.contains('\\') || name.contains('\0') {
        "has characters no path should have"
    } else if name.split('/').any(|part| part == "..") {
        "leads out of the archive"
    } else {
        return Ok(());
    };
    // A name may be huge; its beginning tells enough.
    Err(ArchiveError::UnsafeName { name: name.chars().take(120).collect(), reason })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_becomes_a_path_of_its_own(name in proptest::collection::vec(any::<String>(), 1..4)) {
            let key = ResourceKey::new("000000000000", "us-east-1", "s3", "object", name.clone());
            let path = document(&key);
            prop_assert!(check(&path).is_ok(), "{}", path);
            let parts: Vec<&str> = path.split('/').collect();
            prop_assert_eq!(parts.len(), 5 + name.len());
            for part in parts {
                prop_assert!(!part.is_empty() && part != "." && part != ".." && part.len() <= 128, "{}", path);
                let plain = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'%' | b'~');
                prop_assert!(part.bytes().all(plain), "{}", path);
            }
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a/..", "c:/x", "a\\..\\b", "a\0b"] {
            assert!(matches!(check(name), Err(ArchiveError::UnsafeName { .. })), "{name:?}");
        }
        for name in ["podex.json", "a/b..c/..d", "./a"] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }
}
