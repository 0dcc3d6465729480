//! `blame` and the path filter of `log`: which commit last changed a resource or a property.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::compare::{Absence, differences};
use super::inspect::{Found, find, selects};
use super::{Context, OpError, Snapshot, versions};
use crate::event::Events;
use crate::pod::{ChangeKind, Commit, Digest, Document, PodName, ResourceKey};
use crate::store::Store;
use crate::tree::Difference;

/// The commit that last changed something.
#[derive(Clone, Debug, Serialize)]
pub struct Blame {
    /// The resource.
    pub key: ResourceKey,
    /// The property's path; empty for the resource as a whole.
    pub path: Vec<String>,
    /// Its value now.
    pub value: Value,
    /// The commit's digest.
    pub digest: Digest,
    /// The version it is in its pod, where the pod still has it.
    pub version: Option<u64>,
    /// The commit.
    pub commit: Commit,
}

/// Who last changed what `path` names in a commit. One resource is blamed property by property (those below
/// `property`, dotted, where one is given); several are blamed each as a whole.
///
/// # Errors
/// When nothing is there by that name, or the store is damaged.
pub fn blame(
    context: &Context,
    pod: Option<&PodName>,
    head: &Snapshot,
    path: &str,
    property: Option<&str>,
    events: &Events,
) -> Result<Vec<Blame>, OpError> {
    let numbers: HashMap<Digest, u64> = match pod {
        Some(pod) => context.store.versions(pod)?.into_iter().map(|entry| (entry.commit, entry.number)).collect(),
        None => HashMap::new(),
    };
    let (keys, whole) = match find(head, Some(path))? {
        Found::Exactly(keys) => (keys, false),
        Found::Below(keys) => (keys, true),
    };
    let mut blames = Vec::new();
    for key in keys {
        let Some(document) = head.document(&key)? else { continue };
        let mut leaves = if whole { [(Vec::new(), Value::Null)].into() } else { leaves(&document) };
        if let Some(property) = property {
            leaves.retain(|path, _| is_below(property, &path.join(".")));
            if leaves.is_empty() {
                return Err(OpError::Request(format!("{}/{} has no property {property}", key.service, key.label())));
            }
        }
        let paths: BTreeSet<Vec<String>> = leaves.keys().cloned().collect();
        for (path, commit) in last_changes(&context.store, head, &key, paths, events)? {
            let value = leaves.remove(&path).unwrap_or_default();
            let version = numbers.get(&commit.digest).copied();
            blames.push(Blame { key: key.clone(), path, value, digest: commit.digest, version, commit: commit.commit });
        }
    }
    Ok(blames)
}

