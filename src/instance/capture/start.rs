//! LocalStack's services start with their first call: which have not, and starting those that are needed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Walk;
use crate::aws::Scope;
use crate::instance::known::{HOME_REGION, Known};
use crate::instance::{Emulator, Instance};

fn is_lazy(instance: &Instance) -> bool {
    instance.emulator == Emulator::LocalStack
}

/// What LocalStack tells of its services; None elsewhere.
async fn health(instance: &Instance) -> Option<Value> {
    if !is_lazy(instance) {
        return None;
    }
    match instance.client.get("/_localstack/health").await {
        Ok((200, body)) => serde_json::from_slice(&body).ok(),
        _ => None,
    }
}

/// The services that wait for their first call.
fn waiting(health: &Value) -> BTreeSet<String> {
    let services = health.get("services").and_then(Value::as_object).into_iter().flatten();
    services.filter(|(_, state)| *state == "available").map(|(name, _)| name.clone()).collect()
}

/// Services that LocalStack has not started, so that they hold nothing. Asking them would start them, which takes
/// seconds and memory for each. Empty where that cannot be told: with persistence a service loads its state when it
/// starts, and other emulators answer the same path without keeping count.
pub(super) async fn not_started(instance: &Instance) -> BTreeSet<String> {
    // A service that was just called reads as running where the list tells the truth.
    let scope = Scope { account: instance.emulator.default_account().to_owned(), region: HOME_REGION.to_owned() };
    let call = || instance.client.call(&scope, "sts", "GetCallerIdentity", Value::Object(Map::new()));
    if !is_lazy(instance) || call().await.is_err() {
        return BTreeSet::new();
    }
    health(instance).await.map(|health| idle_in(&health)).unwrap_or_default()
}

/// The idle services in LocalStack's health report.
fn idle_in(health: &Value) -> BTreeSet<String> {
    let persistent = health.pointer("/features/persistence").is_some_and(|state| state != "disabled");
    let is_truthful = health.pointer("/services/sts").is_some_and(|state| state == "running");
    if persistent || !is_truthful { BTreeSet::new() } else { waiting(health) }
}

/// Makes one call to each service that waits for its first, one after another: loads that meet can end in a deadlock
/// of Python's imports, after which the service answers nothing but errors until LocalStack is started again. What
/// comes of it, the walk itself will show.
pub(super) async fn start_services(walk: Walk<'_>, accounts: &[String], services: &[&str]) {
    let (Some(account), Some(health)) = (accounts.first(), health(walk.instance).await) else { return };
    let waiting = waiting(&health);
    let scope = Scope { account: account.clone(), region: HOME_REGION.to_owned() };
    for service in services.iter().filter(|service| waiting.contains(**service)) {
        let types = walk.catalog.types(service).iter().filter(|spec| spec.parent.is_none());
        if let Some(list) = types.filter_map(|spec| spec.list.as_ref()).next() {
            let input = Known::of_scope(&scope).input_of(None, list.input.as_ref());
            // Errors are the walk's to tell.
            drop(walk.instance.client.call(&scope, service, &list.op, input).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_a_truthful_list_calls_available_is_idle() {
        let idle = |health| idle_in(&health).into_iter().collect::<Vec<_>>();
        let services = json!({"sts": "running", "sqs": "running", "kinesis": "available", "sns": "starting"});
        assert_eq!(idle(json!({"services": services})), ["kinesis"]);
        assert_eq!(idle(json!({"services": services, "features": {"persistence": "disabled"}})), ["kinesis"]);
        assert!(idle(json!({"services": services, "features": {"persistence": "initialized"}})).is_empty());
        assert!(idle(json!({"services": {"sts": "available", "sqs": "available"}})).is_empty());
        assert!(idle(json!("nonsense")).is_empty());
    }
}
