//! Keys that secrets are encrypted to and opened with: age's own, and SSH keys.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, Identity, IdentityFile, Recipient, ssh, x25519};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::event::Events;
use crate::ops::{Context, OpError};
use crate::pod::canonical_json;

/// Longest file of keys read.
const MAX_KEY_BYTES: u64 = 1 << 20;

/// SSH keys that are tried where none is named, below the home folder.
const SSH_KEYS: [&str; 2] = [".ssh/id_ed25519", ".ssh/id_rsa"];

/// The variable with the passphrase of a protected SSH key.
const PASSPHRASE: &str = "PODEX_IDENTITY_PASSPHRASE";

/// Public keys that secrets are encrypted to.
pub(in crate::ops) struct Recipients(Vec<Box<dyn Recipient + Send + Sync>>);

impl Recipients {
    /// Reads public keys: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`, with or without a comment.
    ///
    /// # Errors
    /// When one is none. It is repeated only as far as it is certainly no private key.
    pub(in crate::ops) fn parse(keys: &[String]) -> Result<Self, OpError> {
        keys.iter().map(|key| recipient(key)).collect::<Result<_, _>>().map(Self)
    }

    /// Encrypts a value; gives base64.
    pub(super) fn seal(&self, value: &Value) -> Result<String, OpError> {
        let failed = |error: &dyn std::fmt::Display| OpError::Request(format!("a secret cannot be encrypted: {error}"));
        let recipients = self.0.iter().map(|recipient| &**recipient as &dyn Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(|error| failed(&error))?;
        let mut sealed = Vec::new();
        let write = |sealed: &mut Vec<u8>| -> std::io::Result<()> {
            let mut writer = encryptor.wrap_output(sealed)?;
            writer.write_all(&canonical_json(value))?;
            writer.finish().map(drop)
        };
        write(&mut sealed).map_err(|error| failed(&error))?;
        Ok(BASE64_STANDARD.encode(sealed))
    }
}

fn recipient(key: &str) -> Result<Box<dyn Recipient + Send + Sync>, OpError> {
    let refuse = |reason: &str| {
        let known = key.starts_with("ssh-") || key.starts_with("age1");
        let shown = if known { format!("{key:?}") } else { "what was given as a recipient".to_owned() };
        OpError::Usage(format!("{shown} {reason}: give a public key, age1…, ssh-ed25519 … or ssh-rsa …"))
    };
    let mut words = key.split_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(data)) if kind.starts_with("ssh-") => match format!("{kind} {data}").parse() {
            Ok(recipient @ (ssh::Recipient::SshRsa(..) | ssh::Recipient::SshEd25519(..))) => Ok(Box::new(recipient)),
            Err(ssh::ParseRecipientKeyError::RsaModulusTooSmall) => Err(refuse("is too short to be safe")),
            Err(_) => Err(refuse("is no SSH key that secrets can be encrypted to")),
        },
        (Some(key), None) if key.starts_with("age1") => match key.parse::<x25519::Recipient>() {
            Ok(recipient) => Ok(Box::new(recipient)),
            Err(_) => Err(refuse("is no age recipient")),
        },
        _ => Err(refuse("is no public key")),
    }
}

/// A private key.
type Key = Box<dyn Identity + Send + Sync>;

/// Private keys, looked for when the first secret is to be opened.
pub(in crate::ops) struct Keys {
    named: Option<PathBuf>,
    home: Option<PathBuf>,
    events: Events,
    loaded: OnceLock<Result<Vec<Key>, String>>,
}

impl Keys {
    /// The keys of the file that the context names, else the user's SSH keys.
    pub(in crate::ops) fn of(context: &Context, events: &Events) -> Self {
        let home = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
        Self { named: context.identity.clone(), home, events: events.clone(), loaded: OnceLock::new() }
    }

    /// Decrypts what a marker holds. None where no key opens it, or it is not what it should be.
    ///
    /// # Errors
    /// When the file that was named cannot be used.
    pub(in crate::ops) fn open(&self, sealed: &str) -> Result<Option<Value>, OpError> {
        let keys = match self.loaded.get_or_init(|| self.load()) {
            Ok(keys) => keys,
            Err(reason) => return Err(OpError::Usage(reason.clone())),
        };
        // Whoever pushed may have written anything: what does not open stays closed.
        let opened = BASE64_STANDARD.decode(sealed).ok().and_then(|sealed| {
            let decryptor = Decryptor::new_buffered(&sealed[..]).ok()?;
            let mut reader = decryptor.decrypt(keys.iter().map(|key| &**key as &dyn Identity)).ok()?;
            let mut opened = Vec::new();
            reader.read_to_end(&mut opened).ok()?;
            serde_json::from_slice(&opened).ok()
        });
        Ok(opened)
    }

