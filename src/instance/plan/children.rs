//! What replacing a resource brings along: what it contains goes with it and must be made again, and what refers to
//! it must be told its new identity.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::order::parent_key;
use super::{Delta, Selected, action, document};
use crate::catalog::Catalog;
use crate::instance::{InstanceError, StepAction};
use crate::pod::{Packed, ResourceKey, tokens_in};

/// Adds to the selected differences what replacing resources (deleting and creating them anew) would lose: of
/// everything the instance has below them, what the pod wants, and what the inject leaves alone. `live` is what the
/// instance has; it is only walked where something is replaced.
///
/// What refers to a resource that gets a new identity is added as a difference without one: it is set again.
///
/// What can only be added to (records) brings what holds it: that is made anew where one of them goes or changes.
pub fn bring_along<E: From<InstanceError>>(
    catalog: &Catalog,
    mut selected: Vec<Delta>,
    live: impl Iterator<Item = Result<(ResourceKey, Value), E>>,
) -> Result<Selected, E> {
    let remade = remade(catalog, &selected);
    let (mut replaced, mut renewed) = (remade.clone(), HashSet::new());
    for difference in &selected {
        let key = &difference.key;
        let Some(spec) = catalog.get(&key.service, &key.kind) else { continue };
        if spec.create_only.is_empty() && !spec.renewed {
            continue;
        }
        let current = document(key, difference.before.as_ref())?;
        let wanted = document(key, difference.after.as_ref())?;
        let action = match action(spec, key, current.as_ref(), wanted.as_ref()) {
            Some(_) if remade.contains(key) => Some(StepAction::Replace),
            action => action,
        };
        if action == Some(StepAction::Replace) {
            replaced.insert(key.clone());
        }
        let is_renewed = action == Some(StepAction::Replace) || spec.renewed && action == Some(StepAction::Update);
        if is_renewed && !spec.tokens.is_empty() {
            renewed.insert(key.clone());
        }
    }
    if replaced.is_empty() && renewed.is_empty() {
        return Ok(Selected { differences: selected, remade });
    }
    let position: HashMap<ResourceKey, usize> =
        selected.iter().enumerate().map(|(position, difference)| (difference.key.clone(), position)).collect();
    for entry in live {
        let (key, value) = entry?;
        if remade.contains(&key) && !position.contains_key(&key) {
            let value = Some(Packed::from(value));
            selected.push(Delta { key, before: value.clone(), after: value });
            continue;
        }
        let mut above = parent_key(catalog, &key);
        while above.as_ref().is_some_and(|parent| !replaced.contains(parent)) {
            above = above.and_then(|parent| parent_key(catalog, &parent));
        }
        if above.is_none() {
            let refers = || tokens_in(&value.to_string()).iter().any(|token| renewed.contains(&token.key));
            if !position.contains_key(&key) && !renewed.is_empty() && refers() {
                let value = Some(Packed::from(value));
                selected.push(Delta { key, before: value.clone(), after: value });
            }
            continue;
        }
        match position.get(&key) {
            Some(&position) => selected[position].before = None,
            None => selected.push(Delta { key, before: None, after: Some(value.into()) }),
        }
    }
    selected.retain(|difference| difference.before.is_some() || difference.after.is_some());
    Ok(Selected { differences: selected, remade })
}

/// What must be made anew, as something in it that can only be added to goes or changes, and that stays itself.
fn remade(catalog: &Catalog, selected: &[Delta]) -> HashSet<ResourceKey> {
    let is_append_only = |key: &ResourceKey| catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.append_only);
    let lost =
        selected.iter().filter(|one| one.before.is_some() && one.before != one.after && is_append_only(&one.key));
    let mut remade: HashSet<ResourceKey> = lost.filter_map(|one| parent_key(catalog, &one.key)).collect();
    for gone in selected.iter().filter(|one| one.after.is_none()) {
        remade.remove(&gone.key);
    }
    remade
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
        let difference = |key: ResourceKey, before: Option<Value>, after: Option<Value>| Delta {
            key,
            before: before.map(Packed::from),
            after: after.map(Packed::from),
        };
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
            .differences
            .into_iter()
            .skip(1)
            .map(|found| (found.key.own_name().to_owned(), found.before, found.after))
            .collect();
        assert_eq!(
            found,
            [("changed".to_owned(), None, Some(value("2").into())), ("same".to_owned(), None, Some(value("1").into()))]
        );
    }

    #[test]
    fn a_stream_is_made_anew_where_a_record_goes_and_keeps_those_that_stay() {
        let key = |kind: &str, name: &[&str]| ResourceKey::new("0", "us-east-1", "kinesis", kind, name.iter().copied());
        let value = |text: &str| json!({"attributes": {"Data": text}});
        let planned = |selected: Vec<Delta>| {
            let live = [key("record", &["s", "k", "1"]), key("record", &["s", "k", "2"]), key("stream", &["s"])];
            let live = live.into_iter().map(|key| Ok((key, value("a"))));
            let all: Result<_, InstanceError> = bring_along(Catalog::builtin(), selected, live);
            let plan = crate::instance::plan(Catalog::builtin(), all.unwrap()).unwrap();
            plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.key.label())).collect::<Vec<_>>()
        };
        let gone = Delta { key: key("record", &["s", "k", "2"]), before: Some(value("a").into()), after: None };
        assert_eq!(planned(vec![gone.clone()]), ["Replace stream/s", "Create record/s/k/1"]);
        let new = Delta { key: key("record", &["s", "k", "3"]), before: None, after: Some(value("b").into()) };
        assert_eq!(planned(vec![new]), ["Create record/s/k/3"]);
        let stream = Delta { key: key("stream", &["s"]), before: Some(value("a").into()), after: None };
        assert_eq!(planned(vec![gone, stream]), ["Delete stream/s"]);
    }

    #[test]
    fn what_refers_to_a_layer_that_gets_a_new_arn_is_set_again() {
        let key = |kind: &str, name: &[&str]| ResourceKey::new("0", "us-east-1", "lambda", kind, name.iter().copied());
        let layer = key("layer-version", &["l", "000001"]);
        let token = Token { key: layer.clone(), field: "LayerVersionArn".to_owned() }.to_string();
        let value = |text: &str| json!({"attributes": {"Layers": [text]}});
        let selected = vec![Delta { key: layer, before: Some(value("old").into()), after: Some(value("new").into()) }];
        let live = [("user", token.as_str()), ("other", "x")];
        let live = live.map(|(name, text)| Ok((key("function", &[name]), value(text))));
        let all: Result<_, InstanceError> = bring_along(Catalog::builtin(), selected, live.into_iter());
        let plan = crate::instance::plan(Catalog::builtin(), all.unwrap()).unwrap();
        let steps: Vec<String> =
            plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.key.label())).collect();
        assert_eq!(steps, ["Update layer-version/l/000001", "Update function/user"]);
    }
}
