//! What an index has of a store, made anew and brought up.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::ops::{Overrides, Paths};
use crate::pod::{Commit, Document, Observed, ResourceKey};
use crate::search::{Hit, Searcher};

/// A store in a folder of its own.
fn store() -> (tempfile::TempDir, Context) {
    let home = tempfile::tempdir().unwrap();
    let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
    (home, context)
}

/// A commit of queues, each with the text that is its value, and the root of its tree.
fn commit(context: &Context, queues: &[(String, String)]) -> (Digest, Digest) {
    let writer = context.store.writer().unwrap();
    for (name, value) in queues {
        let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [name.as_str()]);
        writer.document(key, &Document::from_value(json!({"Note": value})), &Observed::new()).unwrap();
    }
    let roots = writer.trees().unwrap();
    (writer.finish(&Commit::bare(roots.state, roots.observed)).unwrap(), roots.state)
}

fn publish(context: &Context, pod: &str, queues: &[(String, String)]) {
    let pod = pod.parse().unwrap();
    let head = context.store.versions(&pod).ok().and_then(|versions| versions.last().map(|last| last.commit));
    let (commit, _) = commit(context, queues);
    // A version that is as the one before is none.
    if head != Some(commit) {
        context.store.publish(&pod, head, commit).unwrap();
    }
}

/// What an index finds, in an order that does not depend on how it came about.
fn found(index: &Index, query: &str) -> BTreeSet<String> {
    let hits = Searcher::new(Arc::new(index.clone())).search(query, 500, &CancellationToken::new(), &mut |_| {});
    let places = |hit: &Hit| -> Vec<String> { hit.places.iter().map(|place| place.reference.to_string()).collect() };
    let mut all = BTreeSet::new();
    for hit in hits {
        let mut of_pods: Vec<Vec<String>> =
            places(&hit).chunk_by(|one, other| pod(one) == pod(other)).map(<[_]>::to_vec).collect();
        of_pods.sort();
        all.insert(format!("{} {:?} {} {of_pods:?}", hit.key, hit.property, hit.text));
    }
    all
}

fn pod(reference: &str) -> &str {
    reference.split(':').next().unwrap_or_default()
}

fn queues(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_an_index_has_is_not_read_again_and_what_is_new_is_added() {
    let (home, context) = store();
    publish(&context, "old", &queues(&[("orders", "patient")]));
    let first = Index::build(&context, &[], &Events::silent()).unwrap();
    // What was read must not be needed any more: its pack goes.
    let packs = home.path().join("data/store/blobs/sha256");
    std::fs::remove_dir_all(&packs).unwrap();
    std::fs::create_dir_all(&packs).unwrap();
    let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
    publish(&context, "new", &queues(&[("orders", "hasty"), ("invoices", "slow")]));
    let second = first.brought_up(&context, &[], &Events::silent()).unwrap();
    assert_eq!(found(&second, "patient").len(), 1);
    assert!(found(&second, "orders").iter().any(|hit| hit.contains("old:1") && hit.contains("new:1")));
    assert_eq!((found(&second, "invoices").len(), found(&first, "invoices").len()), (1, 0));
    // One made anew cannot read the first pod.
    assert_eq!(found(&Index::build(&context, &[], &Events::silent()).unwrap(), "patient").len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_index_that_grew_finds_what_one_made_anew_finds(
        steps in proptest::collection::vec((0usize..3, 0u8..8, proptest::collection::vec((0u8..4, 0u8..3), 0..4)), 1..10),
    ) {
        let (_home, context) = store();
        let mut grown = Index::default();
        let mut live = None;
        for (which, what, holds) in steps {
            let name = ["orders", "other", "live"][which];
            let queues: BTreeMap<u8, u8> = holds.into_iter().collect();
            let queues: Vec<(String, String)> =
                queues.into_iter().map(|(name, value)| (format!("queue-{name}"), format!("value-{value}"))).collect();
            match (name, what) {
                ("live", _) => {
                    let (commit, state) = commit(&context, &queues);
                    live = Some(Beside { place: Place { reference: Reference::Live, commit }, state });
                }
                (pod, 0) => {
                    let _ = context.store.delete(&pod.parse().unwrap());
                }
                (pod, _) => publish(&context, pod, &queues),
            }
            grown = grown.brought_up(&context, live.as_slice(), &Events::silent()).unwrap();
            let anew = Index::build(&context, live.as_slice(), &Events::silent()).unwrap();
            for query in ["queue", "value", "queue-1", "pod:orders queue", "is:live queue", "is:live value-1"] {
                prop_assert_eq!(found(&grown, query), found(&anew, query), "{}", query);
            }
        }
    }
}

#[test]
fn of_versions_elsewhere_those_that_were_opened_are_searched() {
    let (_home, context) = store();
    let (commit, state) = commit(&context, &queues(&[("orders", "1")]));
    let version = |number: u32, state| {
        let reference = format!("team/orders:{number}").parse().unwrap();
        Beside { place: Place { reference, commit }, state }
    };
    // The first one was never opened: nothing of it is here.
    let index = |versions: &[Beside]| Index::build(&context, versions, &Events::silent()).unwrap().len();
    let (elsewhere, here) = (version(1, Digest::of(b"elsewhere")), version(2, state));
    assert_eq!(index(std::slice::from_ref(&elsewhere)), 0);
    assert_eq!(index(&[elsewhere, here.clone()]), index(&[here]));
    assert!(index(&[version(1, state)]) > 0);
}
