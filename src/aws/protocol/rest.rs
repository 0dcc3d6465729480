//! The request side of rest-json and rest-xml: members bound to path, query, headers and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::scalar::{self, RESERVED, expected};
use super::{Call, WireRequest, json, xml_body};
use crate::aws::model::{Bound, Kind, Protocol};
use crate::aws::xml::{self, Element};

pub(super) fn request(call: &Call, members: Map<String, Value>) -> Result<WireRequest, String> {
    let http = &call.shape.http;
    let (template, fixed_query) = http.request_uri.split_once('?').unwrap_or((&http.request_uri, ""));
    let mut wire = WireRequest { method: http.method.clone(), ..WireRequest::default() };
    for pair in fixed_query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        wire.query.push((name.to_owned(), value.to_owned()));
    }
    let mut labels = Vec::new();
    if let Some(shape) = call.input() {
        for (name, value) in &members {
            let member = shape.get(name).ok_or_else(|| format!("there is no member {name:?}"))?;
            let wire_name = member.wire_name().unwrap_or(name);
            match member.location() {
                Some("uri") => labels.push((wire_name, scalar::write(member, name, value, "iso8601")?)),
                Some("querystring") => query(member, name, wire_name, value, &mut wire.query)?,
                Some("header") => wire.headers.extend(header(member, name, wire_name, value)?),
                Some("headers") => {
                    let entries = value.as_object().ok_or_else(|| expected(name, "an object"))?;
                    for (key, value) in entries {
                        let text = value.as_str().ok_or_else(|| expected(key, "a string"))?;
                        wire.headers.push((format!("{wire_name}{key}"), text.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    wire.path = fill(template, &labels)?;
    if let Some(shape) = call.input() {
        let mut in_body = members;
        in_body.retain(|name, _| shape.get(name).is_some_and(|member| member.location().is_none()));
        body(call, shape, in_body, &mut wire)?;
    }
    Ok(wire)
}

/// Puts the labels into the path. A label that ends in `+` keeps its slashes.
fn fill(template: &str, labels: &[(&str, String)]) -> Result<String, String> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').ok_or("the model's path has an open label")?;
        let (name, greedy) = label.strip_suffix('+').map_or((label, false), |name| (name, true));
        let value = labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value);
        let value = value.filter(|value| !value.is_empty()).ok_or_else(|| expected(name, "a value for the path"))?;
        path.push_str(before);
        path.push_str(&if greedy { encode_path(value) } else { scalar::encode_component(value) });
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// Encodes a path, keeping its slashes, all of them.
pub(crate) fn encode_path(path: &str) -> String {
    path.split('/').map(|segment| utf8_percent_encode(segment, RESERVED).to_string()).collect::<Vec<_>>().join("/")
}

fn query(
    member: Bound<'_>,
    name: &str,
    wire_name: &str,
    value: &Value,
    query: &mut Vec<(String, String)>,
) -> Result<(), String> {
    match member.shape.kind {
        Kind::List => {
            let element = member.element().ok_or_else(|| expected(name, "a list's model"))?;
            for item in value.as_array().ok_or_else(|| expected(name, "an array"))? {
                query.push((wire_name.to_owned(), scalar::write(element, name, item, "iso8601")?));
            }
        }
        Kind::Map => {
            for (key, item) in value.as_object().ok_or_else(|| expected(name, "an object"))? {
                let items = item.as_array().map_or(std::slice::from_ref(item), Vec::as_slice);
                for item in items {
                    let text = item.as_str().ok_or_else(|| expected(key, "a string"))?;
                    query.push((key.clone(), text.to_owned()));
                }
            }
        }
        _ => query.push((wire_name.to_owned(), scalar::write(member, name, value, "iso8601")?)),
    }
    Ok(())
}

fn header(member: Bound<'_>, name: &str, wire_name: &str, value: &Value) -> Result<Option<(String, String)>, String> {
    let text = if member.is_json_header() {
        STANDARD.encode(value.to_string())
    } else if member.shape.kind == Kind::List {
        let element = member.element().ok_or_else(|| expected(name, "a list's model"))?;
        let items = value.as_array().ok_or_else(|| expected(name, "an array"))?;
        if items.is_empty() {
            return Ok(None);
        }
        let texts: Vec<_> = items.iter().map(|item| header_item(element, name, item)).collect::<Result<_, _>>()?;
        texts.join(",")
    } else {
        scalar::write(member, name, value, "rfc822")?
    };
    Ok(Some((wire_name.to_owned(), text)))
}

/// An item of a header's list: quoted where it would fall apart.
fn header_item(element: Bound<'_>, name: &str, item: &Value) -> Result<String, String> {
    let text = scalar::write(element, name, item, "rfc822")?;
    let quote = element.shape.kind == Kind::String && text.contains(['"', ',']);
    Ok(if quote { format!("\"{}\"", text.replace('"', "\\\"")) } else { text })
}

fn body(call: &Call, shape: Bound<'_>, members: Map<String, Value>, wire: &mut WireRequest) -> Result<(), String> {
    let is_json = call.protocol == Protocol::RestJson;
    match shape.payload() {
        Some((name, payload)) => {
            let value = members.get(name);
            let bytes: Vec<u8> = match (payload.shape.kind, value) {
                (Kind::Blob, Some(value)) => scalar::blob(name, value)?,
                (Kind::String, Some(value)) => value.as_str().ok_or_else(|| expected(name, "a string"))?.into(),
                (Kind::Blob | Kind::String, None) => Vec::new(),
                (_, Some(value)) if is_json => json::write(payload, name, value)?.to_string().into_bytes(),
                (_, None) if is_json => b"{}".to_vec(),
                (_, Some(value)) => document(payload, payload.wire_name().unwrap_or(name), value)?,
                (_, None) => Vec::new(),
            };
            wire.body = bytes.into();
            if matches!(payload.shape.kind, Kind::Blob | Kind::String) {
                return Ok(());
            }
        }
        None if is_json && shape.members().any(|(_, member)| member.location().is_none()) => {
            let structure = json::structure(shape, &members)?;
            // A function's code is in there, as text: it need not be there three times.
            drop(members);
            wire.body = structure.to_string().into();
        }
        None if !is_json && !members.is_empty() => {
            let root = shape.wire_name().ok_or("the model names no root element")?;
            wire.body = document(shape, root, &Value::Object(members))?.into();
        }
        None => {}
    }
    if !wire.body.is_empty() && !wire.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        let kind = if is_json { "application/json" } else { "application/xml" };
        wire.headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    Ok(())
}

fn document(bound: Bound<'_>, root: &str, value: &Value) -> Result<Vec<u8>, String> {
    let mut parent = Element::default();
    xml_body::write(bound, root, value, &mut parent)?;
    let mut text = String::new();
    for element in &parent.children {
        xml::write(element, &mut text);
    }
    Ok(text.into_bytes())
}
