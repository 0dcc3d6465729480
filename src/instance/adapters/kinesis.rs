//! Records of Kinesis streams: read from the first one still kept, put back in their order.
//!
//! Kinesis keeps the order of the records of one partition key, in whichever shard that is; so a record is named by its
//! key and a number, and keeps its name where a stream is split otherwise. An explicit hash key cannot be read back: where
//! a record is in a shard that its partition key does not lead to, one that leads there is kept instead.

use std::collections::HashMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::util::{check_cancelled, fault, list, pick, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{Document, Observed};

/// Records asked for at once. One has a megabyte at most, and a page is held in memory.
const PAGE: u64 = 100;
/// Records of a shard after which a producer is taken to be faster than the reading.
const MOST_RECORDS: u64 = 10_000_000;
/// Pages in a row without a record, of a shard that says that there is more.
const MOST_EMPTY_PAGES: u32 = 1_000;
/// Records that `PutRecords` takes.
const BATCH: usize = 500;
/// Bytes of data and partition keys that `PutRecords` takes.
const BATCH_BYTES: usize = 5 << 20;
/// A kept hash key is a multiple of this, so that it is the same whichever way an emulator rounds the shards' ranges.
const HASH_STEP: u128 = 1 << 100;

/// `kinesis/record`.
pub(super) struct Records;

#[async_trait]
impl Adapter for Records {
    fn kind(&self) -> &'static str {
        "kinesis/record"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let stream = parent.key.own_name();
        let shards = shards(context, stream).await?;
        if shards.iter().any(|shard| shard.is_closed) {
            let note = format!("the shards of stream {stream} were split or merged: it is put back with even ones");
            context.emit.note(note, false);
        }
        let mut reading = Reading { stream, numbers: HashMap::new(), position: 0 };
        for shard in &shards {
            reading.shard(context, shard).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        put(context, vec![entry(wanted)]).await.pop().unwrap_or_else(|| Err(refused("no answer for it")))
    }

    async fn update(
        &self,
        _context: &ApplyContext<'_>,
        _current: &Document,
        _wanted: &Document,
    ) -> Result<Observed, AwsError> {
        Err(refused("a record of a stream cannot be changed"))
    }

    async fn delete(&self, _context: &ApplyContext<'_>) -> Result<(), AwsError> {
        Err(refused("a record of a stream cannot be deleted: it goes with the stream, or when its time is up"))
    }

    fn batch(&self) -> usize {
        BATCH
    }

    async fn create_many(&self, steps: &[(ApplyContext<'_>, &Document)]) -> Vec<Result<Observed, AwsError>> {
        let mut results = Vec::with_capacity(steps.len());
        let mut waiting = Vec::new();
        let mut bytes = 0;
        for (context, wanted) in steps {
            let entry = entry(wanted);
            // Base64 is longer than what it stands for, so this is on the safe side.
            let size = entry.to_string().len();
            if bytes + size > BATCH_BYTES && !waiting.is_empty() {
                results.extend(put(context, std::mem::take(&mut waiting)).await);
                bytes = 0;
            }
            // Nothing goes before what should have been there first: the order would be lost for good.
            if results.iter().any(Result::is_err) {
                break;
            }
            bytes += size;
            waiting.push(entry);
        }
        if let Some((context, _)) = steps.first().filter(|_| !waiting.is_empty()) {
            results.extend(put(context, waiting).await);
        }
        results.resize_with(steps.len(), || Err(refused("left out, as a record before it was refused")));
        results
    }

    fn ordered(&self) -> bool {
        true
    }

    fn position(&self, _wanted: &Document, observed: Option<&Observed>) -> u64 {
        observed.and_then(|observed| observed.get("Position")).and_then(Value::as_u64).unwrap_or(u64::MAX)
    }
}

/// One shard, and the hashes that lead to it.
struct Shard {
    id: String,
    first: u128,
    last: u128,
    is_closed: bool,
}

impl Shard {
    fn of(shard: &Value) -> Option<Self> {
        let hash = |name: &str| text(shard.get("HashKeyRange")?, name)?.parse().ok();
        let is_closed = shard.pointer("/SequenceNumberRange/EndingSequenceNumber").is_some_and(|end| !end.is_null());
        let id = text(shard, "ShardId")?.to_owned();
        Some(Self { id, first: hash("StartingHashKey")?, last: hash("EndingHashKey")?, is_closed })
    }

    /// The hash key by which a record gets here, where its partition key alone does not lead here.
    fn explicit_hash(&self, partition_key: &str) -> Option<String> {
        let own = u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into());
        if (self.first..=self.last).contains(&own) {
            return None;
        }
        let middle = self.first + (self.last.saturating_sub(self.first)) / 2;
        let rounded = middle.saturating_add(HASH_STEP / 2) / HASH_STEP * HASH_STEP;
        let inside = if (self.first..=self.last).contains(&rounded) { rounded } else { middle };
        Some(inside.to_string())
    }
}

/// All shards that still hold something, the older ones first: what was split comes before what became of it.
async fn shards(context: &CaptureContext<'_>, stream: &str) -> Result<Vec<Shard>, InstanceError> {
    let mut shards = Vec::new();
    let mut input = json!({"StreamName": stream});
    // `ListShards` refuses a name beside a token, so its pages are walked here.
    loop {
        let answer = context.instance.client.call(&context.scope, "kinesis", "ListShards", input).await?;
        let found = list(&answer, "Shards");
        shards.extend(found.iter().filter_map(Shard::of));
        match text(&answer, "NextToken") {
            Some(token) if !found.is_empty() => input = json!({"NextToken": token}),
            _ => break,
        }
    }
    shards.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(shards)
}

/// The records of one stream as they come.
struct Reading<'a> {
    stream: &'a str,
    /// How many there were of each partition key.
    numbers: HashMap<String, u64>,
    position: u64,
}

impl Reading<'_> {
    async fn shard(&mut self, context: &CaptureContext<'_>, shard: &Shard) -> Result<(), InstanceError> {
        let client = &context.instance.client;
        let input = json!({"StreamName": self.stream, "ShardId": shard.id, "ShardIteratorType": "TRIM_HORIZON"});
        let begun = client.call(&context.scope, "kinesis", "GetShardIterator", input).await?;
        let mut next = text(&begun, "ShardIterator").map(str::to_owned);
        let (mut read, mut empty) = (0, 0);
        while let Some(iterator) = next {
            check_cancelled(context)?;
            let input = json!({"ShardIterator": iterator, "Limit": PAGE});
            let page = client.call(&context.scope, "kinesis", "GetRecords", input).await?;
            let records = list(&page, "Records");
            for record in records {
                self.record(context, shard, record).await?;
            }
            read += records.len() as u64;
            empty = if records.is_empty() { empty + 1 } else { 0 };
            let behind = page.get("MillisBehindLatest").and_then(Value::as_u64).unwrap_or_default();
            // A full page may be followed by another, whatever the emulator says about it.
            if behind == 0 && (records.len() as u64) < PAGE {
                break;
            }
            if read >= MOST_RECORDS || empty >= MOST_EMPTY_PAGES {
                let note = format!("the records of shard {} of stream {} do not end", shard.id, self.stream);
                context.emit.note(note, true);
                break;
            }
            next = text(&page, "NextShardIterator").map(str::to_owned);
        }
        Ok(())
    }

    async fn record(
        &mut self,
        context: &CaptureContext<'_>,
        shard: &Shard,
        record: &Value,
    ) -> Result<(), InstanceError> {
        let Some(key) = text(record, "PartitionKey") else {
            context.emit.note(format!("a record of stream {} lacks its partition key", self.stream), true);
            return Ok(());
        };
        let data = text(record, "Data").unwrap_or_default();
        let number = self.numbers.entry(key.to_owned()).or_default();
        *number += 1;
        self.position += 1;
        let mut attributes = Map::from_iter([("Data".to_owned(), json!(data))]);
        attributes.insert("PartitionKey".to_owned(), json!(key));
        if let Some(hash) = shard.explicit_hash(key) {
            attributes.insert("ExplicitHashKey".to_owned(), json!(hash));
        }
        let mut observed = pick(record, &["SequenceNumber", "ApproximateArrivalTimestamp"]);
        observed.insert("ShardId".to_owned(), json!(shard.id));
        observed.insert("Position".to_owned(), json!(self.position));
        let name = vec![self.stream.to_owned(), key.to_owned(), format!("{number:06}")];
        context.emit.read(data.len() as u64);
        context.emit.emit(name, Document { attributes, ..Document::default() }, observed).await
    }
}

