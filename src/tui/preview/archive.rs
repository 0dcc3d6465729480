//! The files of a zip.

use std::io::{Cursor, Read};

use super::{Preview, of_bytes};

/// Most files that are listed.
const FILES: usize = 500;
/// Files whose content is read, and how much of each: what a function's own code takes.
const READ_FILES: usize = 20;
const READ_BYTES: u64 = 32 << 10;

/// A file of a zip.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its size, unpacked, as the zip says.
    pub size: u64,
    /// What can be shown of it.
    pub content: Preview,
}

pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Lists the files, the first with their content. A zip is data of a stranger: no more than the limits is unpacked.
pub(super) fn list(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let broken = |error: zip::result::ZipError| format!("the zip is damaged: {error}");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut entries = Vec::new();
    for at in 0..zip.len().min(FILES) {
        let mut file = zip.by_index(at).map_err(broken)?;
        if file.is_dir() {
            continue;
        }
        let content = if entries.len() < READ_FILES {
            let mut content = Vec::new();
            match file.by_ref().take(READ_BYTES).read_to_end(&mut content) {
                // A zip within a zip is not opened.
                Ok(_) if is_zip(&content) => Preview::Not("a zip in a zip".to_owned()),
                Ok(read) => of_bytes(&content, read as u64 >= file.size()),
                Err(error) => Preview::Not(format!("it is damaged: {error}")),
            }
        } else {
            Preview::Not("save the zip to look at it".to_owned())
        };
        entries.push(Entry { name: file.name().to_owned(), size: file.size(), content });
    }
    Ok(entries)
}
