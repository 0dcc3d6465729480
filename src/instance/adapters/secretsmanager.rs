//! Secrets Manager: the versions of a secret, with their values and stages. The version's id can be chosen, so it is
//! kept. A deleted secret is not listed, and a secret without value has no versions.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::util::{check_cancelled, fault, gone, left_out, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Observed};

const STAGES: &str = "VersionStages";
const CURRENT: &str = "AWSCURRENT";
/// The stage of a version that shall have none, while it is being made: without any it would become the current one.
const MAKING: &str = "podex-restoring";

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
        for (id, stages) in versions(context, secret).await? {
            check_cancelled(context)?;
            let client = &context.instance.client;
            let input = json!({"SecretId": secret, "VersionId": id});
            let value = match client.call(&context.scope, "secretsmanager", "GetSecretValue", input).await {
                Ok(value) => value,
                Err(error) => {
                    left_out(context, &format!("version {id} of secret {secret}"), error.into())?;
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
            let observed = pick(&value, &["CreatedDate"]);
            context.emit.emit(vec![secret.to_owned(), id], document, observed).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let stages = stages(wanted);
        let mut input = wanted.attributes.clone();
        input.insert("ClientRequestToken".to_owned(), json!(context.key.own_name()));
        if stages.is_empty() {
            input.insert(STAGES.to_owned(), json!([MAKING]));
        }
        call(context, "PutSecretValue", input).await?;
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

    /// A version cannot be deleted, only lose its stages: then it counts as deprecated. The current one stays current
    /// until another takes its place.
    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        gone(set_stages(context, &BTreeSet::new()).await.map(|()| Value::Null))
    }

    fn ordered(&self) -> bool {
        true
    }

    /// The current one first: making another current later would make this one the previous.
    fn position(&self, wanted: &Document, _observed: Option<&Observed>) -> u64 {
        u64::from(!stages(wanted).contains(CURRENT))
    }
}

/// A secret's version ids and their stages, deprecated versions included.
async fn versions(
    context: &CaptureContext<'_>,
    secret: &str,
) -> Result<Vec<(String, BTreeSet<String>)>, InstanceError> {
    let client = &context.instance.client;
    let input = json!({"SecretId": secret, "IncludeDeprecated": true});
    let mut pages = client.pages(&context.scope, "secretsmanager", "ListSecretVersionIds", input);
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        for version in list(&page?, "Versions") {
            let stages = list(version, STAGES).iter().filter_map(Value::as_str).map(str::to_owned).collect();
            versions.extend(text(version, "VersionId").map(|id| (id.to_owned(), stages)));
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

/// Moves stages until the version has exactly `wanted`.
async fn set_stages(context: &ApplyContext<'_>, wanted: &BTreeSet<String>) -> Result<(), AwsError> {
    let own = context.key.own_name();
    let described = call(context, "DescribeSecret", Map::new()).await?;
    let versions = described.get("VersionIdsToStages").and_then(Value::as_object).cloned().unwrap_or_default();
    let holder = |stage: &str| {
        let has = |stages: &Value| stages.as_array().is_some_and(|stages| stages.iter().any(|one| one == stage));
        versions.iter().find(|(_, stages)| has(stages)).map(|(id, _)| id.as_str())
    };
    for stage in wanted.iter().filter(|stage| holder(stage) != Some(own)) {
        let mut input =
            Map::from_iter([("VersionStage".to_owned(), json!(stage)), ("MoveToVersionId".to_owned(), json!(own))]);
        input.extend(holder(stage).map(|id| ("RemoveFromVersionId".to_owned(), json!(id))));
        call(context, "UpdateSecretVersionStage", input).await?;
    }
    let has = versions.get(own).and_then(Value::as_array).cloned().unwrap_or_default();
    let surplus = has.iter().filter_map(Value::as_str).filter(|stage| !wanted.contains(*stage) && *stage != CURRENT);
    for stage in surplus {
        let input = json!({"VersionStage": stage, "RemoveFromVersionId": own});
        match call(context, "UpdateSecretVersionStage", input.as_object().cloned().unwrap_or_default()).await {
            Err(error) if error.class == ErrorClass::NotFound => {}
            removed => {
                removed?;
            }
        }
    }
    Ok(())
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
