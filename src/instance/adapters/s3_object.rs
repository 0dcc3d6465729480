//! S3 objects: one document per key. In a bucket without versioning it is the object with its body; in one with
//! versioning it is the chain of versions and delete markers (see [`super::s3_chain`]).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, stream};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::util::{all_of, gone, is_past, left_out, list, pick, store, tag_list, tag_map, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent, s3_chain, s3_get, s3_put};
use crate::aws::{AwsError, ErrorClass, Pages};
use crate::instance::Emulator;
use crate::pod::{BlobRef, Document, Observed, ResourceKey};

/// Objects read at once per bucket; the client bounds all requests together.
pub(super) const CONCURRENT_OBJECTS: usize = 16;

/// Bytes from which a body is not read again where the emulator's ETag, a digest of it, is as it was: below, the two
/// requests that this takes cost more than one for all.
const WORTH_REUSING: u64 = 64 << 10;

/// The status of an answer to a request for what is no longer there in that form.
const PRECONDITION_FAILED: u16 = 412;

/// What a PUT sets and a GET gives back under the same names.
const SETTABLE: [&str; 9] = [
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "StorageClass",
    "WebsiteRedirectLocation",
];

/// The blob of an object in a bucket without versioning.
pub(super) const BODY: &str = "body";

/// `s3/object`.
pub(super) struct Objects;

#[async_trait]
impl Adapter for Objects {
    fn kind(&self) -> &'static str {
        "s3/object"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let bucket = Bucket { context, key: &parent.key };
        let versioned = match bucket.call("GetBucketVersioning", json!({"Bucket": bucket.name()})).await {
            Ok(answer) => text(&answer, "Status").is_some(),
            Err(error) if error.class == ErrorClass::NotImplemented => false,
            // Read as one without versions, a bucket with versions would lose all but the newest.
            Err(error) => return left_out(context, &format!("bucket {}", bucket.name()), error.into()).await,
        };
        if versioned { s3_chain::capture(&bucket).await } else { bucket.capture_plain().await }
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        if s3_chain::is_chain(wanted) {
            return s3_chain::write(context, None, wanted).await;
        }
        let blob = wanted.blobs.get(BODY).copied();
        s3_put::put(context, &wanted.attributes, blob).await
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        if s3_chain::is_chain(wanted) {
            return s3_chain::write(context, Some(current), wanted).await;
        }
        let without_tags = |document: &Document| {
            let mut attributes = document.attributes.clone();
            attributes.remove("Tags");
            (attributes, document.blobs.clone())
        };
        if without_tags(current) != without_tags(wanted) {
            return self.create(context, wanted).await;
        }
        let client = &context.instance.client;
        let mut input = s3_put::address(context);
        let tags = tag_list(wanted.attributes.get("Tags"));
        if tags.is_empty() {
            client.call(&context.scope, "s3", "DeleteObjectTagging", Value::Object(input)).await?;
        } else {
            input.insert("Tagging".to_owned(), json!({"TagSet": tags}));
            client.call(&context.scope, "s3", "PutObjectTagging", Value::Object(input)).await?;
        }
        Ok(Observed::new())
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        // A plain DELETE in a bucket with versioning would only add a marker.
        match s3_chain::delete_versions(context).await {
            Ok(0) | Err(_) => {
                let input = Value::Object(s3_put::address(context));
                gone(context.instance.client.call(&context.scope, "s3", "DeleteObject", input).await)
            }
            Ok(_) => Ok(()),
        }
    }
}

/// The bucket that is being captured.
pub(super) struct Bucket<'a> {
    pub(super) context: &'a CaptureContext<'a>,
    pub(super) key: &'a ResourceKey,
}

