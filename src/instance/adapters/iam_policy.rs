//! Managed policies of IAM: all their versions, in their order. The default one is the policy's document; its place
//! among the others is kept, their numbers are not.

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use super::iam_versions::{Change, Version, changes};
use super::util::{all, fault, gone, left_out, list, pick, removed_tags, tag_list, tag_map, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, Client, ErrorClass, Scope};
use crate::catalog::{Shape, Shapes};
use crate::pod::{Document, Observed};

/// What the default version says.
const DOCUMENT: &str = "PolicyDocument";
/// What the versions before the default one say, oldest first.
const OLDER: &str = "OlderVersions";
/// What the versions behind the default one say, oldest first.
const NEWER: &str = "NewerVersions";
/// Policies read at once, and versions of each.
const READ_AT_ONCE: usize = 8;
/// How the ARNs of the policies begin that AWS itself brings.
const AWS_MANAGED: &str = "arn:aws:iam::aws:";

/// `iam/policy`.
pub(super) struct Policies;

#[async_trait]
impl Adapter for Policies {
    fn kind(&self) -> &'static str {
        "iam/policy"
    }

    async fn capture(&self, context: &CaptureContext<'_>, _parent: Option<&Parent>) -> Result<(), InstanceError> {
        let input = json!({"Scope": "Local"});
        let mut pages = context.instance.client.pages(&context.scope, "iam", "ListPolicies", input);
        while let Some(page) = pages.next().await {
            let page = page?;
            let reads = list(&page, "Policies").iter().map(|entry| capture_policy(context, entry)).collect();
            all(context, READ_AT_ONCE, reads).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let (documents, _) = wanted_versions(wanted);
        let mut input = Map::from_iter([("PolicyName".to_owned(), json!(context.key.own_name()))]);
        input.extend(pick(&Value::Object(wanted.attributes.clone()), &["Path", "Description"]));
        input.insert(DOCUMENT.to_owned(), json!(documents.first()));
        let tags = tag_list(wanted.attributes.get("Tags"));
        if !tags.is_empty() {
            input.insert("Tags".to_owned(), json!(tags));
        }
        match call(context, "CreatePolicy", input).await {
            Err(error) if error.class == ErrorClass::Conflict => {
                let arn = arn(context, wanted);
                set_tags(context, &arn, &Document::default(), wanted).await?;
                set_versions(context, &arn, wanted).await
            }
            made => {
                let arn = made?.pointer("/Policy/Arn").and_then(Value::as_str).map(str::to_owned);
                set_versions(context, &arn.unwrap_or_else(|| self::arn(context, wanted)), wanted).await
            }
        }
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let arn = arn(context, wanted);
        set_tags(context, &arn, current, wanted).await?;
        set_versions(context, &arn, wanted).await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let arn = arn(context, &Document::default());
        let listed = match listed(&context.instance.client, &context.scope, &arn).await {
            Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
            listed => listed?,
        };
        for version in listed.iter().filter(|version| version.get("IsDefaultVersion") != Some(&json!(true))) {
            gone(
                policy_call(context, "DeletePolicyVersion", &arn, json!({"VersionId": version.get("VersionId")})).await,
            )?;
        }
        gone(policy_call(context, "DeletePolicy", &arn, json!({})).await)
    }
}

async fn capture_policy(context: &CaptureContext<'_>, entry: &Value) -> Result<(), InstanceError> {
    let (Some(name), Some(arn)) = (text(entry, "PolicyName"), text(entry, "Arn")) else { return Ok(()) };
    if arn.starts_with(AWS_MANAGED) {
        return Ok(());
    }
    let names = vec![name.to_owned()];
    if context.emit.carry(&names, entry)? {
        return Ok(());
    }
    match read(context, entry, arn).await {
        Ok((document, observed)) => context.emit.emit(names, document, observed).await,
        Err(error) => left_out(context, &format!("policy {name}"), error.into()).await,
    }
}

async fn read(context: &CaptureContext<'_>, entry: &Value, arn: &str) -> Result<(Document, Observed), AwsError> {
    let (client, scope) = (&context.instance.client, &context.scope);
    let answer = client.call(scope, "iam", "GetPolicy", json!({"PolicyArn": arn})).await?;
    let policy = answer.get("Policy").unwrap_or(entry);
    let versions = versions(client, scope, arn).await?;
    let mut attributes = pick(policy, &["Path", "Description"]);
    let tags = tag_map(list(policy, "Tags"));
    if !tags.is_empty() {
        attributes.insert("Tags".to_owned(), Value::Object(tags));
    }
    let said =
        |versions: &[Version]| -> Vec<Value> { versions.iter().map(|version| decoded(&version.document)).collect() };
    let default = versions.iter().position(|version| version.is_default);
    let default = default.ok_or_else(|| fault("iam", "ListPolicyVersions", format!("{arn} has no default version")))?;
    let (older, rest) = versions.split_at(default);
    let (own, newer) = rest.split_at(1);
    for (name, versions) in [(OLDER, older), (NEWER, newer)] {
        if !versions.is_empty() {
            attributes.insert(name.to_owned(), json!(said(versions)));
        }
    }
    attributes.extend(said(own).into_iter().map(|document| (DOCUMENT.to_owned(), document)));
    let fields = ["Arn", "PolicyId", "DefaultVersionId", "CreateDate", "UpdateDate", "AttachmentCount"];
    let mut observed = pick(policy, &fields);
    observed.insert("Arn".to_owned(), json!(arn));
    observed.insert("Versions".to_owned(), versions.iter().map(|version| json!(version.id)).collect());
    Ok((Document { attributes, ..Document::default() }, observed))
}

