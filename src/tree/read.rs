//! Reading a tree: one value, all entries, all keys.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::cursor::{Cursor, load, load_child};
use super::key::{decode_key, encode_key};
use super::{ChunkSource, TreeError};
use crate::pod::{Digest, ResourceKey};

/// Reads a tree.
#[derive(Clone)]
pub struct Tree {
    /// Where its nodes are.
    pub source: Arc<dyn ChunkSource>,
    /// Its root node.
    pub root: Digest,
}

impl Tree {
    /// The value at `key`.
    pub fn get(&self, key: &ResourceKey) -> Result<Option<Value>, TreeError> {
        let Some(wanted) = encode_key(key) else { return Ok(None) };
        let mut upper: Option<Vec<u8>> = None;
        let mut node = load(self.source.as_ref(), &self.root)?;
        loop {
            let position = match node.search(&wanted) {
                Ok(position) => position,
                Err(_) if node.level == 0 => return Ok(None),
                Err(0) => return Ok(None),
                Err(next) => next - 1,
            };
            if node.level == 0 {
                return parse_value(&wanted, &node.value_bytes(position)).map(Some);
            }
            if position + 1 < node.len() {
                upper = Some(node.key(position + 1).to_vec());
            }
            node = load_child(self.source.as_ref(), &node, position, upper.as_deref())?;
        }
    }

    /// How many documents it holds, as its root says.
    pub fn len(&self) -> Result<u64, TreeError> {
        Ok(load(self.source.as_ref(), &self.root)?.documents())
    }

    /// Whether it holds no document.
    pub fn is_empty(&self) -> Result<bool, TreeError> {
        Ok(self.len()? == 0)
    }

    /// All entries in key order, read lazily leaf by leaf. Ends after the first error.
    pub fn entries(&self) -> Box<dyn Iterator<Item = Result<(ResourceKey, Value), TreeError>> + Send> {
        Box::new(self.encoded_entries().map(|entry| {
            let (key, value) = entry?;
            Ok((parse_key(&key)?, parse_value(&key, &value)?))
        }))
    }

    /// All keys in order, without parsing values. Ends after the first error.
    pub fn keys(&self) -> Box<dyn Iterator<Item = Result<ResourceKey, TreeError>> + Send> {
        Box::new(self.encoded_entries().map(|entry| parse_key(&entry?.0)))
    }

    /// All entries as they are stored: encoded key, canonical JSON.
    pub(crate) fn encoded_entries(&self) -> impl Iterator<Item = Result<(Bytes, Bytes), TreeError>> + Send + use<> {
        let mut state = Ok(None);
        let (source, root) = (self.source.clone(), self.root);
        let mut started = false;
        std::iter::from_fn(move || {
            if !started {
                started = true;
                state = Cursor::new(source.clone(), root).map(Some);
            }
            match &mut state {
                Ok(None) => None,
                Ok(Some(cursor)) => {
                    let next = cursor.next_entry();
                    if !matches!(next, Ok(Some(_))) {
                        state = Ok(None);
                    }
                    next.transpose()
                }
                Err(_) => std::mem::replace(&mut state, Ok(None)).err().map(Err),
            }
        })
    }
}

/// Decodes a key that a node's decoder has already accepted.
pub(crate) fn parse_key(bytes: &[u8]) -> Result<ResourceKey, TreeError> {
    decode_key(bytes).ok_or_else(|| TreeError::Entry {
        key: String::from_utf8_lossy(bytes).into_owned(),
        reason: "malformed".into(),
    })
}

/// Parses the value at `key`.
pub(crate) fn parse_value(key: &[u8], bytes: &[u8]) -> Result<Value, TreeError> {
    serde_json::from_slice(bytes).map_err(|error| TreeError::Entry {
        key: decode_key(key).map_or_else(|| "malformed key".to_owned(), |key| key.to_string()),
        reason: format!("its value is not JSON: {error}"),
    })
}
