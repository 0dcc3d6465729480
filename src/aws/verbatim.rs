//! A request whose path goes out exactly as it is. reqwest's URLs resolve `.` and `..`, also when they are
//! percent-encoded, so an object called `a/../b` cannot be named by one. Such keys are rare: each request has a
//! connection of its own.

use std::time::Duration;

use hyper::Request;
use hyper::http::uri::Uri;
use hyper_util::rt::TokioIo;
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use reqwest::{Body, Method, Response, Url};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::patience::CONNECT_TIMEOUT;
use super::transport::{Failure, silent};

/// Sends a request for `target` (path and query) to the host of `url`; the head of the answer is waited for as long as
/// `patience`.
pub(super) async fn send(
    url: &Url,
    target: &str,
    method: Method,
    mut headers: HeaderMap,
    body: Body,
    patience: Duration,
) -> Result<Response, Failure> {
    let refuse = |why: &str| Failure::Request(format!("a path with '.' or '..' in it cannot be sent: {why}"));
    if url.scheme() != "http" {
        return Err(refuse("that works over plain http only"));
    }
    let target: Uri = target.parse().map_err(|_| refuse("it is no path"))?;
    headers.insert(HOST, HeaderValue::from_str(url.authority()).map_err(|_| refuse("the host is no header"))?);
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;

    let broken = |message: String| Failure::Connection { message, timed_out: false };
    let addresses = url.socket_addrs(|| None).map_err(|error| broken(error.to_string()))?;
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(addresses.as_slice()))
        .await
        .map_err(|_| silent(CONNECT_TIMEOUT))?;
    let stream = stream.map_err(|error| broken(error.to_string()))?;
    // Small requests wait for nothing. Where that cannot be set, they are only slower.
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(error.to_string()))?;
    // Ends with the response body; its errors show there.
    tokio::spawn(connection);
    let response = timeout(patience, sender.send_request(request)).await.map_err(|_| silent(patience))?;
    Ok(Response::from(response.map_err(|error| broken(error.to_string()))?.map(Body::wrap)))
}
