//! Names and texts that make layouts break: wide, joined, right to left, invisible, and far too long.

use std::sync::Arc;

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::{Explorer, SIZES, commit, key, pods};
use crate::pod::{Arrangement, Document, Leaf, Metamodel, ResourceKey};
use crate::remote::{RemoteConfig, RemoteVersion};
use crate::tasks::{Job, Loaded, Outcome};
use crate::tui::message::{Effect, Message};
use crate::tui::model::detail::Content;

/// What people, attackers and other scripts put into names and messages.
pub(super) const TEXTS: [&str; 14] = [
    "orders",
    "注文キュー・東京",
    "🧾 receipts 👩‍👩‍👧‍👦 paid ✅",
    "طلبات-المتجر",
    "הזמנות 2026",
    "\u{202e}gnp.exe",
    "e\u{301}e\u{301}e\u{301} combining",
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "tab\tand\nnewline",
    "zero\u{200b}width\u{feff}",
    "ﷺ ﷽",
    "",
    "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p",
    "long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long",
];

/// One of them.
pub(super) fn text(random: &mut StdRng) -> &'static str {
    TEXTS[random.random_range(0..TEXTS.len())]
}

/// A tree of such names.
pub(super) fn metamodel(random: &mut StdRng, arrangement: &Arrangement) -> Metamodel {
    let kinds = [("s3", "bucket"), ("s3", "object"), ("sqs", "queue"), ("iam", "role")];
    let many = [0, 1, 3, 40, 400][random.random_range(0..5)];
    let keys = (0..many).map(|number| {
        let (service, kind) = kinds[random.random_range(0..kinds.len())];
        let own = format!("{}{}", text(random), number % 50);
        let name = if kind == "object" { vec![text(random).to_owned(), own] } else { vec![own] };
        let region = ["us-east-1", "eu-west-1", "global"][random.random_range(0..3)];
        ResourceKey::new("000000000000", region, service, kind, name)
    });
    let leaves: Vec<_> = keys.map(|key| Ok::<_, std::convert::Infallible>(Leaf::from(key))).collect();
    let parent = |_: &str, kind: &str| (kind == "object").then(|| "bucket".to_owned());
    Metamodel::try_arranged(leaves, &parent, arrangement).unwrap()
}

/// A value of such texts, up to some levels deep.
pub(super) fn value(random: &mut StdRng, depth: usize) -> Value {
    match random.random_range(0..if depth == 0 { 4 } else { 7 }) {
        0 => json!(text(random)),
        1 => json!(random.random_range(-5_i64..5_000_000_000)),
        2 => json!(random.random::<bool>()),
        3 => Value::Null,
        4 => (0..random.random_range(0..6)).map(|_| value(random, depth - 1)).collect(),
        5 => json!(value(random, depth - 1).to_string()),
        _ => {
            let members = (0..random.random_range(0..6)).map(|at| {
                let name = if at == 0 { "SecretString".to_owned() } else { format!("{}{at}", text(random)) };
                (name, value(random, depth - 1))
            });
            Value::Object(members.collect())
        }
    }
}

/// A document of such values.
pub(super) fn content(random: &mut StdRng) -> Content {
    let members = (0..random.random_range(0..8)).map(|at| (format!("{}{at}", text(random)), value(random, 4)));
    let document = Document::from_value(Value::Object(members.collect()));
    let changed = random.random::<bool>().then(|| (commit(2).digest(), commit(2)));
    Content { document, changed, ..super::content() }
}

/// An explorer where everything is named in a way that is hard to draw.
fn hard_to_draw(columns: u16, rows: u16) -> Explorer {
    let mut explorer = Explorer::new(columns, rows);
    let mut pods = pods();
    let (summary, versions) = &mut pods[0];
    for (version, said) in versions.iter_mut().zip(&TEXTS[1..]) {
        version.commit.message = (*said).to_owned();
        version.commit.author.name = (*said).to_owned();
    }
    summary.head = versions.last().map(|version| (version.digest, version.commit.clone()));
    explorer.finish(Job::ListPods, Ok(Outcome::Pods(pods)));
    let team = RemoteConfig::new("team".parse().unwrap(), "oci://127.0.0.1:5000/注文");
    explorer.finish(Job::ListRemotes, Ok(Outcome::Remotes(vec![team])));
    let theirs = RemoteVersion { number: 1, digest: commit(7).digest(), commit: commit(7) };
    let pods = vec![crate::ops::RemotePod {
        name: "digits".parse().unwrap(),
        versions: vec![theirs],
        beside: Vec::new(),
        here: Default::default(),
    }];
    explorer.finish(Job::RemotePods("team".parse().unwrap()), Ok(Outcome::RemotePods(pods)));
    explorer.press("j j");
    while let Some(effect) = (!explorer.effects.is_empty()).then(|| explorer.effects.remove(0)) {
        match effect {
            Effect::ReadTree(digest, commit, _) => {
                let keys = TEXTS.map(|name| key("us-east-1", "sqs", "queue", &[name]));
                let metamodel = Metamodel::from_keys(keys, &|_: &str, _: &str| None);
                let loaded = Loaded { digest, commit: *commit, metamodel: Arc::new(metamodel) };
                explorer.tell(Message::Tree(digest, Ok(Box::new(loaded))));
            }
            Effect::ReadDocument(digest, _, key) => {
                let members = TEXTS.iter().map(|text| ((*text).to_owned(), json!(text)));
                let document = Document::from_value(Value::Object(members.collect()));
                let content = Content { document, ..Content::default() };
                explorer.tell(Message::Document(digest, key, Ok(Box::new(content))));
            }
            _ => {}
        }
        if explorer.effects.is_empty() && explorer.state.focus != super::super::state::Pane::Tree {
            explorer.press("2 * G");
        }
    }
    explorer
}

#[test]
fn wide_joined_and_right_to_left_names_leave_every_border_where_it_is() {
    for (columns, rows) in SIZES {
        let explorer = hard_to_draw(columns, rows);
        let screen = explorer.screen();
        assert!(!screen.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{screen}");
        insta::assert_snapshot!(format!("hard_to_draw_{columns}x{rows}"), screen);
        // Whatever a row holds, its pane ends in the same column as the row above.
        for line in screen.lines().skip(2).take(usize::from(rows) - 4) {
            assert_eq!(super::super::text::width(line), usize::from(columns), "{line}");
        }
    }
}
