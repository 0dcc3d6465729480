//! Looks at an instance that go by what listings told the look before: of `status` and of `commit`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Context, OpError, Snapshot};
use crate::instance::{Listings, Place};
use crate::pod::Digest;

/// How far a `status` or a `commit` looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// At everything.
    #[default]
    Whole,
    /// One of many looks at the same instance: only what a listing tells to have changed is read. `status` also reads
    /// everything else in its turn, and asks a region that held nothing so far in its turn only.
    Again(Arc<Before>),
}

/// What a look goes by that is one of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// What has its turn in the next look of `status`.
    pub(crate) turn: u32,
    /// The podex operation that came before it, as the log's time tells: another one ends what this knows.
    pub(crate) since: Option<Timestamp>,
    /// What the last look read: a commit, which the store may lose where no pod has it.
    pub(crate) read: Digest,
    /// Where looks saw something.
    pub(crate) held: BTreeSet<Place>,
    /// What listings told it.
    pub(crate) listings: Listings,
}

impl Look {
    /// What the last look of another process left; [`Look::Whole`] where it left nothing that can be read.
    pub fn kept(context: &Context) -> Self {
        let text = std::fs::read(file(context)).unwrap_or_default();
        serde_json::from_slice(&text).map_or(Self::Whole, |before| Self::Again(Arc::new(before)))
    }

    /// Leaves it to the next process. Names and digests alone are kept, in the cache.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn keep(&self, context: &Context) -> std::io::Result<()> {
        let Self::Again(before) = self else { return Ok(()) };
        let path = file(context);
        let folder = path.parent().map_or_else(PathBuf::new, PathBuf::from);
        std::fs::create_dir_all(&folder)?;
        let mut written = tempfile::NamedTempFile::new_in(&folder)?;
        written.write_all(&serde_json::to_vec(&**before)?)?;
        written.persist(&path)?;
        Ok(())
    }

    /// What the next look goes by, once the operation is recorded that read `before`. Where something else was done to the
    /// instance meanwhile, that is nothing.
    pub(super) fn after(context: &Context, before: Before) -> Result<Self, OpError> {
        let mut operations = operations_here(context)?;
        let now = operations.next();
        let is_only_one = operations.next() == before.since;
        Ok(if is_only_one { Self::Again(Arc::new(Before { since: now, ..before })) } else { Self::Whole })
    }

    /// What to go by, with what was read then. None where everything is to be read: podex did something to the instance
    /// meanwhile (`since` is the last operation now), or what was read is gone.
    pub(super) fn known(&self, context: &Context, since: Option<Timestamp>) -> Option<(&Before, Snapshot)> {
        let Self::Again(before) = self else { return None };
        let read = Snapshot::load(&context.store, before.read).ok();
        Some(&**before).filter(|before| before.since == since).zip(read)
    }
}

/// Where the last look at the context's instance is kept.
fn file(context: &Context) -> PathBuf {
    let name = Digest::of(context.endpoint_text().as_bytes()).hex();
    context.paths.cache.join("looks").join(format!("{name}.json"))
}

/// When podex did something to the context's instance, the last time first.
pub(super) fn operations_here(context: &Context) -> Result<impl Iterator<Item = Timestamp>, OpError> {
    let endpoint = Some(context.endpoint_text());
    let records = context.store.operations()?;
    Ok(records.into_iter().filter(move |record| record.endpoint == endpoint).map(|record| record.time))
}
