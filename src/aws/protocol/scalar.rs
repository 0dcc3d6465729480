//! Values without parts, as they are written in URIs, headers, forms and XML, and read back.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};

use crate::aws::model::{Bound, Kind};
use crate::aws::timestamp;

/// Everything but what RFC 3986 calls unreserved.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes a query or form component.
pub(crate) fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Encodes query parameters, in the order given.
pub(crate) fn encode_query(query: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in query {
        if !text.is_empty() {
            text.push('&');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{}={}", encode_component(name), encode_component(value));
    }
    text
}

/// A random (version 4) UUID, for idempotency tokens.
pub(super) fn random_uuid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What is wrong with a value.
pub(super) fn expected(name: &str, what: &str) -> String {
    format!("{name}: expected {what}")
}

/// Writes a scalar as text. `timestamps` is the format where the model names none.
pub(super) fn write(bound: Bound<'_>, name: &str, value: &Value, timestamps: &str) -> Result<String, String> {
    match (bound.shape.kind, value) {
        (Kind::String | Kind::Character, Value::String(text)) => Ok(text.clone()),
        (Kind::String | Kind::Character, _) => Err(expected(name, "a string")),
        (Kind::Boolean, Value::Bool(flag)) => Ok(flag.to_string()),
        (Kind::Boolean, _) => Err(expected(name, "true or false")),
        (Kind::Integer, Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        (Kind::Integer, _) => Err(expected(name, "an integer")),
        (Kind::Double, Value::Number(number)) => Ok(number.to_string()),
        (Kind::Double, Value::String(text)) if is_special(text) => Ok(text.clone()),
        (Kind::Double, _) => Err(expected(name, "a number")),
        (Kind::Blob, _) => blob(name, value).map(|bytes| STANDARD.encode(bytes)),
        (Kind::Timestamp, _) => {
            let moment = timestamp::parse_value(value).ok_or_else(|| expected(name, "a timestamp"))?;
            Ok(timestamp::format_text(moment, bound.timestamp_format().unwrap_or(timestamps)))
        }
        (Kind::Structure | Kind::List | Kind::Map, _) => Err(expected(name, "a model with a scalar here")),
    }
}

/// Reads a scalar from text.
pub(super) fn read(bound: Bound<'_>, name: &str, text: &str) -> Result<Value, String> {
    match bound.shape.kind {
        Kind::String | Kind::Character => Ok(Value::String(text.to_owned())),
        Kind::Boolean => Ok(Value::Bool(text.trim().eq_ignore_ascii_case("true"))),
        Kind::Integer => integer(text).map(Value::Number).ok_or_else(|| expected(name, "an integer")),
        Kind::Double => double(text).ok_or_else(|| expected(name, "a number")),
        Kind::Blob => {
            let compact: String = text.split_ascii_whitespace().collect();
            STANDARD.decode(&compact).map_err(|_| expected(name, "base64"))?;
            Ok(Value::String(compact))
        }
        Kind::Timestamp => {
            let moment = timestamp::parse(text).ok_or_else(|| expected(name, "a timestamp"))?;
            Ok(Value::String(moment.to_string()))
        }
        Kind::Structure | Kind::List | Kind::Map => Err(expected(name, "a model with a scalar here")),
    }
}

/// The bytes of a blob member: base64 in our JSON.
pub(super) fn blob(name: &str, value: &Value) -> Result<Vec<u8>, String> {
    let text = value.as_str().ok_or_else(|| expected(name, "a base64 string"))?;
    STANDARD.decode(text).map_err(|_| expected(name, "a base64 string"))
}

fn integer(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse::<i64>().ok().map(Number::from).or_else(|| {
        // Emulators written in Python sometimes give "12.0".
        let number = text.parse::<f64>().ok()?;
        (number.fract() == 0.0 && number.abs() < i64::MAX as f64).then(|| Number::from(number as i64))
    })
}

/// JSON has no spelling for these numbers; the AWS protocols write them as strings.
pub(super) fn is_special(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn double(text: &str) -> Option<Value> {
    let text = text.trim();
    if is_special(text) {
        return Some(Value::String(text.to_owned()));
    }
    Number::from_f64(text.parse().ok()?).map(Value::Number)
}
