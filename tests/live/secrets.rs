//! Bob shares a pod without its secrets; Alice sees what changed, and puts it into her emulator with values of hers.

use std::path::Path;
use std::process::Command;

use crate::support::{self, Emulator, Podex};

/// What no file of a remote may hold.
const SECRETS: [&str; 4] =
    ["hunter2-of-the-database", "hunter2-changed-since", "hunter2-of-a-parameter", "hunter2-in-the-environment"];

/// Makes secrets of every kind on the emulator, or changes one (`step`); by boto3.
fn play(emulator: &Emulator, step: &str) -> String {
    emulator.script("secret_values.py").args([emulator.endpoint(), step.to_owned()]).run()
}

/// Everything in a folder's files, with every zstd frame in it opened.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(all_bytes(&path));
            continue;
        }
        all.extend(support::opened(std::fs::read(&path).expect("a file")));
    }
    all
}

fn assert_holds_no_secret(folder: &Path) {
    let all = all_bytes(folder);
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("made to be seen"), "what is no secret is found");
    for secret in SECRETS {
        assert!(!holds(secret), "{secret} is in {}", folder.display());
    }
}

/// The whole story with a remote at `url`, whose files are in `folder`.
fn share(url: &str, folder: &Path) {
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let (bob, alice) = (Podex::new("Bob").at(&his), Podex::new("Alice").at(&hers));
    for one in [&bob, &alice] {
        one.run(["remote", "add", "team", url]).expect(0);
    }
    play(&his, "make");
    bob.run(["commit", "shop"]).expect(0);
    play(&his, "change");
    bob.run(["commit", "shop"]).expect(0);
    let pushed = bob.run(["push", "shop", "--json"]).expect(0);
    let secrets = &pushed.json()["secrets"];
    assert_eq!((&secrets["mode"], &secrets["values"]), (&"redact".into(), &3.into()), "{secrets}");
    assert!(bob.run(["push", "shop"]).expect(0).stdout.contains("everything was there already"));
    assert_holds_no_secret(folder);
    // Here nothing changed for him.
    let own = bob.run(["inspect", "shop", "lambda/function", "--format", "json", "--show-secrets"]);
    assert!(own.expect(0).stdout.contains("hunter2-changed-since"));
    assert!(bob.run(["versions", "shop"]).expect(0).stdout.contains("team"));

    // She sees what there is, and what changed, but no value.
    alice.run(["pull", "team/shop"]).expect(0);
    let seen = alice.run(["inspect", "shop", "--format", "json", "--show-secrets"]).expect(0).stdout;
    let shown = alice.run(["inspect", "shop", "secretsmanager/secret-version", "--format", "json"]).expect(0).stdout;
    let changed = alice.run(["diff", "shop:1", "shop:2", "--show-secrets"]).expect(0).stdout;
    assert!(changed.contains("API_KEY"), "{changed}");
    assert!(!changed.contains("SecretString") && !changed.contains("SecureValue"), "{changed}");
    for text in [&seen, &shown, &changed] {
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    assert!(shown.contains("(redacted "), "{shown}");

    // Without values: what can be made is, the rest is named.
    let without = alice.run(["inject", "shop", "--yes", "--json"]).expect(5);
    let missing = without.json()["missing_secrets"].as_array().map(Vec::len);
    assert_eq!(missing, Some(3), "{}", without.stdout);
    let live = play(&hers, "read");
    assert!(!live.contains("podex:secret") && live.contains("made to be seen"), "{live}");
    // Her own password for the database stays; the rest she is told.
    play(&hers, "own");
    let file = alice.home().join("secrets.toml");
    let values = "'ssm/parameter//shop/token' = 'hunter2-of-a-parameter'\n\
        'lambda/function/pay#Environment.Variables.API_KEY' = 'hunter2-changed-since'\n";
    std::fs::write(&file, values).expect("it can be written");
    let with = alice.run(["inject", "shop", "--yes", "--secrets-from", &file.to_string_lossy()]).expect(0);
    assert!(with.stderr.contains("chmod 600"), "{}", with.stderr);
    assert!(SECRETS.iter().all(|secret| !with.stderr.contains(secret) && !with.stdout.contains(secret)));
    let live = play(&hers, "read");
    for value in ["hers-and-hers-alone", "hunter2-of-a-parameter", "hunter2-changed-since"] {
        assert!(live.contains(value), "{value} is not in {live}");
    }

    // What she has otherwise is all that differs, for her and, once shared, for him.
    let differs = alice.run(["diff", "shop", "@live"]).expect(0).stdout;
    assert!(differs.contains("SecretString") && !differs.contains("API_KEY"), "{differs}");
    alice.run(["commit", "shop", "-m", "hers"]).expect(0);
    alice.run(["push", "shop"]).expect(0);
    bob.run(["pull", "team/shop"]).expect(0);
    let differs = bob.run(["diff", "shop:2", "shop:3"]).expect(0).stdout;
    assert!(differs.contains("SecretString") && !differs.contains("API_KEY"), "{differs}");
    // His emulator keeps his own password; of another version of it, which she made, he has no value.
    let left = bob.run(["inject", "shop", "--yes"]).expect(5).stderr;
    assert!(left.contains("secretsmanager/secret-version/shop/db"), "{left}");
    assert!(play(&his, "read").contains("hunter2-of-the-database"));
    assert_holds_no_secret(folder);
}

#[test]
fn a_pod_is_shared_without_its_secrets_through_a_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    share(&format!("file://{}", folder.path().display()), folder.path());
}

