//! Writing tree nodes: compressing them, which is most of the work, goes on aside while the tree is built.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

use super::format::Kind;
use super::packs::Wanted;
use super::{StoreError, Writer};
use crate::pod::Digest;
use crate::tree::{ChunkSink, TreeError};

/// Nodes that may wait for each thread: few, as they are in memory.
const WAITING: usize = 8;
/// More threads than that would wait for the disk.
const MAX_THREADS: usize = 8;

/// A node on its way into a pack.
struct Node {
    digest: Digest,
    content: Vec<u8>,
}

/// Takes the nodes of trees. What went wrong is kept, and says more than the text that the tree makes of it.
pub(super) struct NodeSink<'a> {
    writer: &'a Writer,
    nodes: SyncSender<Node>,
    failure: &'a Mutex<Option<StoreError>>,
}

impl ChunkSink for NodeSink<'_> {
    fn put_chunk(&mut self, content: &[u8]) -> Result<Digest, TreeError> {
        let digest = Digest::of(content);
        if self.writer.has(&digest, Wanted::Content) {
            return Ok(digest);
        }
        let node = Node { digest, content: content.to_vec() };
        if has_failed(self.failure) || self.nodes.send(node).is_err() {
            let reason = "it could not be written".to_owned();
            return Err(TreeError::Chunk { digest: Some(digest), reason });
        }
        Ok(digest)
    }
}

/// Runs `build`, which writes nodes. Afterwards all of them are written.
pub(super) fn with_nodes<T>(
    writer: &Writer,
    build: impl FnOnce(&mut NodeSink<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let failure = Mutex::new(None);
    let threads = available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
    let (send, nodes) = sync_channel(WAITING * threads);
    let nodes = Arc::new(Mutex::new(nodes));
    let built = scope(|scope| {
        // The threads alone hold the other end: where all of them died, sending fails instead of waiting for ever.
        for nodes in std::iter::repeat_n(nodes, threads) {
            let failure = &failure;
            let take = move || pack(writer, &nodes, failure);
            let spawned = Builder::new().name("pack".to_owned()).spawn_scoped(scope, take);
            spawned.map_err(StoreError::io(&writer.store().inner.layout.tmp()))?;
        }
        // The sender is gone at the end of the block: then the threads end.
        build(&mut NodeSink { writer, nodes: send, failure: &failure })
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failure) => Err(failure),
        None => built,
    }
}

/// Puts nodes into packs until there are no more.
fn pack(writer: &Writer, nodes: &Mutex<Receiver<Node>>, failure: &Mutex<Option<StoreError>>) {
    loop {
        let next = nodes.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Node { digest, content }) = next else { return };
        // After a failure they are taken all the same, so that who sends them does not wait for ever.
        if !has_failed(failure)
            && let Err(error) = writer.put(Kind::Node, Some(digest), &content)
        {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

fn has_failed(failure: &Mutex<Option<StoreError>>) -> bool {
    failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}
