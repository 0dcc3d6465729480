//! Writing one object: in one request, or in parts where it is large.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::ApplyContext;
use super::util::{body, fault, pick, text};
use crate::aws::{AwsError, RequestBody};
use crate::pod::{BlobRef, Observed};

/// Above this many bytes an object is uploaded in parts.
const MULTIPART_FROM: u64 = 64 << 20;
/// Bytes of a part where the pod does not tell how large they were.
const PART_SIZE: u64 = 16 << 20;
/// MiB that tools make their parts of, the most common first: the SDKs, the AWS CLI and rclone, podex, s5cmd, others.
const USUAL_MEBIBYTES: [u64; 12] = [8, 5, 16, 50, 10, 64, 15, 100, 20, 25, 32, 128];
/// Parts of one object on their way at once.
const PARTS_AT_ONCE: usize = 4;
/// S3 takes 10 000 parts; parts grow for what would need more.
const MOST_PARTS: u64 = 9_000;

/// `{Bucket, Key}` of the object that is applied.
pub(super) fn address(context: &ApplyContext<'_>) -> Map<String, Value> {
    let mut input = Map::new();
    input.insert("Bucket".to_owned(), json!(context.key.name.first()));
    input.insert("Key".to_owned(), json!(context.key.own_name()));
    input
}

/// Puts an object with its attributes, tags and body; without a blob it is empty.
pub(super) async fn put(
    context: &ApplyContext<'_>,
    attributes: &Map<String, Value>,
    blob: Option<BlobRef>,
) -> Result<Observed, AwsError> {
    let mut input = address(context);
    for (name, value) in attributes {
        if name == "Tags" {
            input.insert("Tagging".to_owned(), json!(tagging(value)));
        } else {
            input.insert(name.clone(), value.clone());
        }
    }
    let etag = context.observed.and_then(|observed| observed.get("ETag")?.as_str());
    let usual = blob.and_then(|blob| part_size(etag?, blob.size));
    let answer = match blob {
        Some(blob) if usual.is_some() || blob.size > MULTIPART_FROM => {
            let size = usual.unwrap_or(PART_SIZE).max(blob.size.div_ceil(MOST_PARTS));
            put_in_parts(context, input, blob, size).await?
        }
        _ => {
            let body = blob.map_or_else(|| RequestBody::whole(Bytes::new()), |blob| body(&context.blobs, blob));
            let client = &context.instance.client;
            client.call_with_body(&context.scope, "s3", "PutObject", Value::Object(input), body).await?
        }
    };
    Ok(pick(&answer, &["ETag", "VersionId"]))
}

/// The size of the parts of which an object was put together, by its ETag, which ends with their number. In parts of
/// the same size its ETag comes back: so the next capture knows the body, and so does whoever else compares ETags.
fn part_size(etag: &str, size: u64) -> Option<u64> {
    let count: u64 = etag.trim_matches('"').rsplit_once('-')?.1.parse().ok().filter(|count| *count > 0)?;
    USUAL_MEBIBYTES.into_iter().map(|mebibytes| mebibytes << 20).find(|part| size.div_ceil(*part) == count)
}

async fn put_in_parts(
    context: &ApplyContext<'_>,
    input: Map<String, Value>,
    blob: BlobRef,
    size: u64,
) -> Result<Value, AwsError> {
    let client = &context.instance.client;
    let begun = client.call(&context.scope, "s3", "CreateMultipartUpload", Value::Object(input)).await?;
    let mut upload = address(context);
    upload.insert("UploadId".to_owned(), begun.get("UploadId").cloned().unwrap_or_default());
    let result = match send_parts(context, &upload, blob, size).await {
        Ok(parts) => {
            let mut input = upload.clone();
            input.insert("MultipartUpload".to_owned(), json!({"Parts": parts}));
            client.call(&context.scope, "s3", "CompleteMultipartUpload", Value::Object(input)).await
        }
        Err(error) => Err(error),
    };
    if result.is_err() {
        // Best effort: the first error is the one to tell.
        let _ = client.call(&context.scope, "s3", "AbortMultipartUpload", Value::Object(upload)).await;
    }
    result
}

async fn send_parts(
    context: &ApplyContext<'_>,
    upload: &Map<String, Value>,
    blob: BlobRef,
    size: u64,
) -> Result<Vec<Value>, AwsError> {
    let parts = (0..blob.size.div_ceil(size)).map(|position| async move {
        if context.events.is_cancelled() {
            return Err(fault("s3", "UploadPart", "cancelled"));
        }
        let (number, at) = (position + 1, position * size);
        let mut input = upload.clone();
        input.insert("PartNumber".to_owned(), json!(number));
        let blobs = Arc::clone(&context.blobs);
        let length = size.min(blob.size - at);
        let open = move || -> std::io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(blobs.open_at(&blob, at).map_err(std::io::Error::other)?.take(length)))
        };
        let part = RequestBody::new(length, open);
        let client = &context.instance.client;
        let answer = client.call_with_body(&context.scope, "s3", "UploadPart", Value::Object(input), part).await?;
        Ok(json!({"ETag": text(&answer, "ETag"), "PartNumber": number}))
    });
    stream::iter(parts).buffered(PARTS_AT_ONCE).try_collect().await
}

/// Tags as the query string that a PUT takes in a header.
fn tagging(tags: &Value) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pair =
        |(key, value): (&String, &Value)| format!("{}={}", encode(key), encode(value.as_str().unwrap_or_default()));
    tags.as_object().map(|tags| tags.iter().map(pair).collect::<Vec<_>>().join("&")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_tells_the_size_of_the_parts() {
        let mebibytes = |etag: &str, size: u64| part_size(etag, size << 20).map(|size| size >> 20);
        assert_eq!(mebibytes("\"d41d8cd98f00b204e9800998ecf8427e-128\"", 1024), Some(8));
        assert_eq!(mebibytes("d41d8cd98f00b204e9800998ecf8427e-6", 256), Some(50));
        assert_eq!(mebibytes("d41d8cd98f00b204e9800998ecf8427e", 256), None);
        assert_eq!(mebibytes("d41d8cd98f00b204e9800998ecf8427e-77777", 256), None);
        assert_eq!(mebibytes("-0", 0), None, "nothing is no part");
    }

    #[test]
    fn tags_become_an_escaped_query_string() {
        assert_eq!(tagging(&json!({"a b": "1&2", "ü": ""})), "a%20b=1%262&%C3%BC=");
    }
}
