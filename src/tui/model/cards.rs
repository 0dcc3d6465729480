//! What the detail pane says of things that are not documents: the instance, pods, versions, remotes, folders.

use super::detail::DetailRow;
use super::pods::{Listing, Live, RowId};
use super::sharing;
use crate::pod::{Commit, Digest, Metamodel, NodeId, NodeKind, Selector, TypeOutcome};
use crate::tasks::emulator_name;
use crate::tui::action::Action;
use crate::tui::layout::Areas;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Role;

/// A card being written.
#[derive(Default)]
struct Card {
    rows: Vec<DetailRow>,
}

impl Card {
    fn heading(&mut self, label: &str) {
        self.push(0, label, "", Role::Strong, true);
    }

    fn line(&mut self, label: &str, value: &str, role: Role) {
        self.push(1, label, value, role, false);
    }

    /// The rows, with the values of neighbouring lines below each other.
    fn finish(mut self, state: &State) -> Vec<DetailRow> {
        let width = Areas::of(state).detail_inner().0;
        for block in self.rows.chunk_by_mut(|one, other| !one.heading && !other.heading) {
            // Longer names than this stand out of the column rather than push it out of the pane. Six columns are
            // indent and gaps.
            let values =
                block.iter().filter(|row| row.depth == 1).map(|row| text::width(&row.value)).max().unwrap_or(0);
            let most = (width * 3 / 5).max(width.saturating_sub(values + 6));
            let named = |row: &DetailRow| row.depth == 1 && text::width(&row.label) <= most;
            let widest = block.iter().filter(|row| named(row)).map(|row| text::width(&row.label)).max().unwrap_or(0);
            for row in block.iter_mut().filter(|row| named(row)) {
                let missing = widest - text::width(&row.label);
                row.label.push_str(&" ".repeat(missing));
            }
        }
        self.rows
    }

    /// Text without a name.
    fn text(&mut self, value: &str, role: Role) {
        for line in value.lines() {
            self.push(0, "", line, role, false);
        }
    }

    fn push(&mut self, depth: usize, label: &str, value: &str, role: Role, heading: bool) {
        let raw = if value.is_empty() { label } else { value };
        self.rows.push(DetailRow {
            path: vec![label.to_owned()],
            depth,
            label: text::clean(label).into_owned(),
            value: text::clean(value).into_owned(),
            role,
            open: None,
            heading,
            raw: raw.to_owned(),
            cells: Vec::new(),
            links: Vec::new(),
        });
    }
}

/// The card of a row of the pods pane.
pub fn row(state: &State, row: &RowId) -> Vec<DetailRow> {
    let mut card = Card::default();
    match row {
        RowId::Live => live(state, &mut card),
        RowId::Local => {
            card.heading("Local pods");
            match &state.pods.local {
                Listing::Loading => card.text("Reading …", Role::Muted),
                Listing::Failed(reason) => card.text(reason, Role::Error),
                Listing::Ready(pods) if pods.is_empty() => {
                    let commit = state.key(Action::Commit);
                    let first = format!("Press {commit} to capture the live instance as the first version of one.");
                    card.text(&format!("A pod is a named line of snapshots of an emulator.\n{first}"), Role::Text);
                }
                Listing::Ready(pods) => {
                    for pod in pods.iter().take(LISTED) {
                        card.line(pod.summary.name.as_str(), &text::count(pod.summary.versions, "version"), Role::Text);
                    }
                }
            }
        }
        RowId::Remote(name) => remote(state, name, &mut card),
        RowId::Hint(below, hint) => {
            if let RowId::Remote(name) = below.as_ref() {
                remote(state, name, &mut card);
            } else {
                card.text(hint, Role::Text);
            }
        }
        RowId::Pod(_) | RowId::Version(..) | RowId::Joined(..) | RowId::RemotePod(..) | RowId::RemoteVersion(..) => {
            version(state, row, &mut card);
        }
    }
    card.finish(state)
}

fn live(state: &State, card: &mut Card) {
    card.heading("Live instance");
    card.line("endpoint", &state.endpoint, Role::Text);
    match &state.pods.live {
        Live::Looking => card.line("state", "looking for it …", Role::Muted),
        Live::Online(emulator, info) => {
            card.line("emulator", &format!("{} {}", emulator_name(*emulator), info.version), Role::Live);
            match state.live {
                Some((digest, time)) => {
                    card.line("captured", &text::moment(time), Role::Text);
                    if let Some(commit) = state.opened.get(&digest) {
                        card.line("resources", &commit.resources.to_string(), Role::Text);
                        report(commit, card);
                    }
                }
                None => {
                    let open = state.key(Action::Open);
                    card.text(&format!("{open} captures it, to look at what is in it."), Role::Muted);
                }
            }
        }
        Live::Offline(reason) => {
            card.text(reason, Role::Error);
            let (start, again) = (state.key(Action::StartInstance), state.key(Action::Refresh));
            card.text(&format!("{start} starts an emulator here. {again} looks again."), Role::Text);
        }
    }
}

