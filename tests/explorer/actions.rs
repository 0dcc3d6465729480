//! Every action of the explorer has a headless equivalent or says that it has none; those that need no emulator are run
//! here as they are written. That each is reached by its keys and by the palette, and that each is a command, are tests
//! beside the table.

use crate::fuzz::with_the_demo_pods;

/// What stands for the placeholders of the table.
const VALUES: [(&str, &str); 12] = [
    ("REMOTE/POD", "team/orders"),
    ("REF", "orders:2"),
    ("POD", "orders"),
    ("REMOTE", "team"),
    ("NAME", "renamed"),
    ("URL", "file:///nowhere"),
    ("QUERY", "sign"),
    ("PATH", "lambda/function/sign-order"),
    ("PATTERN", "sqs/queue/*"),
    ("PATTERN#PROPERTY", "sqs/queue/*#Policy"),
    ("PROPERTY", "Policy"),
    ("MESSAGE", "why"),
];

/// What an emulator, a conflict, a terminal or the network is needed for.
const NEEDS_MORE: [&str; 7] = ["commit", "inject", "load", "undo", "status", "resolve", "instance"];

#[test]
fn the_headless_equivalents_of_actions_do_what_they_say() {
    let mut ran = 0;
    for row in podex::tui::key_groups().unwrap().into_iter().flat_map(|group| group.rows) {
        let Some(command) = row.command else { continue };
        let mut words: Vec<&str> = command
            .split(' ')
            .skip(1)
            .map(|word| VALUES.iter().find(|(name, _)| *name == word).map_or(word, |(_, value)| value))
            .collect();
        let more = words.first().is_some_and(|word| NEEDS_MORE.contains(word)) || words.contains(&"@live");
        if more {
            continue;
        }
        match words.as_mut_slice() {
            // Two versions, as two marks are.
            ["diff", first, _] => *first = "orders:1",
            // Into another pod than it comes from.
            ["merge", into, _] => *into = "digits",
            _ => {}
        }
        if words.first() == Some(&"delete") {
            // The explorer asks; without a terminal the answer is an option.
            words.push("--yes");
        }
        let user = with_the_demo_pods();
        user.run(&words).expect(0);
        ran += 1;
    }
    assert!(ran >= 15, "only {ran} were run");
}
