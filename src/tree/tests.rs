//! What a tree promises, whatever is put in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Chunks in memory, counting how many are read and written.
#[derive(Clone, Default)]
struct Memory {
    chunks: Arc<Mutex<HashMap<Digest, Bytes>>>,
    reads: Arc<AtomicUsize>,
}

impl ChunkSource for Memory {
    fn chunk(&self, digest: &Digest) -> Result<Bytes, TreeError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let found = self.chunks.lock().unwrap().get(digest).cloned();
        found.ok_or_else(|| TreeError::Chunk { digest: Some(*digest), reason: "missing".to_owned() })
    }
}

impl ChunkSink for Memory {
    fn put_chunk(&mut self, content: &[u8]) -> Result<Digest, TreeError> {
        let digest = Digest::of(content);
        self.chunks.lock().unwrap().insert(digest, Bytes::copy_from_slice(content));
        Ok(digest)
    }
}

type Content = BTreeMap<ResourceKey, Value>;

fn build(memory: &Memory, content: &Content) -> Tree {
    let (mut builder, mut sink) = (Builder::new(), memory.clone());
    for (key, value) in content {
        builder.push(&mut sink, key, value).unwrap();
    }
    Tree { source: Arc::new(memory.clone()), root: builder.finish(&mut sink).unwrap() }
}

fn key(number: u32) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["bucket".to_owned(), format!("k{number:06}")])
}

/// Many documents of very different sizes: from a few bytes to beyond a node's maximum.
fn content() -> impl Strategy<Value = Content> {
    let size = prop_oneof![20 => 0usize..40, 10 => 500usize..2000, 1 => 60_000usize..80_000];
    proptest::collection::btree_map(0u32..3000, (size, any::<u8>()), 0..400).prop_map(|entries| {
        let value = |(size, fill): (usize, u8)| json!({"text": "x".repeat(size), "fill": fill});
        entries.into_iter().map(|(number, entry)| (key(number), value(entry))).collect()
    })
}

fn naive_diff(before: &Content, after: &Content) -> Vec<Difference> {
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .map(|key| Difference { key: key.clone(), before: before.get(key).cloned(), after: after.get(key).cloned() })
        .filter(|difference| difference.before != difference.after)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn everything_put_in_comes_back(content in content()) {
        let tree = build(&Memory::default(), &content);
        let entries: Content = tree.entries().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&entries, &content);
        prop_assert!(tree.keys().map(Result::unwrap).eq(content.keys().cloned()));
        prop_assert_eq!(tree.len().unwrap(), content.len() as u64);
        for number in (0..3000).step_by(37) {
            prop_assert_eq!(tree.get(&key(number)).unwrap(), content.get(&key(number)).cloned());
        }
    }

    #[test]
    fn diff_is_the_naive_diff(before in content(), after in content(), keep in 0u32..3000) {
        let memory = Memory::default();
        // The second state shares the keys below `keep` with the first, so that there is something to skip.
        let mut mixed: Content = before.range(..key(keep)).map(|(key, value)| (key.clone(), value.clone())).collect();
        mixed.extend(after.range(key(keep)..).map(|(key, value)| (key.clone(), value.clone())));
        let (one, other) = (build(&memory, &before), build(&memory, &mixed));
        let found: Vec<_> = one.diff(&other).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(found, naive_diff(&before, &mixed));
        let back: Vec<_> = other.diff(&one).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(back, naive_diff(&mixed, &before));
    }

    #[test]
    fn the_differences_put_into_the_first_tree_give_the_second(before in content(), after in content(), keep in 0u32..3000) {
        let memory = Memory::default();
        let mut mixed: Content = before.range(..key(keep)).map(|(key, value)| (key.clone(), value.clone())).collect();
        mixed.extend(after.range(key(keep)..).map(|(key, value)| (key.clone(), value.clone())));
        let (one, other) = (build(&memory, &before), build(&memory, &mixed));
        for (from, to) in [(&one, &other), (&other, &one)] {
            prop_assert_eq!(edited(&memory, from, from.diff(to).map(Result::unwrap)), to.root);
        }
    }

    #[test]
    fn a_three_way_walk_is_the_naive_one(base in content(), ours in changes(), theirs in changes(), related in any::<bool>()) {
        let memory = Memory::default();
        let change = |changes: &BTreeMap<u32, Option<u8>>| {
            let mut content = base.clone();
            for (number, change) in changes {
                match change {
                    Some(fill) => content.insert(key(*number), json!({ "fill": fill })),
                    None => content.remove(&key(*number)),
                };
            }
            content
        };
        let (ours, theirs) = (change(&ours), change(&theirs));
        let base = if related { base.clone() } else { Content::new() };
        let trees = [&base, &ours, &theirs].map(|content| build(&memory, content));
        let walk = Tree::three_way(related.then_some(&trees[0]), &trees[1], &trees[2]);
        let keys: std::collections::BTreeSet<_> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
        let get = |content: &Content, key: &ResourceKey| content.get(key).cloned();
        let naive: Vec<_> = keys
            .into_iter()
            .map(|key| ThreeWay { key: key.clone(), base: get(&base, key), ours: get(&ours, key), theirs: get(&theirs, key) })
            .filter(|found| found.base != found.ours || found.base != found.theirs)
            .collect();
        prop_assert_eq!(walk.collect::<Result<Vec<_>, _>>().unwrap(), naive);
    }
}

