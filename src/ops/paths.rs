//! Where podex keeps its files.

use std::path::PathBuf;

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
