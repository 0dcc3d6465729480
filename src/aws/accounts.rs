//! Who calls are signed as, so that they reach the account they are for.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Mutex;

use super::sign::Credentials;
use super::{AccountMode, AwsError, Client, ErrorClass, Scope};

/// How long an assumed session is used. Services grant an hour.
const SESSION_LIFETIME: Duration = Duration::from_secs(45 * 60);
/// What emulators take when nothing else is configured.
const DEFAULT_KEY: &str = "test";

/// The header by which moto is told the account.
const MOTO_ACCOUNT_HEADER: &str = "x-moto-account-id";

/// Finds the credentials of each account.
pub(super) struct Accounts {
    mode: AccountMode,
    base: Credentials,
    sessions: Mutex<HashMap<String, (Credentials, Instant)>>,
}

impl Accounts {
    /// Takes the base credentials from the environment, as every AWS tool does.
    pub fn new(mode: AccountMode) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base = Credentials {
            access_key: variable("AWS_ACCESS_KEY_ID").unwrap_or_else(|| DEFAULT_KEY.to_owned()),
            secret_key: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| DEFAULT_KEY.to_owned()),
            session_token: variable("AWS_SESSION_TOKEN"),
        };
        Self { mode, base, sessions: Mutex::default() }
    }

    /// The header that names the account, where that is how it is named.
    pub fn header(&self, account: &str) -> Option<(String, String)> {
        (self.mode == AccountMode::MotoHeader).then(|| (MOTO_ACCOUNT_HEADER.to_owned(), account.to_owned()))
    }

    /// The credentials for a call in an account.
    pub async fn credentials(&self, client: &Client, scope: &Scope) -> Result<Credentials, AwsError> {
        match self.mode {
            AccountMode::MotoHeader => Ok(self.base.clone()),
            AccountMode::AccessKey => {
                Ok(Credentials { access_key: scope.account.clone(), session_token: None, ..self.base.clone() })
            }
            AccountMode::AssumeRole => {
                // Held while assuming: others for the same account wait for the one session instead of making more.
                let mut sessions = self.sessions.lock().await;
                if let Some((credentials, since)) = sessions.get(&scope.account)
                    && since.elapsed() < SESSION_LIFETIME
                {
                    return Ok(credentials.clone());
                }
                let credentials = self.assume(client, scope).await?;
                sessions.insert(scope.account.clone(), (credentials.clone(), Instant::now()));
                Ok(credentials)
            }
        }
    }

    async fn assume(&self, client: &Client, scope: &Scope) -> Result<Credentials, AwsError> {
        let role = format!("arn:aws:iam::{}:role/podex", scope.account);
        let input = json!({"RoleArn": role, "RoleSessionName": "podex"});
        let output = client.call_as(&self.base, scope, "sts", "AssumeRole", input).await?;
        let field = |name: &str| output["Credentials"][name].as_str().map(str::to_owned);
        match (field("AccessKeyId"), field("SecretAccessKey")) {
            (Some(access_key), Some(secret_key)) => {
                Ok(Credentials { access_key, secret_key, session_token: field("SessionToken") })
            }
            _ => Err(AwsError {
                class: ErrorClass::Malformed,
                service: "sts".to_owned(),
                operation: "AssumeRole".to_owned(),
                code: None,
                status: None,
                message: "the answer holds no credentials".to_owned(),
            }),
        }
    }
}
