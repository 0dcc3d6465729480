//! Images of ECR: manifests and tags by the API, and layers where the emulator is a registry, too (ministack).
//!
//! The API itself gives no layer away: it names a place at AWS (ministack) or does not have the call (moto). So the layers
//! are read and written by the registry protocol at the emulator's own address. An image is called by the digest of its
//! manifest, which emulators may count otherwise.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::util::{body, check_cancelled, fault, gone, left_out, list, store, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass, RequestBody, Scope};
use crate::pod::{BlobRef, Digest, Document, Observed, ResourceKey};

const MANIFEST: &str = "imageManifest";
const MEDIA_TYPE: &str = "imageManifestMediaType";
const TAGS: &str = "imageTags";
const DIGEST: &str = "imageDigest";
/// What the emulator has no layers for is noted once.
const NO_LAYERS: &str = "the emulator does not give away the layers of images: their manifests and tags alone are kept";

/// `ecr/image`.
pub(super) struct Images;

#[async_trait]
impl Adapter for Images {
    fn kind(&self) -> &'static str {
        "ecr/image"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let repository = parent.key.own_name();
        let input = json!({"repositoryName": repository});
        let mut pages = context.instance.client.pages(&context.scope, "ecr", "DescribeImages", input);
        while let Some(page) = pages.next().await {
            for detail in list(&page?, "imageDetails") {
                check_cancelled(context)?;
                let Some(digest) = text(detail, DIGEST) else { continue };
                match read(context, &parent.key, digest, detail).await {
                    Ok((name, document, observed)) => {
                        context.emit.emit(vec![repository.to_owned(), name], document, observed).await?;
                    }
                    Err(error) => left_out(context, &format!("image {digest} of {repository}"), error).await?,
                }
            }
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        for (digest, blob) in &wanted.blobs {
            let path = format!("blobs/uploads/?digest={}", quoted(digest));
            let layer = body(&context.blobs, *blob);
            put(context, "POST", &path, "application/octet-stream", layer).await?;
        }
        put_tags(context, wanted, &tags(wanted)).await
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let (has, wants) = (tags(current), tags(wanted));
        let removed: Vec<Value> = has.difference(&wants).map(|tag| json!({"imageTag": tag})).collect();
        // The last tag that goes would take the image along, so those that come are first.
        let observed = if current.blobs == wanted.blobs {
            put_tags(context, wanted, &wants.difference(&has).cloned().collect()).await?
        } else {
            self.create(context, wanted).await?
        };
        if !removed.is_empty() {
            let input = json!({"repositoryName": context.key.name.first(), "imageIds": removed});
            context.instance.client.call(&context.scope, "ecr", "BatchDeleteImage", input).await?;
        }
        Ok(observed)
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let live = (context.live)(context.key);
        let own = live.as_ref().and_then(|live| live.get(DIGEST)).and_then(Value::as_str);
        let ids = json!([{"imageDigest": own.unwrap_or(context.key.own_name())}]);
        let input = json!({"repositoryName": context.key.name.first(), "imageIds": ids});
        gone(context.instance.client.call(&context.scope, "ecr", "BatchDeleteImage", input).await)
    }

    fn ordered(&self) -> bool {
        true
    }

    /// What lists others comes behind them.
    fn position(&self, wanted: &Document, _observed: Option<&Observed>) -> u64 {
        let manifest = wanted.attributes.get(MANIFEST).and_then(Value::as_str).unwrap_or_default();
        u64::from(serde_json::from_str::<Value>(manifest).is_ok_and(|manifest| manifest.get("manifests").is_some()))
    }
}

/// Name, document and what is observed of one image.
async fn read(
    context: &CaptureContext<'_>,
    repository: &ResourceKey,
    digest: &str,
    detail: &Value,
) -> Result<(String, Document, Observed), InstanceError> {
    let input = json!({"repositoryName": repository.own_name(), "imageIds": [{"imageDigest": digest}]});
    let answer = context.instance.client.call(&context.scope, "ecr", "BatchGetImage", input).await?;
    let image = list(&answer, "images").first();
    let manifest = image.and_then(|image| text(image, MANIFEST));
    let manifest = manifest.ok_or_else(|| fault("ecr", "BatchGetImage", "the answer has no manifest"))?;
    let mut attributes = Map::from_iter([(MANIFEST.to_owned(), json!(manifest))]);
    let media_type = image.and_then(|image| text(image, MEDIA_TYPE));
    attributes.extend(media_type.map(|kind| (MEDIA_TYPE.to_owned(), json!(kind))));
    let tags: BTreeSet<&str> = list(detail, TAGS).iter().filter_map(Value::as_str).collect();
    if !tags.is_empty() {
        attributes.insert(TAGS.to_owned(), json!(tags));
    }
    let mut blobs = BTreeMap::new();
    for layer in layers(manifest) {
        match layer_of(context, repository, &layer).await? {
            Some(blob) => drop(blobs.insert(layer, blob)),
            None => context.emit.note(NO_LAYERS.to_owned(), false),
        }
    }
    let mut observed = super::util::pick(detail, &["imagePushedAt", "imageSizeInBytes"]);
    observed.insert(DIGEST.to_owned(), json!(digest));
    Ok((format!("sha256:{}", Digest::of(manifest.as_bytes()).hex()), Document { attributes, blobs }, observed))
}