fn is_below(property: &str, path: &str) -> bool {
    path.strip_prefix(property).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Walks back from `head`: a path stays with a commit none of whose parents has the same value there.
fn last_changes(
    store: &Store,
    head: &Snapshot,
    key: &ResourceKey,
    paths: BTreeSet<Vec<String>>,
    events: &Events,
) -> Result<BTreeMap<Vec<String>, Snapshot>, OpError> {
    let mut found = BTreeMap::new();
    let mut open = vec![(head.clone(), paths)];
    while let Some((commit, mut paths)) = open.pop() {
        if events.is_cancelled() {
            return Err(OpError::Cancelled);
        }
        let document = commit.document(key)?;
        for parent in telling_parents(store, &commit, &key.service)? {
            let before = parent.document(key)?;
            let same: BTreeSet<Vec<String>> =
                paths.iter().filter(|path| at(before.as_ref(), path) == at(document.as_ref(), path)).cloned().collect();
            paths.retain(|path| !same.contains(path));
            if !same.is_empty() {
                open.push((parent, same));
            }
        }
        found.extend(paths.into_iter().map(|path| (path, commit.clone())));
    }
    Ok(found)
}

/// Versions walked back for [`last_change`]: it is asked for while somebody looks around.
const WALKED_BACK: usize = 200;

/// The commit, among the last few hundred, that last changed a resource. None where that is longer ago, or where there
/// is no history, as with a capture of the live instance.
///
/// # Errors
/// When the store is damaged.
pub fn last_change(context: &Context, head: &Snapshot, key: &ResourceKey) -> Result<Option<(Digest, Commit)>, OpError> {
    let mut at = head.clone();
    let now = head.document(key)?;
    for _ in 0..WALKED_BACK {
        let parents = telling_parents(&context.store, &at, &key.service)?;
        let mut before = None;
        for parent in parents {
            if parent.document(key)? == now {
                before = Some(parent);
                break;
            }
        }
        match before {
            Some(parent) => at = parent,
            None if at.commit.parents.is_empty() && at.digest == head.digest => return Ok(None),
            None => return Ok(Some((at.digest, at.commit))),
        }
    }
    Ok(None)
}

/// The nearest ancestors that speak about a service at all: a commit of other services alone changed nothing of it.
fn telling_parents(store: &Store, commit: &Snapshot, service: &str) -> Result<Vec<Snapshot>, OpError> {
    let mut telling = Vec::new();
    let mut open: Vec<Digest> = commit.commit.parents.iter().rev().copied().collect();
    let mut seen = BTreeSet::new();
    while let Some(digest) = open.pop() {
        if !seen.insert(digest) {
            continue;
        }
        let parent = Snapshot::load(store, digest)?;
        if parent.has_service(service) {
            telling.push(parent);
        } else {
            open.extend(parent.commit.parents.iter().rev());
        }
    }
    Ok(telling)
}

/// What a document has at a path; the empty path is all of it.
fn at(document: Option<&Document>, path: &[String]) -> Option<Value> {
    let document = document?;
    let Some((first, rest)) = path.split_first() else { return serde_json::to_value(document).ok() };
    let Some(value) = document.attributes.get(first) else {
        let blob = document.blobs.get(first).filter(|_| rest.is_empty())?;
        return serde_json::to_value(blob).ok();
    };
    rest.iter().try_fold(value, |value, name| value.as_object()?.get(name)).cloned()
}

/// The properties of a document down to what is no object. Lists are one property each.
fn leaves(document: &Document) -> BTreeMap<Vec<String>, Value> {
    let mut leaves = BTreeMap::new();
    for (name, value) in &document.attributes {
        collect(&mut vec![name.clone()], value, &mut leaves);
    }
    for (name, blob) in &document.blobs {
        leaves.entry(vec![name.clone()]).or_insert_with(|| serde_json::json!(blob));
    }
    leaves
}

fn collect(path: &mut Vec<String>, value: &Value, leaves: &mut BTreeMap<Vec<String>, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                path.push(name.clone());
                collect(path, value, leaves);
                path.pop();
            }
        }
        value => {
            leaves.insert(path.clone(), value.clone());
        }
    }
}

/// What a version changed of what a path names.
#[derive(Clone, Debug, Serialize)]
pub struct Touched {
    /// The version.
    pub version: super::VersionSummary,
    /// What it changed there, in key order.
    pub changes: Vec<(ChangeKind, ResourceKey)>,
}

/// The versions of a pod, oldest first, that changed something `path` names: each with what.
///
/// # Errors
/// When there is no such pod, no version ever touched such a thing, or the store is damaged.
pub fn versions_touching(context: &Context, pod: &PodName, path: &str) -> Result<Vec<Touched>, OpError> {
    let selects = selects(path)?;
    let mut touched = Vec::new();
    for version in versions(context, pod)? {
        let after = Snapshot::of(&context.store, version.digest, version.commit.clone());
        let mut changes = Vec::new();
        match version.commit.parents.first() {
            None => {
                for key in after.state.keys() {
                    let key = key?;
                    if selects(&key) {
                        changes.push((ChangeKind::Added, key));
                    }
                }
            }
            Some(parent) => {
                let before = Snapshot::load(&context.store, *parent)?;
                for difference in
                    differences::<Difference>(&before, &after, Absence::BothSides, &Events::silent())?.found
                {
                    let kind = match (&difference.before, &difference.after) {
                        (None, _) => ChangeKind::Added,
                        (_, None) => ChangeKind::Removed,
                        _ => ChangeKind::Modified,
                    };
                    if selects(&difference.key) {
                        changes.push((kind, difference.key));
                    }
                }
            }
        }
        if !changes.is_empty() {
            touched.push(Touched { version, changes });
        }
    }
    if touched.is_empty() {
        return Err(OpError::Request(format!("no version of {pod} ever held anything named '{path}'")));
    }
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn properties_go_down_to_what_is_no_object_and_are_found_again_by_their_path() {
        let document = Document::from_value(json!({"A": {"B": 1, "C": {}}, "L": [1, 2]}));
        let leaves = leaves(&document);
        let paths: Vec<String> = leaves.keys().map(|path| path.join(".")).collect();
        assert_eq!(paths, ["A.B", "A.C", "L"]);
        for (path, value) in leaves {
            assert_eq!(at(Some(&document), &path), Some(value));
        }
        assert_eq!(at(Some(&document), &["A".to_owned(), "X".to_owned()]), None);
        assert!(is_below("A", "A.B") && is_below("A.B", "A.B") && !is_below("A", "AB.C"));
    }
}