/// A record as `PutRecords` takes it.
fn entry(wanted: &Document) -> Value {
    Value::Object(pick_all(&wanted.attributes, &["Data", "PartitionKey", "ExplicitHashKey"]))
}

/// The named members that are there: an empty record is one, too.
fn pick_all(attributes: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), attributes.get(*name)?.clone()))).collect()
}

/// Puts records of one stream; one result each.
async fn put(context: &ApplyContext<'_>, entries: Vec<Value>) -> Vec<Result<Observed, AwsError>> {
    let count = entries.len();
    let broken = entries.iter().position(|entry| text(entry, "Data").is_none_or(|data| STANDARD.decode(data).is_err()));
    if let Some(broken) = broken {
        return (0..count)
            .map(|at| Err(refused(if at == broken { "its data is not base64" } else { "another is not base64" })))
            .collect();
    }
    let input = json!({"StreamName": context.key.name.first(), "Records": entries});
    match context.instance.client.call(&context.scope, "kinesis", "PutRecords", input).await {
        Err(error) => (0..count).map(|_| Err(error.clone())).collect(),
        Ok(answer) => {
            let answers = list(&answer, "Records");
            (0..count).map(|at| outcome(answers.get(at).unwrap_or(&Value::Null))).collect()
        }
    }
}