    fn load(&self) -> Result<Vec<Key>, String> {
        if let Some(file) = &self.named {
            return read(file);
        }
        let mut keys = Vec::new();
        for name in SSH_KEYS {
            let Some(file) = self.home.as_ref().map(|home| home.join(name)).filter(|file| file.is_file()) else {
                continue;
            };
            match read(&file) {
                Ok(found) => keys.extend(found),
                Err(reason) => self.events.warn(reason),
            }
        }
        Ok(keys)
    }
}

/// The keys in a file: age identities, or one SSH key.
fn read(file: &Path) -> Result<Vec<Key>, String> {
    let refuse = |reason: &str| format!("{}: {reason}", file.display());
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_KEY_BYTES).read_to_string(&mut text))
        .map_err(|error| refuse(&error.to_string()))?;
    if !text.trim_start().starts_with("-----BEGIN") {
        let found = IdentityFile::from_buffer(text.as_bytes()).ok().and_then(|found| found.into_identities().ok());
        return match found {
            Some(keys) if !keys.is_empty() => Ok(keys),
            _ => Err(refuse("it holds neither age identities nor an SSH key")),
        };
    }
    match ssh::Identity::from_buffer(text.as_bytes(), None) {
        Ok(ssh::Identity::Encrypted(key)) => {
            let Ok(passphrase) = std::env::var(PASSPHRASE) else {
                return Err(refuse(&format!(
                    "this SSH key is protected by a passphrase, for which podex does not ask: set {PASSPHRASE}, or name another key with --identity, such as one made by 'age-keygen -o key.txt'"
                )));
            };
            let key = key.decrypt(SecretString::from(passphrase));
            let key = key.map_err(|_| refuse(&format!("{PASSPHRASE} does not open this SSH key")))?;
            Ok(vec![Box::new(ssh::Identity::from(key))])
        }
        Ok(ssh::Identity::Unsupported(_)) => {
            Err(refuse("podex cannot use this kind of SSH key: name an ssh-ed25519 or ssh-rsa one with --identity"))
        }
        Ok(key) => Ok(vec![Box::new(key)]),
        Err(_) => Err(refuse("it holds no SSH key that can be read")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::process::Command;

    use serde_json::json;

    use super::*;

    fn keys(file: &Path) -> Keys {
        Keys { named: Some(file.to_owned()), home: None, events: Events::silent(), loaded: OnceLock::new() }
    }

    /// A key made by the real ssh-keygen: its file, and its public part.
    pub(in crate::ops::secrets) fn ssh_key(folder: &Path, kind: &str, passphrase: &str) -> (PathBuf, String) {
        let file = folder.join(format!("{kind}{passphrase}"));
        let arguments = ["-q", "-t", kind, "-N", passphrase, "-C", "alice@home", "-f"];
        let made = Command::new("ssh-keygen").args(arguments).arg(&file).status();
        assert!(made.expect("ssh-keygen is there").success());
        let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        (file, public.trim().to_owned())
    }

    #[test]
    fn what_is_encrypted_to_several_is_opened_by_each_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = x25519::Identity::generate();
        let file = folder.path().join("own.txt");
        std::fs::write(&file, age::secrecy::ExposeSecret::expose_secret(&own.to_string())).unwrap();
        let [ed, rsa, other] = [("ed25519", ""), ("rsa", ""), ("ed25519", "x1234567")]
            .map(|(kind, passphrase)| ssh_key(folder.path(), kind, passphrase));
        let recipients = Recipients::parse(&[own.to_public().to_string(), ed.1, rsa.1]).unwrap();
        let secret = json!("hunter2 ä");
        let sealed = recipients.seal(&secret).unwrap();
        for file in [&file, &ed.0, &rsa.0] {
            assert_eq!(keys(file).open(&sealed).unwrap(), Some(secret.clone()), "{}", file.display());
        }
        let closed = Recipients::parse(&[other.1]).unwrap().seal(&secret).unwrap();
        assert_eq!(keys(&ed.0).open(&closed).unwrap(), None);
        for damaged in ["", "YQ==", "%%%", &sealed[..sealed.len() / 2], &sealed.replace('A', "B")] {
            assert_eq!(keys(&ed.0).open(damaged).unwrap(), None);
        }
        // A protected key says what to do.
        let error = keys(&other.0).open(&closed).unwrap_err().to_string();
        assert!(error.contains("passphrase") && error.contains("--identity"), "{error}");
    }

    #[test]
    fn what_is_no_public_key_is_refused_and_a_private_one_not_repeated() {
        for (key, expected) in [
            ("AGE-SECRET-KEY-1QQQHUNTER2", "is no public key"),
            ("-----BEGIN OPENSSH PRIVATE KEY----- hunter2", "is no public key"),
            ("age1hunter2", "is no age recipient"),
            ("ssh-dss AAAA bob", "is no SSH key"),
            ("", "is no public key"),
        ] {
            let Err(error) = Recipients::parse(&[key.to_owned()]) else { panic!("{key} is taken") };
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
            assert!(key.starts_with("age1") || !error.to_lowercase().contains("hunter2"), "{error}");
        }
    }
}
