//! A remote's URL, taken apart and checked.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::RemoteError;

/// Where a remote is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder, by absolute path.
    Directory(PathBuf),
    /// A path on an OCI registry.
    Oci {
        /// `host` or `host:port`.
        host: String,
        /// Valid repository components joined by `/`; never empty.
        path: String,
    },
    /// A bucket of an object store, or a part of one.
    Bucket {
        /// Whose.
        cloud: Cloud,
        /// Its name; on Azure `account/container`.
        name: String,
        /// Safe components joined by `/`; may be empty.
        prefix: String,
    },
}

/// Who keeps a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// AWS, or a store that speaks S3.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Location {
    /// Takes `url` apart. A user name or password in it is refused, and not repeated in the error.
    pub(crate) fn parse(url: &str) -> Result<Self, RemoteError> {
        let error = |reason: &str| RemoteError::Url { url: without_user(url), reason: reason.to_owned() };
        let Some((scheme, rest)) = url.split_once("://") else { return Err(error("it has no scheme")) };
        if url.chars().any(|c| c.is_control() || c.is_whitespace() && scheme != "file") {
            return Err(error("it has a space or control character"));
        }
        match scheme {
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err(error("the folder must be an absolute path, with three slashes: file:///dir"));
                }
                let path = percent_decode_str(path).decode_utf8().map_err(|_| error("the path is not UTF-8"))?;
                if path.contains('\0') {
                    return Err(error("the path has a zero byte"));
                }
                Ok(Self::Directory(PathBuf::from(path.as_ref())))
            }
            "oci" => {
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                if authority.contains('@') {
                    return Err(error(
                        "it must not hold a user name or password: keep them with 'docker login' or 'podman login'",
                    ));
                }
                if !is_host(authority) {
                    return Err(error("the host is malformed"));
                }
                let path = path.trim_end_matches('/');
                if path.is_empty() {
                    return Err(error("it names no path on the registry"));
                }
                if !path.split('/').all(is_component) {
                    return Err(error(
                        "each part of the path must be lower-case letters and digits, joined by single '.', '_' or '-'",
                    ));
                }
                Ok(Self::Oci { host: authority.to_ascii_lowercase(), path: path.to_owned() })
            }
            "s3" | "gs" | "az" => {
                if rest.contains('@') {
                    return Err(error(
                        "it must not hold a key: name an AWS profile with --profile, or set the usual environment variables",
                    ));
                }
                let cloud = match scheme {
                    "s3" => Cloud::S3,
                    "gs" => Cloud::Gcs,
                    _ => Cloud::Azure,
                };
                let mut parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
                if !parts.iter().all(|part| is_key_part(part)) {
                    return Err(error(
                        "bucket and prefix must be letters, digits, '.', '_' and '-', joined by single '/'",
                    ));
                }
                let prefix = parts.split_off(parts.len().min(if cloud == Cloud::Azure { 2 } else { 1 }));
                if cloud == Cloud::Azure && parts.len() < 2 {
                    return Err(error("it must name account and container, as in az://account/container/prefix"));
                }
                Ok(Self::Bucket { cloud, name: parts.join("/"), prefix: prefix.join("/") })
            }
            _ => Err(error("its scheme is not known")),
        }
    }
}

/// Whether `text` is a part of an object's key that no store and no tool reads as something else.
fn is_key_part(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Reads a remote's URL from a file that people write, refusing a password without repeating it.
pub(super) fn without_password<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = <String as serde::Deserialize>::deserialize(deserializer)?;
    if without_user(&url) == url {
        return Ok(url);
    }
    Err(serde::de::Error::custom(
        "a remote's url must not hold a user name, password or key: take it out, and keep it with 'podex remote login' or in an AWS profile",
    ))
}

/// `url` without what stands before an `@` in its authority.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.contains('@') { "…".to_owned() } else { url.to_owned() };
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    // A password may itself hold a slash, so everything up to the last '@' goes when the authority looks cut.
    match if authority.contains('@') || authority.contains(':') { rest.rsplit_once('@') } else { None } {
        Some((_, host)) => format!("{scheme}://{host}"),
        None => url.to_owned(),
    }
}

/// Whether `text` is `name`, `name:port`, `[v6]` or `[v6]:port`.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", port.strip_prefix(':').or(port.is_empty().then_some("0")))
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, Some("0")),
        },
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
        && port.is_some_and(is_port)
}

/// Whether `text` is one component of an OCI repository name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
pub(super) fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = |byte: Option<&u8>| byte.is_some_and(|&byte| alphanumeric(byte));
    ends(text.as_bytes().first())
        && ends(text.as_bytes().last())
        && text
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_registries_are_told_apart() {
        assert_eq!(Location::parse("file:///a%20b/c").unwrap(), Location::Directory("/a b/c".into()));
        assert_eq!(Location::parse("file://localhost/a").unwrap(), Location::Directory("/a".into()));
        let oci = |host: &str, path: &str| Location::Oci { host: host.into(), path: path.into() };
        assert_eq!(Location::parse("oci://127.0.0.1:5000/pods/").unwrap(), oci("127.0.0.1:5000", "pods"));
        assert_eq!(Location::parse("oci://GHCR.io/me/my__pods").unwrap(), oci("ghcr.io", "me/my__pods"));
        assert_eq!(Location::parse("oci://[::1]:5000/a-b").unwrap(), oci("[::1]:5000", "a-b"));
        let bucket = |cloud: Cloud, name: &str, prefix: &str| Location::Bucket {
            cloud,
            name: name.into(),
            prefix: prefix.into(),
        };
        assert_eq!(Location::parse("s3://team/").unwrap(), bucket(Cloud::S3, "team", ""));
        assert_eq!(Location::parse("gs://team/a/b").unwrap(), bucket(Cloud::Gcs, "team", "a/b"));
        assert_eq!(Location::parse("az://me/box/a").unwrap(), bucket(Cloud::Azure, "me/box", "a"));
    }

    #[test]
    fn malformed_urls_are_refused() {
        for url in [
            "",
            "team",
            "file://x/y",
            "file:dir",
            "s3://",
            "s3:///p",
            "s3://b//p",
            "s3://b/../p",
            "s3://b/p?x=1",
            "az://account",
            "oci://",
            "oci://host",
            "oci://host/",
            "oci:///p",
            "oci://host:x/p",
            "oci://host:99999/p",
            "oci://host/P",
            "oci://host/a//b",
            "oci://host/../b",
            "oci://h/a_",
            "oci://h/a?b",
            "oci://h/a#b",
            "oci://h o/a",
            "oci://[::1/a",
            "oci://h/a\u{1b}",
        ] {
            assert!(Location::parse(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in [
            "oci://me:sec/ret@host/p",
            "oci://me:secret@host/p",
            "http://me:secret@host/p",
            "me:secret@host/p",
            "s3://key:secret@bucket/p",
            "s3://key:sec/ret@bucket",
        ] {
            let text = Location::parse(url).unwrap_err().to_string();
            assert!(!text.contains("secret") && !text.contains("sec/ret"), "{text}");
        }
    }
}
