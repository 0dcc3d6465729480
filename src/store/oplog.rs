//! The operation log: JSON lines, one file a month, appended under a lock.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::{OpRecord, Store, StoreError};

/// How the names of log files end.
const EXTENSION: &str = "jsonl";

impl Store {
    /// Appends to the operation log.
    pub fn record(&self, record: &OpRecord) -> Result<(), StoreError> {
        let month = record.time.strftime("%Y-%m").to_string();
        let path = self.inner.layout.ops().join(format!("{month}.{EXTENSION}"));
        let mut line = crate::pod::canonical_json(record);
        line.push(b'\n');
        let is_new = !path.exists();
        append(&self.inner.layout, &path, &line).map_err(StoreError::io(&path))?;
        if is_new { self.inner.layout.sync_parent(&path) } else { Ok(()) }
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
fn append(layout: &Layout, path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    file.lock()?;
    let end = complete_length(&mut file)?;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    layout.append(path, &mut file, line)
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
    let intact = |line: &&[u8]| line.ends_with(b"\n") && serde_json::from_slice::<OpRecord>(line).is_ok();
    Ok(lines.filter(intact).flatten().copied().collect())
}

/// The records of one file, oldest first.
pub(super) fn read_log(path: &Path) -> Result<Vec<OpRecord>, StoreError> {
    let content = std::fs::read(path).map_err(StoreError::io(path))?;
    let complete = content.iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
    let lines = content[..complete].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let parse = |(position, line): (usize, &[u8])| {
        let number = position + 1;
        serde_json::from_slice(line)
            .map_err(|error| StoreError::corrupt(path, format!("line {number} is not an operation: {error}")))
    };
    lines.enumerate().map(parse).collect()
}
