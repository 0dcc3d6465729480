//! One file per use case over a [`Context`]. The commands and the explorer call the same functions and see the
//! same [`Event`](crate::event::Event)s. Nothing here prints.

mod archive;
mod author;
mod bisect;
mod blame;
mod blob_facts;
mod blocking;
mod browse;
mod capture;
mod commit;
mod compare;
mod config;
mod context;
mod demo;
mod diff;
mod error;
mod history;
mod inject;
mod inspect;
mod instances;
mod listing;
mod look;
mod merge;
mod native;
mod patch;
mod paths;
mod referrers;
mod resolve;
mod scan;
mod secrets;
mod share;
mod snapshot;
mod status;
mod storage;
mod verify;

pub use archive::{ExportForm, ExportSecrets, Exported, export, import};
pub use bisect::{BisectOutcome, Verdict, bisect};
pub use blame::{Blame, Touched, blame, last_change, versions_touching};
pub use blob_facts::{BlobFacts, Member, blob_facts};
pub use browse::{Browsed, browse};
pub use commit::{CommitArgs, CommitOutcome, commit};
pub use config::{Config, TIMEOUT_SECONDS, config_add_remote, config_remove_remote, config_set_theme};
pub use context::{Context, EndpointOrigin, Overrides};
pub use demo::{Demo, DemoSummary, demo, write_samples};
pub use diff::{DiffOutcome, Side, diff, observed_changes, resolve};
pub use error::{EXIT_CANCELLED, EXIT_CONFLICT, EXIT_DIFFERENT, EXIT_FAILED, EXIT_PARTLY, EXIT_USAGE, OpError};
pub use history::{
    PodSummary, VersionSummary, delete, delete_version, fork, operations, pods, rename, tag, untag, versions,
};
pub use inject::{InjectArgs, InjectOutcome, NativeInject, PreparedInject, apply_inject, prepare_inject, prepare_undo};
pub use inspect::{Found, find, mask};
pub use instances::{ManagedInstance, instance_list, instance_start, instance_stop};
pub use listing::pods_with_versions;
pub use look::{Before, Look};
pub use merge::{MergeArgs, MergeKind, MergeOutcome, merge};
pub use patch::diff_patch;
pub use paths::Paths;
pub use referrers::{Referrer, referrers};
pub use resolve::{Choice, Resolution, Take, Target, choose, finish_resolution, resolution, take_back};
pub use scan::scan;
pub use secrets::{MissingSecret, Tally};
pub use share::{
    PushOutcome, RemotePod, fetch, pull, push, remote_add, remote_history, remote_list, remote_login, remote_open,
    remote_pods, remote_remove,
};
pub use snapshot::Snapshot;
pub use status::{StatusOutcome, status};
pub use storage::{fsck, gc, repair, store_stats};
pub use verify::{TypeFidelity, VerifyOn, VerifyOutcome, verify};

pub(crate) use error::hint;
use error::unknown_remote;
