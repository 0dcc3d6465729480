//! Who the user is on AWS: the environment, or a profile in the files that the AWS tools keep. Nothing is kept here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::remote::fault::{Fault, plain};

/// What signs requests.
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

/// What is known of the user.
pub(super) struct Identity {
    /// None: the container or web identity the process runs under, if any.
    pub(super) credentials: Option<Credentials>,
    /// The region of the profile, where it has one.
    pub(super) region: Option<String>,
}

/// Members of one section, by name.
type Section = HashMap<String, String>;

/// What a credential process prints, and `aws configure export-credentials` with it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

/// Finds the user: `profile` where one is configured, else the environment, else the usual profile of `files`. May
/// run a credential process: blocks.
pub(super) fn find(profile: Option<&str>, files: &[PathBuf]) -> Result<Identity, Fault> {
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    if profile.is_none()
        && let (Some(key_id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
    {
        let token = variable("AWS_SESSION_TOKEN");
        return Ok(Identity { credentials: Some(Credentials { key_id, secret, token }), region });
    }
    let named = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let name = named.clone().unwrap_or_else(|| "default".to_owned());
    let texts = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    // The file of settings says "profile" before every name but that of the default one.
    let sections: Vec<Section> =
        texts.iter().filter_map(|text| section(text, &[&name, &format!("profile {name}")])).collect();
    if sections.is_empty() && named.is_some() {
        return Err(Fault::failed(format!("there is no AWS profile {name:?} in ~/.aws/credentials or ~/.aws/config")));
    }
    let member = |member: &str| sections.iter().find_map(|section| section.get(member));
    let region = member("region").cloned().or(region);
    let credentials = match (member("aws_access_key_id"), member("aws_secret_access_key")) {
        (Some(key_id), Some(secret)) => {
            let token = member("aws_session_token").cloned();
            Some(Credentials { key_id: key_id.clone(), secret: secret.clone(), token })
        }
        _ if member("credential_process").is_some() => {
            let command = member("credential_process").cloned().unwrap_or_default();
            let mut shell = Command::new("sh");
            shell.args(["-c", &command]);
            Some(printed(&mut shell, &name)?)
        }
        // Single sign-on and assumed roles are the AWS tool's business.
        _ if ["sso_session", "sso_start_url", "role_arn", "login_session"]
            .iter()
            .any(|name| member(name).is_some()) =>
        {
            let mut tool = Command::new("aws");
            tool.args(["configure", "export-credentials", "--format", "process", "--profile", &name]);
            Some(printed(&mut tool, &name)?)
        }
        _ => None,
    };
    Ok(Identity { credentials, region })
}

/// What a program prints as credentials. Its output is never repeated: it holds the secret.
fn printed(command: &mut Command, profile: &str) -> Result<Credentials, Fault> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        Fault::failed(format!("the AWS profile {profile} needs the program {program}, which does not run: {error}"))
    })?;
    if !output.status.success() {
        let said = plain(&String::from_utf8_lossy(&output.stderr));
        return Err(Fault::failed(format!("the AWS profile {profile} gives no credentials: {said}")));
    }
    let printed: Printed = serde_json::from_slice(&output.stdout).map_err(|_| {
        Fault::failed(format!("the AWS profile {profile}: what its program printed are no credentials"))
    })?;
    Ok(Credentials { key_id: printed.access_key_id, secret: printed.secret_access_key, token: printed.session_token })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(file: &Path) -> Result<String, Fault> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Fault::failed(format!("{}: {error}", file.display()))),
    }
}

/// The members of the first section that has one of the names; None where there is none.
fn section(text: &str, names: &[&str]) -> Option<Section> {
    let mut found: Option<Section> = None;
    let mut inside = false;
    for line in text.lines() {
        let bare = line.trim();
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = names.contains(&name.trim());
            if inside {
                found.get_or_insert_default();
            }
        } else if inside
            && !bare.starts_with(['#', ';'])
            // Indented lines belong to a nested setting.
            && !line.starts_with([' ', '\t'])
            && let Some((name, value)) = bare.split_once('=')
            && let Some(found) = &mut found
        {
            found.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_of_a_profile_is_read() {
        let text = "# mine\n[default]\nregion = eu-west-1\n[profile team]\naws_access_key_id=AKIA\n; no\ns3 =\n  region = x\naws_secret_access_key = a=b\n";
        let team = section(text, &["profile team", "team"]).unwrap();
        assert_eq!(team["aws_access_key_id"], "AKIA");
        assert_eq!(team["aws_secret_access_key"], "a=b");
        assert!(!team.contains_key("region"));
        assert_eq!(section(text, &["absent"]), None);
    }

    #[test]
    fn what_a_credential_process_says_is_not_repeated() {
        let run = |script: &str| printed(Command::new("sh").args(["-c", script]), "team");
        let good = run(r#"echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}'"#).map_err(|_| ()).unwrap();
        assert_eq!((good.key_id.as_str(), good.secret.as_str(), good.token), ("a", "b", None));
        let fault = format!("{:?}", run("echo hunter2").err());
        assert!(fault.contains("are no credentials") && !fault.contains("hunter2"), "{fault}");
        let fault = format!("{:?}", run("echo hunter2; echo expired >&2; exit 1").err());
        assert!(fault.contains("expired") && !fault.contains("hunter2"), "{fault}");
    }
}
