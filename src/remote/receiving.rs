//! A pack that is being downloaded: checked and written in large steps off the network's threads, while more comes.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::fault::Fault;
use super::verify::Verifier;
use crate::event::{Events, Progress};
use crate::pod::Digest;
use crate::store::begin_sync;

/// Bytes gathered before they are hashed and written.
const STEP_BYTES: usize = 1 << 20;

/// Bytes after which what was written begins to reach the disk: it will be synced before it is used.
const BEGIN_SYNC_BYTES: u64 = 8 << 20;

/// The file, and the digest of what is in it.
struct Target {
    file: File,
    verifier: Verifier,
}

/// A download.
pub(super) struct Receiving {
    pack: (Digest, u64),
    events: Events,
    arrived: u64,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    /// None once it failed.
    working: Option<JoinHandle<Result<Target, Fault>>>,
}

impl Receiving {
    /// Expects the bytes of `pack`, and writes them to a new file at `to`.
    pub(super) async fn create(pack: &(Digest, u64), to: &Path, events: &Events) -> Result<Self, Fault> {
        let (path, verifier) = (to.to_owned(), Verifier::new(pack));
        let create = move || match File::create(&path) {
            Ok(file) => Ok(Target { file, verifier }),
            Err(error) => Err(Fault::failed(format!("{}: {error}", path.display()))),
        };
        Ok(Self {
            pack: *pack,
            events: events.clone(),
            arrived: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            working: Some(tokio::task::spawn_blocking(create)),
        })
    }

    /// Bytes so far.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// The next bytes. Fails as soon as there are more than expected.
    pub(super) async fn push(&mut self, piece: Bytes) -> Result<(), Fault> {
        self.arrived += piece.len() as u64;
        let (digest, size) = self.pack;
        if self.arrived > size {
            return Err(Fault::hostile(format!("pack {digest} is longer than the {size} bytes announced")));
        }
        self.waiting_bytes += piece.len();
        self.waiting.push(piece);
        self.events.progress(Progress { bytes: self.arrived, total_bytes: size, ..Progress::default() });
        if self.waiting_bytes >= STEP_BYTES { self.write().await } else { Ok(()) }
    }

    /// Hands over what waits, after what was handed over before: never more than two steps are in memory.
    async fn write(&mut self) -> Result<(), Fault> {
        let target = self.settled().await?;
        let pieces = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.working = Some(tokio::task::spawn_blocking(move || take_in(target, &pieces)));
        Ok(())
    }

    /// The file, when nobody works on it.
    async fn settled(&mut self) -> Result<Target, Fault> {
        let Some(working) = self.working.take() else {
            return Err(Fault::failed("writing the pack to disk failed before"));
        };
        match working.await {
            Ok(target) => target,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Fault::Cancelled),
        }
    }

    /// The bytes come from the start again.
    pub(super) async fn begin_again(&mut self) -> Result<(), Fault> {
        let mut target = self.settled().await?;
        let verifier = Verifier::new(&self.pack);
        self.waiting.clear();
        (self.waiting_bytes, self.arrived) = (0, 0);
        self.working = Some(tokio::task::spawn_blocking(move || {
            target.file.set_len(0).and_then(|()| target.file.rewind()).map_err(unwritten)?;
            Ok(Target { file: target.file, verifier })
        }));
        Ok(())
    }

    /// Nothing more comes: it is written, and what was announced.
    pub(super) async fn finish(mut self) -> Result<(), Fault> {
        self.write().await?;
        self.settled().await?.verifier.finish()
    }
}

fn take_in(mut target: Target, pieces: &[Bytes]) -> Result<Target, Fault> {
    let before = target.verifier.seen();
    for piece in pieces {
        target.verifier.update(piece)?;
        target.file.write_all(piece).map_err(unwritten)?;
    }
    if target.verifier.seen() / BEGIN_SYNC_BYTES > before / BEGIN_SYNC_BYTES {
        begin_sync(&target.file);
    }
    Ok(target)
}

fn unwritten(error: std::io::Error) -> Fault {
    Fault::failed(format!("writing the pack to disk: {error}"))
}
