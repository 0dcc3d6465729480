//! HTTP: one attempt at one request. Retries are the client's.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::patience::{self, CONNECT_TIMEOUT, Pace};
use super::{Endpoint, RequestBody, verbatim};

/// The largest body that is read into memory. Listings are far smaller; objects are streamed.
pub(super) const MAX_PARSED_BODY: usize = 64 * 1024 * 1024;
/// An answer beyond this waits for its turn: few are that large, and all of them at once would not fit.
const LARGE_BODY: usize = 8 * 1024 * 1024;
/// Large answers that are in memory at once.
pub(super) const LARGE_TURNS: usize = 2;
/// How much of a request body is read at once.
const UPLOAD_CHUNK: usize = 256 * 1024;
/// How many chunks of a request body wait for the network.
const UPLOAD_QUEUE: usize = 4;

/// Why an attempt brought no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection, or it broke.
    Connection { message: String, timed_out: bool },
    /// The request cannot be sent, or its body cannot be read. No use trying again.
    Request(String),
    /// The answer is larger than [`MAX_PARSED_BODY`].
    TooLarge,
}

/// The variable by which AWS tools are told further certificate authorities.
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// What is sent.
pub(super) struct Outgoing {
    pub method: String,
    /// Absolute.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Outbody,
}

/// The body of a request.
pub(super) enum Outbody {
    Whole(Bytes),
    Stream(RequestBody),
}

impl Outbody {
    /// Its length in bytes.
    fn size(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Stream(body) => body.size,
        }
    }
}

/// An answer whose body has not been read.
pub(super) struct Incoming {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    response: reqwest::Response,
    /// How long the body may stay silent.
    timeout: Duration,
    pace: Pace,
    /// Turns of large answers.
    turns: Arc<Semaphore>,
}

/// A whole answer, with its turn where it is a large one.
pub(super) struct Body {
    pub bytes: Bytes,
    _turn: Option<OwnedSemaphorePermit>,
}

/// Builds the HTTP client for an instance.
pub(super) fn client(endpoint: &Endpoint, idle: usize) -> Result<reqwest::Client, String> {
    // Another room may have installed it already: either way there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .http1_only()
        .pool_max_idle_per_host(idle)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("podex/", env!("CARGO_PKG_VERSION")));
    let mut builder = if is_loopback(endpoint.url()) { builder.no_proxy() } else { builder };
    match std::env::var_os(CA_BUNDLE).filter(|file| !file.is_empty()) {
        _ if endpoint.url().scheme() != "https" => {}
        Some(file) => builder = builder.tls_certs_merge(bundle(Path::new(&file))?),
        None => {}
    }
    builder.build().map_err(|error| describe(&error))
}

/// The certificates in a file.
fn bundle(file: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let unusable = |reason: String| format!("{CA_BUNDLE}, {}: {reason}", file.display());
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if certificates.is_empty() => Err(unusable("it holds no PEM certificate".to_owned())),
        other => other.map_err(|error| unusable(describe(&error))),
    }
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let named = ["localhost", "localhost.localstack.cloud"];
    host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
        || named.iter().any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

