//! The tree nodes read last, up to a number of bytes.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::pod::Digest;

/// Enough for the upper levels and the recent leaves of a tree of a million documents.
const MAX_BYTES: usize = 32 << 20;

/// Least recently used goes first.
#[derive(Default)]
pub(crate) struct Cache {
    chunks: HashMap<Digest, (u64, Bytes)>,
    by_use: BTreeMap<u64, Digest>,
    clock: u64,
    bytes: usize,
}

impl Cache {
    pub(crate) fn get(&mut self, digest: &Digest) -> Option<Bytes> {
        let (used, content) = self.chunks.get_mut(digest)?;
        self.clock += 1;
        self.by_use.remove(used);
        self.by_use.insert(self.clock, *digest);
        *used = self.clock;
        Some(content.clone())
    }

    pub(crate) fn put(&mut self, digest: Digest, content: Bytes) {
        self.clock += 1;
        self.bytes += content.len();
        if let Some((used, old)) = self.chunks.insert(digest, (self.clock, content)) {
            self.by_use.remove(&used);
            self.bytes -= old.len();
        }
        self.by_use.insert(self.clock, digest);
        while self.bytes > MAX_BYTES
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.bytes -= self.chunks.remove(&oldest).map_or(0, |(_, content)| content.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_is_forgotten_first() {
        let mut cache = Cache::default();
        let names: Vec<Digest> = (0..5u8).map(|number| Digest::of(&[number])).collect();
        let content = Bytes::from(vec![0; 10 << 20]);
        for name in &names[..3] {
            cache.put(*name, content.clone());
        }
        assert!(cache.get(&names[0]).is_some());
        cache.put(names[3], content.clone());
        assert!(cache.get(&names[1]).is_none());
        assert!(cache.get(&names[0]).is_some() && cache.get(&names[2]).is_some() && cache.get(&names[3]).is_some());
        cache.put(names[4], vec![0; 40 << 20].into());
        assert!(cache.chunks.is_empty() && cache.by_use.is_empty() && cache.bytes == 0);
    }
}
