//! SSM parameters, with their history: re-created value by value.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::util::{all, fault, gone, left_out, list, pick, removed_tags, tag_list, tag_map, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Observed};

/// Parameters read at once.
const CONCURRENT_PARAMETERS: usize = 8;
/// Names under this prefix are Amazon's.
const AMAZONS: &str = "/aws/";
/// The key that a SecureString has where none is chosen.
const DEFAULT_KEY: &str = "alias/aws/ssm";
/// What one version of a parameter has and `PutParameter` sets.
const SETTABLE: [&str; 7] = ["AllowedPattern", "DataType", "Description", "KeyId", "Tier", "Type", "Value"];
const HISTORY: &str = "History";
const VALUE: &str = "Value";
/// Where a document has the value of a `SecureString`: a place of its own, so that it is known for a secret wherever
/// it is shown, and other values can be read.
const SECURE_VALUE: &str = "SecureValue";
const LABELS: &str = "Labels";
const TAGS: &str = "Tags";

/// `ssm/parameter`. The attributes are the newest version; `History` holds the older ones, oldest first.
pub(super) struct Parameters;

#[async_trait]
impl Adapter for Parameters {
    fn kind(&self) -> &'static str {
        "ssm/parameter"
    }

    async fn capture(&self, context: &CaptureContext<'_>, _parent: Option<&Parent>) -> Result<(), InstanceError> {
        let mut pages = context.instance.client.pages(&context.scope, "ssm", "DescribeParameters", json!({}));
        while let Some(page) = pages.next().await {
            let page = page?;
            let entries = list(&page, "Parameters").iter();
            let named = entries.filter_map(|parameter| Some((text(parameter, "Name")?, parameter)));
            let own = named.filter(|(name, _)| !name.starts_with(AMAZONS));
            let reads = own.map(|(name, entry)| capture_parameter(context, name, entry)).collect();
            all(context, CONCURRENT_PARAMETERS, reads).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        // What an interrupted apply left behind would come before the first value.
        self.delete(context).await?;
        put_versions(context, &versions(wanted)).await?;
        tag(context, None, wanted.attributes.get(TAGS)).await?;
        Ok(Observed::new())
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let (has, wants) = (versions(current), versions(wanted));
        let Some(missing) = wants.strip_prefix(has.as_slice()) else { return self.create(context, wanted).await };
        put_versions(context, missing).await?;
        tag(context, current.attributes.get(TAGS), wanted.attributes.get(TAGS)).await?;
        Ok(Observed::new())
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        gone(call(context, "DeleteParameter", Map::new()).await)
    }
}

async fn capture_parameter(context: &CaptureContext<'_>, name: &str, entry: &Value) -> Result<(), InstanceError> {
    let names = vec![name.to_owned()];
    if context.emit.carry(&names, entry)? {
        return Ok(());
    }
    match read_parameter(context, name).await {
        Ok(Some((document, observed))) => context.emit.emit(names, document, observed).await,
        Ok(None) => Ok(()),
        Err(error) => left_out(context, &format!("parameter {name}"), error).await,
    }
}

async fn read_parameter(
    context: &CaptureContext<'_>,
    name: &str,
) -> Result<Option<(Document, Observed)>, InstanceError> {
    let client = &context.instance.client;
    let input = json!({"Name": name, "WithDecryption": true});
    let mut pages = client.pages(&context.scope, "ssm", "GetParameterHistory", input);
    let mut history = Vec::new();
    while let Some(page) = pages.next().await {
        history.extend(list(&page?, "Parameters").iter().cloned());
    }
    history.sort_by_key(|version| version.get("Version").and_then(Value::as_u64));
    let observed = history.last().map(|newest| pick(newest, &["Version", "LastModifiedDate", "LastModifiedUser"]));
    let mut older: Vec<Value> = history.iter().map(|version| Value::Object(version_of(version))).collect();
    let Some(Value::Object(mut attributes)) = older.pop() else { return Ok(None) };
    if !older.is_empty() {
        attributes.insert(HISTORY.to_owned(), Value::Array(older));
    }
    let input = json!({"ResourceType": "Parameter", "ResourceId": name});
    let tags = client.call(&context.scope, "ssm", "ListTagsForResource", input).await;
    let tags = match tags {
        Err(error) if error.class == ErrorClass::NotImplemented => Map::new(),
        answer => tag_map(list(&answer?, "TagList")),
    };
    if !tags.is_empty() {
        attributes.insert(TAGS.to_owned(), Value::Object(tags));
    }
    Ok(Some((Document { attributes, ..Document::default() }, observed.unwrap_or_default())))
}

