//! Merging pods in a real store.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::ops::{Overrides, Paths, Take, choose, finish_resolution, resolution};
use crate::pod::{Document, Observed, ResourceKey};

/// Queues by name, each with its attributes.
pub(super) type Queues = BTreeMap<&'static str, Value>;

pub(super) struct Work {
    pub(super) context: Context,
    /// Commits made so far: no two are alike, as no two people's are.
    made: std::cell::Cell<u32>,
    _home: tempfile::TempDir,
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [name])
}

pub(super) fn pod(name: &str) -> PodName {
    name.parse().unwrap()
}

impl Work {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        Self { context, made: Default::default(), _home: home }
    }

    pub(super) fn head(&self, name: &str) -> Option<Digest> {
        self.context.store.resolve(&pod(name), &Selector::Head).ok().map(|version| version.commit)
    }

    /// Commits what a capture would have found.
    pub(super) fn commit(&self, name: &str, queues: &Queues, services: &[&str]) -> VersionEntry {
        let resources: Vec<_> = queues.iter().map(|(name, attributes)| (key(name), attributes.clone())).collect();
        self.commit_all(name, &resources, services)
    }

    /// The same of resources of any type.
    fn commit_all(&self, name: &str, resources: &[(ResourceKey, Value)], services: &[&str]) -> VersionEntry {
        let store = &self.context.store;
        let writer = store.writer().unwrap();
        for (key, attributes) in resources {
            let url = json!(format!("http://{}", key.own_name()));
            let observed = Observed::from_iter([("QueueUrl".to_owned(), url)]);
            writer.document(key.clone(), &Document::from_value(attributes.clone()), &observed).unwrap();
        }
        let roots = writer.trees().unwrap();
        let parent = self.head(name);
        self.made.set(self.made.get() + 1);
        let commit = Commit {
            parents: parent.into_iter().collect(),
            message: format!("commit {}", self.made.get()),
            resources: roots.resources,
            services: services.iter().map(|service| (*service).to_owned()).collect(),
            ..Commit::bare(roots.state, roots.observed)
        };
        let digest = writer.finish(&commit).unwrap();
        store.publish(&pod(name), parent, digest).unwrap()
    }

    /// A second pod that begins where the first one is.
    pub(super) fn branch(&self, from: &str, name: &str) {
        let head = self.head(from).unwrap();
        self.context.store.publish(&pod(name), self.head(name), head).unwrap();
    }

    pub(super) fn merge(&self, into: &str, from: &str, prefer: Option<Side>) -> Result<MergeOutcome, OpError> {
        let args = MergeArgs { into: pod(into), from: from.parse().unwrap(), prefer, message: None, dry_run: false };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(merge(&self.context, &args, &Events::silent()))
    }

    pub(super) fn state(&self, name: &str) -> BTreeMap<String, Value> {
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

/// What a merge warns of where both sides begin with the first of three states.
fn warnings(states: [&[(ResourceKey, Value)]; 3]) -> Vec<String> {
    let work = Work::new();
    work.commit_all("ours", states[0], &[]);
    work.branch("ours", "theirs");
    work.commit_all("ours", states[1], &[]);
    work.commit_all("theirs", states[2], &[]);
    let outcome = work.merge("ours", "theirs", None).unwrap();
    assert_eq!(outcome.kind, MergeKind::Merged);
    outcome.warnings
}

fn resource(path: &str, attributes: Value) -> (ResourceKey, Value) {
    (path.parse().unwrap(), attributes)
}

const FUNCTION: &str = "000000000000/us-east-1/lambda/function/f";

#[test]
fn a_function_whose_role_the_other_side_deleted_is_named_with_it() {
    let role = resource("000000000000/global/iam/role/runs", json!({"Path": "/team/"}));
    let function = |memory: u32| {
        let role = "arn:aws:iam::000000000000:role/team/runs";
        resource(FUNCTION, json!({"Role": role, "MemorySize": memory}))
    };
    let other = resource("000000000000/us-east-1/sqs/queue/q", json!({}));
    let said = warnings([&[role.clone(), function(128)], &[function(128), other], &[role, function(256)]]);
    assert_eq!(said, ["lambda/function/f: names iam/role/runs, which is deleted"]);
}

#[test]
fn a_new_mapping_is_named_with_the_queue_or_function_that_the_other_side_deleted() {
    let queue = resource("000000000000/us-east-1/sqs/queue/orders", json!({}));
    let function = resource(FUNCTION, json!({"MemorySize": 128}));
    let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    let mapping = resource(
        &format!("000000000000/us-east-1/lambda/event-source-mapping/f/{arn}"),
        json!({"EventSourceArn": arn, "BatchSize": 10}),
    );
    let both = [queue.clone(), function.clone()];
    let mapped = [queue.clone(), function.clone(), mapping];
    assert_eq!(
        warnings([&both, &[function], &mapped]),
        [format!("lambda/event-source-mapping/f/{arn}: names sqs/queue/orders, which is deleted")]
    );
    assert_eq!(
        warnings([&both, &[queue], &mapped]),
        [format!("lambda/event-source-mapping/f/{arn}: what holds it, lambda/function/f, is deleted")]
    );
}

#[test]
fn a_keyed_list_with_two_entries_of_one_key_is_named_with_its_place() {
    let rule = |days: u32| json!({"ID": "old", "Status": "Enabled", "Expiration": {"Days": days}});
    let bucket = |lifecycle: Value, tags: Value| {
        resource("000000000000/us-east-1/s3/bucket/b", json!({"Lifecycle": lifecycle, "Tags": tags}))
    };
    let said = warnings([
        &[bucket(json!([rule(1)]), json!({"a": "1"}))],
        &[bucket(json!([rule(1), rule(2)]), json!({"a": "1"}))],
        &[bucket(json!([rule(1)]), json!({"a": "2"}))],
    ]);
    assert_eq!(said, ["s3/bucket/b: Lifecycle has two entries of the same key"]);
}

#[test]
fn a_standard_topic_that_is_subscribed_to_a_fifo_queue_is_named_with_it() {
    let arn = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
    let topic = |attributes: Value| resource("000000000000/us-east-1/sns/topic/t", attributes);
    let queue = |fifo: &str| resource("000000000000/us-east-1/sqs/queue/q.fifo", json!({"FifoQueue": fifo}));
    let subscription = resource(
        &format!("000000000000/us-east-1/sns/subscription/t/sqs:{arn}"),
        json!({"Protocol": "sqs", "Endpoint": arn}),
    );
    // One side makes the queue FIFO, the other subscribes the topic to it.
    let said = |topic: (ResourceKey, Value)| {
        warnings([
            &[topic.clone(), queue("false")],
            &[topic.clone(), queue("true")],
            &[topic, queue("false"), subscription.clone()],
        ])
    };
    let changed = "sqs/queue/q.fifo: FifoQueue changes, so injecting deletes it and creates it anew".to_owned();
    let mixed = format!("sns/subscription/t/sqs:{arn}: one of it and sqs/queue/q.fifo is FIFO, the other is not");
    let by_theirs = said(topic(json!({})));
    assert!(by_theirs.contains(&mixed), "{by_theirs:?}");
    assert!(by_theirs.iter().all(|warning| *warning == mixed || *warning == changed), "{by_theirs:?}");
    let fifo_topic = said(topic(json!({"FifoTopic": "true"})));
    assert!(!fifo_topic.contains(&mixed), "{fifo_topic:?}");
}

#[test]
fn a_topic_that_a_side_makes_fifo_is_named() {
    let topic = |fifo: &str, name: &str| {
        resource("000000000000/us-east-1/sns/topic/t", json!({"FifoTopic": fifo, "DisplayName": name}))
    };
    let said = warnings([&[topic("false", "a")], &[topic("false", "b")], &[topic("true", "a")]]);
    assert_eq!(said, ["sns/topic/t: FifoTopic changes, so injecting deletes it and creates it anew"]);
}

#[test]
fn what_the_last_inject_left_out_is_named_where_it_is_put_in_again() {
    use crate::instance::{Filter, Strategy};
    let work = Work::new();
    let snapshot = |queues: &Queues, services: &[&str]| {
        let version = work.commit("any", queues, services);
        Snapshot::load(&work.context.store, version.commit).unwrap()
    };
    let pod = snapshot(&queues(&[("a", json!({}))]), &[]);
    let live = snapshot(&Queues::new(), &[]);
    let notes = |before: &Snapshot| {
        let sides = state::Sides { base: Some(&pod), ours: &live, theirs: &pod };
        let (catalog, filter, events) = (work.context.catalog, Filter::default(), Events::silent());
        let found =
            crate::ops::inject::wanted(catalog, Strategy::ThreeWay, &sides, Some(before), &filter, &events).unwrap();
        assert_eq!(found.found.len(), 1);
        found.notes.join("\n")
    };
    // It looked at another service alone: whether the queue was there then, nobody knows.
    let said = notes(&snapshot(&Queues::new(), &["s3"]));
    assert!(said.contains("the last inject left sqs out"), "{said}");
    // It looked at all, and the queue was not there.
    assert!(!notes(&snapshot(&Queues::new(), &[])).contains("left"));
}
