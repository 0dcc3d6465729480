//! Screens with their styles, and those of search and of a history with merges.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Explorer, at_every_size, commit, in_scope, key};
use crate::event::Events;
use crate::ops::{Context, Overrides, Paths, PodSummary, VersionSummary};
use crate::pod::{Commit, Digest, ResourceKey};
use crate::search::{Hit, Index, Place};
use crate::tasks::{Indexed, Job, Outcome};
use crate::tui::action::Scope;
use crate::tui::message::Message;
use crate::tui::view::view;

impl Explorer {
    /// The screen, below each line a letter for the style of each cell, and at the end what the letters mean.
    pub(super) fn styled(&self) -> String {
        let (columns, rows) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let mut letters: BTreeMap<String, char> = BTreeMap::new();
        let plain = self.screen();
        let mut text = String::new();
        for (row, line) in (0..rows).zip(plain.lines()) {
            let mut styles = String::new();
            for column in 0..columns {
                let style = buffer[(column, row)].style();
                let said = format!("{:?} on {:?} {:?}", style.fg, style.bg, style.add_modifier);
                let next = char::from(b'a' + letters.len() as u8);
                styles.push(*letters.entry(said).or_insert(next));
            }
            text.push_str(&format!("{line}\n{styles}\n"));
        }
        let mut meaning: Vec<_> = letters.into_iter().map(|(style, letter)| format!("{letter} {style}\n")).collect();
        meaning.sort();
        text + &meaning.concat()
    }
}

fn hit(key: ResourceKey, property: Option<&str>, text: &str, positions: &[usize], places: &[&str]) -> Hit {
    let place = |name: &&str| Place { reference: name.parse().unwrap(), commit: Digest::of(name.as_bytes()) };
    Hit {
        key,
        property: property.map(str::to_owned),
        text: text.to_owned(),
        positions: positions.to_vec(),
        places: places.iter().map(place).collect(),
        score: 1,
    }
}

#[test]
fn search_shows_whose_value_was_found_and_the_chosen_hit_in_full() {
    let home = tempfile::tempdir().unwrap();
    let context = Context::new(Paths::under(home.path()), Overrides::default()).unwrap();
    let index = Arc::new(Index::build(&context, &[], &Events::silent()).unwrap());
    let failed = key("us-east-1", "sqs", "queue", &["orders-failed"]);
    let mapping = key(
        "us-east-1",
        "lambda",
        "event-source-mapping",
        &["sign-order", "arn:aws:sqs:us-east-1:000000000000:orders"],
    );
    let hits = vec![
        hit(failed.clone(), None, "sqs/queue/orders-failed", &[10, 11, 12], &["orders:3", "orders:2", "orders:1"]),
        hit(
            mapping,
            Some("EventSourceArn"),
            "arn:aws:sqs:us-east-1:000000000000:orders",
            &[35, 36, 37],
            &["@live", "orders:3"],
        ),
        hit(failed, Some("Tags.team"), "orders", &[0, 1, 2], &["team/orders:4"]),
    ];
    at_every_size("search", |explorer| {
        explorer.finish(Job::Index(Vec::new(), None), Ok(Outcome::Indexed(Indexed(index.clone()))));
        explorer.press("ctrl-p");
        explorer.write("ord");
        explorer.tell(Message::Found("ord".to_owned(), hits.clone(), true));
        explorer.press("down");
    });
}

#[test]
fn what_a_merge_brought_in_stands_in_a_lane_of_its_own() {
    let made = |number: u64, parents: &[&Commit], message: &str| Commit {
        parents: parents.iter().map(|parent| parent.digest()).collect(),
        message: message.to_owned(),
        ..commit(number)
    };
    let first = made(1, &[], "first light");
    let (mine, theirs) = (made(2, &[&first], "patient queues"), made(2, &[&first], "the function is right"));
    let merge = made(3, &[&mine, &theirs], "both");
    let last = made(4, &[&merge], "and on");
    let versions: Vec<VersionSummary> = [&first, &mine, &merge, &last]
        .into_iter()
        .zip(1..)
        .map(|(commit, number)| VersionSummary {
            number,
            digest: commit.digest(),
            commit: commit.clone(),
            pushed_to: Vec::new(),
            tags: Vec::new(),
        })
        .collect();
    let summary = PodSummary {
        name: "orders".parse().unwrap(),
        versions: 4,
        head: Some((last.digest(), last)),
        fault: None,
        joined: vec![(theirs.digest(), theirs)],
    };
    at_every_size("history", |explorer| {
        explorer.finish(Job::ListPods, Ok(Outcome::Pods(vec![(summary.clone(), versions.clone())])));
        explorer.press("l");
        explorer.read();
    });
}

#[test]
fn the_styles_of_the_panes_the_comparison_and_the_plan_are_as_the_theme_says() {
    for scope in [Scope::Browse, Scope::Diff, Scope::Plan, Scope::Conflicts, Scope::Tasks] {
        let mut explorer = in_scope(scope);
        explorer.tell(Message::Resize(80, 24));
        insta::assert_snapshot!(format!("styled_{scope:?}"), explorer.styled());
    }
}
