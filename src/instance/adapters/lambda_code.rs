//! The zip of a function or a layer: read from where the emulator says it is, given back inside the request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::util::{body, store};
use super::{ApplyContext, CaptureContext, InstanceError};
use crate::aws::{AwsError, Embedded, ErrorClass};
use crate::pod::{BlobRef, Digest, ResourceKey};

/// The blob that holds the zip.
pub(super) const CODE: &str = "code";
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

/// The zip that goes into a request. It may be large: it is read while it is sent.
#[derive(Default)]
pub(super) struct Zip(Option<Embedded>);

impl Zip {
    /// The zip in a blob; an empty one where there is none.
    pub(super) fn of(context: &ApplyContext<'_>, blob: Option<BlobRef>) -> Self {
        Self(blob.map(|blob| Embedded::new(body(&context.blobs, blob))))
    }

    /// The member `ZipFile` of the request.
    pub(super) fn member(&self) -> Value {
        json!(self.0.as_ref().map_or(EMPTY_ZIP, Embedded::mark))
    }

    /// Makes the call whose input has the zip as a member, or no zip at all.
    pub(super) async fn call(
        &self,
        context: &ApplyContext<'_>,
        operation: &str,
        input: Map<String, Value>,
    ) -> Result<Value, AwsError> {
        let (client, scope, input) = (&context.instance.client, &context.scope, Value::Object(input));
        match &self.0 {
            Some(blob) => client.call_embedding(scope, "lambda", operation, input, blob).await,
            None => client.call(scope, "lambda", operation, input).await,
        }
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
