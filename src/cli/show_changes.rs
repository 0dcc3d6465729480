//! Changes and plans as text, in the manner people know from infrastructure tools: `+`, `~`, `-`, with the
//! properties that differ.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::format::{Values, clean, count, fit, readable};
use super::output::Paint;
use super::session::Session;
use crate::catalog::Catalog;
use crate::instance::{Plan, StepAction};
use crate::ops::Context;
use crate::pod::{Change, ChangeKind, PropertyChange, Rename, ResourceKey};

/// Columns before a property.
const INDENT: &str = "      ";

/// Lines of a text, items of a list or members of an archive that are shown.
const LINES: usize = 40;

/// How changes are shown.
pub(super) struct ChangeView<'a> {
    values: Values<'a>,
    paint: Paint,
    width: Option<usize>,
    full: bool,
    /// Where bytes are looked into; plans name them only.
    blobs: Option<&'a Context>,
}

/// A line of a list of lines: whether the second side has it (else the first), and the line.
pub(super) type Side = (bool, String);

impl<'a> ChangeView<'a> {
    pub(super) fn new(session: &Session, catalog: &'a Catalog, show_secrets: bool, full: bool) -> Self {
        let values = Values { catalog, show_secrets };
        Self { values, paint: session.out.paint, width: session.out.width, full, blobs: None }
    }

    /// Looks into bytes that differ.
    pub(super) fn with_blobs(self, context: &'a Context) -> Self {
        Self { blobs: Some(context), ..self }
    }

