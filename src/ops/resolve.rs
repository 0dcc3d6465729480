//! `resolve`: settle the conflicts of a merge, one by one or by pattern, and make the settled commit.
//!
//! What is chosen is kept in a small file beside the store until everything is: choices are data too, and the last
//! ones can be taken back.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::capture::now_to_the_second;
use super::merge::record;
use super::{Context, OpError};
use crate::pod::{Commit, Conflict, Digest, Pattern, PodName, ResourceKey, Selector, Side, settle};
use crate::store::VersionEntry;
use crate::tree::Edits;

/// Which conflicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `PATTERN[#PROPERTY]`, as in `sqs/queue/orders#VisibilityTimeout` or `s3`.
    Pattern(Pattern, Option<String>),
    /// All of one resource.
    Resource(ResourceKey),
    /// The one at a path of a resource.
    One(ResourceKey, Vec<String>),
}

impl FromStr for Target {
    type Err = crate::pod::EmptyPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (pattern, property) = match text.rsplit_once('#') {
            Some((pattern, property)) => (pattern, Some(property.to_owned())),
            None => (text, None),
        };
        Ok(Self::Pattern(pattern.parse()?, property))
    }
}

impl fmt::Display for Target {
    /// As commands write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, path) = match self {
            Self::Pattern(pattern, property) => {
                write!(f, "{pattern}")?;
                return property.iter().try_for_each(|property| write!(f, "#{property}"));
            }
            Self::Resource(key) => (key, None),
            Self::One(key, path) => (key, Some(path)),
        };
        let ResourceKey { account, region, service, kind, name } = key;
        write!(f, "{account}/{region}/{service}/{kind}/{}", name.join("/"))?;
        match path.and_then(|path| path.get(1..)).filter(|names| !names.is_empty()) {
            Some(names) => write!(f, "#{}", names.join(".")),
            None => Ok(()),
        }
    }
}

impl Target {
    /// Exactly this conflict.
    pub fn one(conflict: &Conflict) -> Self {
        Self::One(conflict.key.clone(), conflict.path.clone())
    }

    /// Whether a conflict is meant.
    pub fn picks(&self, conflict: &Conflict) -> bool {
        match self {
            Self::Resource(key) => *key == conflict.key,
            Self::One(key, path) => *key == conflict.key && *path == conflict.path,
            Self::Pattern(pattern, wanted) => {
                let property = conflict.property();
                let below = |wanted: &String| {
                    property.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                pattern.matches(&conflict.key) && wanted.as_ref().is_none_or(below)
            }
        }
    }
}

/// What is put where a conflict stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// What one side has.
    Side(Side),
    /// This value.
    Value(Value),
}

/// A choice for one conflict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The resource.
    pub key: ResourceKey,
    /// Where in it.
    pub path: Vec<String>,
    /// What to put there.
    pub take: Take,
}

/// The choices made so far for one conflicted commit: each step may have settled several conflicts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Progress {
    commit: Digest,
    steps: Vec<Vec<Choice>>,
}

/// How far the settling of a pod's newest version is.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The conflicted version.
    pub version: VersionEntry,
    /// Its commit.
    pub commit: Commit,
    /// The choices, the latest last; several of one step together.
    pub steps: Vec<Vec<Choice>>,
}

impl Resolution {
    /// The conflicts with what was chosen for each.
    pub fn conflicts(&self) -> impl Iterator<Item = (&Conflict, Option<&Take>)> {
        let chosen: BTreeMap<(&ResourceKey, &[String]), &Take> =
            self.steps.iter().flatten().map(|choice| ((&choice.key, &choice.path[..]), &choice.take)).collect();
        self.commit
            .conflicts
            .iter()
            .map(move |conflict| (conflict, chosen.get(&(&conflict.key, &conflict.path[..])).copied()))
    }

    /// How many conflicts are still to be settled.
    pub fn open(&self) -> usize {
        self.conflicts().filter(|(_, take)| take.is_none()).count()
    }
}

/// The conflicts of a pod's newest version and how far they are settled.
///
/// # Errors
/// When there is no such pod or its newest version has no conflicts.
pub fn resolution(context: &Context, pod: &PodName) -> Result<Resolution, OpError> {
    let version = context.store.resolve(pod, &Selector::Head)?;
    let commit = context.store.commit(&version.commit)?;
    if commit.conflicts.is_empty() {
        return Err(OpError::Request(format!("{pod}:{} has no conflicts: there is nothing to settle", version.number)));
    }
    let progress = read(&file(context, pod))?.filter(|progress| progress.commit == version.commit);
    Ok(Resolution { version, commit, steps: progress.map(|progress| progress.steps).unwrap_or_default() })
}

