//! Commits, branches, merges and injects in a real store, against a simple model in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::state::Sides;
use super::tests::{Queues, Work};
use super::*;
use crate::instance::{Filter, Strategy as Injecting};
use crate::ops::inject::wanted;
use crate::pod::ResourceKey;
use crate::tree::Difference;

/// What a user may do.
#[derive(Clone, Debug)]
enum Step {
    /// Commit into a pod: each queue set to a value, or removed.
    Commit(usize, Vec<(usize, Option<u8>)>),
    /// Begin a pod at, or move it on to, where another is.
    Branch(usize, usize),
    /// Merge one pod into another, preferring a side.
    Merge(usize, usize, bool),
    /// Work on the instance: each queue set to a value, or removed.
    Work(Vec<(usize, Option<u8>)>),
    /// Inject a pod into the instance.
    Inject(usize, usize),
}

const STRATEGIES: [Injecting; 4] =
    [Injecting::Overwrite, Injecting::AccountRegionMerge, Injecting::ServiceMerge, Injecting::ThreeWay];

const PODS: [&str; 3] = ["one", "two", "three"];
const NAMES: [&str; 3] = ["a", "b", "c"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let commit = (0..3usize, proptest::collection::vec((0..3usize, proptest::option::of(0..3u8)), 1..3));
    let work = proptest::collection::vec((0..3usize, proptest::option::of(0..3u8)), 1..3);
    let step = prop_oneof![
        2 => work.prop_map(Step::Work),
        3 => (0..3usize, 0..4usize).prop_map(|(pod, strategy)| Step::Inject(pod, strategy)),
        3 => commit.prop_map(|(pod, changes)| Step::Commit(pod, changes)),
        1 => (0..3usize, 0..3usize).prop_map(|(from, to)| Step::Branch(from, to)),
        2 => (0..3usize, 0..3usize, any::<bool>()).prop_map(|(into, from, ours)| Step::Merge(into, from, ours)),
    ];
    proptest::collection::vec(step, 1..16)
}

/// Queues by name, each with its one value.
type Content = BTreeMap<&'static str, u8>;
/// A commit in the model: parents and content.
type ModelCommit = (Vec<usize>, Content);

#[derive(Default)]
struct Model {
    commits: Vec<ModelCommit>,
    heads: BTreeMap<usize, usize>,
    instance: Content,
    /// What was injected last, and what the instance held before.
    injected: Option<(Content, Content)>,
}

fn queues(content: &Content) -> Queues {
    content.iter().map(|(name, value)| (*name, json!({"X": value.to_string()}))).collect()
}

/// The content with queues set or removed.
fn changed(mut content: Content, changes: Vec<(usize, Option<u8>)>) -> Content {
    for (name, value) in changes {
        match value {
            Some(value) => content.insert(NAMES[name], value),
            None => content.remove(NAMES[name]),
        };
    }
    content
}

/// What the instance is to hold after an inject; None where both changed the same.
fn expected(model: &Model, pod: &Content, strategy: Injecting) -> Option<Content> {
    let live = &model.instance;
    let union = || live.iter().chain(pod).map(|(name, value)| (*name, *value)).collect();
    Some(match strategy {
        Injecting::Overwrite => pod.clone(),
        Injecting::AccountRegionMerge if !live.is_empty() && !pod.is_empty() => pod.clone(),
        Injecting::AccountRegionMerge | Injecting::ServiceMerge => union(),
        Injecting::ThreeWay => {
            let mut content = Content::new();
            for name in NAMES {
                let (ours, theirs) = (live.get(name), pod.get(name));
                // What the last inject left out was never there, so nobody has deleted it since.
                let base = model
                    .injected
                    .as_ref()
                    .and_then(|(base, before)| base.get(name).filter(|_| ours.is_some() || before.contains_key(name)));
                let value = match () {
                    () if ours == theirs || theirs == base => ours,
                    () if ours == base => theirs,
                    () => return None,
                };
                content.extend(value.map(|value| (name, *value)));
            }
            content
        }
    })
}

/// What the instance holds after podex has injected a pod, in the way that `prepare` plans it.
fn inject(work: &Work, model: &Model, pod: &str, strategy: Injecting) -> Result<BTreeMap<String, Value>, OpError> {
    let snapshot = |content: &Content| {
        let version = work.commit("instance", &queues(content), &[]);
        Snapshot::load(&work.context.store, version.commit).unwrap()
    };
    let target = Snapshot::load(&work.context.store, work.head(pod).unwrap())?;
    let (last, live) = (model.injected.as_ref(), snapshot(&model.instance));
    let (base, before) = (last.map(|last| snapshot(&last.0)), last.map(|last| snapshot(&last.1)));
    let sides = Sides { base: base.as_ref(), ours: &live, theirs: &target };
    let filter = Filter::default();
    let wanted = wanted(work.context.catalog, strategy, &sides, before.as_ref(), &filter, &Events::silent())?;
    let entries = live.state.entries().map(Result::unwrap);
    let mut now: BTreeMap<ResourceKey, Value> = entries.collect();
    for difference in wanted.found.into_iter().map(Difference::from) {
        assert_eq!(now.get(&difference.key), difference.before.as_ref());
        match difference.after {
            Some(after) => now.insert(difference.key, after),
            None => now.remove(&difference.key),
        };
    }
    Ok(now.into_iter().map(|(key, mut value)| (key.own_name().to_owned(), value["attributes"].take())).collect())
}

