//! Lines of history: forking one, naming a version, deleting a version.

use std::path::PathBuf;

use super::layout::file_names;
use super::refs::{DELETED, TAG, encode_ref, read_ref, tag_name};
use super::{Store, StoreError, VersionEntry};
use crate::pod::{Digest, PodName, Selector, TagName};

impl Store {
    /// Makes `to` a pod of its own with the versions of `from` up to the one selected. Nothing is copied but names.
    pub fn fork(&self, from: &PodName, selector: &Selector, to: &PodName) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let _refs = layout.lock_refs()?;
        let head = self.resolve(from, selector)?;
        let folder = layout.pod(to);
        if !file_names(&folder)?.is_empty() {
            return Err(StoreError::PodExists { pod: to.clone() });
        }
        // Made aside, then moved: a fork is there whole or not at all.
        let tmp = layout.tmp();
        let new = tempfile::tempdir_in(&tmp).map_err(StoreError::io(&tmp))?;
        for version in self.versions(from)?.into_iter().filter(|version| version.number <= head.number) {
            layout.write(&new.path().join(version.number.to_string()), encode_ref(&version.commit).as_bytes())?;
        }
        for name in file_names(&layout.pod(from))?.iter().filter(|name| name.ends_with(DELETED)) {
            layout.write(&new.path().join(name), b"")?;
        }
        layout.remove_folder(&folder)?;
        layout.rename(new.path(), &folder)?;
        layout.sync_parent(&folder)?;
        Ok(head)
    }

    /// Names a version. The name moves where it is there already.
    pub fn set_tag(&self, pod: &PodName, selector: &Selector, tag: &TagName) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let _writing = layout.lock_shared()?;
        let _refs = layout.lock_refs()?;
        let version = self.resolve(pod, selector)?;
        layout.write(&self.tag_path(pod, tag), encode_ref(&version.commit).as_bytes())?;
        Ok(version)
    }

    /// Takes a name away.
    pub fn remove_tag(&self, pod: &PodName, tag: &TagName) -> Result<(), StoreError> {
        let layout = &self.inner.layout;
        let _refs = layout.lock_refs()?;
        let path = self.tag_path(pod, tag);
        if layout.remove_file(&path)? {
            return layout.sync_parent(&path);
        }
        let tags = self.tags(pod)?;
        let have = match tags.is_empty() {
            true => "no tags".to_owned(),
            false => tags.iter().map(|(tag, _)| tag.to_string()).collect::<Vec<_>>().join(", "),
        };
        Err(StoreError::UnknownVersion { pod: pod.clone(), wanted: format!("tag {tag}"), have })
    }

    /// A pod's tags, by name.
    pub fn tags(&self, pod: &PodName) -> Result<Vec<(TagName, Digest)>, StoreError> {
        let folder = self.inner.layout.pod(pod);
        let mut tags = Vec::new();
        for name in file_names(&folder)? {
            let Some(tag) = tag_name(&name) else { continue };
            tags.extend(read_ref(&folder.join(name))?.map(|commit| (tag, commit)));
        }
        tags.sort_unstable();
        Ok(tags)
    }

    pub(super) fn tag_path(&self, pod: &PodName, tag: &TagName) -> PathBuf {
        self.inner.layout.pod(pod).join(format!("{TAG}{tag}"))
    }

    /// Forgets one version (its data stays until gc). Its number is never given again. The only version of a pod
    /// and one that has a tag are not deleted.
    pub fn delete_version(&self, pod: &PodName, selector: &Selector) -> Result<VersionEntry, StoreError> {
        let layout = &self.inner.layout;
        let _refs = layout.lock_refs()?;
        let version = self.resolve(pod, selector)?;
        let in_use = |reason: String| StoreError::VersionInUse { pod: pod.clone(), number: version.number, reason };
        if self.versions(pod)?.len() == 1 {
            return Err(in_use(format!("it is the only one: delete {pod} instead")));
        }
        if let Some((tag, _)) = self.tags(pod)?.into_iter().find(|(_, commit)| *commit == version.commit) {
            return Err(in_use(format!("it has the tag {tag}: remove that first")));
        }
        let path = layout.pod(pod).join(version.number.to_string());
        let deleted = layout.pod(pod).join(format!("{}{DELETED}", version.number));
        layout.rename(&path, &deleted)?;
        layout.sync_parent(&path)?;
        Ok(version)
    }
}
