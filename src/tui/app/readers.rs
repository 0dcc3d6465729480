//! What is read for the screen without being a task: only the latest of each kind matters.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::event::Events;
use crate::ops::{Context, OpError, Snapshot};
use crate::pod::{Arrangement, BlobRef, Change, Commit, Digest, Metamodel, ResourceKey};
use crate::search::{Index, Searcher};
use crate::store::StoreError;
use crate::tasks::{Loaded, read_tree};
use crate::tui::latest::Latest;
use crate::tui::message::Message;
use crate::tui::model::detail::Content;
use crate::tui::model::diff::ALIKE_LISTED;
use crate::tui::model::tree;
use crate::tui::preview::{self, Preview};

/// Most blobs of a document that are looked into: the versions of an object may be many.
const PREVIEWS: usize = 12;
/// Most hits that search shows.
const HITS: usize = 500;

/// One worker for each kind of reading.
pub(super) struct Readers {
    pub(super) trees: Latest<(Digest, Commit, Arrangement)>,
    pub(super) documents: Latest<(Digest, Commit, ResourceKey)>,
    pub(super) unchanged: Latest<(Digest, ResourceKey)>,
    pub(super) alike: Latest<(Digest, Arc<Vec<Change>>)>,
    pub(super) filters: Latest<(Digest, Arc<Metamodel>, String)>,
    pub(super) searches: Latest<(Arc<Index>, String)>,
}

impl Readers {
    /// Workers that answer through `sender`.
    pub(super) fn new(context: &Context, sender: mpsc::UnboundedSender<Message>) -> Self {
        let for_trees = context.clone();
        let trees =
            Latest::new(sender.clone(), move |(digest, commit, wanted): (Digest, Commit, Arrangement), cancel| {
                let events = Events::new(|_| {}, cancel);
                let metamodel = read_tree(&for_trees, &commit, &wanted, &events);
                let loaded =
                    metamodel.map(|metamodel| Box::new(Loaded { digest, commit, metamodel: Arc::new(metamodel) }));
                Message::Tree(digest, loaded.map_err(|error| error.to_string()))
            });
        let for_documents = context.clone();
        let documents = Latest::new(sender.clone(), move |(digest, commit, key): (Digest, Commit, ResourceKey), _| {
            let content = read_document(&for_documents, digest, commit, &key).map_err(|error| error.to_string());
            Message::Document(digest, key, content.map(Box::new))
        });
        let for_unchanged = context.clone();
        let unchanged = Latest::new(sender.clone(), move |(digest, key): (Digest, ResourceKey), _| {
            let document = Snapshot::load(&for_unchanged.store, digest).map_err(OpError::from);
            let document = document.and_then(|snapshot| Ok(snapshot.document(&key)?.unwrap_or_default()));
            Message::Unchanged(digest, key, document.map(Box::new).map_err(|error| error.to_string()))
        });
        let for_alike = context.clone();
        let alike = Latest::new(sender.clone(), move |(digest, changes): (Digest, Arc<Vec<Change>>), cancel| {
            let events = Events::new(|_| {}, cancel);
            Message::Alike(digest, list_alike(&for_alike, digest, &changes, &events).map_err(|error| error.to_string()))
        });
        let filters = Latest::new(sender.clone(), |(digest, metamodel, query): (Digest, Arc<Metamodel>, String), _| {
            Message::Filtered(digest, tree::keep(&metamodel, &query))
        });
        let (searcher, early) = (Arc::new(Mutex::new(None::<Searcher>)), sender.clone());
        let searches = Latest::new(sender, move |(index, query): (Arc<Index>, String), cancel| {
            // One search at a time: the lock is never waited for.
            let mut kept = searcher.lock().unwrap_or_else(PoisonError::into_inner);
            let mut searcher = kept.take().filter(|kept| kept.is_over(&index)).unwrap_or_else(|| Searcher::new(index));
            let mut publish = |hits| {
                let _ = early.send(Message::Found(query.clone(), hits, false));
            };
            let hits = searcher.search(&query, HITS, &cancel, &mut publish);
            *kept = Some(searcher);
            Message::Found(query, hits, true)
        });
        Self { trees, documents, unchanged, alike, filters, searches }
    }
}

/// Why a body cannot be shown. Of a remote version the trees alone are here.
pub(super) fn unreadable(error: &StoreError) -> String {
    match error {
        StoreError::Missing { .. } => "its bytes are not here: pull the pod to see them".to_owned(),
        error => error.to_string(),
    }
}

fn read_document(context: &Context, digest: Digest, commit: Commit, key: &ResourceKey) -> Result<Content, OpError> {
    let snapshot = Snapshot::of(&context.store, digest, commit);
    let document = snapshot.document(key)?.unwrap_or_default();
    let changed = crate::ops::last_change(context, &snapshot, key)?;
    let preview = |(name, blob): (&String, &BlobRef)| {
        let preview = match context.store.open_blob(blob) {
            Ok(content) => preview::read(blob, content),
            Err(error) => Preview::Not(unreadable(&error)),
        };
        (name.clone(), preview)
    };
    let previews = document.blobs.iter().take(PREVIEWS).map(preview).collect();
    Ok(Content { observed: snapshot.observed(key)?, document, previews, changed })
}

/// The keys of a version but for those that differ: the first so many, which is more than anybody reads.
fn list_alike(
    context: &Context,
    digest: Digest,
    changes: &[Change],
    events: &Events,
) -> Result<Vec<ResourceKey>, OpError> {
    let changed: HashSet<&ResourceKey> = changes.iter().map(|change| &change.key).collect();
    let mut alike = Vec::new();
    for key in Snapshot::load(&context.store, digest)?.state.keys() {
        let key = key?;
        if events.is_cancelled() || alike.len() >= ALIKE_LISTED {
            break;
        }
        if !changed.contains(&key) {
            alike.push(key);
        }
    }
    Ok(alike)
}
