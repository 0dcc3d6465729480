//! The pods pane.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{highlight, lines, pane, span, spinner, spread};
use crate::pod::Selector;
use crate::tasks::emulator_name;
use crate::tui::model::pods::{Listing, Live, RowId};
use crate::tui::model::sharing;
use crate::tui::state::{Pane, State};
use crate::tui::text;
use crate::tui::theme::Role;

pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let focused = state.focus == Pane::Pods;
    let block = pane(state, Line::from(" 1 Pods "), focused);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let cursor = state.pods.cursor;
    let rows = state.pods.rows().iter().skip(cursor.top).take(usize::from(inner.height));
    let drawn: Vec<Line> = rows.map(|row| line(state, row, usize::from(inner.width))).collect();
    lines(frame, inner, drawn);
    let style = state.theme.style(if focused { Role::Selection } else { Role::SelectionIdle });
    highlight(frame, inner, cursor.at - cursor.top, style);
    scrollbar(state, frame, area, cursor.top, state.pods.rows().len());
}

/// Where the window stands in a list that is longer, drawn onto the right border.
pub(super) fn scrollbar(state: &State, frame: &mut Frame, area: Rect, top: usize, length: usize) {
    let height = usize::from(area.height.saturating_sub(2));
    if length <= height || height < 3 {
        return;
    }
    let thumb = (height * height / length).max(1);
    let start = (top * (height - thumb)).div_ceil(length - height).min(height - thumb);
    for row in start..start + thumb {
        let (x, y) = (area.right().saturating_sub(1), area.y + 1 + row as u16);
        frame.buffer_mut().set_string(x, y, "█", state.theme.style(Role::Border));
    }
}

/// From this many columns on, a version says how many resources it has.
const ROOMY: usize = 40;

