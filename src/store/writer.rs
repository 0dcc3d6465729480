//! Writing: documents and blobs into packs that become visible all at once.

use std::collections::HashSet;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::aside::with_nodes;
use super::format::{Kind, compress};
use super::index::encode_index;
use super::layout::Layout;
use super::pack::{PackBuilder, SealedPack};
use super::packs::Wanted;
use super::sort::{Record, Sorter};
use super::{BlobWriter, Store, StoreError, TreeRoots};
use crate::pod::{Commit, Digest, Document, Observed, ResourceKey};
use crate::tree::{Builder, ChunkSink, Edits, TreeError, decode_key, encode_key};

/// Writes one commit's chunks. Shareable between threads; dropping it without [`Writer::finish`] leaves no trace.
#[derive(Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    state: Mutex<State>,
    /// Keeps others from cleaning tmp/ and from collecting what this writer counts on.
    _lock: File,
}

#[derive(Default)]
struct State {
    /// Full packs, not yet visible.
    sealed: Vec<SealedPack>,
    open: Option<PackBuilder>,
    written: HashSet<(Digest, bool)>,
    /// Bytes taken since the disk was last asked for its room.
    unasked: u64,
    sorter: Option<Sorter>,
    trees: Option<TreeRoots>,
    finished: bool,
}

/// Bytes after which the disk is asked whether there is room for more: an instance that never ends must not fill it.
const ASK_BYTES: u64 = 64 << 20;

impl State {
    /// Counts bytes that go to the disk.
    fn grow(&mut self, layout: &Layout, bytes: usize) -> Result<(), StoreError> {
        self.unasked += bytes as u64;
        if self.unasked >= ASK_BYTES {
            self.unasked = 0;
            layout.check_room()?;
        }
        Ok(())
    }
}

