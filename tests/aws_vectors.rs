//! The AWS client against botocore: `vectors/make.py` wrote down what botocore sends and understands, and podex
//! must send and understand the same. No network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use podex::aws::protocol::{WireRequest, WireResponse, parse, serialize};
use serde_json::{Map, Value, json};

/// Headers that depend on the checksum an SDK prefers, or that botocore leaves out and podex does not.
const NOT_COMPARED: &[&str] = &["content-length", "content-md5", "x-amz-sdk-checksum-algorithm"];

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn name(vector: &Value) -> String {
    format!("{}:{} {}", vector["service"], vector["operation"], vector.get("input").unwrap_or(&vector["body"]))
}

#[test]
fn every_request_is_the_one_botocore_sends() {
    let mut wrong = Vec::new();
    for vector in vectors(include_str!("vectors/requests.json")) {
        let (service, operation) = (vector["service"].as_str().unwrap(), vector["operation"].as_str().unwrap());
        let ours = match serialize(service, operation, &vector["input"]) {
            Ok(request) => comparable(&request, vector["headers"].as_object().unwrap()),
            Err(error) => json!(error.to_string()),
        };
        let mut theirs = vector.clone();
        for key in ["service", "operation", "input"] {
            theirs.as_object_mut().unwrap().remove(key);
        }
        if ours != theirs {
            wrong.push(format!("{}\n  botocore: {theirs}\n  podex:    {ours}", name(&vector)));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_response_means_what_botocore_says() {
    let mut wrong = Vec::new();
    for vector in vectors(include_str!("vectors/responses.json")) {
        let (service, operation) = (vector["service"].as_str().unwrap(), vector["operation"].as_str().unwrap());
        let headers: Vec<(String, String)> = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().to_owned()))
            .collect();
        let body = STANDARD.decode(vector["body"].as_str().unwrap()).unwrap();
        let status = u16::try_from(vector["status"].as_u64().unwrap()).unwrap();
        let ours = match parse(service, operation, &WireResponse { status, headers: &headers, body: &body }) {
            Ok(output) => json!({"output": output}),
            // Where the service sends no message podex says the status: that is not compared.
            Err(error) if vector["error"]["message"].is_null() => {
                json!({"error": {"code": error.code, "message": null}})
            }
            Err(error) => json!({"error": {"code": error.code, "message": error.message}}),
        };
        let theirs = match vector.get("output").cloned() {
            Some(mut output) => {
                // Both decode the keys; podex then no longer says that they are encoded.
                output.as_object_mut().unwrap().remove("EncodingType");
                json!({"output": output})
            }
            None => json!({"error": vector["error"]}),
        };
        if ours != theirs {
            wrong.push(format!("{}\n  botocore: {theirs}\n  podex:    {ours}", name(&vector)));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A request in the vectors' form.
fn comparable(request: &WireRequest, expected_headers: &Map<String, Value>) -> Value {
    let mut query = request.query.clone();
    query.sort();
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
        .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()))
        // botocore says nothing of what XML and nameless bodies are; emulators want to know.
        .filter(|(name, _)| name != "content-type" || expected_headers.contains_key(name))
        .collect();
    let (body, tokens) = without_tokens(body(request));
    json!({"method": request.method, "path": request.path, "query": query, "headers": headers, "body": body, "tokens": tokens})
}

fn body(request: &WireRequest) -> Value {
    let content_type = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.map_or("", |(_, value)| value.as_str());
    if request.body.is_empty() {
        json!({"none": true})
    } else if content_type.contains("urlencoded") {
        let text = std::str::from_utf8(&request.body).unwrap();
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().unwrap().into_owned();
        let mut pairs: Vec<(String, String)> = text
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        pairs.sort();
        json!({"form": pairs})
    } else if request.body.starts_with(b"<") {
        json!({"xml": xml_tree(std::str::from_utf8(&request.body).unwrap())})
    } else if content_type.contains("json") {
        json!({"json": serde_json::from_slice::<Value>(&request.body).unwrap()})
    } else {
        json!({"bytes": STANDARD.encode(&request.body)})
    }
}

/// Replaces version 4 UUIDs, which are idempotency tokens, and counts them.
fn without_tokens(body: Value) -> (Value, usize) {
    match body {
        Value::String(text) if is_uuid(&text) => (json!("<uuid>"), 1),
        Value::Array(items) => {
            let (items, counts): (Vec<_>, Vec<_>) = items.into_iter().map(without_tokens).unzip();
            (Value::Array(items), counts.iter().sum())
        }
        Value::Object(members) => {
            let mut count = 0;
            let members = members
                .into_iter()
                .map(|(name, value)| {
                    let (value, found) = without_tokens(value);
                    count += found;
                    (name, value)
                })
                .collect();
            (Value::Object(members), count)
        }
        other => (other, 0),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.chars().enumerate().all(|(index, char)| match index {
            8 | 13 | 18 | 23 => char == '-',
            14 => char == '4',
            19 => "89ab".contains(char),
            _ => char.is_ascii_hexdigit(),
        })
}

/// Elements with names and attributes as written; order does not count between elements of different names. Read
/// with quick-xml itself, not with the code under test.
fn xml_tree(text: &str) -> Value {
    use quick_xml::events::Event;

    let mut reader = quick_xml::Reader::from_str(text);
    let mut stack = vec![(String::new(), Map::new(), String::new(), Vec::<Value>::new())];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).unwrap()).unwrap();
                    (String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(), json!(value))
                });
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                stack.push((name, attributes.collect(), String::new(), Vec::new()));
            }
            Event::End(_) => {
                let (name, attributes, text, mut children) = stack.pop().unwrap();
                children.sort_by_key(|child| child["name"].as_str().unwrap().to_owned());
                let element = json!({"name": name, "attributes": attributes, "text": text, "children": children});
                stack.last_mut().unwrap().3.push(element);
            }
            Event::Text(text) => stack.last_mut().unwrap().2.push_str(&text.decode().unwrap()),
            Event::GeneralRef(reference) => {
                let escaped = format!("&{};", reference.decode().unwrap());
                stack.last_mut().unwrap().2.push_str(&quick_xml::escape::unescape(&escaped).unwrap());
            }
            Event::Eof => return stack.remove(0).3.remove(0),
            _ => {}
        }
    }
}
