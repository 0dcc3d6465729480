//! Secrets on their way to every kind of place and back, by the commands that people use.

use std::process::Command;

use podex::ops::{Context, Overrides, Paths};
use podex::pod::{Commit, Document, Observed, PodName, ResourceKey};
use serde_json::json;

use super::fixture::Place;
use super::pod;
use super::support::{self, Podex};

const SECRETS: [&str; 2] = ["hunter2-of-the-database", "hunter2-in-the-environment"];

/// What is no secret.
const PLAIN: &str = "made to be seen";

/// Makes a pod with secrets, as a capture would.
fn commit(bob: &Podex, name: &PodName) {
    let context = Context::new(Paths::under(bob.home()), Overrides::default()).unwrap();
    let writer = context.store.writer().unwrap();
    let key = |service: &str, kind: &str, id: &[&str]| {
        ResourceKey::new("000000000000", "us-east-1", service, kind, id.iter().map(|part| (*part).to_owned()))
    };
    let secret = json!({"SecretString": SECRETS[0], "VersionStages": ["AWSCURRENT"]});
    let variables = json!({"API_KEY": SECRETS[1], "TABLE": PLAIN});
    let function = json!({"MemorySize": 128, "Environment": {"Variables": variables}});
    for (key, value) in [
        (key("secretsmanager", "secret-version", &["db", "v1"]), secret),
        (key("lambda", "function", &["pay"]), function),
    ] {
        writer.document(key, &Document::from_value(value), &Observed::new()).unwrap();
    }
    let roots = writer.trees().unwrap();
    let commit = Commit {
        resources: roots.resources,
        message: "with secrets".to_owned(),
        ..Commit::bare(roots.state, roots.observed)
    };
    let digest = writer.finish(&commit).unwrap();
    context.store.publish(name, None, digest).unwrap();
}

/// Everything that the place has of a pod's newest version, with every zstd frame in it opened.
async fn bytes_there(place: &Place, name: &PodName) -> Vec<u8> {
    let history = place.remote().history(name).await.unwrap();
    let head = history.versions.last().expect("it was pushed").digest;
    let packs = place.remote().packs(name, &head).await.unwrap();
    let mut all = Vec::new();
    for digest in packs.iter().map(|pack| pack.0).chain([head]) {
        all.extend(support::opened(place.bytes_of(&digest)));
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What of [`SECRETS`] somebody has in a pod.
fn known(person: &Podex, name: &PodName) -> usize {
    let shown = person.run(["inspect", name.as_str(), "--format", "json", "--show-secrets"]).expect(0).stdout;
    assert!(shown.contains(PLAIN), "{shown}");
    SECRETS.iter().filter(|secret| shown.contains(**secret)).count()
}

pub async fn secrets_are_redacted_encrypted_or_included(place: &Place) {
    let [bob, alice, carol] = ["Bob", "Alice", "Carol"].map(|name| place.podex(name));
    let ssh = alice.home().join(".ssh");
    std::fs::create_dir(&ssh).unwrap();
    let key = ssh.join("id_ed25519");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen is there").success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    for person in [&bob, &alice, &carol] {
        person.run(place.remote_add().iter().map(String::as_str).chain(["--recipient", &public])).expect(0);
    }
    // What is there of the secrets, and what each of the others gets.
    for (mode, there, [hers, carols]) in [("redact", 0, [0, 0]), ("encrypt", 0, [2, 0]), ("include", 2, [2, 2])] {
        let name = pod(mode);
        commit(&bob, &name);
        let pushed = bob.run(["push", mode, "team", "--secrets", mode, "--json"]).expect(0).json();
        assert_eq!(pushed["secrets"]["mode"], mode, "{pushed}");
        assert_eq!(pushed["secrets"]["values"], if mode == "include" { 0 } else { 2 }, "{pushed}");
        let bytes = bytes_there(place, &name).await;
        assert!(holds(&bytes, PLAIN), "{mode}: what is no secret is found");
        assert_eq!(SECRETS.iter().filter(|secret| holds(&bytes, secret)).count(), there, "{mode}");
        for (person, gets) in [(&alice, hers), (&carol, carols)] {
            person.run(["pull", &format!("team/{mode}")]).expect(0);
            assert_eq!(known(person, &name), gets, "{mode}");
        }
        // Here nothing changed, and there is nothing new.
        assert_eq!(known(&bob, &name), 2, "{mode}");
        let again = bob.run(["push", mode, "team", "--secrets", mode]).expect(0).stdout;
        assert!(again.contains("everything was there already"), "{mode}: {again}");
        bob.run(["pull", &format!("team/{mode}")]).expect(0);
        assert_eq!(known(&bob, &name), 2, "{mode}");
    }
}
