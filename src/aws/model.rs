//! The API models: operations, shapes and paginators of each service, as trimmed out of botocore.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

/// Reads a JSON object into pairs that keep the file's order: XML bodies are written in it.
fn ordered<'de, D, T>(deserializer: D) -> Result<Vec<(String, T)>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Pairs<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0));
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs(PhantomData))
}

/// Reads one name or a list of names.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Many(names) => names,
    })
}

/// One service's model.
#[derive(Deserialize)]
pub(crate) struct Model {
    pub metadata: Metadata,
    pub operations: HashMap<String, Operation>,
    #[serde(default)]
    pub pagination: HashMap<String, Paginator>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    pub aws_query_compatible: Option<de::IgnoredAny>,
    pub json_version: Option<String>,
    pub protocol: String,
    #[serde(default)]
    pub protocols: Vec<String>,
    pub signing_name: Option<String>,
    pub target_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub http: Http,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
    #[serde(default)]
    http_checksum_required: bool,
    #[serde(default)]
    http_checksum: HttpChecksum,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct HttpChecksum {
    request_checksum_required: bool,
}

impl Operation {
    /// Whether the service refuses the request without a checksum of its body.
    pub fn needs_checksum(&self) -> bool {
        self.http_checksum_required || self.http_checksum.request_checksum_required
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub method: String,
    pub request_uri: String,
}

/// How a list operation is paged.
#[derive(Deserialize, Clone)]
pub(crate) struct Paginator {
    #[serde(default, deserialize_with = "one_or_many")]
    pub input_token: Vec<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    pub output_token: Vec<String>,
    pub more_results: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    #[serde(alias = "character")]
    Character,
    Blob,
    Boolean,
    #[serde(alias = "long")]
    Integer,
    #[serde(alias = "float")]
    Double,
    Timestamp,
}

/// What a shape, or a reference to it, says about its place and spelling on the wire.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Reference {
    pub shape: String,
    location: Option<String>,
    location_name: Option<String>,
    query_name: Option<String>,
    flattened: Option<bool>,
    xml_attribute: Option<bool>,
    xml_namespace: Option<Namespace>,
    timestamp_format: Option<String>,
    pub idempotency_token: bool,
    jsonvalue: bool,
    pub result_wrapper: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default, deserialize_with = "ordered")]
    pub members: Vec<(String, Reference)>,
    member: Option<Box<Reference>>,
    key: Option<Box<Reference>>,
    value: Option<Box<Reference>>,
    pub payload: Option<String>,
    #[serde(default)]
    pub document: bool,
    location_name: Option<String>,
    flattened: Option<bool>,
    xml_namespace: Option<Namespace>,
    timestamp_format: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Namespace {
    Plain(String),
    Full { uri: String, prefix: Option<String> },
}

impl Namespace {
    /// The attribute that declares it.
    pub fn attribute(&self) -> (String, &str) {
        match self {
            Self::Plain(uri) => ("xmlns".to_owned(), uri),
            Self::Full { uri, prefix: None } => ("xmlns".to_owned(), uri),
            Self::Full { uri, prefix: Some(prefix) } => (format!("xmlns:{prefix}"), uri),
        }
    }
}

/// A shape as seen through the reference that leads to it. What the reference says wins.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub model: &'a Model,
    pub shape: &'a Shape,
    pub reference: &'a Reference,
}

