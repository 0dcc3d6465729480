//! Removing what nothing needs any more.
//!
//! 1. Under the shared lock, with writers at work: mark, and copy what is needed out of packs that hold much garbage.
//! 2. Under the exclusive lock, for as long as it takes to mark what is new and to remove files: mark again, and
//!    remove a pack only if everything needed in it is in a pack that stays.
//!
//! Packs younger than the grace period stay, and commits in them count as needed: a writer may be about to name them.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::format::Kind;
use super::layout::LOCK_PATIENCE;
use super::mark::{Marks, ReadFolders, Roots, modified};
use super::packs::Wanted;
use super::{Store, StoreError};
use crate::pod::Digest;

/// A pack is copied when at least one in this many of its bytes is garbage.
const GARBAGE_SHARE: u64 = 4;

/// How to collect garbage.
#[derive(Clone, Copy, Debug)]
pub struct GcOptions {
    /// Say what would be done; change nothing.
    pub dry_run: bool,
    /// Packs younger than this are left alone.
    pub grace: Duration,
}

/// What was collected, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Packs before.
    pub packs_before: u64,
    /// Packs after.
    pub packs_after: u64,
    /// Bytes of all packs before.
    pub bytes_before: u64,
    /// Bytes of all packs after.
    pub bytes_after: u64,
    /// Chunks that nothing needs: those removed, or of a dry run all that would be.
    pub garbage_chunks: u64,
    /// Bytes of garbage left in packs that hold little of it.
    pub garbage_left: u64,
    /// Packs left alone because they are younger than the grace period.
    pub young_packs: u64,
    /// What kept a pack that could have gone, and what could not be looked into.
    pub notes: Vec<String>,
}

/// What is to become of the packs.
#[derive(Default)]
struct Plan {
    /// Nothing in them is needed.
    dead: Vec<Digest>,
    /// Their garbage is worth copying the rest.
    mixed: Vec<Digest>,
    garbage_chunks: u64,
    /// Bytes of garbage in `dead` and `mixed`.
    garbage_bytes: u64,
    garbage_left: u64,
    young: u64,
}

impl Store {
    /// Removes what no version, tag, undo or later merge needs, and merges small packs. A writer in flight is waited for, some
    /// seconds, and loses nothing.
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport, StoreError> {
        let layout = &self.inner.layout;
        let Some(_repacking) = layout.lock_repack(LOCK_PATIENCE)? else {
            return Err(StoreError::Busy { path: layout.root().join("repack.lock") });
        };
        let writing = layout.lock_shared()?;
        self.inner.packs.refresh()?;
        let mut report = GcReport::default();
        (report.packs_before, report.bytes_before) = self.pack_totals()?;
        for (pack, reason) in self.inner.packs.damaged().iter() {
            report.notes.push(format!("{}: {reason}; left as it is", layout.pack(pack).display()));
        }
        let mut known: HashSet<Digest> = self.inner.packs.list()?;
        let (mut marks, mut read) = (Marks::default(), ReadFolders::default());
        self.mark_roots(&self.roots(&mut read)?, &mut marks, &mut report.notes)?;
        self.mark_recent(options.grace, &HashSet::new(), &mut marks)?;
        self.mark_merge_bases(&mut marks);
        self.mark_twins(&mut marks)?;
        let plan = self.plan(&marks, options.grace)?;
        report.garbage_chunks = plan.garbage_chunks;
        report.garbage_left = plan.garbage_left;
        report.young_packs = plan.young;
        if options.dry_run {
            report.packs_after = report.packs_before - plan.dead.len() as u64;
            report.bytes_after = report.bytes_before - plan.garbage_bytes;
            return Ok(report);
        }
        let (written, damaged) = self.copy_chunks(&plan.mixed, |digest| marks.contains(digest))?;
        drop(writing);
        let mut going: HashSet<Digest> = plan.dead.into_iter().chain(plan.mixed).collect();
        for pack in &damaged {
            going.remove(pack);
            report.notes.push(format!("{} holds damaged chunks and stays", layout.pack(pack).display()));
        }
        going.retain(|pack| !written.contains(pack));
        // Copies of ours are not what somebody wrote meanwhile.
        known.extend(written);

        let exclusive = layout.lock_exclusive()?;
        let refs = layout.lock_refs()?;
        self.inner.packs.refresh()?;
        self.mark_roots(&self.roots(&mut read)?, &mut marks, &mut report.notes)?;
        self.mark_recent(options.grace, &known, &mut marks)?;
        self.mark_merge_bases(&mut marks);
        self.mark_twins(&mut marks)?;
        self.sweep(&going, &marks, &mut report)?;
        self.forget_twins(|local| marks.has_commit(local))?;
        drop(refs);
        drop(exclusive);

        self.repack(1, u64::MAX)?;
        (report.packs_after, report.bytes_after) = self.pack_totals()?;
        Ok(report)
    }

