//! An OCI registry as a remote.
//!
//! A pod is a repository, `<path>/<pod>`. Each commit is a manifest there: its config is the commit object, its
//! layers are the packs the commit brings, and the tag `c-<revision>` names it for good. The tag `vN` says which
//! commit is version N.
//!
//! Registries have no compare-and-swap on tags; `claim.rs` says how a version is claimed all the same.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LINK};
use reqwest::{Method, StatusCode, Url};

use super::fault::{Fault, cancellable, plain};
use super::{
    MAX_COMMIT_BYTES, Remote, RemoteCommit, RemoteConfig, RemoteError, RemoteHistory, RemoteVersion, escape,
    read_commit,
};
use crate::event::Events;
use crate::pod::{Commit, Digest, PodName};

mod auth;
mod blobs;
mod claim;
mod credentials;
mod http;
mod manifest;
mod payload;
mod upload;

use blobs::Blobs;
pub use credentials::CredentialFiles;
use http::{Call, Registry};
use manifest::{MANIFEST_TYPE, Published, commit_tag, confirmed_version, is_commit_tag, tagged_version, version_tag};
use payload::Payload;

/// What registries must accept, by their specification.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// Longest page of a listing that is read.
const MAX_PAGE_BYTES: u64 = 16 * 1024 * 1024;

/// Names asked for in one page of a listing.
const PAGE_NAMES: u32 = 1000;

/// Pages after which a listing is taken for endless.
const MAX_PAGES: usize = 1000;

/// Longest repository name that registries accept, in bytes.
const MAX_REPOSITORY_BYTES: usize = 255;

/// Small requests under way at a time.
const CONCURRENT_REQUESTS: usize = 8;

/// What a login must allow to list repositories.
const CATALOG_SCOPE: &str = "registry:catalog:*";

/// A remote on a registry.
pub(super) struct Oci {
    config: RemoteConfig,
    registry: Registry,
    path: String,
    /// Commit tags, with their repository, that are known not to claim anything any more.
    settled: Mutex<HashSet<String>>,
}

impl Oci {
    /// The remote at `path` on `host`. Does not connect yet.
    pub(super) fn new(
        config: RemoteConfig,
        host: String,
        path: String,
        logins: CredentialFiles,
    ) -> Result<Self, RemoteError> {
        let registry = Registry::new(host, &config, logins).map_err(|fault| fault.at(&config.name))?;
        Ok(Self { config, registry, path, settled: Mutex::default() })
    }

    /// The repository of a pod.
    fn repository(&self, pod: &PodName) -> Result<String, Fault> {
        let name = format!("{}/{}", self.path, escape::component(pod));
        if name.len() > MAX_REPOSITORY_BYTES {
            return Err(Fault::failed(format!("the name {pod} is too long for a registry: rename the pod")));
        }
        Ok(name)
    }

    fn blobs<'a>(&'a self, repository: &'a str) -> Blobs<'a> {
        Blobs { registry: &self.registry, repository }
    }

