//! From the local store to a remote.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};

use super::blocking;
use crate::event::Events;
use crate::pod::{Digest, PodName};
use crate::remote::fault::{cancellable, plain};
use crate::remote::meter::Meter;
use crate::remote::{Border, NoBorder, Remote, RemoteCommit, RemoteError, RemoteHistory, TransferReport};
use crate::store::{ExportedPack, Store, VersionEntry};

/// Packs made and uploaded at a time: one is made while another is under way, and a third waits for its answer.
const CONCURRENT_UPLOADS: usize = 3;

/// Pods of a remote whose histories are walked for what they share with a new one: most share nothing.
const MAX_WALKED: usize = 200;

/// Pushes every version of `pod` that `remote` lacks, oldest first. Where the remote has moved on they are there
/// afterwards all the same, without a number, and [`RemoteError::Diverged`] says how to go on.
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
    let theirs = cancellable(events, RemoteError::Cancelled, remote.history(pod)).await?;
    let local = border.outgoing(local, &theirs.digests(), events).await?;
    let plan = Plan::make(store, &local, &theirs).await?;
    let meter = Meter::new(events, plan.beside.len() + plan.numbered.len());
    // What follows what is there is nowhere else.
    let sisters = if plan.known.is_empty() { sisters(store, remote, pod, &local).await? } else { Vec::new() };
    let to = Target { store, remote, pod, sisters };
    let mut known = plan.known;
    let mut next = theirs.versions.last().map_or(1, |head| head.number + 1);
    let mut winner = plan.winner;
    let beside = plan.beside.iter().map(|version| (version, false));
    for (version, to_number) in beside.chain(plan.numbered.iter().map(|version| (version, true))) {
        let commit = store.commit(&version.commit)?;
        if commit.digest() != version.commit {
            let reason = format!("version {} was made by a newer podex: update podex to push it", version.number);
            return Err(RemoteError::Failed { remote: remote.config().name.clone(), reason });
        }
        let packs = push_packs(&to, &version.commit, &known, &meter, events).await?;
        let number = (to_number && winner.is_none()).then_some(next);
        let publish = remote.publish(pod, number, &commit, &packs);
        winner = cancellable(events, RemoteError::Cancelled, publish).await?.or(winner);
        store.set_remote_head(&remote.config().name, pod, version.commit)?;
        known.push(version.commit);
        next += u64::from(number.is_some());
        meter.commit_done();
    }
    let Some(head) = local.last() else { return Ok(meter.report()) };
    if let Some(winner) = winner {
        return Err(moved_on(remote, pod, head.commit, &theirs, &winner));
    }
    store.set_remote_head(&remote.config().name, pod, head.commit)?;
    Ok(meter.report())
}

/// Whereto packs go.
struct Target<'a> {
    store: &'a Store,
    remote: &'a dyn Remote,
    pod: &'a PodName,
    /// Other pods there that may have the same packs.
    sisters: Vec<PodName>,
}

/// What of a pod a push publishes.
struct Plan<'a> {
    /// Versions that get no number, oldest first; they are published before the others.
    beside: &'a [VersionEntry],
    /// Versions that get the next numbers, oldest first.
    numbered: &'a [VersionEntry],
    /// Commits there on which the packs may lean.
    known: Vec<Digest>,
    /// Their newest version, where it is no part of what is here.
    winner: Option<RemoteCommit>,
}

impl<'a> Plan<'a> {
    async fn make(store: &Store, local: &'a [VersionEntry], theirs: &RemoteHistory) -> Result<Self, RemoteError> {
        let head = theirs.versions.last();
        let first = match head {
            None => Some(0),
            Some(head) => beyond(store, local, head.digest).await?,
        };
        let (below, numbered) = local.split_at(first.unwrap_or(local.len()));
        // What was there once and is no more was removed on purpose: only what is newer than all that is there.
        let newer = below.iter().rposition(|version| theirs.has(&version.commit)).map_or(0, |place| place + 1);
        let beside = below.get(newer..).unwrap_or_default();
        let behind = match local.last().copied() {
            Some(own) => blocking(store, move |store| store.ancestors(own.commit)).await?,
            None => Default::default(),
        };
        let versions = theirs.versions.iter().filter(|_| first.is_some()).map(|version| version.digest);
        let known = theirs.commits().map(|(digest, _)| *digest).filter(|digest| behind.contains(digest));
        let winner = head.filter(|_| first.is_none());
        Ok(Self {
            beside,
            numbered,
            known: versions.chain(known).collect(),
            winner: winner.map(|head| RemoteCommit { digest: head.digest, commit: head.commit.clone() }),
        })
    }
}

