//! Moving pods between the local store and a remote.
//!
//! Whoever has versions that go on from the other's newest has what the other lacks: those behind it in the list, or,
//! after a merge, those that descend from it. Where both went on, nothing moves until they are merged. A version is
//! known by its commit; its number may differ between the two sides, as one may have versions that the other never
//! saw. Commits are made whole on the receiving side before they are published there, oldest first; so an
//! interruption leaves a shorter history, never a broken one.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::fault::{cancellable, plain};
use super::meter::Meter;
use super::{Border, NoBorder, Remote, RemoteError, RemoteVersion, TransferReport};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName, Selector, nearest};
use crate::store::{ExportedPack, MAX_PACK_BYTES, Store, StoreError, VersionEntry, did_you_mean};

/// Packs downloaded at a time; each is up to 64 MiB on disk until it is taken in.
const CONCURRENT_DOWNLOADS: usize = 4;

/// Pushes every version of `pod` that `remote` lacks, oldest first.
pub async fn push(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    events: &Events,
) -> Result<TransferReport, RemoteError> {
    push_through(&NoBorder, store, remote, pod, events).await
}

/// The same, publishing what `border` makes of each version.
pub async fn push_through(
    border: &dyn Border,
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    events: &Events,
) -> Result<TransferReport, RemoteError> {
    events.phase("push");
    let local = store.versions(pod)?;
    let theirs = cancellable(events, RemoteError::Cancelled, remote.versions(pod)).await?;
    let local = border.outgoing(local, &theirs, events).await?;
    let (missing, first) = match theirs.last() {
        None => (local.clone(), 1),
        Some(head) => match beyond(store, local.clone(), head.digest).await? {
            Some(missing) => (missing, head.number + 1),
            None => return Err(moved_on(remote, pod, &local, &theirs, head)),
        },
    };
    let meter = Meter::new(events, missing.len());
    let mut known: Vec<Digest> = theirs.iter().map(|version| version.digest).collect();
    for (number, version) in (first..).zip(&missing) {
        let commit = store.commit(&version.commit)?;
        if commit.digest() != version.commit {
            let reason = format!("version {} was made by a newer podex: update podex to push it", version.number);
            return Err(RemoteError::Failed { remote: remote.config().name.clone(), reason });
        }
        let packs = push_packs(store, remote, pod, &version.commit, &known, &meter, events).await?;
        let publish = remote.publish(pod, number, &commit, &packs);
        cancellable(events, RemoteError::Cancelled, publish).await?;
        store.set_remote_head(&remote.config().name, pod, version.commit)?;
        known.push(version.commit);
        meter.commit_done();
    }
    if let (true, Some(head)) = (missing.is_empty(), local.last()) {
        store.set_remote_head(&remote.config().name, pod, head.commit)?;
    }
    Ok(meter.report())
}

/// Uploads what `commit` needs beyond `known`, in packs made for it.
async fn push_packs(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    commit: &Digest,
    known: &[Digest],
    meter: &Meter,
    events: &Events,
) -> Result<Vec<(Digest, u64)>, RemoteError> {
    let (commit, known) = (*commit, known.to_vec());
    let groups = blocking(store, move |store| store.pack_groups(&store.chunks_between(&commit, &known)?)).await?;
    let mut packs = Vec::new();
    for group in groups {
        if events.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        let exported: ExportedPack = blocking(store, move |store| store.export_pack(&group)).await?;
        let pack = (exported.digest, exported.size);
        meter.expect_bytes(pack.1);
        let pack_events = meter.pack_events();
        let upload = remote.store_pack(pod, &pack, exported.file.path(), &pack_events);
        cancellable(events, RemoteError::Cancelled, upload).await?;
        packs.push(pack);
    }
    Ok(packs)
}

/// Pulls `pod` up to `number` (None: its newest) into the local pod `into`, which must be absent or an
/// ancestor. Gives what was moved and the version that is now the local head.
pub async fn pull(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    number: Option<u64>,
    into: &PodName,
    events: &Events,
) -> Result<(TransferReport, VersionEntry), RemoteError> {
    pull_through(&NoBorder, store, remote, pod, number, into, events).await
}

