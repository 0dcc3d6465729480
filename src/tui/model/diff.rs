//! What differs between two versions, as rows for two columns or one.

use std::collections::BTreeMap;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::detail::{IsSecret, MASK, mask};
use crate::pod::{Change, ChangeKind, Document, PropertyChange};
use crate::tui::text;

/// Longest lines that are compared word by word; longer ones would be noise and cost time.
const WORDWISE_BYTES: usize = 4_096;
/// Most lines of one value that are shown.
const VALUE_LINES: usize = 2_000;

/// How many resources that both sides have alike are listed: more than anybody reads.
pub const ALIKE_LISTED: usize = 100_000;

/// A piece of a line, and whether it is what changed.
pub type Piece = (bool, String);

/// One row of the comparison of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffRow {
    /// A property's path; a place to jump to.
    Heading(String),
    /// A line of the value before and its counterpart after.
    Pair(Option<Vec<Piece>>, Option<Vec<Piece>>),
    /// A line that both have.
    Same(String),
}

/// How many resources were added, modified and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Only in the second.
    pub added: usize,
    /// In both.
    pub modified: usize,
    /// Only in the first.
    pub removed: usize,
}

impl Counts {
    /// Counts changes.
    pub fn of(changes: &[Change]) -> Self {
        let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
        Self {
            added: count(ChangeKind::Added),
            modified: count(ChangeKind::Modified),
            removed: count(ChangeKind::Removed),
        }
    }
}

/// The mark in front of a changed resource.
pub fn mark(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Modified => '~',
        ChangeKind::Removed => '-',
    }
}

/// The rows of one changed resource.
pub fn rows(change: &Change, reveal: bool, is_secret: IsSecret<'_>) -> Vec<DiffRow> {
    let mut rows = Vec::new();
    // Properties in the order of their paths, so that list positions stand together.
    let sorted: BTreeMap<&Vec<String>, &PropertyChange> =
        change.properties.iter().map(|property| (&property.path, property)).collect();
    for (path, property) in sorted {
        rows.push(DiffRow::Heading(heading(path)));
        let mut values = property.before.iter().chain(&property.after);
        let masked = !reveal && values.any(|value| is_secret(path, value));
        let lines = |value: &Option<Value>| match value {
            None => Vec::new(),
            Some(value) if reveal => value_lines(value),
            // A property that only one side has is shown whole: secrets may lie deeper in it.
            Some(value) => {
                let mut value = value.clone();
                if masked {
                    value = Value::String(MASK.to_owned());
                }
                mask(&mut path.clone(), &mut value, is_secret);
                value_lines(&value)
            }
        };
        let (before, after) = (lines(&property.before), lines(&property.after));
        if masked && property.before.is_some() && property.after.is_some() {
            let note = |text: &str| Some(vec![(false, format!("{MASK}  {text}"))]);
            rows.push(DiffRow::Pair(note("(v shows it)"), note("(another value)")));
        } else {
            pair(&before, &after, &mut rows);
        }
    }
    if rows.is_empty() {
        rows.push(DiffRow::Same("(it has no properties of its own)".to_owned()));
    }
    rows
}

/// The rows of what the document of a modified resource has and the change leaves as it is.
pub fn unchanged(change: &Change, document: &Document, reveal: bool, is_secret: IsSecret<'_>) -> Vec<DiffRow> {
    let mut rows = Vec::new();
    for (name, value) in &document.attributes {
        untouched(change, &mut vec![name.clone()], value, reveal, is_secret, &mut rows);
    }
    rows
}

fn untouched(
    change: &Change,
    path: &mut Vec<String>,
    value: &Value,
    reveal: bool,
    is_secret: IsSecret<'_>,
    rows: &mut Vec<DiffRow>,
) {
    let within = |property: &PropertyChange| property.path.starts_with(path);
    let changed = |property: &PropertyChange| path.starts_with(&property.path);
    if change.properties.iter().any(changed) {
        return;
    }
    match value {
        Value::Object(members) if change.properties.iter().any(within) => {
            for (name, value) in members {
                path.push(name.clone());
                untouched(change, path, value, reveal, is_secret, rows);
                path.pop();
            }
        }
        // Positions in a list that changed mean other things on the two sides.
        Value::Array(_) if change.properties.iter().any(within) => {}
        value => {
            let mut value = value.clone();
            if !reveal {
                mask(&mut path.clone(), &mut value, is_secret);
            }
            rows.push(DiffRow::Heading(heading(path)));
            rows.extend(value_lines(&value).into_iter().map(DiffRow::Same));
        }
    }
}

/// A path as people read it: `Policy.Statement[0].Effect`.
fn heading(path: &[String]) -> String {
    let mut heading = String::new();
    for part in path {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && !heading.is_empty() {
            heading.push_str(&format!("[{part}]"));
        } else {
            if !heading.is_empty() {
                heading.push('.');
            }
            heading.push_str(&text::clean(part));
        }
    }
    heading
}

/// A value as lines that are safe to draw.
pub(super) fn value_lines(value: &Value) -> Vec<String> {
    let text = match value {
        Value::String(string) => string.clone(),
        Value::Object(members) if is_blob(members) => {
            let size = members.get("size").and_then(Value::as_u64).unwrap_or_default();
            let digest = members.get("digest").and_then(Value::as_str).unwrap_or_default();
            return vec![format!("{}  {}", text::bytes(size), digest.get(..19).unwrap_or(digest))];
        }
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_| other.to_string()),
    };
    let mut lines: Vec<String> =
        text.split('\n').take(VALUE_LINES).map(|line| text::clean(line.trim_end_matches('\r')).into_owned()).collect();
    if lines.len() == VALUE_LINES {
        lines.push("… the rest is not shown".to_owned());
    }
    lines
}

