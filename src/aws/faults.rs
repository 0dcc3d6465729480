//! Faults that no emulator produces on demand, from a server of a few lines: it gives one scripted answer per
//! request and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;

use super::{AccountMode, Client, ClientOptions, DEFAULT_TIMEOUT, Endpoint, ErrorClass, RequestBody, Scope};

/// A request as it arrived.
struct Request {
    head: String,
    body: Vec<u8>,
}

struct Server {
    client: Client,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// Serves the answers in order, one connection each, then closes. An empty answer breaks the connection.
fn serve(answers: Vec<String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            log.lock().unwrap().push(read_request(&stream));
            // The client may have hung up: that is what some of these tests are about.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let client = Client::new(options(endpoint)).unwrap();
    Server { client, seen }
}

fn read_request(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0);
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Request { head, body }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

fn options(endpoint: Endpoint) -> ClientOptions {
    ClientOptions { endpoint, concurrency: 2, account_mode: AccountMode::AccessKey, timeout: DEFAULT_TIMEOUT }
}

fn scope() -> Scope {
    Scope { account: "000000000000".to_owned(), region: "us-east-1".to_owned() }
}

#[tokio::test]
async fn a_broken_connection_and_a_busy_server_are_tried_again() {
    let server = serve(vec![
        String::new(),
        answer("503 Slow Down", "", "<Error><Code>SlowDown</Code></Error>"),
        answer("200 OK", "", "<ListAllMyBucketsResult/>"),
    ]);
    let output = server.client.call(&scope(), "s3", "ListBuckets", json!({})).await.unwrap();
    assert_eq!(output, json!({}));
    assert_eq!(server.client.requests_made(), 3);
}

#[tokio::test]
async fn retries_end_and_the_last_error_is_told() {
    let busy = || answer("400 Bad Request", "", r#"{"__type":"ThrottlingException","message":"slow"}"#);
    let server = serve(vec![busy(), busy(), busy(), busy()]);
    let error = server.client.call(&scope(), "ssm", "DescribeParameters", json!({})).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Throttled, Some("ThrottlingException")));
    assert_eq!(server.client.requests_made(), 4);
}

#[tokio::test]
async fn the_wait_that_a_service_asks_for_is_kept() {
    let server = serve(vec![answer("429 Too Many", "retry-after: 1\r\n", ""), answer("200 OK", "", "{}")]);
    let start = Instant::now();
    server.client.call(&scope(), "sqs", "ListQueues", json!({})).await.unwrap();
    assert!(start.elapsed().as_millis() >= 1000);
}

#[tokio::test]
async fn a_refused_request_is_not_tried_again() {
    let server = serve(vec![answer("403 Forbidden", "", "<Error><Code>AccessDenied</Code></Error>")]);
    let error = server.client.call(&scope(), "s3", "ListBuckets", json!({})).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::AccessDenied);
    assert_eq!(server.client.requests_made(), 1);
}

