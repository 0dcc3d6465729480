//! Turns differences into steps: which, and in what order.

mod children;
pub mod order;
mod select;

use std::collections::{BTreeMap, HashSet};

use super::{InstanceError, Plan, Step, StepAction};
use crate::archive::NATIVE_KIND;
use crate::catalog::Catalog;
use crate::catalog::spec::{Level, TypeSpec};
use crate::pod::{Document, Packed, ResourceKey};
use crate::tree::Difference;

pub use children::bring_along;
pub use order::{arn_of, arns_in, parent_key};
pub use select::select;

/// One resource that differs between the instance and what is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Its key.
    pub key: ResourceKey,
    /// The instance's document; None where it has none.
    pub before: Option<Packed>,
    /// The wanted document; None where it should go.
    pub after: Option<Packed>,
}

impl From<Difference> for Delta {
    fn from(Difference { key, before, after }: Difference) -> Self {
        Self { key, before: before.map(Packed::from), after: after.map(Packed::from) }
    }
}

impl From<Delta> for Difference {
    fn from(Delta { key, before, after }: Delta) -> Self {
        Self { key, before: before.map(|value| value.value()), after: after.map(|value| value.value()) }
    }
}

/// What an inject acts on.
#[derive(Debug, Default)]
pub struct Selected {
    /// The differences.
    pub differences: Vec<Delta>,
    /// Resources that are deleted and created anew whatever differs, as what they hold can only be added to.
    pub remade: HashSet<ResourceKey>,
}

/// Turns differences into steps in dependency order.
pub fn plan(catalog: &Catalog, selected: Selected) -> Result<Plan, InstanceError> {
    let mut steps = Vec::new();
    let mut notes = BTreeMap::<String, u64>::new();
    let remade = selected.remade;
    for Delta { key, before, after } in selected.differences {
        let is_remade = remade.contains(&key) && before.is_some() && after.is_some();
        let is_renewal = before == after;
        let current = document(&key, before.as_ref())?;
        let wanted = document(&key, after.as_ref())?;
        if key.kind == NATIVE_KIND {
            let note = "LocalStack's own files are left out: 'podex inject --native' loads them".to_owned();
            *notes.entry(note).or_default() += 1;
            continue;
        }
        let Some(spec) = catalog.get(&key.service, &key.kind) else {
            *notes.entry(format!("{}/{}: not in the catalog of this podex", key.service, key.kind)).or_default() += 1;
            continue;
        };
        if spec.level == Level::CaptureOnly {
            let reason = spec.reason.as_deref().unwrap_or("it cannot be put back");
            *notes.entry(format!("{}/{}: captured only, as {reason}", key.service, key.kind)).or_default() += 1;
            continue;
        }
        let action = if is_remade {
            *notes
                .entry(format!("{}/{}: made anew, as what it holds can only be added to", key.service, key.kind))
                .or_default() += 1;
            StepAction::Replace
        } else if is_renewal {
            *notes
                .entry(format!("{}/{}: set again, as what it names is made anew", key.service, key.kind))
                .or_default() += 1;
            StepAction::Update
        } else {
            let Some(action) = action(spec, &key, current.as_ref(), wanted.as_ref()) else { continue };
            action
        };
        steps.push(Step { action, key, wanted: after, current: before });
    }
    let steps = without_implied(catalog, steps, &mut notes);
    let mut ordered: Vec<Option<Step>> = Vec::new();
    let order = order::sorted(&order::needs(catalog, &steps, &|_| None));
    let mut taken: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    for node in order {
        // Barriers are nodes without a step.
        ordered.push(taken.get_mut(node).and_then(Option::take));
    }
    let notes = notes.into_iter().map(|(note, count)| format!("{note} ({count})")).collect();
    Ok(Plan { steps: ordered.into_iter().flatten().collect(), notes })
}

/// A side of a difference as a document.
fn document(key: &ResourceKey, value: Option<&Packed>) -> Result<Option<Document>, InstanceError> {
    let refuse = |error: serde_json::Error| InstanceError::NotADocument {
        key: Box::new(key.clone()),
        reason: error.to_string(),
    };
    value.map(Packed::open).transpose().map_err(refuse)
}

fn action(
    spec: &TypeSpec,
    key: &ResourceKey,
    current: Option<&Document>,
    wanted: Option<&Document>,
) -> Option<StepAction> {
    let is_given = |document: &Document| spec.is_given(key.own_name(), &document.attributes);
    match (current, wanted) {
        (Some(current), None) if is_given(current) => None,
        (None, None) => None,
        (None, Some(_)) => Some(StepAction::Create),
        (Some(_), None) => Some(StepAction::Delete),
        (Some(current), Some(wanted)) if current == wanted => None,
        (Some(current), Some(wanted)) => {
            let fixed = |name: &String| current.attributes.get(name) != wanted.attributes.get(name);
            let replace = spec.create_only.iter().any(fixed) && !is_given(wanted);
            Some(if replace { StepAction::Replace } else { StepAction::Update })
        }
    }
}

