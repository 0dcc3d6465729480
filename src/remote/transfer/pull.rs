//! From a remote to the local store.

use std::collections::HashSet;

use super::receive::take_in;
use super::{blocking, history};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName, Selector};
use crate::remote::fault::plain;
use crate::remote::{Border, NoBorder, Remote, RemoteCommit, RemoteError, RemoteVersion, TransferReport};
use crate::store::{Store, StoreError, VersionEntry};

/// Commits beside a remote's versions that a pull names; 'podex versions' has them all.
const MAX_NAMED: usize = 5;

/// Pulls `pod` up to `number` (None: its newest) into the local pod `into`, which must be absent or an
/// ancestor. Gives what was moved and the version that is now the local head. Commits beside the remote's versions
/// are told as warnings, with how to merge them.
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
    let theirs = history(remote, pod, events).await?;
    let wanted = theirs.up_to(pod, number)?;
    let local = match store.versions(into) {
        Err(StoreError::UnknownPod { .. }) => Vec::new(),
        versions => versions?,
    };
    let mut report = TransferReport::default();
    let mut head = local.last().copied();
    let known = theirs.digests();
    let own = border.known(local.iter().map(|entry| entry.commit).collect(), &known).await?;
    let behind = match head {
        Some(head) => blocking(store, move |store| store.ancestors(head.commit)).await?,
        None => HashSet::new(),
    };
    let behind: HashSet<Digest> = border.known(behind.into_iter().collect(), &known).await?.into_iter().collect();
    let mut newest_here = own.last().copied();
    let has = |version: &&RemoteVersion| own.contains(&version.digest);
    if let Some(newest) = wanted.last().filter(|newest| !has(newest) && !behind.contains(&newest.digest)) {
        let Some(missing) = ahead(newest_here, wanted) else {
            return Err(RemoteError::BothMoved { remote: remote.config().name.clone(), pod: pod.clone() });
        };
        let here: HashSet<Digest> = theirs.ordered(own.iter().copied()).into_iter().collect();
        let all = theirs.line(&newest.digest);
        let needed: Vec<Digest> = all.iter().copied().filter(|digest| !here.contains(digest)).collect();
        report = take_in(store, remote, pod, [needed, all], newest_here, events).await?;
        for version in missing {
            let commit = border.incoming(version.digest, events).await?;
            head = Some(store.publish(into, head.map(|head| head.commit), commit)?);
        }
        newest_here = Some(newest.digest);
    }
    // The newest of theirs that is here now; an older one asked for does not make the others unseen.
    let seen = theirs.versions.iter().rfind(has).into_iter().chain(wanted.last());
    if let Some(newest) = seen.max_by_key(|version| version.number) {
        store.set_remote_head(&remote.config().name, pod, newest.digest)?;
    }
    let pulled = theirs.ordered(newest_here);
    let waiting = theirs.tips().filter(|tip| !behind.contains(&tip.digest) && !pulled.contains(&tip.digest));
    tell_beside(remote, pod, into, &waiting.collect::<Vec<_>>(), events);
    let head = head.ok_or_else(|| StoreError::UnknownPod { pod: into.clone(), nearest: Vec::new() })?;
    Ok((report, head))
}

/// Says which commits wait beside the remote's versions to be merged.
fn tell_beside(remote: &dyn Remote, pod: &PodName, into: &PodName, waiting: &[&RemoteCommit], events: &Events) {
    let name = &remote.config().name;
    for RemoteCommit { digest, commit } in waiting.iter().take(MAX_NAMED) {
        let (short, author) = (digest.short(), plain(&commit.author.to_string()));
        events.warn(format!(
            "{author} pushed {short} beside the versions of {name}/{pod}: 'podex merge {into} {name}/{pod}@{short}' joins it"
        ));
    }
    if waiting.len() > MAX_NAMED {
        events.warn(format!("{} more: 'podex versions {name}/{pod}' lists them", waiting.len() - MAX_NAMED));
    }
}

/// Makes a remote commit readable locally without touching any ref.
pub async fn fetch(
    store: &Store,
    remote: &dyn Remote,
    pod: &PodName,
    selector: &Selector,
    events: &Events,
) -> Result<(Digest, Commit), RemoteError> {
    events.phase("fetch");
    let theirs = history(remote, pod, events).await?;
    let (digest, commit) = theirs.find(pod, selector)?;
    let lines = [theirs.line(&digest), theirs.line_of_all(&digest)];
    take_in(store, remote, pod, lines, None, events).await?;
    Ok((digest, commit.clone()))
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
