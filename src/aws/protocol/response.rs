//! The response side of all protocols.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::scalar::{self, expected};
use super::{Call, WireResponse, json, xml_body};
use crate::aws::model::{Bound, Kind, Protocol};
use crate::aws::xml::{self, Element};

pub(super) fn parse(call: &Call, response: &WireResponse<'_>) -> Result<Map<String, Value>, String> {
    let Some(shape) = call.output() else { return Ok(Map::new()) };
    match call.protocol {
        Protocol::Json => {
            let body = json::body(response.body)?;
            json::read_structure(shape, body.as_object().ok_or("the answer is no JSON object")?)
        }
        Protocol::Query | Protocol::Ec2 => {
            let root = document(response.body)?;
            let wrapper = shape.reference.result_wrapper.as_deref().and_then(|wrapper| root.child(wrapper));
            xml_body::read_structure(shape, wrapper.unwrap_or(&root))
        }
        Protocol::RestJson | Protocol::RestXml => rest(call, shape, response),
    }
}

/// The members bound to status and headers.
pub(super) fn outside_body(shape: Bound<'_>, response: &WireResponse<'_>) -> Result<Map<String, Value>, String> {
    let mut members = Map::new();
    for (name, member) in shape.members() {
        let wire = member.wire_name().unwrap_or(name);
        let value = match member.location() {
            Some("statusCode") => Some(Value::from(response.status)),
            Some("headers") => Some(prefixed(wire, response)),
            Some("header") => response.header(wire).map(|text| header(member, name, text)).transpose()?,
            _ => None,
        };
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(members)
}

fn prefixed(prefix: &str, response: &WireResponse<'_>) -> Value {
    let named = response.headers.iter().filter_map(|(name, value)| {
        let start = name.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| (name[prefix.len()..].to_owned(), Value::String(value.clone())))
    });
    Value::Object(named.collect())
}

fn header(member: Bound<'_>, name: &str, text: &str) -> Result<Value, String> {
    if member.is_json_header() {
        let decoded = STANDARD.decode(text).map_err(|_| expected(name, "base64"))?;
        return serde_json::from_slice(&decoded).map_err(|_| expected(name, "JSON"));
    }
    if member.shape.kind == Kind::List {
        let element = member.element().ok_or_else(|| expected(name, "a list's model"))?;
        let items = text.split(',').map(|item| scalar::read(element, name, item.trim()));
        return items.collect::<Result<_, _>>().map(Value::Array);
    }
    scalar::read(member, name, text)
}

fn rest(call: &Call, shape: Bound<'_>, response: &WireResponse<'_>) -> Result<Map<String, Value>, String> {
    let mut members = outside_body(shape, response)?;
    let is_json = call.protocol == Protocol::RestJson;
    let Some((name, payload)) = shape.payload() else {
        let body = if is_json {
            let body = json::body(response.body)?;
            json::read_structure(shape, body.as_object().ok_or("the answer is no JSON object")?)?
        } else {
            let root = document(response.body)?;
            match unwrapped(shape, &root)? {
                Some(only) => only,
                None => xml_body::read_structure(shape, &root)?,
            }
        };
        members.extend(body);
        return Ok(members);
    };
    let value = match payload.shape.kind {
        Kind::Blob => Value::String(STANDARD.encode(response.body)),
        Kind::String => {
            let text = std::str::from_utf8(response.body).map_err(|_| expected(name, "UTF-8"))?;
            Value::String(text.to_owned())
        }
        _ if response.body.is_empty() => return Ok(members),
        _ if is_json => json::read(payload, name, &json::body(response.body)?)?,
        _ => xml_body::read(payload, name, &document(response.body)?)?,
    };
    members.insert(name.to_owned(), value);
    Ok(members)
}

/// Some answers are one member without the structure around it: S3's GetBucketLocation. An empty one is absent.
fn unwrapped(shape: Bound<'_>, root: &Element) -> Result<Option<Map<String, Value>>, String> {
    if !root.children.is_empty() {
        return Ok(None);
    }
    let is_root = |name: &str, member: Bound<'_>| member.wire_name().unwrap_or(name) == root.name;
    let Some((name, member)) = shape.members().find(|(name, member)| is_root(name, *member)) else { return Ok(None) };
    let mut members = Map::new();
    if !root.text.is_empty() {
        members.insert(name.to_owned(), xml_body::read(member, name, root)?);
    }
    Ok(Some(members))
}

/// The root element; an empty one where there is no body.
fn document(body: &[u8]) -> Result<Element, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Element::default());
    }
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    xml::parse(text.trim_start_matches('\u{feff}')).map_err(|_| "the answer is not XML".to_owned())
}