    /// The manifest that a tag names; None where there is none.
    async fn published(&self, repository: &str, tag: &str) -> Result<Option<Published>, Fault> {
        let scope = self.blobs(repository).pull_scope();
        let call = self.manifest_call(Method::GET, repository, tag, &scope)?;
        let answer = self.registry.fetch(&call, MAX_MANIFEST_BYTES).await?;
        match answer.status {
            StatusCode::OK => Published::parse(answer.body, tag).map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Fault::failed(self.registry.explain(status, &answer.body))),
        }
    }

    fn manifest_call<'a>(
        &self,
        method: Method,
        repository: &str,
        reference: &str,
        scope: &'a str,
    ) -> Result<Call<'a>, Fault> {
        let url = self.registry.url(&format!("v2/{repository}/manifests/{reference}"))?;
        Ok(Call { method, url, scope, headers: vec![(ACCEPT, MANIFEST_TYPE.to_owned())], payload: Payload::Empty })
    }

    async fn put_manifest(&self, repository: &str, tag: &str, published: &Published) -> Result<(), Fault> {
        let scope = self.blobs(repository).push_scope();
        let mut call = self.manifest_call(Method::PUT, repository, tag, &scope)?;
        call.headers = vec![(CONTENT_TYPE, MANIFEST_TYPE.to_owned())];
        call.payload = Payload::Bytes(Bytes::from(published.bytes.clone()));
        let response = self.registry.send(&call).await?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(Fault::failed(self.registry.refusal(response).await)),
        }
    }

    /// The manifest of a commit by its own tag; None where there is none.
    async fn commit_of_tag(&self, repository: &str, tag: &str) -> Result<Option<Published>, Fault> {
        match self.published(repository, tag).await? {
            Some(found) if commit_tag(&found.commit.0) != tag => {
                Err(Fault::hostile(format!("tag {tag} names another commit")))
            }
            found => Ok(found),
        }
    }

    /// The commit object that a manifest names.
    async fn commit(&self, repository: &str, published: &Published) -> Result<RemoteCommit, Fault> {
        let (digest, size) = published.commit;
        let scope = self.blobs(repository).pull_scope();
        let url = self.registry.url(&format!("v2/{repository}/blobs/{digest}"))?;
        let call = Call { method: Method::GET, url, scope: &scope, headers: Vec::new(), payload: Payload::Empty };
        let answer = self.registry.fetch(&call, size.min(MAX_COMMIT_BYTES)).await?;
        match answer.status {
            StatusCode::OK => read_commit(&digest, &answer.body).map(|commit| RemoteCommit { digest, commit }),
            StatusCode::NOT_FOUND => Err(Fault::hostile(format!("commit {digest} is missing"))),
            status => Err(Fault::failed(self.registry.explain(status, &answer.body))),
        }
    }

    /// All tags of a repository.
    async fn tags(&self, repository: &str) -> Result<Vec<String>, Fault> {
        let scope = self.blobs(repository).pull_scope();
        let path = format!("v2/{repository}/tags/list?n={PAGE_NAMES}");
        match self.listing(&path, &scope, "tags").await? {
            Ok(tags) => Ok(tags),
            Err((StatusCode::NOT_FOUND, _)) => Ok(Vec::new()),
            Err((_, reason)) => Err(Fault::failed(reason)),
        }
    }

    /// A listing over all its pages; or how the registry refused it.
    async fn listing(
        &self,
        path: &str,
        scope: &str,
        field: &str,
    ) -> Result<Result<Vec<String>, (StatusCode, String)>, Fault> {
        let mut names: Vec<String> = Vec::new();
        let mut next = Some(self.registry.url(path)?);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(Ok(names)) };
            let call = Call { method: Method::GET, url, scope, headers: Vec::new(), payload: Payload::Empty };
            let answer = self.registry.fetch(&call, MAX_PAGE_BYTES).await?;
            if answer.status != StatusCode::OK {
                return Ok(Err((answer.status, self.registry.explain(answer.status, &answer.body))));
            }
            let mut page: serde_json::Value = serde_json::from_slice(&answer.body)
                .map_err(|error| Fault::hostile(format!("its list of {field}: {error}")))?;
            let page = page.get_mut(field).map(serde_json::Value::take).unwrap_or_default();
            // A repository without tags has null.
            let page: Option<Vec<String>> = serde_json::from_value(page)
                .map_err(|error| Fault::hostile(format!("its list of {field}: {}", plain(&error.to_string()))))?;
            names.extend(page.unwrap_or_default());
            next = self.next_page(&answer.url, &answer.headers)?;
        }
        Err(Fault::hostile(format!("its list of {field} has no end")))
    }

    fn next_page(&self, from: &Url, headers: &HeaderMap) -> Result<Option<Url>, Fault> {
        let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let Some(target) = links.flat_map(|value| value.split(',')).find_map(next_link) else { return Ok(None) };
        let url = self.registry.given_url(from, target)?;
        if self.registry.is_own(&url) {
            Ok(Some(url))
        } else {
            Err(Fault::hostile("the next page of its list is elsewhere"))
        }
    }

    async fn list_pods(&self) -> Result<Vec<PodName>, Fault> {
        let path = format!("v2/_catalog?n={PAGE_NAMES}");
        let repositories = self.listing(&path, CATALOG_SCOPE, "repositories").await?.map_err(|(_, reason)| {
            Fault::failed(format!("it does not list its pods ({reason}); a pod can still be pulled by its name"))
        })?;
        let prefix = format!("{}/", self.path);
        let pods: Vec<PodName> =
            repositories.iter().filter_map(|name| escape::pod(name.strip_prefix(&prefix)?)).collect();
        // A deleted pod leaves an empty repository.
        let mut pods: Vec<PodName> = stream::iter(pods)
            .map(|pod| async move { Ok(self.has_commits(&pod).await?.then_some(pod)) })
            .buffer_unordered(CONCURRENT_REQUESTS)
            .try_filter_map(|pod| async move { Ok::<_, Fault>(pod) })
            .try_collect()
            .await?;
        pods.sort();
        pods.dedup();
        Ok(pods)
    }

    /// Whether there is a commit, with a number or without.
    async fn has_commits(&self, pod: &PodName) -> Result<bool, Fault> {
        let repository = self.repository(pod)?;
        let scope = self.blobs(&repository).pull_scope();
        // Nearly every pod has a first version, and that is one small request.
        let call = self.manifest_call(Method::HEAD, &repository, &version_tag(1), &scope)?;
        if self.registry.send(&call).await?.status() == StatusCode::OK {
            return Ok(true);
        }
        let tags = self.tags(&repository).await?;
        Ok(tags.iter().any(|tag| is_commit_tag(tag)) || !claim::holders(&tags).is_empty())
    }

    async fn read_history(&self, pod: &PodName) -> Result<RemoteHistory, Fault> {
        let repository = &self.repository(pod)?;
        let mut tags = self.tags(repository).await?;
        let versions: Vec<RemoteVersion> = stream::iter(claim::holders(&tags))
            .map(|(number, tag)| async move {
                // Deleted between the listing and now.
                let Some(published) = self.read_holder(repository, number, &tag).await? else { return Ok(None) };
                let RemoteCommit { digest, commit } = self.commit(repository, &published).await?;
                self.settle(repository, &digest);
                Ok::<_, Fault>(Some(RemoteVersion { number, digest, commit }))
            })
            .buffered(CONCURRENT_REQUESTS)
            .try_filter_map(|version| async move { Ok(version) })
            .try_collect()
            .await?;
        let numbered: HashSet<String> = versions.iter().map(|version| commit_tag(&version.digest)).collect();
        let newest = versions.last().map_or(0, |version| version.number);
        tags.retain(|tag| is_commit_tag(tag) && !numbered.contains(tag));
        let unnumbered = stream::iter(tags)
            .map(|tag| async move {
                let Some(published) = self.commit_of_tag(repository, &tag).await? else { return Ok(None) };
                if published.number.is_none_or(|number| number <= newest) {
                    self.settle(repository, &published.commit.0);
                }
                self.commit(repository, &published).await.map(Some)
            })
            .buffer_unordered(CONCURRENT_REQUESTS)
            .try_filter_map(|commit| async move { Ok(commit) })
            .try_collect()
            .await?;
        Ok(RemoteHistory::new(versions, unnumbered))
    }

    async fn delete_pod(&self, pod: &PodName) -> Result<(), Fault> {
        let repository = self.repository(pod)?;
        let scope = format!("repository:{repository}:delete,pull,push");
        let mut tags = self.tags(&repository).await?;
        tags.retain(|tag| tagged_version(tag).is_some() || is_commit_tag(tag) || confirmed_version(tag).is_some());
        // Newest first: whoever looks meanwhile sees a shorter history, never one with a hole.
        tags.sort_by_key(|tag| std::cmp::Reverse(tagged_version(tag)));
        for tag in tags {
            let Some(published) = self.published(&repository, &tag).await? else { continue };
            let reference = Digest::of(&published.bytes).to_string();
            let call = self.manifest_call(Method::DELETE, &repository, &reference, &scope)?;
            let response = self.registry.send(&call).await?;
            match response.status() {
                StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => {}
                StatusCode::METHOD_NOT_ALLOWED => {
                    return Err(Fault::failed(format!("{} does not allow deleting", self.registry.host())));
                }
                _ => return Err(Fault::failed(self.registry.refusal(response).await)),
            }
        }
        Ok(())
    }

    fn at<T>(&self, result: Result<T, Fault>) -> Result<T, RemoteError> {
        result.map_err(|fault| fault.at(&self.config.name))
    }
}

