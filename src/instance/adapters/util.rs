//! What adapters share: picking fields out of answers, tags, blobs, and what to do about errors.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::task::{JoinError, JoinHandle};

use super::{BlobSink, BlobSource, CaptureContext, Emit, InstanceError, Previous};
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

/// Whether what was written in the second of `time` was all written when the commit before was made. Listings tell
/// no finer times, so something written later in that same second looks as it did then.
pub(super) fn is_past(context: &CaptureContext<'_>, time: Option<&str>) -> bool {
    let time = time.and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let previous = context.previous.map(Previous::time);
    time.zip(previous).is_some_and(|(time, previous)| time.as_second() < previous.as_second())
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
    all_of(context, limit, stream::iter(reads)).await
}

/// The same while they are still being listed.
pub(super) async fn all_of<F>(
    context: &CaptureContext<'_>,
    limit: usize,
    reads: impl Stream<Item = F> + Send,
) -> Result<(), InstanceError>
where
    F: Future<Output = Result<(), InstanceError>> + Send,
{
    let mut running = std::pin::pin!(reads.buffer_unordered(limit));
    while let Some(result) = running.next().await {
        result?;
        check_cancelled(context)?;
    }
    Ok(())
}

/// Bytes of a body that are handed over at a time.
const BATCH_BYTES: usize = 512 * 1024;
/// Bodies up to this size are written at once: to hand them over would take longer.
const SHORT_BYTES: usize = 64 * 1024;

/// Stores a body as it arrives. Hashing, compressing and writing it happen beside the network, not in its way.
pub(super) async fn store(mut stream: ByteStream, emit: &dyn Emit) -> Result<BlobRef, InstanceError> {
    let mut sink = Handover { sink: Some(emit.blob()?), writing: None };
    let (mut batch, mut size) = (Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        emit.read(piece.len() as u64);
        size += piece.len();
        batch.push(piece);
        if size >= BATCH_BYTES {
            sink.write(std::mem::take(&mut batch)).await?;
            size = 0;
        }
    }
    let whole = sink.writing.is_none() && size <= SHORT_BYTES;
    let mut sink = sink.back().await?;
    let finish = move || {
        write_all(&mut sink, &batch)?;
        sink.finish()
    };
    if whole { finish() } else { beside(finish).await }
}

/// A blob's sink that is either here or being written to.
struct Handover {
    sink: Option<Box<dyn BlobSink>>,
    writing: Option<JoinHandle<Result<Box<dyn BlobSink>, InstanceError>>>,
}

impl Handover {
    /// Begins to write `batch`, once what was handed over before it is written.
    async fn write(&mut self, batch: Vec<Bytes>) -> Result<(), InstanceError> {
        let mut sink = self.back().await?;
        self.writing = Some(tokio::task::spawn_blocking(move || write_all(&mut sink, &batch).map(|()| sink)));
        Ok(())
    }

    /// The sink, once everything handed over is written.
    async fn back(&mut self) -> Result<Box<dyn BlobSink>, InstanceError> {
        if let Some(writing) = self.writing.take() {
            self.sink = Some(joined(writing.await)?);
        }
        self.sink.take().ok_or_else(|| InstanceError::Sink("its writer is gone".to_owned()))
    }
}

fn write_all(sink: &mut Box<dyn BlobSink>, batch: &[Bytes]) -> Result<(), InstanceError> {
    batch.iter().try_for_each(|piece| sink.write_all(piece)).map_err(|error| InstanceError::Sink(error.to_string()))
}

/// Does work that takes the processor or the disk, where it holds up nobody.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InstanceError> + Send + 'static,
) -> Result<T, InstanceError> {
    joined(tokio::task::spawn_blocking(work).await)
}

fn joined<T>(result: Result<Result<T, InstanceError>, JoinError>) -> Result<T, InstanceError> {
    match result {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(InstanceError::Sink(error.to_string())),
    }
}

/// A blob as a request body.
pub(super) fn body(blobs: &Arc<dyn BlobSource>, blob: BlobRef) -> RequestBody {
    let blobs = Arc::clone(blobs);
    RequestBody::new(blob.size, move || blobs.open(&blob).map_err(std::io::Error::other))
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
