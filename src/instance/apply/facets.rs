//! Brings the facets of one resource from what they are to what is wanted.

use serde_json::{Map, Value};

use super::table::Target;
use crate::aws::AwsError;
use crate::catalog::spec::{Facet, Mode, TypeSpec};
use crate::instance::capture::wire;

/// Which of a resource's facets are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Those that can be set as soon as the resource is there.
    Early,
    /// Those that name resources which must be there.
    Late,
    /// Those that tell about changes of what the resource contains; late ones too.
    Quiet,
}

/// Whether any facet of the phase changes between the two.
pub fn changes(spec: &TypeSpec, phase: Phase, current: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    let differs = |name: &str| current.get(name) != wanted.get(name);
    of_phase(spec, phase).any(|facet| facet.attributes().any(differs))
}

fn of_phase(spec: &TypeSpec, phase: Phase) -> impl Iterator<Item = &Facet> {
    spec.facets.iter().filter(move |facet| match phase {
        Phase::Early => !facet.is_late(),
        Phase::Late => facet.is_late(),
        Phase::Quiet => facet.quiet,
    })
}

/// Makes the calls that bring the facets of the phase from `current` to `wanted` (both in the document's form).
pub async fn apply(
    target: &mut Target<'_>,
    phase: Phase,
    current: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Result<(), AwsError> {
    let spec = target.spec;
    target.known.set("attributes", wire(spec, wanted.clone()));
    target.known.set("current", wire(spec, current.clone()));
    for facet in of_phase(spec, phase) {
        let one = entries(spec, facet, current);
        let other = entries(spec, facet, wanted);
        if one != other {
            apply_facet(target, facet, one, other).await?;
            target.wait_until_ready().await?;
        }
    }
    Ok(())
}

/// A facet's value as named entries. Defaults count as set, so that a change can bring them back.
fn entries(spec: &TypeSpec, facet: &Facet, attributes: &Map<String, Value>) -> Map<String, Value> {
    let value = |name: &str| attributes.get(name).or_else(|| spec.defaults.get(name)).cloned();
    match (&facet.attribute, facet.mode) {
        (Some(attribute), Mode::Entries | Mode::Each) => match value(attribute) {
            Some(Value::Object(entries)) => entries,
            Some(Value::Array(names)) => {
                names.into_iter().filter_map(|name| Some((name.as_str()?.to_owned(), name))).collect()
            }
            _ => Map::new(),
        },
        _ => facet.attributes().filter_map(|name| Some((name.to_owned(), value(name)?))).collect(),
    }
}

async fn apply_facet(
    target: &mut Target<'_>,
    facet: &Facet,
    current: Map<String, Value>,
    wanted: Map<String, Value>,
) -> Result<(), AwsError> {
    let removed: Vec<String> = current.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
    let changed: Map<String, Value> = wanted
        .iter()
        .filter(|(name, value)| current.get(*name) != Some(value))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    match facet.mode {
        Mode::Whole if wanted.is_empty() => target.calls(&facet.delete).await,
        Mode::Whole => target.calls(&facet.put).await,
        Mode::Entries => {
            if !removed.is_empty() {
                let gone = current.iter().filter(|(name, _)| removed.contains(*name));
                let gone =
                    encode(target.spec, facet, gone.map(|(name, value)| (name.clone(), value.clone())).collect());
                target.known.set("gone", gone);
                target.known.set("removed", removed);
                target.calls(&facet.delete).await?;
            }
            if !changed.is_empty() {
                let encoded = encode(target.spec, facet, changed);
                target.known.set("changed", encoded);
                target.calls(&facet.put).await?;
            }
            Ok(())
        }
        Mode::Each => {
            let recreated = changed.keys().filter(|name| facet.recreate && current.contains_key(*name)).cloned();
            for name in removed.iter().cloned().chain(recreated) {
                target.known.set("key", name);
                target.calls(&facet.delete).await?;
                target.wait_until_ready().await?;
            }
            for (name, value) in changed {
                let encoded = encode_one(target.spec, facet, &name, value);
                target.known.set("key", name);
                target.known.set("value", encoded);
                target.calls(&facet.put).await?;
            }
            Ok(())
        }
    }
}

/// Entries of a facet in the API's form.
fn encode(spec: &TypeSpec, facet: &Facet, entries: Map<String, Value>) -> Value {
    let Some(attribute) = &facet.attribute else { return Value::Object(wire(spec, entries)) };
    let whole = Map::from_iter([(attribute.clone(), Value::Object(entries))]);
    wire(spec, whole).remove(attribute).unwrap_or_default()
}

/// One entry in the API's form.
fn encode_one(spec: &TypeSpec, facet: &Facet, name: &str, value: Value) -> Value {
    match encode(spec, facet, Map::from_iter([(name.to_owned(), value)])) {
        Value::Object(mut entries) => entries.remove(name).unwrap_or_default(),
        Value::Array(entries) => entries.into_iter().next().unwrap_or_default(),
        other => other,
    }
}
