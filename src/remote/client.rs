//! The HTTP client of every remote: timeouts, proxies, and whose certificates are trusted.

use std::time::Duration;

use super::RemoteConfig;
use super::fault::Fault;

/// A connection that is not there by then will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the remote's host is spoken to without TLS: this machine itself, unless an authority is given for it.
pub(super) fn is_plain(host: &str, config: &RemoteConfig) -> bool {
    is_loopback(host) && config.ca_file.is_none()
}

/// A client for `host`, which is `name` or `name:port`. The system's proxy is used, but for this machine itself.
pub(super) fn client(host: &str, config: &RemoteConfig) -> Result<reqwest::ClientBuilder, Fault> {
    // Another room may have installed it already: either way there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("podex/", env!("CARGO_PKG_VERSION")));
    if is_loopback(host) {
        builder = builder.no_proxy();
    }
    if is_plain(host, config) {
        // Spares reading the system's certificates.
        builder = builder.tls_certs_only([]);
    }
    if let Some(file) = &config.ca_file {
        let unusable = |reason: String| Fault::failed(format!("the CA file {}: {reason}", file.display()));
        let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(deepest(&error)))?;
        if certificates.is_empty() {
            return Err(unusable("it holds no PEM certificate".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

/// Whether the host (perhaps with a port) is this machine itself, by name or number.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The error at the bottom, which says what happened; without URLs, which may hold signatures.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_name_and_number() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["ghcr.io", "localhost.evil.com", "127.0.0.1.evil.com:80", "10.0.0.1", "[::2]:5000"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