impl Model {
    fn behind(&self, commit: usize) -> std::collections::BTreeSet<usize> {
        let mut seen = std::collections::BTreeSet::from([commit]);
        let mut queue = vec![commit];
        while let Some(next) = queue.pop() {
            queue.extend(self.commits[next].0.iter().filter(|parent| seen.insert(**parent)));
        }
        seen
    }

    /// The only best common ancestor; Err where there are several.
    fn base(&self, one: usize, other: usize) -> Result<Option<usize>, ()> {
        let common: Vec<usize> = self.behind(one).intersection(&self.behind(other)).copied().collect();
        let best: Vec<usize> = common
            .iter()
            .copied()
            .filter(|commit| !common.iter().any(|other| other != commit && self.behind(*other).contains(commit)))
            .collect();
        match best[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(()),
        }
    }

    fn content(&self, pod: usize) -> Content {
        self.heads.get(&pod).map(|head| self.commits[*head].1.clone()).unwrap_or_default()
    }

    fn add(&mut self, pod: usize, parents: Vec<usize>, content: Content) {
        self.commits.push((parents, content));
        self.heads.insert(pod, self.commits.len() - 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn commits_branches_merges_and_injects_do_what_a_simple_model_does(steps in steps()) {
        let work = Work::new();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(pod, changes) => {
                    let content = changed(model.content(pod), changes);
                    work.commit(PODS[pod], &queues(&content), &[]);
                    let parents = model.heads.get(&pod).copied().into_iter().collect();
                    // The same commit made twice is one.
                    model.add(pod, parents, content);
                }
                Step::Branch(from, to) => {
                    let (Some(&head), true) = (model.heads.get(&from), from != to) else { continue };
                    if model.heads.get(&to).is_none_or(|other| model.behind(head).contains(other)) {
                        work.branch(PODS[from], PODS[to]);
                        model.heads.insert(to, head);
                    }
                }
                Step::Merge(into, from, prefer_ours) => {
                    let (Some(&ours), Some(&theirs)) = (model.heads.get(&into), model.heads.get(&from)) else { continue };
                    let Ok(base) = model.base(ours, theirs) else { continue };
                    let prefer = if prefer_ours { Side::Ours } else { Side::Theirs };
                    let outcome = work.merge(PODS[into], PODS[from], Some(prefer)).unwrap();
                    if base == Some(theirs) {
                        prop_assert_eq!(outcome.kind, MergeKind::UpToDate);
                    } else if base == Some(ours) {
                        prop_assert_eq!(outcome.kind, MergeKind::FastForward);
                        model.heads.insert(into, theirs);
                    } else {
                        prop_assert_eq!(outcome.kind, MergeKind::Merged);
                        let of = |commit: Option<usize>, name| commit.and_then(|commit| model.commits[commit].1.get(name));
                        let mut content = BTreeMap::new();
                        for name in NAMES {
                            let (base, ours, theirs) = (of(base, name), of(Some(ours), name), of(Some(theirs), name));
                            let winner = if ours == base || (theirs != base && !prefer_ours) { theirs } else { ours };
                            content.extend(winner.map(|value| (name, *value)));
                        }
                        model.add(into, vec![ours, theirs], content);
                    }
                }
                Step::Work(changes) => model.instance = changed(std::mem::take(&mut model.instance), changes),
                Step::Inject(pod, strategy) => {
                    let Some(head) = model.heads.get(&pod) else { continue };
                    let content = model.commits[*head].1.clone();
                    let injected = inject(&work, &model, PODS[pod], STRATEGIES[strategy]);
                    match expected(&model, &content, STRATEGIES[strategy]) {
                        Some(after) => {
                            let wanted: BTreeMap<String, Value> =
                                queues(&after).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                            prop_assert_eq!(injected.unwrap(), wanted);
                            model.injected = Some((content, std::mem::replace(&mut model.instance, after)));
                        }
                        None => {
                            let stopped = matches!(injected, Err(OpError::InstanceConflicts { .. }));
                            prop_assert!(stopped, "both changed the same");
                        }
                    }
                }
            }
            for (pod, head) in &model.heads {
                let expected: BTreeMap<String, Value> = model.commits[*head]
                    .1
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), json!({"X": value.to_string()})))
                    .collect();
                prop_assert_eq!(work.state(PODS[*pod]), expected);
            }
        }
    }
}
