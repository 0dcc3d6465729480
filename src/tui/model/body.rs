//! Rows of what can be shown of a blob.

use serde_json::Value;

use super::detail::{Builder, DetailRow};
use crate::tui::preview::{Entry, Preview};
use crate::tui::text;
use crate::tui::theme::Role;

/// Columns that a tab goes on to the next multiple of.
const TAB: usize = 4;

impl Builder<'_> {
    /// The rows of a preview, below the row at `path`.
    pub(super) fn preview(&mut self, path: &[String], depth: usize, preview: &Preview) {
        match preview {
            Preview::Empty => {}
            Preview::Not(reason) => self.line(path, depth, "", reason, Role::Warning),
            Preview::Text { text, .. } => self.text(path, depth, text),
            Preview::Hex(lines) => {
                for line in lines {
                    self.line(path, depth, "", line, Role::Muted);
                }
            }
            Preview::Json(value) => self.json(path, depth, value),
            Preview::Picture(picture) => {
                for cells in &picture.lines {
                    self.line(path, depth, "", "", Role::Text);
                    if let Some(row) = self.rows.last_mut() {
                        row.cells.clone_from(cells);
                    }
                }
            }
            Preview::Archive(entries) => entries.iter().for_each(|entry| self.entry(path, depth, entry)),
        }
    }

    fn json(&mut self, path: &[String], depth: usize, value: &Value) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(at, value)| (format!("[{at}]"), value)).collect(),
            other => vec![(String::new(), other)],
        };
        for (name, value) in below {
            let mut path = path.to_vec();
            path.push(name.clone());
            // The catalog says which attributes are secret; of bodies nobody says.
            self.value(path, depth, &name, value, false);
        }
    }

    fn text(&mut self, path: &[String], depth: usize, content: &str) {
        let lines = content.lines().count();
        let digits = lines.to_string().len();
        for (at, line) in content.lines().enumerate() {
            self.line(path, depth, &format!("{:digits$}", at + 1), &untabbed(line), Role::String);
        }
    }

    fn entry(&mut self, path: &[String], depth: usize, entry: &Entry) {
        let mut path = path.to_vec();
        path.push(entry.name.clone());
        // Source is what people look for in a zip; the rest would only be in the way.
        let open = self.is_open(&path, matches!(entry.content, Preview::Text { .. }));
        let value = format!("{}  {}", text::bytes(entry.size), entry.content.note());
        self.line(&path, depth, &entry.name, value.trim_end(), Role::Blob);
        if let Some(row) = self.rows.last_mut() {
            row.open = Some(open);
            row.raw.clone_from(&entry.name);
        }
        if open {
            self.preview(&path, depth + 1, &entry.content);
        }
    }

    fn line(&mut self, path: &[String], depth: usize, label: &str, value: &str, role: Role) {
        self.rows.push(DetailRow {
            path: path.to_vec(),
            depth,
            label: text::clean(label).into_owned(),
            value: text::clean(value).into_owned(),
            role,
            open: None,
            heading: false,
            raw: value.to_owned(),
            cells: Vec::new(),
            links: Vec::new(),
        });
    }
}

/// A line with its tabs as the spaces that a terminal would show.
fn untabbed(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut column = 0;
    for character in line.chars() {
        if character == '\t' {
            let gap = TAB - column % TAB;
            shown.extend(std::iter::repeat_n(' ', gap));
            column += gap;
        } else {
            shown.push(character);
            column += 1;
        }
    }
    shown
}