/// Chooses for every conflict that `targets` pick (none: for all that are open). Gives how many were settled by it.
///
/// # Errors
/// When a target picks nothing, or a value cannot stand for a whole resource.
pub fn choose(
    context: &Context,
    pod: &PodName,
    resolution: &mut Resolution,
    targets: &[Target],
    take: &Take,
) -> Result<usize, OpError> {
    let mut step = Vec::new();
    for (conflict, chosen) in resolution.conflicts() {
        let picked = match targets {
            [] => chosen.is_none(),
            targets => targets.iter().any(|target| target.picks(conflict)),
        };
        if picked && chosen != Some(take) {
            step.push(Choice { key: conflict.key.clone(), path: conflict.path.clone(), take: take.clone() });
        }
    }
    if let Some(target) = targets.iter().find(|target| !resolution.commit.conflicts.iter().any(|one| target.picks(one)))
    {
        return Err(OpError::Request(format!("no conflict is at '{target}': 'podex resolve {pod}' lists them")));
    }
    if matches!(take, Take::Value(_))
        && step.iter().any(|choice| choice.path.is_empty() || choice.path.first().is_some_and(|first| first == "blobs"))
    {
        return Err(OpError::Request(
            "a deleted resource or a blob cannot be edited: take ours, theirs or base".to_owned(),
        ));
    }
    let count = step.len();
    if count > 0 {
        resolution.steps.push(step);
        save(context, pod, resolution)?;
    }
    Ok(count)
}

/// Takes the latest step back. Gives how many choices went.
///
/// # Errors
/// When the file of choices cannot be written.
pub fn take_back(context: &Context, pod: &PodName, resolution: &mut Resolution) -> Result<usize, OpError> {
    let Some(step) = resolution.steps.pop() else { return Ok(0) };
    save(context, pod, resolution)?;
    Ok(step.len())
}

/// Makes the settled commit, on top of the conflicted one.
///
/// # Errors
/// When conflicts are open, the pod has moved on, or the store fails.
pub fn finish_resolution(
    context: &Context,
    pod: &PodName,
    resolution: &Resolution,
    message: Option<String>,
) -> Result<VersionEntry, OpError> {
    if resolution.open() > 0 {
        return Err(OpError::Conflicted { named: pod.to_string(), pod: pod.clone(), count: resolution.open() });
    }
    let Resolution { version, commit, .. } = resolution;
    let store = &context.store;
    let (state, observed) = (store.tree(commit.state), store.tree(commit.observed));
    let mut settled: BTreeMap<&ResourceKey, (Option<Value>, Option<Value>)> = BTreeMap::new();
    for (conflict, take) in resolution.conflicts() {
        let key = &conflict.key;
        let before = match settled.remove(key) {
            Some((document, _)) => document,
            None => state.get(key)?,
        };
        let value = match take {
            Some(Take::Value(value)) => Some(value.clone()),
            Some(Take::Side(side)) => conflict.values.side(*side).cloned(),
            None => continue,
        };
        let rules = context.catalog.merge_rules(&key.service, &key.kind);
        let document = settle(before, &rules, &conflict.path, value);
        let seen = document.as_ref().map(|_| observed.get(key)).transpose()?.flatten();
        settled.insert(key, (document, seen));
    }
    let (mut edits, mut observed_edits) = (Edits::default(), Edits::default());
    let mut gone = 0;
    for (key, (document, seen)) in settled {
        gone += i64::from(document.is_none());
        edits.push(key, document.as_ref())?;
        let empty = document.is_some().then(|| Value::Object(serde_json::Map::new()));
        observed_edits.push(key, seen.or(empty).as_ref())?;
    }
    let writer = store.writer()?;
    let made = Commit {
        parents: vec![version.commit],
        state: writer.edit(commit.state, &edits)?,
        observed: writer.edit(commit.observed, &observed_edits)?,
        resources: commit.resources.saturating_add_signed(-gone),
        message: message.unwrap_or_else(|| format!("settle {} of {}", commit.conflicts.len(), commit.message)),
        author: context.author.clone(),
        time: now_to_the_second(),
        ..commit.clone()
    };
    let digest = writer.finish(&made.with_conflicts(Vec::new()))?;
    let made = store.publish(pod, Some(version.commit), digest)?;
    let path = file(context, pod);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&path, &error)),
        _ => {}
    }
    let summary = format!("settled the conflicts of {pod}:{} in {pod}:{}", version.number, made.number);
    record(store, "resolve", pod, &made, summary)?;
    Ok(made)
}

fn file(context: &Context, pod: &PodName) -> PathBuf {
    context.paths.data.join("resolve").join(format!("{pod}.json"))
}

fn read(path: &std::path::Path) -> Result<Option<Progress>, OpError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| unusable(path, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn save(context: &Context, pod: &PodName, resolution: &Resolution) -> Result<(), OpError> {
    let path = file(context, pod);
    let progress = Progress { commit: resolution.version.commit, steps: resolution.steps.clone() };
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&context.paths.data);
        std::fs::create_dir_all(folder)?;
        let file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&file, &progress)?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|error| unusable(&path, &error))
}

fn unusable(path: &std::path::Path, error: &dyn std::fmt::Display) -> OpError {
    OpError::Request(format!("the choices made so far, {}: {error}", path.display()))
}
