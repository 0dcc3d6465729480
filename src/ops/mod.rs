//! One file per use case over a [`Context`]. The commands and the explorer call the same functions and see the
//! same [`Event`](crate::event::Event)s. Nothing here prints.

use crate::catalog::Catalog;
use crate::pod::Author;
use crate::store::Store;

mod commit;
mod diff;
mod error;
mod history;
mod inject;
mod instances;
mod paths;
mod share;

pub use commit::{CommitArgs, CommitOutcome, commit};
pub use diff::{DiffOutcome, StatusOutcome, diff, resolve, status};
pub use error::OpError;
pub use history::{PodSummary, VersionSummary, delete, pods, rename, versions};
pub use inject::{InjectArgs, InjectOutcome, PreparedInject, apply_inject, prepare_inject, prepare_undo};
pub use instances::{ManagedInstance, instance_list, instance_start, instance_stop};
pub use paths::Paths;
pub use share::{RemotePod, pull, push, remote_add, remote_list, remote_pods, remote_remove};

/// What every operation needs. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The local version store.
    pub store: Store,
    /// Where podex keeps things.
    pub paths: Paths,
    /// The resource types.
    pub catalog: &'static Catalog,
    /// Who makes commits.
    pub author: Author,
    /// The live instance's endpoint.
    pub endpoint: crate::aws::Endpoint,
    /// Accounts captured; empty means the default one.
    pub accounts: Vec<String>,
    /// Regions captured; empty means all that hold something.
    pub regions: Vec<String>,
}
