//! A remote version's trees, node by node as they are read: what it takes to look at a version, or to compare two,
//! without its bodies and without what did not change.
//!
//! Trees are read by plain code on threads that may wait; the bytes come by a task of their own, which they ask. A node
//! is looked for here first, then in the packs of the version, then in those of the versions before it. Who reads nodes
//! that lie side by side is given more of them at a time.

use std::sync::{Arc, mpsc};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc as queue;

use super::fault::{cancellable, plain};
use super::transfer::history;
use super::{Remote, RemoteError};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName, Selector};
use crate::store::{ChunkCache, MAX_PACK_BYTES, PackMap, Run, Store, StoreError, Writer};
use crate::tree::{ChunkSource, TreeError};

/// Bytes read from a pack's end at first: most footers are shorter.
const TAIL_BYTES: u64 = 16 * 1024;
/// What is read at once when nodes turn out to be read in a row; doubles up to [`MAX_WINDOW`].
const FIRST_WINDOW: u64 = 64 * 1024;
/// Large enough that the time of a request does not count, small enough to be read in vain.
const MAX_WINDOW: u64 = 1024 * 1024;
/// Versions whose packs are asked for at a time.
const CONCURRENT_VERSIONS: usize = 8;

/// The nodes of a remote's trees, as a source of chunks.
pub struct RemoteTrees {
    store: Store,
    requests: queue::UnboundedSender<Request>,
    kept: Writer,
}

struct Request {
    node: Digest,
    answer: mpsc::SyncSender<Result<Bytes, RemoteError>>,
}

/// Finds a remote version, and gives what its trees can be read from. Reads no node yet.
///
/// # Errors
/// When there is no such version, or the remote or the store fails.
pub async fn trees(
    store: &Store,
    remote: Box<dyn Remote>,
    pod: &PodName,
    selector: &Selector,
    events: &Events,
) -> Result<(Digest, Commit, Arc<RemoteTrees>), RemoteError> {
    events.phase("look");
    let theirs = history(&*remote, pod, events).await?;
    let (digest, commit) = theirs.find(pod, selector)?;
    let commit = commit.clone();
    let mut older = theirs.line(&digest);
    // What it leans on is behind it, but for what was deleted where it was made.
    let others: Vec<Digest> =
        theirs.line_of_all(&digest).into_iter().rev().filter(|other| !older.contains(other)).collect();
    older.reverse();
    older.extend(others);
    let (requests, queued) = queue::unbounded_channel();
    let fetcher = Fetcher {
        remote,
        pod: pod.clone(),
        events: events.clone(),
        older: older.into_iter(),
        packs: Vec::new(),
        cache: ChunkCache::default(),
    };
    tokio::spawn(fetcher.serve(queued));
    let trees = RemoteTrees { store: store.clone(), requests, kept: store.writer()? };
    Ok((digest, commit, Arc::new(trees)))
}

impl RemoteTrees {
    /// Keeps the nodes read so far in the store, so that they need not come again. Call it last.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep(&self) -> Result<(), StoreError> {
        self.kept.keep()
    }
}

impl ChunkSource for RemoteTrees {
    fn chunk(&self, digest: &Digest) -> Result<Bytes, TreeError> {
        if let Some(content) = self.store.known_node(digest) {
            return Ok(content);
        }
        let failed = |reason: String| TreeError::Chunk { digest: Some(*digest), reason };
        let (answer, answered) = mpsc::sync_channel(1);
        let sent = self.requests.send(Request { node: *digest, answer }).is_ok();
        let content = sent.then(|| answered.recv().ok()).flatten();
        let content = content.unwrap_or(Err(RemoteError::Cancelled)).map_err(|error| failed(error.to_string()))?;
        self.kept.node(&content).map_err(|error| failed(error.to_string()))?;
        Ok(content)
    }
}

/// Reads what is asked for.
struct Fetcher {
    remote: Box<dyn Remote>,
    pod: PodName,
    events: Events,
    /// Commits whose packs were not looked into yet, newest first.
    older: std::vec::IntoIter<Digest>,
    packs: Vec<Pack>,
    cache: ChunkCache,
}

