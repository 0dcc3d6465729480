//! Reading a queue's messages without consuming them: by the emulator's own endpoint where it has one, else by
//! receiving all of them and making them visible again.

use std::collections::HashMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::util::{fault, list, pick, text};
use super::{CaptureContext, InstanceError};
use crate::aws::xml::{self, Element};
use crate::aws::{AwsError, Client, Scope};
use crate::instance::Emulator;
use crate::pod::{Digest, Document, canonical_json};

/// Hex digits of the digest in a message's name: enough for equal names to mean equal messages in a queue.
const NAME_DIGITS: usize = 16;
/// Seconds for which received messages are hidden from others while they are read, at least.
pub(super) const HIDDEN_SECONDS: u64 = 60;
/// Seconds that ten messages may take a slow emulator: whatever comes back before the last is read would be read again.
const SECONDS_FOR_TEN: u64 = 1;
/// SQS hides no message for longer.
const MAX_HIDDEN_SECONDS: u64 = 43_200;

/// Messages beyond twice those a queue says it holds that may come in while it is read.
const MORE_MESSAGES: u64 = 10_000;

/// One message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    pub(super) body: String,
    /// As `SendMessage` takes them.
    pub(super) attributes: Map<String, Value>,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) sent: u64,
    /// FIFO: the emulator's own numbering, where it tells the order.
    pub(super) sequence: String,
}

impl Message {
    /// What `SendMessage` needs.
    pub(super) fn document(&self) -> Document {
        let message = json!({
            "Body": self.body,
            "MessageAttributes": self.attributes,
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.deduplication,
        });
        let fields = ["Body", "MessageAttributes", "MessageGroupId", "MessageDeduplicationId"];
        Document { attributes: pick(&message, &fields), ..Document::default() }
    }

    /// A name that depends on nothing but the content, so that a message keeps it when others come and go.
    pub(super) fn content_name(&self) -> String {
        let mut hex = Digest::of(&canonical_json(&self.document().attributes)).hex();
        hex.truncate(NAME_DIGITS);
        hex
    }

    /// S3 sends it by itself whenever a bucket's notification is set, with an id and a time of its own.
    pub(super) fn is_s3_test(&self) -> bool {
        serde_json::from_str::<Value>(&self.body).is_ok_and(|body| text(&body, "Event") == Some("s3:TestEvent"))
    }
}

/// All messages of a queue, oldest first, and what the capture report should say about the reading.
pub(super) async fn messages(
    context: &CaptureContext<'_>,
    url: &str,
) -> Result<(Vec<Message>, Option<(String, bool)>), InstanceError> {
    let Scope { account, region } = &context.scope;
    let client = &context.instance.client;
    let quoted = utf8_percent_encode(url, NON_ALPHANUMERIC);
    let (mut messages, note) = match context.instance.emulator {
        Emulator::Ministack => {
            let path = format!("/_ministack/sqs/messages?account={account}&region={region}&QueueUrl={quoted}");
            let (_, answer) = client.get(&path).await?;
            (from_ministack(&answer, &context.scope, url), None)
        }
        Emulator::LocalStack => {
            let path = format!("/_aws/sqs/messages?QueueUrl={quoted}&ShowInvisible=true&ShowDelayed=true");
            let (_, answer) = client.get(&path).await?;
            (from_localstack(&answer), None)
        }
        Emulator::Moto | Emulator::Unknown => {
            let (messages, note) = received(client, &context.scope, url).await?;
            (Some(messages), note)
        }
    };
    let readable = messages.is_some();
    let mut messages = messages.take().unwrap_or_default();
    messages.sort_by(|one, other| (&one.sequence, one.sent).cmp(&(&other.sequence, other.sent)));
    let unreadable = || Some((format!("the emulator did not show the messages of {url}"), true));
    Ok((messages, if readable { note } else { unreadable() }))
}

fn from_ministack(answer: &[u8], scope: &Scope, url: &str) -> Option<Vec<Message>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let queues = answer.get("messages")?.get(&scope.account).and_then(|account| account.get(&scope.region));
    let one = |message: &Value| {
        let member = |field: &str| text(message, field).map(str::to_owned);
        let attributes = message.get("MessageAttributes").and_then(Value::as_object);
        let system = message.get("Attributes").unwrap_or(&Value::Null);
        Message {
            body: member("Body").unwrap_or_default(),
            attributes: attributes.into_iter().flatten().map(|(name, value)| (name.clone(), typed(value))).collect(),
            group: member("MessageGroupId"),
            deduplication: member("MessageDeduplicationId"),
            id: member("MessageId").unwrap_or_default(),
            sent: number(text(system, "SentTimestamp")),
            sequence: member("SequenceNumber").unwrap_or_default(),
        }
    };
    // A queue without messages may be left out.
    Some(queues.map(|queues| list(queues, url).iter().map(one).collect()).unwrap_or_default())
}

