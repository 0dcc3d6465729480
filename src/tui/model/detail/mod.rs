//! A document as rows that fold.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::pod::{BlobRef, Commit, Digest, Document, Marker, Observed, ResourceKey, replace_tokens};
use crate::tui::preview::{Pair, Preview};
use crate::tui::text;
use crate::tui::theme::Role;

#[cfg(test)]
mod tests;

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
    /// What can be shown of its blobs, by their names.
    pub previews: BTreeMap<String, Preview>,
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
    /// A line of a picture, drawn instead of the value.
    pub cells: Vec<Pair>,
    /// The resources that the value refers to and that are there.
    pub links: Vec<ResourceKey>,
}

/// Least room for a value beside its name; with less it would break into slivers.
const NARROWEST_VALUE: usize = 12;

/// Where the value of a row stands in a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValuePlace {
    /// The column it starts in.
    pub start: usize,
    /// How many columns it has.
    pub room: usize,
    /// It stands below its name, because there is no room beside it.
    pub below: bool,
}

/// Where the value of a row stands, in a pane of `width` columns.
pub fn value_place(row: &DetailRow, width: usize) -> ValuePlace {
    // Indent, the fold's arrow, the name, and two columns between name and value.
    let start = row.depth * 2 + 2 + text::width(&row.label) + 2;
    let room = width.saturating_sub(start);
    if room >= NARROWEST_VALUE || text::width(&row.value) <= room {
        return ValuePlace { start, room: room.max(1), below: false };
    }
    // Two further than its name; very deep ones move back rather than out of sight.
    let start = (row.depth * 2 + 4).min(width.saturating_sub(NARROWEST_VALUE));
    ValuePlace { start, room: width.saturating_sub(start).max(1), below: true }
}

/// Which values are secret, by their path and what they are.
pub type IsSecret<'a> = &'a dyn Fn(&[String], &Value) -> bool;

