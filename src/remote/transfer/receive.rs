//! Packs of commits, taken in until the commits are whole.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::blocking;
use crate::event::Events;
use crate::pod::{Digest, PodName};
use crate::remote::fault::{cancellable, plain};
use crate::remote::meter::Meter;
use crate::remote::{Remote, RemoteError, TransferReport};
use crate::store::{MAX_PACK_BYTES, Store, StoreError};

/// Packs downloaded at a time; each is up to 64 MiB on disk until it is taken in.
const CONCURRENT_DOWNLOADS: usize = 4;

/// Downloads what the store lacks of the commits `needed`, parents first, and takes it in. Afterwards every one of
/// them is whole; otherwise it is an error. `previous` is a commit that is whole already.
///
/// What a pack leans on may have been here once and be deleted since: where something is lacking, all that came
/// before is looked at, too.
pub(super) async fn take_in(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    [needed, all]: [Vec<Digest>; 2],
    previous: Option<Digest>,
    events: &Events,
) -> Result<TransferReport, RemoteError> {
    let (first, lack) = receive(store, remote, pod, &needed, previous, events).await?;
    let Some(lack) = lack else { return Ok(first) };
    if all.len() <= needed.len() {
        return Err(hostile(remote, lack));
    }
    match receive(store, remote, pod, &all, previous, events).await? {
        (second, None) => Ok(TransferReport { commits: needed.len() as u64, bytes: first.bytes + second.bytes }),
        (_, Some(lack)) => Err(hostile(remote, lack)),
    }
}

/// Downloads what the store lacks of `commits` and takes it in; says what is lacking all the same.
async fn receive(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    commits: &[Digest],
    mut previous: Option<Digest>,
    events: &Events,
) -> Result<(TransferReport, Option<String>), RemoteError> {
    let meter = Meter::new(events, commits.len());
    // The packs of one commit that is not here, then a mark (None) to look at it; in this order.
    let mut steps = Vec::new();
    for &digest in commits {
        let whole = blocking(store, move |store| {
            Ok(store.has_chunk(&digest)? && missing_chunk(store, &digest, previous.as_ref()).is_ok_and(|m| m.is_none()))
        });
        if !whole.await? {
            for pack in cancellable(events, RemoteError::Cancelled, remote.packs(pod, &digest)).await? {
                if pack.1 > MAX_PACK_BYTES {
                    return Err(hostile(remote, format!("pack {} has {} bytes: more than a pack may", pack.0, pack.1)));
                }
                meter.expect_bytes(pack.1);
                steps.push((digest, Some(pack)));
            }
        }
        steps.push((digest, None));
        previous = Some(digest);
    }

    let meter_ref = &meter;
    let downloads = stream::iter(steps).map(|(commit, pack)| async move {
        let Some(pack) = pack else { return Ok((commit, None)) };
        let file = store.temporary()?;
        let pack_events = meter_ref.pack_events();
        let download = remote.fetch_pack(pod, &pack, file.file.path(), &pack_events);
        cancellable(events, RemoteError::Cancelled, download).await?;
        Ok::<_, RemoteError>((commit, Some((pack, file))))
    });
    // Taken in in the order they were made: a pack may lean on an earlier one.
    let mut downloads = downloads.buffered(CONCURRENT_DOWNLOADS);
    let (mut before, mut lack) = (None, None);
    while let Some((commit, pack)) = downloads.try_next().await? {
        if events.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        match pack {
            Some((pack, file)) => match blocking(store, move |store| store.import_temporary(file, &pack.0)).await {
                Ok(_) => {}
                Err(RemoteError::Store(StoreError::Missing { what, digest })) => {
                    lack = Some(format!("{what} {digest} is in none of its packs"));
                }
                Err(error) => return Err(blame(remote, error)),
            },
            None => match blocking(store, move |store| missing_chunk(store, &commit, before.as_ref())).await {
                Ok(None) => {
                    before = Some(commit);
                    meter.commit_done();
                }
                Ok(Some(chunk)) => {
                    lack = Some(format!("commit {} needs {chunk}, which none of its packs holds", commit.short()));
                }
                Err(RemoteError::Store(StoreError::Missing { what, digest })) => {
                    lack = Some(format!("{what} {digest} is in none of its packs"));
                }
                Err(error) => return Err(blame(remote, error)),
            },
        }
    }
    Ok((meter.report(), lack))
}

/// A chunk that `commit` needs and the store lacks, given that `previous` is whole.
fn missing_chunk(store: &Store, commit: &Digest, previous: Option<&Digest>) -> Result<Option<Digest>, StoreError> {
    for chunk in store.chunks_between(commit, previous.map(std::slice::from_ref).unwrap_or_default())? {
        if !store.has_chunk(&chunk)? {
            return Ok(Some(chunk));
        }
    }
    Ok(None)
}

fn hostile(remote: &dyn Remote, reason: String) -> RemoteError {
    RemoteError::Hostile { remote: remote.config().name.clone(), reason }
}

/// A store that refuses what came from the remote is not at fault, unless its own disk failed.
fn blame(remote: &dyn Remote, error: RemoteError) -> RemoteError {
    let reason = match error {
        RemoteError::Store(StoreError::Corrupt { reason, .. }) => reason,
        RemoteError::Store(
            error @ (StoreError::Tree(_) | StoreError::Commit { .. } | StoreError::PackTooLarge { .. }),
        ) => error.to_string(),
        other => return other,
    };
    hostile(remote, plain(&reason))
}
