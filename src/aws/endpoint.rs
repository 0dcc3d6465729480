//! An instance's endpoint URL.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// `http(s)://host[:port]`, without credentials, path, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

/// A text that is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an endpoint: {reason}; use http://host:port")]
pub struct InvalidEndpoint {
    /// The text as given, without any password.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Endpoint {
    /// The URL.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |text: &str, reason: &str| InvalidEndpoint { text: text.to_owned(), reason: reason.to_owned() };
        // "localhost:4566" parses as a URL of the scheme "localhost": add the scheme people mean.
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&full).map_err(|error| refuse("", &error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("", "it holds a user name or password"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse(text, "the scheme is neither http nor https"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(text, "it has a path, a query or a fragment"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_host_and_port_means_http() {
        assert_eq!("localhost:4566".parse::<Endpoint>().unwrap().to_string(), "http://localhost:4566");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = "http://me:hunter2@localhost".parse::<Endpoint>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
