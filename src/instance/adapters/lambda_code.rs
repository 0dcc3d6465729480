//! The zip of a function or a layer: read from where the emulator says it is, given back inside the request.

use serde_json::{Value, json};

use super::util::{base64_blob, store};
use super::{ApplyContext, CaptureContext, InstanceError};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{BlobRef, Document, Observed, ResourceKey};

/// The blob that holds the zip.
pub(super) const CODE: &str = "code";
/// Lambda takes 50 MB in a request; emulators take more, and a pod may come from one.
const MOST_CODE_BYTES: u64 = 256 << 20;
/// A zip without entries, in base64: stands for code that could not be read.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// Reads the zip at `location`, or takes it from the parent commit where its digest is the same. None, with a note,
/// where the emulator does not give it out.
pub(super) async fn read(
    context: &CaptureContext<'_>,
    what: &str,
    location: Option<&str>,
    known: Option<BlobRef>,
) -> Result<Option<BlobRef>, InstanceError> {
    if known.is_some() {
        return Ok(known);
    }
    let missing = |reason: &str| {
        let note = format!("code of {what} cannot be read back ({reason}): a restore makes it with an empty zip");
        context.emit.note(note, false);
        Ok(None)
    };
    let Some(location) = location else { return missing("the emulator names no place for it") };
    match context.instance.client.download(location).await {
        Ok(stream) => store(stream, context.emit).await.map(Some),
        Err(error) if error.class == ErrorClass::Connection => Err(error.into()),
        Err(_) => missing("the emulator names a place outside itself"),
    }
}

/// The parent commit's blob, where it was made from code with this digest.
pub(super) fn known(
    context: &CaptureContext<'_>,
    key: &ResourceKey,
    blob: &str,
    has_digest: impl FnOnce(&Document, &Observed) -> bool,
) -> Option<BlobRef> {
    let (document, observed) = context.previous?.get(key)?;
    document.blobs.get(blob).copied().filter(|_| has_digest(&document, &observed))
}

/// The zip as the member `ZipFile` of a request.
pub(super) async fn zip_file(context: &ApplyContext<'_>, blob: Option<BlobRef>) -> Result<Value, AwsError> {
    match blob {
        Some(blob) => base64_blob(&context.blobs, blob, MOST_CODE_BYTES).await.map(|zip| json!(zip)),
        None => Ok(json!(EMPTY_ZIP)),
    }
}
