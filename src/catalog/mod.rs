//! Which resource types exist and how each is listed, read, created, updated and deleted: data, read from
//! `assets/catalog/*.toml`.
//!
//! A file is one service with its types; [`spec`] is its grammar. Adding a plain type is an edit there:
//!
//! ```toml
//! [[type]]
//! kind = "topic"
//! list = { op = "ListTopics", items = "Topics" }   # one entry is {item}
//! name = "{item.TopicArn|last::}"                  # how it is called in keys
//! id = { TopicArn = "{arn}" }                      # what every call about it carries
//! arn = "arn:aws:sns:{region}:{account}:{name}"
//! create = { op = "CreateTopic", input = { Name = "{name}" } }
//! delete = [{ op = "DeleteTopic" }]
//!
//! [[type.facet]]                                   # a part with calls of its own
//! get = { op = "ListTagsForResource", input = { ResourceArn = "{arn}" }, bare = true }
//! out = "Tags"
//! attribute = "Tags"
//! ```
//!
//! Placeholders know `name` (the last segment), `names`, `parent` (`name`, `observed`, `attributes`), `account`,
//! `region`, `arn`, `endpoint`, `emulator`, `item`, `attributes`, `observed` and, when put back, `pod` (`observed`); in facets `changed`, `removed`, `gone`, `key`, `value`.

mod secrets;
mod shape;
pub mod spec;
mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub use shape::{Shape, Shapes};
pub use template::{Template, TemplateError, look_up};

use serde_json::Value;

use crate::pod::{Marker, MergeRules, ResourceKey};
use spec::{ServiceSpec, TypeSpec};

macro_rules! files {
    ($($service:literal),* $(,)?) => {
        [$((concat!($service, ".toml"), include_str!(concat!("../../assets/catalog/", $service, ".toml")))),*]
    };
}

/// The files that are built in.
const BUILTIN: &[(&str, &str)] = &files![
    "acm",
    "apigateway",
    "apigatewayv2",
    "appconfig",
    "appsync",
    "athena",
    "autoscaling",
    "batch",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "cognito-identity",
    "cognito-idp",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "elasticache",
    "elbv2",
    "events",
    "firehose",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "opensearch",
    "pipes",
    "rds",
    "resource-groups",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "servicediscovery",
    "ses",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "wafv2",
];

/// The public regions, one a line.
const REGIONS: &str = include_str!("../../assets/catalog/regions.txt");