fn is_blob(members: &serde_json::Map<String, Value>) -> bool {
    members.len() == 2 && members.get("size").is_some_and(Value::is_u64) && members.contains_key("digest")
}

/// Lines up the lines of two values, and marks what changed within a line.
fn pair(before: &[String], after: &[String], rows: &mut Vec<DiffRow>) {
    let (one, other): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&one, &other);
    let (mut removed, mut added): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let flush = |removed: &mut Vec<&str>, added: &mut Vec<&str>, rows: &mut Vec<DiffRow>| {
        for at in 0..removed.len().max(added.len()) {
            rows.push(match (removed.get(at), added.get(at)) {
                (Some(old), Some(new)) => {
                    let (old, new) = words(old, new);
                    DiffRow::Pair(Some(old), Some(new))
                }
                (old, new) => {
                    let whole = |line: Option<&&str>| line.map(|line| vec![(false, (*line).to_owned())]);
                    DiffRow::Pair(whole(old), whole(new))
                }
            });
        }
        removed.clear();
        added.clear();
    };
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Delete => removed.push(change.value()),
            ChangeTag::Insert => added.push(change.value()),
            ChangeTag::Equal => {
                flush(&mut removed, &mut added, rows);
                rows.push(DiffRow::Same(change.value().to_owned()));
            }
        }
    }
    flush(&mut removed, &mut added, rows);
}

/// Two lines with what changed between them marked.
fn words(old: &str, new: &str) -> (Vec<Piece>, Vec<Piece>) {
    if old.len().max(new.len()) > WORDWISE_BYTES {
        return (vec![(true, old.to_owned())], vec![(true, new.to_owned())]);
    }
    let diff = TextDiff::from_words(old, new);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        let piece = |changed| (changed, change.value().to_owned());
        match change.tag() {
            ChangeTag::Delete => before.push(piece(true)),
            ChangeTag::Insert => after.push(piece(true)),
            ChangeTag::Equal => {
                before.push(piece(false));
                after.push(piece(false));
            }
        }
    }
    (before, after)
}

/// The row of the next heading after `from`, or the one before it, of what differs.
pub fn jump(rows: &[DiffRow], from: usize, forward: bool) -> Option<usize> {
    let is_heading = |at: &usize| {
        let below = rows.iter().skip(at + 1).take_while(|row| !matches!(row, DiffRow::Heading(_)));
        matches!(rows.get(*at), Some(DiffRow::Heading(_)))
            && below.into_iter().any(|row| matches!(row, DiffRow::Pair(..)))
    };
    if forward { (from + 1..rows.len()).find(is_heading) } else { (0..from).rev().find(is_heading) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::{Document, ResourceKey};

    fn change(before: Value, after: Value) -> Change {
        let key = ResourceKey::new("0", "r", "sqs", "queue", ["q"]);
        Change::between(key, Some(&Document::from_value(before)), Some(&Document::from_value(after))).unwrap()
    }

    fn piece(text: &str) -> Option<Vec<Piece>> {
        Some(vec![(false, text.to_owned())])
    }

    #[test]
    fn only_the_words_that_changed_are_marked() {
        let change = change(json!({"a": ["x", "keep this old word"]}), json!({"a": ["x", "keep this new word"]}));
        let rows = rows(&change, false, &|_, _| false);
        assert_eq!(rows[0], DiffRow::Heading("a[1]".to_owned()));
        let DiffRow::Pair(Some(before), Some(after)) = &rows[1] else { panic!("{rows:?}") };
        let marked =
            |pieces: &[Piece]| pieces.iter().filter(|piece| piece.0).map(|piece| piece.1.clone()).collect::<String>();
        assert_eq!((marked(before), marked(after)), ("old".to_owned(), "new".to_owned()));
    }

    #[test]
    fn lines_that_both_have_stand_side_by_side() {
        let change = change(json!({"code": "one\ntwo\nthree"}), json!({"code": "one\nthree\nfour"}));
        let expected = [
            DiffRow::Heading("code".to_owned()),
            DiffRow::Same("one".to_owned()),
            DiffRow::Pair(piece("two"), None),
            DiffRow::Same("three".to_owned()),
            DiffRow::Pair(None, piece("four")),
        ];
        assert_eq!(rows(&change, false, &|_, _| false), expected);
    }

    #[test]
    fn a_secret_that_changed_shows_that_it_changed_and_nothing_else() {
        let change = change(json!({"SecretString": "hunter2"}), json!({"SecretString": "hunter3"}));
        let drawn = format!("{:?}", rows(&change, false, &|_, _| true));
        assert!(drawn.contains("another value") && !drawn.contains("hunter"), "{drawn}");
    }

    #[test]
    fn a_secret_within_a_value_that_only_one_side_has_is_masked_too() {
        let change = change(json!({}), json!({"Environment": {"Variables": {"KEY": "hunter2"}, "Size": 7}}));
        let drawn = format!("{:?}", rows(&change, false, &|path, _| path.len() == 3));
        assert!(drawn.contains("KEY") && drawn.contains("Size") && !drawn.contains("hunter"), "{drawn}");
    }

    #[test]
    fn jumping_goes_from_property_to_property() {
        let change = change(json!({"a": 1, "b": 1}), json!({"a": 2, "b": 2}));
        let rows = rows(&change, false, &|_, _| false);
        assert_eq!(jump(&rows, 0, true), Some(2));
        assert_eq!(jump(&rows, 2, true), None);
        assert_eq!(jump(&rows, 2, false), Some(0));
    }
}