    fn mark_roots(&self, roots: &Roots, marks: &mut Marks, notes: &mut Vec<String>) -> Result<(), StoreError> {
        for commit in &roots.named {
            self.mark(commit, marks)?;
        }
        for commit in &roots.safety {
            match self.mark(commit, marks) {
                Ok(()) | Err(StoreError::Missing { .. }) => {}
                Err(error) => {
                    let note = format!("a safety commit cannot be read: {error}");
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
            }
        }
        Ok(())
    }

    /// Marks the commits in packs that are younger than `grace`, and, where any are `known`, in all others.
    fn mark_recent(&self, grace: Duration, known: &HashSet<Digest>, marks: &mut Marks) -> Result<(), StoreError> {
        for index in self.inner.packs.indexes().iter() {
            let is_new = !known.is_empty() && !known.contains(&index.pack);
            if !is_new && !self.is_young(&index.pack, grace)? {
                continue;
            }
            for entry in index.entries().filter(|entry| entry.kind == Kind::Commit) {
                // A commit whose writer died may be incomplete: what it lacks cannot be kept.
                let _ = self.mark(&entry.digest, marks);
            }
        }
        Ok(())
    }

    fn is_young(&self, pack: &Digest, grace: Duration) -> Result<bool, StoreError> {
        let written = modified(&self.inner.layout.pack(pack))?;
        // A time in the future is young under any grace but none.
        let age = SystemTime::now().duration_since(written).unwrap_or_default();
        Ok(age < grace)
    }

    fn plan(&self, marks: &Marks, grace: Duration) -> Result<Plan, StoreError> {
        let mut plan = Plan::default();
        for index in self.inner.packs.indexes().iter() {
            if self.is_young(&index.pack, grace)? {
                plan.young += 1;
                continue;
            }
            let (mut needed, mut garbage, mut chunks) = (0u64, 0u64, 0);
            for entry in index.entries() {
                if marks.contains(&entry.digest) {
                    needed += u64::from(entry.stored);
                } else {
                    garbage += u64::from(entry.stored);
                    chunks += 1;
                }
            }
            if chunks == 0 {
                continue;
            }
            if garbage * GARBAGE_SHARE < needed + garbage {
                plan.garbage_left += garbage;
                continue;
            }
            plan.garbage_chunks += chunks;
            plan.garbage_bytes += garbage;
            if needed == 0 { plan.dead.push(index.pack) } else { plan.mixed.push(index.pack) }
        }
        Ok(plan)
    }

    /// Removes the packs that are `going` and nobody needs. The caller holds every lock.
    fn sweep(&self, going: &HashSet<Digest>, marks: &Marks, report: &mut GcReport) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        // What stands in for a pack that goes may be ours, or of somebody killed before its name was made to last.
        layout.sync_packs()?;
        let indexes = self.inner.packs.indexes();
        for index in indexes.iter().filter(|index| going.contains(&index.pack)) {
            let needed = index.entries().filter(|entry| marks.contains(&entry.digest)).any(|entry| {
                !indexes.iter().any(|other| {
                    !going.contains(&other.pack)
                        && other.find(&entry.digest).any(|found| Wanted::of(found.kind) == Wanted::of(entry.kind))
                })
            });
            if needed {
                let path = layout.pack(&index.pack);
                report.notes.push(format!("{} came into use meanwhile and stays", path.display()));
                continue;
            }
            self.remove_pack(&index.pack)?;
        }
        self.inner.packs.refresh()?;
        // Indexes whose pack is gone: of a process that died between the two.
        let packs = self.inner.packs.list()?;
        for name in super::layout::file_names(&layout.indexes())? {
            let pack = name.strip_suffix(".idx").and_then(|name| name.parse::<Digest>().ok());
            if pack.is_some_and(|pack| !packs.contains(&pack)) {
                let path = layout.indexes().join(name);
                layout.remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// How many packs there are, and their bytes.
    fn pack_totals(&self) -> Result<(u64, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        for pack in self.inner.packs.list()? {
            let path = self.inner.layout.pack(&pack);
            bytes += std::fs::metadata(&path).map_err(StoreError::io(&path))?.len();
            count += 1;
        }
        Ok((count, bytes))
    }
}
