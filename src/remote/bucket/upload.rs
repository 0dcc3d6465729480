//! Uploads to a bucket.

use std::path::Path as FilePath;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::io::AsyncReadExt;

use super::Bucket;
use crate::event::{Events, Progress};
use crate::pod::Digest;
use crate::remote::fault::{Fault, cancellable};

/// Bytes of a part of an upload. Smaller packs go as they are.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// How long a store may take to give up an upload: who cancels because nothing moves shall not wait for long.
const ABORT_PATIENCE: Duration = Duration::from_secs(10);

/// Parts of one pack under way at a time.
const CONCURRENT_PARTS: usize = 4;

impl Bucket {
    /// Uploads a pack, unless it is there; in parts where it is large.
    pub(super) async fn upload(&self, pack: &(Digest, u64), from: &FilePath, events: &Events) -> Result<(), Fault> {
        let store = self.store().await?;
        let key = self.blob(&pack.0);
        match cancellable(events, Fault::Cancelled, async { Ok(store.head(&key).await) }).await? {
            Ok(found) if found.size == pack.1 => return Ok(()),
            // Of another size: made good.
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(self.failed(&error)),
        }
        let unreadable = |error: std::io::Error| Fault::failed(format!("{}: {error}", from.display()));
        let mut file = tokio::fs::File::open(from).await.map_err(unreadable)?;
        if pack.1 <= PART_BYTES as u64 {
            let mut content = Vec::with_capacity(PART_BYTES);
            file.read_to_end(&mut content).await.map_err(unreadable)?;
            let put = async { store.put(&key, PutPayload::from(content)).await.map_err(|error| self.failed(&error)) };
            cancellable(events, Fault::Cancelled, put).await?;
            events.progress(Progress { bytes: pack.1, total_bytes: pack.1, ..Progress::default() });
            return Ok(());
        }
        let begun = async { store.put_multipart(&key).await.map_err(|error| self.failed(&error)) };
        let mut upload = cancellable(events, Fault::Cancelled, begun).await?;
        let whole = async {
            self.send_parts(&mut *upload, &mut file, from, pack.1, events).await?;
            upload.complete().await.map(drop).map_err(|error| self.failed(&error))
        };
        let sent = cancellable(events, Fault::Cancelled, whole).await;
        if sent.is_err() {
            // Parts that are never put together cost their owner money. Failing to say so is no new failure.
            let _ = tokio::time::timeout(ABORT_PATIENCE, upload.abort()).await;
        }
        sent
    }

    /// Sends a file in parts, some at a time. The store's client sends a part that fails again, alone.
    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        file: &mut tokio::fs::File,
        from: &FilePath,
        size: u64,
        events: &Events,
    ) -> Result<(), Fault> {
        let mut under_way = FuturesUnordered::new();
        let mut sent = 0;
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            let read = file.take(PART_BYTES as u64).read_to_end(&mut part).await;
            read.map_err(|error| Fault::failed(format!("{}: {error}", from.display())))?;
            let length = part.len() as u64;
            if length > 0 {
                let part = upload.put_part(part.into());
                under_way.push(async move { part.await.map(|()| length) });
            }
            while under_way.len() >= CONCURRENT_PARTS || length == 0 {
                let Some(done) = under_way.next().await else { return Ok(()) };
                sent += done.map_err(|error| self.failed(&error))?;
                events.progress(Progress { bytes: sent, total_bytes: size, ..Progress::default() });
            }
        }
    }
}
