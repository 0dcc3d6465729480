//! Lambda functions: configuration, code and published versions.
//!
//! `PublishedVersions` maps `1`, `2` … to a version's description; where its code differs from the newest one it is
//! the blob `version-1` … A restore replays them in order, all with the configuration of the newest one.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::lambda_code::{CODE, known, read, zip_file};
use super::util::{all, gone, left_out, list, pick, removed_tags, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{BlobRef, Document, Observed, ResourceKey};

/// Functions read at once.
const CONCURRENT_FUNCTIONS: usize = 8;
/// How often and for how long to look whether a function has settled: 60 s in all.
const SETTLE_POLLS: u32 = 120;
const SETTLE_INTERVAL: Duration = Duration::from_millis(500);

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
const PUBLISHED: &str = "PublishedVersions";

/// `lambda/function`.
pub(super) struct Functions;

#[async_trait]
impl Adapter for Functions {
    fn kind(&self) -> &'static str {
        "lambda/function"
    }

    async fn capture(&self, context: &CaptureContext<'_>, _parent: Option<&Parent>) -> Result<(), InstanceError> {
        let mut pages = context.instance.client.pages(&context.scope, "lambda", "ListFunctions", json!({}));
        while let Some(page) = pages.next().await {
            let page = page?;
            let names = list(&page, "Functions").iter().filter_map(|function| text(function, "FunctionName"));
            let reads = names.map(|name| capture_function(context, name)).collect();
            all(context, CONCURRENT_FUNCTIONS, reads).await?;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let target = Target { context };
        let mut input = wanted.attributes.clone();
        input.remove(PUBLISHED);
        let first = published(wanted).first().map(|(number, _)| number.clone());
        let first_code = first.and_then(|number| wanted.blobs.get(&version_blob(&number)).copied());
        let code = first_code.or_else(|| wanted.blobs.get(CODE).copied());
        let code = match input.remove("ImageUri") {
            Some(image) => json!({"ImageUri": image}),
            None => json!({"ZipFile": zip_file(context, code).await?}),
        };
        input.insert("Code".to_owned(), code);
        match target.call("CreateFunction", input).await {
            Err(error) if error.class == ErrorClass::Conflict => {
                return self.update(context, &Document::default(), wanted).await;
            }
            made => made?,
        };
        target.settle().await?;
        target.publish(&[], wanted).await?;
        target.observed().await
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        let target = Target { context };
        let changes = changed_settings(&current.attributes, &wanted.attributes);
        if !changes.is_empty() {
            target.call("UpdateFunctionConfiguration", changes).await?;
            target.settle().await?;
        }
        let has = published(current);
        let architectures = |document: &Document| document.attributes.get("Architectures").cloned();
        let image = |document: &Document| document.attributes.get("ImageUri").cloned();
        let other_code = current.blobs.get(CODE) != wanted.blobs.get(CODE)
            || image(current) != image(wanted)
            || architectures(current) != architectures(wanted);
        if published(wanted).len() > has.len() {
            target.publish(&has, wanted).await?;
        } else if other_code {
            target.put_code(wanted, wanted.blobs.get(CODE).copied()).await?;
        }
        target.tag(current.attributes.get("Tags"), wanted.attributes.get("Tags")).await?;
        target.observed().await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        gone(Target { context }.call("DeleteFunction", Map::new()).await)
    }
}

async fn capture_function(context: &CaptureContext<'_>, name: &str) -> Result<(), InstanceError> {
    match read_function(context, name).await {
        Ok((document, observed)) => context.emit.emit(vec![name.to_owned()], document, observed).await,
        Err(error) => left_out(context, &format!("function {name}"), error),
    }
}

async fn read_function(context: &CaptureContext<'_>, name: &str) -> Result<(Document, Observed), InstanceError> {
    let client = &context.instance.client;
    let answer = client.call(&context.scope, "lambda", "GetFunction", json!({"FunctionName": name})).await?;
    let configuration = answer.get("Configuration").unwrap_or(&Value::Null);
    let code = answer.get("Code").unwrap_or(&Value::Null);
    let mut attributes = settings(name, configuration);
    attributes.extend(pick(&answer, &["Tags"]));
    let mut blobs = BTreeMap::new();
    let newest = text(configuration, "CodeSha256");
    if text(configuration, "PackageType") == Some("Image") {
        attributes.extend(pick(code, &["ImageUri"]));
        attributes.insert("PackageType".to_owned(), json!("Image"));
    } else {
        let key = ResourceKey::new(&context.scope.account, &context.scope.region, "lambda", "function", [name]);
        let same = known(context, &key, CODE, |_, observed| {
            newest.is_some() && observed.get("CodeSha256").and_then(Value::as_str) == newest
        });
        let blob = read(context, &format!("function {name}"), text(code, "Location"), same).await?;
        blobs.extend(blob.map(|blob| (CODE.to_owned(), blob)));
    }
    let mut observed = pick(
        configuration,
        &["FunctionArn", "CodeSha256", "CodeSize", "LastModified", "RevisionId", "State", "StateReason"],
    );
    read_versions(context, name, newest, &mut attributes, &mut blobs, &mut observed).await?;
    Ok((Document { attributes, blobs }, observed))
}

async fn read_versions(
    context: &CaptureContext<'_>,
    name: &str,
    newest: Option<&str>,
    attributes: &mut Map<String, Value>,
    blobs: &mut BTreeMap<String, BlobRef>,
    observed: &mut Observed,
) -> Result<(), InstanceError> {
    let client = &context.instance.client;
    let mut pages = client.pages(&context.scope, "lambda", "ListVersionsByFunction", json!({"FunctionName": name}));
    let (mut versions, mut digests) = (Map::new(), Map::new());
    let key = ResourceKey::new(&context.scope.account, &context.scope.region, "lambda", "function", [name]);
    while let Some(page) = pages.next().await {
        for version in list(&page?, "Versions") {
            let Some(number) = text(version, "Version").filter(|number| *number != "$LATEST") else { continue };
            let digest = text(version, "CodeSha256");
            if digest != newest && text(version, "PackageType") != Some("Image") {
                let blob_name = version_blob(number);
                let same = known(context, &key, &blob_name, |_, observed| {
                    let before = observed.get("VersionSha256").and_then(|digests| digests.get(number));
                    digest.is_some() && before.and_then(Value::as_str) == digest
                });
                let input = json!({"FunctionName": name, "Qualifier": number});
                let answer = client.call(&context.scope, "lambda", "GetFunction", input).await?;
                let location = answer.get("Code").and_then(|code| text(code, "Location"));
                let blob = read(context, &format!("function {name} version {number}"), location, same).await?;
                blobs.extend(blob.map(|blob| (blob_name, blob)));
            }
            versions.insert(number.to_owned(), Value::Object(pick(version, &["Description"])));
            digests.insert(number.to_owned(), json!(digest));
        }
    }
    if !versions.is_empty() {
        attributes.insert(PUBLISHED.to_owned(), Value::Object(versions));
        observed.insert("VersionSha256".to_owned(), Value::Object(digests));
    }
    Ok(())
}

/// A function's settable configuration, without what is the default and what emulators add to it.
fn settings(name: &str, configuration: &Value) -> Map<String, Value> {
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
fn changed_settings(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
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

fn version_blob(number: &str) -> String {
    format!("version-{number}")
}

/// The published versions in the order of their numbers.
fn published(document: &Document) -> Vec<(String, Value)> {
    let versions = document.attributes.get(PUBLISHED).and_then(Value::as_object);
    let mut versions: Vec<_> =
        versions.into_iter().flatten().map(|(number, version)| (number.clone(), version.clone())).collect();
    versions.sort_by_key(|(number, _)| number.parse::<u64>().unwrap_or(u64::MAX));
    versions
}

/// The function that is applied.
struct Target<'a> {
    context: &'a ApplyContext<'a>,
}

impl Target<'_> {
    async fn call(&self, operation: &str, mut input: Map<String, Value>) -> Result<Value, AwsError> {
        input.insert("FunctionName".to_owned(), json!(self.context.key.own_name()));
        let client = &self.context.instance.client;
        client.call(&self.context.scope, "lambda", operation, Value::Object(input)).await
    }

    /// Waits until the function takes further changes. One that the emulator cannot run has settled too.
    async fn settle(&self) -> Result<(), AwsError> {
        for _ in 0..SETTLE_POLLS {
            let state = self.call("GetFunctionConfiguration", Map::new()).await?;
            let busy =
                text(&state, "State") == Some("Pending") || text(&state, "LastUpdateStatus") == Some("InProgress");
            if !busy || self.context.events.is_cancelled() {
                break;
            }
            tokio::time::sleep(SETTLE_INTERVAL).await;
        }
        Ok(())
    }

    async fn put_code(&self, wanted: &Document, code: Option<BlobRef>) -> Result<(), AwsError> {
        let mut input = pick(&Value::Object(wanted.attributes.clone()), &["Architectures", "ImageUri"]);
        if !input.contains_key("ImageUri") {
            input.insert("ZipFile".to_owned(), zip_file(self.context, code).await?);
        }
        self.call("UpdateFunctionCode", input).await?;
        self.settle().await
    }

    /// Publishes the versions behind those in `has`, and leaves the newest code in place.
    async fn publish(&self, has: &[(String, Value)], wanted: &Document) -> Result<(), AwsError> {
        let newest = wanted.blobs.get(CODE).copied();
        let code_of = |number: &str| wanted.blobs.get(&version_blob(number)).copied().or(newest);
        let versions = published(wanted);
        // A new function begins with the code of its first version; of an old one nothing is known.
        let mut placed = if has.is_empty() { versions.first().map(|(number, _)| code_of(number)) } else { None };
        for (number, version) in versions.iter().skip(has.len()) {
            if placed != Some(code_of(number)) {
                self.put_code(wanted, code_of(number)).await?;
                placed = Some(code_of(number));
            }
            self.call("PublishVersion", pick(version, &["Description"])).await?;
            self.settle().await?;
        }
        if placed.is_some_and(|placed| placed != newest) {
            self.put_code(wanted, newest).await?;
        }
        Ok(())
    }

    async fn tag(&self, current: Option<&Value>, wanted: Option<&Value>) -> Result<(), AwsError> {
        if current == wanted {
            return Ok(());
        }
        let observed = self.observed().await?;
        let (client, scope) = (&self.context.instance.client, &self.context.scope);
        let arn = observed.get("FunctionArn");
        let removed = removed_tags(current, wanted);
        if !removed.is_empty() {
            let input = json!({"Resource": arn, "TagKeys": removed});
            client.call(scope, "lambda", "UntagResource", input).await?;
        }
        if let Some(tags) = wanted {
            client.call(scope, "lambda", "TagResource", json!({"Resource": arn, "Tags": tags})).await?;
        }
        Ok(())
    }

    async fn observed(&self) -> Result<Observed, AwsError> {
        let answer = self.call("GetFunctionConfiguration", Map::new()).await?;
        Ok(pick(&answer, &["FunctionArn", "CodeSha256"]))
    }
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

    #[test]
    fn versions_are_published_in_the_order_of_their_numbers() {
        let mut document = Document::default();
        document.attributes.insert(PUBLISHED.to_owned(), json!({"10": {}, "9": {}, "1": {}}));
        let numbers: Vec<_> = published(&document).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, ["1", "9", "10"]);
    }
}