/// Documents set or removed, by number.
fn changes() -> impl Strategy<Value = BTreeMap<u32, Option<u8>>> {
    proptest::collection::btree_map(0u32..3000, proptest::option::of(any::<u8>()), 0..60)
}

fn edited(memory: &Memory, tree: &Tree, differences: impl Iterator<Item = Difference>) -> Digest {
    let mut edits = Edits::default();
    for Difference { key, after, .. } in differences {
        edits.push(&key, after.as_ref()).unwrap();
    }
    tree.edit(&edits, &mut memory.clone()).unwrap()
}

#[test]
fn an_edit_reads_and_writes_only_the_way_to_it() {
    let memory = Memory::default();
    let mut content = uniform(20_000);
    let before = build(&memory, &content);
    let mut edits = Edits::default();
    for number in [0, 9_999, 19_999] {
        let value = json!({ "number": number });
        edits.push(&key(number), Some(&value)).unwrap();
        content.insert(key(number), value);
    }
    memory.reads.store(0, Ordering::Relaxed);
    let nodes = memory.chunks.lock().unwrap().len();
    let root = before.edit(&edits, &mut memory.clone()).unwrap();
    let (reads, written) = (memory.reads.load(Ordering::Relaxed), memory.chunks.lock().unwrap().len() - nodes);
    assert_eq!(root, build(&memory, &content).root);
    assert!(reads < 60 && written < 20, "{reads} nodes read, {written} written");
}

#[test]
fn removing_everything_leaves_the_empty_tree_and_filling_it_gives_any_other() {
    let memory = Memory::default();
    let (empty, full) = (build(&memory, &Content::new()), build(&memory, &uniform(3_000)));
    assert_eq!(edited(&memory, &full, full.diff(&empty).map(Result::unwrap)), empty.root);
    assert_eq!(edited(&memory, &empty, empty.diff(&full).map(Result::unwrap)), full.root);
    // What is left of a tall tree is as low as if it had been built so.
    for keep in [1, 40, 1_500] {
        let rest: Content = uniform(3_000).into_iter().skip(3_000 - keep).collect();
        let rest = build(&memory, &rest);
        assert_eq!(edited(&memory, &full, full.diff(&rest).map(Result::unwrap)), rest.root);
    }
}

fn uniform(count: u32) -> Content {
    (0..count).map(|number| (key(number), json!({"number": number, "text": "x".repeat(300)}))).collect()
}

#[test]
fn an_empty_tree_has_a_root_and_nothing_else() {
    let memory = Memory::default();
    let (empty, other) = (build(&memory, &Content::new()), build(&memory, &uniform(1)));
    assert_eq!(empty.entries().count(), 0);
    assert_eq!(empty.get(&key(0)).unwrap(), None);
    assert!(empty.is_empty().unwrap());
    assert_eq!(empty.diff(&other).count(), 1);
    assert_eq!(other.diff(&empty).count(), 1);
}

#[test]
fn one_change_writes_and_reads_only_the_way_to_it() {
    let memory = Memory::default();
    let mut content = uniform(20_000);
    let before = build(&memory, &content);
    let nodes = memory.chunks.lock().unwrap().len();
    assert!(nodes > 300, "{nodes} nodes");
    content.insert(key(9_999), json!({"number": 9_999, "text": "y".repeat(300)}));
    let after = build(&memory, &content);
    let written = memory.chunks.lock().unwrap().len() - nodes;
    assert!((2..=4).contains(&written), "{written} nodes written");
    memory.reads.store(0, Ordering::Relaxed);
    assert_eq!(before.diff(&after).count(), 1);
    let reads = memory.reads.load(Ordering::Relaxed);
    assert!(reads <= 2 * written, "{reads} nodes read");
}

