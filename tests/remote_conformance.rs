//! What every kind of remote promises: one suite, run over a directory, real registries and a real bucket.

#[path = "remote/faults.rs"]
mod faults;
#[path = "remote/fixture.rs"]
mod fixture;
#[path = "remote/folder.rs"]
mod folder;
#[path = "remote/bucket.rs"]
mod in_bucket;
#[path = "remote/registry.rs"]
mod particular;
#[path = "remote/resume.rs"]
mod resume;
#[path = "remote/secrets.rs"]
mod secrets;
mod support;

use std::sync::Arc;
use std::time::Duration;

use fixture::{LARGE, Person, Place, Told, cancelled_after};
use podex::event::Events;
use podex::pod::{Commit, Digest, PodName, Selector};
use podex::remote::{RemoteError, RemoteHistory, RemoteTrees, fetch, pull, push, trees};
use podex::store::{FsckLevel, GcOptions, StoreError};
use podex::tree::{ChunkSource, Difference, Tree};
use secrets::secrets_are_redacted_encrypted_or_included;
use support::{Login, RegistryOptions};

/// The same tests for each place.
macro_rules! conformance {
    (places: {$($place:ident => $open:expr;)*} cases: $cases:tt) => {
        $(conformance!(@place $place, $open, $cases);)*
    };
    (@place $place:ident, $open:expr, [$($case:ident),* $(,)?]) => {
        mod $place {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    if let Some(place) = $open {
                        super::$case(&place).await;
                    }
                }
            )*
        }
    };
}

conformance! {
    places: {
        directory => Place::directory();
        registry => Place::registry(RegistryOptions::default());
        bucket => Place::bucket();
        registry_with_tokens => Place::registry(RegistryOptions { login: Some(Login::Token), tls: false });
        registry_with_login => Place::registry(RegistryOptions { login: Some(Login::Password), tls: true });
    }
    cases: [
        a_pod_pushed_by_one_is_pulled_by_another,
        pods_and_versions_are_listed_without_their_state,
        only_what_is_new_is_pushed,
        pushing_again_moves_nothing,
        a_push_to_a_remote_that_moved_on_arrives_beside_its_versions,
        what_is_beside_the_versions_is_told_fetched_and_merged,
        a_pull_is_refused_where_both_sides_moved_on,
        what_was_joined_is_pushed_and_pulled_by_everybody,
        versions_deleted_here_are_no_reason_to_part,
        what_a_version_deleted_here_had_comes_again,
        a_pod_whose_first_version_is_gone_is_listed_and_pulled,
        a_pod_of_nothing_but_unnumbered_commits_is_listed,
        a_version_in_the_middle_is_pulled_and_then_the_rest,
        a_pod_is_pulled_under_another_name,
        a_version_is_fetched_without_a_local_pod,
        versions_are_compared_by_what_differs_between_them_alone,
        a_version_is_looked_at_without_its_bodies,
        damaged_trees_are_refused_when_looked_at,
        of_people_publishing_at_once_one_gets_the_number_and_all_arrive,
        an_interrupted_push_is_resumed,
        a_cancelled_pull_leaves_the_store_as_it_was,
        damaged_packs_are_refused,
        packs_of_another_size_are_refused,
        missing_packs_are_refused,
        packs_that_lack_something_are_refused,
        damaged_commits_are_refused,
        unknown_pods_and_versions_are_named_with_what_there_is,
        a_deleted_pod_is_gone_and_can_be_pushed_again,
        a_body_of_several_packs_arrives_whole,
        secrets_are_redacted_encrypted_or_included,
    ]
}

fn pod(name: &str) -> PodName {
    name.parse().unwrap()
}

fn digests(history: &RemoteHistory) -> Vec<Digest> {
    history.versions.iter().map(|version| version.digest).collect()
}

fn silent() -> Events {
    Events::silent()
}

