//! S3 listings: object keys may hold characters that XML cannot, so they are asked for URL-encoded and decoded here.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Call;

/// Listings that know `EncodingType`.
const OPERATIONS: &[&str] = &["ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"];
/// Members encoded at the top.
const OUTER: &[&str] = &["Delimiter", "Marker", "NextMarker", "Prefix", "KeyMarker", "NextKeyMarker", "StartAfter"];
/// Lists whose entries hold an encoded member.
const INNER: &[(&str, &str)] = &[
    ("Contents", "Key"),
    ("Versions", "Key"),
    ("DeleteMarkers", "Key"),
    ("Uploads", "Key"),
    ("CommonPrefixes", "Prefix"),
];

fn is_listing(call: &Call) -> bool {
    call.service == "s3" && OPERATIONS.contains(&call.operation)
}

pub(super) fn ask_for_encoded_keys(call: &Call, members: &mut Map<String, Value>) {
    if is_listing(call) && !members.contains_key("EncodingType") {
        members.insert("EncodingType".to_owned(), Value::String("url".to_owned()));
    }
}

/// Decodes the keys where the answer says that they are encoded, and then no longer says so.
pub(super) fn decode_keys(call: &Call, output: &mut Map<String, Value>) {
    if !is_listing(call) || output.get("EncodingType").and_then(Value::as_str) != Some("url") {
        return;
    }
    output.remove("EncodingType");
    for name in OUTER {
        output.get_mut(*name).into_iter().for_each(decode);
    }
    for (list, name) in INNER {
        let entries = output.get_mut(*list).and_then(Value::as_array_mut);
        entries.into_iter().flatten().filter_map(|entry| entry.get_mut(*name)).for_each(decode);
    }
}

fn decode(value: &mut Value) {
    if let Value::String(text) = value {
        let spaced = text.replace('+', " ");
        *text = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
    }
}