impl Bucket<'_> {
    pub(super) fn name(&self) -> &str {
        self.key.own_name()
    }

    pub(super) async fn call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.context.instance.client.call(&self.context.scope, "s3", operation, input).await
    }

    /// The resource key of an object in this bucket.
    pub(super) fn object_key(&self, key: &str) -> ResourceKey {
        ResourceKey::new(&self.key.account, &self.key.region, "s3", "object", [self.name(), key])
    }

    /// What the parent commit has at an object's key.
    pub(super) fn previous(&self, key: &str) -> Option<(Document, Observed)> {
        self.context.previous.and_then(|previous| previous.get(&self.object_key(key)))
    }

    /// Whether the tags of an object that is as it was are asked for.
    pub(super) fn asks_about(&self, key: &str) -> bool {
        self.context.emit.asks_about(&[self.name().to_owned(), key.to_owned()])
    }

    /// Listing goes on while objects are read: a large one holds up neither the small ones behind it nor the next page.
    async fn capture_plain(&self) -> Result<(), InstanceError> {
        let input = json!({"Bucket": self.name(), "EncodingType": "url"});
        let pages = self.context.instance.client.pages(&self.context.scope, "s3", "ListObjectsV2", input);
        let failed = Mutex::new(None);
        let failure = &failed;
        let next = |mut pages: Pages| {
            let page = async move {
                match pages.next().await? {
                    Ok(page) => Some((stream::iter(entries(page)), pages)),
                    Err(error) => {
                        // What was listed so far is still read.
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        None
                    }
                }
            };
            page.boxed()
        };
        let listed = stream::unfold(pages, next).boxed();
        let reads = listed.flatten().map(|(key, entry)| self.capture_object(key, entry));
        all_of(self.context, CONCURRENT_OBJECTS, reads).await?;
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    async fn capture_object(&self, key: String, entry: Value) -> Result<(), InstanceError> {
        match self.read(&key, &entry).await {
            Ok((document, observed)) => {
                self.context.emit.emit(vec![self.name().to_owned(), key], document, observed).await
            }
            Err(error) => left_out(self.context, &format!("object {key:?} in bucket {}", self.name()), error).await,
        }
    }

    /// A PUT is the only way to change a body, headers or metadata, and it changes the entry; tags change by
    /// themselves.
    async fn read(&self, key: &str, entry: &Value) -> Result<(Document, Observed), InstanceError> {
        let observed = pick(entry, &["ETag", "LastModified", "Size"]);
        if let Some((mut document, before)) = self.previous(key)
            && let Some(blob) = document.blobs.get(BODY)
            && observed.len() == 3
            && ["ETag", "Size"].iter().all(|field| before.get(*field) == observed.get(*field))
        {
            if before == observed && is_past(self.context, text(entry, "LastModified")) {
                if self.asks_about(key) {
                    self.read_tags(&mut document.attributes, key, None).await?;
                }
                return Ok((document, observed));
            }
            // Put anew, as an inject does, but with the same body: only what else a PUT sets is asked for.
            if blob.size >= WORTH_REUSING && self.context.instance.emulator != Emulator::Unknown {
                let answer = self.call("HeadObject", Value::Object(self.address(key, None))).await?;
                if text(&answer, "ETag") == text(entry, "ETag") {
                    document.attributes = settable(&answer);
                    self.read_tags(&mut document.attributes, key, None).await?;
                    return Ok((document, observed));
                }
            }
        }
        let (attributes, blob) = self.object(key, None, Some(entry)).await?;
        Ok((Document { attributes, blobs: BTreeMap::from([(BODY.to_owned(), blob)]) }, observed))
    }

    /// One object or version: what is settable, and the stored body. `listed` is its entry in a listing.
    pub(super) async fn object(
        &self,
        key: &str,
        version: Option<&str>,
        listed: Option<&Value>,
    ) -> Result<(Map<String, Value>, BlobRef), InstanceError> {
        let instance = self.context.instance;
        let (answer, blob) = match self.body(key, version, listed).await {
            // Written anew since it was listed: what is there now is read whole.
            Err(InstanceError::Aws(error)) if error.status == Some(PRECONDITION_FAILED) => {
                self.body(key, version, None).await?
            }
            other => other?,
        };
        let mut attributes = settable(&answer);
        // The emulators we know count tags in the answer; others are asked.
        let counted = answer.get("TagCount").and_then(Value::as_u64).unwrap_or_default() > 0;
        if counted || instance.emulator == Emulator::Unknown {
            self.read_tags(&mut attributes, key, version).await?;
        }
        Ok((attributes, blob))
    }

    async fn body(
        &self,
        key: &str,
        version: Option<&str>,
        listed: Option<&Value>,
    ) -> Result<(Value, BlobRef), InstanceError> {
        let (answer, stream) = s3_get::open(self.context, self.address(key, version), listed).await?;
        Ok((answer, store(stream, self.context.emit).await?))
    }

    /// Puts in the tags of an object or version that is there. Where the emulator does not find it all the same
    /// (ministack: a version below a delete marker), those in `attributes` stand.
    pub(super) async fn read_tags(
        &self,
        attributes: &mut Map<String, Value>,
        key: &str,
        version: Option<&str>,
    ) -> Result<(), AwsError> {
        match self.call("GetObjectTagging", Value::Object(self.address(key, version))).await {
            Ok(answer) => set_tags(attributes, tag_map(list(&answer, "TagSet"))),
            Err(error) if error.class == ErrorClass::NotFound => {
                let bucket = self.name();
                let note =
                    format!("tags of {key:?} in bucket {bucket} could not be read, although it is there: {error}");
                self.context.emit.note(note, false);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn address(&self, key: &str, version: Option<&str>) -> Map<String, Value> {
        let members = [("Bucket", Some(self.name())), ("Key", Some(key)), ("VersionId", version)];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    }
}

/// The keys of a page, and what it says of each.
fn entries(mut page: Value) -> Vec<(String, Value)> {
    let found = page.get_mut("Contents").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    found.into_iter().filter_map(|entry| Some((decoded(&page, text(&entry, "Key")?), entry))).collect()
}

/// Puts tags in, or takes them out where there are none.
fn set_tags(attributes: &mut Map<String, Value>, tags: Map<String, Value>) {
    if tags.is_empty() {
        attributes.remove("Tags");
    } else {
        attributes.insert("Tags".to_owned(), Value::Object(tags));
    }
}

/// What a PUT can set, as an answer about an object tells it.
fn settable(answer: &Value) -> Map<String, Value> {
    let mut attributes = pick(answer, &SETTABLE);
    normalise(&mut attributes);
    attributes
}

/// What some emulators say and others leave out, and the transfer's own encoding.
fn normalise(attributes: &mut Map<String, Value>) {
    if attributes.get("StorageClass").and_then(Value::as_str) == Some("STANDARD") {
        attributes.remove("StorageClass");
    }
    if let Some(encoding) = attributes.get("ContentEncoding").and_then(Value::as_str) {
        let own: Vec<&str> = encoding.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
        let own = own.join(",");
        if own.is_empty() {
            attributes.remove("ContentEncoding");
        } else {
            attributes.insert("ContentEncoding".to_owned(), json!(own));
        }
    }
}

/// A key out of a listing that was asked to be URL-encoded (XML cannot carry every character), where the emulator
/// says that it did.
pub(super) fn decoded(page: &Value, key: &str) -> String {
    if text(page, "EncodingType") != Some("url") {
        return key.to_owned();
    }
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map_or_else(|_| key.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_only_where_the_listing_is_encoded() {
        let encoded = json!({"EncodingType": "url"});
        assert_eq!(decoded(&encoded, "a+b%2Bc%25%C3%BC/.."), "a b+c%ü/..");
        assert_eq!(decoded(&json!({}), "a+b%2Bc"), "a+b%2Bc");
    }

    #[test]
    fn the_transfer_encoding_and_the_default_class_are_not_state() {
        let attributes =
            settable(&json!({"ContentEncoding": "gzip,aws-chunked", "StorageClass": "STANDARD", "ContentType": "a/b"}));
        assert_eq!(Value::Object(attributes), json!({"ContentEncoding": "gzip", "ContentType": "a/b"}));
    }
}
