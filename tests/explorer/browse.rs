//! Bob follows what a function refers to, finds his way back, and comes back the next day.

use crate::fuzz::with_the_demo_pods;
use crate::screen::Screen;

#[test]
fn references_are_followed_back_and_forth_and_the_next_run_begins_where_the_last_ended() {
    let bob = with_the_demo_pods();
    let mut screen = Screen::open(&bob, &["inspect", "orders", "lambda/function/sign-order"], (120, 36));
    screen.expect("3 function/sign-order").expect("Role").press("gf").expect("3 role/sign-order");
    screen.press("[").expect("3 function/sign-order").press("]").expect("3 role/sign-order");
    // Who uses the role? The function: go there.
    screen.press("U").expect("Refers to iam/role/sign-order").expect("lambda/function/sign-order").press("<Enter>");
    screen.expect("3 function/sign-order").press("[").expect("3 role/sign-order");
    screen.press(",").expect("Group and sort the tree").press("<Down><Enter>").expect("by service");
    screen.expect("sign-order").press("q");
    assert_eq!(screen.end(), 0);
    let mut screen = Screen::open(&bob, &[], (120, 36));
    screen.expect("2 orders by service").expect("iam › ").expect("sign-order").press("q");
    assert_eq!(screen.end(), 0);
    // The same without a screen.
    let shown = bob.run(["inspect", "orders", "iam/role/sign-order", "--referrers"]).expect(0).stdout;
    assert!(shown.contains("lambda/function/sign-order"), "{shown}");
    let log = std::fs::read_to_string(bob.home().join("data/explorer.log")).unwrap();
    assert!(log.contains("--referrers"), "{log}");
}
