//! Text for people: times, sizes, counts, values; and nothing from outside that could steer a terminal.

use std::borrow::Cow;

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::catalog::Catalog;
use crate::ops::mask;
use crate::pod::{CaptureReport, ResourceKey, TypeOutcome, replace_tokens};
pub(super) use crate::tasks::{count, size as bytes};

/// Text from outside as it may be shown on one line: what could move the cursor, change colours, or reorder what is
/// read is shown as an escape.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|letter| match letter {
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        letter if steers(letter) => letter.escape_unicode().to_string(),
        letter => letter.to_string(),
    });
    Cow::Owned(escaped.collect())
}

/// Whether a character does something to a terminal rather than being shown.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Several lines from outside, each cleaned.
pub(super) fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// `text` in at most `width` columns, ending in `…` where something was cut.
pub(super) fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// A time in the user's own time zone, to the minute.
pub(super) fn time(time: jiff::Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `s3 12, sqs 3`: documents by service.
pub(super) fn services(report: &CaptureReport) -> String {
    let mut services = std::collections::BTreeMap::<&str, u64>::new();
    for (kind, line) in &report.types {
        *services.entry(kind.split('/').next().unwrap_or(kind)).or_default() += line.count;
    }
    let held = services.into_iter().filter(|(_, count)| *count > 0);
    held.map(|(service, count)| format!("{} {count}", clean(service))).collect::<Vec<_>>().join(", ")
}

/// What a capture could not read: one line per type that is not complete or has something to say.
pub(super) fn not_read(report: &CaptureReport) -> Vec<String> {
    let lines = report.types.iter().filter_map(|(kind, line)| {
        let what = match line.outcome {
            TypeOutcome::Complete if line.notes.is_empty() => return None,
            // The common case, and no news to anyone: emulators offer a part of AWS each.
            TypeOutcome::NotImplemented => return None,
            TypeOutcome::Complete => "",
            TypeOutcome::Partial => "read in part",
            TypeOutcome::AccessDenied => "refused",
            TypeOutcome::Failed => "not read",
        };
        let notes = line.notes.join("; ");
        let gap = if what.is_empty() || notes.is_empty() { "" } else { ": " };
        Some(clean(&format!("{kind}: {what}{gap}{notes}")).into_owned())
    });
    lines.collect()
}

/// How values of resources are shown.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) show_secrets: bool,
}

impl Values<'_> {
    /// The value with its secrets masked, unless the user wants them.
    pub(super) fn safe(self, key: &ResourceKey, path: &[String], value: &Value) -> Value {
        if self.show_secrets { value.clone() } else { mask(self.catalog, key, path, value) }
    }

    /// Whether the property itself is one secret.
    pub(super) fn hides(self, key: &ResourceKey, path: &[String], value: &Value) -> bool {
        !self.show_secrets && self.catalog.hides(key, path, value)
    }

    /// The value on one line, secrets masked.
    pub(super) fn line(self, key: &ResourceKey, path: &[String], value: &Value) -> String {
        let value = self.safe(key, path, value);
        if let Some(blob) = blob(&value) {
            return blob;
        }
        // JSON escapes most controls itself; what it lets through is escaped here.
        clean(&readable(&value).to_string()).into_owned()
    }
}

/// The value with reference tokens as people read them.
pub(super) fn readable(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(readable_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(readable).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), readable(value))).collect())
        }
        other => other.clone(),
    }
}

fn readable_text(text: &str) -> String {
    replace_tokens(text, |token| Some(format!("‹{}/{} {}›", token.key.service, token.key.label(), token.field)))
}

/// A blob as a change names it: `12.0 KiB (sha256 1f3a…)`.
fn blob(value: &Value) -> Option<String> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let digest: crate::pod::Digest = members.get("digest")?.as_str()?.parse().ok()?;
    Some(format!("{} (sha256 {})", bytes(members.get("size")?.as_u64()?), digest.short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_reaches_the_terminal_as_a_control() {
        assert_eq!(clean("plain ä"), "plain ä");
        assert_eq!(clean("a\x1b[2Jb\u{9b}c\u{202e}d\n"), "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d\\n");
    }

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(fit("kurz", 4), "kurz");
        assert_eq!(fit("länger", 4), "län…");
        assert_eq!(fit("日本語", 5), "日本…");
    }

    #[test]
    fn sizes_are_readable() {}
}