/// Sends a request and waits for the head of the answer, which may stay silent for `timeout`.
pub(super) async fn send(
    client: &reqwest::Client,
    outgoing: &Outgoing,
    timeout: Duration,
    turns: &Arc<Semaphore>,
) -> Result<Incoming, Failure> {
    let refuse = |what: &str| Failure::Request(format!("{what} cannot be sent over HTTP"));
    let url = Url::parse(&outgoing.url).map_err(|_| refuse("the URL"))?;
    let method = Method::from_bytes(outgoing.method.as_bytes()).map_err(|_| refuse("the method"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &outgoing.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse("a header's name"))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refuse(&format!("the header {name}")))?;
        headers.append(name, value);
    }
    let unread = Arc::new(Mutex::new(None));
    let patience = patience::for_head(timeout, outgoing.body.size());
    let body = match &outgoing.body {
        Outbody::Whole(bytes) if bytes.is_empty() && matches!(method, Method::GET | Method::HEAD) => None,
        Outbody::Whole(bytes) => Some(reqwest::Body::from(bytes.clone())),
        Outbody::Stream(body) => {
            headers.insert(reqwest::header::CONTENT_LENGTH, HeaderValue::from(body.size));
            Some(streamed(body, Arc::clone(&unread)))
        }
    };
    let sent = if url.as_str() == outgoing.url {
        let mut request = client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        match tokio::time::timeout(patience, request.send()).await {
            Ok(sent) => sent.map_err(|error| failure(&error)),
            Err(_) => Err(silent(timeout)),
        }
    } else {
        // URLs resolve "." and ".." in paths, but object keys may hold them.
        let target = outgoing.url.strip_prefix(&url.origin().ascii_serialization()).ok_or_else(|| refuse("the URL"))?;
        verbatim::send(&url, target, method, headers, body.unwrap_or_default(), patience).await
    };
    match sent {
        Ok(response) => Ok(Incoming {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            response,
            timeout,
            pace: Pace::default(),
            turns: Arc::clone(turns),
        }),
        Err(failure) => match unread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(message) => Err(Failure::Request(format!("the body cannot be read: {message}"))),
            None => Err(failure),
        },
    }
}

impl Incoming {
    /// Reads the whole body, up to [`MAX_PARSED_BODY`].
    pub async fn whole(mut self) -> Result<Body, Failure> {
        if self.response.content_length().is_some_and(|length| length > MAX_PARSED_BODY as u64) {
            return Err(Failure::TooLarge);
        }
        let (mut parts, mut length, mut turn) = (Vec::new(), 0, None);
        while let Some(chunk) = self.chunk().await? {
            length += chunk.len();
            if length > MAX_PARSED_BODY {
                return Err(Failure::TooLarge);
            }
            if length > LARGE_BODY && turn.is_none() {
                // Nobody closes it.
                turn = Arc::clone(&self.turns).acquire_owned().await.ok();
            }
            parts.push(chunk);
        }
        let bytes = match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Bytes::from(parts.concat())
            }
        };
        Ok(Body { bytes, _turn: turn })
    }

    /// The next piece of the body.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let (timeout, since) = (self.timeout, Instant::now());
        let chunk = tokio::time::timeout(timeout, self.response.chunk()).await.map_err(|_| silent(timeout))?;
        let chunk = chunk.map_err(|error| failure(&error))?;
        match &chunk {
            Some(piece) if !self.pace.keeps_up(since.elapsed(), piece.len(), timeout) => Err(silent(timeout)),
            _ => Ok(chunk),
        }
    }
}

/// Header values are UTF-8 where they can be, else each byte is a character.
fn text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// A body read on a thread of its own, since it comes from a blocking reader. What fails there is left in `unread`.
fn streamed(body: &RequestBody, unread: Arc<Mutex<Option<String>>>) -> reqwest::Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(UPLOAD_QUEUE);
    let body = body.clone();
    tokio::task::spawn_blocking(move || {
        let fail = |error: std::io::Error| {
            *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            // The receiver is gone when the request has ended: nobody is left to tell.
            let _ = sender.blocking_send(Err(error));
        };
        let mut reader = match body.open() {
            Ok(reader) => reader,
            Err(error) => return fail(error),
        };
        loop {
            let mut chunk = Vec::with_capacity(UPLOAD_CHUNK);
            match reader.by_ref().take(UPLOAD_CHUNK as u64).read_to_end(&mut chunk) {
                Ok(0) => return,
                Ok(_) => {
                    if sender.blocking_send(Ok(Bytes::from(chunk))).is_err() {
                        return;
                    }
                }
                Err(error) => return fail(error),
            }
        }
    });
    reqwest::Body::wrap_stream(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

fn failure(error: &reqwest::Error) -> Failure {
    Failure::Connection { message: describe(error), timed_out: error.is_timeout() }
}

/// The failure of a peer that says nothing any more.
pub(super) fn silent(timeout: Duration) -> Failure {
    let message = format!("no answer in {} s; --timeout waits longer", timeout.as_secs());
    Failure::Connection { message, timed_out: true }
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    if text.contains("certificate") || text.contains("UnknownIssuer") {
        return format!("{text}: name the file of its certificate authority in {CA_BUNDLE}");
    }
    text
}
