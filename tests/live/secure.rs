//! An endpoint over https, and accounts that are reached by assuming a role.

use podex::aws::{AccountMode, Client, ClientOptions, DEFAULT_TIMEOUT, Scope};
use serde_json::json;

use crate::reading::play;
use crate::support::{self, Podex};

#[test]
fn an_https_endpoint_is_trusted_by_the_bundle_that_every_aws_tool_takes() {
    let Some(ministack) = support::ministack() else { return };
    play(&ministack, &["orders/1-build.json", "orders/2-fail.json"]);
    let front = ministack.over_tls();
    let endpoint = format!("https://127.0.0.1:{}", front.port);
    let bob = Podex::new("Bob");
    let untrusted = bob.run(["commit", "p1", "--endpoint", &endpoint]);
    assert_eq!(untrusted.code, 1, "{untrusted:?}");
    assert!(untrusted.stderr.contains("AWS_CA_BUNDLE"), "{untrusted:?}");
    let bob = bob.with("AWS_CA_BUNDLE", &front.authority.to_string_lossy());
    bob.run(["commit", "p1", "--endpoint", &endpoint]).expect(0);
    ministack.reset();
    bob.run(["inject", "p1", "--strategy", "overwrite", "--yes", "--endpoint", &endpoint]).expect(0);
    bob.run(["diff", "p1", "@live", "--exit-code", "--endpoint", &endpoint]).expect(0);
}

#[tokio::test]
async fn an_assumed_role_reaches_its_own_account() {
    let Some(moto) = support::moto() else { return };
    let client = |account_mode| {
        let endpoint = moto.endpoint().parse().expect("a URL");
        Client::new(ClientOptions { endpoint, concurrency: 4, account_mode, timeout: DEFAULT_TIMEOUT })
            .expect("a client")
    };
    let assuming = client(AccountMode::AssumeRole);
    let scope = |account: &str| Scope { account: account.to_owned(), region: "us-east-1".to_owned() };
    let created = assuming.call(&scope("222222222222"), "sqs", "CreateQueue", json!({"QueueName": "theirs"})).await;
    created.expect("moto creates a queue");
    // Read the other way, by moto's own header.
    let header = client(AccountMode::MotoHeader);
    let queues = async |account: &str| {
        let answer = header.call(&scope(account), "sqs", "ListQueues", json!({})).await.expect("moto lists queues");
        answer["QueueUrls"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((queues("222222222222").await, queues(moto.account).await), (1, 0));
}