#[tokio::test]
async fn each_attempt_sends_the_whole_body_from_its_start() {
    let server = serve(vec![answer("500 Oops", "", ""), answer("200 OK", "etag: \"e\"\r\n", "")]);
    let content: Vec<u8> = (0..600_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let (opened, source) = (Arc::new(AtomicUsize::new(0)), content.clone());
    let count = Arc::clone(&opened);
    let open = move || -> std::io::Result<Box<dyn Read + Send>> {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(std::io::Cursor::new(source.clone())))
    };
    let body = RequestBody::new(content.len() as u64, open);
    let input = json!({"Bucket": "bucket", "Key": "k"});
    server.client.call_with_body(&scope(), "s3", "PutObject", input, body).await.unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    let seen = server.seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.body == content && request.head.contains("UNSIGNED-PAYLOAD")));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_no_fault_of_the_emulator() {
    let server = serve(vec![String::new()]);
    let open = || -> std::io::Result<Box<dyn Read + Send>> { Err(std::io::Error::other("the pack is gone")) };
    let body = RequestBody::new(10, open);
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let error = server.client.call_with_body(&scope(), "s3", "PutObject", input, body).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Input);
    assert!(error.message.contains("the pack is gone"), "{error}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so() {
    let server = serve(vec!["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this".to_owned()]);
    let input = json!({"Bucket": "bucket", "Key": "k"});
    let (_, mut stream) = server.client.call_streaming(&scope(), "s3", "GetObject", input).await.unwrap();
    let mut last = None;
    while let Some(chunk) = stream.next().await {
        last = Some(chunk);
    }
    assert_eq!(last.unwrap().unwrap_err().class, ErrorClass::Connection);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_malformed_and_not_repeated_in_the_message() {
    let server = serve(vec![answer("200 OK", "", "<hunter2")]);
    let error = server.client.call(&scope(), "s3", "ListBuckets", json!({})).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Malformed);
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn dot_segments_arrive_as_they_are_and_signed_that_way() {
    let server = serve(vec![answer("200 OK", "", "")]);
    let input = json!({"Bucket": "bucket", "Key": "a/../b c/."});
    server.client.call(&scope(), "s3", "DeleteObject", input).await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert!(seen[0].head.starts_with("DELETE /bucket/a/../b%20c/. HTTP/1.1\r\n"), "{}", seen[0].head);
}

#[tokio::test]
async fn downloads_stay_on_the_instance() {
    let server = serve(vec![answer("200 OK", "", "code")]);
    for url in ["http://example.com/x", "ftp://localhost/x", "nonsense", "http://127.0.0.1.example.com/x"] {
        assert_eq!(server.client.download(url).await.err().unwrap().class, ErrorClass::Input, "{url}");
    }
    // Another name of this machine, another port: the instance's own view of itself.
    let url = "http://s3.localhost.localstack.cloud:4566/a%20b?X-Amz-Signature=x%2Fy";
    let mut stream = server.client.download(url).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "code");
    let seen = server.seen.lock().unwrap();
    assert!(seen[0].head.starts_with("GET /a%20b?X-Amz-Signature=x%2Fy HTTP/1.1\r\n"), "{}", seen[0].head);
    assert!(!seen[0].head.to_ascii_lowercase().contains("authorization"));
}

/// A client with little patience, and a server that takes requests and never answers.
fn silent() -> (Client, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let timeout = Duration::from_millis(200);
    (Client::new(ClientOptions { timeout, ..options(endpoint) }).unwrap(), listener)
}

#[tokio::test]
async fn a_silent_service_is_asked_twice_and_then_not_again_while_others_are() {
    let (client, _listener) = silent();
    let error = client.call(&scope(), "sqs", "ListQueues", json!({})).await.unwrap_err();
    assert_eq!((error.class, client.requests_made()), (ErrorClass::Connection, 2));
    assert!(error.message.contains("--timeout"), "{error}");
    let error = client.call(&scope(), "sqs", "ListQueues", json!({})).await.unwrap_err();
    assert_eq!((error.class, client.requests_made()), (ErrorClass::Connection, 2));
    client.call(&scope(), "sns", "ListTopics", json!({})).await.unwrap_err();
    assert_eq!(client.requests_made(), 4);
}

#[tokio::test]
async fn whether_anything_answers_is_found_out_while_every_turn_is_taken() {
    let server = serve(vec![answer("404 Not Found", "", "")]);
    let turns = [server.client.permit("GET").await.unwrap(), server.client.permit("GET").await.unwrap()];
    assert!(server.client.answers("/", DEFAULT_TIMEOUT).await);
    drop(turns);
    let (client, _listener) = silent();
    assert!(!client.answers("/", Duration::from_millis(200)).await);
}

#[tokio::test]
async fn an_answer_that_says_it_is_too_large_is_not_read() {
    let server = serve(vec!["HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{".to_owned()]);
    let error = server.client.call(&scope(), "sqs", "ListQueues", json!({})).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Malformed);
}

#[tokio::test]
async fn nobody_there_is_found_out_soon() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}").parse().unwrap();
    let client = Client::new(options(endpoint)).unwrap();
    let start = Instant::now();
    let error = client.call(&scope(), "s3", "ListBuckets", json!({})).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Connection);
    assert!(start.elapsed().as_secs() < 5);
}
