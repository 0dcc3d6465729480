//! Error bodies of every protocol.

use serde_json::Value;

use super::{Call, WireResponse};
use crate::aws::classify;
use crate::aws::model::Protocol;
use crate::aws::xml::{self, Element};
use crate::aws::{AwsError, ErrorClass};

/// How much of a service's message is kept, in characters.
const MAX_MESSAGE: usize = 500;

/// Reads the error out of a response. Services answer in their protocol's way, emulators and proxies sometimes in
/// another: the body decides.
pub(super) fn parse(call: &Call, response: &WireResponse<'_>) -> AwsError {
    let text = String::from_utf8_lossy(response.body);
    let text = text.trim();
    let (mut code, message) = if text.starts_with('{') {
        from_json(call, text)
    } else if text.starts_with('<') {
        xml::parse(text).map(|root| from_xml(&root)).unwrap_or_default()
    } else {
        (None, None)
    };
    if call.protocol == Protocol::RestJson
        && let Some(header) = response.header("x-amzn-errortype")
    {
        code = Some(short_code(header));
    }
    if let Some(header) = response.header("x-amzn-query-error")
        && let Some((query_code, _)) = header.split_once(';')
        && !query_code.is_empty()
    {
        code = Some(query_code.to_owned());
    }
    // Some put the status where the code belongs.
    let code = code.filter(|code| !code.chars().all(|char| char.is_ascii_digit()));
    let class = classify::class(response.status, code.as_deref(), message.as_deref(), text);
    AwsError {
        code,
        status: Some(response.status),
        ..call.error(class, message.unwrap_or_else(|| fallback(response.status, class)))
    }
}

fn fallback(status: u16, class: ErrorClass) -> String {
    match class {
        ErrorClass::NotImplemented if status == 500 => {
            "the emulator does not offer this, or fails at it (HTTP 500)".to_owned()
        }
        ErrorClass::NotImplemented => format!("the emulator does not offer this (HTTP {status})"),
        _ => format!("HTTP status {status}"),
    }
}

/// `ns#Code:uri` is `Code`.
fn short_code(code: &str) -> String {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim().to_owned()
}

fn from_json(call: &Call, text: &str) -> (Option<String>, Option<String>) {
    let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) else { return (None, None) };
    let pick = |names: &[&str]| names.iter().find_map(|name| body.get(*name)?.as_str());
    let code = match call.protocol {
        Protocol::RestJson => pick(&["code", "Code", "__type"]),
        _ => pick(&["__type", "code", "Code"]),
    };
    (code.map(short_code), pick(&["message", "Message"]).map(shortened))
}

fn from_xml(root: &Element) -> (Option<String>, Option<String>) {
    // S3: <Error>; query: <ErrorResponse><Error>; ec2: <Response><Errors><Error>.
    let error = match root.name.as_str() {
        "Error" => Some(root),
        _ => root.child("Error").or_else(|| root.child("Errors").and_then(|errors| errors.child("Error"))),
    };
    let Some(error) = error else { return (None, None) };
    let text = |name: &str| error.child(name).map(|child| child.text.trim().to_owned());
    (text("Code"), text("Message").map(|message| shortened(&message)))
}

/// The first line, up to [`MAX_MESSAGE`]: the lines after it may repeat the request.
fn shortened(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}
