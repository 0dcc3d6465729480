//! `gc`, `fsck`, `store stats`: the store as files on a disk.

use super::blocking::blocking;
use super::{Context, OpError};
use crate::store::{FsckLevel, GcOptions, GcReport, Store, StoreStats};

/// Removes what no version, tag or undo needs, and merges small packs.
///
/// # Errors
/// When a ref cannot be read, data of a version is missing, somebody writes for too long, or the disk refuses.
/// Nothing that is needed is removed in any case.
pub async fn gc(context: &Context, options: GcOptions) -> Result<GcReport, OpError> {
    let store = context.store.clone();
    blocking(move || store.gc(&options)).await
}

/// The store in numbers.
///
/// # Errors
/// When the store cannot be read.
pub fn store_stats(context: &Context) -> Result<StoreStats, OpError> {
    Ok(context.store.stats()?)
}

/// Checks the store; gives one sentence per fault.
///
/// # Errors
/// When the store cannot be read at all.
pub async fn fsck(context: &Context, level: FsckLevel) -> Result<Vec<String>, OpError> {
    let store = context.store.clone();
    blocking(move || store.fsck(level)).await
}

/// Mends what can be mended; gives one sentence per thing done.
///
/// # Errors
/// When somebody writes for too long, or the disk refuses.
pub async fn repair(context: &Context) -> Result<Vec<String>, OpError> {
    let store = context.store.clone();
    blocking(move || store.repair()).await
}

/// Merges small packs after something was written. That it cannot is no failure of what was written.
pub(super) async fn tidy(store: &Store) {
    let store = store.clone();
    // The next one tries again, and `podex gc` says what is wrong.
    let _ = blocking(move || store.tidy()).await;
}
