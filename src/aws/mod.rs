//! A generic AWS client driven by API models: protocols, signing, paging, HTTP.
//!
//! It takes (scope, service, operation, JSON input) and gives JSON output. Conventions of that JSON: member
//! names as in botocore's models; blobs are base64 strings; timestamps are RFC 3339 strings in UTC; members
//! bound to headers, URI or payload appear under their member names like all others.

mod accounts;
mod body;
mod classify;
mod client;
mod endpoint;
mod error;
#[cfg(test)]
mod faults;
mod model;
mod options;
mod pages;
mod patience;
mod plain;
pub mod protocol;
mod retry;
mod sign;
mod stream;
mod timestamp;
mod transport;
mod verbatim;
pub(crate) mod xml;

pub use body::{Embedded, RequestBody};
pub use client::Client;
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use error::{AwsError, ErrorClass};
pub use options::{AccountMode, ClientOptions, Scope};
pub use pages::{Pages, Turns};
pub use patience::DEFAULT_TIMEOUT;
pub use stream::ByteStream;