impl Writer {
    pub(super) fn new(store: Store) -> Result<Self, StoreError> {
        let lock = store.inner.layout.lock_shared()?;
        // What others have written so far need not be written again.
        store.inner.packs.refresh()?;
        let sorter = Some(Sorter::new(&store.inner.layout.tmp()));
        let state = Mutex::new(State { sorter, ..State::default() });
        Ok(Self { inner: Arc::new(Inner { store, state, _lock: lock }) })
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.store
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a document with what was observed, in any order: entries are sorted on disk, not in memory.
    /// The same key twice is an error, at the latest in [`Writer::trees`].
    pub fn document(&self, key: ResourceKey, document: &Document, observed: &Observed) -> Result<(), StoreError> {
        self.push(&key, Some(document), observed)
    }

    /// Begins a blob.
    pub fn blob(&self) -> Result<BlobWriter, StoreError> {
        if self.state().finished {
            return Err(StoreError::WriterDone { done: "finished" });
        }
        Ok(BlobWriter::new(self.clone()))
    }

    /// Adds what was observed of something that has no document: what the emulator brings by itself, and others
    /// refer to.
    pub fn observed(&self, key: &ResourceKey, observed: &Observed) -> Result<(), StoreError> {
        self.push(key, None, observed)
    }

    fn push(&self, key: &ResourceKey, document: Option<&Document>, observed: &Observed) -> Result<(), StoreError> {
        let refuse = |reason: &str| TreeError::Entry { key: key.to_string(), reason: reason.to_owned() };
        let encoded = encode_key(key).ok_or_else(|| refuse("a part of the key is empty"))?;
        let record = Record::new(encoded, document, observed).ok_or_else(|| refuse("it is larger than 4 GiB"))?;
        let mut state = self.state();
        state.grow(&self.store().inner.layout, record.value_bytes())?;
        match &mut state.sorter {
            Some(sorter) => sorter.push(record),
            None => Err(StoreError::WriterDone { done: "built its trees" }),
        }
    }

    /// Builds both trees from all documents added so far. After that no document can be added.
    pub fn trees(&self) -> Result<TreeRoots, StoreError> {
        let sorter = {
            let mut state = self.state();
            match (state.trees, state.sorter.take()) {
                (Some(roots), _) => return Ok(roots),
                (None, Some(sorter)) => sorter,
                (None, None) => return Err(StoreError::WriterDone { done: "built its trees" }),
            }
        };
        let roots = with_nodes(self, |sink| build(sorter, sink))?;
        self.state().trees = Some(roots);
        Ok(roots)
    }

    /// The root of the tree at `root` with `edits` made. What they do not touch is neither read nor written.
    pub fn edit(&self, root: Digest, edits: &Edits) -> Result<Digest, StoreError> {
        with_nodes(self, |sink| Ok(self.store().tree(root).edit(edits, sink)?))
    }

    /// Writes `commit` behind everything else, syncs the packs, and makes all of it visible.
    /// Refs are not touched.
    pub fn finish(self, commit: &Commit) -> Result<Digest, StoreError> {
        for root in [&commit.state, &commit.observed] {
            if !self.has(root, Wanted::Content) {
                return Err(StoreError::Missing { what: "tree node", digest: *root });
            }
        }
        let digest = self.put(Kind::Commit, None, &commit.to_bytes())?;
        self.keep()?;
        Ok(digest)
    }

    /// Adds a tree node from elsewhere, whose children need not be here.
    pub(crate) fn node(&self, content: &[u8]) -> Result<(), StoreError> {
        self.put(Kind::Node, None, content).map(drop)
    }

    /// Syncs what was written and makes it visible, without a commit: nothing names it, and [`Store::gc`] may remove
    /// it.
    pub(crate) fn keep(&self) -> Result<(), StoreError> {
        let packs = {
            let mut state = self.state();
            state.finished = true;
            state.sorter = None;
            let mut packs = std::mem::take(&mut state.sealed);
            if let Some(open) = state.open.take() {
                packs.push(open.seal()?);
            }
            packs
        };
        // The pack with the commit comes last: whoever sees it sees everything it needs.
        let has_packs = !packs.is_empty();
        for pack in packs {
            self.store().publish_pack(pack)?;
        }
        // No ref may follow: a safety commit is named by the operation log alone.
        if has_packs {
            self.store().inner.layout.sync_packs()?;
        }
        self.store().inner.packs.refresh()
    }

    pub(super) fn has(&self, digest: &Digest, wanted: Wanted) -> bool {
        self.state().written.contains(&(*digest, wanted == Wanted::Pieces))
            || self.store().inner.packs.has_known(digest, wanted)
    }

    /// Adds a chunk unless it is there already. `name` is given for what is not found by its own digest.
    pub(super) fn put(&self, kind: Kind, name: Option<Digest>, content: &[u8]) -> Result<Digest, StoreError> {
        let digest = name.unwrap_or_else(|| Digest::of(content));
        let wanted = Wanted::of(kind);
        if self.has(&digest, wanted) {
            return Ok(digest);
        }
        let tmp = self.store().inner.layout.tmp();
        // Outside the lock: this is most of the work.
        let (codec, frame) = compress(content).map_err(StoreError::io(&tmp))?;
        let mut state = self.state();
        if state.finished {
            return Err(StoreError::WriterDone { done: "finished" });
        }
        if !state.written.insert((digest, wanted == Wanted::Pieces)) {
            return Ok(digest);
        }
        state.grow(&self.store().inner.layout, frame.len())?;
        if let Some(full) = state.open.take_if(|open| open.is_full()) {
            state.sealed.push(full.seal()?);
        }
        if state.open.is_none() {
            state.open = Some(PackBuilder::new(self.store().inner.layout.temporary()?)?);
        }
        if let Some(open) = &mut state.open {
            open.push(digest, kind, codec, &frame, content.len() as u32)?;
        }
        Ok(digest)
    }
}

impl Store {
    /// Makes a complete pack visible: synced and moved into place, then its index, which is made anew where it is lost.
    /// Its name is made to last by [`super::layout::Layout::sync_packs`].
    pub(super) fn publish_pack(&self, pack: SealedPack) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        layout.persist_content(pack.file, &layout.pack(&pack.digest))?;
        layout.write_derived(&layout.index(&pack.digest), &encode_index(&pack.digest, &pack.entries))
    }
}

/// Both trees of what was added.
fn build(sorter: Sorter, sink: &mut dyn ChunkSink) -> Result<TreeRoots, StoreError> {
    let (mut state, mut observed) = (Builder::new(), Builder::new());
    let mut resources = 0;
    let mut last: Option<Record> = None;
    for record in sorter.finish()? {
        let record = record?;
        if last.is_some_and(|last| last.key() == record.key()) {
            let key = decode_key(record.key()).map(|key| key.to_string()).unwrap_or_default();
            return Err(StoreError::DuplicateKey { key });
        }
        if !record.state().is_empty() {
            state.push_encoded(sink, record.key(), record.state())?;
            resources += 1;
        }
        observed.push_encoded(sink, record.key(), record.observed())?;
        last = Some(record);
    }
    Ok(TreeRoots { state: state.finish(sink)?, observed: observed.finish(sink)?, resources })
}
