//! Lambda functions: configuration, code and published versions.
//!
//! `PublishedVersions` maps the number of each version to its configuration; its code is the blob `version-1` …

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use super::lambda_code::{CODE, cannot_be_read, known, read};
use super::lambda_settings::settings;
use super::lambda_target::{PUBLISHED, Target, version_blob};
use super::util::{check_cancelled, gone, left_out, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{BlobRef, Document, Observed, ResourceKey};

/// Functions read at once.
const CONCURRENT_FUNCTIONS: usize = 8;

/// `lambda/function`.
pub(super) struct Functions;

#[async_trait]
impl Adapter for Functions {
    fn kind(&self) -> &'static str {
        "lambda/function"
    }

    async fn capture(&self, context: &CaptureContext<'_>, _parent: Option<&Parent>) -> Result<(), InstanceError> {
        let mut pages = context.instance.client.pages(&context.scope, "lambda", "ListFunctions", json!({}));
        while let Some(page) = pages.next().await {
            let page = page?;
            let mut running = Vec::new();
            for entry in list(&page, "Functions") {
                running
                    .extend(text(entry, "FunctionName").map(|name| capture_function(context, name.to_owned(), entry)));
            }
            let mut running = futures_util::stream::iter(running).buffer_unordered(CONCURRENT_FUNCTIONS);
            while let Some(result) = running.next().await {
                result?;
                check_cancelled(context)?;
            }
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let target = Target { context };
        match target.create(wanted).await {
            Err(error) if error.class == ErrorClass::Conflict => target.update(wanted).await,
            made => made,
        }
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        _current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        Target { context }.update(wanted).await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        gone(Target { context }.call("DeleteFunction", Map::new()).await)
    }
}

async fn capture_function(context: &CaptureContext<'_>, name: String, entry: &Value) -> Result<(), InstanceError> {
    if context.emit.carry(std::slice::from_ref(&name), entry)? {
        return Ok(());
    }
    match read_function(context, &name).await {
        Ok((document, observed)) => context.emit.emit(vec![name], document, observed).await,
        Err(error) => left_out(context, &format!("function {name}"), error).await,
    }
}

async fn read_function(context: &CaptureContext<'_>, name: &str) -> Result<(Document, Observed), InstanceError> {
    let client = &context.instance.client;
    let answer = client.call(&context.scope, "lambda", "GetFunction", json!({"FunctionName": name})).await?;
    let configuration = answer.get("Configuration").unwrap_or(&Value::Null);
    let code = answer.get("Code").unwrap_or(&Value::Null);
    let mut attributes = settings(name, configuration);
    attributes.extend(pick(&answer, &["Tags"]));
    let mut blobs = BTreeMap::new();
    if text(configuration, "PackageType") == Some("Image") {
        attributes.extend(pick(code, &["ImageUri"]));
        attributes.insert("PackageType".to_owned(), json!("Image"));
    } else {
        let blob = match known(context, &key(context, name), text(configuration, "CodeSha256")) {
            Some(blob) => Some(blob),
            None => read(context, &format!("function {name}"), text(code, "Location")).await?,
        };
        blobs.extend(blob.map(|blob| (CODE.to_owned(), blob)));
    }
    let observed = pick(
        configuration,
        &["FunctionArn", "CodeSha256", "CodeSize", "LastModified", "RevisionId", "State", "StateReason", "Version"],
    );
    let mut document = Document { attributes, blobs };
    read_versions(context, name, text(configuration, "CodeSha256"), &mut document).await?;
    Ok((document, observed))
}

async fn read_versions(
    context: &CaptureContext<'_>,
    name: &str,
    newest: Option<&str>,
    document: &mut Document,
) -> Result<(), InstanceError> {
    let client = &context.instance.client;
    let mut pages = client.pages(&context.scope, "lambda", "ListVersionsByFunction", json!({"FunctionName": name}));
    let mut versions = Map::new();
    while let Some(page) = pages.next().await {
        for version in list(&page?, "Versions") {
            let Some(number) = text(version, "Version").filter(|number| *number != "$LATEST") else { continue };
            if versions.contains_key(number) {
                let note = format!("function {name} has version {number} twice: the second one is left out");
                context.emit.note(note, true);
                continue;
            }
            versions.insert(number.to_owned(), Value::Object(settings(name, version)));
            if text(version, "PackageType") != Some("Image") {
                let code = document.blobs.get(CODE).copied();
                let blob = read_version_code(context, name, number, version, newest, code).await?;
                document.blobs.extend(blob.map(|blob| (version_blob(number), blob)));
            }
        }
    }
    if !versions.is_empty() {
        document.attributes.insert(PUBLISHED.to_owned(), Value::Object(versions));
    }
    Ok(())
}

/// The code of a version. Where it is that of the newest one (`code`), there is nothing to read.
async fn read_version_code(
    context: &CaptureContext<'_>,
    name: &str,
    number: &str,
    version: &Value,
    newest: Option<&str>,
    code: Option<BlobRef>,
) -> Result<Option<BlobRef>, InstanceError> {
    let reported = text(version, "CodeSha256");
    if reported == newest {
        return Ok(code);
    }
    if let Some(blob) = known(context, &key(context, name), reported) {
        return Ok(Some(blob));
    }
    let input = json!({"FunctionName": name, "Qualifier": number});
    let answer = context.instance.client.call(&context.scope, "lambda", "GetFunction", input).await?;
    let location = answer.get("Code").and_then(|code| text(code, "Location"));
    let what = format!("function {name} version {number}");
    let blob = read(context, &what, location).await?;
    // ministack hands out the newest code for every version.
    if blob.is_some() && blob == code {
        cannot_be_read(context, &what, "the emulator hands out the newest code in its place");
        return Ok(None);
    }
    Ok(blob)
}

fn key(context: &CaptureContext<'_>, name: &str) -> ResourceKey {
    ResourceKey::new(&context.scope.account, &context.scope.region, "lambda", "function", [name])
}
