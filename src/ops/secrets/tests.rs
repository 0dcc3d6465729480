//! People who share a pod with secrets in it, through a real folder.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use age::secrecy::ExposeSecret;
use age::x25519;
use serde_json::{Value, json};

use super::keys::tests::ssh_key;
use crate::event::{Event, Events};
use crate::ops::{
    self, Context, MergeArgs, MergeKind, MergeOutcome, OpError, Overrides, Paths, PushOutcome, Snapshot, versions,
};
use crate::pod::{Author, Commit, Digest, Document, Marker, Observed, PodName, Reference, ResourceKey, Selector};
use crate::remote::{RemoteConfig, RemoteError, SecretsMode};
use crate::store::{FsckLevel, GcOptions, VersionEntry};

/// What a secret's value, and a function's environment, are in a version.
type Secrets<'a> = &'a [(&'a str, &'a str)];

struct Person {
    name: &'static str,
    context: Context,
    _home: tempfile::TempDir,
}

fn pod() -> PodName {
    "shop".parse().unwrap()
}

fn secret_key(name: &str) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "secretsmanager", "secret-version", [name, "v1"])
}

fn function_key() -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "lambda", "function", ["pay"])
}

impl Person {
    fn new(name: &'static str, share: &Path) -> Self {
        Self::with(name, share, &[])
    }

    /// Somebody whose remote has these recipients.
    fn with(name: &'static str, share: &Path, recipients: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
        // Nobody's own keys take part.
        context.identity = Some(home.path().join("none"));
        std::fs::write(home.path().join("none"), x25519::Identity::generate().to_string().expose_secret()).unwrap();
        let config = RemoteConfig::new("team".parse().unwrap(), format!("file://{}", share.display()));
        let config = RemoteConfig { recipients: recipients.to_vec(), ..config };
        ops::remote_add(&context, config).unwrap();
        Self { name, context, _home: home }
    }

    /// Commits what a capture would have found: secrets, and a function with an environment and this much memory.
    fn commit(&self, secrets: Secrets<'_>, memory: u64) -> VersionEntry {
        let store = &self.context.store;
        let writer = store.writer().unwrap();
        for (name, value) in secrets {
            let document = Document::from_value(json!({"SecretString": value, "VersionStages": ["AWSCURRENT"]}));
            writer.document(secret_key(name), &document, &Observed::new()).unwrap();
        }
        let environment = json!({"API_KEY": "env-opensesame-1", "TABLE": "orders"});
        let function = json!({"MemorySize": memory, "Environment": {"Variables": environment}});
        writer.document(function_key(), &Document::from_value(function), &Observed::new()).unwrap();
        let roots = writer.trees().unwrap();
        let parent = store.head(&pod()).ok().map(|(head, _)| head.commit);
        let commit = Commit {
            parents: parent.into_iter().collect(),
            resources: roots.resources,
            message: format!("by {}", self.name),
            author: Author { name: self.name.to_owned(), email: String::new() },
            time: jiff::Timestamp::now(),
            ..Commit::bare(roots.state, roots.observed)
        };
        let digest = writer.finish(&commit).unwrap();
        store.publish(&pod(), parent, digest).unwrap()
    }

    async fn push(&self, secrets: Option<SecretsMode>) -> Result<PushOutcome, OpError> {
        ops::push(&self.context, &pod(), None, secrets, &Events::silent()).await
    }

    /// Pushes; what was warned of.
    async fn push_warned(&self) -> (PushOutcome, Vec<String>) {
        let (events, warnings) = listening();
        let outcome = ops::push(&self.context, &pod(), None, None, &events).await.unwrap();
        let warnings = warnings.lock().unwrap().clone();
        (outcome, warnings)
    }

    async fn pull(&self) -> Result<(u64, VersionEntry), OpError> {
        let team = "team".parse().unwrap();
        let pulled = ops::pull(&self.context, &team, &pod(), None, None, &Events::silent()).await;
        pulled.map(|(report, head)| (report.commits, head))
    }

    async fn merge(&self) -> MergeOutcome {
        let from = "team/shop".parse().unwrap();
        let args = MergeArgs { into: pod(), from, prefer: None, message: None, dry_run: false };
        ops::merge(&self.context, &args, &Events::silent()).await.unwrap()
    }

