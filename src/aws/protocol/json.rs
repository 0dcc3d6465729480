//! awsJson 1.0 and 1.1, and the JSON bodies of rest-json.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::scalar::{self, expected};
use super::{Call, WireRequest};
use crate::aws::model::{Bound, Kind};
use crate::aws::timestamp;

pub(super) fn request(call: &Call, members: &Map<String, Value>) -> Result<WireRequest, String> {
    let metadata = &call.model.metadata;
    let version = metadata.json_version.as_deref().unwrap_or("1.0");
    let target = match &metadata.target_prefix {
        Some(prefix) => format!("{prefix}.{}", call.operation),
        None => call.operation.to_owned(),
    };
    let mut headers = vec![
        ("X-Amz-Target".to_owned(), target),
        ("Content-Type".to_owned(), format!("application/x-amz-json-{version}")),
    ];
    if metadata.aws_query_compatible.is_some() {
        headers.push(("x-amzn-query-mode".to_owned(), "true".to_owned()));
    }
    let body = match call.input() {
        Some(shape) => structure(shape, members)?,
        None => Value::Object(Map::new()),
    };
    Ok(WireRequest {
        method: call.shape.http.method.clone(),
        path: "/".to_owned(),
        query: Vec::new(),
        headers,
        body: body.to_string().into(),
    })
}

/// Writes a structure's members that go into the body.
pub(super) fn structure(bound: Bound<'_>, members: &Map<String, Value>) -> Result<Value, String> {
    if bound.shape.document {
        return Ok(Value::Object(members.clone()));
    }
    let mut object = Map::new();
    for (name, value) in members {
        let member = bound.get(name).ok_or_else(|| format!("there is no member {name:?}"))?;
        if !value.is_null() && member.location().is_none() {
            object.insert(member.wire_name().unwrap_or(name).to_owned(), write(member, name, value)?);
        }
    }
    Ok(Value::Object(object))
}

pub(super) fn write(bound: Bound<'_>, name: &str, value: &Value) -> Result<Value, String> {
    match bound.shape.kind {
        Kind::Structure if bound.shape.document => Ok(value.clone()),
        Kind::Structure => {
            let members = value.as_object().ok_or_else(|| expected(name, "an object"))?;
            structure(bound, members).map_err(|message| format!("{name}: {message}"))
        }
        Kind::List => {
            let element = bound.element().ok_or_else(|| expected(name, "a list's model"))?;
            let items = value.as_array().ok_or_else(|| expected(name, "an array"))?;
            items.iter().map(|item| write(element, name, item)).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::Map => {
            let element = bound.value().ok_or_else(|| expected(name, "a map's model"))?;
            let entries = value.as_object().ok_or_else(|| expected(name, "an object"))?;
            let written = entries.iter().map(|(key, item)| Ok((key.clone(), write(element, key, item)?)));
            written.collect::<Result<_, String>>().map(Value::Object)
        }
        Kind::Timestamp => {
            let moment = timestamp::parse_value(value).ok_or_else(|| expected(name, "a timestamp"))?;
            Ok(timestamp::format(moment, bound.timestamp_format().unwrap_or("unixTimestamp")))
        }
        Kind::Integer | Kind::Double | Kind::Boolean => {
            scalar::write(bound, name, value, "")?;
            Ok(value.clone())
        }
        Kind::String | Kind::Character | Kind::Blob => scalar::write(bound, name, value, "").map(Value::String),
    }
}

/// Reads a body. No body is an empty object.
pub(super) fn body(bytes: &[u8]) -> Result<Value, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("the answer is not JSON: {error}"))
}

/// Reads a structure's members that stand in the body.
pub(super) fn read_structure(bound: Bound<'_>, object: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    if bound.shape.document {
        return Ok(object.clone());
    }
    let mut members = Map::new();
    for (name, member) in bound.members() {
        if member.location().is_some() {
            continue;
        }
        if let Some(value) = object.get(member.wire_name().unwrap_or(name)).filter(|value| !value.is_null()) {
            members.insert(name.to_owned(), read(member, name, value)?);
        }
    }
    Ok(members)
}

pub(super) fn read(bound: Bound<'_>, name: &str, value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    match bound.shape.kind {
        Kind::Structure if bound.shape.document => Ok(value.clone()),
        Kind::Structure => {
            let object = value.as_object().ok_or_else(|| expected(name, "an object"))?;
            read_structure(bound, object).map(Value::Object)
        }
        Kind::List => {
            let element = bound.element().ok_or_else(|| expected(name, "a list's model"))?;
            let items = value.as_array().ok_or_else(|| expected(name, "an array"))?;
            items.iter().map(|item| read(element, name, item)).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::Map => {
            let element = bound.value().ok_or_else(|| expected(name, "a map's model"))?;
            let entries = value.as_object().ok_or_else(|| expected(name, "an object"))?;
            let parsed = entries.iter().map(|(key, item)| Ok((key.clone(), read(element, key, item)?)));
            parsed.collect::<Result<_, String>>().map(Value::Object)
        }
        Kind::Timestamp => {
            let moment = timestamp::parse_value(value).ok_or_else(|| expected(name, "a timestamp"))?;
            Ok(Value::String(moment.to_string()))
        }
        Kind::Blob => {
            let text = value.as_str().ok_or_else(|| expected(name, "base64"))?;
            STANDARD.decode(text).map_err(|_| expected(name, "base64"))?;
            Ok(value.clone())
        }
        // Emulators blur numbers, booleans and strings: what can be read as the model's kind is.
        Kind::String | Kind::Character => match value {
            Value::Number(number) => Ok(Value::String(number.to_string())),
            Value::Bool(flag) => Ok(Value::String(flag.to_string())),
            other => Ok(other.clone()),
        },
        Kind::Integer | Kind::Double | Kind::Boolean => match value {
            Value::String(text) => scalar::read(bound, name, text),
            other => Ok(other.clone()),
        },
    }
}
