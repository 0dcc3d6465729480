//! Which chunks a commit needs.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::packs::Wanted;
use super::{Store, StoreError};
use crate::pod::{BlobRef, Commit, Digest};
use crate::tree::{ChunkSource, Cursor, TreeError, next_difference};

impl Store {
    /// Every chunk reachable from `commit` (its own object, tree nodes, blob pieces) but not from `known`,
    /// children before parents and the commit object last. `known` commits the store lacks are ignored.
    ///
    /// That a node or a blob is missing is an error, so this also tells whether a commit is complete.
    pub fn chunks_between(&self, commit: &Digest, known: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let wanted = self.commit(commit)?;
        if known.contains(commit) {
            return Ok(Vec::new());
        }
        let mut base: Vec<Commit> = Vec::new();
        for digest in known {
            match self.commit(digest) {
                Ok(commit) => base.push(commit),
                Err(StoreError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut blobs = Vec::new();
        let state_roots: Vec<Digest> = base.iter().map(|commit| commit.state).collect();
        let observed_roots: Vec<Digest> = base.iter().map(|commit| commit.observed).collect();
        let mut nodes = self.new_nodes(wanted.state, &state_roots, &mut |blob| blobs.push(blob))?;
        nodes.extend(self.new_nodes(wanted.observed, &observed_roots, &mut |_| ())?);
        // Parents were entered before their children.
        nodes.reverse();

        let mut chunks = self.blob_chunks(&blobs)?;
        if !chunks.is_empty() && !base.is_empty() {
            let known = self.all_blob_chunks(&state_roots, &chunks)?;
            chunks.retain(|chunk| !known.contains(chunk));
        }
        chunks.append(&mut nodes);
        let mut seen: HashSet<Digest> = state_roots.into_iter().chain(observed_roots).collect();
        chunks.retain(|chunk| seen.insert(*chunk));
        chunks.push(*commit);
        Ok(chunks)
    }

    /// The nodes of the tree at `root` that none of the trees at `known` has, parents first; and the blobs of
    /// its documents that differ from those of the first of them.
    fn new_nodes(
        &self,
        root: Digest,
        known: &[Digest],
        on_blob: &mut dyn FnMut(BlobRef),
    ) -> Result<Vec<Digest>, StoreError> {
        let source: Arc<dyn ChunkSource> = Arc::new(self.clone());
        let mut nodes: Option<Vec<Digest>> = None;
        let bases = if known.is_empty() { vec![None] } else { known.iter().map(Some).collect() };
        for (position, base) in bases.into_iter().enumerate() {
            let mut before = match base {
                Some(base) => Cursor::new(source.clone(), *base)?,
                None => Cursor::ended(source.clone()),
            };
            let mut after = Cursor::new(source.clone(), root)?.recording();
            while let Some(difference) = next_difference(&mut before, &mut after)? {
                let (0, Some(value)) = (position, &difference.after) else { continue };
                let old = difference.before.as_deref().map(|value| blobs_of(&difference.key, value)).transpose()?;
                let old = old.unwrap_or_default();
                blobs_of(&difference.key, value)?
                    .into_iter()
                    .filter(|blob| !old.contains(blob))
                    .for_each(&mut *on_blob);
            }
            let entered = after.into_entered();
            nodes = Some(match nodes {
                None => entered,
                Some(nodes) => {
                    let entered: HashSet<Digest> = entered.into_iter().collect();
                    nodes.into_iter().filter(|node| entered.contains(node)).collect()
                }
            });
        }
        let mut nodes = nodes.unwrap_or_default();
        // The root of an empty tree has nothing to enter.
        if !known.contains(&root) && nodes.first() != Some(&root) {
            nodes.insert(0, root);
        }
        Ok(nodes)
    }

    /// The chunks that hold these blobs: pieces before the list that names them.
    fn blob_chunks(&self, blobs: &[BlobRef]) -> Result<Vec<Digest>, StoreError> {
        let packs = &self.inner.packs;
        let mut seen = HashSet::new();
        let mut chunks = Vec::new();
        for BlobRef { digest, .. } in blobs {
            if !seen.insert(*digest) {
                continue;
            }
            if packs.locate(digest, Wanted::Content)?.is_empty() {
                let list = packs.pieces(digest)?.ok_or_else(|| packs.missing("blob", digest))?;
                for (piece, _) in list.pieces {
                    if packs.locate(&piece, Wanted::Content)?.is_empty() {
                        return Err(packs.missing("blob piece", &piece));
                    }
                    chunks.push(piece);
                }
            }
            chunks.push(*digest);
        }
        Ok(chunks)
    }

    /// All blobs of the trees at `roots`; and their pieces, where `sought` holds any that may be one.
    fn all_blob_chunks(&self, roots: &[Digest], sought: &[Digest]) -> Result<HashSet<Digest>, StoreError> {
        let mut blobs = HashSet::new();
        for root in roots {
            for entry in self.tree(*root).encoded_entries() {
                let (key, value) = entry?;
                blobs.extend(blobs_of(&key, &value)?);
            }
        }
        let mut known: HashSet<Digest> = blobs.iter().map(|blob| blob.digest).collect();
        if sought.iter().any(|chunk| !known.contains(chunk)) {
            let blobs: Vec<BlobRef> = blobs.into_iter().collect();
            known.extend(self.blob_chunks(&blobs)?);
        }
        Ok(known)
    }
}

/// What of a document names blobs.
#[derive(Deserialize)]
struct BlobsOnly {
    #[serde(default)]
    blobs: std::collections::BTreeMap<String, BlobRef>,
}

/// The blobs of the document at `key`. Most have none, which shows without parsing: blobs are the last member
/// of a document and close three objects.
pub(super) fn blobs_of(key: &[u8], document: &[u8]) -> Result<Vec<BlobRef>, TreeError> {
    const NAME: &[u8] = br#","blobs":{"#;
    if !document.ends_with(b"}}}") || !document.windows(NAME.len()).any(|window| window == NAME) {
        return Ok(Vec::new());
    }
    let parsed: BlobsOnly = serde_json::from_slice(document).map_err(|error| TreeError::Entry {
        key: crate::tree::decode_key(key).map(|key| key.to_string()).unwrap_or_default(),
        reason: format!("it is not a document: {error}"),
    })?;
    Ok(parsed.blobs.into_values().collect())
}
