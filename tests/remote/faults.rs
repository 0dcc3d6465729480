//! Faults and logins that the real registry of the other tests does not produce. The servers here are fakes: they
//! answer by script and check nothing by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use podex::event::Events;
use podex::pod::Digest;
use podex::remote::{CredentialFiles, Remote, RemoteConfig, RemoteError, open_with};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::pod;

#[derive(Clone, Debug)]
struct Request {
    line: String,
    headers: HashMap<String, String>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    cut: Option<usize>,
}

fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into(), cut: None }
}

impl Reply {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A fake server.
struct Fake {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Answers each request, counted from 0, by `script`.
    async fn start(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (script, log) = (Arc::new(script), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                tokio::spawn(async move { serve(stream, &*script, &log).await });
            }
        });
        Self { port, seen }
    }

    fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    fn remote(&self, logins: CredentialFiles) -> Box<dyn Remote> {
        let url = format!("oci://127.0.0.1:{}/team", self.port);
        open_with(&RemoteConfig::new("team".parse().unwrap(), url), logins).unwrap()
    }
}

async fn serve(mut stream: TcpStream, script: &(dyn Fn(usize, &Request) -> Reply + Sync), log: &Mutex<Vec<Request>>) {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read);
    let mut line = String::new();
    let mut headers = HashMap::new();
    if lines.read_line(&mut line).await.is_err() {
        return;
    }
    loop {
        let mut header = String::new();
        if lines.read_line(&mut header).await.is_err() || header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap();
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    lines.read_exact(&mut body).await.unwrap();
    let request = Request { line: line.trim().to_owned(), headers };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let reply = script(number, &request);
    let mut head =
        format!("HTTP/1.1 {} x\r\nconnection: close\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    write.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let _ = write.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())]).await;
}

/// A login for the fake server, as docker keeps it. The folder must live as long as it is used.
fn login(fake: &Fake) -> (tempfile::TempDir, CredentialFiles) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let host = format!("127.0.0.1:{}", fake.port);
    std::fs::write(&file, json!({"auths": {host: {"username": "bob", "password": "secret"}}}).to_string()).unwrap();
    (folder, CredentialFiles::new(vec![file], Vec::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_told() {
    let fake = Fake::start(|number, _| match number {
        0 => reply(503, ""),
        1 => reply(429, "").with("retry-after", "0"),
        _ => reply(404, ""),
    })
    .await;
    assert_eq!(fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap().versions, []);
    assert_eq!(fake.seen().len(), 3);

    let fake = Fake::start(|_, _| reply(502, r#"{"errors":[{"code":"UNKNOWN","message":"no storage"}]}"#)).await;
    let error = fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap_err().to_string();
    assert!(error.contains("answered 502: UNKNOWN no storage (tried 4 times)"), "{error}");
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_with_the_login_and_used_instead_of_it() {
    let fake = Fake::start(|_, request| match (request.line.split('?').next(), request.header("authorization")) {
        (Some("GET /token"), "Basic Ym9iOnNlY3JldA==") => reply(200, r#"{"token":"t","access_token":"t"}"#),
        (Some("GET /token"), _) => reply(401, ""),
        (_, "Bearer t") => reply(200, r#"{"tags":null}"#),
        _ => {
            let realm = format!("http://{}/token", request.header("host"));
            reply(401, "").with("www-authenticate", format!("Bearer realm=\"{realm}\",service=\"s\""))
        }
    })
    .await;
    let (_folder, logins) = login(&fake);
    assert_eq!(fake.remote(logins).history(&pod("p")).await.unwrap().versions, []);
    assert!(fake.seen()[1].line.contains("scope=repository%3Ateam%2Fp%3Apull&service=s"), "{:?}", fake.seen()[1]);
    let error = fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap_err().to_string();
    assert!(error.contains("asks for a login"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_does_not_go_where_a_registry_redirects() {
    let content = b"a pack".to_vec();
    let pack = (Digest::of(&content), content.len() as u64);
    let storage = Fake::start(move |_, _| reply(200, content.clone())).await;
    let place = format!("http://127.0.0.1:{}/signed", storage.port);
    let fake = Fake::start(move |_, request| match request.header("authorization") {
        "" => reply(401, "").with("www-authenticate", "Basic realm=\"x\""),
        _ => reply(307, "").with("location", place.clone()),
    })
    .await;
    let (folder, logins) = login(&fake);
    let to = folder.path().join("pack");
    fake.remote(logins).fetch_pack(&pod("p"), &pack, &to, &Events::silent()).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"a pack");
    let seen = storage.seen();
    assert_eq!((seen.len(), seen[0].header("authorization")), (1, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_redirects_end() {
    let fake = Fake::start(|_, _| reply(302, "").with("location", "/again")).await;
    let error = fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap_err().to_string();
    assert!(error.contains("redirects without end"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_download_goes_on_where_it_stopped() {
    let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    let pack = (Digest::of(&content), content.len() as u64);
    let fake = Fake::start(move |number, request| match request.header("range") {
        "" if number == 0 => Reply { cut: Some(300_000), ..reply(200, content.clone()) },
        range => {
            let from: usize = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
            reply(206, &content[from..])
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("pack");
    let remote = fake.remote(CredentialFiles::default());
    remote.fetch_pack(&pod("p"), &pack, &to, &Events::silent()).await.unwrap();
    assert_eq!(Digest::of(&std::fs::read(&to).unwrap()), pack.0);
    assert_eq!(fake.seen().len(), 2);
}

/// What of the requests of an upload says how it went.
fn told(seen: &[Request]) -> Vec<String> {
    let method = |request: &Request| request.line.split(' ').next().unwrap_or_default().to_owned();
    let line = |request: &Request| {
        format!("{} {} {}", method(request), request.header("content-range"), request.header("content-length"))
    };
    seen.iter().map(line).collect()
}

/// Uploads 400,000 bytes to a registry that answers by `script`, and gives what it was asked.
async fn uploaded(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Vec<String> {
    let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    let pack = (Digest::of(&content), content.len() as u64);
    let fake = Fake::start(script).await;
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("pack");
    std::fs::write(&from, &content).unwrap();
    let remote = fake.remote(CredentialFiles::default());
    remote.store_pack(&pod("p"), &pack, &from, &[], &Events::silent()).await.unwrap();
    told(&fake.seen())
}

/// The registry of the other tests keeps nothing of a request that broke; others do.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_goes_on_after_what_the_registry_kept() {
    let seen = uploaded(|number, request| match request.line.split(' ').next().unwrap() {
        "HEAD" => reply(404, ""),
        "POST" => reply(202, "").with("location", "/u/1"),
        "PUT" if number == 2 => reply(503, "").with("retry-after", "0"),
        "GET" => reply(204, "").with("location", "/u/2").with("range", "0-299999"),
        "PATCH" => reply(202, "").with("location", "/u/3"),
        _ => reply(201, ""),
    })
    .await;
    let rest = ["HEAD  ", "GET  ", "PATCH 300000-399999 100000", "PUT  0"];
    assert_eq!(seen, [&["HEAD  ", "POST  0", "PUT  400000"], &rest[..]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_takes_no_chunks_gets_a_broken_upload_from_its_start() {
    let seen = uploaded(|number, request| match request.line.split(' ').next().unwrap() {
        "HEAD" => reply(404, ""),
        "POST" => reply(202, "").with("location", "/u/1"),
        "PUT" if number == 2 => reply(503, "").with("retry-after", "0"),
        "GET" => reply(204, "").with("range", "0-99999"),
        "PATCH" => reply(405, ""),
        _ => reply(201, ""),
    })
    .await;
    let rest = ["HEAD  ", "GET  ", "PATCH 100000-399999 300000", "HEAD  ", "POST  0", "PUT  400000"];
    assert_eq!(seen, [&["HEAD  ", "POST  0", "PUT  400000"], &rest[..]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_are_read_over_all_their_pages() {
    let fake = Fake::start(|_, request| match request.line.as_str() {
        line if line.contains("/manifests/v1") => reply(200, ""),
        line if line.contains("last=") => reply(200, r#"{"repositories":["team/b","other/c","team/x.c"]}"#),
        _ => {
            let next = "</v2/_catalog?last=team%2Fa&n=1>; rel=\"next\"";
            reply(200, r#"{"repositories":["team/a","team"]}"#).with("link", next)
        }
    })
    .await;
    let pods = fake.remote(CredentialFiles::default()).pods().await.unwrap();
    assert_eq!(pods, ["C", "a", "b"].map(pod));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_leads_elsewhere_or_nowhere_is_refused() {
    for next in ["<http://127.0.0.1:1/v2/x>; rel=\"next\"", "<file:///etc/passwd>; rel=\"next\""] {
        let fake = Fake::start(move |_, _| reply(200, r#"{"repositories":[]}"#).with("link", next)).await;
        let error = fake.remote(CredentialFiles::default()).pods().await.unwrap_err();
        assert!(matches!(error, RemoteError::Hostile { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_list_says_so() {
    let fake = Fake::start(|_, _| reply(404, "")).await;
    let error = fake.remote(CredentialFiles::default()).pods().await.unwrap_err().to_string();
    assert!(error.contains("does not list its pods") && error.contains("pulled by its name"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_does_not_end_and_names_that_are_paths_are_refused() {
    let fake = Fake::start(|_, request| match request.line.as_str() {
        line if line.contains("/tags/list") => reply(200, r#"{"tags":["v1"]}"#),
        _ => reply(200, vec![b' '; 5 * 1024 * 1024]),
    })
    .await;
    let error = fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap_err();
    assert!(matches!(&error, RemoteError::Hostile { reason, .. } if reason.contains("more than")), "{error:?}");

    let names =
        r#"{"repositories":["team/../../etc","team/a/b","/team/x","team/..","team/.","team/%2e%2e","team/ok"]}"#;
    let fake = Fake::start(move |_, request| match request.line.as_str() {
        line if line.contains("/_catalog") => reply(200, names),
        _ => reply(200, ""),
    })
    .await;
    assert_eq!(fake.remote(CredentialFiles::default()).pods().await.unwrap(), [pod("ok")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_another_size_than_announced_and_a_tag_of_another_commit_are_refused() {
    let digest = Digest::of(b"x");
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.podex.commit.v1+json", "digest": digest, "size": 10},
        "layers": [],
    })
    .to_string();
    let confirmed = format!(r#"{{"tags":["v1","v1.{}"]}}"#, Digest::of(b"other").short());
    for (tags, expected) in
        [(r#"{"tags":["v1"]}"#.to_owned(), "more than 10 bytes"), (confirmed, "names another commit")]
    {
        let manifest = manifest.clone();
        let fake = Fake::start(move |_, request| match request.line.as_str() {
            line if line.contains("/tags/list") => reply(200, tags.clone()),
            line if line.contains("/manifests/") => reply(200, manifest.clone()),
            _ => reply(200, vec![b'x'; 100]),
        })
        .await;
        let error = fake.remote(CredentialFiles::default()).history(&pod("p")).await.unwrap_err();
        assert!(matches!(&error, RemoteError::Hostile { reason, .. } if reason.contains(expected)), "{error:?}");
    }
}
