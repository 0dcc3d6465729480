//! What an operation can fail with; each knows its exit code.

use crate::instance::InstanceError;
use crate::pod::{InvalidName, ReferenceError};
use crate::remote::RemoteError;
use crate::store::StoreError;

/// A failed operation.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// The instance.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A remote.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A malformed reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A malformed name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The configuration file, or where it should be.
    #[error("{0}")]
    Config(String),
    /// The request makes no sense as asked: what, and what to do instead.
    #[error("{0}")]
    Request(String),
}

impl OpError {
    /// The process's exit code: 1 failed, 2 usage, 4 conflict or diverged.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Remote(RemoteError::Diverged { .. } | RemoteError::BothMoved { .. })
            | Self::Store(StoreError::HeadMoved { .. }) => 4,
            Self::Reference(_) | Self::Name(_) => 2,
            _ => 1,
        }
    }

    /// Whether the user cancelled it.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Instance(InstanceError::Cancelled) | Self::Remote(RemoteError::Cancelled))
    }
}
