//! JSON values as bytes, where there may be many of them.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::canonical_json;

/// A JSON value as its canonical bytes. A plan over a hundred thousand resources holds all their documents; spread out
/// as values they take thirty times the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// What it holds.
    pub fn value(&self) -> Value {
        // It was made of a value.
        self.open().unwrap_or_default()
    }

    /// What it holds, as the type it is.
    ///
    /// # Errors
    /// When it is not what is asked for.
    pub fn open<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }
}

impl From<&Value> for Packed {
    fn from(value: &Value) -> Self {
        Self(canonical_json(value).into())
    }
}

impl From<Value> for Packed {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}
