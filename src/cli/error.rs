//! What a command can fail with.

use crate::instance::InstanceError;
use crate::ops::{EXIT_FAILED, EXIT_USAGE, OpError};
use crate::store::StoreError;
use crate::tree::TreeError;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The operation failed.
    #[error(transparent)]
    Op(#[from] OpError),
    /// Standard output or input failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The request makes no sense as typed.
    #[error("{0}")]
    Usage(String),
    /// The explorer failed; the code is its own.
    #[error("{message}")]
    Explorer {
        /// For people.
        message: String,
        /// The process's exit code.
        code: u8,
    },
}

impl CliError {
    /// A request that makes no sense as typed.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// The process's exit code.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Op(error) => error.exit_code(),
            Self::Usage(_) => EXIT_USAGE,
            Self::Explorer { code, .. } => *code,
            // Who reads our output has seen enough: not a failure of ours.
            Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Self::Io(_) => EXIT_FAILED,
        }
    }

    /// Whether it is worth a line at all.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Op(error.into())
    }
}

impl From<InstanceError> for CliError {
    fn from(error: InstanceError) -> Self {
        Self::Op(error.into())
    }
}

impl From<TreeError> for CliError {
    fn from(error: TreeError) -> Self {
        Self::Op(error.into())
    }
}
