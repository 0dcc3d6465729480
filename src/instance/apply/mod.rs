//! x
use super::{ApplyReport, BlobSource, Identities, Instance, InstanceError, Plan};
use crate::catalog::Catalog;
use crate::event::Events;
use std::sync::Arc;
/// x
pub async fn apply(
    instance: &Instance,
    catalog: &Catalog,
    plan: &Plan,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobSource>,
    events: &Events,
) -> Result<ApplyReport, InstanceError> {
    let _ = (instance, catalog, plan, identities, blobs, events);
    todo!()
}
