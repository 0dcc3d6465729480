//! Secrets in shared pods: what is left out of a version on its way to a remote, and put back on its way from there.
//!
//! A version with secrets is pushed as a twin of itself that has markers in their places. Both are in the store, and
//! so is the note that they are twins ([`crate::store::Twin`]): whatever a remote has is compared with the twins,
//! whatever is here is compared with the versions themselves.
//!
//! | file | what it does |
//! |---|---|
//! | `policy` | what becomes of secrets, by the remote's settings |
//! | `redact` | finds the secrets of documents, and puts markers in their places |
//! | `scan` | finds keys where nobody marked them |
//! | `outgoing` | makes the twins that are pushed |
//! | `incoming` | makes versions of the twins that are pulled |
//! | `border` | both, as a transfer needs them |
//! | `held` | counts the secrets of a version, and what was left out of it |
//! | `keys` | encrypts to public keys, opens with private ones |
//! | `supply` | gives an inject the values that its pod lacks |
//! | `file` | values that a person gives |
//! | `tally` | what was left out, in a sentence |

mod border;
mod file;
mod held;
mod incoming;
mod keys;
mod outgoing;
mod policy;
mod redact;
mod scan;
mod supply;
mod tally;
#[cfg(test)]
mod tests;

pub(super) use border::{SecretsBorder, local_twin};
pub(super) use file::SecretsFile;
pub(super) use held::held;
pub(super) use keys::{Keys, Recipients};
pub(super) use policy::Policy;
pub use supply::MissingSecret;
pub(super) use supply::{Sources, Supplied, supply};
pub use tally::Tally;