#[async_trait::async_trait]
impl Remote for Oci {
    fn config(&self) -> &RemoteConfig {
        &self.config
    }

    async fn pods(&self) -> Result<Vec<PodName>, RemoteError> {
        self.at(self.list_pods().await)
    }

    async fn history(&self, pod: &PodName) -> Result<RemoteHistory, RemoteError> {
        self.at(self.read_history(pod).await)
    }

    async fn packs(&self, pod: &PodName, commit: &Digest) -> Result<Vec<(Digest, u64)>, RemoteError> {
        let repository = self.at(self.repository(pod))?;
        let tag = commit_tag(commit);
        let published = self.at(self.published(&repository, &tag).await)?;
        self.at(match published {
            Some(published) if published.commit.0 == *commit => Ok(published.packs),
            Some(_) => Err(Fault::hostile(format!("tag {tag} names another commit"))),
            None => Err(Fault::hostile(format!("tag {tag} is missing"))),
        })
    }

    async fn fetch_pack(
        &self,
        pod: &PodName,
        pack: &(Digest, u64),
        to: &Path,
        events: &Events,
    ) -> Result<(), RemoteError> {
        let repository = self.at(self.repository(pod))?;
        self.at(cancellable(events, Fault::Cancelled, self.blobs(&repository).download(pack, to, events)).await)
    }