/// The same, taking in what `border` makes of each version.
pub async fn pull_through(
    border: &dyn Border,
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    number: Option<u64>,
    into: &PodName,
    events: &Events,
) -> Result<(TransferReport, VersionEntry), RemoteError> {
    events.phase("pull");
    let theirs = versions(remote, pod, events).await?;
    let selector = number.map_or(Selector::Head, Selector::Version);
    let wanted = up_to(pod, &theirs, &selector)?;
    let local = match store.versions(into) {
        Err(StoreError::UnknownPod { .. }) => Vec::new(),
        versions => versions?,
    };
    let mut report = TransferReport::default();
    let mut head = local.last().copied();
    let local = border.known(local, &theirs).await?;
    let has = |version: &&RemoteVersion| local.iter().any(|entry| entry.commit == version.digest);
    if wanted.last().is_some_and(|newest| !has(&newest)) {
        let previous = local.last().map(|head| head.commit);
        let Some(missing) = ahead(previous, wanted) else {
            return Err(RemoteError::BothMoved { remote: remote.config().name.clone(), pod: pod.clone() });
        };
        report = take_in(store, remote, pod, missing, previous, events).await?;
        for version in missing {
            let commit = border.incoming(version.digest, events).await?;
            head = Some(store.publish(into, head.map(|head| head.commit), commit)?);
        }
    }
    // The newest of theirs that is here now; an older one asked for does not make the others unseen.
    let seen = theirs.iter().rfind(has).into_iter().chain(wanted.last());
    if let Some(newest) = seen.max_by_key(|version| version.number) {
        store.set_remote_head(&remote.config().name, pod, newest.digest)?;
    }
    let head = head.ok_or_else(|| unknown_version(pod, &theirs, "newest version".to_owned()))?;
    Ok((report, head))
}

/// Makes a remote version readable locally without touching any ref.
pub async fn fetch(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    selector: &Selector,
    events: &Events,
) -> Result<(Digest, Commit), RemoteError> {
    events.phase("fetch");
    let theirs = versions(remote, pod, events).await?;
    let wanted = up_to(pod, &theirs, selector)?;
    take_in(store, remote, pod, wanted, None, events).await?;
    let newest = wanted.last().ok_or_else(|| unknown_version(pod, &theirs, "newest version".to_owned()))?;
    Ok((newest.digest, newest.commit.clone()))
}

/// Downloads what the store lacks of `versions` and takes it in. Afterwards every one of them is whole;
/// otherwise it is an error. `previous` is the version before them, which is whole already.
async fn take_in(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    versions: &[RemoteVersion],
    mut previous: Option<Digest>,
    events: &Events,
) -> Result<TransferReport, RemoteError> {
    let meter = Meter::new(events, versions.len());
    // The packs of one version that is not here, then a mark (None) to look at it; in this order.
    let mut steps = Vec::new();
    for version in versions {
        let digest = version.digest;
        let whole = blocking(store, move |store| {
            Ok(store.has_chunk(&digest)? && missing_chunk(store, &digest, previous.as_ref()).is_ok_and(|m| m.is_none()))
        });
        if !whole.await? {
            for pack in cancellable(events, RemoteError::Cancelled, remote.packs(pod, &digest)).await? {
                if pack.1 > MAX_PACK_BYTES {
                    return Err(hostile(remote, format!("pack {} has {} bytes: more than a pack may", pack.0, pack.1)));
                }
                meter.expect_bytes(pack.1);
                steps.push((version, Some(pack)));
            }
        }
        steps.push((version, None));
        previous = Some(digest);
    }

    let meter_ref = &meter;
    let downloads = stream::iter(steps).map(|(version, pack)| async move {
        let Some(pack) = pack else { return Ok((version, None)) };
        let file = store.temporary()?;
        let pack_events = meter_ref.pack_events();
        let download = remote.fetch_pack(pod, &pack, file.file.path(), &pack_events);
        cancellable(events, RemoteError::Cancelled, download).await?;
        Ok::<_, RemoteError>((version, Some((pack, file))))
    });
    // Taken in in the order they were made: a pack may lean on an earlier one.
    let mut downloads = downloads.buffered(CONCURRENT_DOWNLOADS);
    let mut before = None;
    while let Some((version, pack)) = downloads.try_next().await? {
        if events.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        match pack {
            Some((pack, file)) => {
                blocking(store, move |store| store.import_temporary(file, &pack.0))
                    .await
                    .map_err(|error| blame(remote, error))?;
            }
            None => {
                let digest = version.digest;
                let missing = blocking(store, move |store| missing_chunk(store, &digest, before.as_ref())).await;
                if let Some(chunk) = missing.map_err(|error| blame(remote, error))? {
                    let reason = format!("version {} needs {chunk}, which none of its packs holds", version.number);
                    return Err(hostile(remote, reason));
                }
                before = Some(digest);
                meter.commit_done();
            }
        }
    }
    Ok(meter.report())
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

/// Does blocking store work off the async threads.
async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, RemoteError> {
    let store = store.clone();
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(result) => Ok(result?),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(RemoteError::Cancelled),
    }
}

/// Why nothing can be pushed where the remote's newest version, `head`, is no part of what is here.
fn moved_on(
    remote: &dyn Remote,
    pod: &PodName,
    local: &[VersionEntry],
    theirs: &[RemoteVersion],
    head: &RemoteVersion,
) -> RemoteError {
    let (remote, pod) = (remote.config().name.clone(), pod.clone());
    let (author, there) = (plain(&head.commit.author.to_string()), head.digest);
    if local.last().is_some_and(|own| theirs.iter().any(|version| version.digest == own.commit)) {
        return RemoteError::Behind { remote, pod, theirs: there, author };
    }
    RemoteError::Diverged { remote, pod, theirs: there, author }
}