/// What sending takes of an attribute's value.
fn typed(value: &Value) -> Value {
    let members = value.as_object().into_iter().flatten();
    let known = |(name, value): &(&String, &Value)| {
        ["DataType", "StringValue", "BinaryValue"].contains(&name.as_str()) && !value.is_null()
    };
    Value::Object(members.filter(known).map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn number(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn from_localstack(answer: &[u8]) -> Option<Vec<Message>> {
    let root = xml::parse(std::str::from_utf8(answer).ok()?).ok()?;
    let result = root.child("ReceiveMessageResult")?;
    Some(result.children.iter().filter(|child| child.name == "Message").map(from_xml).collect())
}

fn from_xml(message: &Element) -> Message {
    let inner = |element: &Element, name: &str| element.child(name).map(|child| child.text.clone());
    let named = |name: &'static str| message.children.iter().filter(move |child| child.name == name);
    let system = |wanted: &str| {
        named("Attribute").find(|one| inner(one, "Name").as_deref() == Some(wanted)).and_then(|one| inner(one, "Value"))
    };
    let attribute = |one: &Element| {
        let value = one.child("Value")?;
        let members = value.children.iter().map(|child| (child.name.clone(), json!(child.text))).collect();
        Some((inner(one, "Name")?, typed(&Value::Object(members))))
    };
    Message {
        body: inner(message, "Body").unwrap_or_default(),
        attributes: named("MessageAttribute").filter_map(attribute).collect(),
        group: system("MessageGroupId"),
        deduplication: system("MessageDeduplicationId"),
        id: inner(message, "MessageId").unwrap_or_default(),
        sent: number(system("SentTimestamp").as_deref()),
        sequence: system("SequenceNumber").unwrap_or_default(),
    }
}

/// A received message, out of `ReceiveMessage`'s answer.
pub(super) fn from_receive(message: &Value) -> Message {
    let system = message.get("Attributes").unwrap_or(&Value::Null);
    let attributes = message.get("MessageAttributes").and_then(Value::as_object);
    let owned = |value: &Value, field: &str| text(value, field).map(str::to_owned);
    Message {
        body: owned(message, "Body").unwrap_or_default(),
        attributes: attributes.into_iter().flatten().map(|(name, value)| (name.clone(), typed(value))).collect(),
        group: owned(system, "MessageGroupId"),
        deduplication: owned(system, "MessageDeduplicationId"),
        id: owned(message, "MessageId").unwrap_or_default(),
        sent: number(text(system, "SentTimestamp")),
        // moto's are random; messages arrive in their order anyway.
        sequence: String::new(),
    }
}

/// Up to ten messages, hidden from others for so many seconds.
pub(super) async fn receive(client: &Client, scope: &Scope, url: &str, hidden: u64) -> Result<Vec<Value>, AwsError> {
    let input = json!({
        "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "WaitTimeSeconds": 0,
        "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
    });
    Ok(list(&client.call(scope, "sqs", "ReceiveMessage", input).await?, "Messages").to_vec())
}

/// Makes received messages visible again. Best effort: those it fails for come back by themselves.
pub(super) async fn release(client: &Client, scope: &Scope, url: &str, received: &[Value]) {
    for batch in received.chunks(10) {
        let entry = |(position, message): (usize, &Value)| json!({"Id": position.to_string(), "ReceiptHandle": message.get("ReceiptHandle"), "VisibilityTimeout": 0});
        let entries: Vec<Value> = batch.iter().enumerate().map(entry).collect();
        let input = json!({"QueueUrl": url, "Entries": entries});
        let _ = client.call(scope, "sqs", "ChangeMessageVisibilityBatch", input).await;
    }
}

async fn received(
    client: &Client,
    scope: &Scope,
    url: &str,
) -> Result<(Vec<Message>, Option<(String, bool)>), InstanceError> {
    let input = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let answer = client.call(scope, "sqs", "GetQueueAttributes", input).await?;
    let queue = answer.get("Attributes").unwrap_or(&Value::Null);
    let held =
        ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
            .map(|field| number(text(queue, field)))
            .iter()
            .sum::<u64>();
    if held == 0 {
        return Ok((Vec::new(), None));
    }
    let lifted = match text(queue, "RedrivePolicy").filter(|policy| !policy.is_empty()) {
        Some(policy) => Some(LiftedRedrive::lift(client, scope, url, policy).await?),
        None => None,
    };
    let most = held.saturating_mul(2).saturating_add(MORE_MESSAGES);
    let hidden = (HIDDEN_SECONDS + held / 10 * SECONDS_FOR_TEN).min(MAX_HIDDEN_SECONDS);
    let (mut all, mut received) = (Received::default(), 0);
    let result = loop {
        match receive(client, scope, url, hidden).await {
            Ok(page) if page.is_empty() => break Ok(()),
            Ok(_) if received > most => break Err(fault("sqs", "ReceiveMessage", "the messages do not end")),
            Ok(page) => {
                received += page.len() as u64;
                all.extend(page);
            }
            Err(error) => break Err(error),
        }
    };
    let all = all.messages;
    release(client, scope, url, &all).await;
    if let Some(lifted) = lifted {
        lifted.put_back().await?;
    }
    result?;
    let name = url.rsplit('/').next().unwrap_or(url);
    let note = if (all.len() as u64) < held {
        let missing = held - all.len() as u64;
        (format!("{missing} messages of queue {name} are in flight, delayed or behind others of their group"), true)
    } else {
        (format!("messages of queue {name} were received to be read: their receive counts went up by one"), false)
    };
    Ok((all.iter().map(from_receive).collect(), Some(note)))
}

/// Messages that were received, each once.
#[derive(Default)]
pub(super) struct Received {
    pub(super) messages: Vec<Value>,
    places: HashMap<String, usize>,
}

impl Received {
    /// Adds what came; of what came before, in case it was hidden for too short a time, the newest receipt is the one
    /// that counts. Says whether any is new.
    pub(super) fn extend(&mut self, page: Vec<Value>) -> bool {
        let before = self.messages.len();
        for message in page {
            let known = text(&message, "MessageId").and_then(|id| self.places.get(id));
            match known {
                Some(&place) => self.messages[place] = message,
                None => {
                    let id = text(&message, "MessageId").unwrap_or_default().to_owned();
                    self.places.insert(id, self.messages.len());
                    self.messages.push(message);
                }
            }
        }
        self.messages.len() > before
    }
}

/// Takes a queue's redrive policy away while its messages are received, so that none is moved for being read.
struct LiftedRedrive {
    client: Client,
    scope: Scope,
    url: String,
    policy: String,
    is_back: bool,
}

impl LiftedRedrive {
    async fn lift(client: &Client, scope: &Scope, url: &str, policy: &str) -> Result<Self, AwsError> {
        let (client, scope) = (client.clone(), scope.clone());
        let lifted = Self { client, scope, url: url.to_owned(), policy: policy.to_owned(), is_back: false };
        lifted.set("").await?;
        Ok(lifted)
    }

    async fn set(&self, policy: &str) -> Result<(), AwsError> {
        let input = json!({"QueueUrl": self.url, "Attributes": {"RedrivePolicy": policy}});
        self.client.call(&self.scope, "sqs", "SetQueueAttributes", input).await.map(|_| ())
    }

    async fn put_back(mut self) -> Result<(), AwsError> {
        self.is_back = true;
        self.set(&self.policy).await
    }
}

impl Drop for LiftedRedrive {
    /// The capture was cancelled in mid-read: the policy goes back all the same.
    fn drop(&mut self) {
        if self.is_back {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (client, scope) = (self.client.clone(), self.scope.clone());
            let input = json!({"QueueUrl": self.url, "Attributes": {"RedrivePolicy": self.policy}});
            runtime.spawn(async move { client.call(&scope, "sqs", "SetQueueAttributes", input).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_comes_twice_is_one_and_is_given_back_by_its_newest_receipt() {
        let message = |id: &str, receipt: &str| json!({"MessageId": id, "ReceiptHandle": receipt});
        let mut received = Received::default();
        assert!(received.extend(vec![message("1", "a"), message("2", "b")]));
        assert!(received.extend(vec![message("1", "c"), message("3", "d")]));
        assert!(!received.extend(vec![message("3", "d")]));
        assert_eq!(received.messages, [message("1", "c"), message("2", "b"), message("3", "d")]);
    }

    #[test]
    fn a_name_depends_on_content_alone() {
        let one = Message { body: "x".to_owned(), id: "1".to_owned(), sent: 1, ..Message::default() };
        let later = Message { id: "2".to_owned(), sent: 2, sequence: "9".to_owned(), ..one.clone() };
        let other = Message { body: "y".to_owned(), ..one.clone() };
        assert_eq!(one.content_name(), later.content_name());
        assert_ne!(one.content_name(), other.content_name());
    }

    #[test]
    fn localstack_and_ministack_show_the_same_message_alike() {
        let xml = "<R><ReceiveMessageResult><Message><MessageId>1</MessageId><Body>a\n&lt;b&gt;</Body>\
            <Attribute><Name>SentTimestamp</Name><Value>5</Value></Attribute>\
            <MessageAttribute><Name>t</Name><Value><StringValue>v</StringValue><DataType>String</DataType></Value>\
            </MessageAttribute></Message></ReceiveMessageResult></R>";
        let json = br#"{"messages": {"0": {"r": {"u": [{"MessageId": "1", "Body": "a\n<b>",
            "Attributes": {"SentTimestamp": "5"}, "MessageGroupId": null,
            "MessageAttributes": {"t": {"DataType": "String", "StringValue": "v"}}}]}}}}"#;
        let scope = Scope { account: "0".to_owned(), region: "r".to_owned() };
        assert_eq!(from_localstack(xml.as_bytes()), from_ministack(json, &scope, "u"));
        assert_eq!(from_localstack(xml.as_bytes()).unwrap().len(), 1);
    }
}
