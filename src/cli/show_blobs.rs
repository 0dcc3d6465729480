//! Bytes that differ, as lines: of text, or of an archive's members.

use serde_json::Value;

use super::format::bytes;
use super::show_changes::{Side, text_lines};
use crate::ops::{BlobFacts, Context, Member, blob_facts};
use crate::pod::BlobRef;

/// What the two contents are, and the lines in which they differ. None where the values are no contents.
pub(super) fn compare(context: &Context, before: Option<&Value>, after: Option<&Value>) -> Option<(String, Vec<Side>)> {
    let (before, after) = (facts(context, before), facts(context, after));
    let kinds: Vec<&str> = [&before, &after].into_iter().flatten().map(|facts| facts.kind).collect();
    let kind = match kinds[..] {
        [] => return None,
        [one, other] if one != other => format!("{one} → {other}"),
        [one, ..] => one.to_owned(),
    };
    let lines = match (&before, &after) {
        (Some(BlobFacts { text: Some(one), .. }), Some(BlobFacts { text: Some(other), .. })) => text_lines(one, other),
        _ => members(before.as_ref(), after.as_ref()),
    };
    Some((kind, lines))
}

fn facts(context: &Context, value: Option<&Value>) -> Option<BlobFacts> {
    let value = value?.as_object().filter(|members| members.len() == 2)?;
    let blob: BlobRef = serde_json::from_value(Value::Object(value.clone())).ok()?;
    blob_facts(context, &blob)
}

/// The members that only one of two archives has, or that both have with other content.
fn members(before: Option<&BlobFacts>, after: Option<&BlobFacts>) -> Vec<Side> {
    let list = |facts: Option<&BlobFacts>| facts.map(|facts| facts.members.clone()).unwrap_or_default();
    let (before, after) = (list(before), list(after));
    let line = |added: bool, member: &Member| (added, format!("{}  {}", member.name, bytes(member.size)));
    let only = |added: bool, list: &[Member], other: &[Member]| -> Vec<Side> {
        list.iter().filter(|member| other.binary_search(member).is_err()).map(|member| line(added, member)).collect()
    };
    let mut lines = only(false, &before, &after);
    lines.extend(only(true, &after, &before));
    lines.sort_by(|one, other| one.1.cmp(&other.1));
    lines
}
