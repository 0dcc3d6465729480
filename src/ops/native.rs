//! LocalStack's own state in commits and injects: `--native`.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::NamedTempFile;

use super::blocking::blocking;
use super::capture::{Wanted, capture};
use super::compare::{Absence, Compared, differences};
use super::inject::{NativeInject, PreparedInject};
use super::{Context, OpError, Snapshot};
use crate::archive::{ArchiveError, NATIVE_KIND, NATIVE_WHOLE, read_native, write_native};
use crate::event::Events;
use crate::instance::native::{self, Loaded, NativeError};
use crate::instance::{
    self, ApplyReport, Delta, FailedStep, Filter, Instance, Place, Plan, Step, StepAction, Strategy,
};
use crate::pod::{Digest, PodName, ResourceKey, TypeOutcome, TypeReport};
use crate::store::Writer;

/// The line of a capture report that tells how LocalStack's own state was read.
fn line() -> String {
    format!("{NATIVE_WHOLE}/{NATIVE_KIND}")
}

/// Whether a commit was made with LocalStack's own state in it.
pub(super) fn holds_native(snapshot: &Snapshot) -> bool {
    snapshot.outcome(NATIVE_WHOLE, NATIVE_KIND) == TypeOutcome::Complete
}

/// Takes the instance's own state into a commit that is being written: all of its files, or, where it cannot be had
/// whole, none. Gives the lines of the capture report.
///
/// # Errors
/// When the instance does not give any out at all, or the store fails.
pub(super) async fn take(
    context: &Context,
    instance: &Instance,
    services: &[String],
    writer: &Writer,
    events: &Events,
) -> Result<BTreeMap<String, TypeReport>, OpError> {
    events.phase("LocalStack's own state");
    let file = temporary(context)?;
    match native::fetch(instance, services, file.path(), events).await {
        Ok(()) => {}
        Err(NativeError::Cancelled) => return Err(OpError::Cancelled),
        Err(error) if error.is_refusal() => return Err(error.into()),
        // One fault of the server's must not cost the documents that are read by the APIs.
        Err(error) => return Ok(unread(error.to_string())),
    }
    let (writer, events) = (writer.clone(), events.clone());
    let read = blocking(move || Ok::<_, OpError>(read_native(&writer, file.path(), &events))).await?;
    match read {
        Ok(lines) => Ok(lines),
        Err(error @ (ArchiveError::Cancelled | ArchiveError::Store(_))) => Err(error.into()),
        Err(error) => Ok(unread(format!("what LocalStack sent cannot be kept: {}", reason(&error)))),
    }
}

/// The error without the name of our temporary file: the report goes into the commit.
fn reason(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Io { source, .. } => source.to_string(),
        ArchiveError::NoArchive { .. } => "it is no zip".to_owned(),
        ArchiveError::NoPod { .. } => "it holds none of LocalStack's files".to_owned(),
        error => error.to_string(),
    }
}

fn unread(reason: String) -> BTreeMap<String, TypeReport> {
    BTreeMap::from([(line(), TypeReport { outcome: TypeOutcome::Failed, count: 0, notes: vec![reason] })])
}

/// A file for a state on its way; gone when dropped.
fn temporary(context: &Context) -> Result<NamedTempFile, OpError> {
    let folder = &context.paths.cache;
    let made = std::fs::create_dir_all(folder).and_then(|()| NamedTempFile::new_in(folder));
    made.map_err(|error| OpError::Request(format!("no temporary file can be made in {}: {error}", folder.display())))
}

/// Captures the instance with its own state, and plans to load the pod's into it.
///
/// # Errors
/// When the pod holds none, the strategy or filter cannot be followed by files that nobody looks into, the instance
/// does not give its own state out, or the store fails.
pub(super) async fn prepare(
    context: &Context,
    pod: Option<PodName>,
    target: Snapshot,
    strategy: Strategy,
    filter: Filter,
    events: &Events,
) -> Result<PreparedInject, OpError> {
    let refuse = |what: &str| Err(OpError::Usage(format!("{what}, as nobody looks into its files")));
    if strategy == Strategy::ThreeWay {
        return refuse("LocalStack's own state cannot be merged three ways: merge two pods with 'podex merge' first");
    }
    if !filter.only.is_empty() || !filter.except.is_empty() {
        return refuse("LocalStack's own state is put back by service (--service), not by pattern (--only, --except)");
    }
    if !holds_native(&target) {
        return Err(OpError::Request(format!(
            "{} holds no state of LocalStack's own: commit with --native first, or inject without it",
            target.digest.short()
        )));
    }
    let instance = context.connect_unless_cancelled(events).await?;
    let wanted = Wanted { near: Some(target.clone()), native: true, ..Wanted::default() };
    let safety = capture(context, &instance, wanted, events).await?;
    if !holds_native(&safety) {
        let said = safety.commit.report.types.get(&line()).map(|line| line.notes.join("; ")).unwrap_or_default();
        return Err(OpError::Request(format!(
            "LocalStack's own state could not be read, so nothing was touched: there would be no way back\n  {said}"
        )));
    }
    events.phase("plan");
    let events = events.clone();
    blocking(move || -> Result<_, OpError> {
        let plan = plan(&safety, &target, strategy, &filter, &events)?;
        let native = Some(NativeInject { strategy, services: filter.services });
        let missing = Vec::new();
        Ok(PreparedInject { target: target.digest, pod, safety: safety.digest, plan, missing, native })
    })
    .await
}

