//! Answers whose bodies are read while they come.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::plain::plain_error;
use super::transport::{Failure, Incoming};
use super::{AwsError, Client};

/// A body that arrives piece by piece.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, AwsError>> + Send>>;

pub(super) fn byte_stream(
    client: &Client,
    service: &str,
    operation: &str,
    incoming: Incoming,
    permit: OwnedSemaphorePermit,
) -> ByteStream {
    let (client, service, operation) = (client.clone(), service.to_owned(), operation.to_owned());
    Box::pin(stream::try_unfold((incoming, permit), move |(mut incoming, permit)| {
        let (client, service, operation) = (client.clone(), service.clone(), operation.clone());
        async move {
            let conditions = &client.inner.conditions;
            match incoming.chunk().await {
                Ok(Some(chunk)) => Ok(Some((chunk, (incoming, permit)))),
                Ok(None) => {
                    conditions.answered(&service);
                    Ok(None)
                }
                Err(failure) => {
                    if matches!(failure, Failure::Connection { timed_out: true, .. }) {
                        conditions.stalled(&service);
                    }
                    Err(AwsError { service, ..plain_error(&operation, failure) })
                }
            }
        }
    }))
}
