//! What stands for a secret value in a version that was shared without it.
//!
//! A marker is a string in the value's place: `${{podex:secret:<salt>:<fingerprint>}}`, with the sealed value behind
//! another colon where it was encrypted. Text of an emulator never begins so: capture escapes `${{podex:`.
//!
//! The fingerprint is a stretched HMAC of the value and its place under the salt, so that two markers of one place tell
//! whether the value is the same, and whoever has the value can tell that it is this one. The salt travels with the
//! marker, since everybody who pushes to a pod must come to the same fingerprint. It follows that **whoever reads the
//! remote can try guesses**: stretching makes each some thousand times dearer, and binding to the place keeps one guess
//! from serving two secrets, but a short password is found. Fingerprints keep values out of sight; they do not protect
//! weak ones.

use std::fmt;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use super::{ResourceKey, canonical_json};

const OPEN: &str = "${{podex:secret:";
const CLOSE: &str = "}}";

/// Rounds of HMAC for one fingerprint: about a millisecond, which nobody notices for the secrets of a pod.
const ROUNDS: u32 = 4096;

/// Bytes of a salt, and of a fingerprint: enough that none comes twice by chance.
const BYTES: usize = 16;

/// Digits of a fingerprint that people are shown.
const SHOWN_DIGITS: usize = 8;

/// What makes the fingerprints of one pod unlike those of others. Hexadecimal where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; BYTES]);

impl Salt {
    /// A salt of these bytes, which should be random.
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        salt.to_string()
    }
}

impl TryFrom<String> for Salt {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bytes(&text).map(Self).ok_or_else(|| format!("{text:?} is no salt: it has {} lower-case digits", 2 * BYTES))
    }
}

/// Stands for a secret value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker {
    salt: Salt,
    fingerprint: [u8; BYTES],
    /// The encrypted value, in base64; None where it was left out.
    sealed: Option<String>,
}

impl Marker {
    /// For the value at `path` of a resource.
    pub fn new(salt: Salt, key: &ResourceKey, path: &[String], value: &Value) -> Self {
        Self { salt, fingerprint: fingerprint(salt, key, path, value), sealed: None }
    }

    /// The same with the encrypted value, in base64.
    pub fn with_sealed(self, sealed: String) -> Self {
        Self { sealed: Some(sealed), ..self }
    }

    /// The marker that a value is.
    pub fn of(value: &Value) -> Option<Self> {
        let inner = value.as_str()?.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        let mut parts = inner.split(':');
        let (salt, fingerprint) = (bytes(parts.next()?).map(Salt)?, bytes(parts.next()?)?);
        let sealed = parts.next();
        let is_base64 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        if parts.next().is_some() || sealed.is_some_and(|sealed| sealed.is_empty() || !is_base64(sealed)) {
            return None;
        }
        Some(Self { salt, fingerprint, sealed: sealed.map(str::to_owned) })
    }

    /// Whether there may be a marker in these bytes of JSON.
    pub fn may_be_in(json: &[u8]) -> bool {
        json.windows(OPEN.len()).any(|window| window == OPEN.as_bytes())
    }

    /// Whether it stands for `value` at this place.
    pub fn stands_for(&self, key: &ResourceKey, path: &[String], value: &Value) -> bool {
        fingerprint(self.salt, key, path, value) == self.fingerprint
    }

    /// Whether both stand for the same value, as far as they tell.
    pub fn same_value(&self, other: &Self) -> bool {
        self.salt == other.salt && self.fingerprint == other.fingerprint
    }

    /// The encrypted value, in base64.
    pub fn sealed(&self) -> Option<&str> {
        self.sealed.as_deref()
    }

    /// For people: what became of the value, and enough of the fingerprint to see whether it changed.
    pub fn label(&self) -> String {
        let what = if self.sealed.is_some() { "encrypted" } else { "redacted" };
        let mut digits = hex::encode(self.fingerprint);
        digits.truncate(SHOWN_DIGITS);
        format!("({what} {digits})")
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}:{}", self.salt, hex::encode(self.fingerprint))?;
        self.sealed.iter().try_for_each(|sealed| write!(f, ":{sealed}"))?;
        f.write_str(CLOSE)
    }
}

/// What an HMAC of the value and its place is after [`ROUNDS`] rounds, each over the one before. Positions in lists do
/// not count: what is inserted before a value does not change it.
fn fingerprint(salt: Salt, key: &ResourceKey, path: &[String], value: &Value) -> [u8; BYTES] {
    let is_position = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let path: Vec<&str> = path.iter().map(|name| if is_position(name) { "*" } else { name }).collect();
    let mac = |message: &[u8]| {
        // A key of any length will do; the type says otherwise.
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt.0).expect("any length is a key");
        mac.update(message);
        mac.finalize().into_bytes()
    };
    let mut last = mac(&canonical_json(&(key.to_string(), path, value)));
    let mut all = last;
    for _ in 1..ROUNDS {
        last = mac(&last);
        all.iter_mut().zip(last).for_each(|(all, last)| *all ^= last);
    }
    let mut short = [0; BYTES];
    short.copy_from_slice(&all[..BYTES]);
    short
}

