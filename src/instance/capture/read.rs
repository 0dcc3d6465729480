//! Reads one resource of a type that the catalog describes: its list entry, then its facets.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::aws::{AwsError, Client, ErrorClass, Scope};
use crate::catalog::look_up;
use crate::catalog::spec::{Call, Facet, TypeSpec};
use crate::instance::Instance;
use crate::instance::known::Known;
use crate::pod::{Document, Observed};

/// A resource as read.
pub struct Read {
    /// Its document, tokens not yet put in.
    pub document: Document,
    /// What was observed of it.
    pub observed: Observed,
    /// What could not be read of it: sentences. True where the emulator offers it all the same.
    pub notes: Vec<(String, bool)>,
}

/// Reads the resource's facets. `known` holds its names and list entry.
pub async fn read(
    instance: &Instance,
    scope: &Scope,
    service: &str,
    spec: &TypeSpec,
    mut known: Known,
) -> Result<Read, AwsError> {
    let mut observed: Observed =
        spec.observed.iter().filter_map(|(field, template)| Some((field.clone(), template.fill(&known.0)?))).collect();
    let mut attributes = Map::new();
    let mut notes = Vec::new();
    let mut answers: HashMap<String, Option<Value>> = HashMap::new();
    // What the list entry itself says comes first: ARNs may need it.
    let (own, called): (Vec<_>, Vec<_>) = spec.facets.iter().partition(|facet| facet.get.is_none());
    for facet in own.into_iter().chain(called) {
        known.set("observed", observed.clone());
        known.set("attributes", attributes.clone());
        known.set_arn(spec);
        let answer = match &facet.get {
            None => known.0.get("item").cloned(),
            Some(call) => {
                let input = known.input(spec, call);
                let question = format!("{} {input}", call.op);
                let answer = match answers.get(&question) {
                    Some(answer) => answer.clone(),
                    None => match ask(&instance.client, scope, service, spec, &known, facet, call, input).await {
                        Ok(answer) => answer,
                        Err(error) if error.class == ErrorClass::Connection => return Err(error),
                        Err(error) => {
                            notes.push(why_not(&error));
                            None
                        }
                    },
                };
                answers.insert(question, answer.clone());
                answer
            }
        };
        if let Some(found) = answer.as_ref().and_then(|answer| look_up(answer, &facet.out.0)) {
            take(facet, found.clone(), &mut attributes, &mut observed);
        }
    }
    known.set("observed", observed.clone());
    known.set("attributes", attributes.clone());
    known.set_arn(spec);
    if let Some(arn) = known.0.get("arn") {
        observed.entry("Arn").or_insert_with(|| arn.clone());
    }
    let document =
        Document { attributes: normal(spec, instance.emulator.name(), attributes), blobs: Default::default() };
    Ok(Read { document, observed, notes })
}

/// Makes a facet's call; None where the facet is not set.
#[expect(clippy::too_many_arguments, reason = "the parts of one question, used in this one place")]
async fn ask(
    client: &Client,
    scope: &Scope,
    service: &str,
    spec: &TypeSpec,
    known: &Known,
    facet: &Facet,
    call: &Call,
    input: Value,
) -> Result<Option<Value>, AwsError> {
    let mut answer = match all_pages(client, scope, service, &call.op, input, &facet.out.0).await {
        Err(error) if is_absent(&error, &facet.absent) => return Ok(None),
        other => other?,
    };
    let Some(entry) = &facet.entry else { return Ok(Some(answer)) };
    let names = look_up(&answer, &facet.out.0).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut entries = Map::new();
    for name in names.iter().filter_map(Value::as_str) {
        let mut known = known.clone();
        known.set("value", name);
        let input = known.input_of(spec.id.as_ref(), Some(&entry.input));
        let one = client.call(scope, service, &entry.op, input).await?;
        if let Some(value) = look_up(&one, &entry.out.0) {
            entries.insert(name.to_owned(), value.clone());
        }
    }
    if let Some((last, above)) = facet.out.0.split_last()
        && let Some(place) = above.iter().try_fold(&mut answer, |value, name| value.get_mut(name))
    {
        place[last.as_str()] = Value::Object(entries);
    }
    Ok(Some(answer))
}

