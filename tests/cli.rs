//! The whole program, without any emulator: what it prints, what it refuses, and how it exits.

mod support;

use std::io::Write;
use std::process::Stdio;

use podex::pod::{Author, Commit, Digest, Document, InstanceInfo, Observed, ResourceKey};
use podex::store::{Store, Writer};
use serde_json::{Value, json};
use support::Podex;

/// A port nothing listens on: it was free a moment ago.
fn dead_endpoint() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn add(writer: &Writer, kind: (&str, &str), name: &[&str], attributes: Value) {
    let key = ResourceKey::new("000000000000", "us-east-1", kind.0, kind.1, name.iter().copied());
    let mut document = Document::from_value(attributes);
    if kind.1 == "object" {
        let mut blob = writer.blob().unwrap();
        blob.write_all(b"the body\x00\xff").unwrap();
        document.blobs.insert("body".to_owned(), blob.finish().unwrap());
    }
    writer.document(key, &document, &Observed::new()).unwrap();
}

/// Publishes a version of `pod` in the user's store.
fn publish(podex: &Podex, pod: &str, message: &str, fill: impl FnOnce(&Writer)) -> Digest {
    let store = Store::open(&podex.home().join("data/store")).unwrap();
    let pod = pod.parse().unwrap();
    let parent = store.versions(&pod).ok().and_then(|versions| versions.last().map(|version| version.commit));
    let writer = store.writer().unwrap();
    fill(&writer);
    let roots = writer.trees().unwrap();
    let commit = Commit {
        parents: parent.into_iter().collect(),
        resources: roots.resources,
        message: message.to_owned(),
        author: Author { name: "Alice".to_owned(), email: String::new() },
        time: "2026-01-02T03:04:05Z".parse().unwrap(),
        instance: InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "moto".to_owned(),
            version: "5".to_owned(),
        },
        ..Commit::bare(roots.state, roots.observed)
    };
    let digest = writer.finish(&commit).unwrap();
    store.publish(&pod, parent, digest).unwrap();
    digest
}

/// A user with pod `shop` in two versions.
fn with_shop() -> Podex {
    let podex = Podex::new("Alice");
    publish(&podex, "shop", "first \x1b[31mred", |writer| {
        add(writer, ("s3", "bucket"), &["photos"], json!({}));
        add(writer, ("s3", "object"), &["photos", "cat.jpg"], json!({"ContentType": "image/jpeg"}));
        add(writer, ("sqs", "queue"), &["orders"], json!({"Attributes": {"VisibilityTimeout": "30"}}));
    });
    publish(&podex, "shop", "second", |writer| {
        add(writer, ("s3", "bucket"), &["photos"], json!({}));
        add(writer, ("s3", "object"), &["photos", "cat.jpg"], json!({"ContentType": "image/jpeg"}));
        add(writer, ("sqs", "queue"), &["orders"], json!({"Attributes": {"VisibilityTimeout": "60"}}));
        add(writer, ("sqs", "queue"), &["returns"], json!({}));
    });
    podex
}

#[test]
fn help_teaches_by_example() {
    let podex = Podex::new("Alice");
    let help = podex.run(["--help"]).expect(0).stdout;
    for text in ["commit", "inject", "Examples:", "Exit codes:", "@live", "--endpoint"] {
        assert!(help.contains(text), "{text} is not in\n{help}");
    }
    insta::assert_snapshot!("inject_help", podex.run(["inject", "--help"]).expect(0).stdout);
    assert!(podex.run(["--version"]).expect(0).stdout.starts_with("podex "));
}

#[test]
fn the_versions_on_a_remote_are_listed_without_pulling_them() {
    let podex = with_shop();
    let share = format!("file://{}/share", podex.home().display());
    podex.run(["remote", "add", "team", &share]).expect(0);
    podex.run(["push", "shop", "team"]).expect(0);
    let other = Podex::new("Bob");
    other.run(["remote", "add", "team", &share]).expect(0);
    let versions = other.run(["versions", "team/shop", "--json"]).expect(0).json();
    let numbers: Vec<_> = versions.as_array().unwrap().iter().map(|version| version["version"].as_u64()).collect();
    assert_eq!(numbers, [Some(2), Some(1)]);
    let table = other.run(["versions", "team/shop"]).expect(0).stdout;
    assert!(table.contains("Alice") && table.contains("second") && !table.contains('\u{1b}'), "{table}");
    let unknown = other.run(["versions", "team/shp"]).expect(1);
    assert!(unknown.stderr.contains("did you mean shop?"), "{}", unknown.stderr);
    other.run(["versions", "team/shop:1"]).expect(2);
    assert_eq!(other.run(["list", "--json"]).expect(0).json(), json!([]));
}

