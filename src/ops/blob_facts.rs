//! What can be said about bytes without showing them all: their type, their text, the members of an archive.

use std::io::{Cursor, Read};

use serde::Serialize;

use super::Context;
use crate::pod::BlobRef;

/// Blobs up to this size are looked into; of larger ones only the beginning.
const LOOKED_INTO: u64 = 32 << 20;

/// Bytes of the beginning that tell a type.
const BEGINNING: u64 = 512;

/// Texts up to this size are compared line by line.
const TEXT: u64 = 256 << 10;

/// Members of an archive that are listed.
const MEMBERS: usize = 10_000;

/// What is known about a blob's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlobFacts {
    /// `zip archive`, `PNG image`, `text`, `binary` …
    pub kind: &'static str,
    /// Its text, where it is one and not long.
    #[serde(skip)]
    pub text: Option<String>,
    /// The members, where it is an archive that is not too large.
    pub members: Vec<Member>,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Member {
    /// Its name, as the archive has it.
    pub name: String,
    /// Its size, as the archive says.
    pub size: u64,
    /// Its checksum, as the archive says.
    pub crc32: u32,
}

/// Looks into a blob. None where the store does not have it or it cannot be read.
pub fn blob_facts(context: &Context, blob: &BlobRef) -> Option<BlobFacts> {
    let limit = if blob.size <= LOOKED_INTO { LOOKED_INTO } else { BEGINNING };
    let mut bytes = Vec::new();
    context.store.open_blob(blob).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    let whole = bytes.len() as u64 == blob.size;
    let kind = kind(&bytes, whole);
    let members = if kind == "zip archive" && whole { members(&bytes) } else { Vec::new() };
    let text = (kind == "text" && blob.size <= TEXT).then(|| String::from_utf8(bytes).ok()).flatten();
    Some(BlobFacts { kind, text, members })
}

fn kind(bytes: &[u8], whole: bool) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 10] = [
        (b"PK\x03\x04", "zip archive"),
        (b"PK\x05\x06", "zip archive"),
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x89PNG", "PNG image"),
        (b"\xff\xd8\xff", "JPEG image"),
        (b"GIF8", "GIF image"),
        (b"%PDF", "PDF"),
        (b"PAR1", "Parquet"),
        (b"\x7fELF", "program"),
    ];
    if bytes.is_empty() {
        return "empty";
    }
    if let Some((_, kind)) = SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return kind;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // A character may be cut where only the beginning was read.
        Err(error) if !whole && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|start| std::str::from_utf8(start).ok())
        }
        Err(_) => None,
    };
    let is_text = text
        .is_some_and(|text| !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')));
    if is_text { "text" } else { "binary" }
}

fn members(bytes: &[u8]) -> Vec<Member> {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Vec::new() };
    let mut members = Vec::new();
    for at in 0..archive.len().min(MEMBERS) {
        let Ok(file) = archive.by_index_raw(at) else { continue };
        if !file.is_dir() {
            members.push(Member { name: file.name().to_owned(), size: file.size(), crc32: file.crc32() });
        }
    }
    members.sort();
    members
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn content_is_named_by_how_it_begins() {
        for (bytes, whole, expected) in [
            (&b""[..], true, "empty"),
            (b"PK\x03\x04rest", true, "zip archive"),
            ("grüße\n".as_bytes(), true, "text"),
            (&"grü".as_bytes()[..3], false, "text"),
            (&"grü".as_bytes()[..3], true, "binary"),
            (b"a\x00b", true, "binary"),
        ] {
            assert_eq!(kind(bytes, whole), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_members_of_an_archive_are_listed_and_a_broken_one_has_none() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for name in ["b.py", "a/"] {
            if name.ends_with('/') {
                writer.add_directory(name, options).unwrap();
            } else {
                writer.start_file(name, options).unwrap();
                writer.write_all(b"x = 1").unwrap();
            }
        }
        let bytes = writer.finish().unwrap().into_inner();
        let found = members(&bytes);
        assert_eq!(found.iter().map(|member| (member.name.as_str(), member.size)).collect::<Vec<_>>(), [("b.py", 5)]);
        assert_eq!(members(&bytes[..bytes.len() - 4]), []);
    }
}
