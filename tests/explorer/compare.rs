//! Bob compares two versions of a pod in every way the comparison knows, in a wide and in a narrow terminal.

use crate::fuzz::with_the_demo_pods;
use crate::screen::Screen;

/// Whether some line has both parts.
fn beside(one: &str, other: &str) -> impl Fn(&str) -> bool {
    move |text| text.lines().any(|line| line.contains(one) && line.contains(other))
}

/// Whether both parts are there, on lines of their own.
fn below(one: &str, other: &str) -> impl Fn(&str) -> bool {
    move |text| text.contains(one) && text.contains(other) && !beside(one, other)(text)
}

#[test]
fn two_versions_stand_side_by_side_are_swapped_and_fall_back_to_one_column() {
    let bob = with_the_demo_pods();
    let mut screen = Screen::open(&bob, &["inspect", "orders", "lambda/function/sign-order"], (120, 36));
    screen.expect("3 function/sign-order").press("1d").expect("orders:2 → orders").expect("SIGNING_KEY_REGION");
    screen.wait("two columns", beside("- us-east-1", "+ eu-west-1"));
    // From change to change and back.
    screen.press("n").expect(" 2 of ").press("N").expect(" 1 of ").expect("SIGNING_KEY_REGION");
    screen.press("x").expect("orders → orders:2").wait("swapped columns", beside("- eu-west-1", "+ us-east-1"));
    screen.press("x").wait("the columns as before", beside("- us-east-1", "+ eu-west-1"));
    screen.resize(80, 24).wait("one column", below("- us-east-1", "+ eu-west-1"));
    // Everything: what the function has alike, then the resources that are alike.
    screen.press("a").expect("of them alike").expect("Description").press("G").expect("= ").expect("alike ");
    screen.press("a").expect_gone("of them alike");
    screen.resize(120, 36).press("gg").wait("two columns again", beside("- us-east-1", "+ eu-west-1"));
    screen.press("<Esc>").expect("1 Pods").press("q");
    assert_eq!(screen.end(), 0);
}
