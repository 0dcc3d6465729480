//! Brings one function to what a document says.
//!
//! Published versions cannot be written: a function is brought to each version's configuration and code in turn, and
//! published. Numbers that are missing between them are published as well and deleted afterwards, so that aliases
//! find the numbers they name.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::ApplyContext;
use super::lambda_code::{CODE, Zip, digest};
use super::lambda_settings::{changed_settings, settings};
use super::util::{fault, gone, list, pick, removed_tags, text};
use crate::aws::{AwsError, ErrorClass};
use crate::pod::{BlobRef, Digest, Document, Observed};

/// The attribute that holds the published versions.
pub(super) const PUBLISHED: &str = "PublishedVersions";
/// How often and for how long to look whether a function has settled: 60 s in all.
const SETTLE_LOOKS: u32 = 240;
const SETTLE_PAUSE: Duration = Duration::from_millis(250);
/// Missing version numbers that are filled: each costs three calls.
const MOST_FILLERS: u64 = 200;

/// The blob that holds the code of a version.
pub(super) fn version_blob(number: &str) -> String {
    format!("version-{number}")
}

/// The function that is applied.
pub(super) struct Target<'a> {
    pub(super) context: &'a ApplyContext<'a>,
}

/// What the function is now.
struct Now {
    settings: Map<String, Value>,
    /// The digest of its code, where the emulator reports one.
    code: Option<Digest>,
    image: Option<String>,
    tags: Option<Value>,
    observed: Observed,
}

/// A configuration and its code, where that is known.
struct State<'a> {
    settings: &'a Map<String, Value>,
    code: Option<BlobRef>,
}

