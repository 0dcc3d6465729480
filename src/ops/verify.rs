//! `verify`: what a pod is worth. It is injected into an instance, captured again, and compared.

use std::collections::BTreeMap;

use serde::Serialize;

use super::blocking::blocking;
use super::diff::{live, snapshot_here};
use super::instances::{Launched, in_background, launch};
use super::{Context, EndpointOrigin, InjectArgs, OpError, Snapshot, apply_inject, prepare_inject};
use crate::archive::NATIVE_KIND;
use crate::event::Events;
use crate::instance::managed::{ManagedEmulator, emulators_folder};
use crate::instance::{ApplyReport, Emulator, Filter, InstanceError, Strategy};
use crate::pod::{Document, InstanceInfo, Reference, ResourceKey, TypeOutcome, diff_documents};

/// Where to verify.
#[derive(Clone, Debug)]
pub enum VerifyOn {
    /// A fresh emulator that podex starts and ends.
    Fresh(Emulator),
    /// The context's endpoint, which is overwritten.
    Here,
}

/// What came of the resources of one type.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TypeFidelity {
    /// Resources in the pod.
    pub captured: u64,
    /// Of those, how many the instance has afterwards.
    pub restored: u64,
    /// Of those, how many are exactly as in the pod.
    pub identical: u64,
    /// Resources that came back otherwise, by label, with the properties that differ.
    pub differing: BTreeMap<String, Vec<String>>,
    /// Resources that did not come back, by label, with the reason.
    pub missing: BTreeMap<String, String>,
    /// What the capture report says of the type: values that cannot be read back.
    pub notes: Vec<String>,
}

/// What a pod is worth on an instance.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyOutcome {
    /// What it was injected into.
    pub instance: InstanceInfo,
    /// By `service/type`.
    pub types: BTreeMap<String, TypeFidelity>,
}

impl VerifyOutcome {
    /// Whether everything came back as it was.
    pub fn is_faithful(&self) -> bool {
        self.types.values().all(|found| found.identical == found.captured)
    }
}

/// Injects a pod by `overwrite` and compares what is there afterwards.
///
/// # Errors
/// When the pod cannot be read, no emulator can be started or reached, or the inject is stopped.
pub async fn verify(
    context: &Context,
    reference: &Reference,
    on: VerifyOn,
    events: &Events,
) -> Result<VerifyOutcome, OpError> {
    let target = snapshot_here(context, reference, events).await?;
    let mut context = context.clone();
    // Ends with this function.
    let _running = match on {
        VerifyOn::Here => None,
        VerifyOn::Fresh(emulator) => {
            let launched = fresh(&context, emulator, events).await?;
            let endpoint = &launched.instance.endpoint;
            context.endpoint = endpoint.parse().map_err(|error| OpError::Config(format!("{endpoint}: {error}")))?;
            context.origin = EndpointOrigin::Managed;
            Some(launched)
        }
    };
    let args = InjectArgs {
        reference: reference.clone(),
        strategy: Strategy::Overwrite,
        filter: Filter::default(),
        secrets_from: None,
        native: false,
    };
    let prepared = prepare_inject(&context, &args, events).await?;
    let report = apply_inject(&context, &prepared, events).await?.report;
    if let Some(reason) = &report.stopped {
        return Err(OpError::Request(format!("the inject ended early: {reason}")));
    }
    let services = target.commit.services.clone();
    let after = live(&context, Some(target.clone()), services, events).await?;
    events.phase("compare");
    let notes = prepared.plan.notes;
    blocking(move || compare(&target, &after, &report, &notes)).await
}

async fn fresh(context: &Context, emulator: Emulator, events: &Events) -> Result<Launched, OpError> {
    let emulator = ManagedEmulator::try_from(emulator).map_err(InstanceError::from)?;
    let (instances, cache, events) =
        (context.paths.instances(), emulators_folder(&context.paths.cache), events.clone());
    in_background(move || launch(&instances, None, &cache, emulator, None, &events)).await
}

fn compare(
    target: &Snapshot,
    after: &Snapshot,
    report: &ApplyReport,
    plan_notes: &[String],
) -> Result<VerifyOutcome, OpError> {
    let mut types: BTreeMap<String, TypeFidelity> = BTreeMap::new();
    for key in target.state.keys() {
        let key = key?;
        // Files nobody looks into are no part of what documents are worth.
        if key.kind == NATIVE_KIND {
            continue;
        }
        let found = types.entry(type_of(&key)).or_default();
        found.captured += 1;
        found.restored += 1;
        found.identical += 1;
    }
    for difference in target.state.diff(&after.state) {
        let difference = difference?;
        let Some(found) = difference.before.as_ref().and_then(|_| types.get_mut(&type_of(&difference.key))) else {
            continue;
        };
        found.identical -= 1;
        let label = difference.key.to_string();
        match (difference.before, difference.after) {
            (Some(before), Some(now)) => {
                let document = |value| super::snapshot::parse::<Document>(&target.state, value);
                let changes = diff_documents(&document(before)?, &document(now)?);
                let mut fields: Vec<String> = changes.iter().map(|change| change.path.join(".")).collect();
                fields.dedup();
                found.differing.insert(label, fields);
            }
            _ => {
                found.restored -= 1;
                found.missing.insert(label, why_missing(&difference.key, after, report, plan_notes));
            }
        }
    }
    for (kind, found) in &mut types {
        if let Some(line) = target.commit.report.types.get(kind) {
            found.notes.clone_from(&line.notes);
        }
    }
    Ok(VerifyOutcome { instance: after.commit.instance.clone(), types })
}

fn type_of(key: &ResourceKey) -> String {
    format!("{}/{}", key.service, key.kind)
}

fn why_missing(key: &ResourceKey, after: &Snapshot, report: &ApplyReport, plan_notes: &[String]) -> String {
    if let Some(failed) = report.failed.iter().find(|failed| failed.key == *key) {
        return failed.error.clone();
    }
    if report.left.iter().any(|(_, left)| left == key) {
        return "something it needs could not be made".to_owned();
    }
    let kind = type_of(key);
    if let Some(note) = plan_notes.iter().find_map(|note| note.strip_prefix(&format!("{kind}: "))) {
        return note.to_owned();
    }
    match after.outcome(&key.service, &key.kind) {
        TypeOutcome::NotImplemented => format!("{} does not offer {kind}", after.commit.instance.emulator),
        TypeOutcome::Complete => "it was made, but is not there afterwards".to_owned(),
        _ => "it cannot be read back there".to_owned(),
    }
}
