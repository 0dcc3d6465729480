//! Reading one object: at once, or in ranges where it is large. Emulators put a whole answer together in memory before
//! they send it, and answer nobody else meanwhile.

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::CaptureContext;
use super::util::{fault, text};
use crate::aws::{AwsError, ByteStream, Client, Scope};

/// Bytes of a range. ministack takes a third of the time for a body in such ranges, and no less in smaller ones.
const RANGE_BYTES: u64 = 16 << 20;

/// Opens the object or version at `input`: what is said of it, and its body. `listed` is its entry in a listing, if
/// it is large enough to be worth ranges; all of them are of that same content, or an error says that it is gone.
pub(super) async fn open(
    context: &CaptureContext<'_>,
    input: Map<String, Value>,
    listed: Option<&Value>,
) -> Result<(Value, ByteStream), AwsError> {
    let (client, scope) = (&context.instance.client, &context.scope);
    let size = listed.and_then(|entry| entry.get("Size")).and_then(Value::as_u64);
    let etag = listed.and_then(|entry| text(entry, "ETag"));
    let Some((etag, size)) = etag.zip(size).filter(|(_, size)| *size > RANGE_BYTES) else {
        let (answer, body) = client.call_streaming(scope, "s3", "GetObject", Value::Object(input)).await?;
        // What says how long it is ends there; what does not may never end.
        let body = match size {
            Some(size) if answer.get("ContentLength").is_none() => bounded(body, size),
            _ => body,
        };
        return Ok((answer, body));
    };
    let mut ranges = Ranges { client: client.clone(), scope: scope.clone(), input, at: 0, total: size };
    ranges.input.insert("IfMatch".to_owned(), json!(etag));
    let (answer, first) = ranges.next().await?;
    if answer.get("ContentRange").is_none() {
        // It knows no ranges, and sends all.
        return Ok((answer, bounded(first, size)));
    }
    let left = ranges.take(&answer)?;
    Ok((answer, ranges.joined(first, left)))
}

/// The body, with an error where it goes on behind `most` bytes.
fn bounded(body: ByteStream, most: u64) -> ByteStream {
    let mut left = most;
    Box::pin(body.map(move |piece| {
        let piece = piece?;
        let rest = left.checked_sub(piece.len() as u64);
        left =
            rest.ok_or_else(|| fault("s3", "GetObject", format!("the body has more than the {most} bytes listed")))?;
        Ok(piece)
    }))
}

/// The ranges of one body.
struct Ranges {
    client: Client,
    scope: Scope,
    input: Map<String, Value>,
    /// Where the next range begins.
    at: u64,
    /// Bytes of the whole.
    total: u64,
}

impl Ranges {
    /// Where the next range ends, and the one behind it begins.
    fn end(&self) -> u64 {
        self.total.min(self.at + RANGE_BYTES)
    }

    async fn next(&self) -> Result<(Value, ByteStream), AwsError> {
        let mut input = self.input.clone();
        input.insert("Range".to_owned(), json!(format!("bytes={}-{}", self.at, self.end() - 1)));
        self.client.call_streaming(&self.scope, "s3", "GetObject", Value::Object(input)).await
    }

    /// Takes note of an answer; gives the bytes that it must have.
    fn take(&mut self, answer: &Value) -> Result<u64, AwsError> {
        let (at, end) = (self.at, self.end());
        let wanted = format!("bytes {at}-{}/{}", end - 1, self.total);
        match text(answer, "ContentRange") {
            Some(range) if range == wanted => {
                self.at = end;
                Ok(end - at)
            }
            other => Err(fault("s3", "GetObject", format!("asked for {wanted}, it sent {}", other.unwrap_or("all")))),
        }
    }

    /// One body out of all ranges: the open one, of which `left` bytes are to come, and those behind it.
    fn joined(self, open: ByteStream, left: u64) -> ByteStream {
        Box::pin(stream::try_unfold((self, open, left), |(mut ranges, mut open, mut left)| async move {
            loop {
                if let Some(piece) = open.next().await {
                    let piece = piece?;
                    let rest = left.checked_sub(piece.len() as u64);
                    left = rest.ok_or_else(|| fault("s3", "GetObject", "a range has more bytes than it says"))?;
                    return Ok(Some((piece, (ranges, open, left))));
                }
                if left > 0 {
                    return Err(fault("s3", "GetObject", "a range has fewer bytes than it says"));
                }
                if ranges.at == ranges.total {
                    return Ok(None);
                }
                // Until it is gone it counts as a request under way.
                drop(open);
                let answer;
                (answer, open) = ranges.next().await?;
                left = ranges.take(&answer)?;
            }
        }))
    }
}
