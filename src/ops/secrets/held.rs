//! What a version holds of secrets, and what was left out of it.

use serde_json::Value;

use super::Tally;
use super::redact::Redactor;
use crate::catalog::Catalog;
use crate::ops::OpError;
use crate::pod::{Commit, Marker, Salt, each_marker, property};
use crate::store::Store;
use crate::tree::{TreeError, decode_key};

/// The secrets that a version holds in the clear, and those that were left out of it.
pub(in crate::ops) fn held(store: &Store, catalog: &Catalog, commit: &Commit) -> Result<[Tally; 2], OpError> {
    let (mut clear, mut left_out) = (Tally::default(), Tally::default());
    // Any salt does: what is made with it is thrown away.
    let mut redactor = Redactor { catalog, salt: Salt::new(Default::default()), seal: None, tally: &mut clear };
    for entry in store.tree(commit.state).encoded_entries() {
        let (encoded, value) = entry?;
        let Some(key) = decode_key(&encoded) else { continue };
        let mut document: Value = serde_json::from_slice(&value)
            .map_err(|error| TreeError::Entry { key: key.to_string(), reason: error.to_string() })?;
        if Marker::may_be_in(&value) {
            each_marker(&mut Vec::new(), &mut document, &mut |path, _, marked| {
                left_out.add(&key, property(path));
                *marked = Value::Null;
            });
        }
        redactor.document(&key, &mut document, None)?;
    }
    Ok([clear, left_out])
}