/// Puts the mask in place of every secret at or below `path`, and what people read in place of markers.
pub fn mask(path: &mut Vec<String>, value: &mut Value, is_secret: IsSecret<'_>) {
    if is_secret(path, value) {
        *value = Value::String(MASK.to_owned());
        return;
    }
    if let Some(marker) = Marker::of(value) {
        *value = Value::String(marker.label());
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

/// What is secret, and whether it is shown.
pub struct Secrets<'a> {
    /// Which attributes are.
    pub is_secret: IsSecret<'a>,
    /// They are shown.
    pub reveal: bool,
    /// The key that shows them.
    pub key: &'a str,
}

/// Which resources a text refers to.
pub type Refers<'a> = &'a dyn Fn(&str) -> Vec<ResourceKey>;

/// The rows of a document. `folds` holds the paths whose fold differs from the default.
pub fn rows(
    content: &Content,
    folds: &HashSet<Vec<String>>,
    secrets: &Secrets<'_>,
    refers: Refers<'_>,
) -> Vec<DetailRow> {
    let mut builder = Builder { rows: Vec::new(), folds, secrets, refers };
    let Content { document, observed, changed, previews } = content;
    builder.section("properties", &document.attributes, true);
    builder.blobs(&document.blobs, previews);
    builder.section("observed", observed, false);
    builder.changed(changed.as_ref());
    builder.rows
}

pub(super) struct Builder<'a> {
    pub(super) rows: Vec<DetailRow>,
    folds: &'a HashSet<Vec<String>>,
    secrets: &'a Secrets<'a>,
    refers: Refers<'a>,
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
            let facts = [("in", digest.short()), ("by", commit.author.to_string()), ("on", time), ("message", message)];
            for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
                let mut below = path.clone();
                below.push(name.to_owned());
                self.value(below, 1, name, &Value::String(value), false);
            }
        }
    }

    fn blobs(&mut self, blobs: &BTreeMap<String, BlobRef>, previews: &BTreeMap<String, Preview>) {
        if blobs.is_empty() {
            return;
        }
        let path = vec!["blobs".to_owned()];
        if self.heading(path.clone(), "blobs".to_owned(), text::count(blobs.len() as u64, "blob")) {
            for (name, blob) in blobs {
                let mut below = path.clone();
                below.push(name.clone());
                let preview = previews.get(name);
                let note = preview.map(|preview| format!("  {}", preview.note())).unwrap_or_default();
                let open = preview.map(|_| self.is_open(&below, true));
                self.rows.push(DetailRow {
                    path: below.clone(),
                    depth: 1,
                    label: text::clean(name).into_owned(),
                    value: format!("{}{note}  sha256:{}", text::bytes(blob.size), blob.digest.short()),
                    role: Role::Blob,
                    open,
                    heading: false,
                    raw: blob.digest.to_string(),
                    cells: Vec::new(),
                    links: Vec::new(),
                });
                if let (Some(true), Some(preview)) = (open, preview) {
                    self.preview(&below, 2, preview);
                }
            }
        }
    }

    fn heading(&mut self, path: Vec<String>, label: String, value: String) -> bool {
        let open = self.is_open(&path, true);
        self.rows.push(DetailRow {
            cells: Vec::new(),
            links: Vec::new(),
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

    /// Whether a row is unfolded: by default, or the other way round where it was toggled.
    pub(super) fn is_open(&self, path: &[String], default: bool) -> bool {
        self.folds.contains(path) != default
    }

    pub(super) fn value(&mut self, path: Vec<String>, depth: usize, name: &str, value: &Value, settable: bool) {
        // The first name is the section: the catalog knows nothing of it.
        let marker = Marker::of(value).filter(|_| !self.secrets.reveal).map(|marker| Value::String(marker.label()));
        let value = marker.as_ref().unwrap_or(value);
        let secret = marker.is_none() && settable && (self.secrets.is_secret)(path.get(1..).unwrap_or_default(), value);
        let label = text::clean(name).into_owned();
        if secret && !self.secrets.reveal {
            let value = format!("{MASK}  ({} shows it)", self.secrets.key);
            let row = DetailRow {
                path,
                depth,
                label,
                value,
                role: Role::Secret,
                open: None,
                heading: false,
                raw: MASK.to_owned(),
                cells: Vec::new(),
                links: Vec::new(),
            };
            self.rows.push(row);
            return;
        }
        // Policies, state machines, messages: JSON that travels as text is easier to read as what it is.
        let inner = inner_json(value);
        let (raw, written) = (raw_text(value), inner.is_some());
        let value = inner.as_ref().unwrap_or(value);
        let below: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(at, value)| (format!("[{at}]"), value)).collect(),
            _ => Vec::new(),
        };
        let open = (!below.is_empty()).then(|| self.is_open(&path, true));
        let (shown, role) = match value {
            Value::Object(members) if members.is_empty() => ("{}".to_owned(), Role::Literal),
            Value::Array(items) if items.is_empty() => ("[]".to_owned(), Role::Literal),
            Value::Object(members) if open == Some(false) => {
                (format!("{{ {} }}", text::count(members.len() as u64, "field")), Role::Muted)
            }
            Value::Array(items) if open == Some(false) => {
                (format!("[ {} ]", text::count(items.len() as u64, "item")), Role::Muted)
            }
            Value::Object(_) | Value::Array(_) if written => ("(JSON in a string)".to_owned(), Role::Muted),
            Value::Object(_) | Value::Array(_) => (String::new(), Role::Muted),
            Value::String(string) => (text::clean(&readable(string)).into_owned(), Role::String),
            other => (other.to_string(), Role::Literal),
        };
        let links = match value {
            Value::String(string) => (self.refers)(string),
            _ => Vec::new(),
        };
        let role = if links.is_empty() { role } else { Role::Link };
        let (path_of_row, heading, cells) = (path.clone(), false, Vec::new());
        self.rows.push(DetailRow {
            path: path_of_row,
            depth,
            label,
            value: shown,
            role,
            open,
            heading,
            raw,
            cells,
            links,
        });
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

/// A text with reference tokens as people read them: the resource, and which of its fields.
fn readable(text: &str) -> String {
    replace_tokens(text, |token| {
        let key = &token.key;
        Some(format!("→ {}/{} {}", key.service, key.label(), token.field))
    })
}

/// What a value is when copied.
fn raw_text(value: &Value) -> String {
    match value {
        Value::String(string) => string.clone(),
        other => other.to_string(),
    }
}

/// The object or list that a string holds as JSON.
fn inner_json(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let inner: Value = serde_json::from_str(text).ok()?;
    let members = inner.as_object().map_or(0, Map::len) + inner.as_array().map_or(0, Vec::len);
    (members > 0).then_some(inner)
}
