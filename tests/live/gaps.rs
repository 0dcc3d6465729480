//! What an emulator cannot be asked, and what two services show: what was listed stays, and nothing is there twice.

use serde_json::json;

use crate::support::{self, Podex};

/// AppSync's APIs, with a call about each that moto lacks.
const ASKING_MORE: &str = r#"
service = "appsync"

[[type]]
kind = "graphql-api"
level = "capture-only"
reason = "this is a test"
list = { op = "ListGraphqlApis", items = "graphqlApis", more = { op = "ListDataSources", input = { apiId = "{item.apiId}" } } }
name = "{item.name}"

[[type.facet]]
members = ["authenticationType"]
"#;

#[test]
fn a_call_that_the_emulator_lacks_leaves_what_was_listed_and_is_reported() {
    let Some(moto) = support::moto() else { return };
    let create = |name: &str| {
        let input = json!({"name": name, "authenticationType": "API_KEY"});
        json!({"service": "appsync", "region": "us-east-1", "operation": "CreateGraphqlApi", "input": input})
    };
    moto.play(&json!([create("one"), create("two")]));
    let podex = Podex::new("Bob").at(&moto);
    let folder = podex.home().join("catalog");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("appsync.toml"), ASKING_MORE).expect("a catalog file");
    let commit = podex.run(["commit", "p1", "--service", "appsync", "--json"]).expect(0).json();
    let line = &commit["commit"]["report"]["appsync/graphql-api"];
    assert_eq!((&line["count"], &line["outcome"]), (&json!(2), &json!("complete")), "{line}");
    assert_eq!(line["notes"], json!(["ListDataSources is not implemented by the emulator"]));
}

#[test]
fn a_custom_domain_that_two_services_list_is_in_a_pod_once() {
    let Some(ministack) = support::ministack() else { return };
    let step = |service: &str, operation: &str, input: serde_json::Value| json!({"service": service, "region": "us-east-1", "operation": operation, "input": input});
    let configuration = json!([{"EndpointType": "REGIONAL"}]);
    ministack.play(&json!([
        step(
            "apigateway",
            "CreateDomainName",
            json!({"domainName": "one.example.test", "endpointConfiguration": {"types": ["REGIONAL"]}})
        ),
        step(
            "apigatewayv2",
            "CreateDomainName",
            json!({"DomainName": "two.example.test", "DomainNameConfigurations": configuration})
        ),
    ]));
    let podex = Podex::new("Bob").at(&ministack);
    podex.run(["commit", "p1"]).expect(0);
    let found = podex.run(["search", "type:domain-name", "--json"]).expect(0).json();
    let keys: Vec<&str> = found.as_array().into_iter().flatten().filter_map(|found| found["key"].as_str()).collect();
    assert_eq!(keys.iter().filter(|key| key.ends_with("/one.example.test")).count(), 1, "{keys:?}");
    assert_eq!(keys.iter().filter(|key| key.ends_with("/two.example.test")).count(), 1, "{keys:?}");
}
