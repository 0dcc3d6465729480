//! The versions and delete markers of one key, oldest first: a chain is written and compared as a whole.
//!
//! `Versions` maps `v000001`, `v000002` … to a version's settable attributes, or to `{"DeleteMarker": true}`;
//! the body of each version is the blob of the same name. Version ids are the emulator's and stay in observed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::s3_object::{Bucket, CONCURRENT_OBJECTS, decoded};
use super::util::{all, fault, gone, is_past, left_out, list, text};
use super::{ApplyContext, InstanceError, s3_put};
use crate::aws::{AwsError, ErrorClass, Turns};
use crate::pod::{BlobRef, Document, Observed};

const VERSIONS: &str = "Versions";

/// One listed version or delete marker.
#[derive(Clone, Debug, PartialEq)]
struct Link {
    id: String,
    /// Bytes of its body, where the listing tells.
    size: Option<u64>,
    etag: String,
    modified: String,
    latest: bool,
    marker: bool,
}

/// Whether a document is a chain.
pub(super) fn is_chain(document: &Document) -> bool {
    document.attributes.contains_key(VERSIONS)
}

fn label(ordinal: usize) -> String {
    format!("v{ordinal:06}")
}

/// Captures all chains of a bucket.
pub(super) async fn capture(bucket: &Bucket<'_>) -> Result<(), InstanceError> {
    let mut listing = Listing::new(json!({"Bucket": bucket.name()}));
    let mut open: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    while let Some(page) = listing.next(|input| bucket.call("ListObjectVersions", input)).await? {
        for (key, link) in page {
            open.entry(key).or_default().push(link);
        }
        // The chain at which the page ends may go on in the next one.
        let going_on = listing.key_marker().and_then(|key| open.remove_entry(key));
        let chains = std::mem::take(&mut open);
        open.extend(going_on);
        let reads = chains.into_iter().map(|(key, links)| capture_chain(bucket, key, links)).collect();
        all(bucket.context, CONCURRENT_OBJECTS, reads).await?;
    }
    for (key, links) in open {
        capture_chain(bucket, key, links).await?;
    }
    Ok(())
}

async fn capture_chain(bucket: &Bucket<'_>, key: String, links: Vec<Link>) -> Result<(), InstanceError> {
    match read_chain(bucket, &key, oldest_first(links)).await {
        Ok((document, observed)) => {
            bucket.context.emit.emit(vec![bucket.name().to_owned(), key], document, observed).await
        }
        Err(error) => {
            left_out(bucket.context, &format!("versions of {key:?} in bucket {}", bucket.name()), error).await
        }
    }
}

async fn read_chain(bucket: &Bucket<'_>, key: &str, links: Vec<Link>) -> Result<(Document, Observed), InstanceError> {
    let previous = bucket.previous(key).unwrap_or_default();
    let (mut versions, mut blobs, mut ids) = (Map::new(), BTreeMap::new(), Map::new());
    for (position, link) in links.iter().enumerate() {
        let label = label(position + 1);
        let id = json!({"VersionId": link.id, "ETag": link.etag, "LastModified": link.modified});
        let attributes = if link.marker {
            Map::from_iter([("DeleteMarker".to_owned(), json!(true))])
        } else if let Some((mut attributes, blob)) =
            known(&previous, &label, &id).filter(|_| is_past(bucket.context, Some(&link.modified)))
        {
            if bucket.asks_about(key) {
                bucket.read_tags(&mut attributes, key, Some(&link.id)).await?;
            }
            blobs.insert(label.clone(), blob);
            attributes
        } else {
            let listed = json!({"ETag": link.etag, "Size": link.size});
            let (attributes, blob) = bucket.object(key, Some(&link.id), Some(&listed)).await?;
            blobs.insert(label.clone(), blob);
            attributes
        };
        versions.insert(label.clone(), Value::Object(attributes));
        ids.insert(label, id);
    }
    let attributes = Map::from_iter([(VERSIONS.to_owned(), Value::Object(versions))]);
    Ok((Document { attributes, blobs }, Observed::from_iter([(VERSIONS.to_owned(), Value::Object(ids))])))
}

/// The version as the parent commit has it, where it is the same one: versions never change.
fn known(previous: &(Document, Observed), label: &str, id: &Value) -> Option<(Map<String, Value>, BlobRef)> {
    let (document, observed) = previous;
    if observed.get(VERSIONS)?.get(label)? != id {
        return None;
    }
    let attributes = document.attributes.get(VERSIONS)?.get(label)?.as_object()?.clone();
    Some((attributes, *document.blobs.get(label)?))
}