impl<'a> Bound<'a> {
    /// The name on the wire, where the model gives one.
    pub fn wire_name(&self) -> Option<&'a str> {
        self.reference.location_name.as_deref().or(self.shape.location_name.as_deref())
    }

    pub fn query_name(&self) -> Option<&'a str> {
        self.reference.query_name.as_deref()
    }

    pub fn location(&self) -> Option<&'a str> {
        self.reference.location.as_deref()
    }

    pub fn flattened(&self) -> bool {
        self.reference.flattened.or(self.shape.flattened).unwrap_or(false)
    }

    pub fn xml_attribute(&self) -> bool {
        self.reference.xml_attribute.unwrap_or(false)
    }

    pub fn namespace(&self) -> Option<&'a Namespace> {
        self.reference.xml_namespace.as_ref().or(self.shape.xml_namespace.as_ref())
    }

    pub fn timestamp_format(&self) -> Option<&'a str> {
        self.reference.timestamp_format.as_deref().or(self.shape.timestamp_format.as_deref())
    }

    /// A header whose value is base64 of JSON.
    pub fn is_json_header(&self) -> bool {
        self.reference.jsonvalue && self.location() == Some("header")
    }

    pub fn members(&self) -> impl Iterator<Item = (&'a str, Bound<'a>)> + use<'a> {
        let model = self.model;
        self.shape.members.iter().filter_map(move |(name, reference)| Some((name.as_str(), model.bind(reference)?)))
    }

    pub fn get(&self, name: &str) -> Option<Bound<'a>> {
        let (_, reference) = self.shape.members.iter().find(|(member, _)| member == name)?;
        self.model.bind(reference)
    }

    /// The payload member, where the shape names one.
    pub fn payload(&self) -> Option<(&'a str, Bound<'a>)> {
        let name = self.shape.payload.as_deref()?;
        Some((name, self.get(name)?))
    }

    pub fn element(&self) -> Option<Bound<'a>> {
        self.model.bind(self.shape.member.as_deref()?)
    }

    pub fn key(&self) -> Option<Bound<'a>> {
        self.model.bind(self.shape.key.as_deref()?)
    }

    pub fn value(&self) -> Option<Bound<'a>> {
        self.model.bind(self.shape.value.as_deref()?)
    }
}

impl Model {
    /// The shape a reference leads to.
    pub fn bind<'a>(&'a self, reference: &'a Reference) -> Option<Bound<'a>> {
        Some(Bound { model: self, shape: self.shapes.get(&reference.shape)?, reference })
    }

    /// The name in the credential scope.
    pub fn signing_name(&self) -> &str {
        self.metadata.signing_name.as_deref().unwrap_or(&self.metadata.endpoint_prefix)
    }

    /// The first protocol of the service that we speak.
    pub fn protocol(&self) -> Option<Protocol> {
        let listed = self.metadata.protocols.iter().map(String::as_str);
        listed.chain([self.metadata.protocol.as_str()]).find_map(Protocol::parse)
    }
}

/// How requests and responses are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Json,
    RestJson,
    RestXml,
    Query,
    Ec2,
}

impl Protocol {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "rest-json" => Self::RestJson,
            "rest-xml" => Self::RestXml,
            "query" => Self::Query,
            "ec2" => Self::Ec2,
            _ => return None,
        })
    }
}

macro_rules! models {
    ($($service:literal),* $(,)?) => {
        /// The services there is a model for.
        pub(crate) const SERVICES: &[&str] = &[$($service),*];

        /// The model of a service. Parsed at its first use.
        pub(crate) fn model(service: &str) -> Option<&'static Model> {
            match service {
                $($service => {
                    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
                    MODEL.get_or_init(|| {
                        let text = include_str!(concat!("../../assets/models/", $service, ".json"));
                        serde_json::from_str(text).ok()
                    }).as_ref()
                })*
                _ => None,
            }
        }
    };
}

models!(
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
    "dynamodbstreams",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "elasticache",
    "elbv2",
    "events",
    "firehose",
    "glacier",
    "glue",
    "iam",
    "iot-data",
    "kinesis",
    "kms",
    "lambda",
    "lex-runtime",
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
    "sts",
    "wafv2",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_model_parses_and_its_references_resolve() {
        for service in SERVICES {
            let model = model(service).unwrap_or_else(|| panic!("{service} does not parse"));
            assert!(model.protocol().is_some(), "{service} has no protocol we speak");
            for (name, operation) in &model.operations {
                for reference in [&operation.input, &operation.output].into_iter().flatten() {
                    assert!(model.bind(reference).is_some(), "{service}:{name}");
                }
            }
            for shape in model.shapes.values() {
                for (member, reference) in &shape.members {
                    assert!(model.bind(reference).is_some(), "{service}: {member}");
                }
            }
        }
    }

    #[test]
    fn the_first_protocol_we_speak_is_taken() {
        let cloudwatch = model("cloudwatch").unwrap();
        assert_eq!(cloudwatch.metadata.protocol, "smithy-rpc-v2-cbor");
        assert_eq!(cloudwatch.protocol(), Some(Protocol::Json));
    }
}
