//! Requests that are no AWS calls: the instance's own endpoints, and downloads by URL.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;

use super::client::{GIVEN_UP, TOO_LARGE};
use super::stream::byte_stream;
use super::transport::{self, Failure, Outbody, Outgoing};
use super::{AwsError, ByteStream, Client, ErrorClass, RequestBody, classify, retry};

/// How long a plain [`Client::get`] may take.
const GET_TIMEOUT: Duration = Duration::from_secs(15);

/// The service that requests count as which are no AWS calls.
const INSTANCE: &str = "instance";

impl Client {
    /// A plain unsigned GET, for the instance's own endpoints (`path` starts with `/`): status and whole body.
    /// Not retried; bounded in size and time.
    pub async fn get(&self, path: &str) -> Result<(u16, Bytes), AwsError> {
        let outgoing = plain_get(format!("{}{path}", self.inner.base));
        let work = async {
            let _permit = self.permit("GET").await?;
            let incoming = self.attempt(&outgoing).await.map_err(|failure| plain_error("GET", failure))?;
            let status = incoming.status;
            Ok((status, incoming.whole().await.map_err(|failure| plain_error("GET", failure))?.bytes))
        };
        tokio::time::timeout(GET_TIMEOUT, work)
            .await
            .unwrap_or_else(|_| Err(outside("GET", ErrorClass::Connection, "no answer in time")))
    }

    /// Whether anything comes back for a plain GET within `limit`. Takes no turn among the client's requests: it is
    /// asked just when calls that are not answered hold them all.
    pub async fn answers(&self, path: &str, limit: Duration) -> bool {
        let outgoing = plain_get(format!("{}{path}", self.inner.base));
        matches!(tokio::time::timeout(limit, self.attempt(&outgoing)).await, Ok(Ok(_)))
    }

    /// An unsigned request to the instance's own endpoints (`target` is path and query), whatever comes of it: the
    /// status, and the body as it arrives. Not retried; its answer may stay silent for `timeout`.
    pub async fn plain(
        &self,
        method: &str,
        target: &str,
        headers: Vec<(String, String)>,
        body: Option<RequestBody>,
        timeout: Duration,
    ) -> Result<(u16, ByteStream), AwsError> {
        let permit = self.permit(method).await?;
        let body = body.map_or_else(|| Outbody::Whole(Bytes::new()), Outbody::Stream);
        let url = format!("{}{target}", self.inner.base);
        let outgoing = Outgoing { method: method.to_owned(), url, headers, body };
        let sent = self.attempt_within(&outgoing, timeout).await;
        let incoming = sent.map_err(|failure| plain_error(method, failure))?;
        Ok((incoming.status, byte_stream(self, INSTANCE, method, incoming, permit)))
    }

    /// The content behind an absolute URL on the instance's own host (a function's `Code.Location`).
    /// Any other host is refused.
    pub async fn download(&self, url: &str) -> Result<ByteStream, AwsError> {
        let error = |class, message: &str| outside("download", class, message);
        let parsed = Url::parse(url).map_err(|_| error(ErrorClass::Input, "this is not a URL"))?;
        let own = self.inner.endpoint.url();
        if parsed.origin() != own.origin() && !(transport::is_loopback(&parsed) && is_web(&parsed)) {
            return Err(error(ErrorClass::Input, "the URL leads to another host than the instance's"));
        }
        // Emulators name themselves as they see themselves, which need not be how they are reached from here.
        let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.fetch(&format!("{}{query}", parsed.path())).await
    }

    /// The content at a path of the instance's own (`path` starts with `/`), unsigned.
    pub async fn fetch(&self, path: &str) -> Result<ByteStream, AwsError> {
        let error = |class, message: &str| outside("download", class, message);
        let outgoing = plain_get(format!("{}{path}", self.inner.base));
        let permit = self.permit("download").await?;
        let conditions = &self.inner.conditions;
        let mut attempt = 1;
        loop {
            let attempts = conditions.attempts(INSTANCE);
            if attempts == 0 {
                return Err(error(ErrorClass::Connection, GIVEN_UP));
            }
            let problem = match self.attempt(&outgoing).await {
                Ok(incoming) if incoming.status < 300 => {
                    return Ok(byte_stream(self, INSTANCE, "download", incoming, permit));
                }
                Ok(incoming) => {
                    let class = classify::class(incoming.status, None, None, "");
                    let message = format!("HTTP status {}", incoming.status);
                    AwsError { status: Some(incoming.status), ..error(class, &message) }
                }
                Err(failure) => {
                    if attempt > 1 && matches!(failure, Failure::Connection { timed_out: true, .. }) {
                        conditions.silent(INSTANCE);
                        return Err(plain_error("download", failure));
                    }
                    plain_error("download", failure)
                }
            };
            let again = match problem.status {
                Some(status) => retry::is_worth_it(status, problem.class, &problem.message),
                None => problem.class == ErrorClass::Connection,
            };
            if !again {
                return Err(problem);
            }
            if attempt >= attempts {
                conditions.failed(INSTANCE);
                return Err(problem);
            }
            tokio::time::sleep(retry::pause(attempt, None)).await;
            attempt += 1;
        }
    }

    /// A plain unsigned request with a body, to a path of the instance's own (`path` starts with `/`). Done only where the
    /// answer says that it is created or accepted for good (200, 201, 204); not retried.
    pub async fn upload(&self, method: &str, path: &str, media_type: &str, body: RequestBody) -> Result<(), AwsError> {
        let outgoing = Outgoing {
            method: method.to_owned(),
            url: format!("{}{path}", self.inner.base),
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            body: Outbody::Stream(body),
        };
        let _permit = self.permit(method).await?;
        let incoming = self.attempt(&outgoing).await.map_err(|failure| plain_error(method, failure))?;
        let status = incoming.status;
        if matches!(status, 200 | 201 | 204) {
            return Ok(());
        }
        let class = classify::class(status, None, None, "");
        let message = format!("HTTP status {status} for {path}");
        Err(AwsError { status: Some(status), ..outside(method, class, message) })
    }
}

fn plain_get(url: String) -> Outgoing {
    Outgoing { method: "GET".to_owned(), url, headers: Vec::new(), body: Outbody::Whole(Bytes::new()) }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// An error of a request that is no AWS call.
pub(super) fn outside(operation: &str, class: ErrorClass, message: impl Into<String>) -> AwsError {
    AwsError {
        class,
        service: INSTANCE.to_owned(),
        operation: operation.to_owned(),
        code: None,
        status: None,
        message: message.into(),
    }
}

pub(super) fn plain_error(operation: &str, failure: Failure) -> AwsError {
    match failure {
        Failure::Connection { message, .. } => outside(operation, ErrorClass::Connection, message),
        Failure::Request(message) => outside(operation, ErrorClass::Input, message),
        Failure::TooLarge => outside(operation, ErrorClass::Malformed, TOO_LARGE),
    }
}
