//! What stands on the three sides of a conflict, as lines.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::detail::{IsSecret, mask};
use super::diff::value_lines;
use crate::pod::{Conflict, Merge, Side};

/// A line of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideLine {
    /// The line; safe to draw.
    pub text: String,
    /// The common ancestor does not have it.
    pub changed: bool,
}

/// The property a conflict is about, for people.
pub fn place(conflict: &Conflict) -> String {
    match conflict.property() {
        property if property.is_empty() => "the whole resource".to_owned(),
        property => property,
    }
}

/// The values of a conflict as lines, secrets masked unless they are to be shown. None: the side does not have it.
pub fn lines(conflict: &Conflict, reveal: bool, is_secret: IsSecret<'_>) -> Merge<Vec<SideLine>> {
    let text = |side| conflict.values.side(side).map(|value| value_lines(&shown(conflict, value, reveal, is_secret)));
    let base = text(Side::Base);
    let marked = |side| text(side).map(|lines| mark(base.as_deref().unwrap_or_default(), lines));
    let plain = |lines: Vec<String>| lines.into_iter().map(|text| SideLine { text, changed: false }).collect();
    Merge { ours: marked(Side::Ours), theirs: marked(Side::Theirs), base: base.clone().map(plain) }
}

/// A value in one line.
pub fn line(conflict: &Conflict, value: &Value, reveal: bool, is_secret: IsSecret<'_>) -> String {
    let lines = value_lines(&shown(conflict, value, reveal, is_secret));
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// What is shown of a value: of a whole resource its properties, of a secret the mask.
pub fn shown(conflict: &Conflict, value: &Value, reveal: bool, is_secret: IsSecret<'_>) -> Value {
    let mut value = match conflict.path.is_empty() {
        true => value.get("attributes").cloned().unwrap_or_default(),
        false => value.clone(),
    };
    if !reveal {
        mask(&mut conflict.attribute_path().to_vec(), &mut value, is_secret);
    }
    value
}

fn mark(base: &[String], lines: Vec<String>) -> Vec<SideLine> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (base.iter().map(String::as_str).collect(), lines.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&before, &after);
    let kept = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Delete);
    kept.map(|change| SideLine { text: change.value().to_owned(), changed: change.tag() == ChangeTag::Insert })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod::ResourceKey;

    fn conflict(path: &[&str], base: Value, ours: Value, theirs: Option<Value>) -> Conflict {
        let key = ResourceKey::new("0", "r", "sqs", "queue", ["q"]);
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        Conflict { key, path, values: Merge { base: Some(base), ours: Some(ours), theirs } }
    }

    #[test]
    fn only_the_lines_that_the_base_lacks_are_marked() {
        let policy = conflict(&["attributes", "P"], json!("a\nb\nc"), json!("a\nB\nc"), Some(json!("a\nb")));
        let lines = lines(&policy, false, &|_, _| false);
        let marked = |lines: Option<Vec<SideLine>>| -> Vec<String> {
            lines.into_iter().flatten().filter(|line| line.changed).map(|line| line.text).collect()
        };
        assert_eq!(marked(lines.ours), ["B"]);
        assert!(marked(lines.base).is_empty() && marked(lines.theirs).is_empty());
    }

    #[test]
    fn a_resource_that_one_side_deleted_shows_its_properties_without_secrets() {
        let document = |text: &str| json!({"attributes": {"Name": "n", "SecretString": text}});
        let whole = conflict(&[], document("old"), document("hunter2"), None);
        let is_secret = |path: &[String], _: &Value| path == ["SecretString"];
        let hidden = lines(&whole, false, &is_secret);
        assert_eq!(hidden.theirs, None);
        assert!(format!("{hidden:?}").contains("Name") && !format!("{hidden:?}").contains("hunter2"));
        assert!(format!("{:?}", lines(&whole, true, &is_secret)).contains("hunter2"));
        assert_eq!(place(&whole), "the whole resource");
    }
}
