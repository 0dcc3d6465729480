//! The second driver: LocalStack's own state, as the zip that licensed servers give out and take.
//!
//! Calls and answers are as LocalStack's published clients know them; no licensed server could be had to try them with.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use serde::Deserialize;

use super::{Emulator, Instance, Strategy};
use crate::aws::{AwsError, ByteStream, RequestBody};
use crate::event::{Events, Progress};

/// Gives the state out.
const STATE: &str = "/_localstack/pods/state";
/// Takes a state.
const PODS: &str = "/_localstack/pods";
/// The variable that LocalStack's own tools take the token from. It is sent only where the server asks, and kept
/// nowhere.
const TOKEN: &str = "LOCALSTACK_AUTH_TOKEN";
/// How long the server may stay silent: it serialises, or loads, everything it holds before it says a word.
const SILENCE: Duration = Duration::from_secs(120);
/// The largest zip that is fetched. States are some megabytes, code and object bodies may be gigabytes.
const MOST_BYTES: u64 = 16 << 30;
/// The longest text of the server that is passed on to people.
const MOST_TEXT: usize = 2000;
/// The longest line of a reply: messages may hold whole tracebacks.
const MOST_LINE: usize = 64 << 20;
/// Most lines of a reply: there is one for each service.
const MOST_LINES: usize = 10_000;

/// Why LocalStack's own state was not given out or taken.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// Another emulator.
    #[error(
        "{emulator} has no state of its own to give or take, only LocalStack has: leave --native out, everything then goes through the AWS APIs"
    )]
    NotLocalStack {
        /// Which.
        emulator: &'static str,
    },
    /// A LocalStack without a licence.
    #[error(
        "this LocalStack neither gives its own state out nor takes one: that needs a licence (it answered {call} with an empty 404). Leave --native out, everything then goes through the AWS APIs"
    )]
    Unlicensed {
        /// Method and path.
        call: String,
    },
    /// The token is missing or not the right one.
    #[error("LocalStack refused {call} ({status}): {}", if *.sent { "the token in LOCALSTACK_AUTH_TOKEN is not one it takes" } else { "set LOCALSTACK_AUTH_TOKEN" })]
    Denied {
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// Whether a token was sent.
        sent: bool,
    },
    /// Any other answer.
    #[error("LocalStack answered {call} with {status}: {text}")]
    Refused {
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
    /// More than podex keeps.
    #[error("LocalStack's own state is larger than {} GiB, the most that podex takes", MOST_BYTES >> 30)]
    TooLarge,
    /// The connection.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The file that the state is in meanwhile.
    #[error("LocalStack's own state cannot be written or read on the way: {0}")]
    Io(#[from] std::io::Error),
    /// The user cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl NativeError {
    /// Whether asking makes no sense at all there, so that the user should know before anything else is done.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::NotLocalStack { .. } | Self::Unlicensed { .. } | Self::Denied { .. })
    }
}

/// What the server says of one service's state that it was given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ServiceStatus {
    /// The service.
    pub service: String,
    /// `ok`, or something else.
    #[serde(default)]
    pub status: String,
    /// More, in words.
    #[serde(default)]
    pub message: String,
}

impl ServiceStatus {
    /// Whether the state was taken.
    pub fn is_ok(&self) -> bool {
        ["ok", "success"].iter().any(|good| self.status.eq_ignore_ascii_case(good))
    }
}

/// What came of giving a state.
#[derive(Debug, Default)]
pub struct Loaded {
    /// By service, in the order of the reply.
    pub statuses: Vec<ServiceStatus>,
    /// Why the reply ended early.
    pub broken: Option<String>,
}

/// Fetches the state of some services (empty: all) into a file.
///
/// # Errors
/// When the instance does not give it out, or not whole.
pub async fn fetch(instance: &Instance, services: &[String], file: &Path, events: &Events) -> Result<(), NativeError> {
    let query = if services.is_empty() { String::new() } else { format!("?services={}", services.join(",")) };
    let exchange = Exchange { instance, method: "GET", target: format!("{STATE}{query}"), body: None };
    let mut content = exchange.run(events).await?;
    let mut out = std::fs::File::create(file)?;
    let mut progress = Progress::default();
    while let Some(piece) = next(&mut content, events).await? {
        progress.bytes += piece.len() as u64;
        if progress.bytes > MOST_BYTES {
            return Err(NativeError::TooLarge);
        }
        out.write_all(&piece)?;
        events.progress(progress);
    }
    Ok(out.flush()?)
}

