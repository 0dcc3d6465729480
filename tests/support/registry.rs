//! docker-registry (CNCF Distribution): as installed, else unpacked from its Debian package without root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use podex::instance::managed::{ManagedError, Running, free_port, http_status, run_step, with_lock};

use super::emulator::printed;
use super::issuer::{ISSUER, issue_tokens};
use super::{available, cache, events, scratch};

/// `podex:secret`, as `htpasswd -B` writes it.
const HTPASSWD: &str = "podex:$2y$05$gJY0F5CN9uM1KNQxXZdl..1ANvEHIn53DZUfX1fn/UaXe114OSzEO\n";
/// It is ready within a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a registry asks for user `podex`, password `secret`.
#[derive(Clone, Copy, Debug)]
pub enum Login {
    /// By itself.
    Password,
    /// By way of a service that gives tokens for them.
    Token,
}

/// What kind of registry to start.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegistryOptions {
    /// Asks who comes.
    pub login: Option<Login>,
    /// Serves https, with a certificate of its own authority.
    pub tls: bool,
}

/// A freshly started, empty registry.
pub struct Registry {
    /// Where it listens.
    pub port: u16,
    running: Running,
}

/// Starts an open registry on plain http.
pub fn registry() -> Option<Registry> {
    registry_with(RegistryOptions::default())
}

/// Starts a registry.
pub fn registry_with(options: RegistryOptions) -> Option<Registry> {
    available("docker-registry", start(options))
}

impl Registry {
    /// The user that a registry with a login knows.
    pub const USER: &'static str = "podex";
    /// Their password.
    pub const PASSWORD: &'static str = "secret";

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a remote in it.
    pub fn url(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.host())
    }

    /// Its files and its `log`.
    pub fn folder(&self) -> &Path {
        self.running.folder().expect("every registry has a folder")
    }

    /// The authority that signed its certificate, where it serves https.
    pub fn ca_file(&self) -> PathBuf {
        self.folder().join("ca.pem")
    }

    /// Ends it as a crash would. The value stays, for its address.
    pub fn kill(&mut self) {
        self.running.kill();
    }
}

fn start(options: RegistryOptions) -> Result<Registry, ManagedError> {
    let program = program()?;
    let folder = scratch("registry");
    let path = |name: &str| folder.path().join(name);
    let port = free_port()?;
    let mut settings = format!(
        "version: 0.1\nlog:\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {:?}\n  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:{port}\n",
        path("data")
    );
    if options.tls || matches!(options.login, Some(Login::Token)) {
        make_certificates(folder.path());
    }
    if options.tls {
        settings += &format!("  tls:\n    certificate: {:?}\n    key: {:?}\n", path("leaf.pem"), path("leaf.key"));
    }
    match options.login {
        None => {}
        Some(Login::Password) => {
            fs::write(path("htpasswd"), HTPASSWD).map_err(ManagedError::io(path("htpasswd")))?;
            settings += &format!("auth:\n  htpasswd:\n    realm: podex\n    path: {:?}\n", path("htpasswd"));
        }
        Some(Login::Token) => {
            let realm = issue_tokens(folder.path());
            settings += &format!(
                "auth:\n  token:\n    realm: {realm}\n    service: {ISSUER}\n    issuer: {ISSUER}\n    rootcertbundle: {:?}\n",
                path("ca.pem")
            );
        }
    }
    fs::write(path("config.yml"), settings).map_err(ManagedError::io(path("config.yml")))?;
    let log = path("log");
    let mut running = Running::start(
        Command::new(program).arg("serve").arg(path("config.yml")).current_dir(folder.path()),
        folder.path(),
        &log,
    )?;
    running.own(folder)?;
    // A plain request to an https port is answered too, with a complaint: it listens.
    running.wait_until("docker-registry", &log, PATIENCE, &events(), || http_status(port, "GET", "/v2/").is_some())?;
    Ok(Registry { port, running })
}

/// The program: on the PATH, else out of its Debian package in the cache.
fn program() -> Result<PathBuf, ManagedError> {
    let installed = Command::new("docker-registry").arg("--version").stdin(Stdio::null()).output();
    if installed.is_ok_and(|output| output.status.success()) {
        return Ok("docker-registry".into());
    }
    let folder = cache();
    let target = folder.join("docker-registry");
    let program = target.join("usr/bin/docker-registry");
    with_lock(&folder, "docker-registry", &events(), |lock| {
        if program.exists() {
            return Ok(program.clone());
        }
        events().phase("install docker-registry");
        let download = scratch("download");
        let missing = |error: ManagedError| ManagedError::Install {
            what: "docker-registry".to_owned(),
            reason: format!("it is not on the PATH, and apt-get cannot download it: {error}"),
        };
        let mut apt = Command::new("apt-get");
        run_step(
            "docker-registry",
            apt.args(["download", "docker-registry"]).current_dir(download.path()),
            lock,
            &events(),
        )
        .map_err(missing)?;
        let package = fs::read_dir(download.path())
            .map_err(ManagedError::io(download.path()))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"));
        let package = package.unwrap_or_default();
        let unpacked = download.path().join("unpacked");
        run_step("docker-registry", Command::new("dpkg-deb").arg("-x").args([&package, &unpacked]), lock, &events())?;
        // One rename makes it visible, whole. It may cross file systems, where only a copy works.
        let near = folder.join("docker-registry.new");
        run_step("docker-registry", Command::new("cp").arg("-r").args([&unpacked, &near]), lock, &events())?;
        fs::rename(&near, &target).map_err(ManagedError::io(&target))?;
        Ok(program.clone())
    })
}

/// An authority and a certificate for 127.0.0.1 and localhost that it signed.
pub(super) fn make_certificates(folder: &Path) {
    let openssl = |args: &[&str]| printed(Command::new("openssl").args(args).current_dir(folder));
    let key = ["-newkey", "rsa:2048", "-nodes"];
    let authority = ["-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=podex tests"];
    openssl(&[&["req", "-x509"], &key[..], &authority[..]].concat());
    let request = ["-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost"];
    openssl(&[&["req"], &key[..], &request[..]].concat());
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("the folder is ours");
    openssl(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "leaf.pem",
        "-days",
        "30",
        "-extfile",
        "names",
    ]);
}
