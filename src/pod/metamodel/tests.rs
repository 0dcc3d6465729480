//! What the tree looks like, and that everything in it is found again.

use proptest::prelude::*;

use super::*;

fn parent_kind(service: &str, kind: &str) -> Option<String> {
    match (service, kind) {
        ("s3", "object") => Some("bucket".to_owned()),
        ("s3", "version") => Some("object".to_owned()),
        ("loop", "a") => Some("b".to_owned()),
        ("loop", "b") => Some("a".to_owned()),
        _ => None,
    }
}

fn key(region: &str, service: &str, kind: &str, name: &[&str]) -> ResourceKey {
    ResourceKey::new("000000000000", region, service, kind, name.iter().copied())
}

fn drawing(model: &Metamodel) -> Vec<String> {
    let line = |(id, node): (NodeId, Node<'_>)| {
        let mark = if node.kind == NodeKind::Absent { "?" } else { "" };
        format!("{}{}{mark} {}", "  ".repeat(model.depth(id)), node.label, node.resources)
    };
    model.iter().map(line).collect()
}

#[test]
fn children_hang_below_their_parent_and_an_absent_parent_is_made_up() {
    let keys = [
        key("us-east-1", "sqs", "queue", &["q"]),
        key("eu-west-1", "s3", "object", &["gone", "x"]),
        key("us-east-1", "s3", "object", &["b", "two/parts"]),
        key("us-east-1", "s3", "version", &["b", "one", "v1"]),
        key("us-east-1", "s3", "bucket", &["c"]),
        key("us-east-1", "s3", "bucket", &["b"]),
        key("us-east-1", "s3", "bucket", &["b"]),
    ];
    let model = Metamodel::from_keys(keys.clone(), &parent_kind);
    assert_eq!(
        drawing(&model),
        [
            " 6",
            "  000000000000 6",
            "    eu-west-1 1",
            "      s3 1",
            "        bucket 1",
            "          gone? 1",
            "            object 1",
            "              x 1",
            "    us-east-1 5",
            "      s3 4",
            "        bucket 4",
            "          b 3",
            "            object 2",
            "              one? 1",
            "                version 1",
            "                  v1 1",
            "              two/parts 1",
            "          c 1",
            "      sqs 1",
            "        queue 1",
            "          q 1",
        ]
    );
    for key in &keys {
        let found = model.find(key).unwrap();
        assert_eq!(model.node(found).kind, NodeKind::Resource);
        assert_eq!(model.key(found).as_ref(), Some(key));
    }
    let object = model.find(&key("us-east-1", "s3", "object", &["b", "two/parts"])).unwrap();
    assert_eq!(model.path_labels(object), ["000000000000", "us-east-1", "s3", "bucket", "b", "object", "two/parts"]);
    assert_eq!(model.find(&key("us-east-1", "s3", "bucket", &["nope"])), None);
    let absent = model.find(&key("eu-west-1", "s3", "bucket", &["gone"])).unwrap();
    assert_eq!(model.node(absent).kind, NodeKind::Absent);
}

#[test]
fn odd_catalogs_and_odd_names_still_make_a_tree() {
    let keys = [
        key("r", "loop", "a", &["x", "y"]),
        key("r", "s3", "object", &["lonely"]),
        key("r", "iam", "policy", &["path", "name"]),
        key("r", "iam", "policy", &["path/name"]),
    ];
    let model = Metamodel::from_keys(keys.clone(), &parent_kind);
    for key in &keys {
        assert_eq!(model.key(model.find(key).unwrap()).as_ref(), Some(key));
    }
    assert_eq!(model.node(Metamodel::ROOT).resources, 4);
    let empty = Metamodel::from_keys([], &parent_kind);
    assert!(empty.is_empty() && empty.len() == 1);
}

proptest! {
    #[test]
    fn every_key_is_found_once_whatever_the_order(
        keys in proptest::collection::btree_set(
            ("[ab]", "[ab]", prop_oneof![Just("s3"), Just("sqs")], prop_oneof![Just("bucket"), Just("object"),
             Just("version")], proptest::collection::vec("[a-c/]{0,2}", 1..4)), 0..40),
        seed in any::<u64>(),
    ) {
        let mut keys: Vec<ResourceKey> = keys
            .into_iter()
            .map(|(account, region, service, kind, name)| ResourceKey::new(account, region, service, kind, name))
            .collect();
        let sorted = Metamodel::from_keys(keys.clone(), &parent_kind);
        keys.sort_by_key(|key| crate::pod::Digest::of(format!("{seed}{key}").as_bytes()));
        let model = Metamodel::from_keys(keys.clone(), &parent_kind);
        prop_assert_eq!(&sorted, &model);
        prop_assert_eq!(model.node(Metamodel::ROOT).resources as usize, keys.len());
        for key in &keys {
            let id = model.find(key).unwrap();
            prop_assert_eq!(model.node(id).kind, NodeKind::Resource);
            prop_assert_eq!(model.key(id), Some(key.clone()));
        }
        for (id, node) in model.iter().skip(1) {
            let parent = node.parent.unwrap();
            prop_assert!(parent < id);
            prop_assert!(model.children(parent).any(|child| child == id));
            prop_assert_eq!(model.children(id).count(), node.children as usize);
        }
    }
}

