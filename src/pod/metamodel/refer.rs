//! What texts in documents refer to.

use super::{Metamodel, NodeId, NodeKind};
use crate::pod::{Arn, ResourceKey, tokens_in};

/// Most references looked for in one text.
const MOST: usize = 16;

impl Metamodel {
    /// The resources of this tree that `text`, found in the document of `from`, refers to by reference tokens and
    /// ARNs: each once, in order, without `from` itself.
    pub fn referred(&self, text: &str, from: &ResourceKey) -> Vec<ResourceKey> {
        let mut found: Vec<ResourceKey> = Vec::new();
        let is_there = |key: &ResourceKey| {
            self.find(key).is_some_and(|node| self.node(node).kind == NodeKind::Resource) && key != from
        };
        let tokens = tokens_in(text).into_iter().map(|token| token.key);
        let named = Arn::all_in(text).filter_map(|arn| self.named_by(&arn, &from.account));
        for key in tokens.chain(named).take(MOST) {
            if is_there(&key) && !found.contains(&key) {
                found.push(key);
            }
        }
        found
    }

    /// The resource an ARN names. What the ARN leaves out (a bucket's has neither account nor region) is `account`,
    /// and any region.
    fn named_by(&self, arn: &Arn<'_>, account: &str) -> Option<ResourceKey> {
        let service = arn.service();
        let kinds = self.chains.get(service)?;
        let account = if arn.account.is_empty() { account } else { arn.account };
        let regions = match arn.region {
            "" => self.regions(),
            region => vec![region.to_owned()],
        };
        let of_kind = |kind: &String| {
            let keys = arn.names(kind).into_iter().flat_map(|name| {
                regions.iter().map(move |region| ResourceKey::new(account, region, service, kind, name.iter().copied()))
            });
            keys.into_iter().find(|key| self.find(key).is_some())
        };
        // The type it speaks of; else what it names most of: an object before its bucket.
        let (spoken, others): (Vec<&String>, Vec<&String>) = kinds.keys().partition(|kind| arn.speaks_of(kind));
        let most = |key: &ResourceKey| key.name.iter().map(String::len).sum::<usize>();
        spoken.into_iter().find_map(of_kind).or_else(|| {
            let mut found: Vec<ResourceKey> = others.into_iter().filter_map(of_kind).collect();
            found.sort_unstable();
            found.into_iter().max_by_key(most)
        })
    }

    /// The regions there are, each once.
    fn regions(&self) -> Vec<String> {
        let mut regions: Vec<String> = Vec::new();
        let mut level: Vec<NodeId> = self.children(Self::ROOT).collect();
        while let Some(node) = level.pop() {
            match self.packed(node).kind {
                NodeKind::Region => {
                    let label = self.label(node).to_owned();
                    if !regions.contains(&label) {
                        regions.push(label);
                    }
                }
                kind if kind.is_group() => level.extend(self.children(node)),
                _ => {}
            }
        }
        regions.sort_unstable();
        regions
    }
}
