//! The token service of a registry: registries check tokens themselves, and leave it to others to issue them.
//!
//! Gives whoever knows the login a token for exactly the scopes asked for, as the CNCF Distribution project documents
//! it (`docs/spec/auth/token.md` and `jwt.md`): a JSON Web Token, signed by RS256, that carries its certificate.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Registry;

/// Who the registry is told to believe, and who the tokens are for.
pub const ISSUER: &str = "podex tests";
/// Seconds that a token is good for; registries allow a minute more.
const VALID: u64 = 300;

/// Listens until the test's process ends, with `leaf.key` and `leaf.pem` of `folder`; gives its realm.
pub fn issue_tokens(folder: &Path) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let realm = format!("http://{}/token", listener.local_addr().expect("its address"));
    let pem = std::fs::read_to_string(folder.join("leaf.pem")).expect("a certificate");
    let certificate: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let signer = Arc::new(Signer { key: folder.join("leaf.key"), certificate });
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let signer = signer.clone();
            std::thread::spawn(move || answer(client, &signer));
        }
    });
    realm
}

struct Signer {
    key: PathBuf,
    /// Base64 of its DER.
    certificate: String,
}

impl Signer {
    /// A token that allows these actions.
    fn token(&self, access: &[Value]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [self.certificate]});
        let claims = json!({"iss": ISSUER, "sub": Registry::USER, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + VALID,
            "jti": format!("{:x}", rand::random::<u128>()), "access": access});
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha256", "-sign"]).arg(&self.key).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut openssl = openssl.spawn().expect("openssl");
        // Taken, so that it is closed.
        openssl.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("openssl reads");
        let signature = openssl.wait_with_output().expect("openssl ends").stdout;
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Answers one request and ends the connection.
fn answer(mut client: TcpStream, signer: &Signer) {
    let mut lines = BufReader::new(&client).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let login = STANDARD.encode(format!("{}:{}", Registry::USER, Registry::PASSWORD));
    let is_known = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
        .any(|(name, value)| name == "authorization" && value == format!("Basic {login}"));
    let url =
        reqwest::Url::parse("http://localhost").and_then(|base| base.join(first.split(' ').nth(1).unwrap_or("/")));
    let asked: Vec<(String, String)> = url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default();
    let is_for_it = asked.iter().any(|(name, value)| name == "service" && value == ISSUER);
    let (status, body) = if is_known && is_for_it {
        let scopes = asked.iter().filter(|(name, _)| name == "scope");
        let access: Vec<Value> = scopes.filter_map(|(_, scope)| entry(scope)).collect();
        ("200 OK", json!({"token": signer.token(&access), "expires_in": VALID}).to_string())
    } else {
        ("401 Unauthorized", String::new())
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Who asked may be gone.
    let _ = client.write_all((head + &body).as_bytes());
}

/// `repository:team/pod:pull,push` as a token says it.
fn entry(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    Some(json!({"type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>()}))
}