fn arranged(grouping: Grouping, sorting: Sorting) -> Metamodel {
    let leaf = |key: ResourceKey, tag: Option<&str>, size| Leaf { key, tag: tag.map(str::to_owned), size };
    let leaves = [
        leaf(key("us-east-1", "s3", "bucket", &["b"]), Some("orders"), 10),
        leaf(key("us-east-1", "s3", "object", &["b", "small"]), None, 1),
        leaf(key("us-east-1", "s3", "object", &["b", "large"]), None, 900),
        leaf(key("us-east-1", "s3", "bucket", &["empty"]), Some("orders"), 10),
        leaf(key("eu-west-1", "sqs", "queue", &["q"]), Some("orders"), 20),
    ];
    let arrangement = Arrangement { grouping, sorting };
    let leaves = leaves.into_iter().map(Ok::<_, std::convert::Infallible>);
    Metamodel::try_arranged(leaves, &parent_kind, &arrangement).unwrap()
}

#[test]
fn trees_are_grouped_by_service_by_type_and_by_tag() {
    let top = |grouping: Grouping| -> Vec<String> {
        drawing(&arranged(grouping, Sorting::Name)).into_iter().filter(|line| !line.starts_with("      ")).collect()
    };
    let by_service =
        [" 5", "  s3 4", "    000000000000 4", "  sqs 1", "    000000000000 1"].map(str::to_owned).to_vec();
    assert_eq!(top(Grouping::Service), by_service);
    let by_type = [" 5", "  s3 4", "    bucket 4", "  sqs 1", "    queue 1"].map(str::to_owned).to_vec();
    assert_eq!(top(Grouping::Type), by_type);
    let by_tag = [" 5", "  (without) 2", "    000000000000 2", "  team=orders 3", "    000000000000 3"];
    assert_eq!(top(Grouping::Tag("team".to_owned())), by_tag.map(str::to_owned).to_vec());
}

#[test]
fn every_resource_is_found_in_every_arrangement() {
    for grouping in [Grouping::Place, Grouping::Service, Grouping::Type, Grouping::Tag("team".to_owned())] {
        for sorting in [Sorting::Name, Sorting::Size, Sorting::Count] {
            let model = arranged(grouping.clone(), sorting);
            let resources: Vec<NodeId> =
                model.iter().filter(|(_, node)| node.kind == NodeKind::Resource).map(|(id, _)| id).collect();
            assert_eq!(resources.len(), 5, "{grouping:?}");
            for id in resources {
                let key = model.key(id).unwrap();
                assert_eq!(model.find(&key), Some(id), "{grouping:?} {sorting:?} {key}");
            }
        }
    }
}

#[test]
fn what_takes_most_comes_first_by_size_and_what_holds_most_by_count() {
    let names = |sorting| -> Vec<String> {
        let model = arranged(Grouping::Place, sorting);
        let resources = model.iter().filter(|(_, node)| node.kind == NodeKind::Resource);
        resources.map(|(_, node)| node.label.to_owned()).collect()
    };
    assert_eq!(names(Sorting::Name), ["q", "b", "large", "small", "empty"]);
    assert_eq!(names(Sorting::Size), ["b", "large", "small", "empty", "q"]);
    assert_eq!(names(Sorting::Count), ["b", "large", "small", "empty", "q"]);
    let model = arranged(Grouping::Place, Sorting::Size);
    assert_eq!(model.size(Metamodel::ROOT), Some(941));
}

#[test]
fn tokens_and_arns_lead_to_resources_that_are_there() {
    let keys = [
        key("us-east-1", "lambda", "function", &["sign"]),
        key("global", "iam", "role", &["sign"]),
        key("global", "iam", "instance-profile", &["sign"]),
        key("us-east-1", "s3", "bucket", &["photos"]),
        key("us-east-1", "s3", "object", &["photos", "a/b.png"]),
    ];
    let model = Metamodel::from_keys(keys.clone(), &parent_kind);
    let from = &keys[0];
    let role = "arn:aws:iam::000000000000:role/service/sign";
    assert_eq!(model.referred(role, from), [keys[1].clone()]);
    assert_eq!(model.referred("arn:aws:s3:::photos/a/b.png", from), [keys[4].clone()]);
    let token = crate::pod::Token { key: keys[3].clone(), field: "Arn".to_owned() };
    assert_eq!(model.referred(&format!("{token} and {role}"), from), [keys[3].clone(), keys[1].clone()]);
    assert_eq!(model.referred("arn:aws:lambda:us-east-1:000000000000:function:sign", from), []);
    assert_eq!(model.referred("arn:aws:sqs:us-east-1:000000000000:gone", from), []);
}
