//! What adapters share: picking fields out of answers, tags, blobs, and what to do about errors.

use std::io::Read;
use std::sync::Arc;

use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use super::{BlobSource, CaptureContext, Emit, InstanceError};
use crate::aws::{AwsError, ByteStream, ErrorClass, RequestBody};
use crate::pod::BlobRef;

/// A string field of an answer.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// A list field of an answer; empty where it is absent.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The named fields that hold something: absent, null, `""`, `[]` and `{}` mean the same to every service here.
pub(super) fn pick(value: &Value, fields: &[&str]) -> Map<String, Value> {
    fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), value.get(*field).filter(|found| !is_empty(found))?.clone())))
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `[{Key, Value}]` as `{key: value}`: tags are a set, and read better this way.
pub(super) fn tag_map(tags: &[Value]) -> Map<String, Value> {
    tags.iter()
        .filter_map(|tag| Some((text(tag, "Key")?.to_owned(), json!(text(tag, "Value").unwrap_or_default()))))
        .collect()
}

/// [`tag_map`] backwards.
pub(super) fn tag_list(tags: Option<&Value>) -> Vec<Value> {
    let tags = tags.and_then(Value::as_object);
    tags.into_iter().flatten().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// The keys of `{key: value}` tags that `current` has and `wanted` lacks.
pub(super) fn removed_tags(current: Option<&Value>, wanted: Option<&Value>) -> Vec<String> {
    let wanted = wanted.and_then(Value::as_object);
    let current = current.and_then(Value::as_object);
    let is_gone = |key: &&String| wanted.is_none_or(|wanted| !wanted.contains_key(*key));
    current.into_iter().flat_map(Map::keys).filter(is_gone).cloned().collect()
}

/// An error that no emulator sent.
pub(super) fn fault(service: &str, operation: &str, message: impl Into<String>) -> AwsError {
    AwsError {
        class: ErrorClass::Input,
        service: service.to_owned(),
        operation: operation.to_owned(),
        code: None,
        status: None,
        message: message.into(),
    }
}

/// Deleting what is not there succeeds.
pub(super) fn gone(result: Result<Value, AwsError>) -> Result<(), AwsError> {
    match result {
        Err(error) if error.class != ErrorClass::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What the capture of one resource does about an error: a lost emulator or a failing store ends the capture, what
/// was deleted in the meantime is left out, anything else is reported.
pub(super) async fn left_out(
    context: &CaptureContext<'_>,
    what: &str,
    error: InstanceError,
) -> Result<(), InstanceError> {
    match error {
        InstanceError::Aws(error) if error.class == ErrorClass::Connection && !context.instance.answers().await => {
            Err(error.into())
        }
        InstanceError::Aws(error) if error.class == ErrorClass::NotFound => Ok(()),
        InstanceError::Aws(error) => {
            context.emit.note(format!("{what} could not be read: {error}"), true);
            Ok(())
        }
        other => Err(other),
    }
}

/// Cancellation, checked between items.
pub(super) fn check_cancelled(context: &CaptureContext<'_>) -> Result<(), InstanceError> {
    if context.events.is_cancelled() { Err(InstanceError::Cancelled) } else { Ok(()) }
}

/// Reads several resources at once, at most `limit`.
pub(super) async fn all<F>(context: &CaptureContext<'_>, limit: usize, reads: Vec<F>) -> Result<(), InstanceError>
where
    F: Future<Output = Result<(), InstanceError>> + Send,
{
    let mut running = futures_util::stream::iter(reads).buffer_unordered(limit);
    while let Some(result) = running.next().await {
        result?;
        check_cancelled(context)?;
    }
    Ok(())
}

/// Stores a body as it arrives.
pub(super) async fn store(mut stream: ByteStream, emit: &dyn Emit) -> Result<BlobRef, InstanceError> {
    let mut sink = emit.blob()?;
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        sink.write_all(&piece).map_err(|error| InstanceError::Sink(error.to_string()))?;
        emit.read(piece.len() as u64);
    }
    sink.finish()
}

/// A blob as a request body.
pub(super) fn body(blobs: &Arc<dyn BlobSource>, blob: BlobRef) -> RequestBody {
    let blobs = Arc::clone(blobs);
    RequestBody { size: blob.size, open: Arc::new(move || blobs.open(&blob).map_err(std::io::Error::other)) }
}

/// A blob in memory, base64: for APIs that take bytes inside JSON. Refused above `limit` bytes.
pub(super) async fn base64_blob(blobs: &Arc<dyn BlobSource>, blob: BlobRef, limit: u64) -> Result<String, AwsError> {
    use base64::Engine as _;
    if blob.size > limit {
        return Err(fault("podex", "read", format!("{} bytes are more than the {limit} the API takes", blob.size)));
    }
    let blobs = Arc::clone(blobs);
    let read = move || -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        blobs
            .open(&blob)
            .map_err(|error| error.to_string())?
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        Ok(bytes)
    };
    let bytes = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string()).flatten();
    bytes
        .map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes))
        .map_err(|reason| fault("podex", "read", format!("the stored content cannot be read: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_hold_nothing_are_not_picked() {
        let answer = json!({"a": "", "b": [], "c": {}, "d": null, "e": 0, "f": false, "g": "x"});
        let picked = pick(&answer, &["a", "b", "c", "d", "e", "f", "g", "h"]);
        assert_eq!(Value::Object(picked), json!({"e": 0, "f": false, "g": "x"}));
    }

    #[test]
    fn tags_survive_their_map_form_and_removed_ones_are_found() {
        let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]);
        let map = Value::Object(tag_map(tags.as_array().unwrap()));
        assert_eq!(Value::Array(tag_list(Some(&map))), tags);
        assert_eq!(removed_tags(Some(&map), Some(&json!({"a": "2"}))), ["b"]);
        assert_eq!(removed_tags(None, Some(&map)), Vec::<String>::new());
    }
}