#[test]
fn a_pod_is_shared_without_its_secrets_through_a_registry() {
    let Some(registry) = support::registry() else { return };
    share(&registry.url("pods"), registry.folder());
}

#[test]
fn secrets_encrypted_to_an_ssh_key_are_opened_by_it_and_closed_to_others() {
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("file://{}", folder.path().display());
    let [bob, alice, carol] = ["Bob", "Alice", "Carol"].map(Podex::new);
    let (bob, alice, carol) = (bob.at(&his), alice.at(&hers), carol.at(&hers));
    let ssh = alice.home().join(".ssh");
    std::fs::create_dir(&ssh).expect("her home is empty");
    let key = ssh.join("id_ed25519");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen is there").success());
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a public key");
    for one in [&bob, &alice, &carol] {
        one.run(["remote", "add", "team", &url, "--recipient", &public]).expect(0);
    }
    play(&his, "make");
    bob.run(["commit", "shop"]).expect(0);
    let pushed = bob.run(["push", "shop"]).expect(0).stdout;
    assert!(pushed.contains("encrypted 3 secret values"), "{pushed}");
    assert_holds_no_secret(folder.path());

    // Carol's emulator gets what needs no key.
    let closed = carol.run(["pull", "team/shop", "--inject", "--yes"]).expect(5);
    assert!(closed.stderr.contains("is encrypted, and no key here opens it"), "{}", closed.stderr);
    let shown = carol.run(["inspect", "shop", "secretsmanager/secret-version", "--format", "json"]).expect(0).stdout;
    assert!(shown.contains("(encrypted "), "{shown}");
    // With a key that is no key, nothing is guessed.
    let wrong = carol.home().join("wrong");
    std::fs::write(&wrong, "hunter2").expect("it can be written");
    let refused = carol.run(["inject", "shop", "--yes", "--identity", &wrong.to_string_lossy()]).expect(2);
    assert!(refused.stderr.contains("neither age identities nor an SSH key"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);

    // Alice's own SSH key opens everything.
    alice.run(["pull", "team/shop", "--inject", "--yes"]).expect(0);
    let live = play(&hers, "read");
    for value in ["hunter2-of-the-database", "hunter2-of-a-parameter", "hunter2-in-the-environment"] {
        assert!(live.contains(value), "{value} is not in {live}");
    }
    alice.run(["diff", "shop", "@live", "--exit-code"]).expect(0);
    // And Carol's does, once she has it.
    carol.run(["inject", "shop", "--yes", "--identity", &key.to_string_lossy()]).expect(0);
}
