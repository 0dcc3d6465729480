//! Rows of documents.

use serde_json::json;

use super::*;

fn content() -> Content {
    let mut document = Document::from_value(json!({
        "Name": "db\u{1b}[31m", "Policy": {"Statement": [{"Effect": "Allow"}]}, "SecretString": "hunter2", "Tags": [],
    }));
    document.blobs.insert("body".to_owned(), BlobRef { digest: crate::pod::Digest::of(b"x"), size: 2048 });
    let Value::Object(observed) = json!({"ARN": "arn:aws:x"}) else { unreachable!() };
    Content { document, observed, previews: BTreeMap::new(), changed: None }
}

fn drawn(rows: &[DetailRow]) -> Vec<String> {
    rows.iter().map(|row| format!("{}{}: {}", "  ".repeat(row.depth), row.label, row.value)).collect()
}

fn is_secret(path: &[String], _: &Value) -> bool {
    path == ["SecretString"]
}

fn nowhere(_: &str) -> Vec<ResourceKey> {
    Vec::new()
}

fn secrets(reveal: bool) -> Secrets<'static> {
    Secrets { is_secret: &is_secret, reveal, key: "v" }
}

#[test]
fn json_in_strings_is_opened_and_copied_as_it_was() {
    let text = r#"{"Statement": [{"Effect": "Allow"}]}"#;
    let document = Document::from_value(json!({"Policy": text, "Name": "{not json", "Empty": "{}"}));
    let rows = rows(&Content { document, ..Content::default() }, &HashSet::new(), &secrets(false), &nowhere);
    let expected = [
        "properties: 3 fields",
        "  Empty: {}",
        "  Name: {not json",
        "  Policy: (JSON in a string)",
        "    Statement: ",
        "      [0]: ",
        "        Effect: Allow",
    ];
    assert_eq!(drawn(&rows), expected);
    assert_eq!(rows[3].raw, text);
}

#[test]
fn bodies_are_shown_below_their_blob() {
    let mut content = content();
    let entry = |name: &str, content| crate::tui::preview::Entry { name: name.to_owned(), size: 9, content };
    let code = Preview::Text { text: "print(1)\nprint(2)".to_owned(), cut: false };
    let preview = Preview::Archive(vec![entry("index.py", code), entry("x.bin", Preview::Hex(Vec::new()))]);
    content.previews.insert("body".to_owned(), preview);
    let folds = HashSet::from([vec!["properties".to_owned()], vec!["observed".to_owned()]]);
    let expected = [
        "properties: 4 fields",
        "blobs: 1 blob",
        "  body: 2.0 KiB  zip with 2 files  sha256:2d711642b726",
        "    index.py: 9 B  text",
        "      1: print(1)",
        "      2: print(2)",
        "    x.bin: 9 B  bytes",
        "observed (read-only, never compared): 1 field",
    ];
    assert_eq!(drawn(&rows(&content, &folds, &secrets(false), &nowhere)), expected);
}

#[test]
fn properties_blobs_and_observed_are_apart_and_secrets_are_masked() {
    let expected = [
        "properties: 4 fields",
        "  Name: db␛[31m",
        "  Policy: ",
        "    Statement: ",
        "      [0]: ",
        "        Effect: Allow",
        "  SecretString: ••••••••  (v shows it)",
        "  Tags: []",
        "blobs: 1 blob",
        "  body: 2.0 KiB  sha256:2d711642b726",
        "observed (read-only, never compared): 1 field",
        "  ARN: arn:aws:x",
    ];
    assert_eq!(drawn(&rows(&content(), &HashSet::new(), &secrets(false), &nowhere)), expected);
    let shown = rows(&content(), &HashSet::new(), &secrets(true), &nowhere);
    assert!(shown.iter().any(|row| row.value == "hunter2"));
}

#[test]
fn what_refers_to_a_resource_is_named_and_can_be_followed() {
    let role = ResourceKey::new("000000000000", "global", "iam", "role", ["sign"]);
    let token = crate::pod::Token { key: role.clone(), field: "Arn".to_owned() };
    let document = Document::from_value(json!({"Role": token.to_string(), "Timeout": 3}));
    let refers = |text: &str| if text.contains("podex:") { vec![role.clone()] } else { Vec::new() };
    let rows = rows(&Content { document, ..Content::default() }, &HashSet::new(), &secrets(false), &refers);
    assert_eq!(drawn(&rows)[1], "  Role: → iam/role/sign Arn");
    assert_eq!((rows[1].links.as_slice(), rows[1].role), ([role.clone()].as_slice(), Role::Link));
    assert_eq!(rows[1].raw, token.to_string());
    assert!(rows[2].links.is_empty());
}

#[test]
fn a_masked_secret_cannot_be_copied() {
    let rows = rows(&content(), &HashSet::new(), &secrets(false), &nowhere);
    assert!(rows.iter().all(|row| !row.raw.contains("hunter2")));
}

#[test]
fn a_fold_hides_what_is_below_it() {
    let folds = HashSet::from([vec!["properties".to_owned(), "Policy".to_owned()]]);
    let rows = rows(&content(), &folds, &secrets(false), &nowhere);
    assert_eq!(drawn(&rows)[2], "  Policy: { 1 field }");
    assert_eq!(rows[3].label, "SecretString");
}
