//! What a store holds, in numbers. Reads names and indexes only.

use std::path::Path;

use serde::Serialize;

use super::format::Kind;
use super::layout::file_names;
use super::refs::version_number;
use super::{Store, StoreError};

/// Chunks of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChunkStats {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their bytes as they are stored.
    pub stored: u64,
}

/// A store in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreStats {
    /// Pods.
    pub pods: u64,
    /// Their versions.
    pub versions: u64,
    /// Pack files.
    pub packs: u64,
    /// Their bytes.
    pub pack_bytes: u64,
    /// Bytes of the packs' indexes.
    pub index_bytes: u64,
    /// Bytes of the operation log.
    pub log_bytes: u64,
    /// Packs whose contents cannot be read: see `fsck`.
    pub damaged_packs: u64,
    /// Commit objects.
    pub commits: ChunkStats,
    /// Tree nodes.
    pub nodes: ChunkStats,
    /// Blobs, pieces of large ones, and the lists of these.
    pub blobs: ChunkStats,
}

impl Store {
    /// Counts what there is.
    pub fn stats(&self) -> Result<StoreStats, StoreError> {
        let layout = &self.inner.layout;
        self.inner.packs.refresh()?;
        let mut stats = StoreStats::default();
        for pod in self.pod_folders()? {
            let versions = file_names(&layout.pod(&pod))?.iter().filter(|name| version_number(name).is_some()).count();
            stats.pods += u64::from(versions > 0);
            stats.versions += versions as u64;
        }
        stats.damaged_packs = self.inner.packs.damaged().len() as u64;
        stats.packs = self.inner.packs.list()?.len() as u64;
        stats.pack_bytes = bytes_in(&layout.packs())?;
        stats.index_bytes = bytes_in(&layout.indexes())?;
        stats.log_bytes = bytes_in(&layout.ops())?;
        for entry in self.inner.packs.indexes().iter().flat_map(|index| index.entries()) {
            let kind = match entry.kind {
                Kind::Commit => &mut stats.commits,
                Kind::Node => &mut stats.nodes,
                Kind::Data | Kind::Pieces => &mut stats.blobs,
            };
            kind.count += 1;
            kind.bytes += u64::from(entry.size);
            kind.stored += u64::from(entry.stored);
        }
        Ok(stats)
    }
}

fn bytes_in(folder: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(StoreError::io(folder))? {
        // A file may go while it is looked at.
        bytes += entry.and_then(|entry| entry.metadata()).map_or(0, |file| file.len());
    }
    Ok(bytes)
}
