//! What is particular to registries: how pods look to other tools, and what is said when the door stays shut.

use podex::event::Events;
use podex::remote::{CredentialFiles, RemoteConfig, open_with, pull, push};

use super::fixture::{Person, Place};
use super::pod;
use super::support::{Login, Registry, RegistryOptions};

/// The message with which pushing a new pod fails.
async fn refusal(place: &Place, config: &RemoteConfig) -> String {
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit(&name, "one");
    push(&bob.store, &*place.remote_with(config), &name, &Events::silent()).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_not_repeated() {
    let Some(place) = Place::registry(RegistryOptions { login: Some(Login::Password), tls: false }) else { return };
    place.login(Registry::USER, "hunter2");
    let message = refusal(&place, &place.config()).await;
    assert!(
        message.contains("refused the user name or password kept for it: run 'docker login 127.0.0.1:"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_login_it_says_how_to_log_in() {
    let Some(place) = Place::registry(RegistryOptions { login: Some(Login::Password), tls: false }) else { return };
    let remote = open_with(&place.config(), CredentialFiles::default()).unwrap();
    let message = remote.history(&pod("p")).await.unwrap_err().to_string();
    assert!(message.contains("asks for a login: run 'docker login 127.0.0.1:"), "{message}");
    let message = remote.pods().await.unwrap_err().to_string();
    assert!(message.contains("docker login") && message.contains("can still be pulled by its name"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_authority_an_https_registry_is_not_trusted() {
    let options = RegistryOptions { login: None, tls: true };
    let Some(place) = Place::registry(options) else { return };
    let Some(other) = Place::registry(options) else { return };
    let config = place.config();
    let message = refusal(&place, &RemoteConfig { ca_file: other.config().ca_file, ..config.clone() }).await;
    assert!(message.contains("is not trusted") && message.contains("--ca-file"), "{message}");
    let message = refusal(&place, &RemoteConfig { ca_file: None, ..config.clone() }).await;
    assert!(message.contains("speaks https") && message.contains("--ca-file"), "{message}");

    let absent = RemoteConfig { ca_file: Some("/absent/ca.pem".into()), ..config.clone() };
    let message = open_with(&absent, CredentialFiles::default()).err().unwrap().to_string();
    assert!(message.contains("/absent/ca.pem"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "not a certificate").unwrap();
    let message = open_with(&RemoteConfig { ca_file: Some(file), ..config }, CredentialFiles::default());
    assert!(message.err().unwrap().to_string().contains("holds no PEM certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_not_there_is_named() {
    let Some(mut place) = Place::registry(RegistryOptions::default()) else { return };
    let config = place.config();
    let Place::Registry { registry, .. } = &mut place else { unreachable!() };
    registry.kill();
    let message = refusal(&place, &config).await;
    assert!(message.contains("cannot connect to 127.0.0.1:"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_an_artifact_that_other_tools_can_read() {
    let Some(place) = Place::registry(RegistryOptions::default()) else { return };
    let (bob, name) = (Person::new("Bob"), pod("My_Pod"));
    let digest = bob.commit(&name, "the message");
    push(&bob.store, &*place.remote(), &name, &Events::silent()).await.unwrap();
    let Place::Registry { registry, .. } = &place else { unreachable!() };
    let get = async |path: &str| {
        let client = reqwest::Client::new();
        let url = format!("http://{}/v2/team/pods/x.my.0.pod/{path}", registry.host());
        let request = client.get(url).header("Accept", "application/vnd.oci.image.manifest.v1+json");
        serde_json::from_slice::<serde_json::Value>(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    };
    let tags = get("tags/list").await;
    let tags: Vec<_> = tags["tags"].as_array().unwrap().iter().filter_map(|tag| tag.as_str()).collect();
    assert!(tags.contains(&"v1") && tags.contains(&format!("c-{}", digest.short()).as_str()), "{tags:?}");
    let manifest = get("manifests/v1").await;
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.podex.commit.v1+json");
    assert_eq!(manifest["config"]["digest"], digest.to_string());
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.podex.pack.v1");
    assert_eq!(manifest["annotations"]["dev.podex.message"], "the message");
    assert_eq!(manifest["annotations"]["org.opencontainers.image.title"], "My_Pod");
}

/// A client that stalls for long between its look and its claim, as a real registry sees it: its label arrives last.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_arrives_late_does_not_take_a_version_from_whose_it_was() {
    let Some(place) = Place::registry(RegistryOptions::default()) else { return };
    let (bob, alice, carol, name) = (Person::new("Bob"), Person::new("Alice"), Person::new("Carol"), pod("p"));
    let silent = Events::silent();
    bob.commit(&name, "one");
    push(&bob.store, &*place.remote(), &name, &silent).await.unwrap();
    pull(&alice.store, &*place.remote(), &name, None, &name, &silent).await.unwrap();
    let his = bob.commit(&name, "his");
    push(&bob.store, &*place.remote(), &name, &silent).await.unwrap();

    // Her commit is there under its own tag; then her label for the version that is his arrives.
    let hers = alice.commit(&name, "hers");
    let commit = alice.store.commit(&hers).unwrap();
    let exported = alice.store.export_pack(&alice.store.chunks_between(&hers, &[]).unwrap()).unwrap();
    let pack = (exported.digest, exported.size);
    place.remote().store_pack(&name, &pack, exported.file.path(), &[], &silent).await.unwrap();
    place.remote().publish(&name, Some(3), &commit, &[pack]).await.unwrap();
    let Place::Registry { registry, .. } = &place else { unreachable!() };
    let base = format!("http://{}/v2/team/pods/p/manifests", registry.host());
    let (client, kind) = (reqwest::Client::new(), "application/vnd.oci.image.manifest.v1+json");
    let tag = format!("{base}/c-{}", hers.short());
    let manifest = client.get(tag).header("Accept", kind).send().await.unwrap().bytes().await.unwrap();
    let put = client.put(format!("{base}/v2")).header("Content-Type", kind).body(manifest).send().await.unwrap();
    assert_eq!(put.status(), 201);

    let versions = place.remote().history(&name).await.unwrap().versions;
    assert_eq!(versions[1].digest, his, "the confirmed version is believed");
    pull(&carol.store, &*place.remote(), &name, Some(2), &name, &silent).await.unwrap();
    carol.has_whole(&his);
    // Hers is there as what comes after: nothing is left to push, and nothing of his is replaced.
    assert_eq!(push(&alice.store, &*place.remote(), &name, &silent).await.unwrap().commits, 0);
    let digests: Vec<_> =
        place.remote().history(&name).await.unwrap().versions.iter().map(|version| version.digest).collect();
    assert_eq!(digests[1..], [his, hers]);
}