/// What is wrong with a catalog file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Malformed, or not what the grammar says.
    #[error("catalog file {file}, line {line}: {reason}")]
    Malformed {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It cannot be read.
    #[error("catalog file {file}: {source}")]
    Unreadable {
        /// The file's path.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// All resource types podex knows, by service.
#[derive(Debug)]
pub struct Catalog {
    services: BTreeMap<String, ServiceSpec>,
}

impl Catalog {
    /// The catalog that is built in.
    pub fn builtin() -> &'static Self {
        static BUILTIN_CATALOG: LazyLock<Catalog> =
            // The files are part of the binary, and a unit test loads them.
            LazyLock::new(|| Catalog::load(BUILTIN).unwrap_or_else(|error| panic!("{error}")));
        &BUILTIN_CATALOG
    }

    /// Reads catalog files, given as (file name, text). A later file replaces an earlier one of the same service.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let mut services = BTreeMap::new();
        let mut origins = BTreeMap::new();
        for (file, text) in files {
            let spec: ServiceSpec = toml::from_str(text).map_err(|error| CatalogError::Malformed {
                file: (*file).to_owned(),
                line: line_of(text, error.span().map_or(0, |span| span.start)),
                reason: error.message().to_owned(),
            })?;
            origins.insert(spec.service.clone(), (*file, *text));
            services.insert(spec.service.clone(), spec);
        }
        let catalog = Self { services };
        for (service, (file, text)) in origins {
            for spec in catalog.types(&service) {
                if let Some(reason) = catalog.fault(&service, spec) {
                    let line = line_of(text, spec.kind.span().start);
                    return Err(CatalogError::Malformed { file: file.to_owned(), line, reason });
                }
            }
        }
        Ok(catalog)
    }

    /// The built-in catalog with a folder's `*.toml` files over it.
    pub fn with_folder(folder: &Path) -> Result<Self, CatalogError> {
        let unreadable = |file: &Path| {
            let file = file.to_owned();
            move |source| CatalogError::Unreadable { file, source }
        };
        let mut own = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
                own.push((path.to_string_lossy().into_owned(), text));
            }
        }
        own.sort();
        let own = own.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        Self::load(&BUILTIN.iter().copied().chain(own).collect::<Vec<_>>())
    }

    /// Ids of all services, sorted.
    pub fn services(&self) -> Vec<&str> {
        self.services.keys().map(String::as_str).collect()
    }

    /// A service.
    pub fn service(&self, service: &str) -> Option<&ServiceSpec> {
        self.services.get(service)
    }

    /// The types of a service; none if there is no such service.
    pub fn types(&self, service: &str) -> &[TypeSpec] {
        self.services.get(service).map_or(&[], |spec| &spec.types)
    }

    /// One type.
    pub fn get(&self, service: &str, kind: &str) -> Option<&TypeSpec> {
        self.types(service).iter().find(|spec| spec.kind() == kind)
    }

    /// The types whose resources live in those of `kind`.
    pub fn children(&self, service: &str, kind: &str) -> impl Iterator<Item = &TypeSpec> {
        self.types(service).iter().filter(move |spec| spec.parent.as_deref() == Some(kind))
    }

    /// The public regions, of which discovery asks each.
    pub fn regions(&self) -> Vec<&'static str> {
        REGIONS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    /// The type whose resources contain those of `service/kind`: `bucket` for `s3/object`.
    pub fn parent_kind(&self, service: &str, kind: &str) -> Option<&str> {
        self.get(service, kind)?.parent.as_deref()
    }

    /// Whether `value`, which stands at `path` of a resource, is to be masked: the attribute holds a secret, or may
    /// hold one and looks like it. A marker in its place is no secret.
    pub fn hides(&self, key: &ResourceKey, path: &[String], value: &Value) -> bool {
        let Some(spec) = self.get(&key.service, &key.kind).filter(|_| Marker::of(value).is_none()) else {
            return false;
        };
        spec.secret.iter().any(|secret| secret.is_at_or_above(path))
            || spec.guarded.iter().filter(|guarded| guarded.is_at_or_above(path)).any(|guarded| {
                // A value in a map is named by its key; the one value of a resource, by the resource.
                let in_a_map = guarded.0.last().is_some_and(|last| last == "*") || path.len() > guarded.0.len();
                let name = path.last().filter(|_| in_a_map).map_or(key.own_name(), String::as_str);
                secrets::looks_secret(name, value)
            })
    }

    /// Whether resources of a type may have something to be masked.
    pub fn may_hide(&self, service: &str, kind: &str) -> bool {
        self.get(service, kind).is_some_and(|spec| !spec.secret.is_empty() || !spec.guarded.is_empty())
    }

    /// Whether what stands at `path` is one of several values that may each be secret, as a function's variables are:
    /// the resource can do without it.
    pub fn is_map_entry(&self, service: &str, kind: &str, path: &[String]) -> bool {
        self.get(service, kind).is_some_and(|spec| {
            let mut guarded = spec.guarded.iter().filter(|guarded| guarded.is_at_or_above(path));
            guarded.any(|guarded| guarded.0.len() == path.len() && guarded.0.last().is_some_and(|last| last == "*"))
        })
    }

    /// What [`Catalog::hides`] goes by: type, paths of secrets, and paths of what may be one.
    pub fn secret_rules(&self) -> Vec<(String, Vec<String>, Vec<String>)> {
        let dotted = |paths: &[spec::DottedPath]| paths.iter().map(|path| path.0.join(".")).collect();
        let types = self.services.iter().flat_map(|(service, spec)| spec.types.iter().map(move |spec| (service, spec)));
        types
            .filter(|(service, spec)| self.may_hide(service, spec.kind()))
            .map(|(service, spec)| (format!("{service}/{}", spec.kind()), dotted(&spec.secret), dotted(&spec.guarded)))
            .collect()
    }

    /// Whether the attribute at `path` of this type is a list whose order means nothing.
    pub fn is_set(&self, service: &str, kind: &str, path: &[String]) -> bool {
        let Some(spec) = self.get(service, kind) else { return false };
        spec.shapes.iter().any(|(place, shapes)| {
            place.0.len() == path.len()
                && place.0.iter().zip(path).all(|(wanted, name)| wanted == "*" || wanted == name)
                && shapes.0.contains(&Shape::Set)
        })
    }

    /// How the documents of a type are merged. Of a type the catalog does not have every list is one value.
    pub fn merge_rules(&self, service: &str, kind: &str) -> MergeRules {
        // A catalog whose rules do not parse is not loaded.
        self.get(service, kind).and_then(|spec| spec.merge_rules().ok()).unwrap_or_default()
    }

    /// What is wrong with a type that parses.
    fn fault(&self, service: &str, spec: &TypeSpec) -> Option<String> {
        let kind = spec.kind();
        let twins = self.types(service).iter().filter(|other| other.kind() == kind).count();
        if twins > 1 {
            return Some(format!("type {kind:?} is there twice"));
        }
        if let Some(parent) = spec.parent.as_deref().filter(|parent| self.get(service, parent).is_none()) {
            return Some(format!("type {kind:?} has the parent {parent:?}, which is not in this file"));
        }
        if spec.level == spec::Level::CaptureOnly && spec.reason.is_none() {
            return Some(format!("type {kind:?} is capture-only without a reason"));
        }
        if let Err(reason) = spec.merge_rules() {
            return Some(reason);
        }
        if spec.adapter {
            return None;
        }
        if spec.list.is_none() || spec.name.is_empty() {
            return Some(format!("type {kind:?} needs a list and a name, or an adapter"));
        }
        if spec.level == spec::Level::RoundTrip && (spec.create.is_none() || spec.delete.is_empty()) {
            return Some(format!("type {kind:?} needs create and delete, or the level capture-only"));
        }
        let double = spec.facets.iter().any(|facet| facet.attribute.is_some() && !facet.members.is_empty());
        double.then(|| format!("a facet of type {kind:?} has both an attribute and members"))
    }
}

