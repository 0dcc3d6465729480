//! Secrets at the border to a remote, as a transfer meets it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::redact::Seal;
use super::{Keys, Policy, Recipients, Tally};
use crate::event::Events;
use crate::ops::blocking::blocking;
use crate::ops::{Context, OpError};
use crate::pod::Digest;
use crate::remote::{Border, RemoteError, SecretsMode};
use crate::store::VersionEntry;

/// Leaves secrets out on the way to a remote, and puts those known here back on the way from it.
pub(in crate::ops) struct SecretsBorder {
    context: Context,
    policy: Policy,
    tally: Mutex<Tally>,
    /// Which commit here stands for which of the remote's, as far as asked.
    here: Arc<Mutex<HashMap<Digest, Digest>>>,
    /// What opens encrypted secrets.
    keys: Arc<OnceLock<Keys>>,
}

impl SecretsBorder {
    pub(in crate::ops) fn new(context: &Context, policy: Policy) -> Self {
        Self { context: context.clone(), policy, tally: Mutex::default(), here: Arc::default(), keys: Arc::default() }
    }

    /// What was left out so far.
    pub(in crate::ops) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Border for SecretsBorder {
    async fn outgoing(
        &self,
        versions: Vec<VersionEntry>,
        theirs: &HashSet<Digest>,
        events: &Events,
    ) -> Result<Vec<VersionEntry>, RemoteError> {
        let (context, policy, events) = (self.context.clone(), self.policy.clone(), events.clone());
        let theirs = theirs.clone();
        let work = move || {
            let recipients = Recipients::parse(&policy.recipients)?;
            let seal = |value: &Value| recipients.seal(value);
            let seal: Option<&Seal<'_>> = if policy.mode == SecretsMode::Encrypt { Some(&seal) } else { None };
            Outgoing::new(&context.store, context.catalog, &policy, seal, theirs, &events)?.versions(versions)
        };
        let (versions, tally) = blocking(work).await.map_err(refused)?;
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
        Ok(versions)
    }

    async fn known(&self, mut commits: Vec<Digest>, theirs: &HashSet<Digest>) -> Result<Vec<Digest>, RemoteError> {
        let twins = self.context.store.twins()?;
        for commit in &mut commits {
            let there = twins.published(commit).iter().find(|twin| theirs.contains(*twin));
            *commit = there.copied().unwrap_or(*commit);
        }
        Ok(commits)
    }

    async fn incoming(&self, published: Digest, events: &Events) -> Result<Digest, RemoteError> {
        let (context, events) = (self.context.clone(), events.clone());
        let (here, keys) = (self.here.clone(), self.keys.clone());
        let work = move || {
            let mut here = here.lock().unwrap_or_else(PoisonError::into_inner);
            let keys = keys.get_or_init(|| Keys::of(&context, &events));
            let open = |sealed: &str| keys.open(sealed);
            Incoming { store: &context.store, open: &open, events: &events }.local(published, &mut here)
        };
        blocking(work).await.map_err(refused)
    }
}

/// The commit that stands here for one that was fetched from a remote; made where there is none yet.
pub(in crate::ops) async fn local_twin(
    context: &Context,
    published: Digest,
    events: &Events,
) -> Result<Digest, OpError> {
    let border = SecretsBorder::new(context, Policy::NONE);
    border.incoming(published, events).await.map_err(OpError::from)
}

/// An operation's failure in the words of a transfer.
fn refused(error: OpError) -> RemoteError {
    match error {
        OpError::Remote(error) => error,
        OpError::Store(error) => error.into(),
        error if error.is_cancelled() => RemoteError::Cancelled,
        error => RemoteError::Secrets { reason: error.to_string() },
    }
}
