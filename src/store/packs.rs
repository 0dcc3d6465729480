//! All packs of a store: finding a chunk in them, and reading it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;

use super::StoreError;
use super::blob::PieceList;
use super::cache::Cache;
use super::format::{Entry, Kind, decompress};
use super::index::{Index, encode_index};
use super::layout::Layout;
use super::pack::{open_frame, read_footer, read_stored};
use crate::pod::Digest;

/// Pack files kept open: well below any system's limit, however many packs there are.
const MAX_OPEN_FILES: usize = 32;

/// Which chunks a search is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The bytes that have this digest.
    Content,
    /// The list of the pieces of the blob that has this digest.
    Pieces,
}

impl Wanted {
    pub(super) fn of(kind: Kind) -> Self {
        if kind == Kind::Pieces { Self::Pieces } else { Self::Content }
    }
}

/// A chunk as it was read.
pub(super) struct Read {
    pub(super) entry: Entry,
    /// As it is stored.
    pub(super) frame: Vec<u8>,
    /// Verified.
    pub(super) content: Bytes,
}

/// The packs known so far. Others may add packs at any time: a search that finds nothing looks again.
pub(super) struct Packs {
    layout: Layout,
    known: RwLock<Known>,
    files: Mutex<VecDeque<(Digest, Arc<File>)>>,
    nodes: Mutex<Cache>,
}

#[derive(Clone, Default)]
struct Known {
    indexes: Arc<Vec<Arc<Index>>>,
    /// Packs whose footer cannot be read, and why.
    damaged: Arc<BTreeMap<Digest, String>>,
}