/// The digests of the configuration and the layers that a manifest names; those of a list are images of their own.
fn layers(manifest: &str) -> BTreeSet<String> {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    let named = manifest.get("config").into_iter().chain(list(&manifest, "layers"));
    let sound = |digest: &&str| {
        digest.strip_prefix("sha256:").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    named.filter_map(|part| text(part, "digest")).filter(sound).map(str::to_owned).collect()
}

/// A layer, if the emulator gives it away and it is what it should be.
async fn layer_of(
    context: &CaptureContext<'_>,
    repository: &ResourceKey,
    layer: &str,
) -> Result<Option<BlobRef>, InstanceError> {
    let path = path_of(&context.scope, repository.own_name(), &format!("blobs/{}", quoted(layer)));
    let stream = match context.instance.client.fetch(&path).await {
        Ok(stream) => stream,
        Err(error) if error.class == ErrorClass::Connection => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let blob = store(stream, context.emit).await?;
    Ok((format!("sha256:{}", blob.digest.hex()) == layer).then_some(blob))
}

/// Puts the manifest under each of the tags; once without, if there is none.
async fn put_tags(
    context: &ApplyContext<'_>,
    wanted: &Document,
    tags: &BTreeSet<String>,
) -> Result<Observed, AwsError> {
    let manifest = wanted.attributes.get(MANIFEST).and_then(Value::as_str).unwrap_or_default();
    let media_type = wanted.attributes.get(MEDIA_TYPE).and_then(Value::as_str);
    let each: Vec<Option<&String>> = if tags.is_empty() { vec![None] } else { tags.iter().map(Some).collect() };
    let mut digest = context.key.own_name().to_owned();
    for tag in each {
        if wanted.blobs.is_empty() {
            let mut input = json!({"repositoryName": context.key.name.first(), MANIFEST: manifest});
            if let Some(members) = input.as_object_mut() {
                members.extend(media_type.map(|kind| (MEDIA_TYPE.to_owned(), json!(kind))));
                members.extend(tag.map(|tag| ("imageTag".to_owned(), json!(tag))));
            }
            let answer = context.instance.client.call(&context.scope, "ecr", "PutImage", input).await?;
            let own = answer.pointer("/image/imageId/imageDigest").and_then(Value::as_str);
            digest = own.map_or(digest, str::to_owned);
        } else {
            // By the protocol by which its layers went in: a registry finds it by digest then, too.
            let path = format!("manifests/{}", quoted(tag.unwrap_or(&digest)));
            let bytes = bytes::Bytes::from(manifest.to_owned());
            put(context, "PUT", &path, media_type.unwrap_or("application/json"), RequestBody::whole(bytes)).await?;
        }
    }
    Ok(Observed::from_iter([(DIGEST.to_owned(), json!(digest))]))
}

fn tags(document: &Document) -> BTreeSet<String> {
    let tags = document.attributes.get(TAGS).and_then(Value::as_array);
    tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn put(
    context: &ApplyContext<'_>,
    method: &str,
    path: &str,
    media_type: &str,
    body: RequestBody,
) -> Result<(), AwsError> {
    let repository = context.key.name.first().map_or("", String::as_str);
    let path = path_of(&context.scope, repository, path);
    context.instance.client.upload(method, &path, media_type, body).await
}

/// A path of the registry at the emulator's own address. It takes no signature, so the account is said otherwise.
fn path_of(scope: &Scope, repository: &str, path: &str) -> String {
    let repository: Vec<String> = repository.split('/').map(quoted).collect();
    let joint = if path.contains('?') { '&' } else { '?' };
    let place = format!("ns={}.dkr.ecr.{}.amazonaws.com", scope.account, scope.region);
    format!("/v2/{}/{path}{joint}{place}", repository.join("/"))
}

/// A segment of a path, or a value of a query, in which nothing means anything. Dots are kept, as no name of ECR's is
/// one or two of them alone.
fn quoted(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':');
    match text {
        "." | ".." => "%2E".repeat(text.len()),
        _ => utf8_percent_encode(text, &KEPT).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_its_configuration_and_layers_and_a_list_none() {
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let manifest = json!({"config": {"digest": digest("a")}, "layers": [{"digest": digest("b")}, {"digest": 1}, {"digest": "../x"}]});
        assert_eq!(layers(&manifest.to_string()), BTreeSet::from([digest("a"), digest("b")]));
        assert!(layers(&json!({"manifests": [{"digest": digest("a")}]}).to_string()).is_empty());
        assert!(layers("no json").is_empty());
    }

    #[test]
    fn no_name_leads_out_of_its_repository() {
        let scope = Scope { account: "0".to_owned(), region: "r".to_owned() };
        let path = path_of(&scope, "team/../app", &format!("manifests/{}", quoted("..")));
        assert_eq!(path, "/v2/team/%2E%2E/app/manifests/%2E%2E?ns=0.dkr.ecr.r.amazonaws.com");
        assert_eq!(quoted("a/b?c&d"), "a%2Fb%3Fc%26d");
    }
}
