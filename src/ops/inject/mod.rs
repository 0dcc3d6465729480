//! `inject` and `undo`: plan, safety commit, apply.

mod select;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::blocking::blocking;
use super::commit::check_services;
use super::compare::{Compared, unmatched_patterns};
use super::diff::{last_touch, live, snapshot_here};
use super::merge::refuse_conflicted;
use super::merge::state::Sides;
use super::secrets::{Keys, MissingSecret, SecretsFile, Sources, Supplied, supply};
use super::snapshot::{BothSides, StoreBlobs};
use super::{Context, OpError, Snapshot, native};
use crate::catalog::Catalog;
use crate::event::Events;
use crate::instance::{self, ApplyReport, Filter, Plan, StepAction, Strategy};
use crate::pod::{Digest, PodName, Reference, TypeOutcome, tokens_in};
use crate::store::OpRecord;

pub(super) use select::wanted;

/// The operation log's word for an inject or undo that left steps undone; it follows the record of that.
pub(super) const INCOMPLETE: &str = "incomplete";

/// What to inject and how.
#[derive(Clone, Debug)]
pub struct InjectArgs {
    /// Which commit.
    pub reference: Reference,
    /// How it meets what is there.
    pub strategy: Strategy,
    /// Which part of it.
    pub filter: Filter,
    /// A file with values for the secrets that the pod was shared without; None is what the context names.
    pub secrets_from: Option<PathBuf>,
    /// Load LocalStack's own state instead of putting the documents back.
    pub native: bool,
}

/// An inject of LocalStack's own state.
#[derive(Clone, Debug)]
pub struct NativeInject {
    /// What the server does with what is there.
    pub strategy: Strategy,
    /// Of which services; empty means all.
    pub services: Vec<String>,
}

/// An inject that is planned but not begun. Nothing of the instance is changed yet.
#[derive(Clone, Debug)]
pub struct PreparedInject {
    /// The commit to inject.
    pub target: Digest,
    /// The pod it is from; None for an undo.
    pub pod: Option<PodName>,
    /// The instance as it is now: the safety commit, already written.
    pub safety: Digest,
    /// What will be done.
    pub plan: Plan,
    /// Secret values that nobody gave, of which the plan's notes tell.
    pub missing: Vec<MissingSecret>,
    /// Set where the plan is about LocalStack's own state.
    pub native: Option<NativeInject>,
}

/// An inject that was carried out, fully or partly.
#[derive(Clone, Debug)]
pub struct InjectOutcome {
    /// What was done and what was left.
    pub report: ApplyReport,
    /// Undo injects this commit.
    pub safety: Digest,
}

impl PreparedInject {
    /// How many steps take something away that is there now: deletes and replaces.
    pub fn destructive(&self) -> usize {
        let takes_away = |action| matches!(action, StepAction::Delete | StepAction::Replace);
        self.plan.steps.iter().filter(|step| takes_away(step.action)).count()
    }
}

/// Captures the instance (as the safety commit) and plans the inject against it.
///
/// # Errors
/// When the reference names nothing, the instance cannot be captured, or the store fails.
pub async fn prepare_inject(context: &Context, args: &InjectArgs, events: &Events) -> Result<PreparedInject, OpError> {
    let Reference::Pod { pod, .. } = &args.reference else {
        return Err(OpError::Usage("@live is the instance itself: name the pod to inject, as in pod:3".to_owned()));
    };
    check_services(context, &args.filter.services)?;
    let file = args.secrets_from.as_deref().or(context.secrets_from.as_deref());
    let secrets = file.map(|file| SecretsFile::read(file, events)).transpose()?.unwrap_or_default();
    let target = snapshot_here(context, &args.reference, events).await?;
    refuse_conflicted(&target.commit, pod, &args.reference.to_string())?;
    let (pod, filter) = (Some(pod.clone()), args.filter.clone());
    match args.native {
        true => native::prepare(context, pod, target, args.strategy, filter, events).await,
        false => prepare(context, pod, target, (args.strategy, filter, secrets), events).await,
    }
}

/// Plans to take the instance back to before the last inject into it that is not undone yet.
///
/// # Errors
/// When there is no such inject, the instance cannot be captured, or the store fails.
pub async fn prepare_undo(context: &Context, events: &Events) -> Result<PreparedInject, OpError> {
    let Some(safety) = last_inject(&context.store.operations()?, &context.endpoint_text()) else {
        return Err(OpError::Request(format!(
            "there is nothing to undo at {}: podex injected nothing there that is not undone yet",
            context.endpoint
        )));
    };
    let target = Snapshot::load(&context.store, safety)?;
    let (strategy, filter) = (Strategy::Overwrite, Filter::default());
    // Only an inject of LocalStack's own state has it in its safety commit: the way back is the same.
    match native::holds_native(&target) {
        true => native::prepare(context, None, target, strategy, filter, events).await,
        false => prepare(context, None, target, (strategy, filter, SecretsFile::default()), events).await,
    }
}