/// A listing is newest first within versions and within markers, but gives the two apart: time decides between
/// them. Where it is the same second, the marker is the newer one: nobody deletes what is not there.
fn oldest_first(mut links: Vec<Link>) -> Vec<Link> {
    links.sort_by(|one, other| {
        // As times, not as text: "02.1Z" is before "02.105Z", but sorts behind it.
        let rank = |link: &Link| Reverse((link.latest, link.modified.parse::<jiff::Timestamp>().ok(), link.marker));
        rank(one).cmp(&rank(other))
    });
    links.reverse();
    links
}

/// Makes the key's chain what `wanted` says: by appending where `current` is its beginning, else from nothing.
pub(super) async fn write(
    context: &ApplyContext<'_>,
    current: Option<&Document>,
    wanted: &Document,
) -> Result<Observed, AwsError> {
    let members = |document: &Document| -> Vec<(String, Value, Option<BlobRef>)> {
        let versions = document.attributes.get(VERSIONS).and_then(Value::as_object);
        let one =
            |(label, version): (&String, &Value)| (label.clone(), version.clone(), document.blobs.get(label).copied());
        versions.into_iter().flatten().map(one).collect()
    };
    let wanted = members(wanted);
    let have = current.filter(|current| is_chain(current)).map(members).unwrap_or_default();
    let mut missing = wanted.as_slice();
    match wanted.strip_prefix(have.as_slice()) {
        Some(rest) if !have.is_empty() => missing = rest,
        _ => {
            delete_versions(context).await?;
        }
    }
    let suspended = if wanted.len() > 1 { enable_versioning(context).await? } else { None };
    let result = append(context, missing).await;
    if let Some(suspended) = suspended {
        suspended.restore(context).await?;
    }
    result
}

/// Emulators tell which version is the older one by times of milliseconds: written faster than that, a chain comes
/// back in another order.
const APART: std::time::Duration = std::time::Duration::from_millis(3);

async fn append(
    context: &ApplyContext<'_>,
    versions: &[(String, Value, Option<BlobRef>)],
) -> Result<Observed, AwsError> {
    let client = &context.instance.client;
    for (position, (label, version, blob)) in versions.iter().enumerate() {
        if position > 0 {
            tokio::time::sleep(APART).await;
        }
        if version.get("DeleteMarker").is_some() {
            client.call(&context.scope, "s3", "DeleteObject", Value::Object(s3_put::address(context))).await?;
        } else {
            let attributes = version.as_object();
            let attributes = attributes.ok_or_else(|| fault("s3", "PutObject", format!("{label} is not an object")))?;
            s3_put::put(context, attributes, *blob).await?;
        }
    }
    Ok(Observed::new())
}

/// Held while a bucket whose versioning is suspended has it enabled for a moment, so that two chains of one bucket do
/// not suspend it under each other.
struct Suspended {
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

static SUSPENDED_TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A bucket with suspended versioning keeps old versions but takes no new ones.
async fn enable_versioning(context: &ApplyContext<'_>) -> Result<Option<Suspended>, AwsError> {
    let bucket = json!({"Bucket": context.key.name.first()});
    let is_enabled = |answer: &Value| text(answer, "Status") == Some("Enabled");
    let client = &context.instance.client;
    if is_enabled(&client.call(&context.scope, "s3", "GetBucketVersioning", bucket.clone()).await?) {
        // It may be enabled for another chain's sake, and suspended again before this one is written.
        let Ok(turn) = SUSPENDED_TURN.try_lock() else { return Box::pin(wait_and_enable(context)).await };
        drop(turn);
        return Ok(None);
    }
    wait_and_enable(context).await
}

async fn wait_and_enable(context: &ApplyContext<'_>) -> Result<Option<Suspended>, AwsError> {
    let turn = SUSPENDED_TURN.lock().await;
    let bucket = json!({"Bucket": context.key.name.first()});
    let client = &context.instance.client;
    let status = client.call(&context.scope, "s3", "GetBucketVersioning", bucket).await?;
    if text(&status, "Status") == Some("Enabled") {
        return Ok(None);
    }
    set_versioning(context, "Enabled").await?;
    Ok(Some(Suspended { _turn: turn }))
}

impl Suspended {
    async fn restore(self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        set_versioning(context, "Suspended").await
    }
}

async fn set_versioning(context: &ApplyContext<'_>, status: &str) -> Result<(), AwsError> {
    let input = json!({"Bucket": context.key.name.first(), "VersioningConfiguration": {"Status": status}});
    context.instance.client.call(&context.scope, "s3", "PutBucketVersioning", input).await.map(|_| ())
}

/// Deletes all versions and markers of the key; gives how many there were.
pub(super) async fn delete_versions(context: &ApplyContext<'_>) -> Result<usize, AwsError> {
    let (bucket, own_key) = (context.key.name.first(), context.key.own_name());
    let client = &context.instance.client;
    let mut listing = Listing::new(json!({"Bucket": bucket, "Prefix": own_key}));
    let call = |input| client.call(&context.scope, "s3", "ListObjectVersions", input);
    let mut found = Vec::new();
    loop {
        match listing.next(call).await {
            Ok(Some(page)) => found.extend(page.into_iter().filter(|(key, _)| key == own_key)),
            Ok(None) => break,
            Err(error) if error.class == ErrorClass::NotFound => return Ok(0),
            Err(error) => return Err(error),
        }
    }
    for (_, link) in &found {
        let input = json!({"Bucket": bucket, "Key": own_key, "VersionId": link.id});
        gone(client.call(&context.scope, "s3", "DeleteObject", input).await)?;
    }
    Ok(found.len())
}

/// Pages through `ListObjectVersions`. Its markers come URL-encoded with the keys, so the client cannot page it.
struct Listing {
    input: Value,
    marker: Option<String>,
    turns: Turns,
    ended: bool,
}

impl Listing {
    fn new(input: Value) -> Self {
        Self { input, marker: None, turns: Turns::default(), ended: false }
    }