fn outcome(answer: &Value) -> Result<Observed, AwsError> {
    match text(answer, "ErrorCode") {
        None if text(answer, "SequenceNumber").is_some() => Ok(pick(answer, &["SequenceNumber", "ShardId"])),
        code => {
            let mut error = refused(text(answer, "ErrorMessage").unwrap_or("the record was refused"));
            error.class = ErrorClass::Service;
            error.code = code.map(str::to_owned);
            Err(error)
        }
    }
}

fn refused(reason: &str) -> AwsError {
    fault("kinesis", "PutRecords", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(first: u128, last: u128) -> Shard {
        Shard { id: "shardId-000000000000".to_owned(), first, last, is_closed: false }
    }

    #[test]
    fn a_hash_key_is_kept_only_where_the_partition_key_leads_elsewhere() {
        let half = u128::MAX / 2;
        let (lower, upper) = (shard(0, half), shard(half + 1, u128::MAX));
        let kept = [lower.explicit_hash("customer"), upper.explicit_hash("customer")];
        assert_eq!(kept.iter().flatten().count(), 1);
        // Another emulator's halves meet one further down, and the kept key is the same.
        let other = [shard(0, half - 1).explicit_hash("customer"), shard(half, u128::MAX).explicit_hash("customer")];
        assert_eq!(kept, other);
    }

    #[test]
    fn a_kept_hash_key_is_inside_the_narrowest_shard() {
        for (first, last) in [(0, 0), (1, 2), (u128::MAX - 1, u128::MAX), (u128::MAX, u128::MAX)] {
            let hash: u128 = shard(first, last).explicit_hash("customer").unwrap().parse().unwrap();
            assert!((first..=last).contains(&hash), "{first} {last} {hash}");
        }
    }

    #[test]
    fn a_shard_without_a_range_is_none() {
        assert!(Shard::of(&json!({"ShardId": "s", "HashKeyRange": {"StartingHashKey": "-1"}})).is_none());
    }
}
