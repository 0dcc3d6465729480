//! HTTP to one registry: logins, retries, redirects and stalls, so that the rest need not think of them.
//!
//! The login goes to the registry itself (same scheme, host and port) and to the token service it names, never
//! to where it redirects.

use std::io::SeekFrom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::auth::Auth;
use super::payload::Payload;
use super::upload::Chunks;
use crate::event::Progress;
use crate::remote::client::{client, deepest, is_plain};
use crate::remote::fault::{Fault, plain};
use crate::remote::{CredentialFiles, RemoteConfig};

/// Attempts in all.
const MAX_ATTEMPTS: u32 = 4;
/// The pause before the second attempt, at most; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// The longest pause, also where the registry asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(20);
/// Without a byte moving for this long a request has stalled. Registries hash what they got before they answer.
const STALL: Duration = Duration::from_secs(60);
/// Redirects followed in a row: storage behind a registry takes one or two.
const MAX_HOPS: usize = 5;
/// Bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// Bytes of a file read at a time.
const READ_BYTES: usize = 256 * 1024;

/// One request; can be sent any number of times.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What the login must allow, as token services spell it.
    pub(super) scope: &'a str,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) payload: Payload<'a>,
}

/// Why one attempt failed.
pub(super) enum Attempt {
    /// It may well work the next time.
    Again { reason: String, after: Option<Duration> },
    /// It will not.
    Final(Fault),
}

impl From<Fault> for Attempt {
    fn from(fault: Fault) -> Self {
        Self::Final(fault)
    }
}

