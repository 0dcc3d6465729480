//! The client itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accounts::Accounts;
use super::patience::Conditions;
use super::plain::outside;
use super::protocol::{Call, WireRequest, WireResponse, encode_query};
use super::sign::{self, Credentials, Signable};
use super::stream::{ByteStream, byte_stream};
use super::transport::{self, Body, Failure, Incoming, Outbody, Outgoing};
use super::{AwsError, ClientOptions, Embedded, Endpoint, ErrorClass, Pages, RequestBody, Scope, retry};

/// Calls AWS operations on one instance. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub endpoint: Endpoint,
    /// Scheme, host and port, without a slash at the end.
    pub base: String,
    /// The `Host` header.
    host: String,
    http: reqwest::Client,
    permits: Arc<Semaphore>,
    accounts: Accounts,
    requests: AtomicU64,
    pub timeout: Duration,
    pub conditions: Conditions,
    turns: Arc<Semaphore>,
}

/// A body that has been read, or waits to be.
enum Reply {
    Whole { status: u16, headers: Vec<(String, String)>, body: Body },
    Open(Incoming),
}

impl Client {
    /// A client for an instance. Does not connect yet.
    pub fn new(options: ClientOptions) -> Result<Self, AwsError> {
        let ClientOptions { endpoint, concurrency, account_mode, timeout } = options;
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let http = transport::client(&endpoint, concurrency)
            .map_err(|message| outside("start", ErrorClass::Connection, message))?;
        let base = endpoint.to_string();
        let host = endpoint.url().authority().to_owned();
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                host,
                http,
                permits: Arc::new(Semaphore::new(concurrency)),
                accounts: Accounts::new(account_mode),
                requests: AtomicU64::new(0),
                timeout,
                conditions: Conditions::default(),
                turns: Arc::new(Semaphore::new(transport::LARGE_TURNS)),
                endpoint,
            }),
        })
    }

    /// The endpoint the client talks to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// Calls one operation and parses its whole response. Retries throttling, 5xx and connection errors.
    pub async fn call(&self, scope: &Scope, service: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(&input)?;
        let credentials = self.inner.accounts.credentials(self, scope).await?;
        self.parsed(&call, scope, &credentials, wire, None).await.map(|(output, _)| output)
    }

    /// Like [`Client::call`]; also tells how many bytes the answer had.
    pub(super) async fn call_sized(
        &self,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<(Value, usize), AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(input)?;
        let credentials = self.inner.accounts.credentials(self, scope).await?;
        self.parsed(&call, scope, &credentials, wire, None).await
    }

    /// Like [`Client::call`], signed as someone in particular.
    pub(super) async fn call_as(
        &self,
        credentials: &Credentials,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(&input)?;
        // Boxed: assuming a role is a call inside a call.
        Box::pin(self.parsed(&call, scope, credentials, wire, None)).await.map(|(output, _)| output)
    }

    /// Like [`Client::call`] for an operation whose output payload is a blob: gives the other members and
    /// the payload as a stream. The stream counts as a request under way until it ends or is dropped: who waits for
    /// another call while holding many of them may wait for ever.
    pub async fn call_streaming(
        &self,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<(Value, ByteStream), AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(&input)?;
        let credentials = self.inner.accounts.credentials(self, scope).await?;
        let (reply, permit) = self.send(&call, scope, &credentials, &wire, None, true).await?;
        let Reply::Open(incoming) = reply else {
            return Err(call.error(ErrorClass::Malformed, "the answer came without a stream"));
        };
        let output =
            call.parse_head(&WireResponse { status: incoming.status, headers: &incoming.headers, body: &[] })?;
        Ok((output, byte_stream(self, call.service, call.operation, incoming, permit)))
    }

    /// Like [`Client::call`] for an operation whose input payload is a blob, given as a stream.
    pub async fn call_with_body(
        &self,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: Value,
        body: RequestBody,
    ) -> Result<Value, AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(&input)?;
        let credentials = self.inner.accounts.credentials(self, scope).await?;
        self.parsed(&call, scope, &credentials, wire, Some(body)).await.map(|(output, _)| output)
    }

    /// Like [`Client::call`] with a blob in the input, where its mark is.
    pub async fn call_embedding(
        &self,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: Value,
        blob: &Embedded,
    ) -> Result<Value, AwsError> {
        let call = Call::find(service, operation)?;
        let wire = call.serialize(&input)?;
        let body = blob.within(&wire.body);
        let body = body.ok_or_else(|| call.error(ErrorClass::Input, "the request has no place for the blob"))?;
        let digested = tokio::task::spawn_blocking(move || body.digested()).await;
        let body = digested.map_err(std::io::Error::other).flatten();
        let body =
            body.map_err(|error| call.error(ErrorClass::Input, format!("the stored content cannot be read: {error}")))?;
        let credentials = self.inner.accounts.credentials(self, scope).await?;
        self.parsed(&call, scope, &credentials, wire, Some(body)).await.map(|(output, _)| output)
    }

    /// The pages of a list operation, by the model's paginator; one page where it has none.
    pub fn pages(&self, scope: &Scope, service: &str, operation: &str, input: Value) -> Pages {
        Pages::new(self.clone(), scope.clone(), service, operation, input)
    }

    /// HTTP requests made so far, retries included.
    pub fn requests_made(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    async fn parsed(
        &self,
        call: &Call,
        scope: &Scope,
        credentials: &Credentials,
        wire: WireRequest,
        body: Option<RequestBody>,
    ) -> Result<(Value, usize), AwsError> {
        let (reply, _permit) = self.send(call, scope, credentials, &wire, body.as_ref(), false).await?;
        match reply {
            Reply::Whole { status, headers, body } => {
                Ok((call.parse(&WireResponse { status, headers: &headers, body: &body.bytes })?, body.bytes.len()))
            }
            Reply::Open(_) => Err(call.error(ErrorClass::Malformed, "the answer was not read")),
        }
    }

    /// Sends a request until it is answered, or retries are used up. An error answer is an error; the body of a good
    /// one is left open where `open` says so.
    async fn send(
        &self,
        call: &Call,
        scope: &Scope,
        credentials: &Credentials,
        wire: &WireRequest,
        body: Option<&RequestBody>,
        open: bool,
    ) -> Result<(Reply, OwnedSemaphorePermit), AwsError> {
        let permit = self.permit(call.operation).await?;
        let conditions = &self.inner.conditions;
        let mut attempt = 1;
        loop {
            // Looked at before each attempt: others find out meanwhile.
            let attempts = conditions.attempts(call.service);
            if attempts == 0 {
                return Err(call.error(ErrorClass::Connection, GIVEN_UP));
            }
            let outgoing = self.signed(call, scope, credentials, wire, body);
            let (problem, retry_after, again) = match self.reply(&outgoing, open).await {
                Ok(Reply::Whole { status, headers, body }) if status >= 300 => {
                    let response = WireResponse { status, headers: &headers, body: &body.bytes };
                    let retry_after = response.header("retry-after").map(str::to_owned);
                    let Err(problem) = call.parse(&response) else {
                        return Err(call.error(ErrorClass::Malformed, "an error answer without an error"));
                    };
                    let again = retry::is_worth_it(status, problem.class, &problem.message);
                    (problem, retry_after, again)
                }
                Ok(reply) => {
                    // Of a body that is still to come nothing is known yet.
                    if matches!(reply, Reply::Whole { .. }) {
                        conditions.answered(call.service);
                    }
                    return Ok((reply, permit));
                }
                Err(Failure::Connection { message, timed_out }) => {
                    // A silent peer has had its time already; one more attempt is enough.
                    if timed_out && attempt > 1 {
                        conditions.silent(call.service);
                        return Err(call.error(ErrorClass::Connection, message));
                    }
                    (call.error(ErrorClass::Connection, message), None, true)
                }
                Err(Failure::Request(message)) => return Err(call.error(ErrorClass::Input, message)),
                Err(Failure::TooLarge) => return Err(call.error(ErrorClass::Malformed, TOO_LARGE)),
            };
            if !again {
                conditions.answered(call.service);
                return Err(problem);
            }
            if attempt >= attempts {
                conditions.failed(call.service);
                return Err(problem);
            }
            tokio::time::sleep(retry::pause(attempt, retry_after.as_deref())).await;
            attempt += 1;
        }
    }

    async fn reply(&self, outgoing: &Outgoing, open: bool) -> Result<Reply, Failure> {
        let mut incoming = self.attempt(outgoing).await?;
        if open && incoming.status < 300 {
            return Ok(Reply::Open(incoming));
        }
        let (status, headers) = (incoming.status, std::mem::take(&mut incoming.headers));
        Ok(Reply::Whole { status, headers, body: incoming.whole().await? })
    }

    pub(super) async fn attempt(&self, outgoing: &Outgoing) -> Result<Incoming, Failure> {
        self.attempt_within(outgoing, self.inner.timeout).await
    }

    pub(super) async fn attempt_within(&self, outgoing: &Outgoing, timeout: Duration) -> Result<Incoming, Failure> {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        transport::send(&self.inner.http, outgoing, timeout, &self.inner.turns).await
    }

    pub(super) async fn permit(&self, operation: &str) -> Result<OwnedSemaphorePermit, AwsError> {
        let permit = Arc::clone(&self.inner.permits).acquire_owned().await;
        permit.map_err(|_| outside(operation, ErrorClass::Connection, "the client is closed"))
    }

    /// Adds what every request carries, and the signature.
    fn signed(
        &self,
        call: &Call,
        scope: &Scope,
        credentials: &Credentials,
        wire: &WireRequest,
        body: Option<&RequestBody>,
    ) -> Outgoing {
        let moment = Timestamp::now();
        let payload = match body {
            Some(body) => body.digest.clone().unwrap_or_else(|| sign::UNSIGNED_PAYLOAD.to_owned()),
            None => sign::sha256_hex(&wire.body),
        };
        let mut headers = wire.headers.clone();
        // The length is the transport's business.
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
        headers.push(("x-amz-date".to_owned(), sign::amz_date(moment)));
        let service = call.model.signing_name();
        if service == "s3" {
            headers.push(("x-amz-content-sha256".to_owned(), payload.clone()));
        }
        if call.shape.needs_checksum() && body.is_none() {
            headers.push(("Content-MD5".to_owned(), STANDARD.encode(Md5::digest(&wire.body))));
        }
        if let Some(token) = &credentials.session_token {
            headers.push(("x-amz-security-token".to_owned(), token.clone()));
        }
        headers.extend(self.inner.accounts.header(&scope.account));
        let mut signing_headers = headers.clone();
        signing_headers.push(("host".to_owned(), self.inner.host.clone()));
        let authorization = sign::authorization(
            credentials,
            &Signable {
                method: &wire.method,
                path: &wire.path,
                query: &wire.query,
                headers: &signing_headers,
                payload: &payload,
                region: &scope.region,
                service,
                moment,
            },
        );
        headers.push(("authorization".to_owned(), authorization));
        let query = encode_query(&wire.query);
        let mark = if query.is_empty() { "" } else { "?" };
        Outgoing {
            method: wire.method.clone(),
            url: format!("{}{}{mark}{query}", self.inner.base, wire.path),
            headers,
            body: match body {
                Some(body) => Outbody::Stream(body.clone()),
                None => Outbody::Whole(wire.body.clone()),
            },
        }
    }
}

/// What is said of an answer larger than [`transport::MAX_PARSED_BODY`].
pub(super) const TOO_LARGE: &str = "the answer is larger than podex reads into memory";

/// What is said of a call that was not made.
pub(super) const GIVEN_UP: &str = "not asked, as the service had stopped answering";
