//! The operation log: JSON lines, one file a month, appended under a lock. Each line has a check of the rest of it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::layout::Layout;
use super::{OpRecord, Store, StoreError};
use crate::pod::{Digest, canonical_json};

/// How the names of log files end.
const EXTENSION: &str = "jsonl";
/// The member that holds the first digits of the sha256 of the others.
const CHECK: &str = "check";
/// Hexadecimal digits of it: what tells a flipped bit, not what withstands a forger.
const CHECK_DIGITS: usize = 8;
/// The members of lines from before there was a check.
const UNCHECKED: [&str; 7] = ["time", "operation", "pod", "endpoint", "commit", "safety", "summary"];

fn encode_line(record: &OpRecord) -> Vec<u8> {
    // A record always is an object.
    let mut line = serde_json::to_value(record).unwrap_or_default();
    let mut check = Digest::of(&canonical_json(&line)).hex();
    check.truncate(CHECK_DIGITS);
    line[CHECK] = check.into();
    let mut line = canonical_json(&line);
    line.push(b'\n');
    line
}

/// The record in a line without its end; or what is wrong with it.
fn decode_line(line: &[u8]) -> Result<OpRecord, String> {
    let text = |error: serde_json::Error| format!("is not an operation: {error}");
    let mut members: Map<String, Value> = serde_json::from_slice(line).map_err(text)?;
    let found = members.remove(CHECK);
    let content = canonical_json(&members);
    let is_intact = match &found {
        None => members.keys().all(|member| UNCHECKED.contains(&member.as_str())),
        Some(found) => {
            let is_right = found
                .as_str()
                .is_some_and(|found| found.len() == CHECK_DIGITS && Digest::of(&content).hex().starts_with(found));
            members.insert(CHECK.to_owned(), found.clone());
            is_right && canonical_json(&members) == line
        }
    };
    if is_intact { serde_json::from_slice(line).map_err(text) } else { Err("does not match its check".to_owned()) }
}

impl Store {
    /// Appends to the operation log.
    pub fn record(&self, record: &OpRecord) -> Result<(), StoreError> {
        let month = record.time.strftime("%Y-%m").to_string();
        let path = self.inner.layout.ops().join(format!("{month}.{EXTENSION}"));
        append(&self.inner.layout, &path, &encode_line(record))
    }

    /// The operation log, newest first.
    pub fn operations(&self) -> Result<Vec<OpRecord>, StoreError> {
        self.recent_operations(usize::MAX)
    }

    /// The newest `limit` operations, newest first. Files of older months are not opened.
    pub fn recent_operations(&self, limit: usize) -> Result<Vec<OpRecord>, StoreError> {
        let mut operations = Vec::new();
        for path in self.log_files()? {
            if operations.len() >= limit {
                break;
            }
            operations.extend(read_log(&path)?.into_iter().rev());
        }
        operations.truncate(limit);
        Ok(operations)
    }

    /// The log's files, newest first.
    pub(super) fn log_files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let folder = self.inner.layout.ops();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let path = entry.map_err(StoreError::io(&folder))?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                files.push(path);
            }
        }
        files.sort_unstable();
        files.reverse();
        Ok(files)
    }
}

/// Appends one line under the file's lock and syncs it.
fn append(layout: &Layout, path: &Path, line: &[u8]) -> Result<(), StoreError> {
    let failed = || StoreError::io(path);
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(false).read(true).write(true).open(path).map_err(failed())?;
    file.lock().map_err(failed())?;
    let end = complete_length(&mut file).map_err(failed())?;
    if end == 0 {
        // Before there is a line: where there is one, the file's name lasts.
        layout.sync_parent(path)?;
    }
    file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).map_err(failed())?;
    layout.append(path, &mut file, line).map_err(failed())
}

/// The length of the file up to its last complete line: what follows was being written when its process died.
fn complete_length(file: &mut File) -> std::io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    let mut content = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut content)?;
    Ok(content.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1))
}

/// The lines of a log that are operations, as they are.
pub(super) fn intact_lines(path: &Path) -> Result<Vec<u8>, StoreError> {
    let content = std::fs::read(path).map_err(StoreError::io(path))?;
    let lines = content.split_inclusive(|&byte| byte == b'\n');
    let intact = |line: &&[u8]| line.strip_suffix(b"\n").is_some_and(|line| decode_line(line).is_ok());
    Ok(lines.filter(intact).flatten().copied().collect())
}

/// The records of one file, oldest first.
pub(super) fn read_log(path: &Path) -> Result<Vec<OpRecord>, StoreError> {
    let content = std::fs::read(path).map_err(StoreError::io(path))?;
    let complete = content.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
    let lines = content[..complete].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let parse = |(position, line): (usize, &[u8])| {
        let number = position + 1;
        decode_line(line).map_err(|reason| StoreError::corrupt(path, format!("line {number} {reason}")))
    };
    lines.enumerate().map(parse).collect()
}
