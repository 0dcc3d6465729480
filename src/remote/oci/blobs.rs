//! Packs and commit objects on their way to and from a repository.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, RANGE};
use reqwest::{Method, StatusCode};

use super::http::{Attempt, Backoff, Call, Registry, header};
use super::payload::Payload;
use crate::event::Events;
use crate::pod::Digest;
use crate::remote::fault::Fault;
use crate::remote::receiving::Receiving;
use crate::remote::verify::whole_range;

/// One repository on a registry.
pub(super) struct Blobs<'a> {
    pub(super) registry: &'a Registry,
    /// Its name: valid components joined by `/`.
    pub(super) repository: &'a str,
}

impl Blobs<'_> {
    /// What a login must allow to read.
    pub(super) fn pull_scope(&self) -> String {
        format!("repository:{}:pull", self.repository)
    }

    /// What a login must allow to write.
    pub(super) fn push_scope(&self) -> String {
        format!("repository:{}:pull,push", self.repository)
    }

    /// Whether the blob is there with its right size.
    pub(super) async fn is_there(&self, blob: &(Digest, u64), scope: &str) -> Result<bool, Fault> {
        let url = self.registry.url(&format!("v2/{}/blobs/{}", self.repository, blob.0))?;
        let call = Call { method: Method::HEAD, url, scope, headers: Vec::new(), payload: Payload::Empty };
        let response = self.registry.send(&call).await?;
        match response.status() {
            StatusCode::OK => {
                let size = header(response.headers(), &CONTENT_LENGTH).and_then(|text| text.parse().ok());
                Ok(size.is_none_or(|size: u64| size == blob.1))
            }
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(Fault::failed(self.registry.refusal(response).await)),
        }
    }

    /// Downloads a pack, going on where a broken connection stopped.
    pub(super) async fn download(&self, pack: &(Digest, u64), to: &Path, events: &Events) -> Result<(), Fault> {
        let mut target = Receiving::create(pack, to, events).await?;
        let (mut backoff, mut furthest) = (Backoff::default(), 0);
        loop {
            let Err(attempt) = self.download_rest(pack, &mut target).await else { return target.finish().await };
            // Each time it gets further there are as many attempts again.
            if target.arrived() > furthest {
                (backoff, furthest) = (Backoff::default(), target.arrived());
            }
            backoff.wait(attempt).await?;
        }
    }

    /// Some bytes of a pack, not verified.
    pub(super) async fn read(&self, pack: &(Digest, u64), range: Range<u64>) -> Result<Bytes, Fault> {
        let url = self.registry.url(&format!("v2/{}/blobs/{}", self.repository, pack.0))?;
        let scope = self.pull_scope();
        let headers = vec![(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))];
        let call = Call { method: Method::GET, url, scope: &scope, headers, payload: Payload::Empty };
        let wanted = range.end.saturating_sub(range.start);
        // A registry that does not know ranges sends the whole pack.
        let answer = self.registry.fetch(&call, pack.1).await?;
        let body = Bytes::from(answer.body);
        match answer.status {
            StatusCode::PARTIAL_CONTENT => whole_range(&pack.0, wanted, body),
            StatusCode::OK => {
                let (start, end) = (body.len().min(range.start as usize), body.len().min(range.end as usize));
                whole_range(&pack.0, wanted, body.slice(start..end))
            }
            StatusCode::NOT_FOUND => Err(Fault::hostile(format!("pack {} is missing", pack.0))),
            status => Err(Fault::failed(self.registry.explain(status, &body))),
        }
    }

    async fn download_rest(&self, pack: &(Digest, u64), to: &mut Receiving) -> Result<(), Attempt> {
        let url = self.registry.url(&format!("v2/{}/blobs/{}", self.repository, pack.0))?;
        let scope = self.pull_scope();
        let mut headers = vec![(ACCEPT, "application/octet-stream, */*".to_owned())];
        let have = to.arrived();
        if have == pack.1 {
            return Ok(());
        }
        if have > 0 {
            headers.push((RANGE, format!("bytes={have}-")));
        }
        let call = Call { method: Method::GET, url, scope: &scope, headers, payload: Payload::Empty };
        let mut response = self.registry.attempt(&call).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if have > 0 => {}
            StatusCode::OK => {
                to.begin_again().await?;
                if let Some(size) = response.content_length()
                    && size != pack.1
                {
                    let reason = format!("pack {} has {size} bytes instead of the {} announced", pack.0, pack.1);
                    return Err(Fault::hostile(reason).into());
                }
            }
            StatusCode::NOT_FOUND => return Err(Fault::hostile(format!("pack {} is missing", pack.0)).into()),
            _ => return Err(Fault::failed(self.registry.refusal(response).await).into()),
        }
        while let Some(piece) = self.registry.piece(&mut response).await? {
            to.push(piece).await?;
        }
        Ok(())
    }
}
