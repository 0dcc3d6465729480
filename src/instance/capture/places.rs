//! Decides where to look: which services, in which accounts and regions.
//!
//! Three rounds, each over all services at once. The home region goes first: it starts services that start lazily,
//! and shows which the emulator lacks. Then the catalog's probes ask every other public region whether it holds
//! something. Last, all services are walked in the regions that do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::list::everywhere;
use super::listings::Besides;
use super::read::is_absent;
use super::start::{not_started, start_services};
use super::{Place, Walk, walk_place};
use crate::aws::{AwsError, ErrorClass, Scope};
use crate::catalog::Catalog;
use crate::catalog::spec::{List, ServiceScope};
use crate::instance::known::{HOME_REGION, Known};
use crate::instance::{CaptureRequest, Instance, InstanceError};
use crate::pod::{GLOBAL_REGION, TypeOutcome, nearest};

/// (account, service, region) walked at once.
const PLACES_AT_ONCE: usize = 16;

/// Probes under way at once; the client bounds the requests of them all.
const PROBES_AT_ONCE: usize = 64;

/// Looks after which each region was asked once, where they are asked in turn: so that the questions, of which most
/// of a small instance's capture consists, are a fraction of it.
pub const TURNS: u32 = 8;

/// Walks everything asked for.
pub(super) async fn walk_all(walk: Walk<'_>, request: &CaptureRequest) -> Result<(), InstanceError> {
    let accounts = accounts(walk.instance, request);
    let services = used(walk, request).await?;
    start_services(walk, &accounts, &services).await;
    let (first, others): (&str, Vec<&str>) = match request.regions.split_first() {
        Some((first, others)) => (first.as_str(), others.iter().map(String::as_str).collect()),
        None => (HOME_REGION, walk.catalog.regions().into_iter().filter(|region| *region != HOME_REGION).collect()),
    };
    let parts = accounts.iter().flat_map(|account| services.iter().map(move |service| (account.as_str(), *service)));
    let offered: Vec<(&str, &str)> = stream::iter(parts.collect::<Vec<_>>())
        .map(
            |part| async move { Ok::<_, InstanceError>(walk_first(walk, request, part, first).await?.then_some(part)) },
        )
        .buffer_unordered(PLACES_AT_ONCE)
        .try_filter_map(|part| async move { Ok(part) })
        .try_collect()
        .await?;
    // Regions and services that were named are looked into without asking first.
    let held = if request.regions.is_empty() && request.services.is_empty() {
        find_regions(walk, request, &offered, &others).await?
    } else {
        accounts.iter().map(|account| (account.as_str(), others.iter().copied().collect())).collect()
    };
    let places = offered.iter().flat_map(|(account, service)| {
        held.get(account).into_iter().flatten().map(|region| place(request, account, service, region, Some(*region)))
    });
    stream::iter(places.collect::<Vec<_>>())
        .map(|place| walk_place(walk, place))
        .buffer_unordered(PLACES_AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await
}

/// The accounts asked for, or the one that the instance takes calls without an account for.
fn accounts(instance: &Instance, request: &CaptureRequest) -> Vec<String> {
    if request.accounts.is_empty() {
        vec![instance.emulator.default_account().to_owned()]
    } else {
        request.accounts.clone()
    }
}

/// The services asked for, without those that the instance has not started and nobody needs.
async fn used<'a>(walk: Walk<'a>, request: &CaptureRequest) -> Result<Vec<&'a str>, InstanceError> {
    if !request.services.is_empty() {
        return named(walk.catalog, &request.services);
    }
    let idle = not_started(walk.instance).await;
    let needed = |service: &str| request.places.iter().any(|(place, ..)| place == service);
    let (idle, used): (Vec<&str>, Vec<&str>) =
        walk.catalog.services().into_iter().partition(|id| idle.contains(*id) && !needed(id));
    for service in idle {
        for spec in walk.catalog.types(service) {
            walk.collector.outcome(service, spec.kind(), TypeOutcome::Complete, None);
        }
    }
    Ok(used)
}

/// The services with these ids.
fn named<'a>(catalog: &'a Catalog, asked: &[String]) -> Result<Vec<&'a str>, InstanceError> {
    let all = catalog.services();
    for service in asked {
        if !all.contains(&service.as_str()) {
            let near = nearest(service, all.iter().copied());
            let hint = if near.is_empty() { String::new() } else { format!(": did you mean {}?", near.join(", ")) };
            return Err(InstanceError::UnknownService { service: service.clone(), hint });
        }
    }
    Ok(all.into_iter().filter(|id| asked.iter().any(|service| service == id)).collect())
}

