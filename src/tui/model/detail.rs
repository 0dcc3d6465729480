//! A document as rows that fold.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::pod::{BlobRef, Commit, Digest, Document, Observed};
use crate::tui::text;
use crate::tui::theme::Role;

/// What stands in for a secret value.
pub const MASK: &str = "••••••••";

/// A document with what was observed of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Its settable state.
    pub document: Document,
    /// What was observed.
    pub observed: Observed,
    /// The commit that last changed it, where its history tells.
    pub changed: Option<(Digest, Commit)>,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct DetailRow {
    /// Where it is, for folds: the section, then the names down to it.
    pub path: Vec<String>,
    /// How far to indent.
    pub depth: usize,
    /// The property's name, or a heading; safe to draw.
    pub label: String,
    /// Its value, or a summary of what lies below; safe to draw.
    pub value: String,
    /// What the value is.
    pub role: Role,
    /// Whether it is unfolded; None where nothing lies below.
    pub open: Option<bool>,
    /// A heading.
    pub heading: bool,
    /// What copying gives.
    pub raw: String,
}

/// Least room for a value beside its name; with less it would break into slivers.
const NARROWEST_VALUE: usize = 12;

/// Where the value of a row starts and how many columns it has, in a pane of `width` columns.
pub fn value_place(row: &DetailRow, width: usize) -> (usize, usize) {
    // Indent, the fold's arrow, the name, and two columns between name and value.
    let start = row.depth * 2 + 2 + text::width(&row.label) + 2;
    let room = width.saturating_sub(start);
    if room >= NARROWEST_VALUE { (start, room) } else { (start, NARROWEST_VALUE.max(room)) }
}

/// Which attributes are secret, by their path.
pub type IsSecret<'a> = &'a dyn Fn(&[String]) -> bool;

/// Puts the mask in place of every secret at or below `path`.
pub fn mask(path: &mut Vec<String>, value: &mut Value, is_secret: IsSecret<'_>) {
    if is_secret(path) {
        *value = Value::String(MASK.to_owned());
        return;
    }
    let members: Vec<(String, &mut Value)> = match value {
        Value::Object(members) => members.iter_mut().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter_mut().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        path.push(name);
        mask(path, value, is_secret);
        path.pop();
    }
}

/// The rows of a document. `folds` holds the paths whose fold differs from the default.
pub fn rows(content: &Content, folds: &HashSet<Vec<String>>, reveal: bool, is_secret: IsSecret<'_>) -> Vec<DetailRow> {
    let mut builder = Builder { rows: Vec::new(), folds, reveal, is_secret };
    let Content { document, observed, changed } = content;
    builder.section("properties", &document.attributes, true);
    builder.blobs(&document.blobs);
    builder.section("observed", observed, false);
    builder.changed(changed.as_ref());
    builder.rows
}

struct Builder<'a> {
    rows: Vec<DetailRow>,
    folds: &'a HashSet<Vec<String>>,
    reveal: bool,
    is_secret: IsSecret<'a>,
}