/// The safety commit of the last inject at `endpoint` that is not undone, in a log that is newest first.
fn last_inject(records: &[OpRecord], endpoint: &str) -> Option<Digest> {
    let mut undone = 0;
    for record in records.iter().filter(|record| record.endpoint.as_deref() == Some(endpoint)) {
        match (record.operation.as_str(), record.safety) {
            ("undo", Some(_)) => undone += 1,
            ("inject", Some(_)) if undone > 0 => undone -= 1,
            ("inject", Some(safety)) => return Some(safety),
            _ => {}
        }
    }
    None
}

async fn prepare(
    context: &Context,
    pod: Option<PodName>,
    target: Snapshot,
    (strategy, filter, secrets): (Strategy, Filter, SecretsFile),
    events: &Events,
) -> Result<PreparedInject, OpError> {
    let services = match strategy {
        // What one side changed elsewhere decides about what is merged here.
        Strategy::ThreeWay => Vec::new(),
        _ => concerned(context.catalog, &target, &filter)?,
    };
    let is_part = !services.is_empty();
    let how = (strategy, filter, secrets);
    let safety = live(context, Some(target.clone()), services, events).await?;
    let prepared = prepare_from(context, pod.clone(), target.clone(), how.clone(), safety, events).await?;
    if is_part && renews(context.catalog, &prepared.plan) {
        // What refers to what gets another identity is told, wherever it is.
        let whole = live(context, Some(target.clone()), Vec::new(), events).await?;
        return prepare_from(context, pod, target, how, whole, events).await;
    }
    Ok(prepared)
}

/// The services that an inject of some services can touch or has to know of, by their ids: those, and what their
/// resources in the pod refer to. Empty where it is of all.
fn concerned(catalog: &Catalog, target: &Snapshot, filter: &Filter) -> Result<Vec<String>, OpError> {
    let picked = if filter.services.is_empty() { &target.commit.services } else { &filter.services };
    let mut services: BTreeSet<String> = picked.iter().cloned().collect();
    if !services.is_empty() {
        for entry in target.state.entries() {
            let (key, value) = entry?;
            let is_data = catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data);
            if picked.contains(&key.service) && !is_data {
                services.extend(tokens_in(&value.to_string()).into_iter().map(|token| token.key.service));
            }
        }
    }
    // A pod may speak of what this catalog does not know.
    let known = catalog.services();
    services.retain(|service| known.contains(&service.as_str()));
    Ok(services.into_iter().collect())
}

/// Whether a plan gives something another identity.
fn renews(catalog: &Catalog, plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match step.action {
        StepAction::Replace => true,
        StepAction::Update => catalog.get(&step.key.service, &step.key.kind).is_some_and(|spec| spec.renewed),
        StepAction::Create | StepAction::Delete => false,
    })
}

/// Plans the inject into the instance as `safety` has it.
async fn prepare_from(
    context: &Context,
    pod: Option<PodName>,
    target: Snapshot,
    (strategy, mut filter, secrets): (Strategy, Filter, SecretsFile),
    safety: Snapshot,
    events: &Events,
) -> Result<PreparedInject, OpError> {
    let touch = (strategy == Strategy::ThreeWay).then(|| last_touch(context)).transpose()?.flatten();
    events.phase("plan");
    let (store, catalog, events) = (context.store.clone(), context.catalog, events.clone());
    let keys = Keys::of(context, &events);
    blocking(move || -> Result<_, OpError> {
        let mut notes = unmatched_patterns([&target, &safety], &filter)?;
        // A pod that was committed with some services only says nothing about the others.
        if filter.services.is_empty() {
            filter.services.clone_from(&target.commit.services);
        }
        // Where the safety commit is gone, what is missing counts as deleted: that is asked about.
        let before = touch.as_ref().and_then(|touch| Snapshot::load(&store, touch.safety?).ok());
        let base = touch.as_ref().map(|touch| &touch.base);
        let sides = Sides { base, ours: &safety, theirs: &target };
        let Compared { found: selected, notes: left_out } =
            wanted(catalog, strategy, &sides, before.as_ref(), &filter, &events)?;
        let open = |sealed: &str| keys.open(sealed);
        let sources = Sources { catalog, live: &safety.state, file: &secrets, open: &open };
        let Supplied { found: selected, missing, notes: of_secrets } = supply(selected, &sources)?;
        notes.extend(of_secrets);
        let live = safety.state.entries().map(|entry| entry.map_err(OpError::from));
        let selected = instance::bring_along(catalog, selected, live)?;
        let mut plan = instance::plan(catalog, selected)?;
        // Only an overwrite would have deleted what the pod does not know of.
        if matches!(strategy, Strategy::Overwrite | Strategy::ThreeWay) {
            notes.extend(left_out);
        }
        notes.append(&mut plan.notes);
        notes.extend(unread(&safety));
        plan.notes = notes;
        Ok(PreparedInject { target: target.digest, pod, safety: safety.digest, plan, missing, native: None })
    })
    .await
}

