//! The client itself.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;

use super::{AwsError, Endpoint};

/// A body that arrives piece by piece.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, AwsError>> + Send>>;

/// A request body that can be sent again when the request is retried.
#[derive(Clone)]
pub struct RequestBody {
    /// Length in bytes.
    pub size: u64,
    /// Opens the content from its start; called once per attempt.
    pub open: Arc<dyn Fn() -> std::io::Result<Box<dyn std::io::Read + Send>> + Send + Sync>,
}

/// How an emulator is told which account a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AccountMode {
    /// The access key id is the account id (LocalStack, ministack).
    #[default]
    AccessKey,
    /// Header `x-moto-account-id` (moto).
    MotoHeader,
    /// `sts:AssumeRole` into `arn:aws:iam::<account>:role/podex`, sessions cached (anything else).
    AssumeRole,
}

/// How to reach an instance.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where.
    pub endpoint: Endpoint,
    /// Requests under way at once, over all clones of the client.
    pub concurrency: usize,
    /// How accounts are chosen.
    pub account_mode: AccountMode,
}

/// The account and region one call is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    /// An AWS region; `us-east-1` for global services.
    pub region: String,
}

/// Calls AWS operations on one instance. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct Client {}

impl Client {
    /// A client for an instance. Does not connect yet.
    pub fn new(options: ClientOptions) -> Result<Self, AwsError> {
        let _ = options;
        todo!()
    }

    /// The endpoint the client talks to.
    pub fn endpoint(&self) -> &Endpoint {
        todo!()
    }

    /// Calls one operation and parses its whole response. Retries throttling, 5xx and connection errors.
    pub async fn call(&self, scope: &Scope, service: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        let _ = (scope, service, operation, input);
        todo!()
    }

    /// Like [`Client::call`] for an operation whose output payload is a blob: gives the other members and
    /// the payload as a stream.
    pub async fn call_streaming(
        &self,
        scope: &Scope,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<(Value, ByteStream), AwsError> {
        let _ = (scope, service, operation, input);
        todo!()
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
        let _ = (scope, service, operation, input, body);
        todo!()
    }

    /// The pages of a list operation, by the model's paginator; one page where it has none.
    pub fn pages(&self, scope: &Scope, service: &str, operation: &str, input: Value) -> Pages {
        let _ = (scope, service, operation, input);
        todo!()
    }

    /// A plain unsigned GET, for the instance's own endpoints (`path` starts with `/`): status and whole body.
    /// Not retried; bounded in size and time.
    pub async fn get(&self, path: &str) -> Result<(u16, Bytes), AwsError> {
        let _ = path;
        todo!()
    }

    /// The content behind an absolute URL on the instance's own host (a function's `Code.Location`).
    /// Any other host is refused.
    pub async fn download(&self, url: &str) -> Result<ByteStream, AwsError> {
        let _ = url;
        todo!()
    }

    /// HTTP requests made so far, retries included.
    pub fn requests_made(&self) -> u64 {
        todo!()
    }
}

/// The pages of a list operation.
pub struct Pages {}

impl Pages {
    /// The next page; None behind the last. A token that repeats, or too many pages, is an error.
    pub async fn next(&mut self) -> Option<Result<Value, AwsError>> {
        todo!()
    }
}
