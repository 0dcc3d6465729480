//! `config.toml`: typed, and every mistake in it named with file and line.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::OpError;
use crate::aws::Endpoint;
use crate::pod::{Author, RemoteName};
use crate::remote::RemoteConfig;

/// Opens a remote's block in the file.
const REMOTE_HEADER: &str = "[[remote]]";

/// Digits of an AWS account id.
const ACCOUNT_DIGITS: usize = 12;

/// Seconds that a timeout may have, or the time between two looks: beyond an hour it is none.
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;

/// What the user configured. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The instance's endpoint.
    #[serde(deserialize_with = "parsed")]
    pub endpoint: Option<Endpoint>,
    /// Accounts to capture; empty means the default one.
    #[serde(deserialize_with = "accounts")]
    pub accounts: Vec<String>,
    /// Regions to capture; empty means all that hold something.
    pub regions: Vec<String>,
    /// How long an answer of the instance may stay silent, in seconds.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Option<Duration>,
    /// Who makes commits.
    pub author: Option<Author>,
    /// The explorer's theme.
    pub theme: Option<String>,
    /// Whether the explorer listens to the mouse; it does unless told otherwise.
    pub mouse: Option<bool>,
    /// Seconds between two looks of the explorer at an instance that it watches for drift.
    #[serde(deserialize_with = "seconds")]
    pub watch_seconds: Option<Duration>,
    /// Whether everything that changes pods, remotes or the instance is refused.
    pub read_only: bool,
    /// Where pods are shared.
    #[serde(rename = "remote")]
    pub remotes: Vec<RemoteConfig>,
}

fn parsed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Endpoint>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// [`TIMEOUT_SECONDS`].
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = u64::deserialize(deserializer)?;
    match TIMEOUT_SECONDS.contains(&seconds) {
        true => Ok(Some(Duration::from_secs(seconds))),
        false => Err(serde::de::Error::custom(format!("{seconds} is no number of seconds from 1 to an hour's"))),
    }
}

fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let accounts = Vec::<String>::deserialize(deserializer)?;
    match accounts.iter().find(|account| !is_account(account)) {
        Some(wrong) => Err(serde::de::Error::custom(format!("{wrong:?} is not an account: use twelve digits"))),
        None => Ok(accounts),
    }
}

/// Whether the text is an AWS account id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Config {
    /// Reads the file; where there is none, the defaults.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or says something podex does not know: with file and line.
    pub fn load(file: &Path) -> Result<Self, OpError> {
        match read(file)? {
            Some(text) => Self::parse(file, &text),
            None => Ok(Self::default()),
        }
    }

    fn parse(file: &Path, text: &str) -> Result<Self, OpError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
            OpError::Config(format!("{}{place}: {}", file.display(), error.message()))
        })?;
        let mut names: Vec<_> = config.remotes.iter().map(|remote| &remote.name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(OpError::Config(format!(
                "{}: there are two remotes named {}; rename or remove one",
                file.display(),
                pair[0]
            ))),
            None => Ok(config),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

fn read(file: &Path) -> Result<Option<String>, OpError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpError::Config(format!("{}: {error}", file.display()))),
    }
}

/// Adds a remote to the file, keeping what else is in it, comments included.
///
/// # Errors
/// When the name is taken or the file cannot be read or written.
pub fn config_add_remote(file: &Path, remote: &RemoteConfig) -> Result<(), OpError> {
    let text = read(file)?.unwrap_or_default();
    let config = Config::parse(file, &text)?;
    if config.remotes.iter().any(|other| other.name == remote.name) {
        return Err(OpError::Request(format!(
            "there is already a remote {}; remove it first with 'podex remote remove {0}'",
            remote.name
        )));
    }
    let block = toml::to_string(remote).map_err(|error| OpError::Config(format!("{}: {error}", file.display())))?;
    let gap = if text.is_empty() {
        ""
    } else if text.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let mut wanted = config.remotes;
    wanted.push(remote.clone());
    replace(file, &format!("{text}{gap}{REMOTE_HEADER}\n{block}"), &wanted)
}

/// Writes the explorer's theme into the file, keeping what else is in it.
///
/// # Errors
/// When the file cannot be read, edited or written.
pub fn config_set_theme(file: &Path, theme: &str) -> Result<(), OpError> {
    let text = read(file)?.unwrap_or_default();
    let remotes = Config::parse(file, &text)?.remotes;
    let line = format!("theme = {}\n", toml::Value::from(theme));
    let mut written = String::with_capacity(text.len() + line.len());
    let (mut on_top, mut said) = (true, false);
    for old in text.split_inclusive('\n') {
        on_top &= !old.trim_start().starts_with('[');
        let is_theme = on_top && old.split_once('=').is_some_and(|(name, _)| name.trim() == "theme");
        written.push_str(if is_theme { &line } else { old });
        said |= is_theme;
    }
    let written = if said { written } else { format!("{line}{text}") };
    // A theme written in some other way would not be what was asked for.
    match Config::parse(file, &written)?.theme.as_deref() {
        Some(found) if found == theme => replace(file, &written, &remotes),
        _ => Err(uneditable(file)),
    }
}

