//! Changes as counts by service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::output::Output;
use super::show_changes::summary;
use super::table::Table;
use crate::pod::{Change, ChangeKind, Rename};

/// How many resources of a service changed, and how.
#[derive(Default)]
struct Counts {
    added: usize,
    modified: usize,
    removed: usize,
    renamed: usize,
}

fn by_service<'a>(changes: &'a [Change], renames: &'a [Rename]) -> BTreeMap<&'a str, Counts> {
    let mut services = BTreeMap::<&str, Counts>::new();
    for change in changes {
        let counts = services.entry(&change.key.service).or_default();
        match change.kind {
            ChangeKind::Added => counts.added += 1,
            ChangeKind::Modified => counts.modified += 1,
            ChangeKind::Removed => counts.removed += 1,
        }
    }
    for rename in renames {
        let counts = services.entry(&rename.to.service).or_default();
        // A rename is one of the added and one of the removed.
        (counts.added, counts.removed) = (counts.added.saturating_sub(1), counts.removed.saturating_sub(1));
        counts.renamed += 1;
    }
    services
}

/// One line per service, and the sum.
pub(super) fn stat(output: &Output, changes: &[Change], renames: &[Rename]) -> String {
    let mut table = Table::new(["SERVICE", "ADDED", "MODIFIED", "REMOVED", "RENAMED"]);
    for (service, counts) in by_service(changes, renames) {
        let Counts { added, modified, removed, renamed } = counts;
        let cell = |mark: &str, count| if count == 0 { String::new() } else { format!("{mark}{count}") };
        table.row([service.to_owned(), cell("+", added), cell("~", modified), cell("-", removed), cell("→", renamed)]);
    }
    format!("{}{}\n", table.render(output), summary(changes, renames))
}

/// The same for programs.
pub(super) fn stat_json(changes: &[Change], renames: &[Rename]) -> Value {
    let services = by_service(changes, renames).into_iter().map(|(service, counts)| {
        let Counts { added, modified, removed, renamed } = counts;
        (service.to_owned(), json!({"added": added, "modified": modified, "removed": removed, "renamed": renamed}))
    });
    Value::Object(services.collect())
}