impl Builder<'_> {
    fn section(&mut self, name: &str, values: &Map<String, Value>, settable: bool) {
        if values.is_empty() && !settable {
            return;
        }
        let path = vec![name.to_owned()];
        let note = if settable { "" } else { " (read-only, never compared)" };
        let label = format!("{name}{note}");
        let open = self.heading(path.clone(), label, text::count(values.len() as u64, "field"));
        if open {
            for (name, value) in values {
                let mut below = path.clone();
                below.push(name.clone());
                self.value(below, 1, name, value, settable);
            }
        }
    }

    fn changed(&mut self, changed: Option<&(Digest, Commit)>) {
        let Some((digest, commit)) = changed else { return };
        let path = vec!["last changed".to_owned()];
        if self.heading(path.clone(), "last changed".to_owned(), digest.short()) {
            let time = commit.time.strftime("%Y-%m-%d %H:%M UTC").to_string();
            let message = commit.message.lines().next().unwrap_or_default().to_owned();
            let facts =
                [("in", digest.to_string()), ("by", commit.author.to_string()), ("on", time), ("message", message)];
            for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
                let mut below = path.clone();
                below.push(name.to_owned());
                self.value(below, 1, name, &Value::String(value), false);
            }
        }
    }

    fn blobs(&mut self, blobs: &BTreeMap<String, BlobRef>) {
        if blobs.is_empty() {
            return;
        }
        let path = vec!["blobs".to_owned()];
        if self.heading(path.clone(), "blobs".to_owned(), text::count(blobs.len() as u64, "blob")) {
            for (name, blob) in blobs {
                let mut below = path.clone();
                below.push(name.clone());
                self.rows.push(DetailRow {
                    path: below,
                    depth: 1,
                    label: text::clean(name).into_owned(),
                    value: format!("{}  sha256:{}", text::bytes(blob.size), blob.digest.short()),
                    role: Role::Blob,
                    open: None,
                    heading: false,
                    raw: blob.digest.to_string(),
                });
            }
        }
    }

    fn heading(&mut self, path: Vec<String>, label: String, value: String) -> bool {
        let open = !self.folds.contains(&path);
        self.rows.push(DetailRow {
            raw: label.clone(),
            path,
            depth: 0,
            label,
            value,
            role: Role::Muted,
            open: Some(open),
            heading: true,
        });
        open
    }

    fn value(&mut self, path: Vec<String>, depth: usize, name: &str, value: &Value, settable: bool) {
        // The first name is the section: the catalog knows nothing of it.
        let secret = settable && (self.is_secret)(path.get(1..).unwrap_or_default());
        let label = text::clean(name).into_owned();
        if secret && !self.reveal {
            let value = format!("{MASK}  (v shows it)");
            let row = DetailRow {
                path,
                depth,
                label,
                value,
                role: Role::Secret,
                open: None,
                heading: false,
                raw: MASK.to_owned(),
            };
            self.rows.push(row);
            return;
        }
        let below: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(at, value)| (format!("[{at}]"), value)).collect(),
            _ => Vec::new(),
        };
        let open = (!below.is_empty()).then(|| !self.folds.contains(&path));
        let (shown, role) = match value {
            Value::Object(members) if members.is_empty() => ("{}".to_owned(), Role::Literal),
            Value::Array(items) if items.is_empty() => ("[]".to_owned(), Role::Literal),
            Value::Object(members) if open == Some(false) => {
                (format!("{{ {} }}", text::count(members.len() as u64, "field")), Role::Muted)
            }
            Value::Array(items) if open == Some(false) => {
                (format!("[ {} ]", text::count(items.len() as u64, "item")), Role::Muted)
            }
            Value::Object(_) | Value::Array(_) => (String::new(), Role::Muted),
            Value::String(string) => (text::clean(string).into_owned(), Role::String),
            other => (other.to_string(), Role::Literal),
        };
        let raw = match value {
            Value::String(string) => string.clone(),
            other => other.to_string(),
        };
        self.rows.push(DetailRow { path: path.clone(), depth, label, value: shown, role, open, heading: false, raw });
        if open == Some(true) {
            for (name, value) in below {
                let mut path = path.clone();
                // The catalog names list positions by number alone.
                path.push(name.trim_matches(['[', ']']).to_owned());
                self.value(path, depth + 1, &name, value, settable);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content() -> Content {
        let mut document = Document::from_value(json!({
            "Name": "db\u{1b}[31m", "Policy": {"Statement": [{"Effect": "Allow"}]}, "SecretString": "hunter2", "Tags": [],
        }));
        document.blobs.insert("body".to_owned(), BlobRef { digest: crate::pod::Digest::of(b"x"), size: 2048 });
        let Value::Object(observed) = json!({"ARN": "arn:aws:x"}) else { unreachable!() };
        Content { document, observed, changed: None }
    }

    fn drawn(rows: &[DetailRow]) -> Vec<String> {
        rows.iter().map(|row| format!("{}{}: {}", "  ".repeat(row.depth), row.label, row.value)).collect()
    }

    fn is_secret(path: &[String]) -> bool {
        path == ["SecretString"]
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
        assert_eq!(drawn(&rows(&content(), &HashSet::new(), false, &is_secret)), expected);
        let shown = rows(&content(), &HashSet::new(), true, &is_secret);
        assert!(shown.iter().any(|row| row.value == "hunter2"));
    }

    #[test]
    fn a_masked_secret_cannot_be_copied() {
        let rows = rows(&content(), &HashSet::new(), false, &is_secret);
        assert!(rows.iter().all(|row| !row.raw.contains("hunter2")));
    }

    #[test]
    fn a_fold_hides_what_is_below_it() {
        let folds = HashSet::from([vec!["properties".to_owned(), "Policy".to_owned()]]);
        let rows = rows(&content(), &folds, false, &is_secret);
        assert_eq!(drawn(&rows)[2], "  Policy: { 1 field }");
        assert_eq!(rows[3].label, "SecretString");
    }
}
