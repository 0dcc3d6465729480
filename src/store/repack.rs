//! Fewer, larger packs: small ones are merged so that their number stays logarithmic.
//!
//! Sizes are kept in geometric progression: each pack at least twice as large as all smaller ones together. A byte
//! is thereby copied a logarithmic number of times however often packs are merged.

use std::collections::HashSet;
use std::time::Duration;

use super::format::{Kind, PACK_TARGET_BYTES, PACK_TARGET_SIZE};
use super::layout::LOCK_PATIENCE;
use super::pack::PackBuilder;
use super::packs::Wanted;
use super::{Store, StoreError};
use crate::pod::Digest;

/// Fewer small packs than this are left alone: looking into them costs less than merging.
const FEW_PACKS: usize = 12;
/// Packs from half the target on are large enough.
const LARGE_BYTES: u64 = PACK_TARGET_BYTES / 2;

/// What was merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepackReport {
    /// Packs merged into others, and removed.
    pub merged: u64,
    /// Packs written.
    pub written: u64,
}

impl Store {
    /// Merges small packs where there are many; at most one pack's worth of bytes is copied. Does nothing while
    /// another process does so. For the end of whatever wrote packs.
    pub fn tidy(&self) -> Result<RepackReport, StoreError> {
        let Some(_repacking) = self.inner.layout.lock_repack(Duration::ZERO)? else {
            return Ok(RepackReport::default());
        };
        self.repack(FEW_PACKS, PACK_TARGET_BYTES)
    }

    /// Merges small packs, whatever it takes. Another process that does so is waited for.
    pub fn repack_all(&self) -> Result<RepackReport, StoreError> {
        let layout = &self.inner.layout;
        let Some(_repacking) = layout.lock_repack(LOCK_PATIENCE)? else {
            return Err(StoreError::Busy { path: layout.root().join("repack.lock") });
        };
        self.repack(1, u64::MAX)
    }

