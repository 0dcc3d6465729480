//! Who refers to a resource: by reference tokens and ARNs in the documents of one version.

use serde::Serialize;
use serde_json::Value;

use super::{OpError, Snapshot};
use crate::event::{Events, Progress};
use crate::pod::{Arn, ResourceKey, tokens_in};

/// Documents read between two looks at the cancellation.
const STRIDE: u64 = 1_024;

/// A resource that refers to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Referrer {
    /// The resource.
    pub key: ResourceKey,
    /// The property that does, the first of several: `Configuration.Role`.
    pub property: String,
}

/// The resources of a version whose documents refer to `wanted`, in the order of their keys.
///
/// # Errors
/// When the tree is damaged or the user cancels.
pub fn referrers(snapshot: &Snapshot, wanted: &ResourceKey, events: &Events) -> Result<Vec<Referrer>, OpError> {
    events.phase("read documents");
    let mut found = Vec::new();
    for (at, entry) in (0_u64..).zip(snapshot.state.entries()) {
        if at.is_multiple_of(STRIDE) {
            if events.is_cancelled() {
                return Err(OpError::Cancelled);
            }
            events.progress(Progress { done: at, total: snapshot.commit.resources, ..Progress::default() });
        }
        let (key, document) = entry?;
        let Some(attributes) = document.get("attributes").filter(|_| key != *wanted) else { continue };
        if let Some(property) = property(attributes, wanted) {
            found.push(Referrer { key, property });
        }
    }
    Ok(found)
}

/// The path of the first string at or below `value` that refers to `wanted`.
fn property(value: &Value, wanted: &ResourceKey) -> Option<String> {
    let joined = |name: &str, below: String| if below.is_empty() { name.to_owned() } else { format!("{name}.{below}") };
    match value {
        Value::String(text) => {
            let refers = tokens_in(text).iter().any(|token| token.key == *wanted)
                || Arn::all_in(text).any(|arn| arn.may_name(wanted));
            refers.then(String::new)
        }
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| property(value, wanted).map(|below| joined(name, below)))
        }
        Value::Array(items) => (0..)
            .zip(items)
            .find_map(|(at, value): (u32, &Value)| property(value, wanted).map(|below| joined(&at.to_string(), below))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::Token;

    #[test]
    fn a_property_that_refers_is_named_by_its_path() {
        let role = ResourceKey::new("000000000000", "global", "iam", "role", ["sign"]);
        let arn = json!({"Configuration": {"Role": "arn:aws:iam::000000000000:role/sign", "Timeout": 3}});
        assert_eq!(property(&arn, &role).as_deref(), Some("Configuration.Role"));
        let token = Token { key: role.clone(), field: "Arn".to_owned() };
        let token = json!({"Statement": [{"Effect": "Allow"}, {"Principal": format!("x {token}")}]});
        assert_eq!(property(&token, &role).as_deref(), Some("Statement.1.Principal"));
        assert_eq!(property(&json!({"Role": "arn:aws:iam::000000000000:role/other", "Name": "sign"}), &role), None);
    }
}
