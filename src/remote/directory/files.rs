//! Files below a shared folder that other people write to: no symbolic link is followed, nothing is
//! overwritten, and what appears is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::super::fault::Fault;

/// Where files are written before they appear under their name.
const TEMPORARY: &str = "tmp";

/// Age after which a temporary file was left behind by a crash rather than being written.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The shared folder. Names given to its methods must be safe as path components.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The shared folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder below the root, None where it is absent.
    pub(super) fn folder(&self, names: &[&str]) -> Result<Option<PathBuf>, Fault> {
        let mut path = self.root.clone();
        if !path.is_dir() {
            return if path.exists() { Err(not_a(&path, "folder")) } else { Ok(None) };
        }
        for name in names {
            path.push(name);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(not_a(&path, "folder")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed(&path, &error)),
            }
        }
        Ok(Some(path))
    }

    /// The folder below the root, made where it is absent.
    pub(super) fn make_folder(&self, names: &[&str]) -> Result<PathBuf, Fault> {
        if let Some(path) = self.folder(names)? {
            return Ok(path);
        }
        let path = names.iter().fold(self.root.clone(), |path, name| path.join(name));
        fs::create_dir_all(&path).map_err(|error| failed(&path, &error))?;
        for folder in path.ancestors().take(names.len() + 1).filter_map(Path::parent) {
            sync_folder(folder)?;
        }
        // Looked at again: what was just made by somebody else may be a link.
        self.folder(names)?.ok_or_else(|| not_a(&path, "folder"))
    }

    /// Names in a folder; those that are not UTF-8 are nobody's.
    pub(super) fn names(&self, folder: &[&str]) -> Result<Vec<String>, Fault> {
        let Some(path) = self.folder(folder)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| failed(&path, &error))? {
            let entry = entry.map_err(|error| failed(&path, &error))?;
            names.extend(entry.file_name().into_string());
        }
        Ok(names)
    }

    /// Opens a regular file with its size; None where it is absent.
    pub(super) fn open(&self, folder: &[&str], name: &str) -> Result<Option<(File, u64)>, Fault> {
        let Some(path) = self.folder(folder)?.map(|folder| folder.join(name)) else { return Ok(None) };
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(not_a(&path, "file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        }
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(&path).map_err(|error| failed(&path, &error))?;
        let metadata = file.metadata().map_err(|error| failed(&path, &error))?;
        if metadata.is_file() { Ok(Some((file, metadata.len()))) } else { Err(not_a(&path, "file")) }
    }

    /// A small file's content; None where it is absent.
    pub(super) fn read(&self, folder: &[&str], name: &str, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
        let Some((file, _)) = self.open(folder, name)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| Fault::failed(format!("cannot read {name}: {error}")))?;
        if content.len() as u64 > limit {
            return Err(Fault::hostile(format!("the file {name} is larger than {limit} bytes")));
        }
        Ok(Some(content))
    }

    /// A temporary file on the same file system, readable by everybody the umask allows.
    pub(super) fn temporary(&self) -> Result<NamedTempFile, Fault> {
        let folder = self.make_folder(&[TEMPORARY])?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(&folder).map_err(|error| failed(&folder, &error))
    }

    /// Gives a complete temporary file its name, unless the name is taken. Says whether it was free.
    pub(super) fn appear(&self, file: NamedTempFile, folder: &[&str], name: &str) -> Result<bool, Fault> {
        let folder = self.make_folder(folder)?;
        let path = folder.join(name);
        file.as_file().sync_all().map_err(|error| failed(&path, &error))?;
        match file.persist_noclobber(&path) {
            Ok(_) => sync_folder(&folder).map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(&path, &error.error)),
        }
    }

    /// Creates a small file, unless the name is taken. Says whether it was free.
    pub(super) fn create(&self, folder: &[&str], name: &str, content: &[u8]) -> Result<bool, Fault> {
        let mut file = self.temporary()?;
        file.write_all(content).map_err(|error| failed(file.path(), &error))?;
        self.appear(file, folder, name)
    }

    /// Removes a file, which may be absent.
    pub(super) fn remove(&self, folder: &[&str], name: &str) -> Result<(), Fault> {
        let Some(folder) = self.folder(folder)? else { return Ok(()) };
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Ok(()) => sync_folder(&folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Removes a folder if nothing is in it any more.
    pub(super) fn remove_empty(&self, folder: &[&str]) -> Result<(), Fault> {
        let Some(path) = self.folder(folder)? else { return Ok(()) };
        match fs::remove_dir(&path) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                Err(failed(&path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Removes temporary files that a crash left behind long ago. Failing to is no harm.
    pub(super) fn sweep(&self) {
        let Ok(Some(folder)) = self.folder(&[TEMPORARY]) else { return };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > STALE)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// What the file system said about `path`.
pub(super) fn failed(path: &Path, error: &io::Error) -> Fault {
    Fault::failed(format!("{}: {error}", path.display()))
}

fn not_a(path: &Path, wanted: &str) -> Fault {
    Fault::hostile(format!("{} is not a plain {wanted} (links are not followed)", path.display()))
}

/// Makes new names in `folder` durable. Not every system can open a folder for this; then it is on its own.
fn sync_folder(folder: &Path) -> Result<(), Fault> {
    match File::open(folder) {
        Ok(file) if cfg!(unix) => file.sync_all().map_err(|error| failed(folder, &error)),
        _ => Ok(()),
    }
}
