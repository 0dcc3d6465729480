//! A tree in which every node is this one.

#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use podex::pod::{Digest, ResourceKey};
use podex::tree::{ChunkSource, Tree, TreeError};

struct Always(Bytes);

impl ChunkSource for Always {
    fn chunk(&self, _digest: &Digest) -> Result<Bytes, TreeError> {
        Ok(self.0.clone())
    }
}

fuzz_target!(|data: &[u8]| {
    let tree = Tree { source: Arc::new(Always(Bytes::copy_from_slice(data))), root: Digest::of(data) };
    let keys: Vec<ResourceKey> = tree.keys().map_while(Result::ok).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    for key in keys.iter().take(3) {
        let _ = tree.get(key);
    }
    let _ = (tree.entries().count(), tree.len());
});
