//! `commit`: capture the live instance as a pod's next version.

use super::blocking::blocking;
use super::capture::{Wanted, look_again};
use super::compare::{Absence, differences};
use super::diff::last_touch;
use super::look::{Before, Look, operations_here};
use super::merge::refuse_conflicted;
use super::storage::tidy;
use super::{Context, OpError, Snapshot, hint};
use crate::event::Events;
use crate::instance::{Again, Besides};
use crate::pod::{Commit, Digest, PodName, Selector, TypeOutcome};
use crate::store::{OpRecord, Store, StoreError, VersionEntry};
use crate::tree::Difference;

/// What to commit.
#[derive(Clone, Debug)]
pub struct CommitArgs {
    /// Into which pod; created if need be.
    pub pod: PodName,
    /// May be empty.
    pub message: String,
    /// Services by catalog id; empty means all.
    pub services: Vec<String>,
    /// Fail, and make no version, where something that is there cannot be read.
    pub strict: bool,
    /// Take LocalStack's own state, too.
    pub native: bool,
    /// Whether everything is read, or only what listings tell to have changed; the rest is then as it was read last.
    pub look: Look,
}

/// A commit made.
#[derive(Clone, Debug)]
pub struct CommitOutcome {
    /// Its place in the pod.
    pub version: VersionEntry,
    /// The commit.
    pub commit: Commit,
    /// Resources (added, modified, removed) against the version before.
    pub changed: (u64, u64, u64),
    /// What the next look at the instance goes by.
    pub next: Look,
}

/// Captures the instance and publishes it as the next version of the pod.
///
/// # Errors
/// When nothing answers, the emulator is lost in mid-capture, or the store fails. The pod is then as it was.
pub async fn commit(context: &Context, args: &CommitArgs, events: &Events) -> Result<CommitOutcome, OpError> {
    check_services(context, &args.services)?;
    // Until the version is published nothing names what is captured, or what of older captures it reuses.
    let held = context.store.hold()?;
    let parent = head(context, &args.pod)?;
    let since = operations_here(context)?.next();
    let before = args.look.known(context, since);
    let turn = before.as_ref().map(|(before, _)| before.turn).unwrap_or_default();
    let instance = context.connect_unless_cancelled(events).await?;
    let near = parent.map(|digest| Snapshot::load(&context.store, digest)).transpose()?;
    if let Some(near) = &near {
        // A capture on top would look like a settled merge.
        refuse_conflicted(&near.commit, &args.pod, &args.pod.to_string())?;
    }
    // The first version of a pod may be of what another pod brought here.
    let bodies = if near.is_none() { last_touch(context)?.map(|touch| touch.base) } else { None };
    let mut wanted = Wanted {
        services: args.services.clone(),
        near,
        bodies,
        parents: parent.into_iter().collect(),
        message: args.message.clone(),
        native: args.native,
        ..Wanted::default()
    };
    let mut again = Again::default();
    if let Some((before, read)) = before {
        wanted.places.extend(before.held.iter().cloned());
        // The pod may be of another instance; what is not read again is as it was read here.
        if let Some(parent) = wanted.near.replace(read) {
            wanted.places.extend(parent.places()?);
        }
        again = Again { besides: Besides::Nothing, before: before.listings.clone() };
    }
    let (mut made, listings) = look_again(context, &instance, wanted, again, events).await?;
    // Cancelled at the last moment still means that no version appears.
    if events.is_cancelled() {
        return Err(OpError::Cancelled);
    }
    if args.strict && made.commit.report.is_partial() {
        let all = made.commit.report.types.iter();
        let unread = all.filter(|(_, line)| matches!(line.outcome, TypeOutcome::Partial | TypeOutcome::Failed));
        let said = unread.map(|(kind, line)| format!("  {kind}: {}", line.notes.join("; "))).collect::<Vec<_>>();
        return Err(OpError::Request(format!(
            "not everything could be read, so nothing was committed:\n{}",
            said.join("\n")
        )));
    }
    let (store, pod) = (context.store.clone(), args.pod.clone());
    let published = blocking(move || -> Result<_, OpError> {
        let version = publish(&store, &pod, parent, &mut made)?;
        let before = made.commit.parents.first().map(|digest| Snapshot::load(&store, *digest)).transpose()?;
        let changed = count(before.as_ref(), &made)?;
        let places = made.places()?;
        Ok((made, version, changed, places))
    });
    let (made, version, changed, places) = published.await?;
    drop(held);
    context.store.record(&OpRecord {
        time: jiff::Timestamp::now(),
        operation: "commit".to_owned(),
        pod: Some(args.pod.clone()),
        endpoint: Some(context.endpoint_text()),
        commit: Some(made.digest),
        safety: None,
        summary: format!("committed {}:{}, {} resources", args.pod, version.number, made.commit.resources),
    })?;
    tidy(&context.store).await;
    let next = Look::after(context, Before { turn, since, read: made.digest, held: places, listings })?;
    Ok(CommitOutcome { version, commit: made.commit, changed, next })
}

/// Refuses services the catalog lacks, before anything else is done.
pub(super) fn check_services(context: &Context, services: &[String]) -> Result<(), OpError> {
    let known = context.catalog.services();
    match services.iter().find(|service| !known.contains(&service.as_str())) {
        Some(unknown) => {
            Err(OpError::Usage(format!("the catalog has no service {unknown:?}{}", hint(unknown, &known))))
        }
        None => Ok(()),
    }
}

fn head(context: &Context, pod: &PodName) -> Result<Option<Digest>, OpError> {
    match context.store.resolve(pod, &Selector::Head) {
        Ok(entry) => Ok(Some(entry.commit)),
        Err(StoreError::UnknownPod { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Publishes `made`. Where somebody else published meanwhile, it goes on top of theirs: a capture says what the
/// instance holds, whatever the head is.
fn publish(store: &Store, pod: &PodName, parent: Option<Digest>, made: &mut Snapshot) -> Result<VersionEntry, OpError> {
    let version = match store.publish(pod, parent, made.digest) {
        Err(StoreError::HeadMoved { .. }) => store.publish_on_head(pod, &mut made.commit)?,
        result => result?,
    };
    made.digest = version.commit;
    Ok(version)
}

fn count(before: Option<&Snapshot>, after: &Snapshot) -> Result<(u64, u64, u64), OpError> {
    let Some(before) = before else { return Ok((after.commit.resources, 0, 0)) };
    let mut changed = (0, 0, 0);
    for difference in differences::<Difference>(before, after, Absence::BothSides, &Events::silent())?.found {
        match (difference.before, difference.after) {
            (None, _) => changed.0 += 1,
            (_, None) => changed.2 += 1,
            _ => changed.1 += 1,
        }
    }
    Ok(changed)
}
