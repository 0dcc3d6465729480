//! What replacing a resource brings along: what it contains goes with it and must be made again, and what refers to
//! it must be told its new identity.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::order::parent_key;
use super::{action, document};
use crate::catalog::Catalog;
use crate::instance::{InstanceError, StepAction};
use crate::pod::{ResourceKey, tokens_in};
use crate::tree::Difference;

/// Adds to the selected differences what replacing resources (deleting and creating them anew) would lose: of
/// everything the instance has below them, what the pod wants, and what the inject leaves alone. `live` is what the
/// instance has; it is only walked where something is replaced.
///
/// What refers to a resource that gets a new identity is added as a difference without one: it is set again.
pub fn bring_along<E: From<InstanceError>>(
    catalog: &Catalog,
    mut selected: Vec<Difference>,
    live: impl Iterator<Item = Result<(ResourceKey, Value), E>>,
) -> Result<Vec<Difference>, E> {
    let (mut replaced, mut renewed) = (HashSet::new(), HashSet::new());
    for difference in &selected {
        let key = &difference.key;
        let Some(spec) = catalog.get(&key.service, &key.kind) else { continue };
        if spec.create_only.is_empty() && !spec.renewed {
            continue;
        }
        let current = document(key, difference.before.clone())?;
        let wanted = document(key, difference.after.clone())?;
        let action = action(spec, key, current.as_ref(), wanted.as_ref());
        if action == Some(StepAction::Replace) {
            replaced.insert(key.clone());
        }
        let is_renewed = action == Some(StepAction::Replace) || spec.renewed && action == Some(StepAction::Update);
        if is_renewed && !spec.tokens.is_empty() {
            renewed.insert(key.clone());
        }
    }
    if replaced.is_empty() && renewed.is_empty() {
        return Ok(selected);
    }
    let position: HashMap<ResourceKey, usize> =
        selected.iter().enumerate().map(|(position, difference)| (difference.key.clone(), position)).collect();
    for entry in live {
        let (key, value) = entry?;
        let mut above = parent_key(catalog, &key);
        while above.as_ref().is_some_and(|parent| !replaced.contains(parent)) {
            above = above.and_then(|parent| parent_key(catalog, &parent));
        }
        if above.is_none() {
            let refers = || tokens_in(&value.to_string()).iter().any(|token| renewed.contains(&token.key));
            if !position.contains_key(&key) && !renewed.is_empty() && refers() {
                selected.push(Difference { key, before: Some(value.clone()), after: Some(value) });
            }
            continue;
        }
        match position.get(&key) {
            Some(&position) => selected[position].before = None,
            None => selected.push(Difference { key, before: None, after: Some(value) }),
        }
    }
    selected.retain(|difference| difference.before.is_some() || difference.after.is_some());
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::Token;

    #[test]
    fn items_of_a_replaced_table_are_made_again_as_pod_or_instance_want_them() {
        let key =
            |kind: &str, name: &[&str]| ResourceKey::new("0", "us-east-1", "dynamodb", kind, name.iter().copied());
        let value = |text: &str| json!({"attributes": {"KeySchema": text}});
        let difference =
            |key: ResourceKey, before: Option<Value>, after: Option<Value>| Difference { key, before, after };
        let selected = vec![
            difference(key("table", &["t"]), Some(value("a")), Some(value("b"))),
            difference(key("item", &["t", "changed"]), Some(value("1")), Some(value("2"))),
            difference(key("item", &["t", "gone"]), Some(value("1")), None),
        ];
        let live = ["changed", "gone", "same"].map(|name| Ok((key("item", &["t", name]), value("1"))));
        let other = [Ok((key("item", &["u", "x"]), value("1")))];
        let restored: Result<_, InstanceError> =
            bring_along(Catalog::builtin(), selected, live.into_iter().chain(other));
        let found: Vec<_> = restored
            .unwrap()
            .into_iter()
            .skip(1)
            .map(|found| (found.key.own_name().to_owned(), found.before, found.after))
            .collect();
        assert_eq!(
            found,
            [("changed".to_owned(), None, Some(value("2"))), ("same".to_owned(), None, Some(value("1")))]
        );
    }
    #[test]
    fn what_refers_to_a_layer_that_gets_a_new_arn_is_set_again() {
        let key = |kind: &str, name: &[&str]| ResourceKey::new("0", "us-east-1", "lambda", kind, name.iter().copied());
        let layer = key("layer-version", &["l", "000001"]);
        let token = Token { key: layer.clone(), field: "LayerVersionArn".to_owned() }.to_string();
        let value = |text: &str| json!({"attributes": {"Layers": [text]}});
        let selected = vec![Difference { key: layer, before: Some(value("old")), after: Some(value("new")) }];
        let live = [("user", token.as_str()), ("other", "x")];
        let live = live.map(|(name, text)| Ok((key("function", &[name]), value(text))));
        let all: Result<_, InstanceError> = bring_along(Catalog::builtin(), selected, live.into_iter());
        let plan = crate::instance::plan(Catalog::builtin(), all.unwrap()).unwrap();
        let steps: Vec<String> =
            plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.key.label())).collect();
        assert_eq!(steps, ["Update layer-version/l/000001", "Update function/user"]);
    }
}
