//! Signature Version 4.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::protocol::{encode_component, encode_path, encode_query};

/// What `x-amz-content-sha256` says when the body's digest is not known beforehand.
pub(super) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Who signs. Emulators accept any secret; a real one is used where the environment gives it.
#[derive(Clone)]
pub(super) struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
}

/// What a signature covers.
pub(super) struct Signable<'a> {
    pub method: &'a str,
    /// The path as it goes on the wire.
    pub path: &'a str,
    pub query: &'a [(String, String)],
    /// All headers to sign, `host` and `x-amz-date` among them.
    pub headers: &'a [(String, String)],
    /// Hex SHA-256 of the body, or [`UNSIGNED_PAYLOAD`].
    pub payload: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    pub moment: Timestamp,
}

/// `20150830T123600Z`.
pub(super) fn amz_date(moment: Timestamp) -> String {
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Hex SHA-256.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The value of the `Authorization` header.
pub(super) fn authorization(credentials: &Credentials, signable: &Signable<'_>) -> String {
    let mut headers: Vec<(String, String)> = signable
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let mut query = signable.query.to_vec();
    query.sort_by_key(|(name, value)| (encode_component(name), encode_component(value)));
    // Every service but S3 encodes the path a second time.
    let path = if signable.service == "s3" { signable.path.to_owned() } else { encode_path(signable.path) };
    let canonical = [signable.method, &path, &encode_query(&query), &lines, &names, signable.payload].join("\n");
    let date = amz_date(signable.moment);
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", signable.region, signable.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let key = [day, signable.region, signable.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.secret_key).into_bytes(), |key, part| hmac(&key, part));
    let signature = hex::encode(hmac(&key, &to_sign));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case of AWS's published Signature Version 4 test suite: its fixed key, date, region and service.
    fn suite(method: &str, path: &str, query: &[(&str, &str)], extra: &[(&str, &str)], body: &[u8]) -> String {
        let pairs = |list: &[(&str, &str)]| {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let mut headers = pairs(&[("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]);
        headers.extend(pairs(extra));
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let header = authorization(
            &credentials,
            &Signable {
                method,
                path,
                query: &pairs(query),
                headers: &headers,
                payload: &sha256_hex(body),
                region: "us-east-1",
                service: "service",
                moment: "2015-08-30T12:36:00Z".parse().unwrap(),
            },
        );
        header.rsplit('=').next().unwrap().to_owned()
    }

    #[test]
    fn the_published_examples_get_the_published_signatures() {
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(suite("GET", "/", &[], &[], b""), vanilla);
        assert_eq!(
            suite("GET", "/", &[("Param2", "value2"), ("Param1", "value1")], &[], b""),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
        assert_eq!(
            suite("POST", "/", &[], &[], b""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        assert_eq!(
            suite("POST", "/", &[], &[("Content-Type", "application/x-www-form-urlencoded")], b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}
