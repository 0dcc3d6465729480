//! Where a resource lives: account → region → service → type → name.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The region of services that have none (IAM).
pub const GLOBAL_REGION: &str = "global";

/// What is escaped in a segment of a key's text: the separator, the escape itself, what the reference
/// token syntax uses, and what would be invisible or ambiguous in a terminal or a shell.
const SEGMENT: &AsciiSet = &CONTROLS.add(b'/').add(b'%').add(b' ').add(b'#').add(b'{').add(b'}').add(b'$');

/// Identifies one resource within a pod. The order is the order of the state tree.
///
/// `name` has one segment per level: a bucket is `["b"]`, an object in it `["b", "path/to/key"]`, so
/// children sort right behind their parent's siblings of the same type and no separator is reserved.
/// Text form: `account/region/service/type/segment[/segment…]`, each part percent-escaped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// Twelve digits.
    pub account: String,
    /// An AWS region, or [`GLOBAL_REGION`].
    pub region: String,
    /// The service's id in the catalog: `s3`, `sqs`, `dynamodb` …
    pub service: String,
    /// The resource type's name in the catalog: `bucket`, `object`, `queue` …
    pub kind: String,
    /// The names of the parents and, last, of the resource itself. Never empty.
    pub name: Vec<String>,
}

/// A text that is not a resource key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a resource key: expected account/region/service/type/name")]
pub struct ParseKeyError {
    /// The text as it was given.
    pub text: String,
}

impl ResourceKey {
    /// A key from its parts.
    pub fn new<S: Into<String>>(
        account: impl Into<String>,
        region: impl Into<String>,
        service: impl Into<String>,
        kind: impl Into<String>,
        name: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            account: account.into(),
            region: region.into(),
            service: service.into(),
            kind: kind.into(),
            name: name.into_iter().map(Into::into).collect(),
        }
    }

    /// The resource's own name: the last segment.
    pub fn own_name(&self) -> &str {
        self.name.last().map_or("", String::as_str)
    }

    /// The key's path below the service, for people: `type/segment/segment`, not escaped.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind, self.name.join("/"))
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |part| utf8_percent_encode(part, SEGMENT);
        write!(
            f,
            "{}/{}/{}/{}",
            escape(&self.account),
            escape(&self.region),
            escape(&self.service),
            escape(&self.kind)
        )?;
        self.name.iter().try_for_each(|segment| write!(f, "/{}", escape(segment)))
    }
}

impl FromStr for ResourceKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseKeyError { text: text.to_owned() };
        let mut parts = text
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8().map(|part| part.into_owned()).map_err(|_| error()));
        let mut next = || parts.next().unwrap_or_else(|| Err(error()));
        let (account, region, service, kind) = (next()?, next()?, next()?, next()?);
        let name = parts.collect::<Result<Vec<_>, _>>()?;
        if name.is_empty() || [&account, &region, &service, &kind].iter().any(|part| part.is_empty()) {
            return Err(error());
        }
        Ok(Self { account, region, service, kind, name })
    }
}

impl Serialize for ResourceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_survives_its_text_form(
            account in "[0-9]{12}", kind in "[a-z-]{1,8}", name in proptest::collection::vec(any::<String>(), 1..4)
        ) {
            let key = ResourceKey::new(account, "us-east-1", "s3", kind, name);
            prop_assert_eq!(key.to_string().parse::<ResourceKey>(), Ok(key));
        }
    }

    #[test]
    fn separators_and_control_characters_in_names_are_escaped() {
        let key = ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["b", "../a b\n%"]);
        assert_eq!(key.to_string(), "000000000000/us-east-1/s3/object/b/..%2Fa%20b%0A%25");
    }
}
