//! Carries one step out, by the catalog or by an adapter.

use super::Work;
use super::facets::{self, Phase};
use super::table::Target;
use crate::aws::{AwsError, ErrorClass};
use crate::catalog::spec::TypeSpec;
use crate::instance::adapters::{Adapter, ApplyContext, adapter};
use crate::instance::known::{Known, scope_of};
use crate::instance::plan::order::parent_key;
use crate::instance::{Step, StepAction};
use crate::pod::{Document, Observed};
use serde_json::Map;

/// Carries the step out, but for its late facets.
pub async fn run(work: &Work<'_>, step: &Step) -> Result<(), AwsError> {
    let Some(spec) = work.catalog.get(&step.key.service, &step.key.kind) else {
        return Err(unsupported(step, "its type is not in the catalog"));
    };
    let wanted = step.wanted.as_ref().map(|document| work.resolved(&step.key, document)).unwrap_or_default();
    let current = step.current.as_ref().map(|document| work.resolved(&step.key, document)).unwrap_or_default();
    let observed = if spec.adapter {
        let kind = format!("{}/{}", step.key.service, step.key.kind);
        let Some(adapter) = adapter(&kind) else {
            return Err(unsupported(step, "this version of podex cannot write it"));
        };
        with_adapter(work, step, adapter, &current, &wanted).await?
    } else {
        Some(with_table(work, step, spec, &current, &wanted).await?)
    };
    if step.action != StepAction::Delete
        && let Some(observed) = observed
    {
        work.observe(&step.key, observed);
    }
    Ok(())
}

/// Whether the step has late facets to set.
pub fn has_late(work: &Work<'_>, step: &Step) -> bool {
    let (Some(spec), Some(wanted)) = (work.catalog.get(&step.key.service, &step.key.kind), &step.wanted) else {
        return false;
    };
    let nothing = Map::new();
    let current = current_of_late(step).map_or(&nothing, |document| &document.attributes);
    !spec.adapter && facets::changes(spec, Phase::Late, current, &wanted.attributes)
}

/// Sets the step's late facets.
pub async fn late(work: &Work<'_>, step: &Step) -> Result<(), AwsError> {
    let (Some(spec), Some(wanted)) = (work.catalog.get(&step.key.service, &step.key.kind), &step.wanted) else {
        return Ok(());
    };
    let wanted = work.resolved(&step.key, wanted);
    let current = current_of_late(step).map(|document| work.resolved(&step.key, document));
    target(work, step, spec).finish(current.as_ref(), &wanted).await
}

/// A created or replaced resource has no late facets yet.
fn current_of_late(step: &Step) -> Option<&Document> {
    step.current.as_ref().filter(|_| step.action == StepAction::Update)
}

async fn with_table(
    work: &Work<'_>,
    step: &Step,
    spec: &TypeSpec,
    current: &Document,
    wanted: &Document,
) -> Result<Observed, AwsError> {
    let mut target = target(work, step, spec);
    match step.action {
        StepAction::Create => target.create(wanted).await?,
        StepAction::Update => target.update(current, wanted).await?,
        StepAction::Delete => target.delete(current).await?,
        StepAction::Replace => {
            target.delete(current).await?;
            target.create(wanted).await?;
        }
    }
    let mut observed = target.observed;
    if let Some(arn) = target.known.0.get("arn") {
        observed.insert("Arn".to_owned(), arn.clone());
    }
    Ok(observed)
}

fn target<'a>(work: &'a Work<'_>, step: &'a Step, spec: &'a TypeSpec) -> Target<'a> {
    let key = &step.key;
    let mut known = Known::of_key(key);
    known.set("endpoint", work.instance.client.endpoint().to_string());
    if let Some(parent) = parent_key(work.catalog, key)
        && let Some(parent_spec) = work.catalog.get(&parent.service, &parent.kind)
    {
        let observed = work.live(&parent).unwrap_or_default();
        known.set_parent(parent_spec, &parent, Map::new(), observed);
    }
    let client = &work.instance.client;
    let mut target = Target { client, scope: scope_of(key), key, spec, known, observed: Observed::new() };
    target.observe(work.live(key).unwrap_or_default());
    target
}

async fn with_adapter(
    work: &Work<'_>,
    step: &Step,
    adapter: &dyn Adapter,
    current: &Document,
    wanted: &Document,
) -> Result<Option<Observed>, AwsError> {
    let observed = work.identities.pod(&step.key);
    let live = |key: &crate::pod::ResourceKey| work.live(key);
    let context = ApplyContext {
        instance: work.instance,
        scope: scope_of(&step.key),
        key: &step.key,
        observed: observed.as_ref(),
        live: &live,
        blobs: work.blobs.clone(),
        events: work.events,
    };
    match step.action {
        StepAction::Create => adapter.create(&context, wanted).await.map(Some),
        StepAction::Update => adapter.update(&context, current, wanted).await.map(Some),
        StepAction::Delete => adapter.delete(&context).await.map(|()| None),
        StepAction::Replace => {
            adapter.delete(&context).await?;
            adapter.create(&context, wanted).await.map(Some)
        }
    }
}

fn unsupported(step: &Step, reason: &str) -> AwsError {
    AwsError {
        class: ErrorClass::Input,
        service: step.key.service.clone(),
        operation: format!("{:?}", step.action),
        code: None,
        status: None,
        message: reason.to_owned(),
    }
}
