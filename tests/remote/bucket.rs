//! What is particular to buckets: who may open them, and what is said when they stay shut.

use podex::event::Events;
use podex::remote::{CredentialFiles, RemoteConfig, open_with, push};

use super::fixture::{Person, Place};
use super::pod;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_and_an_absent_bucket_and_profile_are_named() {
    let Some(place) = Place::bucket() else { return };
    let (bob, name) = (Person::new("Bob"), pod("p"));
    bob.commit(&name, "one");
    let config = place.config();
    let refusal = async |config: RemoteConfig| {
        push(&bob.store, &*place.remote_with(&config), &name, &Events::silent()).await.unwrap_err().to_string()
    };
    let message = refusal(RemoteConfig { profile: Some("stranger".to_owned()), ..config.clone() }).await;
    assert!(message.contains("does not allow this") && message.contains("--profile"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    let message = refusal(RemoteConfig { profile: Some("nobody".to_owned()), ..config.clone() }).await;
    assert!(message.contains("no AWS profile \"nobody\""), "{message}");
    let message = refusal(RemoteConfig { url: "s3://absent/pods".to_owned(), ..config }).await;
    assert!(message.contains("there is no bucket absent"), "{message}");
}

#[test]
fn an_endpoint_that_would_send_keys_in_the_clear_or_holds_one_is_refused() {
    for (endpoint, expected) in [
        ("http://s3.example.com", "must be https"),
        ("https://key:hunter2@s3.example.com", "must not hold a user name or password"),
        ("https://s3.example.com/bucket", "must be a host alone"),
        ("s3.example.com", "is not a URL"),
    ] {
        let config = RemoteConfig::new("team".parse().unwrap(), "s3://bucket");
        let config = RemoteConfig { s3_endpoint: Some(endpoint.to_owned()), ..config };
        let message = open_with(&config, CredentialFiles::default()).err().unwrap().to_string();
        assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
    }
}
