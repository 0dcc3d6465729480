//! What becomes of secrets on their way to a remote.

use crate::catalog::Catalog;
use crate::ops::OpError;
use crate::pod::{Digest, canonical_json};
use crate::remote::{RemoteConfig, SecretsMode};

/// Raised when the rules that are code (what looks like a secret) find more than before: what was pushed under the
/// old ones is then looked through again.
const RULES: u32 = 2;

/// What becomes of secrets, and to whom they are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of them.
    pub mode: SecretsMode,
    /// Public keys; none unless they are encrypted.
    pub recipients: Vec<String>,
}

impl Policy {
    /// Nothing is left out.
    pub(in crate::ops) const NONE: Self = Self { mode: SecretsMode::Include, recipients: Vec::new() };

    /// What a remote's settings say, unless `mode` is given.
    ///
    /// # Errors
    /// When secrets are to be encrypted, but to nobody.
    pub fn of(config: &RemoteConfig, mode: Option<SecretsMode>) -> Result<Self, OpError> {
        let mode = mode.unwrap_or_else(|| config.secrets_mode());
        let recipients = if mode == SecretsMode::Encrypt { config.recipients.clone() } else { Vec::new() };
        if mode == SecretsMode::Encrypt && recipients.is_empty() {
            return Err(OpError::Request(format!(
                "nobody could open what is encrypted for {0}: add it again with --recipient KEY, as in 'podex remote remove {0}', then 'podex remote add {0} {1} --recipient \"$(cat ~/.ssh/id_ed25519.pub)\"'",
                config.name, config.url
            )));
        }
        Ok(Self { mode, recipients })
    }

    /// The same for a file, which has no settings of its own.
    ///
    /// # Errors
    /// When secrets are to be encrypted, but to nobody.
    pub(in crate::ops) fn to(mode: SecretsMode, recipients: Vec<String>) -> Result<Self, OpError> {
        if (mode == SecretsMode::Encrypt) == recipients.is_empty() {
            let reason = "--secrets encrypt and --recipient KEY, a public key that opens them, belong together";
            return Err(OpError::Usage(reason.to_owned()));
        }
        Ok(Self { mode, recipients })
    }

    /// Equal ones leave out the same.
    pub(super) fn digest(&self, catalog: &Catalog) -> Digest {
        let mut recipients = self.recipients.clone();
        recipients.sort_unstable();
        Digest::of(&canonical_json(&(RULES, self.mode, recipients, catalog.secret_rules())))
    }
}
