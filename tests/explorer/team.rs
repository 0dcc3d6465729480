//! Bob and Alice, each with a store and an emulator of their own, and one registry between them: what fails for him
//! she finds, fixes and shares, all by keys.

use crate::screen::Screen;
use crate::support::{self, Emulator, Podex};

/// Plays steps of the demo on an emulator by boto3.
fn play(emulator: &Emulator, steps: &[&str]) {
    emulator.script("play.py").args([emulator.endpoint()]).args(steps.iter().copied()).run();
}

/// Adds the registry as the remote "team", as a user does it.
fn add_team(screen: &mut Screen, url: &str) {
    screen.expect("● ministack").expect("no remotes").press("A").expect("Add a remote");
    screen.press("team<Enter>").press(url).press("<Enter><Enter><Enter>").expect("remote team added");
}

#[test]
fn alice_finds_fixes_and_shares_what_fails_for_bob() {
    let Some(registry) = support::registry() else { return };
    let (Some(his), Some(hers)) = (support::ministack(), support::ministack()) else { return };
    let (bob, alice) = (Podex::new("Bob").at(&his), Podex::new("Alice").at(&hers));
    // What signs orders is not shared with the pod: he tells her some other way.
    let secrets = alice.home().join("secrets.toml");
    let key = "'secretsmanager/secret-version/orders/signing-key' = 'sample-key-of-the-podex-demo'";
    std::fs::write(&secrets, key).expect("it can be written");
    let alice = alice.with("PODEX_SECRETS_FROM", &secrets.to_string_lossy());
    let url = registry.url("pods");

    // Bob keeps his account as it was, builds a workflow that does not work, keeps that too, and asks for help.
    let mut his_screen = Screen::open(&bob, &[], (140, 40));
    add_team(&mut his_screen, &url);
    his_screen.press("c").expect("Commit the live").press("orders<Enter>before the workflow<Enter>");
    his_screen.expect("committed orders:1");
    play(&his, &["orders/1-build.json", "orders/2-fail.json"]);
    his_screen.press("c").expect("Commit the live").press("two orders failed: why?<Enter>");
    his_screen.expect("committed orders:2");
    his_screen.press("P").expect("Push orders to").press("<Enter>").expect("pushed 2 versions");

    // Alice sees it on the remote, pulls it and opens it.
    let mut her_screen = Screen::open(&alice, &[], (140, 40));
    add_team(&mut her_screen, &url);
    her_screen
        .expect("1 pod")
        .press("G")
        .expect("team/orders")
        .press("p")
        .expect("pulled 2 versions")
        .expect("2 orders:2");
    her_screen.press("ggj").expect("Local pods").press("j").expect("two orders failed: why?").press("j");
    her_screen.expect("2 orders:2").press("<Enter>").expect("eu-west-1").expect("orders/signing-key").press("1");
    // She marks both versions: the function looks for its key in one region, the key is in another.
    her_screen.press(" ").expect("2 orders:1").press(" ").press("d");
    her_screen.expect("orders:1 → orders:2");
    her_screen.wait("the key's region", |text| text.contains("ders/signing-key eu-west-1"));
    let function = |text: &str| text.contains("lambda/function/sign-order added");
    for _ in 0..30 {
        if function(&her_screen.text()) {
            break;
        }
        her_screen.press("j");
    }
    her_screen.wait("the function", function).expect("SIGNING_KEY_REGION");
    her_screen.press("v").expect("\"SIGNING_KEY_REGION\": \"us-east-1\"").press("<Esc>");

    // She injects it into her emulator, lets the function look where the key is, and sees an order signed.
    her_screen
        .expect("1 Pods")
        .press("kk")
        .expect("2 orders:2")
        .press("i")
        .expect("Apply")
        .expect("create  ")
        .press("y")
        .expect("0 failed, 0 left");
    play(&hers, &["orders/3-fix.json"]);
    her_screen.press("c").expect("Commit the live").press("read the key from eu-west-1, where it is<Enter>");
    her_screen.expect("committed orders:3").press("P").expect("Push orders to").press("<Enter>");
    her_screen.expect("pushed 1 version").press("q");
    assert_eq!(her_screen.end(), 0);

    // Bob pulls, sees what she changed and why, injects it, and his orders are signed.
    his_screen.press("p").expect("pulled 1 version").expect("2 orders:3");
    his_screen.press("d").expect("orders:2 → orders:3");
    for _ in 0..30 {
        if his_screen.text().contains("function/sign-order modified") {
            break;
        }
        his_screen.press("j");
    }
    his_screen.press("v").wait("both regions side by side", |text| {
        text.lines().any(|line| line.contains("us-east-1") && line.contains("│") && line.contains("eu-west-1"))
    });
    his_screen.press("<Esc>").expect("read the key from eu-west-1").expect("Alice");
    his_screen.press("i").expect("Apply").press("y").expect("0 failed, 0 left").press("q");
    assert_eq!(his_screen.end(), 0);
    his_screen.expect_restored();
    play(&his, &["orders/5-order.json"]);
}
