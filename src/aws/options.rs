//! How an instance is reached, and for whom.

use std::time::Duration;

use super::Endpoint;

/// How an emulator is told which account a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AccountMode {
    /// The access key id is the account id (LocalStack, ministack).
    #[default]
    AccessKey,
    /// Header `x-moto-account-id` (moto).
    MotoHeader,
    /// `sts:AssumeRole` into `arn:aws:iam::<account>:role/podex`, sessions cached (anything else).
    AssumeRole,
}

/// How to reach an instance.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where.
    pub endpoint: Endpoint,
    /// Requests under way at once, over all clones of the client.
    pub concurrency: usize,
    /// How accounts are chosen.
    pub account_mode: AccountMode,
    /// How long an answer may stay silent; [`super::DEFAULT_TIMEOUT`] unless the user says otherwise.
    pub timeout: Duration,
}

/// The account and region one call is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    /// An AWS region; `us-east-1` for global services.
    pub region: String,
}
