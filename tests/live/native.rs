//! LocalStack's own state, `--native`.
//!
//! Only a LocalStack with a licence gives its state out and takes one, and none could be had to test with: the server
//! here is a fake. It answers as LocalStack's published clients expect it, and passes everything else on to ministack.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{self, Asked, Emulator, Podex, Spoil, Spoiler};

type Files = BTreeMap<String, Vec<u8>>;

/// What the fake holds and has seen.
#[derive(Default)]
struct State {
    /// Its state as a zip.
    zip: Vec<u8>,
    /// What it answers instead of giving the state out.
    refusal: Option<fn(&[u8]) -> Spoil>,
    /// What it answers to a state that it is given.
    reply: Option<(u16, String)>,
    /// The only token it takes, where it asks for one.
    token: Option<&'static str>,
    /// The strategies of the states that it was given.
    strategies: Vec<String>,
    /// The authorizations that it was sent.
    authorizations: Vec<String>,
}

/// The fake before a real ministack.
struct Licensed {
    front: Spoiler,
    state: Arc<Mutex<State>>,
}

impl Licensed {
    fn before(ministack: &Emulator, files: &Files) -> Self {
        let state = Arc::new(Mutex::new(State { zip: zipped(files), ..State::default() }));
        let front = Spoiler::before(ministack);
        let shared = Arc::clone(&state);
        front.spoil(move |asked| answer(&mut shared.lock().expect("no answer panics"), asked));
        Self { front, state }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("no answer panics"));
    }

    fn files(&self) -> Files {
        unzipped(&self.state.lock().expect("no answer panics").zip)
    }

    fn user(&self) -> Podex {
        Podex::new("Bob").with("PODEX_ENDPOINT", &self.front.endpoint())
    }
}

fn answer(state: &mut State, asked: &Asked) -> Option<Spoil> {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    if path == "/_ministack/health" {
        return Some(Spoil::text(404, "no such path"));
    }
    if !path.starts_with("/_localstack/pods") {
        return None;
    }
    let sent = asked.head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    });
    state.authorizations.extend(sent.clone());
    if let Some(token) = state.token
        && sent.as_deref() != Some(token)
    {
        return Some(Spoil::text(401, "who are you?"));
    }
    if asked.method == "GET" {
        let refusal = state.refusal.map(|refusal| refusal(&state.zip));
        return Some(refusal.unwrap_or_else(|| Spoil::Answer(200, state.zip.clone())));
    }
    state.strategies.push(query.trim_start_matches("merge=").to_owned());
    if let Some((status, text)) = &state.reply {
        return Some(Spoil::text(*status, text.clone()));
    }
    state.zip.clone_from(&asked.body);
    let line = |service: &str| json!({"service": service, "status": "ok", "message": "x".repeat(3 << 20)}).to_string();
    Some(Spoil::text(201, ["s3", "sqs", "lambda"].map(line).join("\n")))
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(name, stored).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn unzipped(zip: &[u8]) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut files = Files::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).expect("a member");
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("a whole member");
        files.insert(member.name().to_owned(), bytes);
    }
    files
}

const QUEUES: &str = "api_states/000000000000/sqs/us-east-1/store.state";

