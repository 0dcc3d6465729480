//! Connections that break in the middle of a large body, and what is sent again: counted at a proxy before real servers.

use podex::event::Events;
use podex::pod::{PodName, Selector};
use podex::remote::{Remote, RemoteConfig, RemoteError, pull, push};

use super::fixture::{Person, Place, cancelled_after};
use super::pod;
use super::support::{Breaker, Login, Passing, Registry, RegistryOptions};

/// Bytes of a body that fit into one pack.
const BODY: usize = 60_000_000;

/// Bytes of requests, nodes and documents beside the bodies.
const LITTLE: u64 = 500_000;

/// A place behind a proxy.
struct Behind {
    place: Place,
    proxy: Breaker,
}

impl Behind {
    fn registry(passing: Passing) -> Option<Self> {
        Self::registry_with(RegistryOptions::default(), passing)
    }

    fn registry_with(options: RegistryOptions, passing: Passing) -> Option<Self> {
        let place = Place::registry(options)?;
        let Place::Registry { registry, .. } = &place else { unreachable!() };
        let proxy = Breaker::before(registry.port, passing);
        place.login_at(&proxy.host(), Registry::USER, Registry::PASSWORD);
        Some(Self { proxy, place })
    }

    fn bucket() -> Option<Self> {
        let place = Place::bucket()?;
        let Place::Bucket(store) = &place else { unreachable!() };
        Some(Self { proxy: Breaker::before(store.port, Passing::AtOnce), place })
    }

    fn remote(&self) -> Box<dyn Remote> {
        let config = self.place.config();
        self.place.remote_with(&match &self.place {
            Place::Registry { .. } => RemoteConfig { url: format!("oci://{}/team/pods", self.proxy.host()), ..config },
            _ => RemoteConfig { s3_endpoint: Some(format!("http://{}", self.proxy.host())), ..config },
        })
    }

    /// Pushes what Bob has, and sees that it arrived. Gives the bytes that it took.
    async fn push(&self, bob: &Person, name: &PodName) -> u64 {
        let before = self.proxy.sent();
        push(&bob.store, &*self.remote(), name, &Events::silent()).await.unwrap();
        let sent = self.proxy.sent() - before;
        let alice = Person::new("Alice");
        pull(&alice.store, &*self.remote(), name, None, name, &Events::silent()).await.unwrap();
        alice.has_whole(bob.versions(name).last().unwrap());
        sent
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_goes_on_after_a_broken_connection() {
    let Some(behind) = Behind::registry(Passing::AtOnce) else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", 80_000_000);
    behind.proxy.break_sending(30_000_000);
    let sent = behind.push(&bob, &name).await;
    // This registry forgets a blob whose request broke: that pack is sent again, as far as it had come.
    assert!((80_000_000..80_000_000 + 30_000_000 + 2 * LITTLE).contains(&sent), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_that_takes_requests_whole_a_push_goes_on_within_a_pack() {
    let Some(behind) = Behind::registry(Passing::Whole) else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", BODY);
    // The request with all of it, then one with a chunk, late.
    behind.proxy.break_sending(20_000_000);
    behind.proxy.break_sending(20_000_000 + 50_000_000);
    let sent = behind.push(&bob, &name).await;
    let chunk = 8 << 20;
    assert!((80_000_000..80_000_000 + chunk + 2 * LITTLE).contains(&sent), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_push_sends_no_pack_again_that_is_there() {
    let Some(behind) = Behind::registry(Passing::AtOnce) else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", 150_000_000);
    let events = cancelled_after(145_000_000);
    let error = push(&bob.store, &*behind.remote(), &name, &events).await.unwrap_err();
    assert!(matches!(error, RemoteError::Cancelled), "{error:?}");
    let sent = behind.push(&bob, &name).await;
    assert!(sent < 90_000_000, "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_goes_on_where_its_connection_broke() {
    for behind in [Behind::registry(Passing::AtOnce), Behind::bucket()] {
        let Some(behind) = behind else { return };
        let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
        let commit = bob.commit_sized(&name, "large", BODY);
        push(&bob.store, &*behind.remote(), &name, &Events::silent()).await.unwrap();
        let before = behind.proxy.got();
        behind.proxy.break_getting(25_000_000);
        behind.proxy.break_getting(45_000_000);
        pull(&alice.store, &*behind.remote(), &name, None, &name, &Events::silent()).await.unwrap();
        alice.has_whole(&commit);
        let got = behind.proxy.got() - before;
        // What was on its way when it broke is lost: the buffers of two sockets.
        let buffers = 2 * 8_000_000;
        assert!((BODY as u64..BODY as u64 + buffers + LITTLE).contains(&got), "{got}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_upload_to_a_bucket_the_broken_part_alone_is_sent_again() {
    let Some(behind) = Behind::bucket() else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", BODY);
    behind.proxy.break_sending(30_000_000);
    let sent = behind.push(&bob, &name).await;
    let part = 8 << 20;
    assert!((BODY as u64..BODY as u64 + part + LITTLE).contains(&sent), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_push_leaves_no_unfinished_upload_in_a_bucket() {
    let Some(place) = Place::bucket() else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit_sized(&name, "large", BODY);
    let error = push(&bob.store, &*place.remote(), &name, &cancelled_after(10_000_000)).await.unwrap_err();
    assert!(matches!(error, RemoteError::Cancelled), "{error:?}");
    let Place::Bucket(store) = &place else { unreachable!() };
    assert_eq!(store.unfinished_uploads(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_pod_of_a_registry_has_is_taken_from_there() {
    let Some(behind) = Behind::registry(Passing::AtOnce) else { return };
    is_taken_from_there(&behind).await;
}

/// That takes a token for both repositories at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_pod_of_a_registry_with_tokens_has_is_taken_from_there() {
    let options = RegistryOptions { login: Some(Login::Token), tls: false };
    let Some(behind) = Behind::registry_with(options, Passing::AtOnce) else { return };
    is_taken_from_there(&behind).await;
}

async fn is_taken_from_there(behind: &Behind) {
    let (bob, alice, name) = (Person::new("Bob"), Person::new("Alice"), pod("p"));
    bob.commit_sized(&name, "large", 5_000_000);
    let second = bob.commit_sized(&name, "more", 5_000_000);
    push(&bob.store, &*behind.remote(), &name, &Events::silent()).await.unwrap();
    // As a fork, under another name, and in the hands of somebody who pulled it.
    pull(&alice.store, &*behind.remote(), &name, None, &pod("hers"), &Events::silent()).await.unwrap();
    bob.store.fork(&name, &Selector::Version(2), &pod("fork")).unwrap();
    bob.store.rename(&name, &pod("renamed")).unwrap();
    for (person, name) in [(&bob, pod("fork")), (&bob, pod("renamed")), (&alice, pod("hers"))] {
        let before = behind.proxy.sent();
        let report = push(&person.store, &*behind.remote(), &name, &Events::silent()).await.unwrap();
        let sent = behind.proxy.sent() - before;
        assert!(sent < LITTLE && report.bytes < LITTLE && report.commits == 2, "{sent}: {report:?}");
        let carol = Person::new("Carol");
        pull(&carol.store, &*behind.remote(), &name, None, &name, &Events::silent()).await.unwrap();
        carol.has_whole(&second);
    }
}
