//! Walking a tree in key order, descending only where asked to.

use std::sync::Arc;

use bytes::Bytes;

use super::node::{Child, Node};
use super::{ChunkSource, TreeError};
use crate::pod::Digest;

/// What a cursor stands on.
pub(crate) enum Item {
    /// A sub-tree that has not been entered.
    Subtree {
        /// Its root.
        digest: Digest,
        /// Its root's level.
        level: u8,
        /// Its first key.
        first: Bytes,
        /// Documents below it.
        documents: u64,
    },
    /// A document.
    Entry {
        /// Its encoded key.
        key: Bytes,
        /// Its value's canonical JSON.
        value: Bytes,
    },
}

impl Item {
    /// The first key at or below it.
    pub(crate) fn first_key(&self) -> &Bytes {
        match self {
            Self::Subtree { first, .. } => first,
            Self::Entry { key, .. } => key,
        }
    }
}

struct Frame {
    node: Arc<Node>,
    at: usize,
}

/// A position in a tree. Before the root is entered the cursor stands on the whole tree.
pub(crate) struct Cursor {
    source: Arc<dyn ChunkSource>,
    /// The root while it has not been entered.
    whole: Option<(Digest, Arc<Node>)>,
    stack: Vec<Frame>,
    /// The nodes entered, in the order of entering; kept only by [`Cursor::recording`].
    entered: Option<Vec<Digest>>,
}

impl Cursor {
    /// Stands on the whole tree.
    pub(crate) fn new(source: Arc<dyn ChunkSource>, root: Digest) -> Result<Self, TreeError> {
        let node = load(source.as_ref(), &root)?;
        let whole = (!node.is_empty()).then(|| (root, Arc::new(node)));
        Ok(Self { source, whole, stack: Vec::new(), entered: None })
    }

    /// Stands behind the end: the cursor of a tree that does not exist.
    pub(crate) fn ended(source: Arc<dyn ChunkSource>) -> Self {
        Self { source, whole: None, stack: Vec::new(), entered: None }
    }

    /// The same cursor, noting every node it enters.
    pub(crate) fn recording(mut self) -> Self {
        self.entered = Some(Vec::new());
        self
    }

    /// The nodes entered so far, parents before children.
    pub(crate) fn into_entered(self) -> Vec<Digest> {
        self.entered.unwrap_or_default()
    }

    /// What the cursor stands on; None at the end.
    pub(crate) fn current(&self) -> Option<Item> {
        if let Some((digest, node)) = &self.whole {
            return Some(Item::Subtree {
                digest: *digest,
                level: node.level,
                first: node.key_bytes(0),
                documents: node.documents(),
            });
        }
        let Frame { node, at } = self.stack.last()?;
        Some(if node.level == 0 {
            Item::Entry { key: node.key_bytes(*at), value: node.value_bytes(*at) }
        } else {
            let Child { digest, documents } = node.child(*at);
            Item::Subtree { digest, level: node.level - 1, first: node.key_bytes(*at), documents }
        })
    }

    /// The first key behind the current item in the whole tree; None where it is the last.
    pub(crate) fn key_behind(&self) -> Option<&[u8]> {
        self.stack.iter().rev().find_map(|Frame { node, at }| {
            let next = at + 1;
            (next < node.len()).then(|| node.key(next))
        })
    }

    /// Goes behind the current item without entering it.
    pub(crate) fn skip(&mut self) {
        if self.whole.take().is_some() {
            return;
        }
        while let Some(frame) = self.stack.last_mut() {
            frame.at += 1;
            if frame.at < frame.node.len() {
                return;
            }
            self.stack.pop();
        }
    }

    /// Enters the current sub-tree: the cursor then stands on its root's first item. Does nothing on a document.
    pub(crate) fn enter(&mut self) -> Result<(), TreeError> {
        let (digest, node) = if let Some((digest, node)) = self.whole.take() {
            (digest, node)
        } else {
            let Some(Frame { node, at }) = self.stack.last() else { return Ok(()) };
            if node.level == 0 {
                return Ok(());
            }
            let digest = node.child(*at).digest;
            (digest, Arc::new(load_child(self.source.as_ref(), node, *at, self.key_behind())?))
        };
        if let Some(entered) = &mut self.entered {
            entered.push(digest);
        }
        self.stack.push(Frame { node, at: 0 });
        Ok(())
    }

    /// The next document in key order, entering whatever is on the way.
    pub(crate) fn next_entry(&mut self) -> Result<Option<(Bytes, Bytes)>, TreeError> {
        loop {
            match self.current() {
                None => return Ok(None),
                Some(Item::Subtree { .. }) => self.enter()?,
                Some(Item::Entry { key, value }) => {
                    self.skip();
                    return Ok(Some((key, value)));
                }
            }
        }
    }
}

/// Reads and decodes a node.
pub(crate) fn load(source: &dyn ChunkSource, digest: &Digest) -> Result<Node, TreeError> {
    Node::decode(source.chunk(digest)?).map_err(|reason| TreeError::Corrupt { digest: *digest, reason })
}

/// Reads a child and checks it against what its parent says: level, first key, count, and that its last key
/// is below `upper`, the next key behind it in the whole tree.
pub(crate) fn load_child(
    source: &dyn ChunkSource,
    parent: &Node,
    position: usize,
    upper: Option<&[u8]>,
) -> Result<Node, TreeError> {
    let child = parent.child(position);
    let node = load(source, &child.digest)?;
    let corrupt = |reason: &str| Err(TreeError::Corrupt { digest: child.digest, reason: reason.to_owned() });
    if node.is_empty() {
        return corrupt("it is empty but not the root");
    }
    if node.level + 1 != parent.level {
        return corrupt("its level is not the one below its parent's");
    }
    if node.key(0) != parent.key(position) {
        return corrupt("its first key is not the one its parent gives");
    }
    if upper.is_some_and(|upper| node.key(node.len() - 1) >= upper) {
        return corrupt("its last key reaches beyond its place in the tree");
    }
    if node.documents() != child.documents {
        return corrupt("it does not hold as many documents as its parent says");
    }
    Ok(node)
}