/// Uploads what `commit` needs beyond `known`, in packs made for it: the next ones while the first are under way.
async fn push_packs(
    to: &Target<'_>,
    commit: &Digest,
    known: &[Digest],
    meter: &Meter,
    events: &Events,
) -> Result<Vec<(Digest, u64)>, RemoteError> {
    let (store, commit, known) = (to.store, *commit, known.to_vec());
    let groups = blocking(store, move |store| store.pack_groups(&store.chunks_between(&commit, &known)?)).await?;
    // Told to the others when one fails: they are not begun.
    let over = &AtomicBool::new(false);
    let uploads = stream::iter(groups).map(|group| async move {
        if over.load(Ordering::Relaxed) || events.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        let exported: ExportedPack = blocking(store, move |store| store.export_pack(&group)).await?;
        let pack = (exported.digest, exported.size);
        meter.expect_bytes(pack.1);
        let pack_events = meter.pack_events();
        to.remote.store_pack(to.pod, &pack, exported.file.path(), &to.sisters, &pack_events).await?;
        Ok(pack)
    });
    let mut uploads = uploads.buffered(CONCURRENT_UPLOADS);
    let (mut packs, mut failed) = (Vec::new(), None);
    // Those under way end by themselves, so that they can clean up.
    while let Some(pack) = uploads.next().await {
        match pack {
            Ok(pack) => packs.push(pack),
            Err(error) => {
                over.store(true, Ordering::Relaxed);
                failed = failed.or(Some(error));
            }
        }
    }
    failed.map_or(Ok(packs), Err)
}

/// Pods of the remote that have a part of the same history, as far as is known here: they may have the same packs.
async fn sisters(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    local: &[VersionEntry],
) -> Result<Vec<PodName>, RemoteError> {
    let (remote, pod) = (remote.config().name.clone(), pod.clone());
    let local: Vec<Digest> = local.iter().map(|version| version.commit).collect();
    blocking(store, move |store| {
        let others: Vec<_> = store.remote_heads(&remote)?.into_iter().filter(|(other, _)| *other != pod).collect();
        let mut own: HashSet<Digest> = local.iter().copied().collect();
        if let (Some(head), false) = (local.last(), others.is_empty()) {
            own.extend(store.ancestors(*head)?);
        }
        let (mut sisters, mut walked) = (Vec::new(), 0);
        for (other, head) in others {
            let is_near = |walked: &mut usize| {
                *walked += 1;
                *walked <= MAX_WALKED && store.ancestors(head).is_ok_and(|behind| !behind.is_disjoint(&own))
            };
            if own.contains(&head) || is_near(&mut walked) {
                sisters.push(other);
            }
        }
        Ok(sisters)
    })
    .await
}

/// What there is to say where the remote's newest version is no part of what is here.
fn moved_on(
    remote: &dyn Remote,
    pod: &PodName,
    own: Digest,
    theirs: &RemoteHistory,
    winner: &RemoteCommit,
) -> RemoteError {
    let (remote, pod) = (remote.config().name.clone(), pod.clone());
    let (author, there) = (plain(&winner.commit.author.to_string()), winner.digest);
    let numbered = theirs.versions.iter().any(|version| version.digest == own);
    if numbered || theirs.joined.iter().any(|commit| commit.digest == own) {
        return RemoteError::Behind { remote, pod, theirs: there, author };
    }
    RemoteError::Diverged { remote, pod, theirs: there, author, ours: own }
}

/// Where the local versions begin that go on from `head`, the remote's newest: those after it, or, after a merge with
/// it, those that descend from it. None where it is no part of what is here.
async fn beyond(store: &Store, local: &[VersionEntry], head: Digest) -> Result<Option<usize>, RemoteError> {
    if let Some(place) = local.iter().position(|version| version.commit == head) {
        return Ok(Some(place + 1));
    }
    let local = local.to_vec();
    blocking(store, move |store| {
        // A merge is the newest, or others were made on top of it.
        let mut first = None;
        for (place, version) in local.iter().enumerate().rev() {
            if !store.ancestors(version.commit)?.contains(&head) {
                break;
            }
            first = Some(place);
        }
        Ok(first)
    })
    .await
}
