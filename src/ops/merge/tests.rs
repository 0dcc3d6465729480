//! Merging pods in a real store, against a simple model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ops::{Overrides, Paths, Take, choose, finish_resolution, resolution};
use crate::pod::{Document, Observed, ResourceKey};

/// Queues by name, each with its attributes.
type Queues = BTreeMap<&'static str, Value>;

struct Work {
    context: Context,
    _home: tempfile::TempDir,
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [name])
}

fn pod(name: &str) -> PodName {
    name.parse().unwrap()
}

impl Work {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        Self { context, _home: home }
    }

    fn head(&self, name: &str) -> Option<Digest> {
        self.context.store.resolve(&pod(name), &Selector::Head).ok().map(|version| version.commit)
    }

    /// Commits what a capture would have found.
    fn commit(&self, name: &str, queues: &Queues, services: &[&str]) -> VersionEntry {
        let store = &self.context.store;
        let writer = store.writer().unwrap();
        for (name, attributes) in queues {
            let observed = Observed::from_iter([("QueueUrl".to_owned(), json!(format!("http://{name}")))]);
            writer.document(key(name), &Document::from_value(attributes.clone()), &observed).unwrap();
        }
        let roots = writer.trees().unwrap();
        let parent = self.head(name);
        let commit = Commit {
            format: crate::pod::COMMIT_FORMAT,
            parents: parent.into_iter().collect(),
            state: roots.state,
            observed: roots.observed,
            resources: roots.resources,
            message: String::new(),
            author: Author::default(),
            time: jiff::Timestamp::now(),
            instance: Default::default(),
            services: services.iter().map(|service| (*service).to_owned()).collect(),
            report: CaptureReport::default(),
            conflicts: Vec::new(),
        };
        let digest = writer.finish(&commit).unwrap();
        store.publish(&pod(name), parent, digest).unwrap()
    }

    /// A second pod that begins where the first one is.
    fn branch(&self, from: &str, name: &str) {
        let head = self.head(from).unwrap();
        self.context.store.publish(&pod(name), self.head(name), head).unwrap();
    }

    fn merge(&self, into: &str, from: &str, prefer: Option<Side>) -> Result<MergeOutcome, OpError> {
        let args = MergeArgs { into: pod(into), from: from.parse().unwrap(), prefer, message: None, dry_run: false };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(merge(&self.context, &args, &Events::silent()))
    }

    fn state(&self, name: &str) -> BTreeMap<String, Value> {
        let head = Snapshot::load(&self.context.store, self.head(name).unwrap()).unwrap();
        let entries = head.state.entries().map(Result::unwrap);
        let state: BTreeMap<_, _> =
            entries.map(|(key, mut value)| (key.own_name().to_owned(), value["attributes"].take())).collect();
        assert_eq!(head.commit.resources, state.len() as u64);
        assert!(head.observed.keys().map(Result::unwrap).eq(head.state.keys().map(Result::unwrap)));
        state
    }
}