fn place<'a>(
    request: &'a CaptureRequest,
    account: &str,
    service: &'a str,
    region: &str,
    key_region: Option<&str>,
) -> Place<'a> {
    Place {
        service,
        scope: Scope { account: account.to_owned(), region: region.to_owned() },
        region: key_region.map(str::to_owned),
        wanted: &request.regions,
    }
}

/// Walks a service in the first region; true where other regions may hold something of it, too.
async fn walk_first<'a>(
    walk: Walk<'a>,
    request: &'a CaptureRequest,
    (account, service): (&str, &'a str),
    region: &str,
) -> Result<bool, InstanceError> {
    match walk.catalog.service(service).map(|spec| spec.scope).unwrap_or_default() {
        ServiceScope::Global => {
            walk_place(walk, place(request, account, service, HOME_REGION, Some(GLOBAL_REGION))).await?;
            Ok(false)
        }
        ServiceScope::Located => {
            walk_place(walk, place(request, account, service, HOME_REGION, None)).await?;
            Ok(false)
        }
        ServiceScope::Regional => walk_place(walk, place(request, account, service, region, Some(region))).await,
    }
}

/// The regions of each account that hold something, and those that the request says must be looked into.
async fn find_regions<'a>(
    walk: Walk<'_>,
    request: &'a CaptureRequest,
    offered: &[(&'a str, &str)],
    regions: &[&'a str],
) -> Result<BTreeMap<&'a str, BTreeSet<&'a str>>, InstanceError> {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, account, region) in &request.places {
        if region != GLOBAL_REGION && region != HOME_REGION {
            held.entry(account).or_default().insert(region);
        }
    }
    let held = Mutex::new(held);
    let has = |account: &str, region: &str| {
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(account).is_some_and(|regions| regions.contains(region))
    };
    let turn_now = match request.again.as_ref().map(|again| again.besides) {
        Some(Besides::Turn(turn)) => Some(turn),
        Some(Besides::All | Besides::Nothing) | None => None,
    };
    let asked: Vec<&str> = (0..TURNS)
        .cycle()
        .zip(regions)
        .filter_map(|(turn, region)| turn_now.is_none_or(|now| now % TURNS == turn).then_some(*region))
        .collect();
    let asked = &asked;
    let probes = offered.iter().flat_map(|(account, service)| {
        let probes = walk.catalog.service(service).map_or(&[][..], |spec| &spec.probe);
        let each = move |probe| asked.iter().map(move |region| (*account, *service, *region, probe));
        probes.iter().flat_map(each)
    });
    stream::iter(probes.collect::<Vec<_>>())
        .map(|(account, service, region, probe)| async move {
            if has(account, region) {
                return Ok(None);
            }
            let scope = Scope { account: account.to_owned(), region: region.to_owned() };
            match holds_something(walk, &scope, service, probe).await {
                Ok(found) => Ok(found.then_some((account, region))),
                // The home region offers the service: this region is one that the emulator does not know.
                Err(error) if error.class == ErrorClass::NotImplemented => Ok(None),
                Err(error) => {
                    let kind = walk.catalog.types(service).first().map_or("", |spec| spec.kind());
                    walk.failed(service, kind, error).await?;
                    Ok(None)
                }
            }
        })
        .buffer_unordered(PROBES_AT_ONCE)
        .try_for_each(|found| {
            if let Some((account, region)) = found {
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                held.entry(account).or_default().insert(region);
            }
            async { Ok::<_, InstanceError>(()) }
        })
        .await?;
    Ok(held.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Whether a listing has an entry that the user made.
async fn holds_something(walk: Walk<'_>, scope: &Scope, service: &str, probe: &List) -> Result<bool, AwsError> {
    let input = Known::of_scope(scope).input_of(None, probe.input.as_ref());
    let mut pages = walk.instance.client.pages(scope, service, &probe.op, input);
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if is_absent(&error, &probe.absent) => return Ok(false),
            other => other?,
        };
        let entries = everywhere(&page, &probe.items.0).into_iter().filter_map(Value::as_array).flatten();
        if entries.into_iter().any(|entry| !probe.skip.iter().any(|skip| skip.holds(entry))) {
            return Ok(true);
        }
    }
    Ok(false)
}
