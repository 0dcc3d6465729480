//! What is sent: bodies that can be sent again, and blobs inside JSON that are encoded while they are sent.

use std::io::{Cursor, Read};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Opens a body's content from its start; called once per attempt.
type Open = dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync;

/// A request body that can be sent again when the request is retried.
#[derive(Clone)]
pub struct RequestBody {
    /// Length in bytes.
    pub size: u64,
    open: Arc<Open>,
    /// Hex SHA-256, where it is known before the body is sent: the signature covers it then.
    pub(super) digest: Option<String>,
}

impl RequestBody {
    /// A body of `size` bytes, opened anew for each attempt.
    pub fn new(size: u64, open: impl Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync + 'static) -> Self {
        Self { size, open: Arc::new(open), digest: None }
    }

    /// Bytes in memory.
    pub fn whole(bytes: Bytes) -> Self {
        Self::new(bytes.len() as u64, move || Ok(Box::new(Cursor::new(bytes.clone()))))
    }

    /// Its content, from the start.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> std::io::Result<Box<dyn Read + Send>> {
        (self.open)()
    }

    /// Reads it once for its digest. Blocks.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn digested(mut self) -> std::io::Result<Self> {
        let mut hasher = Sha256::new();
        std::io::copy(&mut self.open()?, &mut hasher)?;
        self.digest = Some(hex::encode(hasher.finalize()));
        Ok(self)
    }
}

/// A blob as a string inside a JSON request, in base64, of which there is never more in memory than a piece.
pub struct Embedded {
    mark: String,
    blob: RequestBody,
}

/// Random bytes of a mark: no value of a request holds the same by chance.
const MARK_BYTES: usize = 24;

impl Embedded {
    /// Of a blob.
    pub fn new(blob: RequestBody) -> Self {
        Self { mark: STANDARD.encode(rand::random::<[u8; MARK_BYTES]>()), blob }
    }

    /// What stands in the request's input where the blob belongs.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The request's body with the blob in its place. None where it has none.
    pub(super) fn within(&self, request: &Bytes) -> Option<RequestBody> {
        let mark = self.mark.as_bytes();
        let at = request.windows(mark.len()).position(|window| window == mark)?;
        let (before, after) = (request.slice(..at), request.slice(at + mark.len()..));
        let encoded = self.blob.size.div_ceil(3) * 4;
        let size = before.len() as u64 + encoded + after.len() as u64;
        let blob = self.blob.clone();
        Some(RequestBody::new(size, move || {
            let (before, after) = (Cursor::new(before.clone()), Cursor::new(after.clone()));
            Ok(Box::new(before.chain(Encoded::new(blob.open()?)).chain(after)))
        }))
    }
}

/// Bytes that are encoded at a time: a multiple of three, so that only the last piece is padded.
const PLAIN_BYTES: usize = 3 << 14;

/// Base64 of what another reader has.
struct Encoded<R> {
    plain: R,
    ready: Cursor<String>,
    ended: bool,
}

impl<R: Read> Encoded<R> {
    fn new(plain: R) -> Self {
        Self { plain, ready: Cursor::default(), ended: false }
    }
}

impl<R: Read> Read for Encoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.ended && self.ready.position() == self.ready.get_ref().len() as u64 {
            let mut piece = Vec::with_capacity(PLAIN_BYTES);
            self.plain.by_ref().take(PLAIN_BYTES as u64).read_to_end(&mut piece)?;
            self.ended = piece.len() < PLAIN_BYTES;
            self.ready = Cursor::new(STANDARD.encode(piece));
        }
        self.ready.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_stands_in_the_request_as_if_it_had_been_written_there() {
        for size in [0, 1, 2, 3, PLAIN_BYTES - 1, PLAIN_BYTES, 2 * PLAIN_BYTES + 1] {
            let content: Vec<u8> = (0..size).map(|at| (at * 7 + at / 251) as u8).collect();
            let blob = Embedded::new(RequestBody::whole(content.clone().into()));
            let text = |code: &str| serde_json::json!({"Code": {"ZipFile": code}, "Name": "big"}).to_string();
            let body = blob.within(&text(blob.mark()).into()).unwrap().digested().unwrap();
            let expected = text(&STANDARD.encode(&content));
            // Each attempt reads it anew.
            for _ in 0..2 {
                let mut sent = String::new();
                body.open().unwrap().read_to_string(&mut sent).unwrap();
                assert!(sent == expected, "of {size} bytes");
            }
            assert_eq!(body.size, expected.len() as u64);
            assert_eq!(body.digest, Some(hex::encode(Sha256::digest(&expected))));
        }
    }

    #[test]
    fn a_request_without_the_mark_has_no_place_for_the_blob() {
        assert!(Embedded::new(RequestBody::whole(Bytes::new())).within(&Bytes::from_static(b"{}")).is_none());
    }
}
