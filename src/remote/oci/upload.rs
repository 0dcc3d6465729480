//! Uploads to a repository: taken over from another repository that has the blob, and gone on with where a
//! connection broke.
//!
//! The first attempt is one request: every registry takes it, and none is faster in any other way. Where a connection
//! broke, the registry is asked how much of the blob it kept. From then on blobs go up in chunks, as what is behind a
//! proxy that takes requests in whole (most are) keeps every chunk but the broken one. A registry that keeps nothing,
//! or takes no chunks, gets the blob from its start again.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};

use super::blobs::Blobs;
use super::http::{Attempt, Backoff, Call, header};
use super::payload::Payload;
use crate::pod::Digest;
use crate::remote::fault::Fault;

/// Bytes of a chunk: what a broken connection costs, against the second request that each one takes. Above the 5 MiB
/// that some registries want at least.
const CHUNK_BYTES: u64 = 8 << 20;

/// Other repositories that are asked for a blob.
const MAX_SISTERS: usize = 4;

const OCTETS: &str = "application/octet-stream";

/// Whether uploads go in chunks: once one broke, and as long as the registry takes them.
#[derive(Default)]
pub(super) struct Chunks {
    broke: AtomicBool,
    refused: AtomicBool,
}

impl Chunks {
    pub(super) fn broke(&self) {
        self.broke.store(true, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    pub(super) fn are_used(&self) -> bool {
        self.broke.load(Ordering::Relaxed) && !self.refused.load(Ordering::Relaxed)
    }
}

/// An upload that has begun.
struct Session {
    url: Url,
    /// Bytes that the registry has.
    arrived: u64,
}

/// What came of the attempt to take a blob over.
enum Taken {
    /// It is there now.
    Done,
    /// The registry wants it uploaded instead.
    Begun(Session),
    No,
}

impl Blobs<'_> {
    /// Uploads a blob, unless it is there already or one of `sisters`, repositories on the same registry, has it.
    pub(super) async fn upload(
        &self,
        blob: &(Digest, u64),
        content: &Payload<'_>,
        sisters: &[String],
    ) -> Result<(), Fault> {
        if self.is_there(blob, &self.push_scope()).await? {
            return Ok(());
        }
        let mut session = match self.take_over(blob, sisters).await {
            Taken::Done => return Ok(()),
            Taken::Begun(session) => Some(session),
            Taken::No => None,
        };
        let (mut backoff, mut furthest) = (Backoff::default(), 0);
        loop {
            let Err(attempt) = self.go_on(blob, content, &mut session).await else { return Ok(()) };
            // Each time it gets further there are as many attempts again.
            let reached = session.as_ref().map_or(0, |session| session.arrived);
            if reached > furthest {
                (backoff, furthest) = (Backoff::default(), reached);
            }
            backoff.wait(attempt).await?;
            self.registry.chunks.broke();
            // It may be the answer alone that was lost.
            if self.is_there(blob, &self.push_scope()).await? {
                return Ok(());
            }
            session = match session {
                Some(broken) if self.registry.chunks.are_used() => self.kept(broken, blob.1).await?,
                _ => None,
            };
        }
    }

    /// Lets the registry take the blob over from a repository that has it.
    async fn take_over(&self, blob: &(Digest, u64), sisters: &[String]) -> Taken {
        for sister in sisters.iter().take(MAX_SISTERS) {
            let other = Blobs { registry: self.registry, repository: sister };
            // Whatever is wrong there is no reason not to upload.
            if !other.is_there(blob, &other.pull_scope()).await.unwrap_or(false) {
                continue;
            }
            let scope = format!("{} {}", self.push_scope(), other.pull_scope());
            let path = format!("v2/{}/blobs/uploads/?mount={}&from={sister}", self.repository, blob.0);
            let Ok(url) = self.registry.url(&path) else { continue };
            let call = Call { method: Method::POST, url, scope: &scope, headers: Vec::new(), payload: Payload::Empty };
            match self.registry.attempt(&call).await {
                Ok(response) if response.status() == StatusCode::CREATED => return Taken::Done,
                Ok(response) => {
                    if let Some(url) = self.given(&response) {
                        return Taken::Begun(Session { url, arrived: 0 });
                    }
                }
                Err(_) => {}
            }
        }
        Taken::No
    }

    /// The address at which an upload goes on.
    fn given(&self, response: &Response) -> Option<Url> {
        let location = header(response.headers(), &LOCATION).filter(|_| response.status() == StatusCode::ACCEPTED)?;
        self.registry.given_url(response.url(), location).ok()
    }

    async fn begin(&self) -> Result<Session, Attempt> {
        let url = self.registry.url(&format!("v2/{}/blobs/uploads/", self.repository))?;
        let scope = self.push_scope();
        let begin = Call { method: Method::POST, url, scope: &scope, headers: Vec::new(), payload: Payload::Empty };
        let response = self.registry.attempt(&begin).await?;
        match self.given(&response) {
            Some(url) => Ok(Session { url, arrived: 0 }),
            None => Err(Fault::failed(self.registry.refusal(response).await).into()),
        }
    }

    /// How much of a broken upload the registry kept; None where it must begin again.
    async fn kept(&self, broken: Session, size: u64) -> Result<Option<Session>, Fault> {
        let scope = self.push_scope();
        let (headers, payload) = (Vec::new(), Payload::Empty);
        let call = Call { method: Method::GET, url: broken.url.clone(), scope: &scope, headers, payload };
        let response = self.registry.send(&call).await?;
        if !response.status().is_success() {
            return Ok(None);
        }
        let range = header(response.headers(), &RANGE).and_then(arrived);
        let Some(arrived) = range.filter(|arrived| *arrived <= size) else { return Ok(None) };
        let location = header(response.headers(), &LOCATION);
        let url = location.map(|location| self.registry.given_url(response.url(), location)).transpose()?;
        Ok(Some(Session { url: url.unwrap_or(broken.url), arrived }))
    }

    /// Sends what is missing. A session that is still there afterwards can be gone on with.
    async fn go_on(
        &self,
        blob: &(Digest, u64),
        content: &Payload<'_>,
        session: &mut Option<Session>,
    ) -> Result<(), Attempt> {
        let at = match session {
            Some(begun) => begun,
            None => session.insert(self.begin().await?),
        };
        let in_chunks = at.arrived > 0 || self.registry.chunks.are_used() && blob.1 > CHUNK_BYTES;
        let scope = self.push_scope();
        let mut rest = content.clone();
        if in_chunks {
            while at.arrived < blob.1 {
                let end = blob.1.min(at.arrived + CHUNK_BYTES);
                let range = format!("{}-{}", at.arrived, end - 1);
                let headers = vec![(CONTENT_TYPE, OCTETS.to_owned()), (CONTENT_RANGE, range)];
                let payload = content.part(at.arrived..end);
                let call = Call { method: Method::PATCH, url: at.url.clone(), scope: &scope, headers, payload };
                let response = self.registry.attempt(&call).await?;
                match self.given(&response) {
                    Some(url) => *at = Session { url, arrived: end },
                    None if response.status() == StatusCode::RANGE_NOT_SATISFIABLE => {
                        return Err(again(self.registry.refusal(response).await));
                    }
                    None => return Err(self.without_chunks(response, session).await),
                }
            }
            rest = Payload::Empty;
        }
        let mut url = at.url.clone();
        url.query_pairs_mut().append_pair("digest", &blob.0.to_string());
        let headers = vec![(CONTENT_TYPE, OCTETS.to_owned())];
        let put = Call { method: Method::PUT, url, scope: &scope, headers, payload: rest };
        let response = self.registry.attempt(&put).await?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            _ if in_chunks => Err(self.without_chunks(response, session).await),
            _ => Err(Fault::failed(self.registry.refusal(response).await).into()),
        }
    }

