//! Who the user is on a registry: what `docker login` or `podman login` has kept.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use serde::Deserialize;

use crate::remote::fault::{Fault, plain};

/// Docker Hub's key in these files, for historical reasons.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// What helpers answer when they know no password. There is no code for it, only this text.
const HELPER_KNOWS_NOTHING: &str = "credentials not found";

/// The files in which logins are kept.
#[derive(Clone, Debug, Default)]
pub struct CredentialFiles {
    /// Docker's and podman's, first come first served.
    docker: Vec<PathBuf>,
    /// AWS's, keys before settings.
    aws: Vec<PathBuf>,
}

/// The parts of such a file that name programs to run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Helpers {
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: std::collections::HashMap<String, String>,
}

impl CredentialFiles {
    /// Exactly these files of docker's and of AWS's kind; they may be absent.
    pub fn new(docker: Vec<PathBuf>, aws: Vec<PathBuf>) -> Self {
        Self { docker, aws }
    }

    /// AWS's files, keys before settings.
    pub(in crate::remote) fn aws(&self) -> &[PathBuf] {
        &self.aws
    }

    /// Where docker, podman and the AWS tools keep the user's logins.
    pub fn of_user() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let docker = [
            variable("DOCKER_CONFIG").or_else(|| in_home(".docker")).map(|folder| folder.join("config.json")),
            variable("REGISTRY_AUTH_FILE"),
            variable("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            in_home(".config/containers/auth.json"),
        ];
        let aws = [
            variable("AWS_SHARED_CREDENTIALS_FILE").or_else(|| in_home(".aws/credentials")),
            variable("AWS_CONFIG_FILE").or_else(|| in_home(".aws/config")),
        ];
        Self { docker: docker.into_iter().flatten().collect(), aws: aws.into_iter().flatten().collect() }
    }

    /// Hands a login for `host` to the credential helper that the first docker config names. Blocks.
    pub(in crate::remote) fn keep(&self, host: &str, user: &str, password: &str) -> Result<(), Fault> {
        let server = if host == "docker.io" { DOCKER_HUB_KEY } else { host };
        let by_hand = || {
            Fault::failed(format!(
                "no credential helper is configured for docker (credsStore in ~/.docker/config.json), and podex keeps no password itself: run 'docker login {host}'"
            ))
        };
        let file = self.docker.iter().find(|file| file.exists()).ok_or_else(by_hand)?;
        let unusable = |error: &dyn std::fmt::Display| Fault::failed(format!("{}: {error}", file.display()));
        let content = std::fs::read(file).map_err(|error| unusable(&error))?;
        let helpers: Helpers = serde_json::from_slice(&content).map_err(|error| unusable(&error))?;
        let name = helpers.cred_helpers.get(server).or(helpers.creds_store.as_ref()).ok_or_else(by_hand)?;
        if !is_helper_name(name) {
            return Err(Fault::failed(format!("{} names a credential helper {name:?}: not run", file.display())));
        }
        let login = serde_json::json!({"ServerURL": server, "Username": user, "Secret": password}).to_string();
        let failed = |reason: String| Fault::failed(format!("the credential helper {name} failed: {reason}"));
        let mut child = Command::new(format!("docker-credential-{name}"))
            .arg("store")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        // A helper that does not read is one that fails, and says why.
        let sent = child.stdin.take().map(|mut input| input.write_all(login.as_bytes()));
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        if output.status.success() && matches!(sent, Some(Ok(()))) {
            return Ok(());
        }
        Err(failed(plain(&String::from_utf8_lossy(&output.stderr).replace(password, "…"))))
    }

    /// The login for `host`; None where nobody has logged in. May run a credential helper: blocks.
    pub(super) fn find(&self, host: &str) -> Result<Option<DockerCredential>, Fault> {
        let server = if host == "docker.io" { DOCKER_HUB_KEY } else { host };
        for file in &self.docker {
            let content = match std::fs::read(file) {
                Ok(content) => content,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Fault::failed(format!("{}: {error}", file.display()))),
            };
            let helpers: Helpers = serde_json::from_slice(&content)
                .map_err(|error| Fault::failed(format!("{} is malformed: {error}", file.display())))?;
            if let Some(name) = helpers.cred_helpers.get(server).or(helpers.creds_store.as_ref())
                && !is_helper_name(name)
            {
                return Err(Fault::failed(format!("{} names a credential helper {name:?}: not run", file.display())));
            }
            match get_credential_from_reader(content.as_slice(), server) {
                Ok(credential) => return Ok(Some(credential)),
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                    if stdout.contains(HELPER_KNOWS_NOTHING) || stderr.contains(HELPER_KNOWS_NOTHING) => {}
                // What a failing helper printed may hold a secret; its error output is for people.
                Err(CredentialRetrievalError::HelperFailure { helper, stderr, .. }) => {
                    return Err(Fault::failed(format!("the credential helper {helper} failed: {}", plain(&stderr))));
                }
                Err(error) => return Err(Fault::failed(format!("{}: {error}", file.display()))),
            }
        }
        Ok(None)
    }
}

/// Whether the name, which becomes part of a program's name, can only name a program on the PATH.
fn is_helper_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(content: &str, host: &str) -> Result<Option<DockerCredential>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, content).unwrap();
        let files = CredentialFiles::new(vec![folder.path().join("absent"), file], Vec::new());
        files.find(host).map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn logins_are_found_by_host() {
        let content = r#"{"auths": {"h:5000": {"auth": "Ym9iOnNlY3JldA=="}, "docker.io": {"auth": "YTpi"}}}"#;
        let login = |user: &str, password: &str| DockerCredential::UsernamePassword(user.into(), password.into());
        assert_eq!(find(content, "h:5000").unwrap(), Some(login("bob", "secret")));
        assert_eq!(find(content, "h").unwrap(), None);
        assert_eq!(find("{}", "h").unwrap(), None);
    }

    #[test]
    fn a_helper_that_could_be_another_program_is_not_run() {
        for name in ["../../tmp/evil", "x;reboot", "a b", "/bin/sh"] {
            let content = serde_json::json!({"credHelpers": {"h": name}}).to_string();
            assert!(find(&content, "h").unwrap_err().contains("not run"), "{name}");
            let content = serde_json::json!({"credsStore": name}).to_string();
            assert!(find(&content, "h").unwrap_err().contains("not run"), "{name}");
        }
    }

    #[test]
    fn a_login_is_handed_to_a_checked_helper_or_not_kept_at_all() {
        let keep = |content: &str| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("config.json");
            std::fs::write(&file, content).unwrap();
            let kept = CredentialFiles::new(vec![file], Vec::new()).keep("h:5000", "bob", "hunter2");
            format!("{:?}", kept.unwrap_err())
        };
        assert!(keep("{}").contains("docker login h:5000"));
        assert!(keep(r#"{"credsStore": "../evil"}"#).contains("not run"));
        let fault = keep(r#"{"credHelpers": {"h:5000": "podex-absent"}}"#);
        assert!(fault.contains("credential helper podex-absent failed") && !fault.contains("hunter2"), "{fault}");
    }

    #[test]
    fn a_malformed_file_is_named() {
        assert!(find("{", "h").unwrap_err().contains("config.json is malformed"));
    }
}
