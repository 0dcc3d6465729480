//! Checks bytes from a remote against the digest and size announced, while they stream.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use crate::pod::Digest;

/// Hashes and counts what passes.
pub(super) struct Verifier {
    digest: Digest,
    size: u64,
    seen: u64,
    hasher: Sha256,
}

impl Verifier {
    /// Expects `size` bytes with `digest`.
    pub(super) fn new(&(digest, size): &(Digest, u64)) -> Self {
        Self { digest, size, seen: 0, hasher: Sha256::new() }
    }

    /// The next bytes. Fails as soon as there are more than expected.
    pub(super) fn update(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.seen > self.size {
            return Err(Fault::hostile(format!(
                "pack {} is longer than the {} bytes announced",
                self.digest, self.size
            )));
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// Bytes so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Nothing more comes.
    pub(super) fn finish(self) -> Result<(), Fault> {
        if self.seen != self.size {
            let reason = format!("pack {} has {} bytes instead of the {} announced", self.digest, self.seen, self.size);
            return Err(Fault::hostile(reason));
        }
        if Digest::from_bytes(self.hasher.finalize().into()) != self.digest {
            return Err(Fault::hostile(format!("the content of pack {} does not match its digest", self.digest)));
        }
        Ok(())
    }
}

/// A part of a pack, if it has as many bytes as were asked for.
pub(super) fn whole_range(pack: &Digest, wanted: u64, bytes: Bytes) -> Result<Bytes, Fault> {
    match bytes.len() as u64 == wanted {
        true => Ok(bytes),
        false => Err(Fault::hostile(format!("pack {pack} is shorter than announced, or not all of it was sent"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_announced_pass() {
        let good = (Digest::of(b"abc"), 3);
        let check = |expected: (Digest, u64), bytes: &[u8]| {
            let mut verifier = Verifier::new(&expected);
            verifier.update(bytes).and_then(|()| verifier.finish())
        };
        assert!(check(good, b"abc").is_ok());
        for (expected, bytes) in [(good, &b"abd"[..]), (good, b"ab"), (good, b"abcd"), ((good.0, 4), b"abc")] {
            assert!(matches!(check(expected, bytes), Err(Fault::Hostile(_))));
        }
    }
}
