//! What was left out of what is pushed, in a sentence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::pod::ResourceKey;
use crate::remote::SecretsMode;

/// Resources named for each type; more are counted.
const NAMED: usize = 3;

/// Which secrets were left out, by resource and property. Never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<ResourceKey, BTreeSet<Vec<String>>>);

/// The secrets of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeTally {
    /// `service/type`.
    pub kind: String,
    /// How many values.
    pub values: usize,
    /// The resources' names.
    pub resources: Vec<String>,
}

impl Tally {
    /// Counts a value, once however often it is met.
    pub(super) fn add(&mut self, key: &ResourceKey, path: &[String]) {
        self.0.entry(key.clone()).or_default().insert(path.to_vec());
    }

    /// How many values.
    pub fn values(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// The same by type.
    pub fn types(&self) -> Vec<TypeTally> {
        let mut types: BTreeMap<String, TypeTally> = BTreeMap::new();
        for (key, paths) in &self.0 {
            let kind = format!("{}/{}", key.service, key.kind);
            let line = types.entry(kind.clone()).or_insert(TypeTally { kind, values: 0, resources: Vec::new() });
            line.values += paths.len();
            line.resources.push(key.name.join("/"));
        }
        types.into_values().collect()
    }

    /// `redacted 3 secret values: lambda/function 1 (pay), secretsmanager/secret-version 2 (db/v1, mail/v1)`. None
    /// where there were none.
    pub fn sentence(&self, mode: SecretsMode) -> Option<String> {
        let done = match mode {
            SecretsMode::Redact => "redacted",
            SecretsMode::Encrypt => "encrypted",
            SecretsMode::Include => return None,
        };
        self.list().map(|list| format!("{done} {list}"))
    }

    /// `3 secret values: lambda/function 1 (pay), secretsmanager/secret-version 2 (db/v1, mail/v1)`. None where there
    /// are none.
    pub fn list(&self) -> Option<String> {
        let values = self.values();
        let types = self.types().into_iter().map(|TypeTally { kind, values, resources }| {
            let mut names = resources.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            if resources.len() > NAMED {
                names.push_str(&format!(" and {} more", resources.len() - NAMED));
            }
            format!("{kind} {values} ({names})")
        });
        let where_from = types.collect::<Vec<_>>().join(", ");
        let what = if values == 1 { "1 secret value" } else { &format!("{values} secret values") };
        (values > 0).then(|| format!("{what}: {where_from}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_named_by_type_and_resource() {
        let mut tally = Tally::default();
        assert_eq!(tally.sentence(SecretsMode::Redact), None);
        for name in ["a", "b", "c", "d"] {
            let key = ResourceKey::new("000000000000", "us-east-1", "secretsmanager", "secret-version", [name, "v1"]);
            tally.add(&key, &["SecretString".to_owned()]);
            tally.add(&key, &["SecretString".to_owned()]);
        }
        let key = ResourceKey::new("000000000000", "us-east-1", "lambda", "function", ["pay"]);
        tally.add(&key, &["Environment".to_owned(), "Variables".to_owned(), "KEY".to_owned()]);
        assert_eq!(
            tally.sentence(SecretsMode::Encrypt).unwrap(),
            "encrypted 5 secret values: lambda/function 1 (pay), secretsmanager/secret-version 4 (a/v1, b/v1, c/v1 and 1 more)"
        );
        assert_eq!(tally.sentence(SecretsMode::Include), None);
    }
}
