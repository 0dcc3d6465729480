//! Starts LocalStack's services one after another: it loads each with its first call, and loads that meet can end in a
//! deadlock of Python's imports, after which the service answers nothing but errors until LocalStack is started again.

use serde_json::Value;

use super::Walk;
use crate::aws::Scope;
use crate::instance::Emulator;
use crate::instance::known::{HOME_REGION, Known};

/// Makes one call to each service that is there but not running yet. What comes of it, the walk itself will show.
pub async fn start_services(walk: Walk<'_>, accounts: &[String], services: &[&str]) {
    let Some(account) = accounts.first().filter(|_| walk.instance.emulator == Emulator::LocalStack) else { return };
    let client = &walk.instance.client;
    let Ok((_, health)) = client.get("/_localstack/health").await else { return };
    let health: Value = serde_json::from_slice(&health).unwrap_or_default();
    let scope = Scope { account: account.clone(), region: HOME_REGION.to_owned() };
    for service in services {
        let waits = health["services"][*service].as_str() == Some("available");
        let types = walk.catalog.types(service).iter().filter(|spec| spec.parent.is_none());
        if let Some(list) = types.filter_map(|spec| spec.list.as_ref()).next().filter(|_| waits) {
            let input = Known::of_scope(&scope).input_of(None, list.input.as_ref());
            // Errors are the walk's to tell.
            drop(client.call(&scope, service, &list.op, input).await);
        }
    }
}