/// Gives a state to the instance; what becomes of what is there, the server decides by the strategy.
///
/// # Errors
/// When the instance does not take it at all.
pub async fn load(
    instance: &Instance,
    strategy: Strategy,
    file: &Path,
    events: &Events,
) -> Result<Loaded, NativeError> {
    let merge = match strategy {
        Strategy::Overwrite => "overwrite",
        Strategy::AccountRegionMerge | Strategy::ThreeWay => "account-region-merge",
        Strategy::ServiceMerge => "service-merge",
    };
    let size = std::fs::metadata(file)?.len();
    let path = file.to_owned();
    let open = move || -> std::io::Result<Box<dyn std::io::Read + Send>> { Ok(Box::new(std::fs::File::open(&path)?)) };
    let body = RequestBody::new(size, open);
    let exchange = Exchange { instance, method: "POST", target: format!("{PODS}?merge={merge}"), body: Some(body) };
    let mut reply = exchange.run(events).await?;
    let mut loaded = Loaded::default();
    let mut line = Vec::new();
    loop {
        let piece = match next(&mut reply, events).await {
            Ok(piece) => piece,
            // What was said until then is true all the same.
            Err(error) => {
                loaded.broken = Some(error.to_string());
                return Ok(loaded);
            }
        };
        let is_end = piece.is_none();
        let mut rest = piece.as_deref().unwrap_or_default();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (begun, more) = rest.split_at(end);
            line.extend_from_slice(begun);
            rest = more.get(1..).unwrap_or_default();
            take_line(&mut loaded, &std::mem::take(&mut line));
        }
        line.extend_from_slice(rest);
        if is_end {
            take_line(&mut loaded, &line);
        } else if line.len() > MOST_LINE || loaded.statuses.len() > MOST_LINES {
            loaded.broken = Some("the reply does not end".to_owned());
        }
        if is_end || loaded.broken.is_some() {
            return Ok(loaded);
        }
    }
}

/// Takes one line of a reply.
fn take_line(loaded: &mut Loaded, line: &[u8]) {
    if line.trim_ascii().is_empty() || loaded.broken.is_some() {
        return;
    }
    match serde_json::from_slice::<ServiceStatus>(line) {
        Ok(mut status) => {
            status.message = shortened(&status.message);
            loaded.statuses.push(status);
        }
        Err(error) => loaded.broken = Some(format!("the reply is not as LocalStack writes it: {error}")),
    }
}

/// One call to the server.
struct Exchange<'a> {
    instance: &'a Instance,
    method: &'static str,
    target: String,
    body: Option<RequestBody>,
}

impl Exchange<'_> {
    /// The content of a good answer. The token goes along only where the server asks for it.
    async fn run(&self, events: &Events) -> Result<ByteStream, NativeError> {
        if self.instance.emulator != Emulator::LocalStack {
            return Err(NativeError::NotLocalStack { emulator: self.instance.emulator.name() });
        }
        let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        let (mut status, mut content) = self.attempt(None, events).await?;
        let sent = matches!(status, 401 | 403) && token.is_some();
        if sent {
            (status, content) = self.attempt(token.as_deref(), events).await?;
        }
        if (200..300).contains(&status) {
            return Ok(content);
        }
        let call = format!("{} {}", self.method, self.target.split('?').next().unwrap_or_default());
        if matches!(status, 401 | 403) {
            return Err(NativeError::Denied { call, status, sent });
        }
        let text = beginning(content, events).await?;
        if status == 404 && text.is_empty() {
            return Err(NativeError::Unlicensed { call });
        }
        Err(NativeError::Refused { call, status, text })
    }

    async fn attempt(&self, token: Option<&str>, events: &Events) -> Result<(u16, ByteStream), NativeError> {
        let mut headers = vec![("content-type".to_owned(), "application/octet-stream".to_owned())];
        headers.extend(token.map(|token| {
            let basic = STANDARD.encode(format!(":{token}"));
            ("authorization".to_owned(), format!("Basic {basic}"))
        }));
        let sent = self.instance.client.plain(self.method, &self.target, headers, self.body.clone(), SILENCE);
        let answered = events.cancellation().run_until_cancelled(sent).await;
        Ok(answered.ok_or(NativeError::Cancelled)??)
    }
}

/// The next piece of an answer.
async fn next(content: &mut ByteStream, events: &Events) -> Result<Option<bytes::Bytes>, NativeError> {
    let piece = events.cancellation().run_until_cancelled(content.next()).await.ok_or(NativeError::Cancelled)?;
    Ok(piece.transpose()?)
}

/// The beginning of a text that the server wrote.
async fn beginning(mut content: ByteStream, events: &Events) -> Result<String, NativeError> {
    let mut text = Vec::new();
    while text.len() < MOST_TEXT
        && let Some(piece) = next(&mut content, events).await?
    {
        text.extend_from_slice(&piece);
    }
    Ok(shortened(String::from_utf8_lossy(&text).trim()))
}

fn shortened(text: &str) -> String {
    if text.len() <= MOST_TEXT { text.to_owned() } else { text.chars().take(MOST_TEXT).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_reply_are_taken_until_one_makes_no_sense() {
        let mut loaded = Loaded::default();
        take_line(&mut loaded, br#"{"service": "sqs", "status": "ok"}"#);
        take_line(&mut loaded, b"  \r");
        let long = format!(r#"{{"service": "s3", "status": "error", "message": "{}"}}"#, "x".repeat(1 << 20));
        take_line(&mut loaded, long.as_bytes());
        take_line(&mut loaded, b"Traceback");
        take_line(&mut loaded, br#"{"service": "sns", "status": "ok"}"#);
        let said: Vec<_> = loaded.statuses.iter().map(|one| (one.service.as_str(), one.is_ok())).collect();
        assert_eq!(said, [("sqs", true), ("s3", false)]);
        assert!(loaded.statuses[1].message.len() < 3000 && loaded.broken.is_some());
    }
}
