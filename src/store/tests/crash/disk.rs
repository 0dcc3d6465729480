//! A disk that ends at a chosen step, and remembers what outlasts a loss of power.

use std::fs::File;
use std::io::{Error, Result};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use super::power::Durable;
use crate::store::disk::{Disk, RealDisk};

/// How the world ends at the chosen step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// That step fails; everything after it works.
    Error,
    /// Nothing works from then on; of a write one half is done.
    Death,
}

/// Works until it has been asked for a number of steps.
pub(super) struct FailingDisk {
    end: End,
    state: Mutex<State>,
}

struct State {
    left: u64,
    dead: bool,
    durable: Option<Durable>,
    /// Syncs so far, of files and folders.
    syncs: u64,
    /// The syncs that do nothing.
    skipped: Vec<u64>,
}

impl FailingDisk {
    /// Ends at step `left`.
    pub(super) fn new(end: End, left: u64) -> Self {
        Self { end, state: Mutex::new(State { left, dead: false, durable: None, syncs: 0, skipped: Vec::new() }) }
    }

    /// The same by death, remembering what of `folder` would be there after a loss of power. The syncs numbered
    /// `skipped` do nothing.
    pub(super) fn remembering(folder: &Path, left: u64, skipped: &[u64]) -> Self {
        let skipped = skipped.to_vec();
        let durable = Some(Durable::everything(folder));
        Self { end: End::Death, state: Mutex::new(State { left, dead: false, durable, syncs: 0, skipped }) }
    }

    /// Whether the end has come.
    pub(super) fn has_ended(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.dead || state.left == 0
    }

    /// What would be there after a loss of power, and how many syncs there were.
    pub(super) fn durable(&self) -> (Durable, u64) {
        let mut state = self.state.lock().unwrap();
        (state.durable.take().unwrap(), state.syncs)
    }

    /// One step; an error where it is the last, or after it.
    fn step(&self) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return Err(Error::other("dead"));
        }
        if state.left > 0 {
            state.left -= 1;
            if state.left == 0 {
                state.dead = self.end == End::Death;
                return Err(Error::other("the chosen step"));
            }
        }
        Ok(state)
    }
}

impl State {
    /// Counts a sync, and gives where to remember it; None where the real disk has to do it, or nobody.
    fn sync(&mut self) -> Option<&mut Durable> {
        self.syncs += 1;
        if self.skipped.contains(&self.syncs) { None } else { self.durable.as_mut() }
    }
}

impl Disk for FailingDisk {
    fn create_folder(&self, path: &Path) -> Result<()> {
        drop(self.step()?);
        RealDisk.create_folder(path)
    }

    fn create_temporary(&self, folder: &Path) -> Result<tempfile::NamedTempFile> {
        drop(self.step()?);
        RealDisk.create_temporary(folder)
    }

    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> Result<()> {
        match self.step() {
            Ok(_) => RealDisk.write(path, file, bytes),
            Err(error) => {
                RealDisk.write(path, file, &bytes[..bytes.len() / 2])?;
                Err(error)
            }
        }
    }

    fn sync(&self, _path: &Path, file: &File) -> Result<()> {
        if let Some(durable) = self.step()?.sync() {
            durable.sync_file(file);
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        drop(self.step()?);
        RealDisk.rename(from, to)
    }

    fn place(&self, file: tempfile::NamedTempFile, to: &Path) -> Result<()> {
        drop(self.step()?);
        RealDisk.place(file, to)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        drop(self.step()?);
        RealDisk.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> Result<()> {
        drop(self.step()?);
        RealDisk.remove_folder(path)
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        if let Some(durable) = self.step()?.sync() {
            durable.sync_folder(folder);
        }
        Ok(())
    }
}