fn files() -> Files {
    [
        ("metadata.yaml", "localstack_version: 4.14.0\nservices: [lambda, s3, sqs]\n"),
        ("api_states/000000000000/s3/us-east-1/store.state", "\u{80}\u{4}buckets"),
        (QUEUES, "\u{80}\u{4}queues"),
        ("api_states/000000000000/sqs/us-east-1/backend.state", "\u{80}\u{4}moto"),
        ("assets/lambda/code/f.zip", "PK"),
        ("something/new", "of a later version"),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into()
}

/// A ministack with a bucket.
fn ministack() -> Option<Emulator> {
    let ministack = support::ministack()?;
    ministack.play(
        &json!([{"service": "s3", "region": "us-east-1", "operation": "CreateBucket", "input": {"Bucket": "orders"}}]),
    );
    Some(ministack)
}

#[test]
fn what_a_licensed_localstack_gives_out_is_kept_file_by_file_and_taken_back() {
    let Some(ministack) = ministack() else { return };
    let (first, mut second) = (files(), files());
    second.insert(QUEUES.to_owned(), b"other queues".to_vec());
    let licensed = Licensed::before(&ministack, &first);
    let bob = licensed.user();
    let commit = bob.run(["commit", "shop", "--native", "--json"]).expect(0).json();
    let report = &commit["commit"]["report"];
    assert_eq!(report["s3/bucket"]["count"], 1, "the documents are there as ever: {report}");
    assert_eq!(
        (&report["sqs/native-state"]["count"], &report["localstack/native-state"]["count"]),
        (&json!(2), &json!(2))
    );
    // Exports and imports are of the same files.
    bob.run(["export", "shop", "back.zip", "--format", "localstack"]).expect(0);
    let back = std::fs::read(bob.home().join("back.zip")).expect("the export");
    assert_eq!(unzipped(&back), first);
    bob.run(["import", "back.zip", "copy"]).expect(0);
    bob.run(["diff", "copy", "shop", "--only", "*/native-state", "--exit-code"]).expect(0);
    // A file that changed is told by digest and size, and the only one.
    licensed.set(|state| state.zip = zipped(&second));
    bob.run(["commit", "shop", "--native"]).expect(0);
    let changes = bob.run(["diff", "shop:1", "shop:2", "--json"]).expect(0).json();
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(1), "{changes}");
    let text = bob.run(["diff", "shop:1", "shop:2"]).expect(0).stdout;
    assert!(text.contains("store.state") && text.contains("12 B (sha256"), "{text}");
    // A commit without is silent about it, and does not delete it.
    bob.run(["commit", "shop"]).expect(0);
    bob.run(["diff", "shop:2", "shop:3", "--exit-code"]).expect(0);
    // Back in, and undone.
    let inject = ["inject", "shop:1", "--native", "--strategy", "overwrite"];
    assert!(bob.run(inject).expect(2).stderr.contains("--yes"), "it replaces what is there");
    let done = bob.run(inject.into_iter().chain(["--yes", "--json"])).expect(0).json();
    assert_eq!(done["report"]["applied"].as_array().map(Vec::len), Some(1), "{done}");
    assert_eq!(licensed.files(), first);
    bob.run(["undo", "--yes"]).expect(0);
    assert_eq!(licensed.files(), second);
    bob.run(["inject", "shop:1", "--native", "--service", "s3,sqs", "--yes"]).expect(0);
    let of_lambda = |files: &Files| files.keys().any(|name| name.contains("lambda"));
    assert!(!of_lambda(&licensed.files()) && of_lambda(&first));
    licensed.set(|state| assert_eq!(state.strategies, ["overwrite", "overwrite", "account-region-merge"]));
    // Nobody could find the secrets in it.
    bob.run(["remote", "add", "team", &format!("file://{}", bob.home().join("team").display())]).expect(0);
    let refused = bob.run(["push", "shop", "team"]).expect(1);
    assert!(refused.stderr.contains("--secrets include"), "{}", refused.stderr);
    bob.run(["push", "shop", "team", "--secrets", "include"]).expect(0);
    bob.run(["fsck"]).expect(0);
}

#[test]
fn without_a_licence_native_says_so_and_commits_nothing() {
    let Some(ministack) = ministack() else { return };
    let licensed = Licensed::before(&ministack, &files());
    licensed.set(|state| state.refusal = Some(|_| Spoil::text(404, "")));
    let bob = licensed.user();
    let refused = bob.run(["commit", "shop", "--native"]).expect(1);
    assert!(refused.stderr.contains("licence") && refused.stderr.contains("--native"), "{}", refused.stderr);
    let other = bob.run(["commit", "shop", "--native", "--endpoint", &ministack.endpoint()]).expect(1);
    assert!(other.stderr.contains("ministack has no state of its own"), "{}", other.stderr);
    assert_eq!(bob.run(["list", "--json"]).expect(0).json(), json!([]));
    bob.run(["commit", "shop"]).expect(0);
    let none = bob.run(["inject", "shop", "--native", "--yes"]).expect(1);
    assert!(none.stderr.contains("holds no state of LocalStack's own"), "{}", none.stderr);
}

#[test]
fn the_token_goes_where_it_is_asked_for_and_nowhere_else() {
    let Some(ministack) = ministack() else { return };
    let licensed = Licensed::before(&ministack, &files());
    let bob = licensed.user().with("LOCALSTACK_AUTH_TOKEN", "ls-secret-token");
    bob.run(["commit", "shop", "--native"]).expect(0);
    licensed.set(|state| assert_eq!(state.authorizations, [""; 0], "it was not asked for"));
    // ":ls-secret-token" in base64.
    licensed.set(|state| state.token = Some("Basic OmxzLXNlY3JldC10b2tlbg=="));
    bob.run(["commit", "shop", "--native"]).expect(0);
    bob.run(["inject", "shop:1", "--native", "--yes"]).expect(0);
    let without = licensed.user().run(["commit", "shop", "--native"]).expect(1);
    assert!(without.stderr.contains("set LOCALSTACK_AUTH_TOKEN"), "{}", without.stderr);
    let wrong = licensed.user().with("LOCALSTACK_AUTH_TOKEN", "other").run(["commit", "shop", "--native"]).expect(1);
    assert!(wrong.stderr.contains("is not one it takes") && !wrong.stderr.contains("other"), "{}", wrong.stderr);
    assert!(!holds(bob.home(), b"ls-secret-token"), "the token is written nowhere");
}

/// Whether a file below a folder holds some bytes.
fn holds(folder: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        let found = || std::fs::read(&path).expect("a file").windows(bytes.len()).any(|window| window == bytes);
        if path.is_dir() { holds(&path, bytes) } else { found() }
    })
}

/// A zip whose only member has this name.
fn named(name: &str) -> Vec<u8> {
    zipped(&[(name.to_owned(), b"x".to_vec()), ("metadata.yaml".to_owned(), Vec::new())].into())
}

