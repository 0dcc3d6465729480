//! Finds the secrets of documents, and puts markers in their places.

use serde_json::Value;

use super::{Tally, scan};
use crate::catalog::Catalog;
use crate::ops::OpError;
use crate::pod::{Conflict, Marker, ResourceKey, Salt, at};

/// Encrypts a value; gives base64.
pub(super) type Seal<'a> = dyn Fn(&Value) -> Result<String, OpError> + Send + Sync + 'a;

/// How secrets are replaced.
pub(super) struct Redactor<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) salt: Salt,
    /// None where they are only left out.
    pub(super) seal: Option<&'a Seal<'a>>,
    pub(super) tally: &'a mut Tally,
}

impl Redactor<'_> {
    /// Puts markers in place of the secrets of a document. Where `before` has the marker of the same value, it stays:
    /// no two encryptions of a value are alike. Whether there were any.
    pub(super) fn document(
        &mut self,
        key: &ResourceKey,
        document: &mut Value,
        before: Option<&Value>,
    ) -> Result<bool, OpError> {
        let Some(attributes) = document.get_mut("attributes") else { return Ok(false) };
        let before = before.and_then(|before| before.get("attributes"));
        self.value(key, &mut Vec::new(), attributes, before)
    }

    /// The same for the values of a conflict.
    pub(super) fn conflict(&mut self, conflict: &mut Conflict) -> Result<bool, OpError> {
        let Conflict { key, path, values } = conflict;
        let mut found = false;
        for value in [&mut values.base, &mut values.ours, &mut values.theirs].into_iter().flatten() {
            found |= match path.split_first() {
                None => self.document(key, value, None)?,
                Some((first, rest)) if first == "attributes" => self.value(key, &mut rest.to_vec(), value, None)?,
                Some(_) => false,
            };
        }
        Ok(found)
    }

    fn value(
        &mut self,
        key: &ResourceKey,
        path: &mut Vec<String>,
        value: &mut Value,
        before: Option<&Value>,
    ) -> Result<bool, OpError> {
        if !path.is_empty() && !is_nothing(value) && (self.catalog.hides(key, path, value) || holds_key(value)) {
            self.tally.add(key, path);
            let marker = Marker::new(self.salt, key, path, value);
            let marker = match before.and_then(|before| Marker::of(at(before, path)?)) {
                Some(kept) if kept.same_value(&marker) && kept.sealed().is_some() == self.seal.is_some() => kept,
                _ => match self.seal {
                    Some(seal) => marker.with_sealed(seal(value)?),
                    None => marker,
                },
            };
            *value = Value::String(marker.to_string());
            return Ok(true);
        }
        let members: Vec<(String, &mut Value)> = match value {
            Value::Object(members) => members.iter_mut().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => items.iter_mut().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        let mut found = false;
        for (name, value) in members {
            path.push(name);
            found |= self.value(key, path, value, before)?;
            path.pop();
        }
        Ok(found)
    }
}

/// Whether a text has a key in it, wherever it stands.
fn holds_key(value: &Value) -> bool {
    value.as_str().is_some_and(|text| scan::key_in(text.as_bytes()).is_some() && Marker::of(value).is_none())
}

/// Nothing is no secret.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
