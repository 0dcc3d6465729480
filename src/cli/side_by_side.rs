//! Changes in two columns: what was on the left, what is on the right.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use unicode_width::UnicodeWidthStr;

use super::format::{Values, clean, fit, readable};
use super::output::Paint;
use super::show_changes::summary;
use crate::catalog::Catalog;
use crate::ops::{Context, blob_facts};
use crate::pod::{Change, ChangeKind, PropertyChange, Rename, ResourceKey};

/// Columns where standard output is no terminal.
const WIDTH: usize = 120;

/// Narrowest columns.
const NARROWEST: usize = 16;

/// Lines of one property that are shown.
const LINES: usize = 200;

/// How changes are shown.
pub(super) struct TwoColumns<'a> {
    pub(super) context: &'a Context,
    pub(super) paint: Paint,
    pub(super) width: Option<usize>,
    pub(super) show_secrets: bool,
}

impl TwoColumns<'_> {
    /// Every changed resource with its properties, and the sum.
    pub(super) fn changes(&self, changes: &[Change], renames: &[Rename]) -> String {
        let mut text = String::new();
        for change in changes {
            let ResourceKey { account, region, service, .. } = &change.key;
            if renames.iter().any(|rename| rename.from == change.key) {
                continue;
            }
            let was = renames.iter().find(|rename| rename.to == change.key);
            let (mark, remark) = match (change.kind, was) {
                (_, Some(rename)) => (self.paint.cyan("→"), format!(" (was {})", rename.from.name.join("/"))),
                (ChangeKind::Added, None) => (self.paint.green("+"), String::new()),
                (ChangeKind::Modified, None) => (self.paint.yellow("~"), String::new()),
                (ChangeKind::Removed, None) => (self.paint.red("-"), String::new()),
            };
            let title = clean(&format!("{service}/{}", change.key.label())).into_owned();
            let place = self.paint.dim(&clean(&format!("{account} {region}{remark}")));
            text.push_str(&format!("{mark} {}  {place}\n", self.paint.bold(&title)));
            if was.is_none() {
                change.properties.iter().for_each(|property| self.property(&mut text, &change.key, property));
            }
            text.push('\n');
        }
        text.push_str(&format!("{}\n", summary(changes, renames)));
        text
    }

    fn property(&self, text: &mut String, key: &ResourceKey, property: &PropertyChange) {
        text.push_str(&format!("  {}\n", self.paint.dim(&clean(&property.path.join(".")))));
        let lines = |value: &Option<Value>| value.as_ref().map(|value| self.lines(key, &property.path, value));
        let (before, after) = (lines(&property.before).unwrap_or_default(), lines(&property.after).unwrap_or_default());
        let [one, other] = [&before, &after].map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
        if one == other {
            let row = self.row(one.first().copied(), other.first().map(|_| "(another value)"), '|');
            text.push_str(&row);
            return;
        }
        let diff = TextDiff::from_slices(&one, &other);
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        let mut rows = Vec::new();
        for change in diff.iter_all_changes() {
            match change.tag() {
                ChangeTag::Delete => removed.push(change.value()),
                ChangeTag::Insert => added.push(change.value()),
                ChangeTag::Equal => {
                    self.pairs(&mut removed, &mut added, &mut rows);
                    rows.push(self.row(Some(change.value()), Some(change.value()), ' '));
                }
            }
        }
        self.pairs(&mut removed, &mut added, &mut rows);
        rows.iter().take(LINES).for_each(|row| text.push_str(row));
        if rows.len() > LINES {
            text.push_str(&format!("    {}\n", self.paint.dim(&format!("… {} more lines", rows.len() - LINES))));
        }
    }

    fn pairs(&self, removed: &mut Vec<&str>, added: &mut Vec<&str>, rows: &mut Vec<String>) {
        for at in 0..removed.len().max(added.len()) {
            let (one, other) = (removed.get(at).copied(), added.get(at).copied());
            let mark = match (one, other) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            rows.push(self.row(one, other, mark));
        }
        removed.clear();
        added.clear();
    }

    /// Left, a mark as `diff -y` sets it, right.
    fn row(&self, one: Option<&str>, other: Option<&str>, mark: char) -> String {
        let column = (self.width.unwrap_or(WIDTH).saturating_sub(7) / 2).max(NARROWEST);
        let (one, other) = (fit(one.unwrap_or_default(), column), fit(other.unwrap_or_default(), column));
        let gap = " ".repeat(column.saturating_sub(one.width()));
        let (one, other) = match mark {
            ' ' => (one.into_owned(), other.into_owned()),
            _ => (self.paint.red(&one), self.paint.green(&other)),
        };
        let row = format!("    {one}{gap} {mark} {other}");
        format!("{}\n", row.trim_end())
    }

    /// A value as lines; a text of bytes as its own lines.
    fn lines(&self, key: &ResourceKey, path: &[String], value: &Value) -> Vec<String> {
        let catalog: &Catalog = self.context.catalog;
        let values = Values { catalog, show_secrets: self.show_secrets };
        let line = || vec![values.line(key, path, value)];
        let value = match values.safe(key, path, value) {
            Value::String(text) if text.contains('\n') => text,
            value @ (Value::Object(_) | Value::Array(_)) => match serde_json::from_value(value.clone()) {
                Ok(blob) => match blob_facts(self.context, &blob).and_then(|facts| facts.text) {
                    Some(text) => text,
                    None => return line(),
                },
                Err(_) => serde_json::to_string_pretty(&readable(&value)).unwrap_or_default(),
            },
            _ => return line(),
        };
        value.lines().map(|line| clean(line).into_owned()).collect()
    }
}