    /// Changes, grouped by account and region, and their sum; `observed` are those of read-only values.
    pub(super) fn changes(&self, changes: &[Change], renames: &[Rename], observed: &[Change]) -> String {
        let mut text = String::new();
        let mut place = None;
        let (from, to) = sides(renames);
        let mut observed: BTreeMap<&ResourceKey, &Change> =
            observed.iter().map(|change| (&change.key, change)).collect();
        let mut all: Vec<(&ResourceKey, Option<&Change>)> =
            changes.iter().map(|change| (&change.key, Some(change))).collect();
        let known: std::collections::BTreeSet<&ResourceKey> = changes.iter().map(|change| &change.key).collect();
        all.extend(observed.keys().filter(|key| !known.contains(*key)).map(|key| (*key, None)));
        all.sort_by_key(|(key, _)| *key);
        for (key, change) in all.into_iter().filter(|(key, _)| !from.contains_key(key)) {
            self.place(&mut text, &mut place, key);
            let mark = match change.map(|change| change.kind) {
                _ if to.contains_key(key) => self.paint.cyan("→"),
                Some(ChangeKind::Added) => self.paint.green("+"),
                Some(ChangeKind::Modified) => self.paint.yellow("~"),
                Some(ChangeKind::Removed) => self.paint.red("-"),
                None => " ".to_owned(),
            };
            let remark = to.get(key).map(|from| format!("  (was {})", old_name(from, key))).unwrap_or_default();
            self.heading(&mut text, &mark, key, &clean(&remark));
            if let Some(change) = change.filter(|change| change.kind == ChangeKind::Modified || self.full) {
                self.properties(&mut text, &change.key, &change.properties);
            }
            if let Some(change) = observed.remove(key) {
                let mut lines = String::new();
                self.properties(&mut lines, key, &change.properties);
                text.push_str(&format!("{INDENT}{}\n", self.paint.dim("read-only:")));
                lines.lines().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", summary(changes, renames)));
        text
    }

    /// A plan, in the order it is carried out, and its sum.
    pub(super) fn plan(&self, plan: &Plan) -> String {
        let mut text = String::new();
        let mut place = None;
        for step in &plan.steps {
            self.place(&mut text, &mut place, &step.key);
            let (mark, remark) = match step.action {
                StepAction::Create => (self.paint.green("+"), ""),
                StepAction::Update => (self.paint.yellow("~"), ""),
                StepAction::Replace => (self.paint.magenta("±"), "  (deleted and created anew)"),
                StepAction::Delete => (self.paint.red("-"), ""),
            };
            self.heading(&mut text, &mark, &step.key, remark);
            if matches!(step.action, StepAction::Update | StepAction::Replace) || self.full {
                self.properties(&mut text, &step.key, &step.changes());
            }
        }
        if plan.steps.is_empty() {
            return "nothing to do: the emulator is as the pod wants it\n".to_owned();
        }
        let actions = plan.steps.iter().map(|step| step.action);
        let sum = plan_summary(actions, ["to create", "to update", "to replace", "to delete"]);
        text.push_str(&format!("\nPlan: {sum}\n"));
        text
    }

    fn place(&self, text: &mut String, place: &mut Option<(String, String)>, key: &ResourceKey) {
        let here = (key.account.clone(), key.region.clone());
        if place.as_ref() != Some(&here) {
            let gap = if place.is_some() { "\n" } else { "" };
            let title = format!("{} {}", clean(&here.0), clean(&here.1));
            text.push_str(&format!("{gap}{}\n", self.paint.bold(&title)));
            *place = Some(here);
        }
    }

    fn heading(&self, text: &mut String, mark: &str, key: &ResourceKey, remark: &str) {
        let name = format!("{}/{}", key.service, key.label());
        text.push_str(&format!("  {mark} {}{}\n", clean(&name), self.paint.dim(remark)));
    }

    fn properties(&self, text: &mut String, key: &ResourceKey, properties: &[PropertyChange]) {
        for property in properties {
            let path = clean(&property.path.join(".")).into_owned();
            let mut values = property.before.iter().chain(&property.after);
            let hidden = values.any(|value| self.values.hides(key, &property.path, value));
            let lines = if hidden { None } else { self.lines(key, property) };
            match lines {
                // A list or text as lines; bytes keep their size and digest beside it.
                Some((None, lines)) => {
                    text.push_str(&format!("{INDENT}{} {path}:\n", self.paint.yellow("~")));
                    self.sides(text, &lines);
                }
                Some((Some(remark), lines)) => {
                    text.push_str(&format!("{}{}\n", self.property(key, &path, property), self.paint.dim(&remark)));
                    self.sides(text, &lines);
                }
                None => text.push_str(&format!("{}\n", self.property(key, &path, property))),
            }
        }
    }

    /// The lines in which two texts, lists or contents differ; for contents, also what they are.
    fn lines(&self, key: &ResourceKey, property: &PropertyChange) -> Option<(Option<String>, Vec<Side>)> {
        let items = |value: &Value| readable_items(&self.values.safe(key, &property.path, value));
        match (&property.before, &property.after) {
            (Some(Value::String(before)), Some(Value::String(after)))
                if before.contains('\n') || after.contains('\n') =>
            {
                Some((None, text_lines(before, after)))
            }
            (Some(before @ Value::Array(_)), Some(after @ Value::Array(_))) => {
                Some((None, text_lines(&items(before), &items(after))))
            }
            (before, after) => {
                let (kind, lines) = super::show_blobs::compare(self.blobs?, before.as_ref(), after.as_ref())?;
                Some((Some(format!("  {kind}")), lines))
            }
        }
    }

    fn property(&self, key: &ResourceKey, path: &str, property: &PropertyChange) -> String {
        let line = |value: &Value| self.values.line(key, &property.path, value);
        let room = |parts: usize| {
            let used = INDENT.len() + path.chars().count() + 8;
            self.width.map_or(usize::MAX, |width| width.saturating_sub(used).max(24) / parts)
        };
        let (mark, value) = match (&property.before, &property.after) {
            (Some(before), Some(after)) => {
                let (before, after) = (line(before), line(after));
                let half = room(2);
                let same = if before == after { self.paint.dim("  (changed)") } else { String::new() };
                (self.paint.yellow("~"), format!("{} → {}{same}", fit(&before, half), fit(&after, half)))
            }
            (None, Some(after)) => (self.paint.green("+"), fit(&line(after), room(1)).into_owned()),
            (Some(before), None) => (self.paint.red("-"), fit(&line(before), room(1)).into_owned()),
            (None, None) => (String::new(), String::new()),
        };
        format!("{INDENT}{mark} {path}: {value}")
    }

    fn sides(&self, text: &mut String, lines: &[Side]) {
        for (added, line) in lines.iter().take(LINES) {
            let line = clean(line);
            let line =
                if *added { self.paint.green(&format!("+ {line}")) } else { self.paint.red(&format!("- {line}")) };
            text.push_str(&format!("{INDENT}    {line}\n"));
        }
        if let Some(left) = lines.len().checked_sub(LINES).filter(|left| *left > 0) {
            let left = count(left as u64, "more line");
            text.push_str(&format!("{INDENT}    {}\n", self.paint.dim(&format!("… {left}"))));
        }
    }

    /// Changes as JSON, secrets masked.
    pub(super) fn changes_json(&self, changes: &[Change]) -> Vec<Value> {
        let changes = changes.iter().map(|change| {
            json!({
                "key": change.key,
                "kind": change.kind,
                "properties": self.properties_json(&change.key, &change.properties),
            })
        });
        changes.collect()
    }

    /// A plan's steps as JSON, secrets masked.
    pub(super) fn steps_json(&self, plan: &Plan) -> Vec<Value> {
        let steps = plan.steps.iter().map(|step| {
            json!({
                "action": step.action,
                "key": step.key,
                "changes": self.properties_json(&step.key, &step.changes()),
            })
        });
        steps.collect()
    }

    fn properties_json(&self, key: &ResourceKey, properties: &[PropertyChange]) -> Vec<Value> {
        let safe =
            |path: &[String], value: &Option<Value>| value.as_ref().map(|value| self.values.safe(key, path, value));
        let properties = properties.iter().map(|PropertyChange { path, before, after }| {
            json!({"path": path, "before": safe(path, before), "after": safe(path, after)})
        });
        properties.collect()
    }
}

/// The renames by their old and by their new key.
fn sides(renames: &[Rename]) -> (BTreeMap<&ResourceKey, &ResourceKey>, BTreeMap<&ResourceKey, &ResourceKey>) {
    let from = renames.iter().map(|rename| (&rename.from, &rename.to));
    (from.collect(), renames.iter().map(|rename| (&rename.to, &rename.from)).collect())
}

/// A renamed resource's old name, with its place where that is another.
fn old_name(from: &ResourceKey, to: &ResourceKey) -> String {
    let name = from.name.join("/");
    let place = |key: &ResourceKey| format!("{} {}", key.account, key.region);
    if place(from) == place(to) { name } else { format!("{name} in {}", place(from)) }
}

/// The lines in which two texts differ.
pub(super) fn text_lines(before: &str, after: &str) -> Vec<Side> {
    let diff = similar::TextDiff::from_lines(before, after);
    let changed = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changed
        .map(|change| {
            (change.tag() == similar::ChangeTag::Insert, change.value().trim_end_matches(['\n', '\r']).to_owned())
        })
        .collect()
}

/// A list's items as people read them, one a line.
fn readable_items(list: &Value) -> String {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| readable(item).to_string() + "\n").collect()
}

/// `1 added, 2 modified, 0 removed`, and how many were renamed where any was.
pub(super) fn summary(changes: &[Change], renames: &[Rename]) -> String {
    let [added, modified, removed] = totals(changes);
    // A rename is one of the added and one of the removed.
    let renamed = renames.len();
    let (added, removed) = (added.saturating_sub(renamed), removed.saturating_sub(renamed));
    let more = if renamed == 0 { String::new() } else { format!(", {renamed} renamed") };
    format!("{added} added, {modified} modified, {removed} removed{more}")
}

/// How many were added, modified, removed.
pub(super) fn totals(changes: &[Change]) -> [usize; 3] {
    [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Removed]
        .map(|kind| changes.iter().filter(|change| change.kind == kind).count())
}

/// `1 to create, 2 to update`, naming only what occurs; the words are those for create, update, replace, delete.
pub(super) fn plan_summary(actions: impl Iterator<Item = StepAction>, words: [&str; 4]) -> String {
    let mut counts = [0u64; 4];
    for action in actions {
        let position = match action {
            StepAction::Create => 0,
            StepAction::Update => 1,
            StepAction::Replace => 2,
            StepAction::Delete => 3,
        };
        counts[position] += 1;
    }
    let parts: Vec<String> = counts
        .into_iter()
        .zip(words)
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "nothing was to be done".to_owned() } else { parts.join(", ") }
}
