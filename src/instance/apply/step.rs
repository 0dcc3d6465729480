//! Carries one step out, by the catalog or by an adapter.

use serde_json::{Map, json};

use super::Work;
use super::facets::{self, Phase};
use super::quiet::{Quieted, silent};
use super::table::Target;
use crate::aws::{AwsError, ErrorClass};
use crate::catalog::spec::TypeSpec;
use crate::instance::adapters::{Adapter, ApplyContext};
use crate::instance::known::{Known, scope_of};
use crate::instance::plan::order::{adapter_of, parent_key};
use crate::instance::{Step, StepAction};
use crate::pod::{Document, Observed, ResourceKey};

/// Carries steps out together, but for their late facets; one result each. More than one: creates of one type that
/// has an adapter.
pub async fn run(work: &Work<'_>, steps: &[&Step]) -> Vec<Result<(), AwsError>> {
    if let [step] = steps {
        return vec![run_one(work, step).await];
    }
    let Some(adapter) = steps.first().and_then(|step| adapter_of(&step.key)) else { return Vec::new() };
    let live = |key: &ResourceKey| work.live(key);
    let resolved = |step: &&Step| (work.identities.pod(&step.key), resolved(work, step, step.wanted()));
    let parts: Vec<(Option<Observed>, Document)> = steps.iter().map(resolved).collect();
    let contexts: Vec<(ApplyContext<'_>, &Document)> = steps
        .iter()
        .zip(&parts)
        .map(|(step, (observed, wanted))| (context(work, step, observed.as_ref(), &live), wanted))
        .collect();
    let results = adapter.create_many(&contexts).await;
    let take =
        |(step, result): (&&Step, Result<Observed, AwsError>)| result.map(|observed| work.observe(&step.key, observed));
    steps.iter().zip(results).map(take).collect()
}

async fn run_one(work: &Work<'_>, step: &Step) -> Result<(), AwsError> {
    let Some(spec) = work.catalog.get(&step.key.service, &step.key.kind) else {
        return Err(unsupported(step, "its type is not in the catalog"));
    };
    let wanted = resolved(work, step, step.wanted());
    let current = step.current().map(|document| work.resolved_before(&step.key, &document)).unwrap_or_default();
    let observed = if spec.adapter {
        let Some(adapter) = adapter_of(&step.key) else {
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

/// A side of the step with its tokens resolved; empty where it has none. What is applied late is left out: what it
/// refers to may not be there yet.
fn resolved(work: &Work<'_>, step: &Step, document: Option<Document>) -> Document {
    let mut document = document.unwrap_or_default();
    if let Some(spec) = work.catalog.get(&step.key.service, &step.key.kind) {
        document.attributes.retain(|name, _| !spec.is_late(name));
    }
    work.resolved(&step.key, &document)
}

/// Whether the step has late facets to set.
pub fn has_late(work: &Work<'_>, step: &Step, quieted: &Quieted) -> bool {
    let Some(spec) = work.catalog.get(&step.key.service, &step.key.kind).filter(|spec| !spec.adapter) else {
        return false;
    };
    let Some(wanted) = step.wanted() else { return false };
    let current = current_of_late(step, spec, quieted).unwrap_or_default();
    facets::changes(spec, Phase::Late, &current.attributes, &wanted.attributes)
}

/// Sets the step's late facets.
pub async fn late(work: &Work<'_>, step: &Step, quieted: &Quieted) -> Result<(), AwsError> {
    let (Some(spec), Some(wanted)) = (work.catalog.get(&step.key.service, &step.key.kind), step.wanted()) else {
        return Ok(());
    };
    let wanted = work.resolved(&step.key, &wanted);
    let current = current_of_late(step, spec, quieted).unwrap_or_default();
    let current = work.resolved_before(&step.key, &current);
    target(work, &step.key, spec).turn(Phase::Late, &current, &wanted).await
}

/// What the late facets are now. A created or replaced resource has none yet.
fn current_of_late(step: &Step, spec: &TypeSpec, quieted: &Quieted) -> Option<Document> {
    let current = step.current().filter(|_| step.action == StepAction::Update)?;
    Some(if quieted.contains_key(&step.key) { silent(spec, &current) } else { current })
}

async fn with_table(
    work: &Work<'_>,
    step: &Step,
    spec: &TypeSpec,
    current: &Document,
    wanted: &Document,
) -> Result<Observed, AwsError> {
    let mut target = target(work, &step.key, spec);
    match step.action {
        StepAction::Create => target.create(wanted).await?,
        StepAction::Update => target.turn(Phase::Early, current, wanted).await?,
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

/// A resource of a table type, with all that is known of it.
pub fn target<'a>(work: &'a Work<'_>, key: &'a ResourceKey, spec: &'a TypeSpec) -> Target<'a> {
    let mut known = Known::of_key(key);
    known.set("endpoint", work.instance.client.endpoint().to_string());
    known.set("emulator", work.instance.emulator.name());
    if let Some(observed) = work.identities.pod(key) {
        known.set("pod", json!({ "observed": observed }));
    }
    if let Some(parent) = parent_key(work.catalog, key)
        && let Some(parent_spec) = work.catalog.get(&parent.service, &parent.kind)
    {
        let observed = work.live(&parent).unwrap_or_default();
        known.set_parent(parent_spec, &parent, Map::new(), observed);
    }
    let instance = work.instance;
    let mut target = Target { instance, scope: scope_of(key), key, spec, known, observed: Observed::new() };
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
    let live = |key: &ResourceKey| work.live(key);
    let context = context(work, step, observed.as_ref(), &live);
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

fn context<'a>(
    work: &'a Work<'_>,
    step: &'a Step,
    observed: Option<&'a Observed>,
    live: &'a (dyn Fn(&ResourceKey) -> Option<Observed> + Send + Sync),
) -> ApplyContext<'a> {
    ApplyContext {
        instance: work.instance,
        scope: scope_of(&step.key),
        key: &step.key,
        observed,
        live,
        blobs: work.blobs.clone(),
        events: work.events,
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
