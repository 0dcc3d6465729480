//! Alice searches the live instance and what lies on a remote: both once she has looked at them, each told apart by
//! `is:`.

use serde_json::{Value, json};

use crate::screen::Screen;
use crate::support::{self, Podex};

fn create_queue(name: &str) -> Value {
    json!([{"service": "sqs", "region": "us-east-1", "operation": "CreateQueue", "input": {"QueueName": name}}])
}

/// Types a query in place of the one before, and waits for what it finds.
fn ask(screen: &mut Screen, query: &str, what: &str, wanted: impl Fn(&str) -> bool) {
    screen.press("\x15").press(query);
    screen.wait(what, |text| text.contains(&format!("> {query}")) && !text.contains("reading") && wanted(text));
}

/// Whether some hit has both the place and the name in its row.
fn hit(place: &str, name: &str) -> impl Fn(&str) -> bool {
    move |text| text.lines().any(|line| line.contains(place) && line.contains(name) && !line.contains('>'))
}

fn nothing(text: &str) -> bool {
    text.contains("Nothing has anything like this") && text.contains("0 found")
}

#[test]
fn the_live_instance_and_remote_versions_are_found_once_they_were_looked_at() {
    let Some(ministack) = support::ministack() else { return };
    ministack.play(&create_queue("parked"));
    let bob = Podex::new("Bob").at(&ministack);
    let shared = bob.home().join("shared");
    std::fs::create_dir(&shared).unwrap();
    let url = format!("file://{}", shared.display());
    bob.run(["commit", "garage"]).expect(0);
    bob.run(["remote", "add", "team", &url]).expect(0);
    bob.run(["push", "garage"]).expect(0);
    ministack.play(&create_queue("towed"));

    // Alice has nothing of her own.
    let alice = Podex::new("Alice").at(&ministack);
    alice.run(["remote", "add", "team", &url]).expect(0);
    let mut screen = Screen::open(&alice, &[], (130, 40));
    screen.expect("● ministack").expect("1 pod").press("<C-p>").expect("Type a part");
    ask(&mut screen, "parked", "nothing, before anything was looked at", nothing);
    // The live instance, looked at.
    screen.press("<Esc>").press("gg<Enter>").expect("2 @live").expect("sqs › queue").press("1<C-p>");
    ask(&mut screen, "is:live towed", "the live queue", hit("@live", "towed"));
    ask(&mut screen, "is:remote parked", "nothing of the remote yet", nothing);
    // The remote's version, looked at without pulling it: what was read of the live instance stays.
    screen.press("<Esc>").press("G<Enter>").expect("2 team/garage").expect("sqs › queue").press("1<C-p>");
    ask(&mut screen, "is:remote parked", "the remote's queue", hit("team/garage", "parked"));
    ask(&mut screen, "is:remote towed", "nothing that only the live instance has", nothing);
    ask(&mut screen, "is:live towed", "the live queue again", hit("@live", "towed"));
    ask(&mut screen, "is:local parked", "nothing local", nothing);
    // Both have this one. Enter goes where it is.
    ask(&mut screen, "is:remote parked", "the remote's queue", hit("team/garage", "parked"));
    screen.press("<Enter>").expect("3 queue/parked").expect("MaximumMessageSize").press("q");
    assert_eq!(screen.end(), 0);

    // What Bob commits meanwhile is found after a look at the list, beside what was read before.
    let mut screen = Screen::open(&bob, &[], (130, 40));
    screen.expect("● ministack").expect("garage").press("<C-p>").expect("Type a part");
    ask(&mut screen, "is:local towed", "nothing", nothing);
    bob.run(["commit", "garage"]).expect(0);
    screen.press("<Esc>").press("r");
    screen.wait("the second version", |text| text.contains("● 1 ") && text.contains("○ 2 ")).press("<C-p>");
    ask(&mut screen, "is:local towed", "the new version's queue", hit("garage", "towed"));
    ask(&mut screen, "is:local parked", "what both versions have", hit("garage", "parked"));
    screen.press("<Esc>").press("q");
    assert_eq!(screen.end(), 0);
}