    /// The registry does not take what it was sent in chunks: the next attempt is one request from the start.
    async fn without_chunks(&self, refused: Response, session: &mut Option<Session>) -> Attempt {
        if matches!(refused.status(), StatusCode::FORBIDDEN | StatusCode::PAYLOAD_TOO_LARGE) {
            return Fault::failed(self.registry.refusal(refused).await).into();
        }
        self.registry.chunks.refused();
        *session = None;
        again(self.registry.refusal(refused).await)
    }
}

fn again(reason: String) -> Attempt {
    Attempt::Again { reason, after: None }
}

/// The bytes that a range from the start stands for. `0-0` is what registries say of none.
fn arrived(range: &str) -> Option<u64> {
    let (start, end) = range.trim().trim_start_matches("bytes=").split_once('-')?;
    let end: u64 = end.parse().ok().filter(|_| start == "0")?;
    Some(if end == 0 { 0 } else { end.checked_add(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_read_from_a_range_that_begins_at_the_start() {
        for (range, bytes) in [("0-0", Some(0)), ("0-8388607", Some(8_388_608)), ("bytes=0-9", Some(10))] {
            assert_eq!(arrived(range), bytes, "{range}");
        }
        for range in ["", "5-9", "0-", "0--1", "-", "0-18446744073709551615", "x"] {
            assert_eq!(arrived(range), None, "{range}");
        }
    }
}