fn line<'a>(state: &'a State, row: &'a RowId, width: usize) -> Line<'a> {
    let arrow = match state.pods.fold(row) {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None => "  ",
    };
    let marked = state.pods.marked.contains(row);
    let mut left = vec![Span::raw(" ".repeat((row.depth() * 2).saturating_sub(1)))];
    left.push(if marked { span(state, Role::Marked, "✓ ") } else { span(state, Role::Muted, arrow) });
    let mut right = Vec::new();
    match row {
        RowId::Live => {
            let (role, name) = match &state.pods.live {
                Live::Looking => (Role::Muted, format!("{} looking …", spinner(state))),
                Live::Online(emulator, info) => {
                    (Role::Live, format!("● {} {}", emulator_name(*emulator), text::clean(&info.version)))
                }
                Live::Offline(_) => (Role::Error, "○ no emulator".to_owned()),
            };
            left = vec![span(state, role, format!(" {name}"))];
            let captured = state.live.map(|(_, time)| format!("captured {} ", text::age(time, state.now)));
            right.push(span(state, Role::Muted, captured.unwrap_or_else(|| "@live ".to_owned())));
        }
        RowId::Local => {
            left.push(span(state, Role::Strong, "local"));
            if let Listing::Ready(pods) = &state.pods.local {
                right.push(span(state, Role::Muted, format!("{} ", text::count(pods.len() as u64, "pod"))));
            }
        }
        RowId::Remote(name) => {
            left.push(span(state, Role::Remote, name.as_str()));
            let note = match state.pods.remote(name).map(|remote| &remote.pods) {
                Some(Listing::Ready(pods)) => text::count(pods.len() as u64, "pod"),
                Some(Listing::Failed(_)) => "not reachable".to_owned(),
                _ => "…".to_owned(),
            };
            right.push(span(state, Role::Muted, format!("{note} ")));
        }
        RowId::Pod(name) => {
            left.push(Span::styled(name.as_str(), pod_style(state, marked)));
            if let Some(pod) = state.pods.local_pod(name) {
                if pod.summary.fault.is_some() {
                    right.push(span(state, Role::Error, "unreadable "));
                } else {
                    for (remote, sharing) in sharing::of_local(&state.pods, name) {
                        let role = if sharing.parted() { Role::Warning } else { Role::Remote };
                        let mark = sharing.mark();
                        if !mark.is_empty() {
                            right.push(span(state, role, format!("{mark} {remote}  ")));
                        }
                    }
                    right.push(span(state, Role::Muted, format!("{} ", pod.summary.versions)));
                }
            }
        }
        RowId::RemotePod(remote, name) => {
            left.push(Span::styled(name.as_str(), pod_style(state, marked)));
            let pod = state.pods.remote_pod(remote, name);
            let behind = sharing::of_remote(&state.pods, remote, name).behind;
            if behind > 0 {
                right.push(span(state, Role::Remote, format!("↓{behind}  ")));
            }
            if let Some(beside) = pod.map(|pod| pod.beside.len()).filter(|beside| *beside > 0) {
                right.push(span(state, Role::Warning, format!("{beside} to merge · ")));
            }
            right.push(span(state, Role::Muted, format!("{} ", pod.map_or(0, |pod| pod.versions.len()))));
        }
        RowId::Version(..) | RowId::Joined(..) | RowId::RemoteVersion(..) => {
            let lanes = state.pods.lanes(row);
            if let Some(lanes) = lanes {
                left.insert(1, span(state, Role::Border, lanes.left.as_str()));
            }
            if !marked {
                // In place of the arrow that only what can be unfolded has.
                left.pop();
                let (role, sign) = sign(state, row);
                left.push(span(state, role, sign));
            } else {
                left.pop();
                left.push(span(state, Role::Marked, "✓"));
            }
            let right_of_it = lanes.map_or("", |lanes| lanes.right.as_str());
            left.push(span(state, Role::Border, format!("{right_of_it} ")));
            if let RowId::Version(_, number) | RowId::RemoteVersion(.., Selector::Version(number)) = row {
                left.push(Span::styled(format!("{number} "), pod_style(state, marked)));
            }
            if let Some((_, commit)) = state.pods.commit(row) {
                let message = commit.message.lines().next().unwrap_or_default();
                let message = if message.is_empty() { "(no message)".into() } else { text::clean(message) };
                if !commit.conflicts.is_empty() {
                    left.push(span(state, Role::Warning, "! "));
                }
                left.push(Span::raw(message.into_owned()));
                let author = text::clean(&commit.author.name).into_owned();
                // The first of several names is what people call each other by; the message needs the room.
                let called =
                    if width >= ROOMY { &author } else { author.split_whitespace().next().unwrap_or_default() };
                let author = text::cut(called, if width >= ROOMY { 12 } else { 7 }).into_owned();
                let resources = match width {
                    ROOMY.. => format!("{} res  ", commit.resources),
                    _ => String::new(),
                };
                right.push(span(
                    state,
                    Role::Muted,
                    format!("{resources}{author} {} ", text::age(commit.time, state.now)),
                ));
            }
        }
        RowId::Hint(_, hint) => left.push(span(state, Role::Muted, text::clean(hint).into_owned())),
    }
    spread(left, right, width)
}

/// A version's place in its history: the newest, a merge, or one among others; filled where it is shared.
fn sign(state: &State, row: &RowId) -> (Role, &'static str) {
    let merge = state.pods.commit(row).is_some_and(|(_, commit)| commit.parents.len() > 1);
    match row {
        // Beside the versions: it has no number.
        RowId::RemoteVersion(.., Selector::Revision(_)) => (Role::Warning, "┆"),
        RowId::Joined(..) => (Role::Muted, "┆"),
        RowId::RemoteVersion(..) if !sharing::is_here(&state.pods, row) => (Role::Remote, "↓"),
        RowId::Version(name, number) => {
            let version = state
                .pods
                .local_pod(name)
                .and_then(|pod| pod.versions.iter().find(|version| version.number == *number));
            let shared = version.is_some_and(|version| !version.pushed_to.is_empty());
            match (merge, shared) {
                (true, true) => (Role::Remote, "◆"),
                (true, false) => (Role::Muted, "◇"),
                (false, true) => (Role::Remote, "●"),
                (false, false) => (Role::Muted, "○"),
            }
        }
        _ if merge => (Role::Muted, "◆"),
        _ => (Role::Muted, "●"),
    }
}

fn pod_style(state: &State, marked: bool) -> ratatui::style::Style {
    state.theme.style(if marked { Role::Marked } else { Role::Strong })
}
