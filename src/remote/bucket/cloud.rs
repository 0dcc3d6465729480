//! Opens a bucket: whose it is, where, and with which credentials.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use reqwest::Url;

use super::credentials;
use super::http::{STALL, Transport};
use crate::remote::client::{client, deepest, is_loopback};
use crate::remote::fault::Fault;
use crate::remote::location::Cloud;
use crate::remote::{CredentialFiles, RemoteConfig};

/// Attempts after the first; the store's own policy backs off with jitter between them.
const MAX_RETRIES: usize = 4;

/// Where AWS is when nothing else is said.
const DEFAULT_REGION: &str = "us-east-1";

/// Settings of the environment that name the identity of a container. Endpoints are deliberately not among them:
/// `AWS_ENDPOINT_URL` means the emulator, and a pod pushed into it would be gone with it.
const CONTAINER_IDENTITY: &[&str] = &[
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Checks what can be checked without connecting; gives the endpoint of a store that is not AWS.
pub(super) fn endpoint(config: &RemoteConfig, cloud: Cloud) -> Result<Option<Url>, Fault> {
    let built = match cloud {
        Cloud::S3 => true,
        Cloud::Gcs => cfg!(feature = "gcs"),
        Cloud::Azure => cfg!(feature = "azure"),
    };
    if !built {
        let feature = if cloud == Cloud::Gcs { "gcs" } else { "azure" };
        return Err(Fault::failed(format!("this podex was built without it: install it with --features {feature}")));
    }
    let Some(text) = &config.s3_endpoint else { return Ok(None) };
    let wrong = |reason: &str| Fault::failed(format!("its S3 endpoint {reason}"));
    let url = Url::parse(text).map_err(|_| wrong("is not a URL: use https://host[:port]"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password: name an AWS profile with --profile"));
    }
    let host = url.host_str().ok_or_else(|| wrong("names no host"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        _ => return Err(wrong("must be https; plain http is for this machine itself")),
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must be a host alone: bucket and prefix belong into s3://bucket/prefix"));
    }
    Ok(Some(url))
}

/// Opens the bucket. May run a credential process: blocks.
pub(super) fn open(
    config: &RemoteConfig,
    cloud: Cloud,
    name: &str,
    logins: &CredentialFiles,
) -> Result<Arc<dyn ObjectStore>, Fault> {
    let endpoint = endpoint(config, cloud)?;
    let host = endpoint.as_ref().and_then(Url::host_str).unwrap_or_default();
    let client = client(host, config)?.read_timeout(STALL).build().map_err(|error| Fault::failed(deepest(&error)))?;
    let transport = Transport(client);
    match cloud {
        Cloud::S3 => s3(config, name, endpoint.as_ref(), transport, logins),
        #[cfg(feature = "gcs")]
        Cloud::Gcs => {
            let builder = object_store::gcp::GoogleCloudStorageBuilder::from_env().with_bucket_name(name);
            Ok(Arc::new(builder.with_http_connector(transport).with_retry(retry()).build().map_err(unusable)?))
        }
        #[cfg(feature = "azure")]
        Cloud::Azure => {
            let (account, container) = name.split_once('/').unwrap_or((name, ""));
            let builder = object_store::azure::MicrosoftAzureBuilder::from_env().with_account(account);
            let builder = builder.with_container_name(container).with_http_connector(transport).with_retry(retry());
            Ok(Arc::new(builder.build().map_err(unusable)?))
        }
        #[cfg(not(all(feature = "gcs", feature = "azure")))]
        _ => Err(Fault::failed("this podex was built without it")),
    }
}

fn s3(
    config: &RemoteConfig,
    name: &str,
    endpoint: Option<&Url>,
    transport: Transport,
    logins: &CredentialFiles,
) -> Result<Arc<dyn ObjectStore>, Fault> {
    let identity = credentials::find(config.profile.as_deref(), logins.aws())?;
    let region = config.s3_region.clone().or(identity.region).unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(region)
        .with_http_connector(transport)
        .with_retry(retry());
    if let Some(endpoint) = endpoint {
        let address = endpoint.as_str().trim_end_matches('/');
        builder = builder.with_endpoint(address).with_allow_http(endpoint.scheme() == "http");
    }
    match identity.credentials {
        Some(credentials) => {
            builder = builder.with_access_key_id(credentials.key_id).with_secret_access_key(credentials.secret);
            if let Some(token) = credentials.token {
                builder = builder.with_token(token);
            }
        }
        None => {
            let mut known = false;
            for variable in CONTAINER_IDENTITY {
                let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
                let key = variable.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
                if let (Some(value), Ok(key)) = (value, key) {
                    builder = builder.with_config(key, value);
                    known = true;
                }
            }
            if !known {
                return Err(Fault::failed(
                    "there are no AWS credentials: run 'aws configure', set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with 'podex remote add --profile'",
                ));
            }
        }
    }
    Ok(Arc::new(builder.build().map_err(unusable)?))
}

fn retry() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: MAX_RETRIES, ..RetryConfig::default() }
}

fn unusable(error: object_store::Error) -> Fault {
    Fault::failed(deepest(&error))
}