fn remote(state: &State, name: &crate::pod::RemoteName, card: &mut Card) {
    card.heading(&format!("Remote {name}"));
    let Some(listing) = state.pods.remote(name) else { return };
    card.line("URL", &listing.config.url, Role::Text);
    match &listing.pods {
        Listing::Loading => card.line("pods", "asking …", Role::Muted),
        Listing::Failed(reason) => {
            card.text(reason, Role::Error);
            card.text(&format!("{} asks again.", state.key(Action::Refresh)), Role::Text);
        }
        Listing::Ready(pods) if pods.is_empty() => {
            let push = state.key(Action::Push);
            card.text(&format!("No pods yet. Choose one of yours and press {push} to push it here."), Role::Text);
        }
        Listing::Ready(pods) => {
            for pod in pods.iter().take(LISTED) {
                card.line(pod.name.as_str(), &text::count(pod.versions.len() as u64, "version"), Role::Text);
            }
        }
    }
}

fn version(state: &State, row: &RowId, card: &mut Card) {
    let title = match row {
        RowId::Joined(name, digest) => format!("{} in {name}", digest.short()),
        _ => row.reference().map(|reference| reference.to_string()).unwrap_or_default(),
    };
    card.heading(&title);
    if let RowId::Pod(name) = row
        && let Some(fault) = state.pods.local_pod(name).and_then(|pod| pod.summary.fault.as_ref())
    {
        card.text(fault, Role::Error);
    }
    let Some((digest, commit)) = state.pods.commit(row) else { return };
    let message = if commit.message.is_empty() { "(no message)" } else { &commit.message };
    let mut lines = message.lines();
    card.line("message", lines.next().unwrap_or_default(), Role::Strong);
    lines.for_each(|line| card.line("", line, Role::Text));
    if let RowId::Version(name, number) = row
        && let Some(pod) = state.pods.local_pod(name)
        && let Some(version) = pod.versions.iter().find(|version| version.number == *number)
        && !version.pushed_to.is_empty()
    {
        card.line("pushed to", &version.pushed_to.join(", "), Role::Remote);
    }
    if let RowId::Joined(..) = row {
        card.line("without a number", "a merge brought it in", Role::Muted);
    }
    if let RowId::RemoteVersion(.., Selector::Revision(_)) = row {
        let said = format!("somebody else took its number meanwhile: {} merges it", state.key(Action::Merge));
        card.line("beside the versions", &said, Role::Warning);
    }
    if !commit.conflicts.is_empty() {
        let key = state.key(Action::Conflicts);
        let said = format!(
            "{}: {key} settles them in the newest version",
            text::count(commit.conflicts.len() as u64, "conflict")
        );
        card.line("left to settle", &said, Role::Warning);
    }
    card.line("revision", &digest.short(), Role::Blob);
    card.line("author", &commit.author.to_string(), Role::Text);
    card.line("time", &text::moment(commit.time), Role::Text);
    let taken = format!("{} {} at {}", commit.instance.emulator, commit.instance.version, commit.instance.endpoint);
    card.line("taken from", &taken, Role::Text);
    if !commit.services.is_empty() {
        card.line("services", &commit.services.join(", "), Role::Text);
    }
    card.line("resources", &commit.resources.to_string(), Role::Text);
    if let RowId::Pod(name) = row {
        for (remote, sharing) in sharing::of_local(&state.pods, name) {
            let said = match (sharing.ahead, sharing.behind) {
                (0, 0) => "has the same".to_owned(),
                (ahead, 0) => format!("lacks {}", text::count(ahead as u64, "version")),
                (0, behind) => format!("has {} more", text::count(behind as u64, "version")),
                (ahead, behind) => format!(
                    "both have moved on: {} only here, {behind} only there; {} pulls, {} merges",
                    ahead,
                    state.key(Action::Pull),
                    state.key(Action::Merge)
                ),
            };
            card.line(remote.as_str(), &said, if sharing.parted() { Role::Warning } else { Role::Remote });
        }
        history(state, name, card);
    }
    report(commit, card);
}

