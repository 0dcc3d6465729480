//! The configuration of a function: what is settable, without defaults; and what an update has to say.

use serde_json::{Map, Value, json};

use super::util::{list, pick, text};

/// What `CreateFunction` and `UpdateFunctionConfiguration` set under the name that `GetFunction` gives it.
const SETTINGS: [&str; 16] = [
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "ImageConfig",
    "KMSKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
];
/// A function's or published version's settable configuration, without what is the default and what emulators add to it.
pub(super) fn settings(name: &str, configuration: &Value) -> Map<String, Value> {
    let mut settings = pick(configuration, &SETTINGS);
    settings.extend(pick(configuration, &["Architectures"]));
    let layers: Vec<_> = list(configuration, "Layers").iter().filter_map(|layer| text(layer, "Arn")).collect();
    let inner = |member: &str, fields: &[&str]| pick(configuration.get(member).unwrap_or(&Value::Null), fields);
    let mut logging = inner("LoggingConfig", &["LogFormat", "ApplicationLogLevel", "SystemLogLevel", "LogGroup"]);
    if logging.get("LogGroup").and_then(Value::as_str) == Some(&format!("/aws/lambda/{name}")) {
        logging.remove("LogGroup");
    }
    if logging.get("LogFormat").and_then(Value::as_str) == Some("Text") {
        logging.remove("LogFormat");
    }
    let mut snap_start = inner("SnapStart", &["ApplyOn"]);
    snap_start.retain(|_, value| *value != "None");
    let image = configuration.get("ImageConfigResponse").unwrap_or(&Value::Null);
    let rebuilt = json!({
        "Layers": layers,
        "LoggingConfig": logging,
        "SnapStart": snap_start,
        "VpcConfig": inner("VpcConfig", &["SubnetIds", "SecurityGroupIds"]),
        "Environment": inner("Environment", &["Variables"]),
        "DeadLetterConfig": inner("DeadLetterConfig", &["TargetArn"]),
        "ImageConfig": pick(image, &["ImageConfig"]).remove("ImageConfig"),
    });
    for name in rebuilt.as_object().into_iter().flat_map(Map::keys) {
        settings.remove(name);
    }
    let names: Vec<&str> = rebuilt.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    settings.extend(pick(&rebuilt, &names));
    let defaults = [
        ("Architectures", json!(["x86_64"])),
        ("EphemeralStorage", json!({"Size": 512})),
        ("TracingConfig", json!({"Mode": "PassThrough"})),
    ];
    for (name, default) in defaults {
        if settings.get(name) == Some(&default) {
            settings.remove(name);
        }
    }
    settings
}

/// What `UpdateFunctionConfiguration` needs to get from one to the other: what was left out goes back to its default.
pub(super) fn changed_settings(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
    let default = |name: &str| match name {
        "DeadLetterConfig" => json!({"TargetArn": ""}),
        "Environment" => json!({"Variables": {}}),
        "EphemeralStorage" => json!({"Size": 512}),
        "FileSystemConfigs" | "Layers" => json!([]),
        "ImageConfig" => json!({}),
        "LoggingConfig" => json!({"LogFormat": "Text"}),
        "MemorySize" => json!(128),
        "SnapStart" => json!({"ApplyOn": "None"}),
        "Timeout" => json!(3),
        "TracingConfig" => json!({"Mode": "PassThrough"}),
        "VpcConfig" => json!({"SubnetIds": [], "SecurityGroupIds": []}),
        _ => json!(""),
    };
    let changed = |name: &&str| current.get(*name) != wanted.get(*name);
    let value = |name: &str| (name.to_owned(), wanted.get(name).cloned().unwrap_or_else(|| default(name)));
    SETTINGS.iter().copied().chain(["VpcConfig"]).filter(changed).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_emulators_add_to_a_plain_function_is_not_state() {
        let said = json!({
            "FunctionName": "f", "Runtime": "python3.12", "Handler": "h.m", "Role": "r", "Timeout": 3, "MemorySize": 128,
            "Description": "", "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}, "KMSKeyArn": "",
            "TracingConfig": {"Mode": "PassThrough"}, "Layers": [], "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512}, "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}, "Environment": {"Variables": {}},
        });
        let plain = json!({"Runtime": "python3.12", "Handler": "h.m", "Role": "r", "Timeout": 3, "MemorySize": 128});
        assert_eq!(Value::Object(settings("f", &said)), plain);
    }

    #[test]
    fn layers_are_arns_and_what_is_taken_away_goes_back_to_its_default() {
        let said =
            json!({"Layers": [{"Arn": "a:1", "CodeSize": 3}], "Environment": {"Variables": {"A": ""}}, "Timeout": 9});
        let now = settings("f", &said);
        assert_eq!(now.get("Layers"), Some(&json!(["a:1"])));
        let wanted = settings("f", &json!({"Timeout": 9}));
        let changes = json!({"Layers": [], "Environment": {"Variables": {}}});
        assert_eq!(Value::Object(changed_settings(&now, &wanted)), changes);
    }
}
