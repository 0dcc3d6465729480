//! Every pod with all its versions and tags, each folder read once.

use super::layout::file_names;
use super::refs::{read_ref, tag_name, version_number};
use super::{Store, StoreError, VersionEntry};
use crate::pod::{Digest, PodName, TagName};

/// What a pod's folder names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRefs {
    /// Its versions, oldest first.
    pub versions: Vec<VersionEntry>,
    /// Its tags, by name.
    pub tags: Vec<(TagName, Digest)>,
}

/// A pod with what its folder names, or why that cannot be read.
pub type ListedPod = (PodName, Result<PodRefs, StoreError>);

impl Store {
    /// Every pod with what its folder names, or why that cannot be read, by name. Folders without versions are none.
    ///
    /// # Errors
    /// When the pods cannot be listed at all.
    pub fn listing(&self) -> Result<Vec<ListedPod>, StoreError> {
        let read = |pod: PodName| {
            let refs = self.pod_refs(&pod);
            (pod, refs)
        };
        let pods = self.pod_folders()?.into_iter().map(read);
        Ok(pods.filter(|(_, refs)| !refs.as_ref().is_ok_and(|refs| refs.versions.is_empty())).collect())
    }

    fn pod_refs(&self, pod: &PodName) -> Result<PodRefs, StoreError> {
        let folder = self.inner.layout.pod(pod);
        let mut refs = PodRefs::default();
        for name in file_names(&folder)? {
            // A file that is gone again was deleted this moment, or its pod deleted or renamed.
            let read = || read_ref(&folder.join(&name));
            if let Some(number) = version_number(&name) {
                refs.versions.extend(read()?.map(|commit| VersionEntry { number, commit }));
            } else if let Some(tag) = tag_name(&name) {
                refs.tags.extend(read()?.map(|commit| (tag, commit)));
            }
        }
        refs.versions.sort_unstable_by_key(|version| version.number);
        refs.tags.sort_unstable();
        Ok(refs)
    }
}