/// Leaves out deletes that the parent's own delete brings along.
fn without_implied(catalog: &Catalog, steps: Vec<Step>, notes: &mut BTreeMap<String, u64>) -> Vec<Step> {
    let going: std::collections::HashSet<ResourceKey> =
        steps.iter().filter(|step| step.action == StepAction::Delete).map(|step| step.key.clone()).collect();
    let implied = |step: &Step| {
        step.action == StepAction::Delete
            && catalog.get(&step.key.service, &step.key.kind).is_some_and(|spec| spec.owned)
            && order::parent_key(catalog, &step.key).is_some_and(|parent| going.contains(&parent))
    };
    let (gone, kept): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(implied);
    for step in gone {
        *notes.entry(format!("{}/{}: deleted with what holds it", step.key.service, step.key.kind)).or_default() += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn difference(service: &str, kind: &str, name: &[&str], before: Option<Value>, after: Option<Value>) -> Delta {
        let wrap = |attributes: Value| Packed::from(json!({ "attributes": attributes }));
        let region = if service == "iam" { "global" } else { "us-east-1" };
        Delta {
            key: ResourceKey::new("000000000000", region, service, kind, name.iter().copied()),
            before: before.map(wrap),
            after: after.map(wrap),
        }
    }

    fn planned(differences: Vec<Delta>) -> Vec<String> {
        let plan = plan(Catalog::builtin(), Selected { differences, ..Selected::default() }).unwrap();
        plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.key.label())).collect()
    }

    #[test]
    fn what_is_named_is_created_first_and_deleted_last() {
        let policy = json!({"Path": "/", "PolicyDocument": {}});
        let role = json!({"Path": "/", "AttachedPolicies": ["arn:aws:iam::000000000000:policy/p"]});
        let create = planned(vec![
            difference("iam", "role", &["a"], None, Some(role.clone())),
            difference("iam", "policy", &["p"], None, Some(policy.clone())),
        ]);
        assert_eq!(create, ["Create policy/p", "Create role/a"]);
        let delete = planned(vec![
            difference("iam", "policy", &["p"], Some(policy), None),
            difference("iam", "role", &["a"], Some(role), None),
        ]);
        assert_eq!(delete, ["Delete role/a", "Delete policy/p"]);
    }

    #[test]
    fn parents_come_before_children_and_go_after_them() {
        let steps = planned(vec![
            difference("s3", "object", &["a", "k"], None, Some(json!({}))),
            difference("s3", "object", &["z", "k"], Some(json!({})), None),
            difference("s3", "bucket", &["z"], Some(json!({})), None),
            difference("s3", "bucket", &["a"], None, Some(json!({}))),
        ]);
        let position = |step: &str| steps.iter().position(|found| found == step).unwrap();
        assert!(position("Create bucket/a") < position("Create object/a/k"));
        assert!(position("Delete object/z/k") < position("Delete bucket/z"));
    }

    #[test]
    fn items_go_with_their_table_without_steps_of_their_own() {
        let steps = planned(vec![
            difference("dynamodb", "item", &["t", "1"], Some(json!({})), None),
            difference("dynamodb", "table", &["t"], Some(json!({})), None),
        ]);
        assert_eq!(steps, ["Delete table/t"]);
    }

    #[test]
    fn a_change_that_cannot_be_set_replaces_the_resource() {
        let steps = planned(vec![
            difference("sqs", "queue", &["a"], Some(json!({})), Some(json!({"FifoQueue": "true"}))),
            difference("sqs", "queue", &["b"], Some(json!({})), Some(json!({"DelaySeconds": "1"}))),
        ]);
        assert_eq!(steps, ["Replace queue/a", "Update queue/b"]);
    }

    #[test]
    fn late_attributes_break_the_circle_of_two_queues_that_name_each_other() {
        let redrive = |name: &str| {
            Some(
                json!({"RedrivePolicy": {"deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:000000000000:{name}")}}),
            )
        };
        let steps = planned(vec![
            difference("sqs", "queue", &["a"], None, redrive("b")),
            difference("sqs", "queue", &["b"], None, redrive("a")),
        ]);
        assert_eq!(steps, ["Create queue/a", "Create queue/b"]);
    }

    #[test]
    fn an_unknown_type_becomes_a_note() {
        let differences = vec![difference("x", "y", &["a"], None, Some(json!({})))];
        let plan = plan(Catalog::builtin(), Selected { differences, ..Selected::default() }).unwrap();
        assert_eq!((plan.steps.len(), plan.notes.len()), (0, 1));
    }
}