/// The end of a zip that says it has more members than there are bytes.
fn countless() -> Vec<u8> {
    let mut end = b"PK\x06\x06".to_vec();
    end.resize(24, 0);
    end.extend([0xff; 16]);
    end.resize(56, 0);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&end);
    zip.extend(b"PK\x06\x07\0\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0");
    zip.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    zip
}

/// Two gibibytes of zeros in two mebibytes.
fn bomb() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(QUEUES, zip::write::SimpleFileOptions::default()).expect("a name");
    let zeros = vec![0; 1 << 20];
    (0..2048).for_each(|_| writer.write_all(&zeros).expect("memory"));
    writer.finish().expect("memory").into_inner()
}

/// A name, what the server does to a good answer, and what podex says of it.
type Evil = (&'static str, fn(&[u8]) -> Spoil, &'static str);

#[test]
fn a_state_that_does_not_come_whole_or_means_harm_costs_itself_alone() {
    let Some(ministack) = ministack() else { return };
    let licensed = Licensed::before(&ministack, &files());
    let bob = licensed.user();
    let evils: [Evil; 8] = [
        ("an error", |_| Spoil::text(500, "cannot pickle '_thread.lock' object"), "_thread.lock"),
        ("half a zip", |zip| Spoil::Answer(200, zip[..zip.len() / 2].to_vec()), "cannot be kept"),
        ("no zip", |_| Spoil::text(200, "hello"), "no zip"),
        ("nothing", |_| Spoil::text(200, ""), "no zip"),
        ("a way out", |_| Spoil::Answer(200, named("../../evil")), "leads out"),
        ("one file twice", |_| Spoil::Answer(200, named("./metadata.yaml")), "twice"),
        ("a bomb", |_| Spoil::Answer(200, bomb()), "bomb"),
        ("a countless list", |_| Spoil::Answer(200, countless()), "more than podex reads"),
    ];
    for (number, (what, refusal, said)) in evils.into_iter().enumerate() {
        licensed.set(|state| state.refusal = Some(refusal));
        let strict = bob.run(["commit", &format!("strict{number}"), "--native", "--strict"]).expect(1);
        assert!(strict.stderr.contains("localstack/native-state"), "{what}: {}", strict.stderr);
        let commit = bob.run_within(700, ["commit", &format!("p{number}"), "--native", "--json"]).expect(5);
        let report = commit.json()["commit"]["report"].clone();
        assert_eq!(report["s3/bucket"]["count"], 1, "{what}: {report}");
        let line = &report["localstack/native-state"];
        assert!(line["outcome"] == "failed" && line["notes"].to_string().contains(said), "{what}: {line}");
        assert!(!line.to_string().contains(&bob.home().display().to_string()), "{what}: {line}");
    }
    bob.run(["fsck"]).expect(0);
    assert!(!bob.run(["list"]).expect(0).stdout.contains("strict"));
}

#[test]
fn what_localstack_says_of_each_service_is_reported() {
    let Some(ministack) = ministack() else { return };
    let (first, mut second) = (files(), files());
    second.insert(QUEUES.to_owned(), b"other queues".to_vec());
    second.insert("api_states/000000000000/s3/us-east-1/store.state".to_owned(), b"other buckets".to_vec());
    let licensed = Licensed::before(&ministack, &first);
    let bob = licensed.user();
    bob.run(["commit", "shop", "--native"]).expect(0);
    licensed.set(|state| state.zip = zipped(&second));
    let inject = |status: u16, text: &str, code: i32| -> Value {
        licensed.set(|state| state.reply = Some((status, text.to_owned())));
        let done = bob.run(["inject", "shop", "--native", "--yes", "--json"]).expect(code);
        if code == 5 { done.json()["report"].clone() } else { json!(done.stderr) }
    };
    let ok = r#"{"service": "s3", "status": "ok", "message": ""}"#;
    let report = inject(
        201,
        &format!("{ok}\n\n{}\n", r#"{"service": "sqs", "status": "error", "message": "no module moto"}"#),
        5,
    );
    assert_eq!(report["applied"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["failed"].to_string().contains("no module moto"), "{report}");
    let report = inject(201, &format!("{ok}\n"), 5);
    assert!(report["left"].to_string().contains("sqs"), "{report}");
    let report = inject(201, &format!("{ok}\nTraceback (most recent call last)"), 5);
    assert!(report["stopped"].to_string().contains("not as LocalStack writes it"), "{report}");
    for (status, text) in [(400, "no such strategy"), (422, "made by another version")] {
        assert!(inject(status, text, 1).to_string().contains(text));
    }
    let usage = bob.run(["inject", "shop", "--native", "--strategy", "three-way", "--yes"]).expect(2);
    assert!(usage.stderr.contains("podex merge"), "{}", usage.stderr);
    for pattern in ["--only", "--except"] {
        let usage = bob.run(["inject", "shop", "--native", pattern, "sqs", "--yes"]).expect(2);
        assert!(usage.stderr.contains("by service"), "{}", usage.stderr);
    }
}
