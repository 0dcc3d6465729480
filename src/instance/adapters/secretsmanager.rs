//! Secrets Manager: the versions of a secret, with their values and stages. The version's id can be chosen, so it is
//! kept. A deleted secret is not listed, and a secret without value has no versions.
//!
//! A version cannot be deleted, only lose its stages; AWS then drops it some day. So one without stages counts as not
//! there, which is also what makes the deletion of a version work.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::util::{check_cancelled, fault, gone, is_past, left_out, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Marker, Observed, ResourceKey};

const STAGES: &str = "VersionStages";
const CREATED: &str = "CreatedDate";
const CURRENT: &str = "AWSCURRENT";
/// Marks a current version that shall go, until another becomes the current one.
const GOING: &str = "podex-deleted";

/// `secretsmanager/secret-version`. Named by the version's id.
pub(super) struct SecretVersions;

#[async_trait]
impl Adapter for SecretVersions {
    fn kind(&self) -> &'static str {
        "secretsmanager/secret-version"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let secret = parent.key.own_name();
        for Version { id, stages, created } in versions(context, secret).await? {
            check_cancelled(context)?;
            if stages.is_empty() {
                let note = format!("versions of secret {secret} without a stage are left out: they count as deleted");
                context.emit.note(note, false);
                continue;
            }
            let name = vec![secret.to_owned(), id.clone()];
            if let Some((mut document, observed)) = known(context, &parent.key, &name, created.as_deref()) {
                document.attributes.insert(STAGES.to_owned(), json!(stages));
                context.emit.emit(name, document, observed).await?;
                continue;
            }
            let client = &context.instance.client;
            let input = json!({"SecretId": secret, "VersionId": id});
            let value = match client.call(&context.scope, "secretsmanager", "GetSecretValue", input).await {
                Ok(value) => value,
                Err(error) => {
                    left_out(context, &format!("version {id} of secret {secret}"), error.into()).await?;
                    continue;
                }
            };
            let mut attributes = pick(&value, &["SecretString", "SecretBinary"]);
            if attributes.is_empty() {
                // Some emulators give a secret without value a version that holds nothing.
                continue;
            }
            attributes.insert(STAGES.to_owned(), json!(stages));
            let document = Document { attributes, ..Document::default() };
            let observed = pick(&value, &[CREATED]);
            context.emit.emit(name, document, observed).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let stages = stages(wanted);
        if stages.is_empty() {
            return Ok(Observed::new());
        }
        let mut input = wanted.attributes.clone();
        input.insert("ClientRequestToken".to_owned(), json!(context.key.own_name()));
        match call(context, "PutSecretValue", input).await {
            // It is there, without a stage: a version never changes its value.
            Err(error) if error.class == ErrorClass::Conflict => {}
            put => {
                put?;
            }
        }
        set_stages(context, &stages).await?;
        Ok(Observed::new())
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let value = |document: &Document| {
            let mut value = document.attributes.clone();
            value.remove(STAGES);
            value
        };
        if value(current) != value(wanted) {
            let message = "the value of a secret's version cannot be changed; delete the secret to restore it whole";
            return Err(fault("secretsmanager", "PutSecretValue", message));
        }
        set_stages(context, &stages(wanted)).await?;
        Ok(Observed::new())
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        gone(remove(context).await.map(|()| Value::Null))
    }

    fn ordered(&self) -> bool {
        true
    }

    /// The current one first: making another current later would make this one the previous.
    fn position(&self, wanted: &Document, _observed: Option<&Observed>) -> u64 {
        u64::from(!stages(wanted).contains(CURRENT))
    }
}

/// A secret's version ids and their stages, those without any included.
/// A version as the listing has it.
struct Version {
    id: String,
    stages: BTreeSet<String>,
    created: Option<String>,
}

/// A version as the commit before has it, where it is the same one: its value never changes.
fn known(
    context: &CaptureContext<'_>,
    secret: &ResourceKey,
    name: &[String],
    created: Option<&str>,
) -> Option<(Document, Observed)> {
    let ResourceKey { account, region, service, .. } = secret;
    let key = ResourceKey::new(account, region, service, "secret-version", name);
    let (document, observed) = context.previous?.get(&key)?;
    let same = observed.get(CREATED).and_then(Value::as_str) == created && is_past(context, created);
    // A commit that was pulled may hold a marker in place of the value.
    let whole = document.attributes.values().all(|value| Marker::of(value).is_none());
    (same && whole).then_some((document, observed))
}

