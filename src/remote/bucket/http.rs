//! Lends the object store our HTTP client, so that proxies, certificates and timeouts are those of every remote.

use std::time::Duration;

use http_body_util::BodyExt;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};

use crate::remote::client::deepest;

/// Without a byte moving for this long a request has stalled.
pub(super) const STALL: Duration = Duration::from_secs(60);

/// Our client, as the object store wants it.
#[derive(Clone, Debug)]
pub(super) struct Transport(pub(super) reqwest::Client);

/// What went wrong, without the URL, which may hold a signature.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string().parse().map_err(|_| {
            HttpError::new(HttpErrorKind::Unknown, Broken("the address of an object is malformed".to_owned()))
        })?;
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.body_mut() = Some(match body.as_bytes() {
            Some(bytes) => bytes.clone().into(),
            None => reqwest::Body::wrap(body),
        });
        let response = self.0.execute(request).await.map_err(broken)?;
        let (head, body) = http_response(response);
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body.map_err(broken))))
    }
}

/// A response taken apart.
fn http_response(response: reqwest::Response) -> (hyper::http::response::Parts, reqwest::Body) {
    hyper::http::Response::<reqwest::Body>::from(response).into_parts()
}

fn broken(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, Broken(deepest(&error)))
}