impl Packs {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, known: RwLock::default(), files: Mutex::default(), nodes: Mutex::default() }
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of all pack files; other names in the folder are not ours.
    pub(super) fn list(&self) -> Result<HashSet<Digest>, StoreError> {
        let folder = self.layout.packs();
        let mut packs = HashSet::new();
        for file in std::fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let name = file.map_err(StoreError::io(&folder))?.file_name();
            packs.extend(name.to_str().and_then(|name| name.parse::<Digest>().ok()));
        }
        Ok(packs)
    }

    /// Takes notice of packs that came or went.
    pub(super) fn refresh(&self) -> Result<(), StoreError> {
        let mut packs = self.list()?;
        let known = self.known();
        let mut indexes: Vec<_> = known.indexes.iter().filter(|index| packs.remove(&index.pack)).cloned().collect();
        let mut damaged = BTreeMap::new();
        for pack in packs {
            match self.index(pack) {
                Ok(index) => indexes.push(Arc::new(index)),
                Err(StoreError::Corrupt { reason, .. }) => {
                    damaged.insert(pack, reason);
                }
                // Somebody removed the pack since it was listed.
                Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // One order for everybody: which copy of a chunk is taken must not depend on the folder's order.
        indexes.sort_unstable_by_key(|index| index.pack);
        let gone = |pack: &Digest| !indexes.iter().any(|index| index.pack == *pack);
        // An open file of a pack that is gone keeps its space.
        self.files.lock().unwrap_or_else(PoisonError::into_inner).retain(|(pack, _)| !gone(pack));
        let now = Known { indexes: Arc::new(indexes), damaged: Arc::new(damaged) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    /// A pack's index; written anew from the pack's footer where it is missing or damaged.
    fn index(&self, pack: Digest) -> Result<Index, StoreError> {
        let path = self.layout.index(&pack);
        if let Ok(index) = Index::open(&path, pack) {
            return Ok(index);
        }
        let pack_path = self.layout.pack(&pack);
        let file = File::open(&pack_path).map_err(StoreError::io(&pack_path))?;
        let bytes = encode_index(&pack, &read_footer(&file, &pack_path)?);
        // On a read-only store, and while garbage is removed, the index lives in memory only.
        if let Ok(Some(_lock)) = self.layout.try_lock_shared() {
            let _ = self.layout.write_derived(&path, &bytes);
        }
        Index::from_bytes(bytes.into(), &path, pack)
    }

    /// Where the chunk is, in all packs known so far.
    fn find(&self, digest: &Digest, wanted: Wanted) -> Vec<(Digest, Entry)> {
        let known = self.known();
        let matching = known.indexes.iter().flat_map(|index| index.find(digest).map(|entry| (index.pack, entry)));
        matching.filter(|(_, entry)| Wanted::of(entry.kind) == wanted).collect()
    }

    /// Whether the packs known so far have it; does not look for new ones.
    pub(super) fn has_known(&self, digest: &Digest, wanted: Wanted) -> bool {
        !self.find(digest, wanted).is_empty()
    }

    /// Every place of the chunk. Looks for new packs where there is none.
    pub(super) fn locate(&self, digest: &Digest, wanted: Wanted) -> Result<Vec<(Digest, Entry)>, StoreError> {
        let found = self.find(digest, wanted);
        if !found.is_empty() {
            return Ok(found);
        }
        self.refresh()?;
        Ok(self.find(digest, wanted))
    }

    /// The error for a chunk that is nowhere: a damaged pack may be where it was.
    pub(super) fn missing(&self, what: &'static str, digest: &Digest) -> StoreError {
        match self.known().damaged.iter().next() {
            None => StoreError::Missing { what, digest: *digest },
            Some((pack, reason)) => {
                StoreError::corrupt(&self.layout.pack(pack), format!("{reason}; {what} {digest} is in no other pack"))
            }
        }
    }

    /// A pack's open file.
    pub(super) fn file(&self, pack: &Digest) -> Result<Arc<File>, StoreError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(position) = files.iter().position(|(name, _)| name == pack)
            && let Some(entry) = files.remove(position)
        {
            let file = entry.1.clone();
            files.push_back(entry);
            return Ok(file);
        }
        let path = self.layout.pack(pack);
        let file = Arc::new(File::open(&path).map_err(StoreError::io(&path))?);
        files.push_back((*pack, file.clone()));
        if files.len() > MAX_OPEN_FILES {
            files.pop_front();
        }
        Ok(file)
    }

    /// Opens the pack's file anew next time.
    pub(super) fn forget_file(&self, pack: &Digest) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).retain(|(open, _)| open != pack);
    }

    /// The frame and the verified content of a chunk; None where no pack has it. Packs may be merged into others
    /// at any time: where the one it was in is gone, it is looked for again.
    pub(super) fn read(&self, digest: &Digest, wanted: Wanted) -> Result<Option<Read>, StoreError> {
        match self.read_any(&self.locate(digest, wanted)?) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                self.refresh()?;
                self.read_any(&self.locate(digest, wanted)?)
            }
            result => result,
        }
    }

    /// The chunk at its first intact place.
    fn read_any(&self, places: &[(Digest, Entry)]) -> Result<Option<Read>, StoreError> {
        let mut fault = None;
        for (pack, entry) in places {
            let path = self.layout.pack(pack);
            let read = self.read_place(&path, pack, entry);
            match read {
                Ok((frame, content)) => return Ok(Some(Read { entry: *entry, frame, content })),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        fault.map_or(Ok(None), Err)
    }

    /// The bytes of a chunk, not compared with its digest: for who compares a whole that it is a part of.
    pub(super) fn unverified(&self, what: &'static str, digest: &Digest) -> Result<Bytes, StoreError> {
        let Some((pack, entry)) = self.locate(digest, Wanted::Content)?.first().copied() else {
            return Err(self.missing(what, digest));
        };
        let path = self.layout.pack(&pack);
        let read = || -> Result<Bytes, StoreError> {
            let frame = read_stored(self.file(&pack)?.as_ref(), &path, &entry)?;
            let content = decompress(entry.codec, frame, entry.size);
            content.map(Bytes::from).map_err(|reason| StoreError::corrupt(&path, reason))
        };
        // Another place may have it intact.
        read().or_else(|_| self.content(what, digest))
    }

    fn read_place(&self, path: &Path, pack: &Digest, entry: &Entry) -> Result<(Vec<u8>, Bytes), StoreError> {
        let frame = read_stored(self.file(pack)?.as_ref(), path, entry)?;
        let content = open_frame(path, entry, frame.clone())?;
        Ok((frame, content))
    }

    /// The bytes that have this digest, verified.
    pub(super) fn content(&self, what: &'static str, digest: &Digest) -> Result<Bytes, StoreError> {
        if let Some(content) = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Ok(content);
        }
        let read = self.read(digest, Wanted::Content)?;
        let Read { entry, content, .. } = read.ok_or_else(|| self.missing(what, digest))?;
        if entry.kind == Kind::Node {
            self.nodes.lock().unwrap_or_else(PoisonError::into_inner).put(*digest, content.clone());
        }
        Ok(content)
    }

    /// The pieces of a large blob; None where the store has no such list.
    pub(super) fn pieces(&self, digest: &Digest) -> Result<Option<PieceList>, StoreError> {
        // read() has checked that it decodes.
        Ok(self.read(digest, Wanted::Pieces)?.and_then(|read| PieceList::decode(&read.content)))
    }

    /// The index of a pack, as known.
    pub(super) fn known_index(&self, pack: &Digest) -> Option<Arc<Index>> {
        self.known().indexes.iter().find(|index| index.pack == *pack).cloned()
    }

    /// All indexes, as known.
    pub(super) fn indexes(&self) -> Arc<Vec<Arc<Index>>> {
        self.known().indexes
    }

    /// The packs that cannot be read, as known, and why.
    pub(super) fn damaged(&self) -> Arc<BTreeMap<Digest, String>> {
        self.known().damaged
    }
}
