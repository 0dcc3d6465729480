//! Every change the store makes to the disk, one by one: so that tests can let each of them be the last.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

/// What the store asks of a file system. The methods' own bodies are the real thing.
pub(super) trait Disk: Send + Sync {
    /// Creates a folder and those above it.
    fn create_folder(&self, path: &Path) -> Result<()> {
        std::fs::create_dir_all(path)
    }

    /// Creates a file with a name of its own, deleted when dropped.
    fn create_temporary(&self, folder: &Path) -> Result<NamedTempFile> {
        NamedTempFile::new_in(folder)
    }

    /// Writes to a file, where it stands.
    fn write(&self, _path: &Path, file: &mut File, bytes: &[u8]) -> Result<()> {
        file.write_all(bytes)
    }

    /// Makes a file's content last.
    fn sync(&self, _path: &Path, file: &File) -> Result<()> {
        file.sync_all()
    }

    /// Lets a file that will be synced later be written out meanwhile. Only a hint: the sync is what counts.
    fn begin_sync(&self, _file: &File) {}

    /// Bytes that are free where `folder` is; None where the system does not tell.
    fn free(&self, _folder: &Path) -> Option<u64> {
        None
    }

    /// Moves a file or folder, in place of a file that is there.
    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::rename(from, to)
    }

    /// Moves a temporary file, in place of nothing.
    fn place(&self, file: NamedTempFile, to: &Path) -> Result<()> {
        file.persist_noclobber(to).map(drop).map_err(|error| error.error)
    }

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> Result<()> {
        std::fs::remove_file(path)
    }

    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> Result<()> {
        std::fs::remove_dir(path)
    }

    /// Makes the names in a folder last.
    fn sync_folder(&self, folder: &Path) -> Result<()> {
        // Other systems have no way to sync a folder, nor need one.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// The file system as it is.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn begin_sync(&self, file: &File) {
        begin_sync(file);
    }

    #[cfg(target_os = "linux")]
    fn free(&self, folder: &Path) -> Option<u64> {
        use std::os::unix::ffi::OsStrExt;
        let folder = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
        let mut told = std::mem::MaybeUninit::<libc::statvfs64>::zeroed();
        // SAFETY: the path ends with a zero byte, and `told` is large enough and valid whatever is written to it.
        let told = unsafe {
            if libc::statvfs64(folder.as_ptr(), told.as_mut_ptr()) != 0 {
                return None;
            }
            told.assume_init()
        };
        Some(told.f_bavail.saturating_mul(told.f_bsize))
    }
}

/// See [`Disk::begin_sync`]; for files that others write and the store takes in.
pub(crate) fn begin_sync(file: &File) {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        // SAFETY: the descriptor is open as long as `file` is borrowed, and the call touches no memory of ours.
        unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// A temporary file that is written through a [`Disk`].
pub(super) struct DiskFile {
    pub(super) file: NamedTempFile,
    pub(super) disk: Arc<dyn Disk>,
}

impl DiskFile {
    /// See [`Disk::begin_sync`].
    pub(super) fn begin_sync(&self) {
        self.disk.begin_sync(self.file.as_file());
    }
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let path = self.file.path().to_owned();
        self.disk.write(&path, self.file.as_file_mut(), bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}
