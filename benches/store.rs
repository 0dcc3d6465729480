//! What commit, diff and read cost in the store: 100,000 documents of about 700 bytes.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use podex::pod::{Commit, Digest, Document, Metamodel, Observed, ResourceKey};
use podex::store::{Store, TreeRoots};
use serde_json::json;

const DOCUMENTS: u32 = 100_000;

fn key(number: u32) -> ResourceKey {
    ResourceKey::new("000000000000", "us-east-1", "s3", "object", ["bucket".to_owned(), format!("path/{number:07}")])
}

fn document(number: u32, salt: u32) -> Document {
    let text: String = (0..10).map(|part| Digest::of(format!("{number} {part}").as_bytes()).hex()).collect();
    Document::from_value(json!({"ContentType": "text/plain", "Salt": salt, "Metadata": {"text": text}}))
}

fn write(store: &Store, changed: u32) -> TreeRoots {
    let writer = store.writer().expect("a store that can be written");
    for number in 0..DOCUMENTS {
        let salt = u32::from(number % (DOCUMENTS / 10) == 5) * changed;
        writer.document(key(number), &document(number, salt), &Observed::new()).expect("a document");
    }
    let roots = writer.trees().expect("trees");
    let commit = Commit { resources: roots.resources, ..Commit::bare(roots.state, roots.observed) };
    writer.finish(&commit).expect("a commit");
    roots
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store, 100,000 documents");
    group.sample_size(10);

    group.bench_function("commit into an empty store", |bencher| {
        let empty = || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let store = Store::open(folder.path()).expect("an empty store");
            (folder, store)
        };
        bencher.iter_batched(empty, |(folder, store)| (folder, write(&store, 0)), BatchSize::PerIteration);
    });

    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(folder.path()).expect("an empty store");
    let before = store.tree(write(&store, 0).state);
    let mut salt = 0;
    group.bench_function("commit again with 10 changes", |bencher| {
        bencher.iter(|| {
            salt += 1;
            write(&store, salt)
        });
    });

    let roots = write(&store, salt + 1);
    group.bench_function("diff of 10 changes, caches cold", |bencher| {
        let open = || Store::open(folder.path()).expect("the store");
        bencher.iter_batched(
            open,
            |store| assert_eq!(store.tree(before.root).diff(&store.tree(roots.state)).count(), 10),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("get, caches warm", |bencher| {
        bencher.iter(|| black_box(before.get(&key(77_777)).expect("a readable tree")));
    });
    group.bench_function("all keys", |bencher| bencher.iter(|| before.keys().count()));
    group.bench_function("metamodel of all keys", |bencher| {
        let keys = || before.keys().map(|key| key.expect("a readable tree")).collect::<Vec<_>>();
        let parent_kind = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
        bencher.iter_batched(keys, |keys| Metamodel::from_keys(keys, &parent_kind), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(store, benches);
criterion_main!(store);