/// One version without what is the default, with policies as `PutParameter` takes them and labels sorted.
fn version_of(version: &Value) -> Map<String, Value> {
    let mut found = pick(version, &SETTABLE);
    for (name, default) in [("DataType", "text"), ("Tier", "Standard"), ("KeyId", DEFAULT_KEY)] {
        if found.get(name).and_then(Value::as_str) == Some(default) {
            found.remove(name);
        }
    }
    // An empty value is a value.
    let value = found.remove(VALUE).unwrap_or_else(|| json!(""));
    let is_secure = found.get("Type").and_then(Value::as_str) == Some("SecureString");
    found.insert(if is_secure { SECURE_VALUE } else { VALUE }.to_owned(), value);
    let mut labels: Vec<_> = list(version, LABELS).iter().filter_map(Value::as_str).collect();
    labels.sort_unstable();
    if !labels.is_empty() {
        found.insert(LABELS.to_owned(), json!(labels));
    }
    let policies = list(version, "Policies").iter().filter_map(|policy| text(policy, "PolicyText"));
    let policies: Vec<Value> = policies.filter_map(|policy| serde_json::from_str(policy).ok()).collect();
    if !policies.is_empty() {
        found.insert("Policies".to_owned(), Value::Array(policies));
    }
    found
}

/// All versions of a document, oldest first.
fn versions(document: &Document) -> Vec<Map<String, Value>> {
    let older = document.attributes.get(HISTORY).and_then(Value::as_array);
    let mut versions: Vec<_> = older.into_iter().flatten().filter_map(Value::as_object).cloned().collect();
    let mut newest = document.attributes.clone();
    newest.remove(HISTORY);
    newest.remove(TAGS);
    versions.push(newest);
    versions
}

async fn call(context: &ApplyContext<'_>, operation: &str, mut input: Map<String, Value>) -> Result<Value, AwsError> {
    input.insert("Name".to_owned(), json!(context.key.own_name()));
    context.instance.client.call(&context.scope, "ssm", operation, Value::Object(input)).await
}

async fn put_versions(context: &ApplyContext<'_>, versions: &[Map<String, Value>]) -> Result<(), AwsError> {
    for version in versions {
        let mut input = version.clone();
        let labels = input.remove(LABELS);
        if let Some(value) = input.remove(SECURE_VALUE) {
            input.insert(VALUE.to_owned(), value);
        }
        if let Some(policies) = input.remove("Policies") {
            input.insert("Policies".to_owned(), json!(policies.to_string()));
        }
        input.insert("Overwrite".to_owned(), json!(true));
        let made = call(context, "PutParameter", input).await?;
        let Some(labels) = labels else { continue };
        let number = made.get("Version").cloned();
        let number = number.ok_or_else(|| fault("ssm", "PutParameter", "the answer names no version"))?;
        let input = json!({"ParameterVersion": number, "Labels": labels});
        call(context, "LabelParameterVersion", input.as_object().cloned().unwrap_or_default()).await?;
    }
    Ok(())
}

async fn tag(context: &ApplyContext<'_>, current: Option<&Value>, wanted: Option<&Value>) -> Result<(), AwsError> {
    let (client, scope) = (&context.instance.client, &context.scope);
    let removed = removed_tags(current, wanted);
    let name = context.key.own_name();
    if !removed.is_empty() {
        let input = json!({"ResourceType": "Parameter", "ResourceId": name, "TagKeys": removed});
        client.call(scope, "ssm", "RemoveTagsFromResource", input).await?;
    }
    if wanted.is_some() && wanted != current {
        let input = json!({"ResourceType": "Parameter", "ResourceId": name, "Tags": tag_list(wanted)});
        client.call(scope, "ssm", "AddTagsToResource", input).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_emulators_add_to_a_plain_parameter_is_not_state() {
        let said = json!({
            "Name": "p", "Type": "SecureString", "Value": "", "KeyId": "alias/aws/ssm", "Tier": "Standard",
            "DataType": "text", "Description": "", "Labels": [], "Policies": [], "Version": 3,
        });
        assert_eq!(Value::Object(version_of(&said)), json!({"Type": "SecureString", "SecureValue": ""}));
    }

    #[test]
    fn the_newest_version_is_the_last_of_all() {
        let attributes = json!({"Value": "2", "Type": "String", "Tags": {"a": "b"}, "History": [{"Value": "1"}]});
        let document = Document { attributes: attributes.as_object().unwrap().clone(), ..Document::default() };
        let values: Vec<_> = versions(&document).into_iter().map(Value::Object).collect();
        assert_eq!(values, [json!({"Value": "1"}), json!({"Value": "2", "Type": "String"})]);
    }
}
