//! Where things are in the store's folder, its locks, and how a file gets there whole.
//!
//! ```text
//! format                    "podex store 1"
//! blobs/sha256/<digest>     packs
//! idx/<digest>.idx          one index a pack; rebuilt from the pack's footer where missing or damaged
//! refs/<pod>/<number>       a version: the commit's digest and a check; the last thing written
//! remotes/<remote>/<pod>    the head last seen there, in the same form
//! twins/<local>-<published> that the two commits are one, with and without its secrets
//! ops/<year>-<month>.jsonl  the operation log
//! tmp/                      files being written
//! lost/                     damaged files that a repair replaced
//! lock                      flock: shared while writing, exclusive for cleaning tmp/ and for removing garbage
//! refs.lock                 flock: exclusive while a ref changes
//! repack.lock               flock: exclusive while packs are merged or collected
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::StoreError;
use super::disk::{Disk, DiskFile};
use crate::pod::{Digest, PodName, RemoteName};

const FORMAT: &str = "podex store 1\n";
/// How files in the root begin while the store is being created.
const CREATING_PREFIX: &str = ".podex-creating-";
/// Bytes of the disk that are left to others.
const RESERVED_BYTES: u64 = 512 << 20;
/// How long an exclusive lock is waited for: longer than most writes, shorter than a person's patience.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts at a lock.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// The store's paths, and the disk they are on.
#[derive(Clone)]
pub(super) struct Layout {
    root: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Layout {
    /// Opens the layout at `root`, creating what is missing; refuses a folder that holds something else.
    pub(super) fn open(root: &Path, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let layout = Self { root: root.to_owned(), disk };
        let format = root.join("format");
        match std::fs::read(&format) {
            Ok(found) if found == FORMAT.as_bytes() => {}
            Ok(found) => {
                let found = String::from_utf8_lossy(&found[..found.len().min(40)]).trim_end().to_owned();
                return Err(StoreError::Format { path: format, found });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => layout.create_format(&format)?,
            Err(source) => return Err(StoreError::Io { path: format, source }),
        }
        let folders = [layout.packs(), layout.indexes(), layout.refs(), layout.remotes(), layout.ops()];
        // Made last: where it is, the names of the others last, even if who made them was killed in between.
        let tmp = layout.tmp();
        // Asking first keeps a complete store on a read-only file system readable.
        if !tmp.is_dir() || !folders.iter().all(|folder| folder.is_dir()) {
            folders.iter().try_for_each(|folder| layout.make_folder(folder))?;
            layout.sync_parent(&layout.packs())?;
            layout.sync_parent(&tmp)?;
            layout.make_folder(&tmp)?;
        }
        layout.clean_tmp();
        Ok(layout)
    }

    fn create_format(&self, format: &Path) -> Result<(), StoreError> {
        self.create_folder(&self.root)?;
        // Who made it may have been killed before its name was made to last.
        self.sync_parent(&self.root)?;
        for entry in std::fs::read_dir(&self.root).map_err(StoreError::io(&self.root))? {
            let name = entry.map_err(StoreError::io(&self.root))?.file_name();
            // Another process may be creating the same store at this moment, and may have got further.
            if !name.to_string_lossy().starts_with(CREATING_PREFIX) && !format.exists() {
                return Err(StoreError::NotAStore { path: self.root.clone() });
            }
        }
        let mut file = tempfile::Builder::new()
            .prefix(CREATING_PREFIX)
            .tempfile_in(&self.root)
            .map_err(StoreError::io(&self.root))?;
        file.write_all(FORMAT.as_bytes()).map_err(StoreError::io(format))?;
        self.persist(file, format)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn packs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    pub(super) fn pack(&self, digest: &Digest) -> PathBuf {
        self.packs().join(digest.hex())
    }

    pub(super) fn indexes(&self) -> PathBuf {
        self.root.join("idx")
    }

    pub(super) fn index(&self, pack: &Digest) -> PathBuf {
        self.indexes().join(format!("{}.idx", pack.hex()))
    }

    pub(super) fn refs(&self) -> PathBuf {
        self.root.join("refs")
    }

    pub(super) fn pod(&self, pod: &PodName) -> PathBuf {
        self.refs().join(pod.as_str())
    }

    pub(super) fn remotes(&self) -> PathBuf {
        self.root.join("remotes")
    }

    pub(super) fn remote_head(&self, remote: &RemoteName, pod: &PodName) -> PathBuf {
        self.remotes().join(remote.as_str()).join(pod.as_str())
    }

    pub(super) fn twins(&self) -> PathBuf {
        self.root.join("twins")
    }

    pub(super) fn ops(&self) -> PathBuf {
        self.root.join("ops")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn lost(&self) -> PathBuf {
        self.root.join("lost")
    }

    /// A named file in `tmp/`, deleted when dropped. The caller holds [`Layout::lock_shared`].
    pub(super) fn temporary(&self) -> Result<DiskFile, StoreError> {
        let folder = self.tmp();
        let file = self.disk.create_temporary(&folder).map_err(StoreError::io(&folder))?;
        Ok(DiskFile { file, disk: self.disk.clone() })
    }

    /// Refuses to write more where the disk is nearly full.
    pub(super) fn check_room(&self) -> Result<(), StoreError> {
        match self.disk.free(&self.tmp()) {
            Some(free) if free < RESERVED_BYTES => Err(StoreError::NoRoom { path: self.root.clone(), free }),
            _ => Ok(()),
        }
    }

    /// Creates a folder and those above it; the names are made to last by [`Layout::sync_parent`].
    pub(super) fn make_folder(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.create_folder(path).map_err(StoreError::io(path))
    }

    /// Creates a folder and those above it, and makes the names of new ones last.
    pub(super) fn create_folder(&self, path: &Path) -> Result<(), StoreError> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
        let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
        self.make_folder(path)?;
        missing.into_iter().try_for_each(|folder| self.sync_parent(folder))
    }

    /// Moves a file or folder; the names are made to last by [`Layout::sync_parent`].
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.disk.rename(from, to).map_err(StoreError::io(from))
    }

    /// Removes a file; whether it was there.
    pub(super) fn remove_file(&self, path: &Path) -> Result<bool, StoreError> {
        there(path, self.disk.remove_file(path))
    }

    /// Removes an empty folder; whether it was there.
    pub(super) fn remove_folder(&self, path: &Path) -> Result<bool, StoreError> {
        there(path, self.disk.remove_folder(path))
    }

    /// Makes the names in the folder that holds `path` last.
    pub(super) fn sync_parent(&self, path: &Path) -> Result<(), StoreError> {
        let Some(folder) = path.parent() else { return Ok(()) };
        // A path of one part lies in the working directory.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        self.disk.sync_folder(folder).map_err(StoreError::io(folder))
    }

    /// Makes the names of all packs last, whoever moved them there.
    pub(super) fn sync_packs(&self) -> Result<(), StoreError> {
        let folder = self.packs();
        self.disk.sync_folder(&folder).map_err(StoreError::io(&folder))
    }

    /// Syncs a temporary file, moves it to `path` (replacing what is there), and syncs the folder.
    pub(super) fn persist(&self, file: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        self.persist_content(file, path)?;
        self.sync_parent(path)
    }

    /// Syncs a temporary file and moves it to `path` (replacing what is there); the name is made to last by
    /// [`Layout::sync_parent`].
    pub(super) fn persist_content(&self, file: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        self.disk.sync(file.path(), file.as_file()).map_err(StoreError::io(path))?;
        self.replace(file, path)
    }

    fn replace(&self, file: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        let (_, from) = file.keep().map_err(|error| StoreError::Io { path: path.to_owned(), source: error.error })?;
        self.disk.rename(&from, path).map_err(|source| {
            let _ = std::fs::remove_file(&from);
            StoreError::Io { path: path.to_owned(), source }
        })
    }

    /// The same, but where `path` is there already it stays, and the answer is false.
    pub(super) fn persist_new(&self, file: NamedTempFile, path: &Path) -> Result<bool, StoreError> {
        self.disk.sync(file.path(), file.as_file()).map_err(StoreError::io(path))?;
        match self.disk.place(file, path) {
            Ok(()) => self.sync_parent(path).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(source) => Err(StoreError::Io { path: path.to_owned(), source }),
        }
    }

    /// Appends to an open file.
    pub(super) fn append(&self, path: &Path, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        self.disk.write(path, file, bytes)?;
        self.disk.sync(path, file)
    }

    /// Writes a small file whole or not at all, and makes it last.
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let mut file = self.temporary()?;
        file.write_all(content).map_err(StoreError::io(path))?;
        self.persist(file.file, path)
    }

    /// Writes a small file whole or not at all, but does not wait until it lasts: for what is made anew where it is lost.
    pub(super) fn write_derived(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let mut file = self.temporary()?;
        file.write_all(content).map_err(StoreError::io(path))?;
        self.replace(file.file, path)
    }

    /// Held while anything is written: nobody cleans up meanwhile. Released when dropped, or by the system
    /// when the process dies.
    pub(super) fn lock_shared(&self) -> Result<File, StoreError> {
        let path = self.root.join("lock");
        let file = open_lock(&path)?;
        file.lock_shared().map_err(StoreError::io(&path))?;
        Ok(file)
    }

    /// The same, without waiting; None while somebody removes garbage.
    pub(super) fn try_lock_shared(&self) -> Result<Option<File>, StoreError> {
        let path = self.root.join("lock");
        let file = open_lock(&path)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }

    /// Held while garbage is removed: nobody writes meanwhile. Gives up after some seconds.
    pub(super) fn lock_exclusive(&self) -> Result<File, StoreError> {
        let path = self.root.join("lock");
        lock_within(&path, LOCK_PATIENCE)?.ok_or(StoreError::Busy { path })
    }

    /// Held by the one process that merges or collects packs; None where another does within `patience`.
    pub(super) fn lock_repack(&self, patience: Duration) -> Result<Option<File>, StoreError> {
        lock_within(&self.root.join("repack.lock"), patience)
    }

    /// Held while refs change.
    pub(super) fn lock_refs(&self) -> Result<File, StoreError> {
        let path = self.root.join("refs.lock");
        let file = open_lock(&path)?;
        file.lock().map_err(StoreError::io(&path))?;
        Ok(file)
    }

    /// Removes what processes that died left in `tmp/`, unless somebody is writing. Not being able to is no
    /// reason to refuse the store.
    fn clean_tmp(&self) {
        let Ok(mut files) = std::fs::read_dir(self.tmp()).map(|files| files.flatten().peekable()) else { return };
        if files.peek().is_none() {
            return;
        }
        let Ok(lock) = open_lock(&self.root.join("lock")) else { return };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return,
        }
        for file in files {
            let path = file.path();
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
    }
}

/// An exclusive lock, asked for again and again: the system's own waiting has no end.
fn lock_within(path: &Path, patience: Duration) -> Result<Option<File>, StoreError> {
    let file = open_lock(path)?;
    let end = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL),
            Err(TryLockError::Error(source)) => return Err(StoreError::Io { path: path.to_owned(), source }),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new().create(true).truncate(false).write(true).read(true).open(path).map_err(StoreError::io(path))
}

/// A removal of what is gone already is none.
fn there(path: &Path, removed: std::io::Result<()>) -> Result<bool, StoreError> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StoreError::Io { path: path.to_owned(), source }),
    }
}

/// The names of the files in `folder` that are text, in no order; none where there is no such folder.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Io { path: folder.to_owned(), source }),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(StoreError::io(folder))?.file_name().into_string());
    }
    Ok(names)
}

/// Fills `buffer` from `offset`, without moving any shared position.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
    }
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < buffer.len() {
            match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], offset + done as u64)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => done += count,
            }
        }
        Ok(())
    }
}