fn queues(entries: &[(&'static str, Value)]) -> Queues {
    entries.iter().cloned().collect()
}

#[test]
fn what_two_pods_changed_is_joined_in_a_commit_with_two_parents() {
    let work = Work::new();
    work.commit("ours", &queues(&[("a", json!({"X": "1", "Y": "1"})), ("gone", json!({}))]), &[]);
    work.branch("ours", "theirs");
    let ours = work.commit("ours", &queues(&[("a", json!({"X": "2", "Y": "1"})), ("gone", json!({}))]), &[]);
    let theirs = work.commit("theirs", &queues(&[("a", json!({"X": "1", "Y": "2"})), ("new", json!({}))]), &[]);
    let outcome = work.merge("ours", "theirs", None).unwrap();
    assert_eq!((outcome.kind, outcome.changed), (MergeKind::Merged, (1, 1, 1)));
    assert_eq!(
        work.state("ours"),
        BTreeMap::from([("a".to_owned(), json!({"X": "2", "Y": "2"})), ("new".to_owned(), json!({})),])
    );
    let commit = work.context.store.commit(&outcome.version.commit).unwrap();
    assert_eq!(commit.parents, [ours.commit, theirs.commit]);
    // What was merged is known from now on, on both sides.
    assert_eq!(work.merge("ours", "theirs", None).unwrap().kind, MergeKind::UpToDate);
    assert_eq!(work.merge("theirs", "ours", None).unwrap().kind, MergeKind::FastForward);
    assert_eq!(work.head("theirs"), work.head("ours"));
}

#[test]
fn a_conflicted_commit_is_kept_refused_and_settled() {
    let work = Work::new();
    let start = |x: &str, y: &str| queues(&[("a", json!({"X": x, "Y": y})), ("b", json!({"Z": x}))]);
    work.commit("ours", &start("1", "1"), &[]);
    work.branch("ours", "theirs");
    work.commit("ours", &start("2", "2"), &[]);
    let mut theirs = start("3", "1");
    theirs.remove("b");
    work.commit("theirs", &theirs, &[]);
    let outcome = work.merge("ours", "theirs", None).unwrap();
    let places: Vec<String> = outcome.conflicts.iter().map(Conflict::property).collect();
    assert_eq!((outcome.kind, places), (MergeKind::Conflicted, vec!["X".to_owned(), String::new()]));
    assert_eq!(work.context.store.commit(&outcome.version.commit).unwrap().conflicts, outcome.conflicts);
    assert!(matches!(work.merge("theirs", "ours", None), Err(OpError::Conflicted { count: 2, .. })));
    assert!(matches!(work.merge("ours", "theirs", None), Err(OpError::Conflicted { .. })));

    let (context, ours) = (&work.context, pod("ours"));
    let mut found = resolution(context, &ours).unwrap();
    let target = |text: &str| vec![text.parse().unwrap()];
    assert!(choose(context, &ours, &mut found, &target("s3"), &Take::Side(Side::Ours)).is_err());
    assert_eq!(choose(context, &ours, &mut found, &target("sqs/queue/a#X"), &Take::Side(Side::Base)).unwrap(), 1);
    assert!(finish_resolution(context, &ours, &found, None).is_err());
    // The choices are there for the next run, and can be taken back.
    let mut found = resolution(context, &ours).unwrap();
    assert_eq!((found.open(), crate::ops::take_back(context, &ours, &mut found).unwrap()), (1, 1));
    choose(context, &ours, &mut found, &target("sqs/queue/a"), &Take::Value(json!("9"))).unwrap();
    assert!(choose(context, &ours, &mut found, &target("sqs/queue/b"), &Take::Value(json!("9"))).is_err());
    choose(context, &ours, &mut found, &[], &Take::Side(Side::Theirs)).unwrap();
    finish_resolution(context, &ours, &found, None).unwrap();
    assert_eq!(work.state("ours"), BTreeMap::from([("a".to_owned(), json!({"X": "9", "Y": "2"}))]));
    assert!(resolution(context, &ours).is_err());
    assert_eq!(work.merge("theirs", "ours", None).unwrap().kind, MergeKind::FastForward);
}

#[test]
fn who_did_not_look_at_a_service_has_deleted_nothing_of_it() {
    let work = Work::new();
    work.commit("ours", &queues(&[("a", json!({})), ("b", json!({}))]), &[]);
    work.branch("ours", "theirs");
    work.commit("ours", &queues(&[("a", json!({}))]), &[]);
    work.commit("theirs", &Queues::new(), &["s3"]);
    let outcome = work.merge("ours", "theirs", None).unwrap();
    assert_eq!(work.state("ours").into_keys().collect::<Vec<_>>(), ["a"]);
    assert!(outcome.notes.iter().any(|note| note.contains("sqs/queue")), "{:?}", outcome.notes);
}

#[test]
fn what_a_merge_may_break_is_said_by_name() {
    let work = Work::new();
    let dead = |name: &str| json!({"RedrivePolicy": {"deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:000000000000:{name}")}});
    let fifo = || json!({"FifoQueue": "true"});
    work.commit("ours", &queues(&[("dead", json!({})), ("fifo", fifo()), ("a", json!({})), ("b", json!({}))]), &[]);
    work.branch("ours", "theirs");
    work.commit("ours", &queues(&[("fifo", fifo()), ("a", json!({})), ("b", dead("fifo"))]), &[]);
    work.commit(
        "theirs",
        &queues(&[("dead", json!({})), ("fifo", json!({})), ("a", dead("dead")), ("b", json!({}))]),
        &[],
    );
    let warnings = work.merge("ours", "theirs", None).unwrap().warnings.join("\n");
    assert!(warnings.contains("sqs/queue/a: names sqs/queue/dead, which is deleted"), "{warnings}");
    assert!(warnings.contains("sqs/queue/fifo: FifoQueue changes"), "{warnings}");
    let work = Work::new();
    work.commit("ours", &queues(&[("fifo", fifo()), ("b", json!({}))]), &[]);
    work.branch("ours", "theirs");
    work.commit("ours", &queues(&[("fifo", fifo()), ("b", dead("fifo"))]), &[]);
    work.commit("theirs", &queues(&[("fifo", fifo()), ("b", json!({"X": "1"}))]), &[]);
    let warnings = work.merge("ours", "theirs", None).unwrap().warnings.join("\n");
    assert!(warnings.contains("sqs/queue/b: one of it and sqs/queue/fifo is FIFO"), "{warnings}");
}

/// What a user may do.
#[derive(Clone, Debug)]
enum Step {
    /// Commit into a pod: each queue set to a value, or removed.
    Commit(usize, Vec<(usize, Option<u8>)>),
    /// Begin a pod at, or move it on to, where another is.
    Branch(usize, usize),
    /// Merge one pod into another, preferring a side.
    Merge(usize, usize, bool),
}

const PODS: [&str; 3] = ["one", "two", "three"];
const NAMES: [&str; 3] = ["a", "b", "c"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let commit = (0..3usize, proptest::collection::vec((0..3usize, proptest::option::of(0..3u8)), 1..3));
    let step = prop_oneof![
        3 => commit.prop_map(|(pod, changes)| Step::Commit(pod, changes)),
        1 => (0..3usize, 0..3usize).prop_map(|(from, to)| Step::Branch(from, to)),
        2 => (0..3usize, 0..3usize, any::<bool>()).prop_map(|(into, from, ours)| Step::Merge(into, from, ours)),
    ];
    proptest::collection::vec(step, 1..14)
}

/// A commit in the model: parents and content.
type ModelCommit = (Vec<usize>, BTreeMap<&'static str, u8>);

#[derive(Default)]
struct Model {
    commits: Vec<ModelCommit>,
    heads: BTreeMap<usize, usize>,
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

    fn content(&self, pod: usize) -> BTreeMap<&'static str, u8> {
        self.heads.get(&pod).map(|head| self.commits[*head].1.clone()).unwrap_or_default()
    }

    fn add(&mut self, pod: usize, parents: Vec<usize>, content: BTreeMap<&'static str, u8>) {
        self.commits.push((parents, content));
        self.heads.insert(pod, self.commits.len() - 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn commits_branches_and_merges_do_what_a_simple_model_does(steps in steps()) {
        let work = Work::new();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(pod, changes) => {
                    let mut content = model.content(pod);
                    for (name, value) in changes {
                        match value {
                            Some(value) => content.insert(NAMES[name], value),
                            None => content.remove(NAMES[name]),
                        };
                    }
                    let queues = content.iter().map(|(name, value)| (*name, json!({"X": value.to_string()}))).collect();
                    work.commit(PODS[pod], &queues, &[]);
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
