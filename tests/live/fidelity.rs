//! The page `assets/docs/fidelity.md`, made anew over all emulators by one command:
//!
//! ```sh
//! cargo test --test live -- --ignored fidelity_page
//! ```

use std::fmt::Write;

use podex::catalog::spec::Level;
use serde_json::Value;

use crate::reading::seed;
use crate::services::{level, round_trip};
use crate::support::{self, Emulator};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/docs/fidelity.md");

const INTRODUCTION: &str = "\
# What comes back

Per emulator: everything that the tests seed with boto3 (`tests/python`) in us-east-1 was committed, injected into a second,
fresh emulator of the same kind by `podex verify`, captured again and compared. *Restored* resources are there afterwards,
*identical* ones in every property. Types that an emulator does not offer are left out.

Made by `cargo test --test live -- --ignored fidelity_page`; do not edit.
";

/// One emulator's part of the page.
fn section(first: &Emulator, second: &Emulator) -> String {
    seed(first, None);
    let (_, verified) = round_trip(first, second);
    let instance = &verified["instance"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut page = format!("\n## {} {}\n\n", text(&instance["emulator"]), text(&instance["version"]));
    page.push_str("| type | captured | restored | identical | what else |\n|---|---|---|---|---|\n");
    let types = verified["types"].as_object().expect("types");
    assert!(!types.is_empty(), "{verified}");
    for (kind, found) in types {
        let [captured, restored, identical] = ["captured", "restored", "identical"].map(|count| &found[count]);
        let mut said: Vec<String> = Vec::new();
        for (label, fields) in found["differing"].as_object().into_iter().flatten() {
            said.push(format!("{} differs in {}", name(label), list(fields)));
        }
        if level(kind) == Level::CaptureOnly {
            let reasons = found["missing"].as_object().into_iter().flatten().map(|(_, reason)| text(reason));
            said.extend(reasons.take(1));
        } else {
            for (label, reason) in found["missing"].as_object().into_iter().flatten() {
                said.push(format!("{} is not restored: {}", name(label), text(reason)));
            }
        }
        said.extend(found["notes"].as_array().into_iter().flatten().map(text));
        let said = said.join("; ").replace('|', "\\|").replace('\n', " ");
        writeln!(page, "| {kind} | {captured} | {restored} | {identical} | {said} |").expect("text");
    }
    page
}

/// A key's name without account, region, service and type.
fn name(label: &str) -> String {
    format!("`{}`", label.splitn(5, '/').last().unwrap_or(label))
}

fn list(fields: &Value) -> String {
    let fields = fields.as_array().into_iter().flatten();
    fields.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

#[test]
#[ignore = "writes assets/docs/fidelity.md"]
fn fidelity_page() {
    let mut page = format!("{INTRODUCTION}\nMade on {}.\n", jiff::Zoned::now().date());
    for start in [support::ministack, support::moto, support::localstack] {
        let (first, second) = (start().expect("an emulator"), start().expect("another one"));
        page.push_str(&section(&first, &second));
    }
    std::fs::create_dir_all(std::path::Path::new(PAGE).parent().expect("a folder")).expect("the folder");
    std::fs::write(PAGE, page).expect("the page is written");
}
