//! The independent side: boto3 fills, changes, reads and empties emulators.

use podex::pod::diff_values;
use serde_json::Value;

use crate::support::{Emulator, Script};

/// A script of `tests/python` that takes the endpoint as its first argument.
fn tool<'a>(emulator: &'a Emulator, name: &str, account: Option<&str>) -> Script<'a> {
    let mut script = emulator.script(name).args([emulator.endpoint()]);
    if let Some(account) = account {
        script = script.args(["--account", account]);
    }
    if emulator.name == "moto" { script.args(["--moto"]) } else { script }
}

/// Fills the emulator with every type podex puts back.
pub fn seed(emulator: &Emulator, account: Option<&str>) {
    tool(emulator, "seed.py", account).run();
}

/// Adds, changes and removes something of every kind.
pub fn change(emulator: &Emulator) {
    tool(emulator, "change.py", None).run();
}

/// Empties the emulator.
pub fn wipe(emulator: &Emulator) {
    tool(emulator, "wipe.py", None).run();
}

/// What boto3 sees, without what emulators invent.
pub fn observe(emulator: &Emulator, account: Option<&str>) -> Value {
    let text = tool(emulator, "observe.py", account).run();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("observe.py: {error}\n{text}"))
}

/// Panics, naming every difference, unless both readings are equal except at paths that contain one of
/// `known` (a path's parts are joined by ` > `).
#[track_caller]
pub fn assert_same(before: &Value, after: &Value, known: &[&str]) {
    let unexpected: Vec<String> = diff_values(before, after)
        .into_iter()
        .map(|change| (change.path.join(" > "), change))
        .filter(|(path, _)| !known.iter().any(|known| path.contains(known)))
        .map(|(path, change)| format!("{path}: {:?} → {:?}", change.before, change.after))
        .collect();
    assert!(unexpected.is_empty(), "boto3 reads something else than before:\n{}", unexpected.join("\n"));
}

/// Plays steps of the demo (`assets/demo`) by boto3.
pub fn play(emulator: &Emulator, steps: &[&str]) {
    play_in(emulator, None, steps);
}

/// Plays steps of the demo in an account.
pub fn play_in(emulator: &Emulator, account: Option<&str>, steps: &[&str]) {
    tool(emulator, "play.py", account).args(steps.iter().copied()).run();
}

/// A step of `layer.py`; what it prints.
pub fn layer(emulator: &Emulator, step: &str) -> String {
    tool(emulator, "layer.py", None).args([step]).run().trim().to_owned()
}