    /// The key at which the next page goes on.
    fn key_marker(&self) -> Option<&String> {
        self.marker.as_ref()
    }

    async fn next<F>(&mut self, call: impl Fn(Value) -> F) -> Result<Option<Vec<(String, Link)>>, AwsError>
    where
        F: Future<Output = Result<Value, AwsError>>,
    {
        if self.ended {
            return Ok(None);
        }
        let mut input = self.input.clone();
        if let Some(members) = input.as_object_mut() {
            members.insert("EncodingType".to_owned(), json!("url"));
        }
        let page = call(input).await?;
        self.marker = text(&page, "NextKeyMarker").map(|key| decoded(&page, key));
        let next = (self.marker.clone(), text(&page, "NextVersionIdMarker"));
        let truncated = page.get("IsTruncated").and_then(Value::as_bool).unwrap_or_default();
        self.ended = !truncated || next.0.is_none();
        if self.ended {
            self.marker = None;
        }
        if let Some(members) = self.input.as_object_mut() {
            members.remove("VersionIdMarker");
            members.extend(next.0.clone().map(|key| ("KeyMarker".to_owned(), json!(key))));
            members.extend(next.1.map(|id| ("VersionIdMarker".to_owned(), json!(id))));
        }
        if !self.ended {
            let token = json!(next).to_string();
            self.turns.turn(token, &page).map_err(|reason| fault("s3", "ListObjectVersions", reason))?;
        }
        Ok(Some(links(&page)))
    }
}

fn links(page: &Value) -> Vec<(String, Link)> {
    let link = |entry: &Value, marker| {
        let field = |name| text(entry, name).unwrap_or_default().to_owned();
        let latest = entry.get("IsLatest").and_then(Value::as_bool).unwrap_or_default();
        let size = entry.get("Size").and_then(Value::as_u64);
        let [id, etag, modified] = ["VersionId", "ETag", "LastModified"].map(field);
        let link = Link { id, size, etag, modified, latest, marker };
        Some((decoded(page, text(entry, "Key")?), link))
    };
    let versions = list(page, "Versions").iter().filter_map(|entry| link(entry, false));
    versions.chain(list(page, "DeleteMarkers").iter().filter_map(|entry| link(entry, true))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(id: &str, modified: &str, latest: bool, marker: bool) -> Link {
        Link { id: id.to_owned(), size: None, etag: String::new(), modified: modified.to_owned(), latest, marker }
    }

    #[test]
    fn versions_and_markers_of_the_same_second_interleave() {
        let second = "2026-11-24T15:41:38Z";
        let listed =
            vec![link("v2", second, true, false), link("v1", second, false, false), link("m1", second, false, true)];
        let ids: Vec<_> = oldest_first(listed).into_iter().map(|link| link.id).collect();
        assert_eq!(ids, ["v1", "m1", "v2"]);
    }

    #[test]
    fn time_and_then_the_listing_order_decide() {
        let listed = vec![
            link("v3", "2026-01-01T00:00:02Z", false, false),
            link("v2", "2026-01-01T00:00:01Z", false, false),
            link("v1", "2026-01-01T00:00:01Z", false, false),
            link("m1", "2026-01-01T00:00:03Z", true, true),
        ];
        let ids: Vec<_> = oldest_first(listed).into_iter().map(|link| link.id).collect();
        assert_eq!(ids, ["v1", "v2", "v3", "m1"]);
    }
    #[test]
    fn fractions_of_a_second_are_compared_as_times() {
        let listed = vec![
            link("v2", "2026-01-01T00:00:01.105Z", true, false),
            link("v1", "2026-01-01T00:00:01.1Z", false, false),
            link("m1", "2026-01-01T00:00:01Z", false, true),
        ];
        let ids: Vec<_> = oldest_first(listed).into_iter().map(|link| link.id).collect();
        assert_eq!(ids, ["m1", "v1", "v2"]);
    }
}
