//! Writing one object: in one request, or in parts where it is large.

use std::io::Read;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::ApplyContext;
use super::util::{body, fault, pick};
use crate::aws::{AwsError, RequestBody};
use crate::pod::{BlobRef, Observed};

/// Above this many bytes an object is uploaded in parts.
const MULTIPART_FROM: u64 = 64 << 20;
/// Bytes of a part, which is held in memory.
const PART_SIZE: u64 = 16 << 20;
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
    let answer = match blob {
        Some(blob) if blob.size > MULTIPART_FROM => put_in_parts(context, input, blob).await?,
        _ => {
            let body = blob.map_or_else(|| RequestBody::whole(Bytes::new()), |blob| body(&context.blobs, blob));
            let client = &context.instance.client;
            client.call_with_body(&context.scope, "s3", "PutObject", Value::Object(input), body).await?
        }
    };
    Ok(pick(&answer, &["ETag", "VersionId"]))
}

async fn put_in_parts(context: &ApplyContext<'_>, input: Map<String, Value>, blob: BlobRef) -> Result<Value, AwsError> {
    let client = &context.instance.client;
    let begun = client.call(&context.scope, "s3", "CreateMultipartUpload", Value::Object(input)).await?;
    let mut upload = address(context);
    upload.insert("UploadId".to_owned(), begun.get("UploadId").cloned().unwrap_or_default());
    let result = match send_parts(context, &upload, blob).await {
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
) -> Result<Vec<Value>, AwsError> {
    let unreadable = |error: String| fault("s3", "UploadPart", format!("the stored body cannot be read: {error}"));
    let size = PART_SIZE.max(blob.size.div_ceil(MOST_PARTS));
    let mut reader = context.blobs.open(&blob).map_err(|error| unreadable(error.to_string()))?;
    let mut parts = Vec::new();
    for number in 1..=blob.size.div_ceil(size) {
        if context.events.is_cancelled() {
            return Err(fault("s3", "UploadPart", "cancelled"));
        }
        let read = move || {
            let mut part = Vec::new();
            reader.by_ref().take(size).read_to_end(&mut part).map(|_| (reader, Bytes::from(part)))
        };
        let result = tokio::task::spawn_blocking(read).await.map_err(|error| unreadable(error.to_string()))?;
        let (back, part) = result.map_err(|error| unreadable(error.to_string()))?;
        reader = back;
        let mut input = upload.clone();
        input.insert("PartNumber".to_owned(), json!(number));
        let client = &context.instance.client;
        let answer = client
            .call_with_body(&context.scope, "s3", "UploadPart", Value::Object(input), RequestBody::whole(part))
            .await?;
        parts.push(json!({"ETag": answer.get("ETag"), "PartNumber": number}));
    }
    Ok(parts)
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
    fn tags_become_an_escaped_query_string() {
        assert_eq!(tagging(&json!({"a b": "1&2", "ü": ""})), "a%20b=1%262&%C3%BC=");
    }
}
