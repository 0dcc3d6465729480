//! Sorting documents that arrive in any order, in bounded memory.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::StoreError;
use crate::pod::{Document, Observed};

/// Bytes held in memory before they are spilled to disk.
const RUN_BYTES: usize = 32 << 20;
/// What an entry costs in memory beyond its bytes.
const ENTRY_OVERHEAD: usize = 96;
/// Sorted files open at once; when there are as many they are merged into one.
const MAX_RUNS: usize = 64;

/// One document: encoded key, state and observed as canonical JSON. Without a state there is no document. All in one
/// piece of memory: there are a million of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    bytes: Vec<u8>,
    /// Where the state begins.
    state: u32,
    /// Where what was observed begins.
    observed: u32,
}

impl Record {
    /// A record of that key, state and observed. None where it is larger than 4 GiB; the tree refuses documents long
    /// before.
    pub(super) fn new(key: Vec<u8>, state: Option<&Document>, observed: &Observed) -> Option<Self> {
        let mut bytes = key;
        let ends = |bytes: &Vec<u8>| u32::try_from(bytes.len()).ok();
        let at_state = ends(&bytes)?;
        if let Some(state) = state {
            state.write_canonical(&mut bytes);
        }
        let at_observed = ends(&bytes)?;
        serde_json::to_writer(&mut bytes, observed).expect("JSON serialises into memory");
        ends(&bytes)?;
        Some(Self { bytes, state: at_state, observed: at_observed })
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..self.state as usize]
    }

    pub(super) fn state(&self) -> &[u8] {
        &self.bytes[self.state as usize..self.observed as usize]
    }

    pub(super) fn observed(&self) -> &[u8] {
        &self.bytes[self.observed as usize..]
    }

    /// Bytes without the key.
    pub(super) fn value_bytes(&self) -> usize {
        self.bytes.len() - self.state as usize
    }

    fn memory(&self) -> usize {
        self.bytes.capacity() + ENTRY_OVERHEAD
    }

    fn write(&self, writer: &mut impl Write) -> std::io::Result<()> {
        for length in [self.state, self.observed, self.bytes.len() as u32] {
            writer.write_all(&length.to_le_bytes())?;
        }
        writer.write_all(&self.bytes)
    }

    /// What [`Record::write`] wrote; None at the end of the file.
    fn read(reader: &mut impl Read) -> std::io::Result<Option<Self>> {
        let mut lengths = [[0; 4]; 3];
        match reader.read_exact(lengths.as_flattened_mut()) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [state, observed, all] = lengths.map(u32::from_le_bytes);
        let mut bytes = vec![0; all as usize];
        reader.read_exact(&mut bytes)?;
        Ok(Some(Self { bytes, state, observed }))
    }
}

impl Ord for Record {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key()).then_with(|| self.bytes.cmp(&other.bytes))
    }
}

impl PartialOrd for Record {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Gathers records; gives them back in the order of their keys.
pub(super) struct Sorter {
    folder: PathBuf,
    limit: usize,
    buffer: Vec<Record>,
    bytes: usize,
    runs: Vec<File>,
    /// The run that is being sorted and written while others gather.
    spilling: Option<JoinHandle<Result<File, StoreError>>>,
}

impl Sorter {
    /// Spills into nameless files in `folder`: nothing is left even by a process that dies.
    pub(super) fn new(folder: &Path) -> Self {
        Self::with_limit(folder, RUN_BYTES)
    }

    fn with_limit(folder: &Path, limit: usize) -> Self {
        Self { folder: folder.to_owned(), limit, buffer: Vec::new(), bytes: 0, runs: Vec::new(), spilling: None }
    }

    pub(super) fn push(&mut self, record: Record) -> Result<(), StoreError> {
        self.bytes += record.memory();
        self.buffer.push(record);
        if self.bytes >= self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        // One at a time: that bounds the memory.
        self.take_run()?;
        if self.runs.len() == MAX_RUNS {
            let merged = Merge::new(self.folder.clone(), std::mem::take(&mut self.runs), Vec::new())?;
            self.runs.push(write_run(&self.folder, merged)?);
        }
        let (folder, mut buffer) = (self.folder.clone(), std::mem::take(&mut self.buffer));
        self.bytes = 0;
        let spill = move || {
            buffer.sort_unstable();
            write_run(&folder, buffer.into_iter().map(Ok))
        };
        let spawned = std::thread::Builder::new().name("sort".to_owned()).spawn(spill);
        self.spilling = Some(spawned.map_err(StoreError::io(&self.folder))?);
        Ok(())
    }

    /// Waits for the run that is being written.
    fn take_run(&mut self) -> Result<(), StoreError> {
        if let Some(spilling) = self.spilling.take() {
            self.runs.push(spilling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    }

    /// All records in order.
    pub(super) fn finish(mut self) -> Result<Merge, StoreError> {
        self.buffer.sort_unstable();
        self.take_run()?;
        Merge::new(self.folder, self.runs, self.buffer)
    }
}

/// Writes records that are sorted; the file is at its beginning again.
fn write_run(folder: &Path, records: impl Iterator<Item = Result<Record, StoreError>>) -> Result<File, StoreError> {
    let failed = || StoreError::io(folder);
    let file = tempfile::tempfile_in(folder).map_err(failed())?;
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    for record in records {
        record?.write(&mut writer).map_err(failed())?;
    }
    let mut file = writer.into_inner().map_err(|error| failed()(error.into_error()))?;
    file.rewind().map_err(failed())?;
    Ok(file)
}

enum Source {
    Memory(std::vec::IntoIter<Record>),
    Disk(BufReader<File>),
}

impl Source {
    fn next(&mut self) -> std::io::Result<Option<Record>> {
        match self {
            Self::Memory(records) => Ok(records.next()),
            Self::Disk(reader) => Record::read(reader),
        }
    }
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
        let mut sorter = Sorter::with_limit(folder.path(), 2 * ENTRY_OVERHEAD + 1);
        let record = |number: u32| {
            let mut document = Document::default();
            document.attributes.insert("n".to_owned(), (number % 7).into());
            let document = (!number.is_multiple_of(3)).then_some(&document);
            Record::new(number.to_be_bytes().to_vec(), document, &Observed::new()).unwrap()
        };
        for number in 0..500u32 {
            sorter.push(record(number * 7919 % 500)).unwrap();
        }
        assert!(sorter.runs.len() <= MAX_RUNS);
        let sorted: Vec<Record> = sorter.finish().unwrap().collect::<Result<_, _>>().unwrap();
        assert!(sorted.into_iter().eq((0..500).map(record)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