async fn a_pod_pushed_by_one_is_pulled_by_another(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("My_Pod-1"));
    let commits = [bob.commit(&name, "one"), bob.commit(&name, "two")];
    let report = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!(report.commits, 2);
    assert!(report.bytes > 2000, "{report:?}");

    let (report, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.number, head.commit), (2, 2, commits[1]));
    assert_eq!(alice.versions(&name), commits);
    alice.has_whole(&commits[0]);
    alice.has_whole(&commits[1]);
    let team = &place.config().name;
    assert_eq!(bob.store.remote_head(team, &name).unwrap(), Some(commits[1]));
    assert_eq!(alice.store.remote_head(team, &name).unwrap(), Some(commits[1]));

    // And back: the next version is hers.
    let third = alice.commit(&name, "three");
    push(&alice.store, &*place.remote(), &name, &silent()).await.unwrap();
    pull(&bob.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(bob.versions(&name), [commits[0], commits[1], third]);
    bob.has_whole(&third);
}

async fn pods_and_versions_are_listed_without_their_state(place: &Place) {
    let bob = Person::new("Bob");
    let mut names: Vec<PodName> = ["orders", "Orders", "a_b", "_", "A-"].map(pod).into();
    for name in &names {
        bob.commit(name, "first of it");
        push(&bob.store, &*place.remote(), name, &silent()).await.unwrap();
    }
    let second = bob.commit(&names[1], "second of it");
    push(&bob.store, &*place.remote(), &names[1], &silent()).await.unwrap();
    let versions = place.remote().history(&names[1]).await.unwrap().versions;
    names.sort();
    assert_eq!(place.remote().pods().await.unwrap(), names);
    let lines: Vec<_> = versions.iter().map(|version| (version.number, version.commit.message.as_str())).collect();
    assert_eq!(lines, [(1, "first of it"), (2, "second of it")]);
    assert_eq!(versions[1].digest, second);
    assert_eq!(versions[1].commit, bob.store.commit(&second).unwrap());
    assert_eq!(place.remote().history(&pod("absent")).await.unwrap().versions, []);
}

async fn only_what_is_new_is_pushed(place: &Place) {
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", 600_000);
    bob.commit(&pod("secret"), "never to be pushed");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let second = bob.commit_sized(&name, "small", 1000);
    let report = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!(report.commits, 1);
    assert!((1000..50_000).contains(&report.bytes), "{report:?}");
    let packs = place.remote().packs(&name, &second).await.unwrap();
    assert_eq!(packs.iter().map(|pack| pack.1).sum::<u64>(), report.bytes);
}

async fn pushing_again_moves_nothing(place: &Place) {
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let report = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!((report.commits, report.bytes), (0, 0));
    let (report, head) = pull(&bob.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, report.bytes, head.number), (0, 0, 1));
}

/// Bob and Alice with a version in common, and one that she pushed since.
async fn after_hers(place: &Place, name: &PodName) -> (Person, Person, [Digest; 2]) {
    let (bob, alice) = (Person::new("Bob"), Person::new("Alice"));
    let first = bob.commit(name, "one");
    push(&bob.store, &*place.remote(), name, &silent()).await.unwrap();
    pull(&alice.store, &*place.remote(), name, None, name, &silent()).await.unwrap();
    let hers = alice.commit(name, "hers");
    push(&alice.store, &*place.remote(), name, &silent()).await.unwrap();
    (bob, alice, [first, hers])
}

async fn a_push_to_a_remote_that_moved_on_arrives_beside_its_versions(place: &Place) {
    let name = pod("p");
    let (bob, _alice, [first, hers]) = after_hers(place, &name).await;

    // He has not seen hers yet. Without one of his own he only has to take hers in.
    let error = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap_err();
    assert!(matches!(&error, RemoteError::Behind { theirs, author, .. } if *theirs == hers && author == "Alice"));
    assert!(error.to_string().contains("'podex pull team/p'"), "{error}");
    let untouched = place.remote().history(&name).await.unwrap();
    assert_eq!((digests(&untouched), untouched.beside.len()), (vec![first, hers], 0));

    // With some the two have to be joined; until then they are there, once.
    let his = [bob.commit(&name, "his"), bob.commit(&name, "his, too")];
    for _ in 0..2 {
        let error = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap_err();
        let RemoteError::Diverged { theirs, ours, author, .. } = &error else { panic!("{error:?}") };
        assert_eq!((theirs, ours, author.as_str()), (&hers, &his[1], "Alice"));
        assert!(error.to_string().contains("'podex merge p team/p'"), "{error}");
        let history = place.remote().history(&name).await.unwrap();
        assert_eq!(digests(&history), [first, hers]);
        assert_eq!(history.beside.iter().map(|commit| commit.digest).collect::<Vec<_>>(), his);
        assert_eq!(history.tips().map(|tip| tip.commit.author.name.as_str()).collect::<Vec<_>>(), ["Bob"]);
    }
    assert_eq!(bob.store.remote_head(&place.config().name, &name).unwrap(), Some(his[1]));
}

