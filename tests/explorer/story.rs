//! Bob looks into his emulator, keeps what he finds, breaks it, repairs it and shares it; Alice takes it over.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::screen::Screen;
use crate::support::{self, Emulator, Podex};

/// Calls the emulator's SQS API over plain HTTP: independent of podex.
fn sqs(emulator: &Emulator, query: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", emulator.port)).expect("the emulator answers");
    let signature =
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signature}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{query}",
        query.len()
    );
    stream.write_all(request.as_bytes()).expect("the emulator listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the emulator answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{query}: {answer}");
    answer
}

fn queues(emulator: &Emulator) -> String {
    sqs(emulator, "Action=ListQueues&Version=2012-11-05")
}

fn create_queue(emulator: &Emulator, name: &str) {
    sqs(emulator, &format!("Action=CreateQueue&Version=2012-11-05&QueueName={name}"));
}

#[test]
fn browse_commit_compare_inject_undo_push_and_pull() {
    let Some(ministack) = support::ministack() else { return };
    create_queue(&ministack, "orders");
    let bob = Podex::new("Bob").at(&ministack);
    let shared = bob.home().join("shared");
    std::fs::create_dir(&shared).unwrap();
    let url = format!("file://{}", shared.display());

    let mut screen = Screen::open(&bob, &[], (120, 36));
    // Browse the live instance.
    screen.expect("● ministack").expect("none yet").press("<Enter>").expect("2 @live").expect("sqs › queue");
    screen.press("2").press("/queue<Enter>").expect("/queue").press("G").expect("queue/orders");
    screen.press("<Esc>").press("1");
    // Commit it, change it, commit again.
    screen.press("c").expect("Commit the live instance").press("orders<Enter>first light<Enter>");
    screen.expect("committed orders:1");
    create_queue(&ministack, "fresh");
    screen.press("c").expect("Commit the live instance").press("with a fresh queue<Enter>");
    screen.wait("the second commit", |text| text.contains("committed orders:2"));
    // Compare the two.
    screen.press("d").expect("orders:1 → orders:2").expect("+ sqs/queue/fresh").press("<Esc>").expect("1 Pods");
    // Inject the first: the plan says what goes, and nothing goes before the yes.
    screen.press("j").expect("first light").expect("2 orders:1").press("i").expect("Apply");
    screen.expect("delete  sqs/queue/fresh");
    assert!(queues(&ministack).contains("/fresh"));
    screen.press("y").expect("1 applied, 0 failed, 0 left");
    assert!(!queues(&ministack).contains("/fresh"));
    assert!(queues(&ministack).contains("/orders"));
    // Undo it.
    screen.press("u").expect("create  sqs/queue/fresh").press("y").expect("undo the last inject: 1 applied");
    assert!(queues(&ministack).contains("/fresh"));
    // Find something in all pods.
    screen.press("<C-p>").expect("Type a part").press("fresh").expect("found").expect("fresh").press("<Enter>");
    screen.expect("3 queue/fresh").expect("MaximumMessageSize").press("1");
    // Share it.
    screen
        .press("A")
        .expect("Add a remote")
        .press(&format!("team<Enter>{url}<Enter><Enter><Enter>"))
        .expect("remote team added");
    screen.press("P").expect("Push orders to").press("<Enter>").expect("pushed 2 versions");
    screen.press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();

    // What Bob did is what the commands see.
    let versions = bob.run(["versions", "orders", "--json"]).expect(0).json();
    assert_eq!(versions.as_array().map(Vec::len), Some(2), "{versions}");

    // Alice has no emulator and no pods, only the remote.
    let alice = Podex::new("Alice").with("PODEX_ENDPOINT", "http://127.0.0.1:1");
    alice.run(["remote", "add", "team", &url]).expect(0);
    let mut screen = Screen::open(&alice, &[], (120, 36));
    screen.expect("no emulator at").expect("team").expect("1 pod").press("G").expect("This version lies on a remote");
    // Look inside without pulling, then pull.
    screen.press("<Enter>").expect("sqs › queue").press("1").press("p").expect("pulled 2 versions");
    screen.expect("2 orders").expect("with a fresh").press("q");
    assert_eq!(screen.end(), 0);
    let pods = alice.run(["list"]).expect(0).stdout;
    assert!(pods.contains("orders"), "{pods}");
}

#[test]
fn a_start_at_a_resource_shows_it() {
    let Some(ministack) = support::ministack() else { return };
    create_queue(&ministack, "orders");
    let bob = Podex::new("Bob").at(&ministack);
    bob.run(["commit", "p1"]).expect(0);
    let mut screen = Screen::open(&bob, &["inspect", "p1", "sqs/queue/orders"], (120, 36));
    screen.expect("3 queue/orders").expect("MaximumMessageSize").press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn an_emulator_that_goes_away_is_noticed_and_named() {
    let Some(mut ministack) = support::ministack() else { return };
    let bob = Podex::new("Bob").at(&ministack);
    let mut screen = Screen::open(&bob, &[], (120, 36));
    screen.expect("● ministack");
    ministack.kill();
    screen.press("c").expect("Commit the live").press("gone<Enter>too late<Enter>").expect("commit gone failed");
    screen.press("<Esc>").expect("no emulator at").press("q");
    assert_eq!(screen.end(), 0);
    let pods = bob.run(["list"]).expect(0).stdout;
    assert!(!pods.contains("gone"), "{pods}");
}