async fn versions(context: &CaptureContext<'_>, secret: &str) -> Result<Vec<Version>, InstanceError> {
    let client = &context.instance.client;
    let input = json!({"SecretId": secret, "IncludeDeprecated": true});
    let mut pages = client.pages(&context.scope, "secretsmanager", "ListSecretVersionIds", input);
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        for version in list(&page?, "Versions") {
            let stages = list(version, STAGES).iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let created = text(version, CREATED).map(str::to_owned);
            versions.extend(text(version, "VersionId").map(|id| Version { id: id.to_owned(), stages, created }));
        }
    }
    Ok(versions)
}

fn stages(document: &Document) -> BTreeSet<String> {
    let stages = document.attributes.get(STAGES).and_then(Value::as_array);
    stages.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn call(context: &ApplyContext<'_>, operation: &str, mut input: Map<String, Value>) -> Result<Value, AwsError> {
    input.insert("SecretId".to_owned(), json!(context.key.name.first()));
    context.instance.client.call(&context.scope, "secretsmanager", operation, Value::Object(input)).await
}

/// The secret's versions and their stages.
async fn described(context: &ApplyContext<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, AwsError> {
    let answer = call(context, "DescribeSecret", Map::new()).await?;
    let versions = answer.get("VersionIdsToStages").and_then(Value::as_object).cloned().unwrap_or_default();
    let texts = |stages: Value| serde_json::from_value(stages).unwrap_or_default();
    Ok(versions.into_iter().map(|(id, stages)| (id, texts(stages))).collect())
}

/// Moves stages until the version has exactly `wanted`.
async fn set_stages(context: &ApplyContext<'_>, wanted: &BTreeSet<String>) -> Result<(), AwsError> {
    let own = context.key.own_name();
    let versions = described(context).await?;
    for stage in wanted {
        let holder = versions.iter().find(|(_, stages)| stages.contains(stage));
        if holder.is_some_and(|(id, _)| id == own) {
            continue;
        }
        move_stage(context, stage, holder.map(|(id, _)| id.as_str()), Some(own)).await?;
        if let Some((id, _)) = holder.filter(|(_, stages)| stage == CURRENT && stages.contains(GOING)) {
            strip(context, id, &BTreeSet::new()).await?;
        }
    }
    strip(context, own, wanted).await
}

/// Takes the version's stages away, or marks it where it is the current one, which a secret cannot be without.
async fn remove(context: &ApplyContext<'_>) -> Result<(), AwsError> {
    let own = context.key.own_name();
    let versions = described(context).await?;
    match versions.get(own) {
        Some(stages) if stages.contains(CURRENT) && !stages.contains(GOING) => {
            move_stage(context, GOING, None, Some(own)).await
        }
        _ => strip(context, own, &BTreeSet::new()).await,
    }
}

/// Takes from a version the stages that are not in `kept`. They are looked up anew: moving one may move others.
async fn strip(context: &ApplyContext<'_>, id: &str, kept: &BTreeSet<String>) -> Result<(), AwsError> {
    let has = described(context).await?.remove(id).unwrap_or_default();
    for stage in has.difference(kept).filter(|stage| *stage != CURRENT) {
        move_stage(context, stage, Some(id), None).await?;
    }
    Ok(())
}

async fn move_stage(
    context: &ApplyContext<'_>,
    stage: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(), AwsError> {
    let mut input = Map::from_iter([("VersionStage".to_owned(), json!(stage))]);
    input.extend(from.map(|id| ("RemoveFromVersionId".to_owned(), json!(id))));
    input.extend(to.map(|id| ("MoveToVersionId".to_owned(), json!(id))));
    call(context, "UpdateSecretVersionStage", input).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_version_is_made_first() {
        let version = |stages: &[&str]| {
            let attributes = Map::from_iter([(STAGES.to_owned(), json!(stages))]);
            Document { attributes, ..Document::default() }
        };
        let rank = |stages: &[&str]| SecretVersions.position(&version(stages), None);
        assert!(rank(&["AWSCURRENT", "mine"]) < rank(&["AWSPREVIOUS"]));
        assert_eq!(rank(&[]), rank(&["AWSPENDING"]));
    }
}
