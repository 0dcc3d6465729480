//! How a commit lies in a registry: an OCI image manifest whose config is the commit and whose layers are the
//! packs it brings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::pod::{Commit, Digest, PodName};
use crate::remote::fault::{Fault, plain};

/// Of the manifest.
pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Of the whole: what registries show as its kind.
const ARTIFACT_TYPE: &str = "application/vnd.podex.pod.v1";
/// Of the commit object.
const COMMIT_TYPE: &str = "application/vnd.podex.commit.v1+json";
/// Of a pack.
const PACK_TYPE: &str = "application/vnd.podex.pack.v1";

/// The version a commit was published for.
const VERSION: &str = "dev.podex.version";

/// Longest message repeated in an annotation, in characters; the commit has all of it.
const MAX_MESSAGE_CHARS: usize = 1000;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

/// A commit as a manifest describes it.
#[derive(Clone, Debug)]
pub(super) struct Published {
    /// The manifest itself.
    pub(super) bytes: Vec<u8>,
    /// The commit object's digest and length.
    pub(super) commit: (Digest, u64),
    /// The packs it brings, in the order in which they are to be taken in.
    pub(super) packs: Vec<(Digest, u64)>,
    /// The version it was meant to be, if any. Only a hint: the `vN` tag decides.
    pub(super) number: Option<u64>,
}

impl Published {
    /// Describes `commit` of `pod`, which is to be version `number`, if any.
    pub(super) fn new(
        pod: &PodName,
        number: Option<u64>,
        commit: &Commit,
        commit_bytes: &[u8],
        packs: &[(Digest, u64)],
    ) -> Result<Self, Fault> {
        let descriptor = |media_type: &str, &(digest, size): &(Digest, u64)| Descriptor {
            media_type: media_type.to_owned(),
            digest,
            size,
        };
        let object = (Digest::of(commit_bytes), commit_bytes.len() as u64);
        let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        let annotations = [
            ("org.opencontainers.image.created", commit.time.to_string()),
            ("org.opencontainers.image.title", pod.to_string()),
            ("dev.podex.author", commit.author.to_string()),
            ("dev.podex.message", commit.message.chars().take(MAX_MESSAGE_CHARS).collect()),
            ("dev.podex.parents", parents.join(",")),
        ];
        let version = number.map(|number| (VERSION, number.to_string()));
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            artifact_type: Some(ARTIFACT_TYPE.to_owned()),
            config: descriptor(COMMIT_TYPE, &object),
            layers: packs.iter().map(|pack| descriptor(PACK_TYPE, pack)).collect(),
            annotations: annotations.into_iter().chain(version).map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        let bytes = serde_json::to_vec(&manifest).map_err(|error| Fault::failed(error.to_string()))?;
        Ok(Self { bytes, commit: object, packs: packs.to_vec(), number })
    }

    /// Reads a manifest that a registry sent.
    pub(super) fn parse(bytes: Vec<u8>, tag: &str) -> Result<Self, Fault> {
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|error| Fault::hostile(format!("{tag} is no manifest: {}", plain(&error.to_string()))))?;
        if manifest.config.media_type != COMMIT_TYPE {
            let found = plain(&manifest.config.media_type);
            return Err(Fault::hostile(format!("{tag} holds {found}, which is not a podex commit")));
        }
        if let Some(layer) = manifest.layers.iter().find(|layer| layer.media_type != PACK_TYPE) {
            return Err(Fault::hostile(format!("{tag} has a layer {}, not a podex pack", plain(&layer.media_type))));
        }
        Ok(Self {
            bytes,
            commit: (manifest.config.digest, manifest.config.size),
            packs: manifest.layers.iter().map(|layer| (layer.digest, layer.size)).collect(),
            number: manifest.annotations.get(VERSION).and_then(|number| number.parse().ok()),
        })
    }
}

/// The immutable tag of a commit.
pub(super) fn commit_tag(commit: &Digest) -> String {
    format!("c-{}", commit.short())
}

/// Whether a tag is a commit's.
pub(super) fn is_commit_tag(tag: &str) -> bool {
    tag.strip_prefix("c-").is_some_and(|digits| {
        digits.len() == Digest::of(b"").short().len() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// The label of a version.
pub(super) fn version_tag(number: u64) -> String {
    format!("v{number}")
}

/// The tag by which the commit that has a version confirms it.
pub(super) fn confirmed_tag(number: u64, commit: &Digest) -> String {
    format!("v{number}.{}", commit.short())
}

/// The version that a tag confirms.
pub(super) fn confirmed_version(tag: &str) -> Option<u64> {
    let (label, revision) = tag.split_once('.')?;
    is_commit_tag(&format!("c-{revision}")).then(|| tagged_version(label)).flatten()
}

/// The version that a tag labels.
pub(super) fn tagged_version(tag: &str) -> Option<u64> {
    let number = tag.strip_prefix('v')?.parse().ok()?;
    (version_tag(number) == tag).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tags_are_ours() {
        assert_eq!(tagged_version("v12"), Some(12));
        for tag in ["12", "v", "v012", "v+1", "v1a", "vv1", "latest"] {
            assert_eq!(tagged_version(tag), None, "{tag}");
        }
        assert!(is_commit_tag(&commit_tag(&Digest::of(b"x"))));
        assert!(!is_commit_tag("c-") && !is_commit_tag("c-../../../..x") && !is_commit_tag("v1"));
    }

    #[test]
    fn other_artifacts_are_refused() {
        let digest = Digest::of(b"x");
        let manifest = |config: &str, layer: &str| {
            serde_json::json!({
                "schemaVersion": 2,
                "config": {"mediaType": config, "digest": digest, "size": 1},
                "layers": [{"mediaType": layer, "digest": digest, "size": 2}],
            })
        };
        let parse = |value: serde_json::Value| Published::parse(value.to_string().into_bytes(), "v1");
        assert_eq!(parse(manifest(COMMIT_TYPE, PACK_TYPE)).unwrap().packs, [(digest, 2)]);
        assert!(parse(manifest("application/vnd.oci.image.config.v1+json", PACK_TYPE)).is_err());
        assert!(parse(manifest(COMMIT_TYPE, "application/vnd.oci.image.layer.v1.tar")).is_err());
        let mut other = manifest(COMMIT_TYPE, PACK_TYPE);
        other["layers"][0]["digest"] = "sha512:00".into();
        assert!(parse(other).is_err());
    }
}
