//! The test set-up itself: every server starts, answers, and ends.

use std::process::Command;

use podex::instance::managed::{http_status, identity};

use crate::support::{self, Login, RegistryOptions};

#[test]
fn ministack_answers_boto3_in_two_accounts_and_is_empty_after_a_reset() {
    let Some(ministack) = support::ministack() else { return };
    for account in ["000000000000", "111111111111"] {
        let said = ministack.script("whoami.py").account(account).run();
        assert_eq!(said.trim(), account);
    }
    ministack.reset();
}

#[test]
fn moto_answers_boto3_in_two_accounts_and_is_empty_after_a_reset() {
    let Some(moto) = support::moto() else { return };
    for account in ["123456789012", "111111111111"] {
        let said = moto.script("whoami.py").account(account).run();
        assert_eq!(said.trim(), account);
    }
    moto.reset();
}

#[test]
fn localstack_answers_boto3_with_a_table() {
    let Some(localstack) = support::localstack() else { return };
    let said = localstack.script("whoami.py").args(["--table"]).run();
    assert_eq!(said.trim(), "000000000000");
}

#[test]
fn an_emulator_ends_with_its_value_and_its_folder_goes() {
    let Some(moto) = support::moto() else { return };
    let (pid, folder) = (moto.pid(), moto.folder().to_owned());
    assert!(folder.join("log").exists());
    drop(moto);
    assert_eq!((identity(pid), folder.exists()), (None, false));
}

#[test]
fn registries_answer_open_with_a_password_and_over_https() {
    let Some(open) = support::registry() else { return };
    assert_eq!(http_status(open.port, "GET", "/v2/"), Some(200));
    let Some(guarded) = support::registry_with(RegistryOptions { login: Some(Login::Password), tls: false }) else {
        return;
    };
    assert_eq!(http_status(guarded.port, "GET", "/v2/"), Some(401));
    let Some(secure) = support::registry_with(RegistryOptions { login: Some(Login::Password), tls: true }) else {
        return;
    };
    assert_eq!(https_status(&secure, "/v2/"), "401");
}

/// The status of a GET over TLS, with a certificate that the registry's own authority must have signed.
fn https_status(registry: &support::Registry, path: &str) -> String {
    let url = format!("https://{}{path}", registry.host());
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--cacert"]);
    let output = curl.arg(registry.ca_file()).arg(url).output().expect("curl starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
