//! Lambda layer versions. The emulator invents the version number, so a version is named by its place among those
//! that are there; functions refer to it by its ARN, for which a token stands in.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::lambda_code::{CODE, Zip, known, read};
use super::util::{check_cancelled, gone, left_out, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, Client, ErrorClass, Scope};
use crate::pod::{Document, Observed, ResourceKey};

/// `lambda/layer-version`.
pub(super) struct LayerVersions;

#[async_trait]
impl Adapter for LayerVersions {
    fn kind(&self) -> &'static str {
        "lambda/layer-version"
    }

    async fn capture(&self, context: &CaptureContext<'_>, _parent: Option<&Parent>) -> Result<(), InstanceError> {
        let client = &context.instance.client;
        let mut pages = client.pages(&context.scope, "lambda", "ListLayers", json!({}));
        while let Some(page) = pages.next().await {
            for layer in list(&page?, "Layers").iter().filter_map(|layer| text(layer, "LayerName")) {
                for (position, number) in numbers(client, &context.scope, layer).await?.into_iter().enumerate() {
                    check_cancelled(context)?;
                    let name = vec![layer.to_owned(), format!("{:06}", position + 1)];
                    match read_version(context, &name, number).await {
                        Ok((document, observed)) => context.emit.emit(name, document, observed).await?,
                        Err(error) => left_out(context, &format!("layer {layer} version {number}"), error).await?,
                    }
                }
            }
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let mut input = wanted.attributes.clone();
        let zip = Zip::of(context, wanted.blobs.get(CODE).copied());
        input.insert("LayerName".to_owned(), json!(context.key.name.first()));
        input.insert("Content".to_owned(), json!({"ZipFile": zip.member()}));
        let answer = zip.call(context, "PublishLayerVersion", input).await?;
        Ok(pick(&answer, &["LayerVersionArn", "Version"]))
    }

    /// A layer version never changes: the wanted one becomes the newest, and the old one goes.
    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let mut wanted = wanted.clone();
        // Content that the pod does not have is no reason to lose what is there.
        if let (false, Some(content)) = (wanted.blobs.contains_key(CODE), current.blobs.get(CODE)) {
            wanted.blobs.insert(CODE.to_owned(), *content);
        }
        if wanted == *current {
            return Ok((context.live)(context.key).unwrap_or_default());
        }
        let made = self.create(context, &wanted).await?;
        self.delete(context).await?;
        Ok(made)
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let client = &context.instance.client;
        let layer = context.key.name.first().map_or("", String::as_str);
        let live = (context.live)(context.key).and_then(|observed| observed.get("Version").and_then(Value::as_u64));
        let number = match live {
            Some(number) => number,
            None => {
                let position: usize = context.key.own_name().parse().unwrap_or_default();
                let numbers = match numbers(client, &context.scope, layer).await {
                    Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
                    found => found?,
                };
                let Some(number) = position.checked_sub(1).and_then(|position| numbers.get(position).copied()) else {
                    return Ok(());
                };
                number
            }
        };
        let input = json!({"LayerName": layer, "VersionNumber": number});
        gone(client.call(&context.scope, "lambda", "DeleteLayerVersion", input).await)
    }

    fn ordered(&self) -> bool {
        true
    }
}

/// The numbers of a layer's versions, oldest first.
async fn numbers(client: &Client, scope: &Scope, layer: &str) -> Result<Vec<u64>, AwsError> {
    let mut pages = client.pages(scope, "lambda", "ListLayerVersions", json!({"LayerName": layer}));
    let mut numbers = Vec::new();
    while let Some(page) = pages.next().await {
        numbers.extend(list(&page?, "LayerVersions").iter().filter_map(|version| version.get("Version")?.as_u64()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

async fn read_version(
    context: &CaptureContext<'_>,
    name: &[String],
    number: u64,
) -> Result<(Document, Observed), InstanceError> {
    let layer = name.first().map_or("", String::as_str);
    let input = json!({"LayerName": layer, "VersionNumber": number});
    let answer = context.instance.client.call(&context.scope, "lambda", "GetLayerVersion", input).await?;
    let content = answer.get("Content").unwrap_or(&Value::Null);
    let digest = text(content, "CodeSha256");
    let mut observed: Map<String, Value> = pick(&answer, &["LayerVersionArn", "Version", "CreatedDate"]);
    observed.extend(pick(content, &["CodeSha256"]));
    let scope = &context.scope;
    let key = ResourceKey::new(&scope.account, &scope.region, "lambda", "layer-version", name.iter().cloned());
    let blob = match known(context, &key, digest) {
        Some(blob) => Some(blob),
        None => read(context, &format!("layer {layer} version {number}"), text(content, "Location")).await?,
    };
    let attributes = pick(&answer, &["Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"]);
    let blobs: BTreeMap<_, _> = blob.map(|blob| (CODE.to_owned(), blob)).into_iter().collect();
    Ok((Document { attributes, blobs }, observed))
}