async fn what_is_beside_the_versions_is_told_fetched_and_merged(place: &Place) {
    let name = pod("p");
    let (bob, alice, [first, hers]) = after_hers(place, &name).await;
    let his = [bob.commit(&name, "his"), bob.commit_sized(&name, "his, too", 600_000)];
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap_err();

    // She is told how to join them, and does. Somebody new gets her line, and is told as well.
    let told = Told::default();
    let (_, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &told.events()).await.unwrap();
    assert_eq!((head.number, head.commit), (2, hers));
    let reference = format!("team/p@{}", his[1].short());
    assert!(told.warnings().contains(&format!("'podex merge p {reference}'")), "{}", told.warnings());
    let selector = Selector::Revision(his[1].short());
    let (found, _) = fetch(&alice.store, &*place.remote(), &name, &selector, &silent()).await.unwrap();
    assert_eq!(found, his[1]);
    alice.has_whole(&his[0]);
    alice.has_whole(&his[1]);
    let joined = alice.join(&name, his[1]);
    let report = push(&alice.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!(report.commits, 1);
    assert!(report.bytes < 300_000, "what he sent is not sent again: {report:?}");

    // It waits no longer; and he, whose newest it joins, goes on from it.
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!((digests(&history), history.beside.len()), (vec![first, hers, joined], 0));
    assert_eq!(history.joined.iter().map(|commit| commit.digest).collect::<Vec<_>>(), his);
    let error = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Behind { .. }), "{error:?}");
    let told = Told::default();
    pull(&bob.store, &*place.remote(), &name, None, &name, &told.events()).await.unwrap();
    assert_eq!((bob.versions(&name), told.warnings().as_str()), (vec![first, his[0], his[1], joined], ""));
    bob.has_whole(&joined);
    let carol = Person::new("Carol");
    pull(&carol.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(carol.versions(&name), [first, hers, joined]);
    carol.has_whole(&his[0]);
    carol.has_whole(&joined);
}

