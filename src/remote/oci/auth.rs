//! Logging in to a registry: basic, or a token from the service it names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use docker_credential::DockerCredential;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::http::Attempt;
use crate::remote::CredentialFiles;
use crate::remote::client::is_loopback;
use crate::remote::fault::{Fault, plain};

/// Longest answer of a token service.
const MAX_TOKEN_BYTES: usize = 256 * 1024;

/// A token service that takes longer is not there.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// The key under which what is good for every scope is kept.
const EVERY_SCOPE: &str = "";

/// What is known of the user on one registry.
pub(super) struct Auth {
    host: String,
    base: Url,
    files: CredentialFiles,
    login: OnceCell<Option<DockerCredential>>,
    /// By scope.
    headers: Mutex<HashMap<String, HeaderValue>>,
}

/// How the registry wants to know who asks.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// Services send either, or both.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Auth {
    pub(super) fn new(host: String, base: Url, files: CredentialFiles) -> Self {
        Self { host, base, files, login: OnceCell::new(), headers: Mutex::default() }
    }

    /// Whether a login was looked for and found.
    pub(super) fn has_login(&self) -> bool {
        self.login.get().is_some_and(Option::is_some)
    }

    /// What to send along, as far as it is known by now.
    pub(super) fn header(&self, scope: &str) -> Option<HeaderValue> {
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.get(scope).or_else(|| headers.get(EVERY_SCOPE)).cloned()
    }

    /// Answers a 401 to a request that had `sent` along. Says whether there is something else to send now.
    pub(super) async fn answer(
        &self,
        client: &reqwest::Client,
        headers: &HeaderMap,
        scope: &str,
        sent: Option<&HeaderValue>,
    ) -> Result<bool, Attempt> {
        if self.header(scope).is_some_and(|known| Some(&known) != sent) {
            // Another request has logged in meanwhile.
            return Ok(true);
        }
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = challenges.filter_map(Challenge::parse).collect();
        let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        let login = self.login().await?;
        let (key, value) = match (bearer.or(challenges.first()), login) {
            (Some(Challenge::Bearer { realm, service }), login) => {
                let token = self.token(client, realm, service.as_deref(), scope, login).await?;
                (scope, format!("Bearer {token}"))
            }
            (Some(Challenge::Basic), Some(DockerCredential::UsernamePassword(user, password))) => {
                (EVERY_SCOPE, basic(user, password))
            }
            _ => return Ok(false),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| Fault::failed("its token is malformed"))?;
        value.set_sensitive(true);
        let news = Some(&value) != sent;
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
        Ok(news)
    }

    async fn login(&self) -> Result<Option<&DockerCredential>, Fault> {
        let look = || async {
            let (files, host) = (self.files.clone(), self.host.clone());
            // May run a credential helper, which may ask the user.
            let found = tokio::task::spawn_blocking(move || files.find(&host)).await;
            found.unwrap_or(Err(Fault::Cancelled))
        };
        self.login.get_or_try_init(look).await.map(Option::as_ref)
    }

    /// Gets a token for `scope`, or for several, separated by spaces.
    async fn token(
        &self,
        client: &reqwest::Client,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        login: Option<&DockerCredential>,
    ) -> Result<String, Attempt> {
        let url = self.token_service(realm)?;
        let service = service.map(|service| ("service", service));
        let request = match login {
            Some(DockerCredential::IdentityToken(token)) => {
                let fixed = [("grant_type", "refresh_token"), ("client_id", "podex"), ("refresh_token", token)];
                let mut form = url.clone();
                form.query_pairs_mut().clear().extend_pairs(fixed).append_pair("scope", scope).extend_pairs(service);
                client
                    .post(url)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.query().unwrap_or_default().to_owned())
            }
            other => {
                let mut url = url;
                // Several are one parameter each here, and in the form above separated by spaces.
                let scopes = scope.split(' ').map(|scope| ("scope", scope));
                url.query_pairs_mut().extend_pairs(scopes).extend_pairs(service);
                let request = client.get(url);
                match other {
                    Some(DockerCredential::UsernamePassword(user, password)) => {
                        request.basic_auth(user, Some(password))
                    }
                    _ => request,
                }
            }
        };
        let broken = |error: reqwest::Error| Attempt::Again {
            reason: format!("the token service of {}: {}", self.host, plain(&error.without_url().to_string())),
            after: None,
        };
        let mut response = request.timeout(TOKEN_TIMEOUT).send().await.map_err(broken)?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                let reason = format!("the token service of {} answered {}", self.host, status.as_u16());
                return Err(Attempt::Again { reason, after: None });
            }
            _ => return Err(Fault::failed(self.refused()).into()),
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_TOKEN_BYTES {
                return Err(Fault::hostile("its token is too long").into());
            }
        }
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        let token = token.and_then(|token| token.token.or(token.access_token));
        Ok(token.ok_or_else(|| Fault::failed(format!("the token service of {} sent no token", self.host)))?)
    }

    fn refused(&self) -> String {
        let host = &self.host;
        if self.has_login() {
            format!("{host} refused the user name or password kept for it: run 'docker login {host}' again")
        } else {
            format!("{host} asks for a login: run 'docker login {host}'")
        }
    }

    /// The token service's address, if the login may be sent there.
    fn token_service(&self, realm: &str) -> Result<Url, Fault> {
        let url = Url::parse(realm).map_err(|_| Fault::hostile("it names no valid token service"))?;
        let local = |url: &Url| url.host_str().is_some_and(is_loopback);
        let safe = url.scheme() == "https"
            || url.scheme() == "http" && (url.origin() == self.base.origin() || local(&url) && local(&self.base));
        if safe && url.username().is_empty() && url.password().is_none() {
            return Ok(url);
        }
        let place = plain(url.host_str().unwrap_or_default());
        Err(Fault::hostile(format!("it wants the login sent to {place} without https: not sent")))
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Challenge {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = parameters(rest);
        Some(Self::Bearer { realm: parameters.remove("realm")?, service: parameters.remove("service") })
    }
}