/// JSON text, percent-encoded where the emulator does as AWS does, as JSON.
fn decoded(document: &str) -> Value {
    let mut value = json!(document);
    Shapes(vec![Shape::Json]).decode_at(&mut value, &[]);
    value
}

/// The versions as listed, oldest first.
async fn listed(client: &Client, scope: &Scope, arn: &str) -> Result<Vec<Value>, AwsError> {
    let mut pages = client.pages(scope, "iam", "ListPolicyVersions", json!({"PolicyArn": arn}));
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend_from_slice(list(&page?, "Versions"));
    }
    let number =
        |version: &Value| text(version, "VersionId").and_then(|id| id.trim_start_matches('v').parse::<u64>().ok());
    found.sort_by_key(number);
    Ok(found)
}

/// The versions with what they say, oldest first.
async fn versions(client: &Client, scope: &Scope, arn: &str) -> Result<Vec<Version>, AwsError> {
    let listed = listed(client, scope, arn).await?;
    let read = |version: Value| async move {
        let id = text(&version, "VersionId").unwrap_or_default().to_owned();
        let input = json!({"PolicyArn": arn, "VersionId": id});
        let answer = client.call(scope, "iam", "GetPolicyVersion", input).await?;
        let document = answer.pointer("/PolicyVersion/Document").cloned().unwrap_or_default();
        let document = as_text(&document.as_str().map_or(document.clone(), decoded));
        let is_default = version.get("IsDefaultVersion") == Some(&json!(true));
        Ok(Version { id, document, is_default })
    };
    stream::iter(listed).map(read).buffered(READ_AT_ONCE).try_collect().await
}

/// A document as JSON text, in one way.
fn as_text(document: &Value) -> String {
    document.as_str().map_or_else(|| document.to_string(), str::to_owned)
}

/// What all versions should say, oldest first, and which is the default.
fn wanted_versions(wanted: &Document) -> (Vec<String>, usize) {
    let others = |name: &str| wanted.attributes.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let older = others(OLDER);
    let default = older.len();
    let own = wanted.attributes.get(DOCUMENT).cloned();
    (older.iter().chain(&own).chain(&others(NEWER)).map(as_text).collect(), default)
}

async fn set_versions(context: &ApplyContext<'_>, arn: &str, wanted: &Document) -> Result<Observed, AwsError> {
    let current = versions(&context.instance.client, &context.scope, arn).await?;
    let (documents, default) = wanted_versions(wanted);
    for change in changes(&current, &documents, default) {
        match change {
            Change::Delete(id) => {
                gone(policy_call(context, "DeletePolicyVersion", arn, json!({"VersionId": id})).await)?;
            }
            Change::Add(document, is_default) => {
                let input = json!({"PolicyDocument": document, "SetAsDefault": is_default});
                policy_call(context, "CreatePolicyVersion", arn, input).await?;
            }
        }
    }
    Ok(Observed::from_iter([("Arn".to_owned(), json!(arn))]))
}

async fn set_tags(
    context: &ApplyContext<'_>,
    arn: &str,
    current: &Document,
    wanted: &Document,
) -> Result<(), AwsError> {
    let (before, after) = (current.attributes.get("Tags"), wanted.attributes.get("Tags"));
    let removed = removed_tags(before, after);
    if !removed.is_empty() {
        policy_call(context, "UntagPolicy", arn, json!({"TagKeys": removed})).await?;
    }
    if before != after && after.is_some() {
        policy_call(context, "TagPolicy", arn, json!({"Tags": tag_list(after)})).await?;
    }
    Ok(())
}

async fn policy_call(context: &ApplyContext<'_>, operation: &str, arn: &str, input: Value) -> Result<Value, AwsError> {
    let mut members = Map::from_iter([("PolicyArn".to_owned(), json!(arn))]);
    members.extend(input.as_object().cloned().unwrap_or_default());
    call(context, operation, members).await
}

async fn call(context: &ApplyContext<'_>, operation: &str, input: Map<String, Value>) -> Result<Value, AwsError> {
    context.instance.client.call(&context.scope, "iam", operation, Value::Object(input)).await
}

/// The ARN that the instance has for the policy; else the one that its path makes.
fn arn(context: &ApplyContext<'_>, wanted: &Document) -> String {
    let live = (context.live)(context.key);
    if let Some(arn) = live.as_ref().and_then(|live| live.get("Arn")).and_then(Value::as_str) {
        return arn.to_owned();
    }
    let path = wanted.attributes.get("Path").and_then(Value::as_str).unwrap_or("/");
    format!("arn:aws:iam::{}:policy{path}{}", context.key.account, context.key.own_name())
}
