//! What an operation can fail with; each knows its exit code.

use super::EndpointOrigin;
use crate::instance::InstanceError;
use crate::instance::native::NativeError;
use crate::pod::{InvalidName, PodName, ReferenceError, RemoteName};
use crate::remote::{RemoteConfig, RemoteError};
use crate::store::StoreError;
use crate::tree::TreeError;

/// Exit code of an operation that failed.
pub const EXIT_FAILED: u8 = 1;
/// Exit code of a request that makes no sense, or that needs a terminal where there is none.
pub const EXIT_USAGE: u8 = 2;
/// Exit code of `diff`, `status` and `--dry-run` under `--exit-code` where there are differences.
pub const EXIT_DIFFERENT: u8 = 3;
/// Exit code of a conflict or of histories that have parted.
pub const EXIT_CONFLICT: u8 = 4;
/// Exit code of an operation that did a part of its work; its report says what was left.
pub const EXIT_PARTLY: u8 = 5;
/// Exit code of an operation that the user interrupted: 128 and the number of SIGINT.
pub const EXIT_CANCELLED: u8 = 130;

/// A failed operation.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// Nothing answers at the endpoint.
    #[error("{source}\n({origin})")]
    NoInstance {
        /// What was tried and what happened.
        source: Box<InstanceError>,
        /// Who named the endpoint.
        origin: EndpointOrigin,
    },
    /// The instance.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A remote.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A file that a version is written to or read from.
    #[error(transparent)]
    Archive(Box<crate::archive::ArchiveError>),
    /// A malformed reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A malformed name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The configuration file, or where it should be.
    #[error("{0}")]
    Config(String),
    /// The request cannot be met: what, and what to do instead.
    #[error("{0}")]
    Request(String),
    /// The request is malformed: what, and what to do instead.
    #[error("{0}")]
    Usage(String),
    /// The instance and the pod changed the same things differently.
    #[error(
        "the emulator and the pod both changed, since they were last the same:\n  {}\nnothing was touched: commit the emulator to a pod and merge the two with 'podex merge', or choose another strategy",
        .places.join("\n  ")
    )]
    InstanceConflicts {
        /// `service/type/name: property`.
        places: Vec<String>,
    },
    /// The commit has conflicts that are not settled.
    #[error("{named} has conflicts ({count}): settle them with 'podex resolve {pod}'")]
    Conflicted {
        /// As the user called it.
        named: String,
        /// Its pod.
        pod: PodName,
        /// How many.
        count: usize,
    },
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<TreeError> for OpError {
    fn from(error: TreeError) -> Self {
        Self::Store(error.into())
    }
}

impl From<NativeError> for OpError {
    fn from(error: NativeError) -> Self {
        match error {
            NativeError::Cancelled => Self::Cancelled,
            error => Self::Instance(error.into()),
        }
    }
}

impl OpError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Remote(RemoteError::Behind { .. } | RemoteError::Diverged { .. } | RemoteError::BothMoved { .. })
            | Self::Store(StoreError::HeadMoved { .. })
            | Self::Conflicted { .. }
            | Self::InstanceConflicts { .. } => EXIT_CONFLICT,
            Self::Reference(_)
            | Self::Name(_)
            | Self::Usage(_)
            | Self::Instance(InstanceError::UnknownService { .. })
            | Self::Remote(RemoteError::Url { .. }) => EXIT_USAGE,
            _ if self.is_cancelled() => EXIT_CANCELLED,
            _ => EXIT_FAILED,
        }
    }

    /// Whether the user cancelled it.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Instance(InstanceError::Cancelled) | Self::Remote(RemoteError::Cancelled)
        )
    }
}

/// The error for a remote that is not configured, with the nearest names.
pub(super) fn unknown_remote(name: &RemoteName, configured: &[RemoteConfig]) -> OpError {
    let names: Vec<&str> = configured.iter().map(|remote| remote.name.as_str()).collect();
    let hint = match names.is_empty() {
        true => "; add one with 'podex remote add NAME URL'".to_owned(),
        false => hint(name.as_str(), &names),
    };
    OpError::Request(format!("there is no remote {name}{hint}"))
}

/// `; did you mean a or b?` with the candidates nearest to `wanted`; where none is near and they are few,
/// `; there are a, b and c`.
pub(crate) fn hint(wanted: &str, candidates: &[&str]) -> String {
    /// More names than these are no help in one line.
    const FEW: usize = 12;
    let nearest = crate::pod::nearest(wanted, candidates.iter().copied());
    if !nearest.is_empty() {
        format!("; did you mean {}?", nearest.join(" or "))
    } else if !candidates.is_empty() && candidates.len() <= FEW {
        format!("; there is {}", candidates.join(", "))
    } else {
        String::new()
    }
}