/// Bytes in their only spelling.
fn bytes(text: &str) -> Option<[u8; BYTES]> {
    let bytes: [u8; BYTES] = hex::decode(text).ok()?.try_into().ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}

/// Calls `change` for every string at or below `value` that is a marker, with the names down to it.
pub fn each_marker(path: &mut Vec<String>, value: &mut Value, change: &mut dyn FnMut(&[String], &Marker, &mut Value)) {
    if let Some(marker) = Marker::of(value) {
        return change(path, &marker, value);
    }
    let members: Vec<(String, &mut Value)> = match value {
        Value::Object(members) => members.iter_mut().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter_mut().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => return,
    };
    for (name, value) in members {
        path.push(name);
        each_marker(path, value, change);
        path.pop();
    }
}

/// Puts the values of `known` in place of the markers in `document` that stand for them. All are documents as they
/// are kept. Gives how many markers are left.
pub fn fill_in(key: &ResourceKey, document: &mut Value, known: &[&Value]) -> usize {
    let mut left = 0;
    each_marker(&mut Vec::new(), document, &mut |path, marker, value| {
        let mut candidates = known.iter().filter_map(|known| at(known, path));
        match candidates.find(|known| Marker::of(known).is_none() && marker.stands_for(key, property(path), known)) {
            Some(known) => *value = known.clone(),
            None => left += 1,
        }
    });
    left
}

/// The names down to a property, of those down from the document.
pub fn property(path: &[String]) -> &[String] {
    path.get(1..).unwrap_or_default()
}

/// What stands at a path.
pub fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::pod::{literal_escape, replace_tokens};

    const SALT: Salt = Salt([7; BYTES]);

    fn key(name: &str) -> ResourceKey {
        ResourceKey::new("000000000000", "us-east-1", "secretsmanager", "secret-version", [name, "v1"])
    }

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_marker_stands_for_its_own_value_and_comes_back_from_text(
            value in any::<String>(),
            other in any::<String>(),
            sealed in proptest::option::of("[A-Za-z0-9+/]{1,40}={0,2}"),
        ) {
            let (value, other) = (json!(value), json!(other));
            let mut marker = Marker::new(SALT, &key("db"), &path("SecretString"), &value);
            if let Some(sealed) = sealed {
                marker = marker.with_sealed(sealed);
            }
            prop_assert!(marker.stands_for(&key("db"), &path("SecretString"), &value));
            prop_assert_eq!(marker.stands_for(&key("db"), &path("SecretString"), &other), value == other);
            let text = json!(marker.to_string());
            prop_assert_eq!(Marker::of(&text), Some(marker));
            prop_assert!(Marker::may_be_in(&canonical_json(&text)));
        }

        #[test]
        fn text_of_an_emulator_is_never_a_marker(text in any::<String>()) {
            prop_assert_eq!(Marker::of(&json!(literal_escape(&format!("{OPEN}{text}{CLOSE}")))), None);
        }
    }

    #[test]
    fn the_same_secret_in_another_place_or_pod_looks_different() {
        let value = json!("hunter2");
        let marker = Marker::new(SALT, &key("db"), &path("SecretString"), &value);
        for other in [
            Marker::new(SALT, &key("mail"), &path("SecretString"), &value),
            Marker::new(SALT, &key("db"), &path("SecretBinary"), &value),
            Marker::new(Salt([8; BYTES]), &key("db"), &path("SecretString"), &value),
        ] {
            assert!(!marker.same_value(&other));
        }
        let listed = |at: &str| Marker::new(SALT, &key("db"), &path(at), &value);
        assert!(listed("History.0.Value").same_value(&listed("History.1.Value")));
    }

    #[test]
    fn what_is_not_quite_a_marker_is_none_and_resolving_tokens_leaves_markers_alone() {
        let marker = Marker::new(SALT, &key("db"), &[], &json!("x")).with_sealed("YQ==".to_owned()).to_string();
        assert_eq!(replace_tokens(&marker, |_| Some("wrong".to_owned())), marker);
        for wrong in [
            marker.to_uppercase(),
            format!("{marker} "),
            marker.replace("YQ==", ""),
            marker.replace("YQ==", "Y Q"),
            marker.replace(":YQ", ":YQ:YQ"),
            format!("{OPEN}{SALT}{CLOSE}"),
        ] {
            assert_eq!(Marker::of(&json!(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn known_values_take_the_place_of_their_markers_only() {
        let at = path("SecretString");
        let marker = |value: &str| json!(Marker::new(SALT, &key("db"), &at, &json!(value)).to_string());
        let document = |value: Value| json!({"attributes": {"SecretString": value, "VersionStages": ["AWSCURRENT"]}});
        let mut same = document(marker("old"));
        assert_eq!(fill_in(&key("db"), &mut same, &[&document(json!("new")), &document(json!("old"))]), 0);
        assert_eq!(same, document(json!("old")));
        let mut changed = document(marker("old"));
        assert_eq!(fill_in(&key("db"), &mut changed, &[&document(json!("new")), &document(marker("old"))]), 1);
        assert_eq!(changed, document(marker("old")));
    }
}
