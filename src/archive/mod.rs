//! A version as one file: podex's open form, and what LocalStack exports.
//!
//! The open form is a tar or zip of plain folders that any tool can read:
//!
//! ```text
//! podex.json                                  {"format": 1, "pod": "shop", "commit": {…}}
//! blobs/sha256/<digest>                       bytes, once each
//! documents/<account>/<region>/<service>/<type>/<name…>.json
//!                                             {"key": …, "attributes": …, "blobs": …, "observed": …}
//! ```
//!
//! The key inside a document says what it is; its path is for people, escaped so that no name becomes a path of its
//! own. Reading writes into the store only, never to a path that a file names.

mod container;
mod localstack;
mod names;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

pub use localstack::{NATIVE_BLOB, NATIVE_KIND, NATIVE_WHOLE, read_native, write_native};
pub use read::{Adopt, Imported, Origin, import};
pub use write::{export, export_json};

use crate::store::StoreError;

/// The open form's version.
pub const FORMAT: u32 = 1;

/// The kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Container {
    /// A tape archive, uncompressed: pack it as you like.
    Tar,
    /// A zip archive; documents are compressed.
    Zip,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file itself.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// Neither a tar nor a zip.
    #[error("{}: this is neither a tar nor a zip archive{hint}", file.display())]
    NoArchive {
        /// The file.
        file: PathBuf,
        /// What it seems to be, and what to do.
        hint: &'static str,
    },
    /// An archive of something else.
    #[error(
        "{}: this holds no pod: neither podex.json, as 'podex export' writes it, nor the api_states of a LocalStack export",
        file.display()
    )]
    NoPod {
        /// The file.
        file: PathBuf,
    },
    /// A member whose name leads out of the archive, or is no name.
    #[error("the archive holds a member named {name:?}, which {reason}: it was made to do harm or is damaged")]
    UnsafeName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A member that is no file: a link, a device.
    #[error("the archive holds {name:?}, which is a {what}: only files and folders belong in a pod")]
    NoFile {
        /// The member.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// Far more content than the file's size explains.
    #[error("the archive unpacks to more than {limit} bytes from {size}: this looks like a decompression bomb")]
    Bomb {
        /// Bytes in the file.
        size: u64,
        /// The most that is unpacked of such a file.
        limit: u64,
    },
    /// More members, or a larger document, than any pod has.
    #[error("the archive holds {what}, more than podex reads")]
    TooLarge {
        /// What is too large.
        what: String,
    },
    /// Written by a newer podex.
    #[error("the archive has format {found}, newer than this podex understands ({FORMAT}): update podex")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A member that is not what its place says.
    #[error("{name} in the archive: {reason}")]
    Malformed {
        /// The member.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A document refers to bytes that are not there, or differ from their name.
    #[error("{name} in the archive: {reason}")]
    Blob {
        /// Its path.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The documents are not those of the commit.
    #[error("the archive's documents are not those its commit names: it was changed, or is damaged")]
    OtherState,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
}
