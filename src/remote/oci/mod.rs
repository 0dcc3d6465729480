//! An OCI registry as a remote.

mod credentials;

pub use credentials::CredentialFiles;
