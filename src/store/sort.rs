//! Sorting documents that arrive in any order, in bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Bytes held in memory before they are spilled to disk.
const RUN_BYTES: usize = 32 << 20;
/// What an entry costs in memory beyond its bytes.
const ENTRY_OVERHEAD: usize = 96;
/// Sorted files open at once; when there are as many they are merged into one.
const MAX_RUNS: usize = 64;

/// One document: encoded key, state and observed as canonical JSON. Without a state there is no document.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) key: Vec<u8>,
    pub(super) state: Vec<u8>,
    pub(super) observed: Vec<u8>,
}

impl Record {
    fn bytes(&self) -> usize {
        self.key.len() + self.state.len() + self.observed.len() + ENTRY_OVERHEAD
    }
}

/// Gathers records; gives them back in the order of their keys.
pub(super) struct Sorter {
    folder: PathBuf,
    limit: usize,
    buffer: Vec<Record>,
    bytes: usize,
    runs: Vec<File>,
}

impl Sorter {
    /// Spills into nameless files in `folder`: nothing is left even by a process that dies.
    pub(super) fn new(folder: &Path) -> Self {
        Self::with_limit(folder, RUN_BYTES)
    }

    fn with_limit(folder: &Path, limit: usize) -> Self {
        Self { folder: folder.to_owned(), limit, buffer: Vec::new(), bytes: 0, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, record: Record) -> Result<(), StoreError> {
        self.bytes += record.bytes();
        self.buffer.push(record);
        if self.bytes >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.bytes = 0;
        buffer.sort_unstable();
        self.runs.push(self.write_run(buffer.into_iter().map(Ok))?);
        if self.runs.len() == MAX_RUNS {
            let merged = Merge::new(self.folder.clone(), std::mem::take(&mut self.runs), Vec::new())?;
            self.runs.push(self.write_run(merged)?);
        }
        Ok(())
    }

    fn write_run(&self, records: impl Iterator<Item = Result<Record, StoreError>>) -> Result<File, StoreError> {
        let failed = || StoreError::io(&self.folder);
        let file = tempfile::tempfile_in(&self.folder).map_err(failed())?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        for record in records {
            let record = record?;
            for part in [&record.key, &record.state, &record.observed] {
                // The tree refuses larger parts long before 4 GiB.
                writer.write_all(&(part.len() as u32).to_le_bytes()).map_err(failed())?;
                writer.write_all(part).map_err(failed())?;
            }
        }
        let mut file = writer.into_inner().map_err(|error| failed()(error.into_error()))?;
        file.rewind().map_err(failed())?;
        Ok(file)
    }

    /// All records in order.
    pub(super) fn finish(mut self) -> Result<Merge, StoreError> {
        self.buffer.sort_unstable();
        Merge::new(self.folder, self.runs, self.buffer)
    }
}

enum Source {
    Memory(std::vec::IntoIter<Record>),
    Disk(BufReader<File>),
}

impl Source {
    fn next(&mut self) -> std::io::Result<Option<Record>> {
        let reader = match self {
            Self::Memory(records) => return Ok(records.next()),
            Self::Disk(reader) => reader,
        };
        let Some(key) = read_part(reader)? else { return Ok(None) };
        match (read_part(reader)?, read_part(reader)?) {
            (Some(state), Some(observed)) => Ok(Some(Record { key, state, observed })),
            _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// One length-prefixed part; None at the end of the file.
fn read_part(reader: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut part = vec![0; u32::from_le_bytes(length) as usize];
    reader.read_exact(&mut part)?;
    Ok(Some(part))
}

/// Merges sorted sources.
pub(super) struct Merge {
    folder: PathBuf,
    sources: Vec<Source>,
    /// The first record of each source that has one.
    heads: BinaryHeap<Reverse<(Record, usize)>>,
}

impl Merge {
    fn new(folder: PathBuf, runs: Vec<File>, memory: Vec<Record>) -> Result<Self, StoreError> {
        let disk = runs.into_iter().map(|run| Source::Disk(BufReader::with_capacity(256 << 10, run)));
        let sources = disk.chain([Source::Memory(memory.into_iter())]).collect();
        let mut merge = Self { folder, sources, heads: BinaryHeap::new() };
        for source in 0..merge.sources.len() {
            merge.advance(source)?;
        }
        Ok(merge)
    }

    fn advance(&mut self, source: usize) -> Result<(), StoreError> {
        if let Some(record) = self.sources[source].next().map_err(StoreError::io(&self.folder))? {
            self.heads.push(Reverse((record, source)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((record, source)) = self.heads.pop()?;
        Some(self.advance(source).map(|()| record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_sorted_however_often_they_were_spilled() {
        let folder = tempfile::tempdir().unwrap();
        // Small enough that every second record begins a run, so that runs are merged in between as well.
        let mut sorter = Sorter::with_limit(folder.path(), 2 * ENTRY_OVERHEAD);
        let record = |number: u32| Record {
            key: number.to_be_bytes().to_vec(),
            state: vec![b's'; number as usize % 7],
            observed: Vec::new(),
        };
        for number in 0..500u32 {
            sorter.push(record(number * 7919 % 500)).unwrap();
        }
        assert!(sorter.runs.len() < MAX_RUNS);
        let sorted: Vec<Record> = sorter.finish().unwrap().collect::<Result<_, _>>().unwrap();
        assert!(sorted.into_iter().eq((0..500).map(record)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
