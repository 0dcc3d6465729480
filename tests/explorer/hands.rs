//! What people do with their hands besides pressing one key: editor, mouse, clipboard, and what cannot be taken back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::screen::Screen;
use crate::support::{self, Emulator, Podex};

/// A user with a pod `p1` of some parameters, in its second version.
fn with_a_pod(ministack: &Emulator) -> Podex {
    let bob = Podex::new("Bob").at(ministack);
    ministack.script("play.py").args([ministack.endpoint()]).args(["orders/1-build.json"]).run();
    bob.run(["commit", "p1", "-m", "first"]).expect(0);
    ministack.script("play.py").args([ministack.endpoint()]).args(["orders/4-drift.json"]).run();
    bob.run(["commit", "p1", "-m", "second"]).expect(0);
    bob
}

#[test]
fn an_editor_shows_the_document_and_gives_the_screen_back() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack);
    // Like a real editor it takes the terminal, draws over everything, waits for a key, and leaves a mess.
    let editor = bob.home().join("editor");
    let script =
        "#!/bin/sh\ncp \"$1\" seen.json; printf '\\033[2J\\033[Hhello from the editor'; read line; echo scribble\n";
    std::fs::write(&editor, script).unwrap();
    let bob = bob.with("EDITOR", &format!("sh {}", editor.display()));
    let mut screen = Screen::open(&bob, &["inspect", "p1", "ssm/parameter//orders/greeting"], (120, 36));
    screen
        .expect("greeting ─")
        .press("v")
        .expect("Thanks! It is on its way")
        .press("e")
        .expect("hello from the editor");
    assert_eq!(screen.with(vt100::Screen::mouse_protocol_mode), vt100::MouseProtocolMode::None);
    screen.press("<Enter>").expect("1 Pods").expect("greeting ─");
    screen.expect_gone("hello from the editor").expect_gone("scribble");
    let seen = std::fs::read_to_string(bob.home().join("seen.json")).unwrap();
    assert!(seen.contains("Thanks! It is on its way"), "{seen}");
    // Keys are the explorer's again, every one of them.
    screen.press("?").expect("Pods, tree and detail").press("<Esc>").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
}

#[test]
fn the_history_of_a_resource_names_who_last_changed_it_and_when() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack);
    let mut screen = Screen::open(&bob, &["inspect", "p1", "ssm/parameter//orders/greeting"], (120, 36));
    screen.expect("greeting ─").press("B").expect("history of ssm/parameter//orders/greeting");
    screen.wait("the value's version, and both that touched it", |text| {
        let said = |part: &str, version: &str| text.lines().any(|line| line.contains(part) && line.contains(version));
        said("Value: ", "version 2")
            && said("Type: ", "version 1")
            && said("modified: ", "second")
            && said("added: ", "first")
    });
    screen.press("<Esc>").expect_gone("Last changed").press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn an_editor_that_is_not_there_is_named() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack).with("EDITOR", "no-such-editor");
    let mut screen = Screen::open(&bob, &["inspect", "p1", "ssm/parameter//orders/greeting"], (120, 36));
    screen
        .expect("greeting ─")
        .press("v")
        .expect("Thanks! It is on its way")
        .press("e")
        .expect("the editor \"no-such-editor\" ended with");
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn the_mouse_chooses_folds_and_scrolls() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack);
    let mut screen = Screen::open(&bob, &[], (120, 24));
    screen.expect("● ministack").expect("1 first").click("1 first").expect("2 p1:1");
    screen.click("▾ eu-west-1").expect("3 Detail").expect("Type secret");
    // A second click on what is chosen folds it.
    screen.click("▾ eu-west-1").expect("▸ eu-west-1").expect_gone("signing-key");
    screen.click("▾ sqs").expect("Type queue").scroll("▾ dynamodb", true).expect_gone("Type queue");
    screen.press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
}

#[test]
fn what_is_copied_goes_to_the_terminals_clipboard() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack);
    let mut screen = Screen::open(&bob, &["inspect", "p1", "ssm/parameter//orders/greeting"], (120, 36));
    let copied = |text: &str| format!("\x1b]52;c;{}", STANDARD.encode(text));
    screen.expect("greeting ─").press("y").expect("copied 000000000000/us-east-1/ssm");
    screen.expect_sent(&copied("000000000000/us-east-1/ssm/parameter/%2Forders%2Fgreeting"));
    screen.press("Y").expect("copied podex inspect").expect_sent(&copied("podex inspect p1 '000000"));
    screen.press("1y").expect("copied p1").expect_sent(&copied("p1")).press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_pod_is_renamed_and_deleted_only_after_a_yes() {
    let Some(ministack) = support::ministack() else { return };
    let bob = with_a_pod(&ministack);
    let mut screen = Screen::open(&bob, &[], (100, 30));
    screen.expect("● ministack").expect("2 second").press("jj").expect("p1").press("R").expect("Rename p1");
    screen
        .press("\x15")
        .press("not a name<Enter>")
        .expect("is not a valid pod name")
        .press("\x15")
        .press("orders<Enter>");
    screen.expect_gone("Rename p1").expect("orders").press("X").expect("Delete orders?").press("<Enter>");
    screen.expect_gone("Delete orders?");
    assert!(bob.run(["list"]).expect(0).stdout.contains("orders"));
    screen.press("X").expect("Delete orders?").press("y").expect("none yet");
    assert!(!bob.run(["list"]).expect(0).stdout.contains("orders"));
    screen.press("q");
    assert_eq!(screen.end(), 0);
}