    fn head(&self) -> Snapshot {
        let head = self.context.store.resolve(&pod(), &Selector::Head).unwrap();
        Snapshot::load(&self.context.store, head.commit).unwrap()
    }

    /// The secrets of the newest version by name.
    fn secrets(&self) -> BTreeMap<String, Value> {
        let entries =
            self.head().state.entries().map(Result::unwrap).filter(|(key, _)| key.service == "secretsmanager");
        entries.map(|(key, mut value)| (key.name[0].clone(), value["attributes"]["SecretString"].take())).collect()
    }

    fn environment(&self) -> Value {
        let document = self.head().document(&function_key()).unwrap().unwrap();
        document.attributes["Environment"]["Variables"].clone()
    }

    async fn diff(&self, before: &str, after: &str) -> Vec<String> {
        let [before, after]: [Reference; 2] = [before.parse().unwrap(), after.parse().unwrap()];
        let found = ops::diff(&self.context, &before, &after, &Default::default(), &Events::silent()).await.unwrap();
        found
            .changes
            .iter()
            .flat_map(|change| {
                change.properties.iter().map(|property| format!("{} {}", change.key.label(), property.path.join(".")))
            })
            .collect()
    }

    /// Which versions the remote is known to have.
    fn pushed(&self) -> Vec<u64> {
        let versions = versions(&self.context, &pod()).unwrap().into_iter();
        versions.filter(|version| !version.pushed_to.is_empty()).map(|version| version.number).collect()
    }