    /// The caller holds repack.lock.
    pub(super) fn repack(&self, few: usize, budget: u64) -> Result<RepackReport, StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        self.inner.packs.refresh()?;
        let mut small = Vec::new();
        for index in self.inner.packs.indexes().iter() {
            let path = layout.pack(&index.pack);
            let length = std::fs::metadata(&path).map_err(StoreError::io(&path))?.len();
            if length < LARGE_BYTES {
                small.push((length, index.pack));
            }
        }
        small.sort_unstable();
        let lengths: Vec<u64> = small.iter().map(|(length, _)| *length).collect();
        let merged = to_merge(&lengths, few, budget);
        let old: Vec<Digest> = small.into_iter().take(merged).map(|(_, pack)| pack).collect();
        if old.is_empty() {
            return Ok(RepackReport::default());
        }
        let (written, damaged) = self.copy_chunks(&old, |_| true)?;
        self.inner.packs.refresh()?;
        let mut report = RepackReport { merged: 0, written: written.len() as u64 };
        layout.sync_packs()?;
        for pack in old.iter().filter(|pack| !written.contains(pack) && !damaged.contains(pack)) {
            self.remove_pack(pack)?;
            report.merged += 1;
        }
        self.inner.packs.refresh()?;
        Ok(report)
    }

    /// Copies the chunks that `wanted` picks out of `packs` into new packs and makes these visible. Gives the new
    /// ones, and those of the old ones that hold a chunk which is intact nowhere: they must stay. The names of the new
    /// ones are made to last by [`super::layout::Layout::sync_packs`], before any of the old ones goes.
    pub(super) fn copy_chunks(
        &self,
        packs: &[Digest],
        wanted: impl Fn(&Digest) -> bool,
    ) -> Result<(Vec<Digest>, HashSet<Digest>), StoreError> {
        let layout = &self.inner.layout;
        let mut seen = HashSet::new();
        let (mut written, mut damaged) = (Vec::new(), HashSet::new());
        let mut open: Option<PackBuilder> = None;
        for pack in packs {
            let Some(index) = self.inner.packs.known_index(pack) else { continue };
            let mut entries: Vec<_> = index.entries().filter(|entry| wanted(&entry.digest)).collect();
            entries.sort_unstable_by_key(|entry| entry.offset);
            for entry in entries {
                let name = (entry.digest, entry.kind == Kind::Pieces);
                if !seen.insert(name) {
                    continue;
                }
                let read = match self.inner.packs.read(&entry.digest, Wanted::of(entry.kind)) {
                    Ok(Some(read)) => read,
                    Ok(None) | Err(StoreError::Corrupt { .. }) => {
                        damaged.insert(*pack);
                        // Another pack may have to answer for it as well.
                        seen.remove(&name);
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if let Some(full) = open.take_if(|open| open.is_full()) {
                    written.push(self.publish_copy(full)?);
                }
                if open.is_none() {
                    open = Some(PackBuilder::new(layout.temporary()?)?);
                }
                if let Some(open) = &mut open {
                    open.push(read.entry.digest, read.entry.kind, read.entry.codec, &read.frame, read.entry.size)?;
                }
            }
        }
        if let Some(open) = open {
            written.push(self.publish_copy(open)?);
        }
        Ok((written, damaged))
    }

    fn publish_copy(&self, pack: PackBuilder) -> Result<Digest, StoreError> {
        let sealed = pack.seal()?;
        let digest = sealed.digest;
        self.publish_pack(sealed)?;
        Ok(digest)
    }

    /// Removes a pack and its index. The caller has seen to it that nobody needs it.
    pub(super) fn remove_pack(&self, pack: &Digest) -> Result<(), StoreError> {
        for path in [self.inner.layout.pack(pack), self.inner.layout.index(pack)] {
            self.inner.layout.remove_file(&path)?;
        }
        Ok(())
    }
}

/// How many of the smallest packs to merge: those that break the progression, and as many more as that makes too
/// small in turn; no more than `budget` bytes. None where there are at most `few`.
fn to_merge(lengths: &[u64], few: usize, budget: u64) -> usize {
    if lengths.len() <= few {
        return 0;
    }
    let mut below = 0u64;
    let mut split = 0;
    for (position, length) in lengths.iter().enumerate() {
        if position > 0 && *length < 2 * below {
            split = position + 1;
        }
        below += length;
    }
    let mut bytes = 0;
    let fitting = lengths[..split].iter().take_while(|length| {
        bytes += **length;
        bytes <= budget && bytes <= PACK_TARGET_SIZE
    });
    let count = fitting.count();
    if count > 1 { count } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_the_progression_is_merged_and_no_more() {
        assert_eq!(to_merge(&[1, 2, 6, 18], 1, u64::MAX), 0);
        assert_eq!(to_merge(&[1, 1, 1, 1, 100], 1, u64::MAX), 4);
        assert_eq!(to_merge(&[1, 1, 1, 100, 150], 1, u64::MAX), 5);
        assert_eq!(to_merge(&[1, 1, 1, 1, 100], 5, u64::MAX), 0);
        assert_eq!(to_merge(&[10, 10, 10, 10], 1, 25), 2);
        assert_eq!(to_merge(&[10, 10], 1, 15), 0);
        assert_eq!(to_merge(&[], 0, u64::MAX), 0);
    }

    #[test]
    fn a_thousand_commits_leave_few_packs_and_copy_little() {
        let (mut packs, mut copied) = (Vec::<u64>::new(), 0);
        for _ in 0..1000 {
            packs.push(10);
            packs.sort_unstable();
            let merged = to_merge(&packs, FEW_PACKS, u64::MAX);
            if merged > 0 {
                let sum = packs.drain(..merged).sum();
                copied += sum;
                packs.push(sum);
            }
        }
        assert!(packs.len() <= FEW_PACKS, "{} packs", packs.len());
        assert!(copied < 10 * 1000 * 10, "{copied} bytes copied of 10000 written");
    }
}