/// What loading the pod's files does to those of the instance, by the strategies' own rules.
fn plan(
    live: &Snapshot,
    pod: &Snapshot,
    strategy: Strategy,
    filter: &Filter,
    events: &Events,
) -> Result<Plan, OpError> {
    let Compared { found, notes } = differences(live, pod, Absence::OfPod, events)?;
    let found = found.into_iter().filter(|difference: &Delta| is_state(&difference.key));
    let shared: BTreeSet<_> = native_places(live)?.intersection(&native_places(pod)?).cloned().collect();
    let steps = instance::select(strategy, filter, &shared, found);
    let steps = steps.into_iter().map(|difference| step(difference, strategy)).collect();
    let notes = notes.into_iter().filter(|note| note.contains(NATIVE_KIND)).collect();
    Ok(Plan { steps, notes })
}

/// Whether a resource is a file of a service's state, and not of the description.
fn is_state(key: &ResourceKey) -> bool {
    key.kind == NATIVE_KIND && key.service != NATIVE_WHOLE
}

/// Every place of which a commit holds LocalStack's own state.
fn native_places(snapshot: &Snapshot) -> Result<BTreeSet<Place>, OpError> {
    let mut places = BTreeSet::new();
    for key in snapshot.state.keys() {
        let key = key?;
        if is_state(&key) {
            places.insert((key.service, key.account, key.region));
        }
    }
    Ok(places)
}

fn step(Delta { key, before, after }: Delta, strategy: Strategy) -> Step {
    let action = match (&before, &after) {
        (_, None) => StepAction::Delete,
        (None, Some(_)) => StepAction::Create,
        // The one keeps what the pod does not have, the others put the pod's in its place.
        (Some(_), Some(_)) if strategy == Strategy::ServiceMerge => StepAction::Update,
        (Some(_), Some(_)) => StepAction::Replace,
    };
    Step { action, key, wanted: after, current: before }
}

/// Loads the pod's files.
///
/// # Errors
/// When the instance does not take them at all, or the store fails.
pub(super) async fn apply(
    context: &Context,
    instance: &Instance,
    target: Digest,
    plan: &Plan,
    how: &NativeInject,
    events: &Events,
) -> Result<ApplyReport, OpError> {
    let file = temporary(context)?;
    let (store, services, path) = (context.store.clone(), how.services.clone(), file.path().to_owned());
    blocking(move || {
        let commit = store.commit(&target)?;
        let wanted =
            |key: &ResourceKey| services.is_empty() || services.contains(&key.service) || key.service == NATIVE_WHOLE;
        Ok::<_, OpError>(write_native(&store, &commit, &wanted, &path)?)
    })
    .await?;
    Ok(report(plan, native::load(instance, how.strategy, file.path(), events).await?))
}

/// The server reports by service; a step is done where its service is.
fn report(plan: &Plan, loaded: Loaded) -> ApplyReport {
    let mut report = ApplyReport { stopped: loaded.broken, ..ApplyReport::default() };
    for status in &loaded.statuses {
        let gap = if status.message.is_empty() { "" } else { ": " };
        report.notes.push(format!("LocalStack on {}: {}{gap}{}", status.service, status.status, status.message));
    }
    for Step { action, key, .. } in &plan.steps {
        let mut of_service = loaded.statuses.iter().filter(|status| status.service == key.service).peekable();
        if of_service.peek().is_none() {
            report.left.push((*action, key.clone()));
        } else if let Some(bad) = of_service.find(|status| !status.is_ok()) {
            let error = format!("LocalStack says {}: {}", bad.status, bad.message);
            report.failed.push(FailedStep { action: *action, key: key.clone(), error });
        } else {
            report.applied.push((*action, key.clone()));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::native::ServiceStatus;

    #[test]
    fn a_step_is_done_where_the_server_says_so_of_its_service() {
        let step = |service: &str| Step {
            action: StepAction::Replace,
            key: ResourceKey::new("000000000000", "us-east-1", service, NATIVE_KIND, ["store.state"]),
            wanted: None,
            current: None,
        };
        let plan = Plan { steps: ["s3", "sqs", "sns"].map(step).into(), notes: Vec::new() };
        let status = |service: &str, status: &str| ServiceStatus {
            service: service.to_owned(),
            status: status.to_owned(),
            message: "m".to_owned(),
        };
        let loaded = Loaded { statuses: vec![status("s3", "ok"), status("sqs", "error")], broken: None };
        let report = report(&plan, loaded);
        assert_eq!(report.applied.iter().map(|(_, key)| key.service.as_str()).collect::<Vec<_>>(), ["s3"]);
        assert_eq!(report.failed.iter().map(|step| step.key.service.as_str()).collect::<Vec<_>>(), ["sqs"]);
        assert_eq!(report.left.iter().map(|(_, key)| key.service.as_str()).collect::<Vec<_>>(), ["sns"]);
        assert_eq!(report.notes.len(), 2);
    }
}