#[test]
fn trees_of_different_heights_share_their_nodes() {
    let memory = Memory::default();
    let (small, large) = (uniform(3_000), uniform(30_000));
    let (before, after) = (build(&memory, &small), build(&memory, &large));
    memory.reads.store(0, Ordering::Relaxed);
    assert_eq!(before.diff(&after).count(), 27_000);
    let (reads, nodes) = (memory.reads.load(Ordering::Relaxed), memory.chunks.lock().unwrap().len());
    assert!(reads < nodes - 40, "{reads} of {nodes} nodes read: the common ones should be skipped");
}

#[test]
fn leaves_are_about_16_kib_whatever_the_documents_size() {
    for (count, size) in [(40_000, 20), (10_000, 700), (2_000, 5_000)] {
        let memory = Memory::default();
        let content: Content = (0..count).map(|number| (key(number), json!("x".repeat(size)))).collect();
        build(&memory, &content);
        let chunks = memory.chunks.lock().unwrap();
        let leaves: Vec<usize> = chunks.values().filter(|chunk| chunk[4] == 0).map(Bytes::len).collect();
        let mean = leaves.iter().sum::<usize>() / leaves.len();
        assert!((12 << 10..22 << 10).contains(&mean), "documents of {size} B: leaves of {mean} B");
        assert!(leaves.iter().all(|&leaf| leaf <= (64 << 10) + 100));
    }
}

#[test]
fn a_node_out_of_its_place_is_refused() {
    let memory = Memory::default();
    let tree = build(&memory, &uniform(200));
    let root = Node::decode(memory.chunk(&tree.root).unwrap()).unwrap();
    assert_eq!(root.level, 1);
    // A root whose children have been swapped: each is intact, but not where its keys belong.
    let mut forged = node::NodeWriter::new(1);
    forged.push_child(root.key(0), &root.child(1));
    forged.push_child(root.key(1), &root.child(0));
    let digest = memory.clone().put_chunk(&forged.finish().0).unwrap();
    let forged = Tree { root: digest, ..tree };
    assert!(matches!(forged.entries().next(), Some(Err(TreeError::Corrupt { .. }))));
    assert!(matches!(forged.get(&key(0)), Err(TreeError::Corrupt { .. })));
}

#[test]
fn keys_that_do_not_ascend_are_refused() {
    let (mut builder, mut memory) = (Builder::new(), Memory::default());
    builder.push(&mut memory, &key(2), &json!({})).unwrap();
    for number in [1, 2] {
        assert!(matches!(builder.push(&mut memory, &key(number), &json!({})), Err(TreeError::Entry { .. })));
    }
}

/// Gives the same bytes for whatever is asked.
struct Always(Bytes);

impl ChunkSource for Always {
    fn chunk(&self, _digest: &Digest) -> Result<Bytes, TreeError> {
        Ok(self.0.clone())
    }
}

proptest! {
    #[test]
    fn a_tree_of_forged_nodes_is_refused_or_read_to_its_end(
        edits in proptest::collection::vec((any::<u32>(), any::<u8>()), 0..5),
        inner in any::<bool>(),
    ) {
        let memory = Memory::default();
        let content = (0..if inner { 2000 } else { 20 }).map(|number| (key(number), json!({"n": number}))).collect();
        let root = build(&memory, &content).root;
        let mut node = memory.chunks.lock().unwrap()[&root].to_vec();
        let length = node.len();
        edits.iter().for_each(|(at, value)| node[*at as usize % length] = *value);
        let tree = Tree { source: Arc::new(Always(node.into())), root };
        let read = tree.entries().collect::<Result<Vec<_>, _>>();
        prop_assert!(!inner || read.is_err());
        let _ = (tree.len(), tree.get(&key(7)));
    }
}

/// A store whose reading dies: no error of a store, a fault of the program.
struct Dying;

impl ChunkSource for Dying {
    fn chunk(&self, _: &Digest) -> Result<Bytes, TreeError> {
        panic!("on purpose")
    }
}

#[test]
fn a_walk_of_a_merge_that_breaks_off_is_an_error_and_no_end() {
    let memory = Memory::default();
    let [base, side] = [1, 2].map(|fill| build(&memory, &Content::from([(key(1), json!({ "fill": fill }))])));
    let dying = Tree { source: Arc::new(Dying), root: side.root };
    for (ours, theirs) in [(&dying, &side), (&side, &dying)] {
        let walk: Vec<_> = Tree::three_way(Some(&base), ours, theirs).collect();
        assert!(
            matches!(walk.as_slice(), [Err(TreeError::Chunk { reason, .. })] if reason.contains("broke off")),
            "{walk:?}"
        );
    }
}
