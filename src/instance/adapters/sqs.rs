//! SQS messages: read without consuming them, sent again in their old order.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::sqs_read::{HIDDEN_SECONDS, Received, from_receive, messages, receive, release};
use super::util::{fault, gone, list, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, Client, ErrorClass, Scope};
use crate::pod::{Document, Observed, ResourceKey};

/// Entries that `SendMessageBatch` takes.
const BATCH: usize = 10;
/// Bytes of a batch: the least that any emulator allows.
const BATCH_BYTES: usize = 256 << 10;

/// `sqs/message`. Named by a digest of the content, and a number from the second equal one on; the order is an
/// observed position, so that the removal of one message does not change the others.
pub(super) struct Messages;

#[async_trait]
impl Adapter for Messages {
    fn kind(&self) -> &'static str {
        "sqs/message"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let client = &context.instance.client;
        let known = parent.observed.get("QueueUrl").and_then(Value::as_str).map(str::to_owned);
        let url = match known {
            Some(url) => url,
            None => look_up(client, &context.scope, parent.key.own_name()).await?,
        };
        let (found, note) = messages(context, &url).await?;
        if let Some((note, partial)) = note {
            context.emit.note(note, partial);
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (position, message) in found.iter().enumerate() {
            if message.is_s3_test() {
                let queue = parent.key.own_name();
                let note =
                    format!("the test event in queue {queue} is left out: setting the notification sends it anew");
                context.emit.note(note, false);
                continue;
            }
            let name = message.content_name();
            let equal = seen.entry(name.clone()).or_default();
            *equal += 1;
            let name = if *equal == 1 { name } else { format!("{name}-{equal}") };
            let observed = json!({"MessageId": message.id, "SentTimestamp": message.sent, "Position": position + 1});
            let observed = observed.as_object().cloned().unwrap_or_default();
            context.emit.read(message.body.len() as u64);
            context.emit.emit(vec![parent.key.own_name().to_owned(), name], message.document(), observed).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let url = queue_url(context).await?;
        let mut input = sending(wanted);
        input.insert("QueueUrl".to_owned(), json!(url));
        let client = &context.instance.client;
        client.call(&context.scope, "sqs", "SendMessage", Value::Object(input)).await.map(|_| Observed::new())
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        _current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        self.delete(context).await?;
        self.create(context, wanted).await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let url = match queue_url(context).await {
            Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
            found => found?,
        };
        let (client, scope) = (&context.instance.client, &context.scope);
        let wanted = context.key.own_name().split('-').next().unwrap_or_default();
        let mut others = Received::default();
        let result = loop {
            let mut page = match receive(client, scope, &url, HIDDEN_SECONDS).await {
                Ok(page) => page,
                Err(error) => break Err(error),
            };
            let found = page.iter().position(|message| from_receive(message).content_name() == wanted);
            let matching = found.map(|position| page.remove(position));
            // All of them were looked at: the queue has no more, or the first have come back.
            let is_end = !others.extend(page);
            if let Some(message) = matching {
                let input = json!({"QueueUrl": url, "ReceiptHandle": message.get("ReceiptHandle")});
                break gone(client.call(scope, "sqs", "DeleteMessage", input).await);
            }
            if is_end {
                break Ok(());
            }
        };
        release(client, scope, &url, &others.messages).await;
        result
    }

    fn batch(&self) -> usize {
        BATCH
    }

    async fn create_many(&self, steps: &[(ApplyContext<'_>, &Document)]) -> Vec<Result<Observed, AwsError>> {
        let entries: Vec<Value> = steps.iter().enumerate().map(|(id, (_, wanted))| entry(id, wanted)).collect();
        let bytes: usize = entries.iter().map(|entry| entry.to_string().len()).sum();
        let Some((first, _)) = steps.first() else { return Vec::new() };
        let one_queue = steps.iter().all(|(context, _)| context.key.name.first() == first.key.name.first());
        if one_queue && steps.len() <= BATCH && bytes <= BATCH_BYTES {
            return match send_batch(first, entries).await {
                Ok(failed) => {
                    let outcome = |id: usize| failed.get(&id.to_string()).cloned().map_or(Ok(Observed::new()), Err);
                    (0..steps.len()).map(outcome).collect()
                }
                Err(error) => steps.iter().map(|_| Err(error.clone())).collect(),
            };
        }
        let mut results = Vec::with_capacity(steps.len());
        for (context, wanted) in steps {
            results.push(self.create(context, wanted).await);
        }
        results
    }

    fn ordered(&self) -> bool {
        true
    }

    fn position(&self, _wanted: &Document, observed: Option<&Observed>) -> u64 {
        observed.and_then(|observed| observed.get("Position")).and_then(Value::as_u64).unwrap_or(u64::MAX)
    }
}

/// A message as `SendMessage` takes it.
fn sending(wanted: &Document) -> Map<String, Value> {
    let mut input = wanted.attributes.clone();
    let body = input.remove("Body").unwrap_or_default();
    input.insert("MessageBody".to_owned(), body);
    input
}

fn entry(id: usize, wanted: &Document) -> Value {
    let mut input = sending(wanted);
    input.insert("Id".to_owned(), json!(id.to_string()));
    Value::Object(input)
}

/// Sends entries; gives the errors of those that failed, by id.
async fn send_batch(context: &ApplyContext<'_>, entries: Vec<Value>) -> Result<HashMap<String, AwsError>, AwsError> {
    let input = json!({"QueueUrl": queue_url(context).await?, "Entries": entries});
    let answer = context.instance.client.call(&context.scope, "sqs", "SendMessageBatch", input).await?;
    let failed = |entry: &Value| {
        let message = text(entry, "Message").unwrap_or("the message was refused");
        let mut error = fault("sqs", "SendMessageBatch", message);
        error.class = ErrorClass::Service;
        error.code = text(entry, "Code").map(str::to_owned);
        Some((text(entry, "Id")?.to_owned(), error))
    };
    Ok(list(&answer, "Failed").iter().filter_map(failed).collect())
}

/// The URL of the queue that holds the message which is applied.
async fn queue_url(context: &ApplyContext<'_>) -> Result<String, AwsError> {
    let key = context.key;
    let queue = key.name.first().map_or("", String::as_str);
    let parent = ResourceKey::new(&key.account, &key.region, "sqs", "queue", [queue]);
    let live = (context.live)(&parent);
    match live.as_ref().and_then(|observed| observed.get("QueueUrl")).and_then(Value::as_str) {
        Some(url) => Ok(url.to_owned()),
        None => look_up(&context.instance.client, &context.scope, queue).await,
    }
}

async fn look_up(client: &Client, scope: &Scope, queue: &str) -> Result<String, AwsError> {
    let answer = client.call(scope, "sqs", "GetQueueUrl", json!({"QueueName": queue})).await?;
    let url = text(&answer, "QueueUrl").map(str::to_owned);
    url.ok_or_else(|| fault("sqs", "GetQueueUrl", format!("no URL in the answer for queue {queue}")))
}