struct Pack {
    name: (Digest, u64),
    map: PackMap,
    /// What was read last of it, and how much the next read may take along.
    last: Option<Run>,
    window: u64,
}

impl Fetcher {
    async fn serve(mut self, mut queued: queue::UnboundedReceiver<Request>) {
        while let Some(Request { node, answer }) = queued.recv().await {
            let events = self.events.clone();
            let found = cancellable(&events, RemoteError::Cancelled, self.node(&node)).await;
            // Whoever asked may be gone.
            let _ = answer.send(found);
        }
    }

    async fn node(&mut self, node: &Digest) -> Result<Bytes, RemoteError> {
        if let Some(content) = self.cache.get(node) {
            return Ok(content);
        }
        let mut looked = 0;
        loop {
            for position in looked..self.packs.len() {
                if let Some(content) = self.read(position, node).await? {
                    return Ok(content);
                }
            }
            looked = self.packs.len();
            let next: Vec<Digest> = self.older.by_ref().take(CONCURRENT_VERSIONS.min(looked.max(1))).collect();
            if next.is_empty() {
                return Err(self.hostile(format!("tree node {node} is in none of its packs")));
            }
            let this = &*self;
            let found = stream::iter(next).map(|commit| async move { this.maps(&commit).await });
            let found: Vec<Vec<Pack>> = found.buffered(CONCURRENT_VERSIONS).try_collect().await?;
            self.packs.extend(found.into_iter().flatten());
        }
    }

    /// What the packs of a commit hold.
    async fn maps(&self, commit: &Digest) -> Result<Vec<Pack>, RemoteError> {
        let mut packs = Vec::new();
        for name in self.remote.packs(&self.pod, commit).await? {
            let (digest, length) = name;
            let wrong = |reason: String| self.hostile(format!("pack {digest}: {reason}"));
            if length > MAX_PACK_BYTES {
                return Err(wrong(format!("it has {length} bytes: more than a pack may")));
            }
            let tail_at = length.saturating_sub(TAIL_BYTES);
            let tail = self.remote.read_pack(&self.pod, &name, tail_at..length).await?;
            let footer_at = PackMap::footer_at(length, &tail).map_err(wrong)?;
            let footer = match footer_at.checked_sub(tail_at) {
                Some(skip) => tail.slice((skip as usize).min(tail.len())..),
                None => self.remote.read_pack(&self.pod, &name, footer_at..length).await?,
            };
            let map = PackMap::parse(length, &footer).map_err(wrong)?;
            packs.push(Pack { name, map, last: None, window: 0 });
        }
        Ok(packs)
    }

    /// The node, where the pack at `position` has it.
    async fn read(&mut self, position: usize, node: &Digest) -> Result<Option<Bytes>, RemoteError> {
        let Some(pack) = self.packs.get_mut(position) else { return Ok(None) };
        let Some(alone) = pack.map.run(node, 0) else { return Ok(None) };
        let in_a_row = pack.last.as_ref().is_some_and(|last| PackMap::goes_on(last, &alone));
        pack.window = if in_a_row { (pack.window * 2).clamp(FIRST_WINDOW, MAX_WINDOW) } else { 0 };
        let run = pack.map.run(node, pack.window).unwrap_or(alone);
        let bytes = self.remote.read_pack(&self.pod, &pack.name, run.bytes.clone()).await?;
        let opened = pack.map.open(&run, &bytes);
        let name = pack.name.0;
        pack.last = Some(run);
        let mut found = None;
        for (digest, content) in opened.map_err(|reason| self.hostile(format!("pack {name}: {reason}")))? {
            if digest == *node {
                found = Some(content.clone());
            }
            self.cache.put(digest, content);
        }
        Ok(found)
    }

    fn hostile(&self, reason: String) -> RemoteError {
        RemoteError::Hostile { remote: self.remote.config().name.clone(), reason: plain(&reason) }
    }
}