/// The local versions that go on from `head`, the remote's newest: those after it, or, after a merge with it, those
/// that descend from it. None where it is no part of what is here.
async fn beyond(
    store: &Store,
    mut local: Vec<VersionEntry>,
    head: Digest,
) -> Result<Option<Vec<VersionEntry>>, RemoteError> {
    if let Some(place) = local.iter().position(|version| version.commit == head) {
        return Ok(Some(local.split_off(place + 1)));
    }
    blocking(store, move |store| {
        // A merge is the newest, or others were made on top of it.
        let mut first = local.len();
        for (place, version) in local.iter().enumerate().rev() {
            if !store.ancestors(version.commit)?.contains(&head) {
                break;
            }
            first = place;
        }
        let versions = local.split_off(first);
        Ok((!versions.is_empty()).then_some(versions))
    })
    .await
}

/// The remote versions that go on from `head`, the local newest: those after it, or, after somebody merged with it,
/// those that descend from it. None where it is no part of what is there.
fn ahead(head: Option<Digest>, theirs: &[RemoteVersion]) -> Option<&[RemoteVersion]> {
    let Some(head) = head else { return Some(theirs) };
    if let Some(place) = theirs.iter().position(|version| version.digest == head) {
        return theirs.get(place + 1..);
    }
    let mut descend = HashSet::from([head]);
    let mut first = theirs.len();
    for (place, version) in theirs.iter().enumerate() {
        if version.commit.parents.iter().any(|parent| descend.contains(parent)) {
            descend.insert(version.digest);
            first = first.min(place);
        } else if first < theirs.len() {
            // Something else was published in between: that is no line of ours.
            return None;
        }
    }
    theirs.get(first..).filter(|versions| !versions.is_empty())
}

/// A pod's versions, oldest first, without their state; an error with the nearest names where there is none.
pub async fn versions(remote: &dyn Remote, pod: &PodName, events: &Events) -> Result<Vec<RemoteVersion>, RemoteError> {
    let versions = cancellable(events, RemoteError::Cancelled, remote.versions(pod)).await?;
    if !versions.is_empty() {
        return Ok(versions);
    }
    // The names are only a help; a remote that does not list them still gives the right error.
    let pods = cancellable(events, RemoteError::Cancelled, remote.pods()).await.unwrap_or_default();
    let hint = did_you_mean(&nearest(pod.as_str(), pods.iter().map(PodName::as_str)));
    Err(RemoteError::UnknownPod { remote: remote.config().name.clone(), pod: pod.clone(), hint })
}

/// The versions up to the one selected.
pub(super) fn up_to<'a>(
    pod: &PodName,
    versions: &'a [RemoteVersion],
    selector: &Selector,
) -> Result<&'a [RemoteVersion], RemoteError> {
    let (place, wanted) = match selector {
        Selector::Head => (versions.len().checked_sub(1), "newest version".to_owned()),
        Selector::Version(number) => {
            (versions.iter().position(|version| version.number == *number), format!("version {number}"))
        }
        // Tags are this store's own.
        Selector::Tag(tag) => (None, format!("tag {tag}")),
        Selector::Revision(revision) => {
            let matches = |version: &RemoteVersion| version.digest.hex().starts_with(revision);
            let found = versions.iter().rposition(matches);
            let digest = found.and_then(|place| versions.get(place)).map(|version| version.digest);
            if versions.iter().any(|version| matches(version) && Some(version.digest) != digest) {
                let (pod, revision) = (pod.clone(), revision.clone());
                return Err(StoreError::AmbiguousRevision { pod, revision }.into());
            }
            (found, format!("revision {revision}"))
        }
    };
    place.and_then(|place| versions.get(..=place)).ok_or_else(|| unknown_version(pod, versions, wanted))
}

fn unknown_version(pod: &PodName, versions: &[RemoteVersion], wanted: String) -> RemoteError {
    let have = match versions {
        [] => "no versions".to_owned(),
        [_] => "version 1 only".to_owned(),
        more => format!("versions 1 to {}", more.len()),
    };
    StoreError::UnknownVersion { pod: pod.clone(), wanted, have }.into()
}

fn hostile(remote: &dyn Remote, reason: String) -> RemoteError {
    RemoteError::Hostile { remote: remote.config().name.clone(), reason }
}

/// A store that refuses what came from the remote is not at fault, unless its own disk failed.
fn blame(remote: &dyn Remote, error: RemoteError) -> RemoteError {
    let reason = match error {
        RemoteError::Store(StoreError::Corrupt { reason, .. }) => reason,
        RemoteError::Store(StoreError::Missing { what, digest }) => format!("{what} {digest} is in none of its packs"),
        RemoteError::Store(
            error @ (StoreError::Tree(_) | StoreError::Commit { .. } | StoreError::PackTooLarge { .. }),
        ) => error.to_string(),
        other => return other,
    };
    hostile(remote, plain(&reason))
}
