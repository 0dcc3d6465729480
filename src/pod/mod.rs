//! The domain, pure: no I/O, no async, no terminal.
//!
//! A [`Document`] is one resource's canonical JSON under its [`ResourceKey`]; a [`Commit`] names the
//! two trees that hold every document of one capture; a [`Reference`] is how people name commits.

mod arn;
mod change;
mod commit;
mod digest;
mod document;
mod key;
mod merge;
mod metamodel;
mod name;
mod nearest;
mod packed;
mod patch;
mod pattern;
mod reference;
mod rename;
mod secret;
mod token;

pub use arn::Arn;
pub use change::{Change, ChangeKind, PropertyChange, Reading, diff_documents, diff_values};
pub use commit::{
    Author, COMMIT_FORMAT, CaptureReport, Commit, CommitError, InstanceInfo, TypeOutcome, TypeReport, Withheld,
};
pub use digest::{Digest, ParseDigestError};
pub use document::{BlobRef, Document, Observed, canonical_json};
pub use key::{GLOBAL_REGION, ResourceKey};
pub use merge::{Conflict, Merge, MergeRule, MergeRules, Side, merge_documents, settle};
pub use metamodel::{Arrangement, Grouping, Leaf, Metamodel, Node, NodeId, NodeKind, Sorting};
pub use name::{InvalidName, PodName, RemoteName, TagName};
pub use nearest::nearest;
pub use packed::Packed;
pub use patch::{PatchOp, patch, pointer};
pub use pattern::{EmptyPattern, Pattern};
pub use reference::{Reference, ReferenceError, Selector};
pub use rename::{Rename, renames};
pub use secret::{Marker, Salt, at, each_marker, fill_in, property};
pub use token::{Token, literal_escape, replace_tokens, tokens_in};
