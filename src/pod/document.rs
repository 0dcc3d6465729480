//! One resource as open data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Digest;

/// Bytes that a document points to: an object's body, a function's zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// sha256 of the whole content, whatever way the store cuts and compresses it.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
}

/// A resource's settable state: what is compared, merged and put back.
///
/// Strings may hold reference tokens (see [`super::Token`]) where the emulator's value names
/// something whose id it invented.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Settable properties, by the names the AWS API uses. JSON-in-strings (policies …) is kept decoded
    /// where the catalog says so.
    pub attributes: Map<String, Value>,
    /// Named blobs: `body`, `code` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blobs: BTreeMap<String, BlobRef>,
}

/// What was seen but cannot be set or changes by itself: ARNs, creation times, counts, ETags.
/// Kept in a tree of its own so that it never makes two commits differ.
pub type Observed = Map<String, Value>;

/// The canonical bytes of a JSON value: object keys sorted, no white space. Equal values give equal bytes.
pub fn canonical_json<T: Serialize>(value: &T) -> Vec<u8> {
    // `Value` keeps its maps sorted (serde_json without `preserve_order`), and serialising the domain's
    // own types into memory has no failing case.
    let value = serde_json::to_value(value).expect("domain types serialise");
    serde_json::to_vec(&value).expect("JSON values serialise")
}

impl Document {
    /// A document of attributes alone. `attributes` must be a JSON object; anything else gives an empty one.
    pub fn from_value(attributes: Value) -> Self {
        let attributes = match attributes {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { attributes, blobs: BTreeMap::new() }
    }

    /// Appends its [`canonical_json`], without the way round by a [`Value`]: the fields are in order, and so are the
    /// maps.
    pub fn write_canonical(&self, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, self).expect("JSON serialises into memory");
    }

    /// The value of a tag, where the catalog keeps tags by their names.
    pub fn tag(&self, name: &str) -> Option<&str> {
        let tags = self.attributes.iter().find(|(section, _)| section.eq_ignore_ascii_case("tags"));
        tags?.1.get(name)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_serialises_canonically_by_itself() {
        let mut document = Document::from_value(json!({"b": {"z": 1, "a": [{"y": "\u{e9}\n", "x": 1.5}]}, "a": null}));
        let written = |document: &Document| {
            let mut bytes = Vec::new();
            document.write_canonical(&mut bytes);
            bytes
        };
        assert_eq!(written(&document), canonical_json(&document));
        for name in ["code", "body"] {
            document.blobs.insert(name.to_owned(), BlobRef { digest: Digest::of(name.as_bytes()), size: u64::MAX });
        }
        assert_eq!(written(&document), canonical_json(&document));
    }

    #[test]
    fn canonical_bytes_do_not_depend_on_the_order_of_writing() {
        let one: Value = serde_json::from_str(r#"{"b":1,"a":{"d":[1,2],"c":null}}"#).unwrap();
        assert_eq!(canonical_json(&one), br#"{"a":{"c":null,"d":[1,2]},"b":1}"#);
        assert_eq!(canonical_json(&json!({"a": {"c": null, "d": [1, 2]}, "b": 1})), canonical_json(&one));
    }
}
