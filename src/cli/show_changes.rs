//! Changes and plans as text, in the manner people know from infrastructure tools: `+`, `~`, `-`, with the
//! properties that differ.

use serde_json::{Value, json};

use super::format::{Values, clean, count, fit};
use super::output::Paint;
use super::session::Session;
use crate::catalog::Catalog;
use crate::instance::{Plan, StepAction};
use crate::pod::{Change, ChangeKind, PropertyChange, ResourceKey};

/// Columns before a property.
const INDENT: &str = "      ";

/// Lines of a multi-line text that are shown.
const TEXT_LINES: usize = 40;

/// How changes are shown.
pub(super) struct ChangeView<'a> {
    values: Values<'a>,
    paint: Paint,
    width: Option<usize>,
    full: bool,
}

impl<'a> ChangeView<'a> {
    pub(super) fn new(session: &Session, catalog: &'a Catalog, show_secrets: bool, full: bool) -> Self {
        let values = Values { catalog, show_secrets };
        Self { values, paint: session.out.paint, width: session.out.width, full }
    }

    /// Changes, grouped by account and region, and their sum.
    pub(super) fn changes(&self, changes: &[Change]) -> String {
        let mut text = String::new();
        let mut place = None;
        for change in changes {
            self.place(&mut text, &mut place, &change.key);
            let mark = match change.kind {
                ChangeKind::Added => self.paint.green("+"),
                ChangeKind::Modified => self.paint.yellow("~"),
                ChangeKind::Removed => self.paint.red("-"),
            };
            self.heading(&mut text, &mark, &change.key, "");
            if change.kind == ChangeKind::Modified || self.full {
                self.properties(&mut text, &change.key, &change.properties);
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let [added, modified, removed] = totals(changes);
        text.push_str(&format!("{added} added, {modified} modified, {removed} removed\n"));
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
                self.properties(&mut text, &step.key, &step.changes);
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
            if let (Some(Value::String(before)), Some(Value::String(after))) = (&property.before, &property.after)
                && (before.contains('\n') || after.contains('\n'))
                && !self.values.hides(key, &property.path)
            {
                text.push_str(&format!("{INDENT}{} {path}:\n", self.paint.yellow("~")));
                self.text_lines(text, before, after);
                continue;
            }
            text.push_str(&self.property(key, &path, property));
            text.push('\n');
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

    /// A text of several lines: the lines that differ.
    fn text_lines(&self, text: &mut String, before: &str, after: &str) {
        let diff = similar::TextDiff::from_lines(before, after);
        let changed = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
        let mut left = 0;
        for (position, change) in changed.enumerate() {
            if position >= TEXT_LINES {
                left += 1;
                continue;
            }
            let line = clean(change.value().trim_end_matches(['\n', '\r'])).into_owned();
            let line = match change.tag() {
                similar::ChangeTag::Insert => self.paint.green(&format!("+ {line}")),
                _ => self.paint.red(&format!("- {line}")),
            };
            text.push_str(&format!("{INDENT}    {line}\n"));
        }
        if left > 0 {
            text.push_str(&format!("{INDENT}    {}\n", self.paint.dim(&format!("… {}", count(left, "more line")))));
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
                "changes": self.properties_json(&step.key, &step.changes),
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