async fn a_pull_is_refused_where_both_sides_moved_on(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    alice.commit(&name, "hers");
    push(&alice.store, &*place.remote(), &name, &silent()).await.unwrap();
    let his = bob.commit(&name, "his");
    let error = pull(&bob.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap_err();
    assert!(matches!(error, RemoteError::BothMoved { .. }), "{error:?}");
    assert_eq!(bob.versions(&name), [his]);
}

async fn what_was_joined_is_pushed_and_pulled_by_everybody(place: &Place) {
    let (bob, alice, carol, name) = (Person::new("Bob"), Person::new("Alice"), Person::new("Carol"), pod("p"));
    let first = bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    let his = bob.commit(&name, "his");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();

    // She made two meanwhile, so that her numbers are ahead of the remote's. They are there before what joins them.
    alice.commit(&name, "hers");
    let hers = alice.commit(&name, "hers, too");
    fetch(&alice.store, &*place.remote(), &name, &Selector::Head, &silent()).await.unwrap();
    let joined = alice.join(&name, his);
    let report = push(&alice.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!(report.commits, 3);
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!(digests(&history), [first, his, joined]);
    assert_eq!(history.versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(history.joined.iter().map(|commit| commit.digest).collect::<Vec<_>>(), alice.versions(&name)[1..3]);
    assert_eq!(push(&alice.store, &*place.remote(), &name, &silent()).await.unwrap().commits, 0);

    let (_, head) = pull(&bob.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((head.commit, head.number), (joined, 3));
    bob.has_whole(&joined);
    let next = bob.commit(&name, "next");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let (report, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.commit, head.number), (1, next, 5));
    assert_eq!(alice.versions(&name), [first, alice.versions(&name)[1], hers, joined, next]);
    // Somebody new gets the remote's line.
    pull(&carol.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(carol.versions(&name), [first, his, joined, next]);
    carol.has_whole(&next);
}

async fn versions_deleted_here_are_no_reason_to_part(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commits = ["one", "two", "three"].map(|message| bob.commit(&name, message));
    bob.store.delete_version(&name, &Selector::Version(2)).unwrap();
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(alice.versions(&name), [commits[0], commits[2]]);

    bob.store.delete_version(&name, &Selector::Version(1)).unwrap();
    let fourth = bob.commit(&name, "four");
    assert_eq!(push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap().commits, 1);
    let (report, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.commit), (1, fourth));
    alice.has_whole(&fourth);
}

async fn what_a_version_deleted_here_had_comes_again(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    // The third has the first one's body again, which is pushed once.
    let commits = ["one", "two", "one"].map(|message| bob.commit(&name, message));
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    pull(&alice.store, &*place.remote(), &name, Some(2), &name, &silent()).await.unwrap();
    alice.store.delete_version(&name, &Selector::Version(1)).unwrap();
    alice.store.gc(&GcOptions { dry_run: false, grace: Duration::ZERO }).unwrap();
    let (report, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.commit), (1, commits[2]));
    alice.has_whole(&commits[2]);
    assert_eq!(alice.versions(&name), commits[1..]);
}

async fn a_pod_whose_first_version_is_gone_is_listed_and_pulled(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commits = ["one", "two"].map(|message| bob.commit(&name, message));
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    place.forget_version("p", 1);
    assert_eq!(place.remote().pods().await.unwrap(), std::slice::from_ref(&name));
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!(history.versions.iter().map(|version| version.number).collect::<Vec<_>>(), [2]);
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(alice.versions(&name), commits[1..]);
    alice.has_whole(&commits[1]);
    // The next one gets the next number, and the first does not come back.
    let third = bob.commit(&name, "three");
    assert_eq!(push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap().commits, 1);
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!((digests(&history), history.beside.len()), (vec![commits[1], third], 0));
}

async fn a_pod_of_nothing_but_unnumbered_commits_is_listed(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commit = bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    // As after a race whose winner was deleted since.
    place.forget_version("p", 1);
    assert_eq!(place.remote().pods().await.unwrap(), std::slice::from_ref(&name));
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!(history.versions, []);
    assert_eq!(history.beside.iter().map(|commit| commit.digest).collect::<Vec<_>>(), [commit]);
    let selector = Selector::Revision(commit.short());
    fetch(&alice.store, &*place.remote(), &name, &selector, &silent()).await.unwrap();
    alice.has_whole(&commit);
}

async fn a_version_in_the_middle_is_pulled_and_then_the_rest(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commits = ["one", "two", "three"].map(|message| bob.commit(&name, message));
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let (report, head) = pull(&alice.store, &*place.remote(), &name, Some(2), &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.number), (2, 2));
    let (report, head) = pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.number), (1, 3));
    assert_eq!(alice.versions(&name), commits);
    // An older version than the local head is there already.
    let (report, head) = pull(&alice.store, &*place.remote(), &name, Some(1), &name, &silent()).await.unwrap();
    assert_eq!((report.commits, head.number), (0, 3));
    assert_eq!(alice.store.remote_head(&place.config().name, &name).unwrap(), Some(commits[2]));
}

async fn a_pod_is_pulled_under_another_name(place: &Place) {
    let (bob, alice) = (Person::new("Bob"), Person::new("Alice"));
    let (name, other) = (pod("p"), pod("theirs"));
    let his = bob.commit(&name, "his");
    alice.commit(&name, "hers");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    pull(&alice.store, &*place.remote(), &name, None, &other, &silent()).await.unwrap();
    assert_eq!(alice.versions(&other), [his]);
    assert_eq!(alice.versions(&name).len(), 1);
}

async fn a_version_is_fetched_without_a_local_pod(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commits = ["one", "two"].map(|message| bob.commit(&name, message));
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    for (selector, expected) in [
        (Selector::Version(1), commits[0]),
        (Selector::Head, commits[1]),
        (Selector::Revision(commits[0].hex()[..6].to_owned()), commits[0]),
    ] {
        let (digest, commit) = fetch(&alice.store, &*place.remote(), &name, &selector, &silent()).await.unwrap();
        assert_eq!((digest, commit.digest()), (expected, expected));
        alice.has_whole(&digest);
    }
    assert_eq!(alice.store.pods().unwrap(), []);
}

