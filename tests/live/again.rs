//! What is not asked for again: bodies that are here already, and services that an inject has nothing to do with.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::reading::{assert_same, observe, play, seed};
use crate::round_trip::BUCKET_KEY;
use crate::support::{self, Counter, Emulator, Podex, Spoiler};

const REGION: &str = "us-east-1";

fn put(key: &str, letter: &str, kind: &str) -> Value {
    // In base64: more than is read again rather than asked about.
    let body = letter.repeat(200_000);
    json!({"service": "s3", "region": REGION, "operation": "PutObject",
           "input": {"Bucket": "again", "Key": key, "Body": body, "Metadata": {"kind": kind}}})
}

/// Lets everything pass, and gives the paths of the objects whose bodies were asked for so far.
fn bodies(front: &Spoiler) -> impl Fn() -> Vec<String> + use<> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    front.spoil(move |asked| {
        let path = asked.target.split('?').next().unwrap_or_default();
        let is_object = asked.service == "s3" && path.trim_start_matches('/').contains('/');
        if asked.method == "GET" && is_object && !asked.target.contains("tagging") {
            log.lock().unwrap().push(path.to_owned());
        }
        None
    });
    move || std::mem::take(&mut *seen.lock().unwrap())
}

fn bodies_are_not_read_again(start: fn() -> Option<Emulator>) {
    let Some(emulator) = start() else { return };
    emulator.play(&json!([
        {"service": "s3", "region": REGION, "operation": "CreateBucket", "input": {"Bucket": "again"}},
        put("one", "aaaa", "same"),
        put("two", "bbbb", "same"),
    ]));
    // Uploaded in two parts, as the SDKs do.
    emulator.script("size.py").args(["seed", "object", "9"]).run();
    let front = Spoiler::before(&emulator);
    let asked = bodies(&front);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &front.endpoint());
    podex.run(["commit", "p1", "--service", "s3"]).expect(0);
    assert_eq!(asked().len(), 3);
    emulator.reset();
    podex.run(["inject", "p1", "--yes"]).expect(0);
    // The instance holds what the pod holds; only times differ. A pod without any version knows of the inject.
    for pod in ["p1", "p2"] {
        podex.run(["commit", pod, "--service", "s3"]).expect(0);
        assert_eq!(asked(), [""; 0], "{}", emulator.name);
    }
    podex.run(["diff", "p1:1", "p2:1", "--exit-code"]).expect(0);
    let wrong = emulator.script("size.py").args(["check", "object", "9"]).run();
    assert_eq!(wrong.trim(), "{}");

    // What only looks the same is seen: other metadata, and another body of the same size.
    emulator.play(&json!([put("one", "aaaa", "other"), put("two", "cccc", "same")]));
    podex.run(["commit", "p1", "--service", "s3"]).expect(0);
    assert_eq!(asked(), ["/again/two"]);
    let changed = podex.run(["diff", "p2:1", "p1", "--json"]).expect(0).json();
    let changed: Vec<&str> =
        changed["changes"].as_array().unwrap().iter().filter_map(|one| one["key"].as_str()).collect();
    assert!(changed.len() == 2 && changed[0].ends_with("/one") && changed[1].ends_with("/two"), "{changed:?}");
}

#[test]
fn bodies_that_an_inject_brought_are_not_read_again_on_ministack() {
    bodies_are_not_read_again(support::ministack);
}

#[test]
fn bodies_that_an_inject_brought_are_not_read_again_on_moto() {
    bodies_are_not_read_again(support::moto);
}

#[test]
fn an_inject_of_one_service_looks_at_what_it_concerns_and_its_undo_is_whole() {
    let Some(ministack) = support::ministack() else { return };
    seed(&ministack, None);
    let counter = Counter::before(&ministack);
    let podex = Podex::new("Bob").with("PODEX_ENDPOINT", &counter.endpoint());
    podex.run(["commit", "p1"]).expect(0);
    let whole = counter.take();
    // What stands alone: elsewhere an emulator may refuse what refers to what is not there.
    for service in ["dynamodb", "ssm"] {
        ministack.reset();
        play(&ministack, &["orders/1-build.json"]);
        let before = observe(&ministack, None);
        counter.take();
        podex.run(["inject", "p1", "--service", service, "--yes"]).expect(0);
        let asked = counter.take();
        assert!(asked * 2 < whole, "{asked} requests, and {whole} for all services");
        // Nothing was put in of the others, so nothing of them has drifted.
        podex.run(["status", "--exit-code"]).expect(0);
        podex.run(["undo", "--yes"]).expect(0);
        assert_same(&before, &observe(&ministack, None), &[BUCKET_KEY]);
    }
}
