//! Where podex keeps its files.

use std::path::{Path, PathBuf};

use super::OpError;

/// Replaces every folder by one.
const HOME_VARIABLE: &str = "PODEX_HOME";

/// The folders podex uses: by `directories`, or all below `PODEX_HOME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file, `config.toml`.
    pub config_file: PathBuf,
    /// Holds `store/` and `instances/`.
    pub data: PathBuf,
    /// Holds what can be made again: emulator environments, search indexes.
    pub cache: PathBuf,
}

impl Paths {
    /// The paths this process should use: below `PODEX_HOME` where that is set, else where the system keeps such
    /// things.
    ///
    /// # Errors
    /// When there is neither `PODEX_HOME` nor a home folder.
    pub fn discover() -> Result<Self, OpError> {
        if let Some(home) = std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
            let home = std::path::absolute(&home)
                .map_err(|error| OpError::Config(format!("{HOME_VARIABLE} {}: {error}", Path::new(&home).display())))?;
            return Ok(Self::under(&home));
        }
        let dirs = directories::ProjectDirs::from("", "", "podex").ok_or_else(|| {
            OpError::Config(format!(
                "there is no home folder to keep pods in: set HOME, or {HOME_VARIABLE} to a folder"
            ))
        })?;
        Ok(Self {
            config_file: dirs.config_dir().join("config.toml"),
            data: dirs.data_dir().to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }

    /// All paths below one folder, as `PODEX_HOME` does it.
    pub fn under(home: &Path) -> Self {
        Self { config_file: home.join("config.toml"), data: home.join("data"), cache: home.join("cache") }
    }

    /// The user's key map.
    pub fn keymap(&self) -> PathBuf {
        self.config_file.with_file_name("keymap.toml")
    }

    /// The folder of the user's themes.
    pub fn themes(&self) -> PathBuf {
        self.config_file.with_file_name("themes")
    }

    /// The folder of the version store.
    pub fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The folder that holds managed instances.
    pub fn instances(&self) -> PathBuf {
        self.data.join("instances")
    }
}