/// A version's trees, where they are read from, and its commit.
async fn look(place: &Place, person: &Person, name: &PodName, number: u64) -> (Commit, Arc<RemoteTrees>) {
    let selector = Selector::Version(number);
    let (_, commit, trees) = trees(&person.store, place.remote(), name, &selector, &silent()).await.unwrap();
    (commit, trees)
}

/// Compares the documents of two commits, each read from its own source.
async fn compare(before: (Commit, Arc<dyn ChunkSource>), after: (Commit, Arc<dyn ChunkSource>)) -> Vec<Difference> {
    let [before, after] = [before, after].map(|(commit, source)| Tree { source, root: commit.state });
    let differences = move || before.diff(&after).collect::<Result<_, _>>().unwrap();
    tokio::task::spawn_blocking(differences).await.unwrap()
}

async fn versions_are_compared_by_what_differs_between_them_alone(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    // Ten changes in the second version, one in the third; most nodes are in the packs of the first.
    for (message, changed) in [("one", 500), ("two", 500), ("three", 4000)] {
        bob.commit_many(&name, message, 5000, changed);
    }
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let [first, third] = [look(place, &alice, &name, 1).await, look(place, &alice, &name, 3).await];
    let found = compare((first.0.clone(), first.1.clone()), (third.0.clone(), third.1.clone())).await;
    let own: Arc<dyn ChunkSource> = Arc::new(bob.store.clone());
    let expected = compare((first.0, own.clone()), (third.0.clone(), own)).await;
    assert!(found == expected && found.len() > 10, "{} differences instead of {}", found.len(), expected.len());

    // What was read is kept, and it is little: some leaves, no body.
    [first.1, third.1].iter().for_each(|trees| trees.keep().unwrap());
    let (here, there) = (alice.store.stats().unwrap().pack_bytes, bob.store.stats().unwrap().pack_bytes);
    assert!(here < there / 20, "{here} of {there} bytes");
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    alice.has_whole(&alice.versions(&name)[2]);
}

