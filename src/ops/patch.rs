//! A comparison as an RFC 6902 JSON patch.

use super::inspect::mask;
use super::{Context, DiffOutcome, OpError, Snapshot};
use crate::pod::{Document, PatchOp, ResourceKey, canonical_json, patch, pointer};

/// What turns the first side of a comparison into the second. It applies to one JSON object that has every resource's
/// document under its key, as `export` writes it in its JSON form. Renames are moves.
///
/// # Errors
/// When a side is damaged; or when the patch would hold secrets and `show_secrets` is not set: masked ones would make
/// a patch that does harm.
pub fn diff_patch(context: &Context, outcome: &DiffOutcome, show_secrets: bool) -> Result<Vec<PatchOp>, OpError> {
    let [before, after] = [outcome.before, outcome.after].map(|digest| Snapshot::load(&context.store, digest));
    let (before, after) = (before?, after?);
    let moves = outcome.renames.iter();
    let mut operations: Vec<PatchOp> = moves
        .map(|rename| PatchOp::Move {
            from: pointer([rename.from.to_string()]),
            path: pointer([rename.to.to_string()]),
        })
        .collect();
    let moved = |key: &ResourceKey| outcome.renames.iter().any(|rename| rename.from == *key || rename.to == *key);
    for change in outcome.changes.iter().filter(|change| !moved(&change.key)) {
        let key = &change.key;
        let document = |side: &Snapshot| side.document(key);
        let (one, other) = (document(&before)?, document(&after)?);
        if let Some(other) = other.as_ref().filter(|_| !show_secrets) {
            refuse_secrets(context, key, other)?;
        }
        let [one, other] = [one, other].map(|document| document.map(|document| value(&document)));
        operations.extend(patch(&[&key.to_string()], one.as_ref(), other.as_ref()));
    }
    Ok(operations)
}

fn value(document: &Document) -> serde_json::Value {
    // Canonical bytes are JSON.
    serde_json::from_slice(&canonical_json(document)).unwrap_or_default()
}

fn refuse_secrets(context: &Context, key: &ResourceKey, document: &Document) -> Result<(), OpError> {
    let attributes = serde_json::Value::Object(document.attributes.clone());
    if mask(context.catalog, key, &[], &attributes) == attributes {
        return Ok(());
    }
    Err(OpError::Usage(format!(
        "the patch would hold the secrets of {}/{}: add --show-secrets, or leave it out with --only or --service",
        key.service,
        key.label()
    )))
}