/// Counts attempts and pauses between them.
#[derive(Default)]
pub(super) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// Waits before the next attempt; an error when there shall be none.
    pub(super) async fn wait(&mut self, attempt: Attempt) -> Result<(), Fault> {
        let (reason, after) = match attempt {
            Attempt::Final(fault) => return Err(fault),
            Attempt::Again { reason, after } => (reason, after),
        };
        self.failed += 1;
        if self.failed >= MAX_ATTEMPTS {
            return Err(Fault::failed(format!("{reason} (tried {MAX_ATTEMPTS} times)")));
        }
        let full = FIRST_PAUSE.saturating_mul(1 << (self.failed - 1)).min(MAX_PAUSE);
        // Jittered: clients that failed together shall not come back together.
        let pause = after.map_or_else(|| full.mul_f64(0.5 + rand::random::<f64>() / 2.0), |after| after.min(MAX_PAUSE));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// One registry.
pub(super) struct Registry {
    host: String,
    base: Url,
    client: reqwest::Client,
    auth: Auth,
    pub(super) chunks: Chunks,
}

impl Registry {
    /// Does not connect yet.
    pub(super) fn new(host: String, config: &RemoteConfig, logins: CredentialFiles) -> Result<Self, Fault> {
        let plain_http = is_plain(&host, config);
        // Docker Hub's API lives elsewhere than its name.
        let api = if host == "docker.io" { "registry-1.docker.io" } else { &host };
        let base = Url::parse(&format!("{}://{api}/", if plain_http { "http" } else { "https" }))
            .map_err(|error| Fault::failed(format!("{host:?} is not a host: {error}")))?;

        let client = client(&host, config)?.build().map_err(|error| Fault::failed(deepest(&error)))?;
        let auth = Auth::new(host.clone(), base.clone(), logins);
        Ok(Self { host, base, client, auth, chunks: Chunks::default() })
    }

    /// As the user names it.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The URL of an API path whose parts are valid already.
    pub(super) fn url(&self, path: &str) -> Result<Url, Fault> {
        self.base.join(path).map_err(|error| Fault::failed(format!("{path:?}: {error}")))
    }

    /// A URL that the registry gave in answer to a request at `from`.
    pub(super) fn given_url(&self, from: &Url, text: &str) -> Result<Url, Fault> {
        let url = from.join(text).map_err(|_| Fault::hostile("it gave a malformed address"))?;
        let downgraded = from.scheme() == "https" && url.scheme() != "https";
        if downgraded || !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::hostile(format!("it pointed to {}://, which is not safe", plain(url.scheme()))));
        }
        Ok(url)
    }

    /// Whether `url` is on the registry itself.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Sends until it is answered by something else than a passing failure. Only the headers are read.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Response, Fault> {
        let mut backoff = Backoff::default();
        loop {
            match self.attempt(call).await {
                Ok(response) => return Ok(response),
                Err(attempt) => backoff.wait(attempt).await?,
            }
        }
    }

    /// Like [`Registry::send`], and reads a body of at most `limit` bytes.
    pub(super) async fn fetch(&self, call: &Call<'_>, limit: u64) -> Result<Answer, Fault> {
        let mut backoff = Backoff::default();
        loop {
            let answer = match self.attempt(call).await {
                Ok(response) => self.read(response, limit).await,
                Err(attempt) => Err(attempt),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(attempt) => backoff.wait(attempt).await?,
            }
        }
    }

    /// One attempt: logs in where the registry asks for it, and follows redirects.
    pub(super) async fn attempt(&self, call: &Call<'_>) -> Result<Response, Attempt> {
        let mut url = call.url.clone();
        let mut asked = false;
        let mut hops = 0;
        loop {
            let login = self.auth.header(call.scope).filter(|_| self.is_own(&url));
            let response = self.once(call, &url, login.as_ref()).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && self.is_own(&url) && !asked {
                asked = true;
                if self.auth.answer(&self.client, response.headers(), call.scope, login.as_ref()).await? {
                    continue;
                }
                return Ok(response);
            }
            if status.is_redirection() && matches!(call.method, Method::GET | Method::HEAD) {
                hops += 1;
                let location = header(response.headers(), &LOCATION);
                let (Some(location), true) = (location, hops <= MAX_HOPS) else {
                    return Err(Fault::failed("it redirects without end").into());
                };
                url = self.given_url(&url, location)?;
                continue;
            }
            let passing = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
            if passing || status == StatusCode::TOO_MANY_REQUESTS {
                let after = header(response.headers(), &RETRY_AFTER).and_then(|text| text.trim().parse().ok());
                let reason = self.refusal(response).await;
                return Err(Attempt::Again { reason, after: after.map(Duration::from_secs) });
            }
            return Ok(response);
        }
    }

    async fn once(&self, call: &Call<'_>, url: &Url, login: Option<&HeaderValue>) -> Result<Response, Attempt> {
        let mut request = self.client.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login.clone());
        }
        let moved = Arc::new(AtomicU64::new(0));
        request = match &call.payload {
            // Some registries insist on a length even here.
            Payload::Empty if matches!(call.method, Method::POST | Method::PUT) => request.header(CONTENT_LENGTH, 0),
            Payload::Empty => request,
            Payload::Bytes(bytes) => request.body(bytes.clone()),
            Payload::File { path, range, total, events } => {
                let unreadable = |error: std::io::Error| Fault::failed(format!("{}: {error}", path.display()));
                let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
                file.seek(SeekFrom::Start(range.start)).await.map_err(unreadable)?;
                let (moved, events, total_bytes, start) = (moved.clone(), (*events).clone(), *total, range.start);
                let length = range.end.saturating_sub(range.start);
                let stream = ReaderStream::with_capacity(file.take(length), READ_BYTES).inspect(move |piece| {
                    let length = piece.as_ref().map_or(0, Bytes::len) as u64;
                    let bytes = start + moved.fetch_add(length, Ordering::Relaxed) + length;
                    events.progress(Progress { bytes, total_bytes, ..Progress::default() });
                });
                request.header(CONTENT_LENGTH, length).body(reqwest::Body::wrap_stream(stream))
            }
        };
        match unless_stalled(&moved, request.send()).await {
            Some(result) => result.map_err(|error| self.unreachable(&error)),
            None => Err(Attempt::Again { reason: stalled(), after: None }),
        }
    }

    /// The next piece of a body; None at its end.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, Attempt> {
        match tokio::time::timeout(STALL, response.chunk()).await {
            Ok(result) => result.map_err(|error| self.unreachable(&error)),
            Err(_) => Err(Attempt::Again { reason: stalled(), after: None }),
        }
    }

    async fn read(&self, mut response: Response, limit: u64) -> Result<Answer, Attempt> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            if (body.len() + piece.len()) as u64 > limit {
                return Err(Fault::hostile(format!("an answer has more than {limit} bytes")).into());
            }
            body.extend_from_slice(&piece);
        }
        let (status, url, headers) = (response.status(), response.url().clone(), response.headers().clone());
        Ok(Answer { status, url, headers, body })
    }

    /// What the registry said when it refused, as a sentence.
    pub(super) async fn refusal(&self, mut response: Response) -> String {
        let mut body = Vec::new();
        while let Ok(Some(piece)) = self.piece(&mut response).await {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ERROR_BYTES {
                break;
            }
        }
        self.explain(response.status(), &body)
    }

    /// What an answer that refuses means, as a sentence.
    pub(super) fn explain(&self, status: StatusCode, body: &[u8]) -> String {
        let said = said(body);
        let host = &self.host;
        match status {
            StatusCode::UNAUTHORIZED if self.auth.has_login() => {
                format!("{host} refused the user name or password kept for it: run 'docker login {host}' again")
            }
            StatusCode::UNAUTHORIZED => format!("{host} asks for a login: run 'docker login {host}'"),
            StatusCode::FORBIDDEN => format!("{host} does not allow this{said}"),
            StatusCode::BAD_REQUEST if self.base.scheme() == "http" && said.contains("HTTPS") => {
                format!("{host} speaks https: give its certificate authority with 'podex remote add' and --ca-file")
            }
            _ => format!("{host} answered {}{said}", status.as_u16()),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Attempt {
        let (host, detail) = (&self.host, plain(&deepest(error)));
        let says = |word: &str| detail.contains(word);
        if says("certificate") || says("UnknownIssuer") || says("NotValidForName") {
            return Attempt::Final(Fault::failed(format!(
                "the certificate of {host} is not trusted ({detail}): give its authority with 'podex remote add' and --ca-file"
            )));
        }
        if says("corrupt message") || says("InvalidContentType") {
            return Attempt::Final(Fault::failed(format!("{host} does not speak https")));
        }
        let reason = if error.is_connect() {
            format!("cannot connect to {host}: {detail}")
        } else {
            format!("the connection to {host} broke: {detail}")
        };
        Attempt::Again { reason, after: None }
    }
}

/// A small answer, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Where it came from in the end.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A header's text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Waits for `work` as long as `moved` grows.
async fn unless_stalled<T>(moved: &AtomicU64, work: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(work);
    let mut before = moved.load(Ordering::Relaxed);
    loop {
        if let Ok(result) = tokio::time::timeout(STALL, &mut work).await {
            return Some(result);
        }
        let now = moved.load(Ordering::Relaxed);
        if now == before {
            return None;
        }
        before = now;
    }
}

fn stalled() -> String {
    format!("nothing moved for {} seconds", STALL.as_secs())
}

/// `: what the registry said`, or nothing.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Said {
        errors: Vec<Line>,
    }
    #[derive(Deserialize)]
    struct Line {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.errors.first().map(|line| format!("{} {}", line.code, line.message)).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let text = plain(&text);
    if text.is_empty() { text } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_one_safe_line() {
        assert_eq!(said(br#"{"errors":[{"code":"DENIED","message":"no\u001b[31m\nway"}]}"#), ": DENIED no [31m way");
        assert_eq!(said(b""), "");
        assert_eq!(said(b"<html>"), ": <html>");
    }
}