/// The line (from 1) of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::MergeRule;

    #[test]
    fn the_builtin_files_load() {
        let catalog = Catalog::load(BUILTIN).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(catalog.services().len(), BUILTIN.len());
        assert_eq!(catalog.parent_kind("s3", "object"), Some("bucket"));
        assert!(catalog.regions().contains(&"eu-west-1"));
    }

    #[test]
    fn lists_are_merged_as_the_files_say() {
        let rule = |service: &str, kind: &str, path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            Catalog::builtin().merge_rules(service, kind).at(&path).cloned()
        };
        let map = |member: &str| Some(MergeRule::Keyed(member.to_owned()));
        assert_eq!(rule("sqs", "queue", "Policy.Statement"), map("Sid"));
        assert_eq!(rule("iam", "role", "InlinePolicies.p.Statement.s.Action"), Some(MergeRule::Set));
        assert_eq!(rule("iam", "role", "AttachedPolicies"), Some(MergeRule::Set));
        assert_eq!(rule("s3", "bucket", "Lifecycle"), map("ID"));
        assert_eq!(rule("s3", "bucket", "Cors"), None);
        assert_eq!(rule("dynamodb", "item", "Item.id"), Some(MergeRule::Typed));
        assert_eq!(rule("lambda", "function", "VpcConfig.SubnetIds"), Some(MergeRule::Set));
        assert_eq!(rule("lambda", "function", "Layers"), None);
    }

    #[test]
    fn at_least_five_types_are_free_of_rust() {
        let catalog = Catalog::builtin();
        let plain = |service: &&str| catalog.types(service).iter().any(|spec| !spec.adapter);
        assert!(catalog.services().iter().filter(|service| plain(service)).count() >= 5);
    }

    fn fault(text: &str) -> String {
        Catalog::load(&[("x.toml", text)]).unwrap_err().to_string()
    }

    #[test]
    fn a_malformed_file_is_named_with_its_line() {
        for (text, expected) in [
            ("service = \"x\"\nscope = [", "catalog file x.toml, line 2"),
            ("service = \"x\"\nscope = \"lunar\"", "catalog file x.toml, line 2"),
            ("service = \"x\"\n\n[[type]]\nkind = \"a\"\ncolour = 1", "catalog file x.toml, line 5"),
            (
                "service = \"x\"\n[[type]]\nkind = \"a\"\nadapter = true\nparent = \"b\"",
                "line 3: type \"a\" has the parent",
            ),
            ("service = \"x\"\n[[type]]\nkind = \"a\"", "line 3: type \"a\" needs a list"),
            (
                "service = \"x\"\n[[type]]\nkind = \"a\"\nadapter = true\nmerge = { A = \"sorted\" }",
                "line 3: unknown merge rule \"sorted\"",
            ),
            ("service = \"x\"\n[[type]]\nkind = \"a\"\nname = \"{b|shout}\"", "unknown pipe"),
        ] {
            assert!(fault(text).contains(expected), "{text:?}: {}", fault(text));
        }
    }
}
