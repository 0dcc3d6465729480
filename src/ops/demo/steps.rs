//! Plays a list of AWS calls from `assets/demo`.
//!
//! Each step names service, region, operation and input. Strings in the input may hold `${NAME}`, a value that an
//! earlier step kept from its output (`keep`: name → JSON pointer); `{"$zip": {name: file}}` is a zip of the demo's
//! files. `until` (JSON pointer → value) repeats the call until the output says so.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::OpError;
use crate::aws::{Client, Scope};
use crate::event::{Events, Progress};
use crate::instance::InstanceError;

/// The account everything is in.
const ACCOUNT: &str = "000000000000";
/// Between two repetitions of a step.
const POLL: Duration = Duration::from_millis(200);
/// How long a step may be repeated; orders fail and functions start within two seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files that go into zips.
const FILES: [(&str, &str); 3] = [
    ("orders/sign_order.py", include_str!("../../../assets/demo/orders/sign_order.py")),
    ("digits/read_digit.py", include_str!("../../../assets/demo/digits/read_digit.py")),
    ("digits/digit_templates.py", include_str!("../../../assets/demo/digits/digit_templates.py")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    service: String,
    region: String,
    operation: String,
    input: Value,
    #[serde(default)]
    keep: BTreeMap<String, String>,
    #[serde(default)]
    until: BTreeMap<String, Value>,
}

/// Makes the calls, one after the other.
pub(super) async fn run(client: &Client, steps: &str, events: &Events) -> Result<(), OpError> {
    let steps: Vec<Step> = serde_json::from_str(steps).map_err(|error| fault(&error.to_string()))?;
    let mut kept = BTreeMap::new();
    let total = steps.len() as u64;
    for (done, step) in (0..).zip(&steps) {
        events.progress(Progress { done, total, ..Progress::default() });
        let input = fill(&step.input, &kept)?;
        let scope = Scope { account: ACCOUNT.to_owned(), region: step.region.clone() };
        let begun = Instant::now();
        let output = loop {
            if events.is_cancelled() {
                return Err(InstanceError::Cancelled.into());
            }
            let call = client.call(&scope, &step.service, &step.operation, input.clone());
            let output = call.await.map_err(InstanceError::from)?;
            if step.until.iter().all(|(pointer, value)| output.pointer(pointer) == Some(value)) {
                break output;
            }
            if begun.elapsed() > PATIENCE {
                let waited = format!("{} did not come to {:?}", step.operation, step.until);
                return Err(fault(&waited));
            }
            tokio::time::sleep(POLL).await;
        };
        for (name, pointer) in &step.keep {
            let value = output.pointer(pointer).and_then(Value::as_str);
            let value = value.ok_or_else(|| fault(&format!("{} gave no {pointer}", step.operation)))?;
            kept.insert(name.clone(), value.to_owned());
        }
    }
    events.progress(Progress { done: total, total, ..Progress::default() });
    Ok(())
}

fn fault(reason: &str) -> OpError {
    OpError::Request(format!("the demo cannot set up its sample application: {reason}"))
}

/// The input with everything in place.
fn fill(input: &Value, kept: &BTreeMap<String, String>) -> Result<Value, OpError> {
    Ok(match input {
        Value::Object(members) => match members.get("$zip") {
            Some(Value::Object(names)) => Value::String(STANDARD.encode(zip(names)?)),
            _ => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), fill(value, kept)?)))
                    .collect::<Result<Map<_, _>, OpError>>()?,
            ),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, kept)).collect::<Result<_, OpError>>()?),
        Value::String(text) => {
            let filled =
                kept.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
            if filled.contains("${") {
                return Err(fault(&format!("nothing is known for {filled:?}")));
            }
            Value::String(filled)
        }
        other => other.clone(),
    })
}

/// The same bytes each time: the files carry no date.
fn zip(names: &Map<String, Value>) -> Result<Vec<u8>, OpError> {
    let failed = |error: &dyn std::fmt::Display| fault(&error.to_string());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).unix_permissions(0o644);
    for (name, file) in names {
        let content = FILES.iter().find(|(known, _)| Some(*known) == file.as_str());
        let (_, content) = content.ok_or_else(|| fault(&format!("there is no file {file}")))?;
        archive.start_file(name.as_str(), options).map_err(|error| failed(&error))?;
        archive.write_all(content.as_bytes()).map_err(|error| failed(&error))?;
    }
    Ok(archive.finish().map_err(|error| failed(&error))?.into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_step_file_is_well_formed_and_its_zips_have_their_files() {
        for text in [
            include_str!("../../../assets/demo/digits/1-pictures.json"),
            include_str!("../../../assets/demo/digits/2-function.json"),
            include_str!("../../../assets/demo/orders/1-build.json"),
            include_str!("../../../assets/demo/orders/2-fail.json"),
            include_str!("../../../assets/demo/orders/3-fix.json"),
            include_str!("../../../assets/demo/orders/4-drift.json"),
        ] {
            let mut kept = BTreeMap::new();
            for step in serde_json::from_str::<Vec<Step>>(text).unwrap() {
                fill(&step.input, &kept).unwrap();
                kept.extend(step.keep.into_keys().map(|name| (name, "value".to_owned())));
            }
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        assert!(fill(&json!({"a": ["${NAME}"]}), &BTreeMap::new()).is_err());
        assert!(fill(&json!({"$zip": {"a.py": "none.py"}}), &BTreeMap::new()).is_err());
    }

    #[test]
    fn zips_do_not_depend_on_when_they_are_made() {
        let input = json!({"a.py": "orders/sign_order.py"});
        let names = input.as_object().unwrap();
        assert_eq!(zip(names).unwrap(), zip(names).unwrap());
    }
}
