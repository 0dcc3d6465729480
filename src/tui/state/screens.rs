//! The screens that take the place of the panes: the comparison, and the conflicts of a merge.

use std::sync::Arc;

use crate::ops::{Resolution, Target};
use crate::pod::{Change, Digest, Document, Merge, PodName, ResourceKey};
use crate::tui::model::conflict::SideLine;
use crate::tui::model::diff::DiffRow;
use crate::tui::model::list::Cursor;

/// Which half of the comparison the keys go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffFocus {
    /// The list of resources.
    List,
    /// The change.
    Change,
}

/// The comparison.
#[derive(Clone, Debug)]
pub struct DiffScreen {
    /// What the first side is called.
    pub before: String,
    /// What the second side is called.
    pub after: String,
    /// The headless command that gives the same.
    pub command: String,
    /// What differs.
    pub changes: Arc<Vec<Change>>,
    /// The chosen resource.
    pub cursor: Cursor,
    /// The rows of its change.
    pub rows: Vec<DiffRow>,
    /// The first of them in the window.
    pub top: usize,
    /// Where keys go.
    pub focus: DiffFocus,
    /// One column although there is room for two.
    pub unified: bool,
    /// Whether secrets are shown.
    pub reveal: bool,
    /// Whether what does not differ is shown too.
    pub whole: bool,
    /// The commit of the first side.
    pub base: Option<Digest>,
    /// The resource's document on the first side, once it was read for that.
    pub document: Option<(ResourceKey, Document)>,
    /// The resource whose document was asked for.
    pub asked: Option<ResourceKey>,
    /// The resources that both sides have alike, once everything was asked for; listed below those that differ.
    pub same: Option<Arc<Vec<ResourceKey>>>,
    /// What the live instance drifted from, where this is its drift.
    pub drift: Option<(PodName, Digest)>,
}

impl DiffScreen {
    /// How many resources are listed.
    pub fn listed(&self) -> usize {
        self.changes.len() + self.alike().len()
    }

    /// The resources below those that differ.
    pub fn alike(&self) -> &[ResourceKey] {
        self.same.as_deref().filter(|_| self.whole).map_or(&[], Vec::as_slice)
    }

    /// The chosen resource, and how it differs, if it does.
    pub fn chosen(&self) -> Option<(&ResourceKey, Option<&Change>)> {
        match self.changes.get(self.cursor.at) {
            Some(change) => Some((&change.key, Some(change))),
            None => Some((self.alike().get(self.cursor.at.checked_sub(self.changes.len())?)?, None)),
        }
    }
}

/// Where the conflicts of a merge are settled.
#[derive(Clone, Debug)]
pub struct ConflictScreen {
    /// The pod.
    pub pod: PodName,
    /// Its conflicted version and what was chosen so far.
    pub found: Box<Resolution>,
    /// The chosen conflict.
    pub cursor: Cursor,
    /// What stands on the sides of it, as lines.
    pub values: Merge<Vec<SideLine>>,
    /// The first line in the window.
    pub top: usize,
    /// Whether secrets are shown.
    pub reveal: bool,
    /// The conflict whose value is in the editor, and the text that went there.
    pub editing: Option<(Target, String)>,
}
