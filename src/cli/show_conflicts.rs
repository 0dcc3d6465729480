//! Conflicts as text and as JSON: the three values under the property they stand at.

use serde_json::{Value, json};

use super::format::{Values, clean};
use super::session::Session;
use crate::catalog::Catalog;
use crate::ops::Take;
use crate::pod::{Conflict, Side};

/// A blank line, then `!` and each conflict with its three values.
pub(super) fn conflicts_text<'a>(
    session: &Session,
    catalog: &Catalog,
    conflicts: impl Iterator<Item = (&'a Conflict, Option<&'a Take>)>,
    show_secrets: bool,
) -> String {
    let paint = session.out.paint;
    let mut text = String::new();
    for (conflict, take) in conflicts {
        let mark = if take.is_some() { paint.green("✓") } else { paint.red("!") };
        let key = &conflict.key;
        let property = conflict.property();
        let place = if property.is_empty() { "the whole resource".to_owned() } else { property };
        let name = format!("{} {}/{}", key.region, key.service, key.label());
        text.push_str(&format!("{mark} {}  {}\n", clean(&name), paint.bold(&clean(&place))));
        for side in [Side::Base, Side::Ours, Side::Theirs] {
            let line = value_line(&Values { catalog, show_secrets }, conflict, side);
            let chosen = if take == Some(&Take::Side(side)) { paint.green("  ← taken") } else { String::new() };
            text.push_str(&format!("    {:<7} {line}{chosen}\n", side.word()));
        }
        if let Some(Take::Value(value)) = take {
            let value = Values { catalog, show_secrets }.line(key, conflict.attribute_path(), value);
            text.push_str(&format!("    {:<7} {value}{}\n", "edited", paint.green("  ← taken")));
        }
    }
    text
}

fn value_line(values: &Values<'_>, conflict: &Conflict, side: Side) -> String {
    match conflict.values.side(side) {
        None => conflict.absent().to_owned(),
        Some(document) if conflict.path.is_empty() => {
            values.line(&conflict.key, &[], document.get("attributes").unwrap_or(&Value::Null))
        }
        Some(value) => values.line(&conflict.key, conflict.attribute_path(), value),
    }
}

/// Conflicts as JSON, secrets masked.
pub(super) fn conflicts_json<'a>(
    catalog: &Catalog,
    conflicts: impl Iterator<Item = (&'a Conflict, Option<&'a Take>)>,
    show_secrets: bool,
) -> Vec<Value> {
    let values = Values { catalog, show_secrets };
    let conflicts = conflicts.map(|(conflict, take)| {
        let safe = |value: &Value| match conflict.path.is_empty() {
            true => values.safe(&conflict.key, &[], value.get("attributes").unwrap_or(&Value::Null)),
            false => values.safe(&conflict.key, conflict.attribute_path(), value),
        };
        let side = |side| conflict.values.side(side).map(safe);
        let taken = match take {
            None => Value::Null,
            Some(Take::Side(side)) => json!(side.word()),
            Some(Take::Value(value)) => json!({ "value": safe(value) }),
        };
        json!({
            "key": conflict.key,
            "property": conflict.property(),
            "base": side(Side::Base),
            "ours": side(Side::Ours),
            "theirs": side(Side::Theirs),
            "taken": taken,
        })
    });
    conflicts.collect()
}