/// The whole answer: of a paged operation, the list at `path` holds the entries of all pages.
async fn all_pages(
    client: &Client,
    scope: &Scope,
    service: &str,
    op: &str,
    input: Value,
    path: &[String],
) -> Result<Value, AwsError> {
    let mut pages = client.pages(scope, service, op, input).kept();
    let mut whole: Option<Value> = None;
    while let Some(page) = pages.next().await {
        let page = page?;
        let Some(first) = whole.as_mut() else {
            whole = Some(page);
            continue;
        };
        if let Some(Value::Array(more)) = look_up(&page, path)
            && let Some(Value::Array(all)) = path.iter().try_fold(first, |value, name| value.get_mut(name))
        {
            all.extend(more.iter().cloned());
        }
    }
    Ok(whole.unwrap_or_default())
}

/// Whether the error says that there is nothing there.
pub fn is_absent(error: &AwsError, codes: &[String]) -> bool {
    error.class == ErrorClass::NotFound || error.code.as_ref().is_some_and(|code| codes.contains(code))
}

/// A sentence for the capture report, and whether something is missing that the emulator offers.
pub(super) fn why_not(error: &AwsError) -> (String, bool) {
    match error.class {
        ErrorClass::NotImplemented => (format!("{} is not implemented by the emulator", error.operation), false),
        ErrorClass::AccessDenied => (format!("{} was refused by the emulator", error.operation), false),
        _ => (format!("{} failed: {}", error.operation, error.message), true),
    }
}

/// Sorts a facet's value into attributes and observed fields.
fn take(facet: &Facet, found: Value, attributes: &mut Map<String, Value>, observed: &mut Observed) {
    if let Some(attribute) = &facet.attribute {
        attributes.insert(attribute.clone(), found);
        return;
    }
    let Value::Object(members) = found else { return };
    for (name, value) in members {
        if facet.members.contains(&name) {
            attributes.insert(name, value);
        } else {
            observed.entry(name).or_insert(value);
        }
    }
    // Another facet may take as an attribute what this one only observes.
    observed.retain(|name, _| !attributes.contains_key(name));
}

/// The attributes in the document's form: shapes decoded; defaults, empty values and made-up settings dropped.
fn normal(spec: &TypeSpec, emulator: &str, attributes: Map<String, Value>) -> Map<String, Value> {
    let mut value = Value::Object(attributes);
    drop_made_up(spec, emulator, &mut value);
    // Inner places first: an outer shape may move them.
    let mut shapes: Vec<_> = spec.shapes.iter().collect();
    shapes.sort_by_key(|(path, _)| std::cmp::Reverse(path.0.len()));
    for (path, shapes) in shapes {
        shapes.decode_at(&mut value, &path.0);
    }
    drop_made_up(spec, emulator, &mut value);
    let Value::Object(mut attributes) = value else { return Map::new() };
    attributes.retain(|name, value| !is_empty(value) && spec.defaults.get(name) != Some(value));
    attributes
}

/// The attributes in the API's form.
pub fn wire(spec: &TypeSpec, attributes: Map<String, Value>) -> Map<String, Value> {
    let mut value = Value::Object(attributes);
    let mut shapes: Vec<_> = spec.shapes.iter().collect();
    shapes.sort_by_key(|(path, _)| path.0.len());
    for (path, shapes) in shapes {
        shapes.encode_at(&mut value, &path.0);
    }
    match value {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    }
}

fn drop_made_up(spec: &TypeSpec, emulator: &str, attributes: &mut Value) {
    for condition in spec.drop.iter().filter(|condition| condition.is_for(emulator)) {
        if condition.holds(attributes)
            && let (Some(name), Some(members)) = (condition.path.0.first(), attributes.as_object_mut())
        {
            members.remove(name);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
