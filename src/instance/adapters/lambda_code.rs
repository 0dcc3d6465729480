//! The zip of a function or a layer: read from where the emulator says it is, given back inside the request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::util::{base64_blob, store};
use super::{ApplyContext, CaptureContext, InstanceError};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{BlobRef, Digest, ResourceKey};

/// The blob that holds the zip.
pub(super) const CODE: &str = "code";
/// Lambda takes 50 MB in a request; emulators take more, and a pod may come from one.
const MOST_CODE_BYTES: u64 = 256 << 20;
/// A zip without entries, in base64: stands for code that could not be read.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// Reads the zip at `location`. None, with a note, where the emulator does not give it out.
pub(super) async fn read(
    context: &CaptureContext<'_>,
    what: &str,
    location: Option<&str>,
) -> Result<Option<BlobRef>, InstanceError> {
    let Some(location) = location else {
        cannot_be_read(context, what, "the emulator names no place for it");
        return Ok(None);
    };
    match context.instance.client.download(location).await {
        Ok(stream) => store(stream, context.emit).await.map(Some),
        Err(error) if error.class == ErrorClass::Input => {
            cannot_be_read(context, what, "the emulator names a place outside itself");
            Ok(None)
        }
        // The capture of the function says so.
        Err(error) => Err(error.into()),
    }
}

/// Says that code is missing from the capture.
pub(super) fn cannot_be_read(context: &CaptureContext<'_>, what: &str, reason: &str) {
    context.emit.note(format!("code of {what} cannot be read back: {reason}"), false);
}

/// The zip that the emulator reports, where the parent commit has it: `CodeSha256` is the digest of its content.
pub(super) fn known(context: &CaptureContext<'_>, key: &ResourceKey, code_sha256: Option<&str>) -> Option<BlobRef> {
    let digest = digest(code_sha256)?;
    let (document, _) = context.previous?.get(key)?;
    document.blobs.into_values().find(|blob| blob.digest == digest)
}

/// A `CodeSha256` as a digest.
pub(super) fn digest(code_sha256: Option<&str>) -> Option<Digest> {
    let bytes = STANDARD.decode(code_sha256?).ok()?;
    Some(Digest::from_bytes(bytes.try_into().ok()?))
}

/// The zip as the member `ZipFile` of a request.
pub(super) async fn zip_file(context: &ApplyContext<'_>, blob: Option<BlobRef>) -> Result<Value, AwsError> {
    match blob {
        Some(blob) => base64_blob(&context.blobs, blob, MOST_CODE_BYTES).await.map(Value::String),
        None => Ok(json!(EMPTY_ZIP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_digest_is_that_of_the_content() {
        let empty = STANDARD.decode(EMPTY_ZIP).unwrap();
        assert_eq!(digest(Some("hznHbmgfkAkjuQDJ3w73XPQh05yrtUZQxLmtGbanbYU=")), Some(Digest::of(&empty)));
        assert_eq!(digest(Some("not base64")), None);
        assert_eq!(digest(Some("c2hvcnQ=")), None);
    }
}