/// A pod's versions, newest first, each with what tells it from the others.
fn history(state: &State, name: &crate::pod::PodName, card: &mut Card) {
    let Some(pod) = state.pods.local_pod(name) else { return };
    card.heading("Versions");
    for version in pod.versions.iter().rev().take(LISTED) {
        let commit = &version.commit;
        let merge = commit.parents.len() > 1;
        let sign = match (merge, version.pushed_to.is_empty()) {
            (true, true) => "◇",
            (true, false) => "◆",
            (false, true) => "○",
            (false, false) => "●",
        };
        let message = commit.message.lines().next().filter(|line| !line.is_empty()).unwrap_or("(no message)");
        let mut facts = vec![
            commit.author.name.clone(),
            text::age(commit.time, state.now),
            text::count(commit.resources, "resource"),
        ];
        if merge {
            facts.push("a merge".to_owned());
        }
        facts.push(match version.pushed_to.is_empty() {
            true => "not pushed".to_owned(),
            false => format!("on {}", version.pushed_to.join(", ")),
        });
        facts.extend(version.tags.iter().map(|tag| format!("tag {tag}")));
        card.line(&format!("{sign} {}", version.number), message, Role::Text);
        card.line("", &facts.join(" · "), Role::Muted);
    }
}

/// What a capture read, and what it could not.
fn report(commit: &Commit, card: &mut Card) {
    let types = &commit.report.types;
    let found = types.iter().filter(|(_, line)| line.count > 0);
    if found.clone().next().is_some() {
        card.heading("Captured");
        found.for_each(|(name, line)| card.line(name, &line.count.to_string(), Role::Literal));
    }
    let odd = types.iter().filter(|(_, line)| {
        matches!(line.outcome, TypeOutcome::Partial | TypeOutcome::Failed | TypeOutcome::AccessDenied)
            || (line.count > 0 && !line.notes.is_empty())
    });
    if odd.clone().next().is_some() {
        card.heading("What could not be read in full");
        for (name, line) in odd {
            let (word, role) = outcome(line.outcome);
            card.line(name, word, role);
            line.notes.iter().for_each(|note| card.line("", note, Role::Text));
        }
    }
    let missing: Vec<&str> = types
        .iter()
        .filter(|(_, line)| line.outcome == TypeOutcome::NotImplemented)
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        card.heading("Not implemented by this emulator");
        card.text(&missing.join(", "), Role::Muted);
    }
}

fn outcome(outcome: TypeOutcome) -> (&'static str, Role) {
    match outcome {
        TypeOutcome::Complete => ("complete", Role::Success),
        TypeOutcome::Partial => ("partly read", Role::Warning),
        TypeOutcome::NotImplemented => ("not implemented", Role::Muted),
        TypeOutcome::AccessDenied => ("access denied", Role::Warning),
        TypeOutcome::Failed => ("failed", Role::Error),
    }
}

/// Most children that a card lists.
const LISTED: usize = 200;

/// The card of a node that is not a resource.
pub fn folder(state: &State, digest: &Digest, node: NodeId) -> Vec<DetailRow> {
    let mut card = Card::default();
    let Some(tree) = state.trees.iter().find(|(known, _)| known == digest).map(|(_, tree)| tree) else {
        return Vec::new();
    };
    let metamodel: &Metamodel = tree.metamodel();
    let found = metamodel.node(node);
    let what = match found.kind {
        NodeKind::Account => "Account",
        NodeKind::Region => "Region",
        NodeKind::Service => "Service",
        NodeKind::Type | NodeKind::Family => "Type",
        NodeKind::Tag => "Tag",
        _ => "Pod",
    };
    card.heading(&format!("{what} {}", found.label));
    let (direct, all) = tree.counts(node);
    card.line("resources", &direct.to_string(), Role::Literal);
    if all > direct {
        card.line("with all below", &all.to_string(), Role::Literal);
    }
    if let Some(size) = metamodel.size(node) {
        card.line("size", &text::bytes(size), Role::Blob);
    }
    if matches!(found.kind, NodeKind::Type)
        && let Some(service) = service_above(metamodel, node)
        && let Some(line) =
            state.commit(digest).and_then(|commit| commit.report.types.get(&format!("{service}/{}", found.label)))
    {
        let (word, role) = outcome(line.outcome);
        card.line("captured", word, role);
        line.notes.iter().for_each(|note| card.line("", note, Role::Text));
    }
    if !matches!(found.kind, NodeKind::Type) {
        card.heading("Below it");
        for child in metamodel.children(node).take(LISTED) {
            let size = metamodel.size(child).map(|size| format!("  {}", text::bytes(size))).unwrap_or_default();
            let child = metamodel.node(child);
            card.line(child.label, &format!("{}{size}", child.resources), Role::Literal);
        }
    }
    card.finish(state)
}

fn service_above(metamodel: &Metamodel, node: NodeId) -> Option<&str> {
    let mut at = node;
    loop {
        let found = metamodel.node(at);
        if matches!(found.kind, NodeKind::Service) {
            return Some(found.label);
        }
        at = found.parent?;
    }
}