async fn a_version_is_looked_at_without_its_bodies(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commit = bob.commit_many(&name, "one", 5000, 500);
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let (commit, trees) = (bob.store.commit(&commit).unwrap(), look(place, &alice, &name, 1).await.1);
    for root in [commit.state, commit.observed] {
        let tree = Tree { source: trees.clone(), root };
        let count = tokio::task::spawn_blocking(move || tree.entries().map(Result::unwrap).count()).await.unwrap();
        assert_eq!(count, 5001);
    }
    trees.keep().unwrap();
    assert_eq!(alice.store.tree(commit.state).keys().map(Result::unwrap).count(), 5001);
    let stats = alice.store.stats().unwrap();
    assert!(stats.pack_bytes < LARGE as u64 / 2, "{stats:?}");
    assert_eq!(alice.store.pods().unwrap(), []);
    assert_eq!(alice.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

/// What happens to the bytes of a pack; None takes them away.
type Harm = Box<dyn FnOnce(Vec<u8>) -> Option<Vec<u8>>>;

async fn damaged_trees_are_refused_when_looked_at(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let commit = bob.commit_many(&name, "one", 5000, 500);
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let pack = place.remote().packs(&name, &commit).await.unwrap()[0].0;
    // Nodes near the pack's end; then the footer; then there is no pack at all.
    let harms: [Harm; 3] = [
        Box::new(|mut bytes| {
            let end = bytes.len() - 50 * 300;
            bytes[end - 20_000..end].iter_mut().for_each(|byte| *byte ^= 1);
            Some(bytes)
        }),
        Box::new(|mut bytes| {
            let at = bytes.len() - 100;
            bytes[at] ^= 1;
            Some(bytes)
        }),
        Box::new(|_| None),
    ];
    for harm in harms {
        place.harm(&pack, harm);
        let (commit, trees) = look(place, &alice, &name, 1).await;
        let tree = Tree { source: trees.clone(), root: commit.state };
        let read = tokio::task::spawn_blocking(move || tree.keys().collect::<Result<Vec<_>, _>>()).await.unwrap();
        let error = read.expect_err("damage is found").to_string();
        assert!(error.contains("team sent damaged data"), "{error}");
        trees.keep().unwrap();
        assert_eq!(alice.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    }
}

async fn of_people_publishing_at_once_one_gets_the_number_and_all_arrive(place: &Place) {
    let (first, name) = (Person::new("First"), pod("p"));
    first.commit(&name, "one");
    push(&first.store, &*place.remote(), &name, &silent()).await.unwrap();
    let people: Vec<Person> = (0..6).map(|_| Person::new("Somebody")).collect();
    let mut commits = Vec::new();
    for (number, person) in people.iter().enumerate() {
        pull(&person.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
        commits.push([
            person.commit(&name, &format!("two of {number}")),
            person.commit(&name, &format!("three of {number}")),
        ]);
    }
    let pushes = people.iter().map(|person| {
        let (remote, name, store) = (place.remote(), name.clone(), person.store.clone());
        tokio::spawn(async move { push(&store, &*remote, &name, &silent()).await })
    });
    let mut losers = commits.clone();
    let mut winners: Vec<Digest> = Vec::new();
    for (own, result) in commits.iter().zip(pushes.collect::<Vec<_>>()) {
        match result.await.unwrap() {
            Ok(_) => {
                winners.extend(own);
                losers.retain(|loser| loser != own);
            }
            Err(RemoteError::Diverged { ours, .. }) => assert_eq!(ours, own[1]),
            Err(error) => panic!("{error:?}"),
        }
    }
    let history = place.remote().history(&name).await.unwrap();
    assert_eq!(history.versions.len(), 3);
    assert_eq!(winners, digests(&history)[1..]);
    let mut beside: Vec<_> = history.beside.iter().map(|commit| commit.digest).collect();
    let mut losers = losers.concat();
    beside.sort_unstable();
    losers.sort_unstable();
    assert_eq!(beside, losers);
    // Each of them can be had.
    let anybody = Person::new("Anybody");
    for tip in history.tips() {
        let selector = Selector::Revision(tip.digest.short());
        fetch(&anybody.store, &*place.remote(), &name, &selector, &silent()).await.unwrap();
        anybody.has_whole(&tip.digest);
    }
}

async fn an_interrupted_push_is_resumed(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let first = bob.commit(&name, "one");
    let second = bob.commit_sized(&name, "two", 3_000_000);
    let error = push(&bob.store, &*place.remote(), &name, &cancelled_after(2_000_000)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Cancelled), "{error:?}");
    assert_eq!(
        digests(&place.remote().history(&name).await.unwrap()),
        [first],
        "the first was whole, the second is not there"
    );
    let report = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert_eq!(report.commits, 1);
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    alice.has_whole(&second);
}

async fn a_cancelled_pull_leaves_the_store_as_it_was(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    bob.commit(&name, "one");
    let second = bob.commit_sized(&name, "two", 8_000_000);
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let events = cancelled_after(1_000_000);
    let error = pull(&alice.store, &*place.remote(), &name, None, &name, &events).await.unwrap_err();
    assert!(matches!(error, RemoteError::Cancelled), "{error:?}");
    assert_eq!(alice.versions(&name), []);
    assert_eq!(alice.store.remote_head(&place.config().name, &name).unwrap(), None);
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    assert_eq!(alice.temporary_files(), 0);
    alice.has_whole(&second);
}

/// Pushes a pod, lets `harm` happen to the first pack of its second version, and expects the pull to be refused.
async fn refused_after(place: &Place, harm: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    bob.commit(&name, "one");
    let second = bob.commit(&name, "two");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let packs = place.remote().packs(&name, &second).await.unwrap();
    place.harm(&packs[0].0, harm);
    expect_hostile(place, &alice, &name).await;
}

async fn expect_hostile(place: &Place, alice: &Person, name: &PodName) {
    let error = pull(&alice.store, &*place.remote(), name, None, name, &silent()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Hostile { .. }), "{error:?}");
    assert_eq!(alice.versions(name), []);
    assert_eq!(alice.store.remote_head(&place.config().name, name).unwrap(), None);
    assert_eq!(alice.temporary_files(), 0);
    assert_eq!(alice.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
}

async fn damaged_packs_are_refused(place: &Place) {
    refused_after(place, |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    })
    .await;
}

async fn packs_of_another_size_are_refused(place: &Place) {
    refused_after(place, |bytes| Some([&bytes[..], &[0; 100]].concat())).await;
    let shorter = |bytes: Vec<u8>| Some(bytes[..bytes.len() - 100].to_vec());
    // Another pod's pack, in another person's hands: the same place serves both.
    let (bob, alice, name) = (Person::new("Carol"), Person::new("Dave"), pod("q"));
    let commit = bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    place.harm(&place.remote().packs(&name, &commit).await.unwrap()[0].0, shorter);
    expect_hostile(place, &alice, &name).await;
}

async fn missing_packs_are_refused(place: &Place) {
    refused_after(place, |_| None).await;
}

async fn packs_that_lack_something_are_refused(place: &Place) {
    let (mallory, name) = (Person::new("Mallory"), pod("p"));
    let digest = mallory.commit(&name, "one");
    let commit = mallory.store.commit(&digest).unwrap();
    let chunks = mallory.store.chunks_between(&digest, &[]).unwrap();
    // Published by the rules, but with one chunk left out of the pack: the body, then the commit itself.
    for (number, left_out) in [(1, chunks[0]), (2, digest)] {
        let name = pod(&format!("p{number}"));
        let kept: Vec<_> = chunks.iter().copied().filter(|chunk| *chunk != left_out).collect();
        let exported = mallory.store.export_pack(&kept).unwrap();
        let pack = (exported.digest, exported.size);
        let remote = place.remote();
        remote.store_pack(&name, &pack, exported.file.path(), &[], &silent()).await.unwrap();
        remote.publish(&name, Some(1), &commit, &[pack]).await.unwrap();
        // Somebody new each time: what one pack lacks the other has.
        expect_hostile(place, &Person::new("Alice"), &name).await;
    }
}

async fn damaged_commits_are_refused(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let digest = bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    place.harm(&digest, |bytes| Some(String::from_utf8(bytes).unwrap().replace("Bob", "Eve").into_bytes()));
    expect_hostile(place, &alice, &name).await;
}

async fn unknown_pods_and_versions_are_named_with_what_there_is(place: &Place) {
    let (bob, name) = (Person::new("Bob"), pod("staging"));
    bob.commit(&name, "one");
    bob.commit(&name, "two");
    push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    let slip = pod("stagin");
    let error = pull(&bob.store, &*place.remote(), &slip, None, &slip, &silent()).await.unwrap_err();
    assert_eq!(error.to_string(), "remote team has no pod stagin; did you mean staging?");
    let error = pull(&bob.store, &*place.remote(), &name, Some(7), &name, &silent()).await.unwrap_err();
    assert_eq!(error.to_string(), "pod staging has no version 7; it has versions 1 to 2");
    let error = push(&bob.store, &*place.remote(), &slip, &silent()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Store(StoreError::UnknownPod { .. })), "{error:?}");
}

async fn a_deleted_pod_is_gone_and_can_be_pushed_again(place: &Place) {
    let (bob, name) = (Person::new("Bob"), pod("Gone"));
    for _ in 0..2 {
        bob.commit(&name, "one");
        push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
        assert_eq!(place.remote().pods().await.unwrap(), std::slice::from_ref(&name));
        place.remote().delete(&name).await.unwrap();
        assert_eq!(place.remote().history(&name).await.unwrap().versions, []);
        assert_eq!(place.remote().pods().await.unwrap(), []);
    }
}

async fn a_body_of_several_packs_arrives_whole(place: &Place) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    let digest = bob.commit_sized(&name, "large", 80_000_000);
    let report = push(&bob.store, &*place.remote(), &name, &silent()).await.unwrap();
    assert!(report.bytes > 80_000_000, "{report:?}");
    assert!(place.remote().packs(&name, &digest).await.unwrap().len() > 1);
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent()).await.unwrap();
    alice.has_whole(&digest);
}