/// What the safety commit lacks, so that undo cannot bring it back: a sentence for each type.
fn unread(safety: &Snapshot) -> impl Iterator<Item = String> {
    let lines = safety.commit.report.types.iter();
    let lines = lines.filter(|(_, line)| matches!(line.outcome, TypeOutcome::Partial | TypeOutcome::Failed));
    lines.map(|(kind, line)| {
        let why = line.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        format!("{kind} could not be read whole, so undo cannot bring all of it back{why}")
    })
}

/// Carries out a prepared inject and records it.
///
/// # Errors
/// When the instance does not answer at all or the store fails; what goes wrong on the way is in the report.
pub async fn apply_inject(
    context: &Context,
    prepared: &PreparedInject,
    events: &Events,
) -> Result<InjectOutcome, OpError> {
    let target = Snapshot::load(&context.store, prepared.target)?;
    let safety = Snapshot::load(&context.store, prepared.safety)?;
    let instance = context.connect_unless_cancelled(events).await?;
    // Recorded before the first step: should this process die in the middle, undo still knows the way back.
    record(context, prepared)?;
    if prepared.plan.steps.is_empty() {
        record_missing(context, prepared)?;
        return Ok(InjectOutcome { report: ApplyReport::default(), safety: prepared.safety });
    }
    events.phase("apply");
    let report = match &prepared.native {
        Some(how) => native::apply(context, &instance, prepared.target, &prepared.plan, how, events).await?,
        None => {
            let identities = Arc::new(BothSides { live: safety, pod: target });
            let blobs = Arc::new(StoreBlobs(context.store.clone()));
            instance::apply(&instance, context.catalog, &prepared.plan, identities, blobs, events).await?
        }
    };
    if !report.failed.is_empty() || !report.left.is_empty() || report.stopped.is_some() {
        let left = report.failed.len() + report.left.len();
        let summary = format!("{left} of {} steps are left: run it again", prepared.plan.steps.len());
        append(context, prepared, INCOMPLETE, None, summary)?;
    } else {
        record_missing(context, prepared)?;
    }
    Ok(InjectOutcome { report, safety: prepared.safety })
}

fn record_missing(context: &Context, prepared: &PreparedInject) -> Result<(), OpError> {
    match prepared.missing.len() {
        0 => Ok(()),
        1 => append(context, prepared, INCOMPLETE, None, "1 secret value is missing".to_owned()),
        count => append(context, prepared, INCOMPLETE, None, format!("{count} secret values are missing")),
    }
}

fn record(context: &Context, prepared: &PreparedInject) -> Result<(), OpError> {
    let (operation, what) = match &prepared.pod {
        Some(pod) => ("inject", format!("injected {pod}@{}", prepared.target.short())),
        None => ("undo", format!("went back to {}", prepared.target.short())),
    };
    let steps = prepared.plan.steps.len();
    // An inject that changes nothing leaves nothing to undo. An undo always counts as done.
    let safety = (steps > 0 || prepared.pod.is_none()).then_some(prepared.safety);
    let summary = format!("{what}: {steps} {}", if steps == 1 { "step" } else { "steps" });
    append(context, prepared, operation, safety, summary)
}

fn append(
    context: &Context,
    prepared: &PreparedInject,
    operation: &str,
    safety: Option<Digest>,
    summary: String,
) -> Result<(), OpError> {
    context.store.record(&OpRecord {
        time: jiff::Timestamp::now(),
        operation: operation.to_owned(),
        pod: prepared.pod.clone(),
        endpoint: Some(context.endpoint_text()),
        commit: Some(prepared.target),
        safety,
        summary,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(operation: &str, safety: Option<&str>, endpoint: &str) -> OpRecord {
        OpRecord {
            time: jiff::Timestamp::UNIX_EPOCH,
            operation: operation.to_owned(),
            pod: None,
            endpoint: Some(endpoint.to_owned()),
            commit: None,
            safety: safety.map(|text| Digest::of(text.as_bytes())),
            summary: String::new(),
        }
    }

    #[test]
    fn undo_goes_back_one_inject_at_a_time_and_stays_at_its_endpoint() {
        let newest_first = [
            record("undo", Some("c"), "here"),
            record("inject", Some("elsewhere"), "there"),
            record("inject", Some("b"), "here"),
            record("commit", None, "here"),
            record("inject", None, "here"),
            record("inject", Some("a"), "here"),
        ];
        assert_eq!(last_inject(&newest_first, "here"), Some(Digest::of(b"a")));
        assert_eq!(last_inject(&newest_first[2..], "here"), Some(Digest::of(b"b")));
        assert_eq!(last_inject(&newest_first[..3], "here"), None);
    }
}
