//! Rows, folds and windows agree, whatever is done.

use proptest::prelude::*;

use super::*;
use crate::pod::ResourceKey;

fn model(names: &[&str]) -> TreeModel {
    let keys = names.iter().map(|name| {
        let parts: Vec<&str> = name.split('/').collect();
        let kind = if parts.len() > 1 { "object" } else { "bucket" };
        ResourceKey::new("0", "r", "s3", kind, parts)
    });
    let parent = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
    TreeModel::new(Arc::new(Metamodel::from_keys(keys, &parent)))
}

fn labels(model: &TreeModel) -> Vec<String> {
    let rows = model.window(0, model.len());
    rows.iter().map(|row| format!("{}{}", " ".repeat(row.depth), model.metamodel.node(row.node).label)).collect()
}

#[test]
fn a_small_tree_starts_open_and_folds_one_by_one() {
    let mut model = model(&["a", "b", "b/x", "b/y"]);
    // One account, one region, one service and one type are one row; a bucket's objects stand directly below it.
    let everything = ["bucket", " a", " b", "  x", "  y"];
    assert_eq!(labels(&model), everything);
    let front: Vec<&str> = model.in_front(model.selected).iter().map(|id| model.metamodel.node(*id).label).collect();
    assert_eq!(front, ["0", "r", "s3"]);
    model.step(Move::Bottom);
    model.left();
    assert_eq!(model.metamodel.node(model.selected).label, "b");
    model.left();
    assert_eq!(labels(&model), everything[..3]);
    model.left();
    model.left();
    assert_eq!(labels(&model), everything[..1]);
    model.right();
    assert_eq!(labels(&model).len(), 3);
    model.set_all(true);
    assert_eq!(labels(&model), everything);
}

#[test]
fn a_type_counts_what_it_holds_itself() {
    let model = model(&["a", "b", "b/x", "b/y"]);
    let bucket = model.at(0).unwrap().node;
    assert_eq!(model.counts(bucket), (2, 4));
    assert_eq!(model.counts(model.at(2).unwrap().node), (2, 2));
}

#[test]
fn a_filter_keeps_matches_with_what_is_above_and_below() {
    let mut model = model(&["alpha", "beta", "beta/x", "gamma/z"]);
    let kept = keep(&model.metamodel, "BET");
    assert_eq!(kept.matches, 1);
    model.filter(Some(kept));
    assert_eq!(labels(&model), ["bucket", " beta", "  x"]);
    model.filter(Some(keep(&model.metamodel, "nothing")));
    assert!(model.is_empty());
    model.step(Move::Down(1));
    model.settle(5);
    model.filter(None);
    assert!(!model.is_empty());
}

#[test]
fn another_version_keeps_folds_and_cursor() {
    let mut old = model(&["a", "b", "b/x", "c"]);
    old.step(Move::Down(2));
    assert_eq!(old.metamodel.node(old.selected).label, "b");
    old.left();
    let mut new = model(&["a2", "b", "b/x", "b/y", "c"]);
    new.adopt(&old);
    assert_eq!(new.metamodel.node(new.selected).label, "b");
    assert_eq!(labels(&new), ["bucket", " a2", " b", " c"]);
}

#[test]
fn where_the_version_before_had_nothing_the_first_levels_are_open() {
    let mut new = model(&["a", "b", "b/x"]);
    new.adopt(&model(&[]));
    assert_eq!(labels(&new), ["bucket", " a", " b", "  x"]);
}

#[test]
fn revealing_a_resource_opens_the_way_to_it() {
    let mut model = model(&["a", "b", "b/x", "b/y"]);
    model.step(Move::Top);
    model.left();
    let key = ResourceKey::new("0", "r", "s3", "object", ["b", "y"]);
    model.reveal(model.metamodel.find(&key).unwrap());
    assert_eq!(labels(&model), ["bucket", " a", " b", "  x", "  y"]);
    assert_eq!(model.row_of(model.selected), 4);
}

proptest! {
    #[test]
    fn counts_rows_and_windows_agree_after_any_folding(
        names in proptest::collection::vec("[a-d](/[a-d])?", 1..12),
        steps in proptest::collection::vec((0usize..40, 0u8..4), 0..30),
        height in 1usize..12,
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut model = model(&names);
        for (row, what) in steps {
            model.select_row(row % model.len());
            match what {
                0 => model.right(),
                1 => model.left(),
                2 => { model.toggle(); }
                _ => model.set_all(row % 2 == 0),
            }
            model.settle(height);
            let rows = model.window(0, usize::MAX);
            prop_assert_eq!(rows.len(), model.len());
            for (index, row) in rows.iter().enumerate() {
                prop_assert_eq!(model.at(index), Some(*row));
                prop_assert_eq!(model.row_of(row.node), index);
            }
            let chosen = model.row_of(model.selected);
            prop_assert!(chosen >= model.top());
            prop_assert!(chosen == model.top() || chosen < model.top() + model.body_height(height));
        }
    }
}
