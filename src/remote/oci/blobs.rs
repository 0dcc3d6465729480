//! Packs and commit objects on their way to and from a repository.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::http::{Attempt, Backoff, Call, Payload, Registry, header};
use crate::event::{Events, Progress};
use crate::pod::Digest;
use crate::remote::fault::Fault;
use crate::remote::verify::{Verifier, whole_range};

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

    /// Uploads a blob, unless it is there already.
    pub(super) async fn upload(&self, blob: &(Digest, u64), payload: Payload<'_>) -> Result<(), Fault> {
        if self.is_there(blob).await? {
            return Ok(());
        }
        let mut backoff = Backoff::default();
        loop {
            // An upload that broke off begins again: packs are small enough, and servers differ in how they resume.
            match self.upload_once(blob, payload.clone()).await {
                Ok(()) => return Ok(()),
                Err(attempt) => backoff.wait(attempt).await?,
            }
        }
    }

    /// Whether the blob is there with its right size.
    async fn is_there(&self, blob: &(Digest, u64)) -> Result<bool, Fault> {
        let url = self.registry.url(&format!("v2/{}/blobs/{}", self.repository, blob.0))?;
        let scope = self.push_scope();
        let call = Call { method: Method::HEAD, url, scope: &scope, headers: Vec::new(), payload: Payload::Empty };
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

    async fn upload_once(&self, blob: &(Digest, u64), payload: Payload<'_>) -> Result<(), Attempt> {
        let url = self.registry.url(&format!("v2/{}/blobs/uploads/", self.repository))?;
        let scope = self.push_scope();
        let begin = Call { method: Method::POST, url, scope: &scope, headers: Vec::new(), payload: Payload::Empty };
        let response = self.registry.attempt(&begin).await?;
        let location = match (response.status(), header(response.headers(), &LOCATION)) {
            (StatusCode::ACCEPTED, Some(location)) => self.registry.given_url(response.url(), location)?,
            _ => return Err(Fault::failed(self.registry.refusal(response).await).into()),
        };
        let mut url = location;
        url.query_pairs_mut().append_pair("digest", &blob.0.to_string());
        let headers = vec![(CONTENT_TYPE, "application/octet-stream".to_owned())];
        let put = Call { method: Method::PUT, url, scope: &scope, headers, payload };
        let response = self.registry.attempt(&put).await?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(Fault::failed(self.registry.refusal(response).await).into()),
        }
    }

    /// Downloads a pack, going on where a broken connection stopped.
    pub(super) async fn download(&self, pack: &(Digest, u64), to: &Path, events: &Events) -> Result<(), Fault> {
        let mut target = Target {
            file: tokio::fs::File::create(to)
                .await
                .map_err(|error| Fault::failed(format!("{}: {error}", to.display())))?,
            verifier: Verifier::new(pack),
        };
        let mut backoff = Backoff::default();
        loop {
            match self.download_rest(pack, &mut target, events).await {
                Ok(()) => break,
                Err(attempt) => backoff.wait(attempt).await?,
            }
        }
        target.file.flush().await.map_err(unwritten)?;
        target.verifier.finish()
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

    async fn download_rest(&self, pack: &(Digest, u64), to: &mut Target, events: &Events) -> Result<(), Attempt> {
        let url = self.registry.url(&format!("v2/{}/blobs/{}", self.repository, pack.0))?;
        let scope = self.pull_scope();
        let mut headers = vec![(ACCEPT, "application/octet-stream, */*".to_owned())];
        let have = to.verifier.seen();
        if have > 0 {
            headers.push((RANGE, format!("bytes={have}-")));
        }
        let call = Call { method: Method::GET, url, scope: &scope, headers, payload: Payload::Empty };
        let mut response = self.registry.attempt(&call).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if have > 0 => {}
            StatusCode::OK => {
                to.begin_again(pack).await?;
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
            to.verifier.update(&piece)?;
            to.file.write_all(&piece).await.map_err(unwritten)?;
            events.progress(Progress { bytes: to.verifier.seen(), total_bytes: pack.1, ..Progress::default() });
        }
        Ok(())
    }
}

/// A file that a pack is being downloaded to.
struct Target {
    file: tokio::fs::File,
    verifier: Verifier,
}

impl Target {
    async fn begin_again(&mut self, pack: &(Digest, u64)) -> Result<(), Fault> {
        self.file.set_len(0).await.map_err(unwritten)?;
        self.file.rewind().await.map_err(unwritten)?;
        self.verifier = Verifier::new(pack);
        Ok(())
    }
}

fn unwritten(error: std::io::Error) -> Fault {
    Fault::failed(format!("writing the pack to disk: {error}"))
}