/// The `name="value"` pairs of a challenge.
fn parameters(mut text: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let rest = rest.trim_start();
        let mut value = String::new();
        let mut quoted = rest.starts_with('"');
        let mut characters = rest.char_indices().skip(usize::from(quoted));
        let mut end = rest.len();
        while let Some((place, c)) = characters.next() {
            match c {
                '\\' if quoted => value.extend(characters.next().map(|(_, c)| c)),
                '"' if quoted => quoted = false,
                ',' if !quoted => {
                    end = place + 1;
                    break;
                }
                c => value.push(c),
            }
        }
        parameters.insert(name.trim().to_ascii_lowercase(), value.trim_end().to_owned());
        text = rest.get(end..).unwrap_or_default();
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(base: &str) -> Auth {
        Auth::new("h".to_owned(), Url::parse(base).unwrap(), CredentialFiles::default())
    }

    #[test]
    fn challenges_are_understood() {
        let bearer = |realm: &str, service: Option<&str>| Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        };
        for (text, expected) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            ("Bearer realm=\"https://a/t\",service=\"s,\\\"1\"", Some(bearer("https://a/t", Some("s,\"1")))),
            ("bearer service=s, realm=https://a", Some(bearer("https://a", Some("s")))),
            ("Bearer service=\"x\"", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_login_is_not_sent_anywhere_in_the_clear() {
        let remote = auth("https://r.example/");
        assert!(remote.token_service("https://auth.example/token").is_ok());
        assert!(remote.token_service("http://r.example/token").is_err());
        assert!(remote.token_service("http://127.0.0.1/token").is_err());
        assert!(remote.token_service("ftp://r.example/token").is_err());
        let local = auth("http://127.0.0.1:5000/");
        assert!(local.token_service("http://127.0.0.1:5001/token").is_ok());
        assert!(local.token_service("http://auth.example/token").is_err());
    }
}
