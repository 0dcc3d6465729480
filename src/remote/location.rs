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
            _ => Err(error("its scheme is not known")),
        }
    }
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
    }

    #[test]
    fn malformed_urls_are_refused() {
        for url in [
            "",
            "team",
            "file://x/y",
            "file:dir",
            "s3://b/p",
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
        for url in ["oci://me:sec/ret@host/p", "oci://me:secret@host/p", "http://me:secret@host/p", "me:secret@host/p"]
        {
            let text = Location::parse(url).unwrap_err().to_string();
            assert!(!text.contains("secret") && !text.contains("sec/ret"), "{text}");
        }
    }
}