    async fn read_pack(&self, pod: &PodName, pack: &(Digest, u64), range: Range<u64>) -> Result<Bytes, RemoteError> {
        let repository = self.at(self.repository(pod))?;
        self.at(self.blobs(&repository).read(pack, range).await)
    }

    async fn store_pack(
        &self,
        pod: &PodName,
        pack: &(Digest, u64),
        from: &Path,
        sisters: &[PodName],
        events: &Events,
    ) -> Result<(), RemoteError> {
        let repository = self.at(self.repository(pod))?;
        let sisters: Vec<String> = sisters.iter().filter_map(|sister| self.repository(sister).ok()).collect();
        let content = Payload::File { path: from, range: 0..pack.1, total: pack.1, events };
        let blobs = self.blobs(&repository);
        self.at(cancellable(events, Fault::Cancelled, blobs.upload(pack, &content, &sisters)).await)
    }

    async fn publish(
        &self,
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        packs: &[(Digest, u64)],
    ) -> Result<Option<RemoteCommit>, RemoteError> {
        let repository = self.at(self.repository(pod))?;
        let published = async {
            let ours = self.put_commit(&repository, pod, number, commit, packs).await?;
            let Some(number) = number else { return Ok(None) };
            match self.claim(&repository, number, &ours).await? {
                Some(winner) => self.commit(&repository, &winner).await.map(Some),
                None => Ok(None),
            }
        };
        self.at(published.await)
    }

    async fn delete(&self, pod: &PodName) -> Result<(), RemoteError> {
        self.at(self.delete_pod(pod).await)
    }
}

/// The target of a `<target>; rel="next"` link.
fn next_link(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = |parameter: &str| matches!(parameter.trim(), "rel=\"next\"" | "rel=next");
    parameters.split(';').any(is_next).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_link_to_the_next_page_is_followed() {
        assert_eq!(next_link("</v2/_catalog?last=a&n=1>; rel=\"next\""), Some("/v2/_catalog?last=a&n=1"));
        assert_eq!(next_link("</x>; rel=\"prev\""), None);
        assert_eq!(next_link("/x; rel=next"), None);
    }
}