/// Removes a remote from the file, keeping what else is in it.
///
/// # Errors
/// When there is no such remote (with the nearest names) or the file cannot be read or written.
pub fn config_remove_remote(file: &Path, name: &RemoteName) -> Result<(), OpError> {
    let text = read(file)?.unwrap_or_default();
    let mut wanted = Config::parse(file, &text)?.remotes;
    let Some(position) = wanted.iter().position(|remote| remote.name == *name) else {
        return Err(super::unknown_remote(name, &wanted));
    };
    wanted.remove(position);
    replace(file, &without_block(&text, position), &wanted)
}

/// The text without its `position`-th remote's block.
fn without_block(text: &str, position: usize) -> String {
    let mut headers = 0;
    let mut inside = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed == REMOTE_HEADER {
            inside = headers == position;
            headers += 1;
        } else if trimmed.starts_with('[') {
            inside = false;
        }
        if !inside {
            kept.push_str(line);
        }
    }
    kept
}

fn uneditable(file: &Path) -> OpError {
    OpError::Config(format!("{} is written in a way podex cannot edit: change it by hand", file.display()))
}

/// Writes the file anew, all or nothing; only if its remotes then are the wanted ones.
fn replace(file: &Path, text: &str, wanted: &[RemoteConfig]) -> Result<(), OpError> {
    let after = Config::parse(file, text).map(|config| config.remotes);
    if !after.is_ok_and(|remotes| remotes == wanted) {
        return Err(uneditable(file));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        temporary.persist(file)?;
        Ok(())
    };
    write().map_err(|error| OpError::Config(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("config.toml"), text).map_err(|error| error.to_string())
    }

    fn remote(name: &str) -> RemoteConfig {
        RemoteConfig::new(name.parse().unwrap(), format!("file:///{name}"))
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = parse("theme = 'dark'\ncolour = 'red'\n").unwrap_err();
        assert!(error.starts_with("config.toml, line 2: unknown field `colour`"), "{error}");
        let error = parse("theme = 'dark'\nregions = 1\n").unwrap_err();
        assert!(error.starts_with("config.toml, line 2:"), "{error}");
        let error = parse("endpoint = 'ftp://x'").unwrap_err();
        assert!(error.contains("line 1") && error.contains("neither http nor https"), "{error}");
        let error = parse("timeout = 0").unwrap_err();
        assert!(error.contains("line 1") && error.contains("seconds"), "{error}");
        let error = parse("accounts = ['12']").unwrap_err();
        assert!(error.contains("twelve digits"), "{error}");
    }

    #[test]
    fn a_password_typed_into_the_file_is_refused_and_not_repeated() {
        for url in ["oci://bob:hunter2@registry.example/pods", "s3://AKIA:hunter2@bucket", "http://hunter2@h/"] {
            let error = parse(&format!("[[remote]]\nname = 'team'\nurl = '{url}'\n")).unwrap_err();
            assert!(error.contains("line 3") && error.contains("remote login"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn editing_remotes_keeps_the_rest_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/config.toml");
        config_add_remote(&file, &remote("one")).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("# mine\ntheme = 'dark'\n\n{text}# after one\n[author]\nname = 'Bob'\n"))
            .unwrap();
        config_add_remote(&file, &remote("two")).unwrap();
        assert!(config_add_remote(&file, &remote("two")).unwrap_err().to_string().contains("already a remote two"));
        config_remove_remote(&file, &"one".parse().unwrap()).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("# mine") && text.contains("[author]"), "{text}");
        assert_eq!(Config::load(&file).unwrap().remotes, [remote("two")]);
    }

    #[test]
    fn a_theme_is_kept_where_it_was_said_or_on_top() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        config_set_theme(&file, "dark").unwrap();
        config_add_remote(&file, &remote("one")).unwrap();
        config_set_theme(&file, "/my/own.toml").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("theme = \"/my/own.toml\"\n\n[[remote]]"), "{text}");
        std::fs::write(&file, "# mine\n[author]\nname = 'theme'\n").unwrap();
        config_set_theme(&file, "light").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "theme = \"light\"\n# mine\n[author]\nname = 'theme'\n");
    }

    #[test]
    fn remotes_written_inline_are_not_edited() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "remote = [{name = 'one', url = 'file:///one'}]\n").unwrap();
        let error = config_remove_remote(&file, &"one".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("by hand"), "{error}");
        assert_eq!(Config::load(&file).unwrap().remotes, [remote("one")]);
    }
}
