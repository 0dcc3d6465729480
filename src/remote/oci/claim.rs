//! Claiming a version on a registry, which has no compare-and-swap.
//!
//! A tag is never moved. Whoever publishes puts the commit's own tag `c-<revision>`; looks whether others are about
//! to claim the same version, and lets them go first; puts `vN` if it is free; reads it back; and confirms it with a
//! tag that nobody else writes, `vN.<revision>`.
//!
//! A request that was under way for long may still overwrite `vN` afterwards. Readers therefore believe the
//! confirmation, not the label: the version stays whose it was. Should two have confirmed all the same, everybody
//! picks the same one of them, and the other learns of it by their next push. A commit whose version went to another
//! stays under its own tag, beside the versions.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;

use super::manifest::{
    Published, commit_tag, confirmed_tag, confirmed_version, is_commit_tag, tagged_version, version_tag,
};
use super::payload::Payload;
use super::{Fault, Oci};
use crate::pod::{Commit, Digest, PodName};

/// How long others get to claim the version first. From their look to their claim it takes two requests.
const SETTLE: Duration = Duration::from_millis(1500);

/// How often it is looked whether they did.
const SETTLE_POLL: Duration = Duration::from_millis(150);

/// The tag that says what each version is: the lowest confirmation, else the label.
pub(super) fn holders(tags: &[String]) -> BTreeMap<u64, String> {
    let mut holders: BTreeMap<u64, String> = BTreeMap::new();
    for (number, tag) in tags.iter().filter_map(|tag| Some((confirmed_version(tag)?, tag))) {
        let holder = holders.entry(number).or_insert_with(|| tag.clone());
        if tag < holder {
            holder.clone_from(tag);
        }
    }
    for (number, tag) in tags.iter().filter_map(|tag| Some((tagged_version(tag)?, tag))) {
        holders.entry(number).or_insert_with(|| tag.clone());
    }
    holders
}

impl Oci {
    /// Publishes a commit under its own tag, unless it is there; gives its manifest as it is there.
    pub(super) async fn put_commit(
        &self,
        repository: &str,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Published, Fault> {
        let bytes = commit.to_bytes();
        let digest = Digest::of(&bytes);
        let tag = commit_tag(&digest);
        match self.published(repository, &tag).await? {
            Some(there) if there.commit.0 == digest => Ok(there),
            Some(_) => Err(Fault::hostile(format!("tag {tag} names another commit"))),
            None => {
                let ours = Published::new(pod, number, commit, &bytes, packs)?;
                self.blobs(repository).upload(&ours.commit, &Payload::Bytes(Bytes::from(bytes)), &[]).await?;
                self.put_manifest(repository, &tag, &ours).await?;
                Ok(ours)
            }
        }
    }

    /// Claims a version for a commit that is there; gives the commit that has it, where it is another.
    pub(super) async fn claim(
        &self,
        repository: &str,
        number: u64,
        ours: &Published,
    ) -> Result<Option<Published>, Fault> {
        let (label, digest) = (version_tag(number), ours.commit.0);
        if let Some(there) = self.holder(repository, number).await? {
            return Ok((there.commit.0 != digest).then_some(there));
        }
        self.let_others_first(repository, number, &digest).await?;
        if self.published(repository, &label).await?.is_none() {
            self.put_manifest(repository, &label, ours).await?;
        }
        let winner = self.holder(repository, number).await?;
        let winner = winner.ok_or_else(|| Fault::failed(format!("version {number} vanished while being published")))?;
        if winner.commit.0 != digest {
            return Ok(Some(winner));
        }
        self.put_manifest(repository, &confirmed_tag(number, &digest), ours).await?;
        // Two who confirmed at once both see it here, and agree on whose it is.
        let winner = self.holder(repository, number).await?;
        self.settle(repository, &digest);
        Ok(winner.filter(|winner| winner.commit.0 != digest))
    }

    /// What has version `number`; None where nobody has it.
    async fn holder(&self, repository: &str, number: u64) -> Result<Option<Published>, Fault> {
        match holders(&self.tags(repository).await?).remove(&number) {
            Some(tag) => self.read_holder(repository, number, &tag).await,
            // Some registries list a tag a moment after they serve it.
            None => self.published(repository, &version_tag(number)).await,
        }
    }

    /// The manifest of a version by its tag in [`holders`]; None where it was deleted meanwhile.
    pub(super) async fn read_holder(
        &self,
        repository: &str,
        number: u64,
        tag: &str,
    ) -> Result<Option<Published>, Fault> {
        let label = version_tag(number);
        match self.published(repository, tag).await? {
            Some(found) if tag != label && tag != confirmed_tag(number, &found.commit.0) => {
                Err(Fault::hostile(format!("tag {tag} names another commit")))
            }
            // Some registries list a tag a moment before they serve it.
            None if tag != label => self.published(repository, &label).await,
            found => Ok(found),
        }
    }

    /// Where others have shown up for the same version: waits until one has claimed it, or a while. Of those
    /// who wait, the one with the lowest digest waits the shortest.
    async fn let_others_first(&self, repository: &str, number: u64, digest: &Digest) -> Result<(), Fault> {
        let own = commit_tag(digest);
        let mut rivals = Vec::new();
        for tag in self.tags(repository).await? {
            if is_commit_tag(&tag) && tag != own && !self.is_settled(repository, &tag) {
                let rival = self.published(repository, &tag).await?;
                rivals.extend(rival.filter(|rival| rival.number == Some(number)).map(|rival| rival.commit.0));
            }
        }
        if rivals.is_empty() {
            return Ok(());
        }
        let ahead = rivals.iter().filter(|rival| *rival < digest).count() as u32;
        let deadline = tokio::time::Instant::now() + SETTLE * (1 + ahead);
        while tokio::time::Instant::now() < deadline {
            if self.published(repository, &version_tag(number)).await?.is_some() {
                break;
            }
            tokio::time::sleep(SETTLE_POLL).await;
        }
        Ok(())
    }

    pub(super) fn settle(&self, repository: &str, commit: &Digest) {
        let key = format!("{repository}:{}", commit_tag(commit));
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    fn is_settled(&self, repository: &str, tag: &str) -> bool {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).contains(&format!("{repository}:{tag}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_believed_before_a_label() {
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let mut both = [confirmed_tag(2, &one), confirmed_tag(2, &other)];
        let tags = ["v1", "v2", "latest", "v2.x", "c-0"].map(str::to_owned).into_iter().chain(both.clone());
        let found = holders(&tags.collect::<Vec<_>>());
        both.sort();
        assert_eq!(found, [(1, "v1".to_owned()), (2, both[0].clone())].into());
    }
}