impl Target<'_> {
    pub(super) async fn call(&self, operation: &str, input: Map<String, Value>) -> Result<Value, AwsError> {
        self.call_with(&Zip::default(), operation, input).await
    }

    async fn call_with(&self, zip: &Zip, operation: &str, mut input: Map<String, Value>) -> Result<Value, AwsError> {
        input.insert("FunctionName".to_owned(), json!(self.context.key.own_name()));
        zip.call(self.context, operation, input).await
    }

    /// Creates the function in the state of its first version, and goes on from there.
    pub(super) async fn create(&self, wanted: &Document) -> Result<Observed, AwsError> {
        let newest = newest(wanted);
        let versions = published(wanted);
        let first = versions.first().map_or(&newest, |(_, state)| state);
        let mut input = first.settings.clone();
        input.retain(|name, _| name != PUBLISHED && name != "ImageUri");
        input.extend(pick_of(&wanted.attributes, &["Tags", "PackageType"]));
        let (zip, code) = match wanted.attributes.get("ImageUri") {
            Some(image) => (Zip::default(), json!({"ImageUri": image})),
            None => {
                let zip = Zip::of(self.context, first.code.or(newest.code));
                let code = json!({"ZipFile": zip.member()});
                (zip, code)
            }
        };
        input.insert("Code".to_owned(), code);
        self.call_with(&zip, "CreateFunction", input).await?;
        self.settle().await?;
        let mut now = self.now().await?;
        self.publish(&mut now, &[], &versions).await?;
        self.place(&mut now, &newest).await?;
        Ok(now.observed)
    }

    /// Brings a function that is there to `wanted`.
    pub(super) async fn update(&self, wanted: &Document) -> Result<Observed, AwsError> {
        let has = self.versions().await?;
        let versions = published(wanted);
        let mut now = self.now().await?;
        // What cannot be published is said at the end: the rest is done all the same.
        let published = self.publish(&mut now, &has, &versions).await;
        self.place(&mut now, &newest(wanted)).await?;
        for (number, _) in &has {
            if !versions.iter().any(|(wanted, _)| wanted == number) {
                self.delete_version(*number).await?;
            }
        }
        self.tag(&now, wanted.attributes.get("Tags")).await?;
        published.map(|()| now.observed)
    }

    /// Waits until the function takes further changes. One that the emulator cannot run has settled too.
    async fn settle(&self) -> Result<(), AwsError> {
        for _ in 0..SETTLE_LOOKS {
            let state = self.call("GetFunctionConfiguration", Map::new()).await?;
            if !is_busy(&state) || self.context.events.is_cancelled() {
                break;
            }
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
        Ok(())
    }

    async fn now(&self) -> Result<Now, AwsError> {
        let answer = self.call("GetFunction", Map::new()).await?;
        let configuration = answer.get("Configuration").unwrap_or(&Value::Null);
        Ok(Now {
            settings: settings(self.context.key.own_name(), configuration),
            code: digest(text(configuration, "CodeSha256")),
            image: answer.get("Code").and_then(|code| text(code, "ImageUri")).map(str::to_owned),
            tags: pick(&answer, &["Tags"]).remove("Tags"),
            observed: pick(configuration, &["FunctionArn", "CodeSha256"]),
        })
    }

    /// Brings the newest, unpublished version to `wanted`. Code that is not known stays as it is.
    async fn place(&self, now: &mut Now, wanted: &State<'_>) -> Result<(), AwsError> {
        let changes = changed_settings(&now.settings, wanted.settings);
        if !changes.is_empty() {
            let changed = self.call("UpdateFunctionConfiguration", changes).await;
            let is_there = |now: &Now| changed_settings(&now.settings, wanted.settings).is_empty();
            self.check(now, changed, is_there).await?;
        }
        let differs = |name: &str| now.settings.get(name) != wanted.settings.get(name);
        let image = text_of(wanted.settings, "ImageUri").filter(|image| Some(*image) != now.image.as_deref());
        let other_code = wanted.code.is_some_and(|code| Some(code.digest) != now.code || differs("Architectures"));
        if other_code || image.is_some() {
            let mut input = pick_of(wanted.settings, &["Architectures", "ImageUri"]);
            let mut zip = Zip::default();
            if image.is_none() {
                zip = Zip::of(self.context, wanted.code);
                input.insert("ZipFile".to_owned(), zip.member());
                input.entry("Architectures").or_insert_with(|| json!(["x86_64"]));
            }
            let changed = self.call_with(&zip, "UpdateFunctionCode", input).await;
            let is_there = |now: &Now| wanted.code.is_some_and(|code| Some(code.digest) == now.code);
            self.check(now, changed, is_there).await?;
        }
        Ok(())
    }

    /// Waits for a change. LocalStack makes it and then fails where it cannot run the function: what counts is what
    /// is there.
    async fn check(
        &self,
        now: &mut Now,
        changed: Result<Value, AwsError>,
        is_there: impl Fn(&Now) -> bool,
    ) -> Result<(), AwsError> {
        self.settle().await?;
        *now = self.now().await?;
        match changed {
            Err(error) if error.class != ErrorClass::Service || !is_there(now) => Err(error),
            _ => Ok(()),
        }
    }

    /// Publishes the versions that are not in `has`.
    async fn publish(
        &self,
        now: &mut Now,
        has: &[(u64, Map<String, Value>)],
        versions: &[(u64, State<'_>)],
    ) -> Result<(), AwsError> {
        let mut last = has.iter().map(|(number, _)| *number).max().unwrap_or_default();
        let mut fillers = Vec::new();
        let mut result = Ok(());
        for (number, state) in versions {
            result = match has.iter().find(|(there, _)| there == number) {
                Some((_, there)) if there == state.settings => continue,
                Some(_) => {
                    Err(self.fault(format!("version {number} has another configuration, and none can be changed")))
                }
                None => self.publish_as(now, *number, last, state, &mut fillers).await,
            };
            if result.is_err() {
                break;
            }
            last = *number;
        }
        for filler in fillers {
            self.delete_version(filler).await?;
        }
        result
    }

    /// Publishes `state` as `number`, the numbers between `last` and it first. What has not changed is not published
    /// again, so those differ in their descriptions.
    async fn publish_as(
        &self,
        now: &mut Now,
        number: u64,
        last: u64,
        state: &State<'_>,
        fillers: &mut Vec<u64>,
    ) -> Result<(), AwsError> {
        if number <= last || number - last > MOST_FILLERS {
            return Err(self.fault(format!("version {number} cannot be published after version {last}")));
        }
        for filler in last + 1..number {
            let mut settings = state.settings.clone();
            settings.insert("Description".to_owned(), json!(format!("stands in for version {filler}")));
            self.place(now, &State { settings: &settings, code: state.code }).await?;
            fillers.push(self.publish_version(filler).await?);
        }
        self.place(now, state).await?;
        self.publish_version(number).await.map(|_| ())
    }

    async fn publish_version(&self, wanted: u64) -> Result<u64, AwsError> {
        let answer = self.call("PublishVersion", Map::new()).await?;
        self.settle().await?;
        match text(&answer, "Version") {
            Some(number) if number == wanted.to_string() => Ok(wanted),
            other => Err(self.fault(format!("version {wanted} was published as {}", other.unwrap_or("nothing")))),
        }
    }

    /// The published versions that are there.
    async fn versions(&self) -> Result<Vec<(u64, Map<String, Value>)>, AwsError> {
        let (client, name) = (&self.context.instance.client, self.context.key.own_name());
        let input = json!({"FunctionName": name});
        let mut pages = client.pages(&self.context.scope, "lambda", "ListVersionsByFunction", input);
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            for version in list(&page?, "Versions") {
                if let Some(number) = text(version, "Version").and_then(|number| number.parse().ok()) {
                    versions.push((number, settings(name, version)));
                }
            }
        }
        Ok(versions)
    }

    async fn delete_version(&self, number: u64) -> Result<(), AwsError> {
        let input = Map::from_iter([("Qualifier".to_owned(), json!(number.to_string()))]);
        match gone(self.call("DeleteFunction", input.clone()).await) {
            // LocalStack deletes a version that it could not run, and then fails: the second call finds nothing.
            Err(error) if error.class == ErrorClass::Service => gone(self.call("DeleteFunction", input).await),
            deleted => deleted,
        }
    }

    async fn tag(&self, now: &Now, wanted: Option<&Value>) -> Result<(), AwsError> {
        if now.tags.as_ref() == wanted {
            return Ok(());
        }
        let (client, scope) = (&self.context.instance.client, &self.context.scope);
        let arn = now.observed.get("FunctionArn");
        let removed = removed_tags(now.tags.as_ref(), wanted);
        if !removed.is_empty() {
            let input = json!({"Resource": arn, "TagKeys": removed});
            client.call(scope, "lambda", "UntagResource", input).await?;
        }
        if let Some(tags) = wanted {
            client.call(scope, "lambda", "TagResource", json!({"Resource": arn, "Tags": tags})).await?;
        }
        Ok(())
    }

    fn fault(&self, message: String) -> AwsError {
        fault("lambda", "PublishVersion", message)
    }
}

/// Whether a function takes no changes yet. The update of one that the emulator cannot run never ends.
fn is_busy(configuration: &Value) -> bool {
    match text(configuration, "State") {
        Some("Pending") => true,
        Some("Failed") => false,
        _ => text(configuration, "LastUpdateStatus") == Some("InProgress"),
    }
}

fn pick_of(attributes: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let found = |name: &&str| Some(((*name).to_owned(), attributes.get(*name)?.clone()));
    names.iter().filter_map(found).collect()
}

fn text_of<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

fn newest(document: &Document) -> State<'_> {
    State { settings: &document.attributes, code: document.blobs.get(CODE).copied() }
}

/// The published versions in the order of their numbers.
fn published(document: &Document) -> Vec<(u64, State<'_>)> {
    let versions = document.attributes.get(PUBLISHED).and_then(Value::as_object);
    let mut versions: Vec<_> = versions
        .into_iter()
        .flatten()
        .filter_map(|(number, settings)| {
            let code = document.blobs.get(&version_blob(number)).copied();
            Some((number.parse().ok()?, State { settings: settings.as_object()?, code }))
        })
        .collect();
    versions.sort_by_key(|(number, _)| *number);
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_failed_is_not_waited_for() {
        assert!(is_busy(&json!({"State": "Active", "LastUpdateStatus": "InProgress"})));
        assert!(is_busy(&json!({"State": "Pending"})));
        assert!(!is_busy(&json!({"State": "Failed", "LastUpdateStatus": "InProgress"})));
        assert!(!is_busy(&json!({})));
    }

    #[test]
    fn versions_are_published_in_the_order_of_their_numbers() {
        let mut document = Document::default();
        document.attributes.insert(PUBLISHED.to_owned(), json!({"10": {}, "9": {}, "1": {}, "$LATEST": {}}));
        let numbers: Vec<_> = published(&document).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 9, 10]);
    }
}