    fn is_sound(&self) {
        assert_eq!(self.context.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    }

    fn collect_garbage(&self) {
        self.context.store.gc(&GcOptions { dry_run: false, grace: std::time::Duration::ZERO }).unwrap();
        self.is_sound();
    }
}

/// Everything in a folder's files, with every zstd frame in it opened.
fn all_bytes(folder: &Path) -> Vec<u8> {
    const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_bytes(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for start in (0..bytes.len()).filter(|start| bytes[*start..].starts_with(&FRAME)) {
            let mut frame = Vec::new();
            // What only looks like a frame ends in an error; what was read before it counts.
            let _ = zstd::Decoder::new(&bytes[start..]).map(|decoder| decoder.single_frame().read_to_end(&mut frame));
            all.extend(frame);
        }
        all.extend(bytes);
    }
    all
}

/// Events of which the warnings are kept.
fn listening() -> (Events, Arc<Mutex<Vec<String>>>) {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let kept = warnings.clone();
    let report = move |event| {
        if let Event::Warning(text) = event {
            kept.lock().unwrap().push(text);
        }
    };
    (Events::new(report, Default::default()), warnings)
}

fn holds(folder: &Path, text: &str) -> bool {
    all_bytes(folder).windows(text.len()).any(|window| window == text.as_bytes())
}

fn is_marker(value: &Value) -> bool {
    Marker::of(value).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_holds_no_secret_and_what_is_here_keeps_them() {
    let share = tempfile::tempdir().unwrap();
    let bob = Person::new("Bob", share.path());
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-mail")], 128);
    let version = bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-new")], 256);
    let outcome = bob.push(None).await.unwrap();
    assert_eq!((outcome.report.commits, outcome.mode), (2, SecretsMode::Redact));
    assert_eq!(
        outcome.secrets.sentence(outcome.mode).unwrap(),
        "redacted 3 secret values: lambda/function 1 (pay), secretsmanager/secret-version 2 (db/v1, mail/v1)"
    );
    for secret in ["hunter2-db", "hunter2-mail", "hunter2-new", "env-opensesame-1"] {
        assert!(!holds(share.path(), secret), "{secret}");
    }
    // The search itself works: what is no secret is there.
    assert!(holds(share.path(), "AWSCURRENT") && holds(share.path(), "orders"));
    assert_eq!(bob.head().digest, version.commit);
    assert_eq!(bob.secrets()["db"], "hunter2-db");
    assert_eq!(bob.pushed(), [1, 2]);
    assert!(bob.diff("shop", "team/shop").await.is_empty());

    // Once more, and after garbage was collected: nothing new.
    for _ in 0..2 {
        assert_eq!(bob.push(None).await.unwrap().report.commits, 0);
        assert_eq!(bob.pull().await.unwrap(), (0, version));
        bob.collect_garbage();
    }
    // What comes later is sent without what is there already.
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-new")], 512);
    let outcome = bob.push(None).await.unwrap();
    assert_eq!((outcome.report.commits, outcome.secrets.values()), (1, 1), "{:?}", outcome.secrets);
    bob.collect_garbage();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_goes_back_and_forth_and_everybody_keeps_the_secrets_he_knows() {
    let share = tempfile::tempdir().unwrap();
    let [bob, alice] = ["Bob", "Alice"].map(|name| Person::new(name, share.path()));
    let secrets = [("db", "hunter2-db"), ("mail", "hunter2-mail")];
    bob.commit(&secrets, 128);
    bob.commit(&[("db", "hunter2-old"), ("mail", "hunter2-mail")], 128);
    bob.commit(&secrets, 128);
    bob.push(None).await.unwrap();
    // What was left out is no difference to what he has.
    assert!(bob.diff("shop:3", "team/shop:3").await.is_empty());
    assert_eq!(bob.diff("shop:2", "team/shop:3").await, ["secret-version/db/v1 SecretString"]);

    // She sees what changed without seeing what it is.
    assert_eq!(alice.pull().await.unwrap().0, 3);
    assert!(alice.secrets().values().all(is_marker));
    assert!(is_marker(&alice.environment()["API_KEY"]) && alice.environment()["TABLE"] == "orders");
    assert_eq!(alice.diff("shop:1", "shop:2").await, ["secret-version/db/v1 SecretString"]);
    assert!(alice.diff("shop:1", "shop:3").await.is_empty());
    assert_eq!(alice.pull().await.unwrap().0, 0);

    // Her instance has the same secrets but for one: only that one is a change, for her and for him.
    let hers = alice.commit(&[("db", "hunter2-db"), ("mail", "hunter2-hers")], 128);
    assert_eq!(alice.diff("shop:3", "shop:4").await, ["secret-version/mail/v1 SecretString"]);
    assert_eq!(alice.push(None).await.unwrap().report.commits, 1);
    assert_eq!(alice.head().digest, hers.commit);
    assert_eq!(bob.pull().await.unwrap().0, 1);
    assert_eq!(bob.diff("shop:3", "shop:4").await, ["secret-version/mail/v1 SecretString"]);
    assert_eq!(bob.secrets()["db"], "hunter2-db");
    assert!(is_marker(&bob.secrets()["mail"]));
    assert_eq!(bob.environment()["API_KEY"], "env-opensesame-1");
    assert_eq!(bob.pull().await.unwrap().0, 0);

    // And on: his next version is hers plus his change.
    bob.commit(&[("db", "hunter2-next"), ("mail", "hunter2-hers")], 128);
    assert_eq!(bob.push(None).await.unwrap().report.commits, 1);
    let (moved, head) = alice.pull().await.unwrap();
    assert_eq!((moved, head.number), (1, 5));
    assert_eq!(alice.secrets()["mail"], "hunter2-hers");
    assert_eq!(alice.diff("shop:4", "shop:5").await, ["secret-version/db/v1 SecretString"]);
    for person in [&bob, &alice] {
        assert_eq!(person.push(None).await.unwrap().report.commits, 0);
        assert_eq!(person.pushed(), [1, 2, 3, 4, 5]);
        person.collect_garbage();
        assert_eq!(person.pull().await.unwrap().0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_that_parted_are_joined_without_taking_a_redacted_secret_for_a_change() {
    let share = tempfile::tempdir().unwrap();
    let [bob, alice] = ["Bob", "Alice"].map(|name| Person::new(name, share.path()));
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-mail")], 128);
    bob.push(None).await.unwrap();
    alice.pull().await.unwrap();
    alice.commit(&[("db", "hunter2-db"), ("mail", "hunter2-mail"), ("new", "hunter2-new")], 128);
    alice.push(None).await.unwrap();
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-mail")], 256);
    let error = bob.push(None).await.unwrap_err();
    assert!(matches!(error, OpError::Remote(RemoteError::Diverged { .. })), "{error}");
    assert!(matches!(bob.pull().await.unwrap_err(), OpError::Remote(RemoteError::BothMoved { .. })));

    let outcome = bob.merge().await;
    assert_eq!((outcome.kind, outcome.changed), (MergeKind::Merged, (1, 0, 0)));
    let secrets = bob.secrets();
    assert_eq!((&secrets["db"], &secrets["mail"]), (&json!("hunter2-db"), &json!("hunter2-mail")));
    assert!(is_marker(&secrets["new"]));
    assert_eq!(bob.push(None).await.unwrap().report.commits, 1);
    assert_eq!(bob.merge().await.kind, MergeKind::UpToDate);

    // The merge, and what Bob had pushed beside her version.
    let (moved, _) = alice.pull().await.unwrap();
    assert_eq!((moved, alice.secrets()["new"].clone()), (2, json!("hunter2-new")));
    assert_eq!(alice.head().document(&function_key()).unwrap().unwrap().attributes["MemorySize"], 256);
    assert_eq!(alice.push(None).await.unwrap().report.commits, 0);
    for secret in ["hunter2", "env-opensesame-1"] {
        assert!(!holds(share.path(), secret), "{secret}");
    }
    alice.is_sound();
    bob.is_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_without_secrets_is_the_same_on_both_sides() {
    let share = tempfile::tempdir().unwrap();
    let [bob, alice] = ["Bob", "Alice"].map(|name| Person::new(name, share.path()));
    let store = &bob.context.store;
    let mut parent: Option<Digest> = None;
    for number in 0..3 {
        let writer = store.writer().unwrap();
        let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", ["orders"]);
        writer.document(key, &Document::from_value(json!({"DelaySeconds": number})), &Observed::new()).unwrap();
        let roots = writer.trees().unwrap();
        let parents = parent.into_iter().collect();
        let commit = Commit { parents, ..Commit::bare(roots.state, roots.observed) };
        let digest = writer.finish(&commit).unwrap();
        store.publish(&pod(), parent, digest).unwrap();
        parent = Some(digest);
    }
    let outcome = bob.push(None).await.unwrap();
    assert_eq!((outcome.report.commits, outcome.secrets.values()), (3, 0));
    let (moved, head) = alice.pull().await.unwrap();
    assert_eq!((moved, Some(head.commit)), (3, parent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_may_have_them_gets_the_secrets_and_another_does_not() {
    let (share, open) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bob = Person::new("Bob", share.path());
    bob.commit(&[("db", "hunter2-db")], 128);
    bob.push(None).await.unwrap();
    let trusted = RemoteConfig {
        secrets: Some(SecretsMode::Include),
        ..RemoteConfig::new("trusted".parse().unwrap(), format!("file://{}", open.path().display()))
    };
    ops::remote_add(&bob.context, trusted).unwrap();
    let name = "trusted".parse().unwrap();
    let push = || async { ops::push(&bob.context, &pod(), Some(&name), None, &Events::silent()).await.unwrap() };
    assert_eq!(push().await.mode, SecretsMode::Include);
    assert!(holds(open.path(), "hunter2-db") && !holds(share.path(), "hunter2-db"));
    let head = bob.head().digest;
    let there = ops::remote_history(&bob.context, &name, &pod(), &Events::silent()).await.unwrap().versions;
    assert_eq!(there.last().unwrap().digest, head);
    assert_eq!(push().await.report.commits, 0);

    // Both go on, and what was included once is left out when that is asked for.
    bob.commit(&[("db", "hunter2-next")], 128);
    let team = "team".parse().unwrap();
    ops::push(&bob.context, &pod(), Some(&team), None, &Events::silent()).await.unwrap();
    let outcome =
        ops::push(&bob.context, &pod(), Some(&name), Some(SecretsMode::Redact), &Events::silent()).await.unwrap();
    assert_eq!((outcome.report.commits, outcome.secrets.values()), (1, 2));
    for folder in [&share, &open] {
        assert!(!holds(folder.path(), "hunter2-next"));
    }
    bob.is_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_is_opened_by_a_teammates_ssh_key_and_closed_to_others() {
    let (share, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (hers, her_public) = ssh_key(keys.path(), "ed25519", "");
    let recipients = [her_public, x25519::Identity::generate().to_public().to_string()];
    let [bob, mut alice, carol] = ["Bob", "Alice", "Carol"].map(|name| Person::with(name, share.path(), &recipients));
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-mail")], 128);
    let outcome = bob.push(None).await.unwrap();
    assert_eq!((outcome.mode, outcome.secrets.values()), (SecretsMode::Encrypt, 3));
    bob.commit(&[("db", "hunter2-db"), ("mail", "hunter2-new")], 128);
    // Only what changed is encrypted anew.
    assert_eq!(bob.push(None).await.unwrap().secrets.values(), 1);
    assert_eq!(bob.push(None).await.unwrap().report.commits, 0);
    for secret in ["hunter2", "env-opensesame-1"] {
        assert!(!holds(share.path(), secret), "{secret}");
    }

    // Carol has no key: she can look, and sees what changed.
    assert_eq!(carol.pull().await.unwrap().0, 2);
    assert!(carol.secrets().values().all(|value| Marker::of(value).is_some_and(|marker| marker.sealed().is_some())));
    assert_eq!(carol.diff("shop:1", "shop:2").await, ["secret-version/mail/v1 SecretString"]);
    // Alice has one: for her it is as for Bob.
    alice.context.identity = Some(hers);
    assert_eq!(alice.pull().await.unwrap().0, 2);
    assert_eq!(alice.secrets(), bob.secrets());
    assert_eq!(alice.environment(), bob.environment());
    assert_eq!(alice.head().commit.withheld, None);
    assert_eq!(alice.pull().await.unwrap().0, 0);

    // What she shares is encrypted to all of them again, and what nobody changed is no change.
    alice.commit(&[("db", "hunter2-db"), ("mail", "hunter2-hers")], 128);
    assert_eq!(alice.push(None).await.unwrap().report.commits, 1);
    for person in [&bob, &carol] {
        assert_eq!(person.pull().await.unwrap().0, 1);
        assert_eq!(person.diff("shop:2", "shop:3").await, ["secret-version/mail/v1 SecretString"]);
    }
    assert_eq!(bob.secrets()["db"], "hunter2-db");
    for person in [&bob, &alice, &carol] {
        person.collect_garbage();
        assert_eq!(person.push(None).await.unwrap().report.commits, 0);
    }
    assert!(!holds(share.path(), "hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn to_encrypt_to_nobody_is_refused_before_anything_is_sent() {
    let share = tempfile::tempdir().unwrap();
    let bob = Person::new("Bob", share.path());
    bob.commit(&[("db", "hunter2-db")], 128);
    let error = bob.push(Some(SecretsMode::Encrypt)).await.unwrap_err().to_string();
    assert!(error.contains("--recipient"), "{error}");
    assert_eq!(std::fs::read_dir(share.path()).unwrap().count(), 0);
    let private = RemoteConfig {
        recipients: vec!["AGE-SECRET-KEY-1HUNTER2".to_owned()],
        ..RemoteConfig::new("other".parse().unwrap(), "file:///other")
    };
    let error = ops::remote_add(&bob.context, private).unwrap_err().to_string();
    assert!(error.contains("public key") && !error.contains("HUNTER2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_nobody_marked_are_left_out_of_values_and_named_in_bodies() {
    let share = tempfile::tempdir().unwrap();
    let bob = Person::new("Bob", share.path());
    // Put together, so that no scanner takes this file for one with a key.
    let token = ["gh", "p_aZ4kQ9mW2xT7vB1nC5dE8fG3hJ6pL0rS4uY2"].concat();
    let store = &bob.context.store;
    let writer = store.writer().unwrap();
    let item = ResourceKey::new("000000000000", "us-east-1", "dynamodb", "item", ["settings", "ci"]);
    let content = json!({"Item": {"id": {"S": "ci"}, "token": {"S": format!("use {token}")}}});
    writer.document(item, &Document::from_value(content), &Observed::new()).unwrap();
    for (name, text) in [("env", format!("TOKEN={token}\n")), ("readme", "nothing to see".to_owned())] {
        let mut blob = writer.blob().unwrap();
        blob.write_all(text.as_bytes()).unwrap();
        let blobs = [("body".to_owned(), blob.finish().unwrap())].into();
        let key = ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["config", name]);
        writer.document(key, &Document { blobs, ..Document::default() }, &Observed::new()).unwrap();
    }
    let roots = writer.trees().unwrap();
    let digest = writer.finish(&Commit::bare(roots.state, roots.observed)).unwrap();
    store.publish(&pod(), None, digest).unwrap();

    let (outcome, warnings) = bob.push_warned().await;
    assert_eq!(
        outcome.secrets.sentence(outcome.mode).unwrap(),
        "redacted 1 secret value: dynamodb/item 1 (settings/ci)"
    );
    assert_eq!(warnings, ["s3/object/config/env seems to hold a GitHub token: bodies are pushed as they are"]);
    assert!(!warnings[0].contains(&token));
    // What is there already is looked through no more.
    assert_eq!(bob.push_warned().await.1, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_is_exported_without_secrets_and_imported_with_those_that_are_known() {
    let share = tempfile::tempdir().unwrap();
    let (bob, alice) = (Person::new("Bob", share.path()), Person::new("Alice", share.path()));
    bob.commit(&[("db", "opensesame-1"), ("mail", "opensesame-2")], 128);
    let identity = x25519::Identity::generate();
    let file = |name: &str| share.path().join(name);
    let export = async |mode, recipients: &[String], name: &str| {
        let secrets = ops::ExportSecrets { mode, recipients: recipients.to_vec() };
        let form = ops::ExportForm::Open(crate::archive::Container::Tar);
        let reference = "shop".parse().unwrap();
        ops::export(&bob.context, &reference, form, secrets, &file(name), &Events::silent()).await
    };
    let recipients = [identity.to_public().to_string()];
    for (mode, recipients, name, in_the_file) in [
        (SecretsMode::Redact, &[][..], "redacted.tar", 0),
        (SecretsMode::Encrypt, &recipients[..], "encrypted.tar", 0),
        (SecretsMode::Include, &[][..], "whole.tar", 3),
    ] {
        let exported = export(mode, recipients, name).await.unwrap();
        assert_eq!((exported.documents, exported.secrets.values()), (3, 3), "{name}");
        let bytes = std::fs::read(file(name)).unwrap();
        let found = ["opensesame-1\"", "opensesame-2\"", "env-opensesame-1\""];
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        // The first is the end of the third, too.
        assert_eq!(found.iter().filter(|text| holds(text)).count(), in_the_file, "{name}");
    }
    for (mode, recipients) in [(SecretsMode::Encrypt, &[][..]), (SecretsMode::Redact, &recipients[..])] {
        let error = export(mode, recipients, "none.tar").await.unwrap_err().to_string();
        assert!(error.contains("--recipient KEY") && !file("none.tar").exists(), "{error}");
    }

    let import = async |person: &Person, name: &str| {
        let (events, warnings) = listening();
        ops::import(&person.context, &file(name), None, None, &events).await.unwrap();
        warnings.lock().unwrap().join("\n")
    };
    // She is told what she lacks; with a key she has it; he knows all of it himself.
    let told = import(&alice, "redacted.tar").await;
    assert!(told.contains("the file lacks 3 secret values: lambda/function 1 (pay)"), "{told}");
    assert!(alice.secrets().values().all(is_marker));
    let mut friend = Person::new("Friend", share.path());
    let key = share.path().join("identity");
    std::fs::write(&key, identity.to_string().expose_secret()).unwrap();
    friend.context.identity = Some(key);
    assert_eq!(import(&friend, "encrypted.tar").await, "");
    assert_eq!(friend.secrets()["db"], "opensesame-1");
    assert_eq!(import(&bob, "redacted.tar").await, "");
    assert_eq!(bob.secrets()["mail"], "opensesame-2");
    for person in [&bob, &alice, &friend] {
        assert_eq!(person.context.store.fsck(FsckLevel::Full).unwrap(), Vec::<String>::new());
    }
}