#[cfg(unix)]
#[test]
fn a_login_goes_to_the_helper_that_docker_uses_and_nowhere_else() {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    let podex = Podex::new("Alice");
    let helpers = podex.home().join("bin");
    std::fs::create_dir_all(podex.home().join(".docker")).unwrap();
    std::fs::create_dir_all(&helpers).unwrap();
    let helper = helpers.join("docker-credential-podextest");
    std::fs::write(&helper, "#!/bin/sh\ncat > \"$HOME/kept-$1\"\n").unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", helpers.display(), std::env::var("PATH").unwrap());
    let podex = podex.with("PATH", &path);
    podex.run(["remote", "add", "team", "oci://registry.example/pods"]).expect(0);
    let login = || {
        let mut command = podex.command(["remote", "login", "team", "--username", "bob", "--password-stdin"]);
        let command = command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"hunter2\n").unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = login();
    assert!(code == Some(1) && said.contains("docker login registry.example") && !said.contains("hunter2"), "{said}");
    std::fs::write(podex.home().join(".docker/config.json"), r#"{"credsStore": "podextest"}"#).unwrap();
    assert_eq!(login(), (Some(0), String::new()));
    let kept: serde_json::Value =
        serde_json::from_slice(&std::fs::read(podex.home().join("kept-store")).unwrap()).unwrap();
    assert_eq!(kept, json!({"ServerURL": "registry.example", "Username": "bob", "Secret": "hunter2"}));
    let config = std::fs::read_to_string(podex.home().join("config.toml")).unwrap();
    assert!(!config.contains("hunter2"), "{config}");

    std::fs::write(podex.home().join("config.toml"), config.replace("oci://", "oci://bob:hunter2@")).unwrap();
    let refused = podex.run(["remote", "list"]).expect(1);
    assert!(refused.stderr.contains("remote login") && !refused.stderr.contains("hunter2"), "{}", refused.stderr);
    assert!(!refused.stdout.contains("hunter2"), "{}", refused.stdout);
}

#[test]
fn usage_errors_exit_with_2() {
    let podex = Podex::new("Alice");
    for args in [
        &["frobnicate"][..],
        &["commit"],
        &["commit", "not a name"],
        &["inject", "shop:0"],
        &["inject", "shop", "--strategy", "overwite"],
        &["inject", "@live"],
        &["diff", "@live", "@live"],
        &["list", "--endpoint", "ftp://x"],
        &["list", "--account", "12"],
        &["push", "--name", "shop", "one", "two"],
    ] {
        let outcome = podex.run(args).expect(2);
        assert!(outcome.stderr.starts_with("error:"), "{args:?}: {}", outcome.stderr);
    }
    let unknown = podex.run(["inject", "shop", "--strategy", "overwite"]).expect(2);
    assert!(unknown.stderr.contains("overwrite"), "{}", unknown.stderr);
}

#[test]
fn without_a_terminal_the_explorer_names_the_commands_to_use() {
    let outcome = Podex::new("Alice").run::<&str>([]).expect(2);
    assert!(outcome.stderr.contains("needs a terminal"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("podex inspect"), "{}", outcome.stderr);
}

#[test]
fn an_empty_store_says_how_to_begin() {
    let podex = Podex::new("Alice");
    assert!(podex.run(["list"]).expect(0).stdout.contains("podex commit POD"));
    assert_eq!(podex.run(["list", "--json"]).expect(0).json(), json!([]));
    podex.run(["fsck"]).expect(0);
}

#[test]
fn pods_are_listed_with_their_newest_version() {
    let podex = with_shop();
    let listed = podex.run(["list"]).expect(0).stdout;
    assert!(listed.contains("shop") && listed.contains("second") && listed.contains("Alice"), "{listed}");
    assert_eq!(podex.run(["list", "--json"]).expect(0).json()[0]["versions"], 2);
    let versions = podex.run(["versions", "--name", "shop"]).expect(0).stdout;
    assert!(versions.contains("first \\u{1b}[31mred"), "control characters are shown, not obeyed: {versions}");
    let log = podex.run(["log", "shop"]).expect(0).stdout;
    assert!(log.contains("moto 5 at http://localhost:4566") && !log.contains('\x1b'), "{log}");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_ones() {
    let podex = with_shop();
    for (args, hint) in [
        (&["versions", "shpo"][..], "did you mean shop?"),
        (&["inspect", "shop:7"], "versions 1 to 2"),
        (&["inspect", "shop", "s3/bucket/photo"], "did you mean s3/bucket/photos"),
        (&["diff", "shop:1", "shop@abcdef"], "shop"),
        (&["remote", "remove", "team"], "podex remote add"),
        (&["list", "team"], "team"),
    ] {
        let outcome = podex.run(args).expect(1);
        assert!(outcome.stderr.contains(hint), "{args:?}: {}", outcome.stderr);
    }
    let outcome = podex.run(["diff", "shop:1", "shop:2", "--service", "sqss"]).expect(2);
    assert!(outcome.stderr.contains("did you mean sqs?"), "{}", outcome.stderr);
    let outcome = podex.run(["diff", "shop:1", "shop:2", "--only", "sqs/queue/order"]).expect(0);
    assert!(outcome.stderr.contains("matches nothing; did you mean sqs/queue/orders"), "{}", outcome.stderr);
}

#[test]
fn differences_are_shown_property_by_property() {
    let podex = with_shop();
    insta::assert_snapshot!("diff", podex.run(["diff", "shop:1", "shop:2"]).expect(0).stdout);
    podex.run(["diff", "shop:1", "shop:2", "--exit-code"]).expect(3);
    podex.run(["diff", "shop:1", "shop:1", "--exit-code"]).expect(0);
    let json = podex.run(["diff", "shop:1", "shop", "--json"]).expect(0).json();
    assert_eq!(json["summary"], json!({"added": 1, "modified": 1, "removed": 0, "renamed": 0}));
    assert_eq!(
        json["changes"][0]["properties"],
        json!([{"path": ["Attributes", "VisibilityTimeout"], "before": "30", "after": "60"}])
    );
}

/// The zip of a function's code.
fn code(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn add_bytes(writer: &Writer, kind: (&str, &str), name: &[&str], attributes: Value, bytes: (&str, &[u8])) {
    let key = ResourceKey::new("000000000000", "us-east-1", kind.0, kind.1, name.iter().copied());
    let mut document = Document::from_value(attributes);
    let mut blob = writer.blob().unwrap();
    blob.write_all(bytes.1).unwrap();
    document.blobs.insert(bytes.0.to_owned(), blob.finish().unwrap());
    let mut observed = Observed::new();
    observed.insert("Seen".to_owned(), bytes.1.len().into());
    writer.document(key, &document, &observed).unwrap();
}

/// A user with pod `app`, whose two versions differ in every way that is shown in its own manner.
fn with_app() -> Podex {
    let podex = Podex::new("Alice");
    publish(&podex, "app", "first", |writer| {
        let function = json!({"Runtime": "python3.12"});
        let zip = code(&[("app.py", "a = 1\n"), ("old.py", "b = 1\n"), ("same.py", "c = 1\n")]);
        add_bytes(writer, ("lambda", "function"), &["sign"], function, ("code", &zip));
        add_bytes(writer, ("s3", "object"), &["b", "cat.txt"], json!({"Tag": "1"}), ("body", b"meow\n"));
        add_bytes(writer, ("s3", "object"), &["b", "lines.txt"], json!({}), ("body", b"one\ntwo\nthree\n"));
        add_bytes(writer, ("s3", "object"), &["b", "raw"], json!({}), ("body", b"\x00\x01"));
        add(writer, ("s3", "bucket"), &["b"], json!({"Cors": {"x": {"AllowedMethods": ["GET", "HEAD"]}}}));
        let secret = json!({"SecretString": "{\"user\": \"a\", \"word\": \"hunter2\"}"});
        add(writer, ("secretsmanager", "secret-version"), &["key", "v1"], secret);
        add(writer, ("ssm", "parameter"), &["conf"], json!({"Value": "{\"debug\": false, \"level\": 1}"}));
        add(writer, ("sqs", "queue"), &["gone"], json!({"Attributes": {"DelaySeconds": "7"}}));
    });
    publish(&podex, "app", "second", |writer| {
        let function = json!({"Runtime": "python3.13"});
        let zip = code(&[("app.py", "a = 2\n"), ("new.py", "b = 1\n"), ("same.py", "c = 1\n")]);
        add_bytes(writer, ("lambda", "function"), &["sign"], function, ("code", &zip));
        add_bytes(writer, ("s3", "object"), &["b", "pets/cat.txt"], json!({"Tag": "1"}), ("body", b"meow\n"));
        add_bytes(writer, ("s3", "object"), &["b", "lines.txt"], json!({}), ("body", b"one\n2\nthree\n"));
        add_bytes(writer, ("s3", "object"), &["b", "raw"], json!({}), ("body", b"\x00\x01\x02"));
        add(writer, ("s3", "bucket"), &["b"], json!({"Cors": {"x": {"AllowedMethods": ["HEAD", "PUT"]}}}));
        let secret = json!({"SecretString": "{\"user\": \"a\", \"word\": \"hunter3\"}"});
        add(writer, ("secretsmanager", "secret-version"), &["key", "v1"], secret);
        add(writer, ("ssm", "parameter"), &["conf"], json!({"Value": "{\"debug\":true,\"level\":1}"}));
        add(writer, ("sqs", "queue"), &["come"], json!({"Attributes": {"DelaySeconds": "8"}}));
    });
    podex
}

#[test]
fn every_kind_of_difference_is_shown_in_its_own_manner() {
    let podex = with_app();
    insta::assert_snapshot!("diff_kinds", podex.run(["diff", "app:1", "app:2", "--all"]).expect(0).stdout);
    insta::assert_snapshot!("diff_stat", podex.run(["diff", "app:1", "app:2", "--stat"]).expect(0).stdout);
    insta::assert_snapshot!("diff_columns", podex.run(["diff", "app:1", "app:2", "--side-by-side"]).expect(0).stdout);
    let stat = podex.run(["diff", "app:1", "app:2", "--stat", "--json"]).expect(0).json();
    assert_eq!(stat["services"]["s3"], json!({"added": 0, "modified": 3, "removed": 0, "renamed": 1}));
    assert_eq!(stat["services"]["sqs"], json!({"added": 1, "modified": 0, "removed": 1, "renamed": 0}));
    let json = podex.run(["diff", "app:1", "app:2", "--only", "s3/object", "--json"]).expect(0).json();
    assert_eq!(json["renames"][0]["to"], "000000000000/us-east-1/s3/object/b/pets%2Fcat.txt");
}

#[test]
fn a_version_is_exported_and_comes_back_to_the_same_state() {
    let podex = with_app();
    let file = |name: &str| podex.home().join(name).display().to_string();
    for name in ["app.tar", "app.zip"] {
        let file = file(name);
        podex.run(["export", "app:2", &file]).expect(0);
        let refused = podex.run(["export", "app:2", &file]).expect(2);
        assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
        podex.run(["export", "app:2", &file, "--force"]).expect(0);
        let bob = Podex::new("Bob");
        let imported = bob.run(["import", &file, "--json"]).expect(0).json();
        assert_eq!((&imported["pod"], &imported["version"]), (&json!("app"), &json!(1)));
        let version = &podex.run(["versions", "app", "--json"]).expect(0).json()[0];
        assert_eq!(imported["state"], version["commit"]["state"]);
        assert_eq!(bob.run(["versions", "app", "--json"]).expect(0).json()[0]["commit"]["author"]["name"], "Alice");
        bob.run(["fsck"]).expect(0);
        // Into a pod that is there it comes on top.
        let again = podex.run(["import", &file, "-m", "back again", "--json"]).expect(0).json();
        assert_eq!(again["state"], imported["state"]);
        podex.run(["diff", "app:2", &file, "--exit-code"]).expect(0);
        assert!(podex.run(["diff", &file, "app:1"]).expect(0).stdout.contains("1 renamed"));
    }
    let not_one = file("nothing.zip");
    std::fs::write(&not_one, "PK, but no zip").unwrap();
    podex.run(["import", &not_one, "x"]).expect(1);
    podex.run(["export", "app", "--format", "localstack", &file("ls.zip")]).expect(1);
    assert_eq!(podex.run(["list", "--json"]).expect(0).json().as_array().map(Vec::len), Some(1));
}

/// A user with pod `shop` in four versions that touch two queues.
fn with_history() -> Podex {
    let podex = Podex::new("Alice");
    let queue = |writer: &Writer, name: &str, timeout: &str, delay: &str| {
        let attributes = json!({"Attributes": {"VisibilityTimeout": timeout, "DelaySeconds": delay}});
        add(writer, ("sqs", "queue"), &[name], attributes);
    };
    for (message, orders, returns) in [
        ("orders", ("30", "1"), None),
        ("returns", ("30", "1"), Some("5")),
        ("slower", ("60", "1"), Some("5")),
        ("later", ("60", "1"), Some("7")),
    ] {
        publish(&podex, "shop", message, |writer| {
            queue(writer, "orders", orders.0, orders.1);
            returns.inspect(|delay| queue(writer, "returns", "30", delay));
        });
    }
    podex
}

#[test]
fn blame_names_the_version_that_last_changed_each_property() {
    let podex = with_history();
    let blamed = |args: &[&str]| -> Vec<(u64, String)> {
        let list = podex.run([&["blame", "shop"], args, &["--json"]].concat()).expect(0).json();
        let entries = list.as_array().unwrap().iter().map(|one| {
            let path: Vec<&str> = one["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
            (one["version"].as_u64().unwrap(), path.join("."))
        });
        entries.collect()
    };
    let (delay, timeout) = ("Attributes.DelaySeconds".to_owned(), "Attributes.VisibilityTimeout".to_owned());
    assert_eq!(blamed(&["sqs/queue/orders"]), [(1, delay.clone()), (3, timeout.clone())]);
    assert_eq!(blamed(&["sqs/queue/returns"]), [(4, delay.clone()), (2, timeout)]);
    assert_eq!(blamed(&["sqs/queue/returns", &delay]), [(4, delay)]);
    assert_eq!(blamed(&["sqs"]), [(3, String::new()), (4, String::new())]);
    let shown = podex.run(["blame", "shop:3", "sqs/queue/returns"]).expect(0).stdout;
    assert!(shown.contains("returns") && shown.contains("Alice") && !shown.contains("later"), "{shown}");
    let unknown = podex.run(["blame", "shop", "sqs/queue/orders", "Attributes.Delay"]).expect(1);
    assert!(unknown.stderr.contains("has no property"), "{}", unknown.stderr);
}

#[test]
fn log_with_a_path_lists_the_versions_that_touched_it() {
    let podex = with_history();
    let touched = |path: &str| -> Vec<u64> {
        let list = podex.run(["log", "shop", path, "--json"]).expect(0).json();
        list.as_array().unwrap().iter().map(|one| one["version"]["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(touched("sqs/queue/orders"), [3, 1]);
    assert_eq!(touched("sqs/queue/ret*"), [4, 2]);
    assert_eq!(touched("sqs"), [4, 3, 2, 1]);
    let shown = podex.run(["log", "--name", "shop", "sqs/queue/returns"]).expect(0).stdout;
    assert!(shown.contains("+ sqs/queue/returns") && shown.contains("~ sqs/queue/returns"), "{shown}");
    podex.run(["log", "shop", "s3"]).expect(1);
}

#[test]
fn a_patch_turns_the_first_version_into_the_second() {
    let podex = with_app();
    let documents = |reference: &str| -> Value {
        let file = podex.home().join("documents.json").display().to_string();
        podex.run(["export", reference, &file, "--force"]).expect(0);
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap()
    };
    let refused = podex.run(["diff", "app:1", "app:2", "--patch"]).expect(2);
    assert!(refused.stderr.contains("--show-secrets") && !refused.stderr.contains("hunter"), "{}", refused.stderr);
    let patch = podex.run(["diff", "app:1", "app:2", "--patch", "--show-secrets"]).expect(0).stdout;
    assert!(patch.contains("\"move\""), "{patch}");
    let mut document = documents("app:1");
    json_patch::patch(&mut document, &serde_json::from_str::<json_patch::Patch>(&patch).unwrap()).unwrap();
    assert_eq!(document, documents("app:2"));
}

#[test]
fn a_version_is_inspected_as_tree_document_json_and_bytes() {
    let podex = with_shop();
    insta::assert_snapshot!("inspect_tree", podex.run(["inspect", "shop"]).expect(0).stdout);
    let document = podex.run(["inspect", "shop", "sqs/queue/orders"]).expect(0).stdout;
    assert!(document.contains("\"VisibilityTimeout\": \"60\""), "{document}");
    let json = podex.run(["inspect", "--name", "shop:1", "sqs", "--json"]).expect(0).json();
    assert_eq!(json["resources"][0]["key"], "000000000000/us-east-1/sqs/queue/orders");
    let output = podex.command(["inspect", "shop", "s3/object/photos/cat.jpg", "--body"]).output().unwrap();
    assert_eq!(output.stdout, b"the body\x00\xff");
    podex.run(["inspect", "shop", "sqs/queue/orders", "--body"]).expect(1);
    podex.run(["inspect", "shop", "s3", "--body"]).expect(2);
}

#[test]
fn a_pod_is_renamed_and_deleted_but_not_by_accident() {
    let podex = with_shop();
    podex.run(["rename", "shop", "store"]).expect(0);
    podex.run(["versions", "shop"]).expect(1);
    let refused = podex.run(["delete", "store"]).expect(2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    podex.run(["delete", "store", "--yes"]).expect(0);
    assert_eq!(podex.run(["list", "--json"]).expect(0).json(), json!([]));
    let log = podex.run(["log"]).expect(0).stdout;
    assert!(log.contains("renamed shop to store") && log.contains("deleted store"), "{log}");
}

#[test]
fn search_finds_names_and_values_in_every_version() {
    let podex = with_shop();
    let hits = podex.run(["search", "ordrs", "--json"]).expect(0).json();
    assert_eq!(hits[0]["text"], "sqs/queue/orders");
    assert_eq!(hits[0]["places"].as_array().map(Vec::len), Some(2));
    let shown = podex.run(["search", "image", "jpeg"]).expect(0).stdout;
    assert!(shown.contains("ContentType: image/jpeg") && shown.contains("shop:1-2"), "{shown}");
    podex.run(["search", "zzzzzz"]).expect(1);
}

#[test]
fn nothing_answering_says_what_was_tried_and_how_to_start_one() {
    let podex = Podex::new("Alice").with("PODEX_ENDPOINT", &dead_endpoint());
    for args in [&["commit", "p1"][..], &["status"], &["inspect", "@live"]] {
        let outcome = podex.run(args).expect(1);
        for text in ["no AWS emulator answers at http://127.0.0.1:", "podex instance start", "given by PODEX_ENDPOINT"]
        {
            assert!(outcome.stderr.contains(text), "{args:?}: {}", outcome.stderr);
        }
    }
    assert_eq!(podex.run(["list", "--json"]).expect(0).json(), json!([]), "no pod was begun");
}

#[test]
fn the_endpoint_of_the_flag_wins_over_the_environment() {
    let podex = Podex::new("Alice").with("PODEX_ENDPOINT", "ftp://wrong").with("AWS_ENDPOINT_URL", "ftp://wrong");
    let outcome = podex.run(["status"]).expect(2);
    assert!(outcome.stderr.contains("PODEX_ENDPOINT"), "{}", outcome.stderr);
    let outcome = podex.run(["status", "--endpoint", &dead_endpoint()]).expect(1);
    assert!(outcome.stderr.contains("given by --endpoint"), "{}", outcome.stderr);
}

#[test]
fn a_mistake_in_the_configuration_is_named_with_file_and_line() {
    let podex = with_shop();
    let file = podex.run(["config", "path"]).expect(0).stdout.trim().to_owned();
    std::fs::write(&file, "theme = 'dark'\ncolour = 'red'\n").unwrap();
    let outcome = podex.run(["list"]).expect(1);
    assert!(outcome.stderr.contains(&format!("{file}, line 2: unknown field `colour`")), "{}", outcome.stderr);
    podex.run(["config", "path"]).expect(0);
    podex.run(["completions", "bash"]).expect(0);
}

#[test]
fn remotes_are_kept_in_the_configuration() {
    let podex = Podex::new("Alice");
    let url = format!("file://{}", podex.home().join("remote").display());
    podex.run(["remote", "add", "team", &url]).expect(0);
    assert!(podex.run(["remote", "list"]).expect(0).stdout.contains(&url));
    let twice = podex.run(["remote", "add", "team", &url]).expect(1);
    assert!(twice.stderr.contains("already a remote team"), "{}", twice.stderr);
    let unknown = podex.run(["remote", "remove", "taem"]).expect(1);
    assert!(unknown.stderr.contains("did you mean team?"), "{}", unknown.stderr);
    podex.run(["remote", "add", "bad", "http://x"]).expect(2);
    podex.run(["remote", "remove", "team"]).expect(0);
    assert_eq!(podex.run(["remote", "list", "--json"]).expect(0).json(), json!([]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let podex = with_shop();
    let mut child =
        podex.command(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn gc_says_what_would_go_and_then_removes_it() {
    let podex = with_shop();
    publish(&podex, "large", "", |writer| {
        let noise: String = (0..4000u32).map(|number| Digest::of(&number.to_le_bytes()).hex()).collect();
        add(writer, ("sqs", "queue"), &["orders"], json!({"Attributes": {"Text": noise}}));
    });
    podex.run(["delete", "large", "--yes"]).expect(0);
    let young = podex.run(["gc", "--json"]).expect(0).json();
    assert_eq!((&young["young_packs"], &young["garbage_chunks"]), (&json!(3), &json!(0)));
    let dry = podex.run(["gc", "--dry-run", "--grace", "0s", "--json"]).expect(0).json();
    assert!(dry["bytes_after"].as_u64() < dry["bytes_before"].as_u64(), "{dry}");
    assert!(podex.run(["gc", "--grace", "0s"]).expect(0).stdout.starts_with("removed "));
    let stats = podex.run(["store", "stats", "--json"]).expect(0).json();
    assert_eq!((&stats["pods"], &stats["versions"], &stats["commits"]["count"]), (&json!(1), &json!(2), &json!(2)));
    assert!(podex.run(["store", "stats"]).expect(0).stdout.contains("tree nodes"));
    podex.run(["fsck"]).expect(0);
    podex.run(["diff", "shop:1", "shop:2"]).expect(0);
    podex.run(["gc", "--grace", "soon"]).expect(2);
}

#[test]
fn pods_are_forked_versions_tagged_and_deleted_and_a_store_repaired() {
    let podex = with_shop();
    podex.run(["fork", "shop:1", "old"]).expect(0);
    assert_eq!(podex.run(["versions", "old", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
    podex.run(["tag", "shop:1", "release"]).expect(0);
    podex.run(["diff", "shop:release", "shop:1", "--exit-code"]).expect(0);
    assert!(podex.run(["versions", "shop"]).expect(0).stdout.contains("release"));
    assert!(podex.run(["delete", "shop:1", "--yes"]).expect(1).stderr.contains("tag release"));
    podex.run(["tag", "shop", "release", "--delete"]).expect(0);
    podex.run(["delete", "shop:release", "--yes"]).expect(1);
    podex.run(["delete", "shop:1", "--yes"]).expect(0);
    podex.run(["delete", "shop:2"]).expect(2);
    podex.run(["inspect", "shop:1"]).expect(1);
    podex.run(["inspect", "shop:2"]).expect(0);
    podex.run(["tag", "team/shop", "x"]).expect(2);

    let index = std::fs::read_dir(podex.home().join("data/store/idx")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&index, "rubbish").unwrap();
    podex.run(["fsck", "--level", "structure"]).expect(1);
    let log = podex.home().join("data/store/ops");
    let log = std::fs::read_dir(log).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[5] = 0;
    std::fs::write(&log, bytes).unwrap();
    podex.run(["fsck"]).expect(1);
    assert!(podex.run(["fsck", "--repair"]).expect(0).stdout.contains("left out"));
    podex.run(["fsck"]).expect(0);
}

/// An emulator by its health page, whose services answer nonsense.
fn nonsense() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let length = std::io::Read::read(&mut stream, &mut head).unwrap_or_default();
            let healthy = head[..length].starts_with(b"GET /_ministack/health");
            let body = if healthy { r#"{"version": "1"}"# } else { "<nonsense" };
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            // Whoever hung up does not want the answer.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    endpoint
}

#[test]
fn a_service_that_answers_nonsense_makes_a_commit_partial_and_a_strict_one_fail() {
    let podex = Podex::new("Alice").with("PODEX_ENDPOINT", &nonsense());
    let commit = ["commit", "p1", "--service", "sns", "--region", "us-east-1"];
    let strict = podex.run(commit.into_iter().chain(["--strict"])).expect(1);
    assert!(strict.stderr.contains("sns/topic"), "{}", strict.stderr);
    assert_eq!(podex.run(["list", "--json"]).expect(0).json(), json!([]));
    let partial = podex.run(commit.into_iter().chain(["--json"])).expect(5).json();
    assert_eq!(partial["commit"]["report"]["sns/topic"]["outcome"], "failed");
}
