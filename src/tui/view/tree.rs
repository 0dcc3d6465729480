//! The tree pane: tui-tree-widget fed with the rows in the window and what lies above the first of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_tree_widget::{Tree, TreeItem, TreeState};

use super::pods::scrollbar;
use super::{lines, pane, span, spinner};
use crate::pod::{Arrangement, Grouping, NodeId, NodeKind, Sorting};
use crate::tui::model::tree::{Row, TreeModel};
use crate::tui::state::{Pane, Shown, State};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::update::places;

pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let focused = state.focus == Pane::Tree;
    let mut block = pane(state, title(state, area), focused);
    if let Some(line) = crumbs(state, area, focused) {
        block = block.title_bottom(line);
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match (&state.shown, state.tree()) {
        (Shown::Tree(_), Some(tree)) if tree.is_empty() => {
            let said = match tree.query() {
                Some(kept) => format!("Nothing contains {:?}.\n\nEsc shows everything again.", kept.query),
                None => "Nothing in it: this version is empty.".to_owned(),
            };
            message(state, frame, inner, &said, Role::Muted);
        }
        (Shown::Tree(_), Some(tree)) => {
            rows(state, frame, inner, tree, focused);
            scrollbar(state, frame, area, tree.top(), tree.len());
        }
        (Shown::Loading(_), _) => message(state, frame, inner, &format!("{} reading …", spinner(state)), Role::Muted),
        (Shown::Failed(_, reason), _) => message(state, frame, inner, reason, Role::Error),
        (Shown::Nothing(said), _) => message(state, frame, inner, said, Role::Muted),
        (Shown::Tree(_), None) => {}
    }
}

fn title<'a>(state: &State, area: Rect) -> Line<'a> {
    let mut title = " 2 Tree ".to_owned();
    if let (Shown::Tree(digest), Some(tree)) = (&state.shown, state.tree()) {
        let chosen = state.pods.chosen();
        let name = match state.pods.commit(chosen) {
            Some((found, _)) if found == *digest => chosen.reference().map(|reference| reference.to_string()),
            _ if state.live.is_some_and(|(live, _)| live == *digest) => Some("@live".to_owned()),
            _ => None,
        };
        title = format!(" 2 {} ", name.unwrap_or_else(|| digest.short()));
        title.push_str(&text::clean(&arrangement(tree.metamodel().arrangement())));
        if let Some(kept) = tree.query() {
            title.push_str(&format!("/{} ", text::clean(&kept.query)));
        }
    }
    Line::from(text::cut(&title, usize::from(area.width.saturating_sub(2))).into_owned())
}

/// The path of the cursor, on the lower border.
fn crumbs<'a>(state: &State, area: Rect, focused: bool) -> Option<Line<'a>> {
    let path = places::crumbs(state)?;
    let path = text::cut_middle(&path, usize::from(area.width.saturating_sub(6))).into_owned();
    Some(Line::from(span(state, if focused { Role::Focus } else { Role::Muted }, format!(" {path} "))))
}

/// How the tree is laid out, where that is not as usual.
fn arrangement(arrangement: &Arrangement) -> String {
    let grouping = match &arrangement.grouping {
        Grouping::Place => String::new(),
        Grouping::Service => "by service ".to_owned(),
        Grouping::Type => "by type ".to_owned(),
        Grouping::Tag(name) => format!("by tag {name} "),
    };
    let sorting = match arrangement.sorting {
        Sorting::Name => "",
        Sorting::Size => "↓size ",
        Sorting::Count => "↓count ",
    };
    grouping + sorting
}

/// Text in the middle of an empty pane.
pub(super) fn message(state: &State, frame: &mut Frame, area: Rect, said: &str, role: Role) {
    let width = usize::from(area.width.saturating_sub(2));
    let wrapped: Vec<String> = said
        .lines()
        .flat_map(|line| text::wrap(&text::clean(line), width).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let top = area.height.saturating_sub(wrapped.len() as u16) / 3;
    let inside = Rect {
        x: area.x + 1,
        y: area.y + top,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(top),
    };
    lines(frame, inside, wrapped.into_iter().map(|line| Line::from(span(state, role, line))));
}

fn rows(state: &State, frame: &mut Frame, area: Rect, tree: &TreeModel, focused: bool) {
    let Some(first) = tree.at(tree.top()) else { return };
    let mut window: Vec<Row> =
        tree.ancestors(first.node).into_iter().enumerate().map(|(depth, node)| Row { node, depth }).collect();
    let room = usize::from(area.height).saturating_sub(window.len()).max(1);
    window.extend(tree.window(tree.top(), room));
    let width = usize::from(area.width);
    let mut nesting =
        Nesting { state, tree, width, window: &window, position: 0, path: Vec::new(), widget: TreeState::default() };
    let items = nesting.items(0);
    let Ok(widget) = Tree::new(&items) else { return };
    let style = state.theme.style(if focused { Role::Selection } else { Role::SelectionIdle });
    let widget =
        widget.highlight_style(style).node_open_symbol("▾ ").node_closed_symbol("▸ ").node_no_children_symbol("  ");
    frame.render_stateful_widget(widget, area, &mut nesting.widget);
}

/// The rows of the window, being nested as the widget wants them.
struct Nesting<'s> {
    state: &'s State,
    tree: &'s TreeModel,
    /// Columns of the pane.
    width: usize,
    window: &'s [Row],
    position: usize,
    path: Vec<u32>,
    widget: TreeState<u32>,
}

impl<'s> Nesting<'s> {
    /// The items of the rows from the position on that lie at `depth` or below.
    fn items(&mut self, depth: usize) -> Vec<TreeItem<'s, u32>> {
        let mut items = Vec::new();
        while let Some(row) = self.window.get(self.position).filter(|row| row.depth >= depth).copied() {
            self.position += 1;
            self.path.push(row.node.0);
            if row.node == self.tree.selected() {
                self.widget.select(self.path.clone());
            }
            let mut below = match self.window.get(self.position) {
                Some(next) if next.depth > depth => self.items(depth + 1),
                _ => Vec::new(),
            };
            if below.is_empty() && self.tree.metamodel().node(row.node).children > 0 {
                // A node draws its arrow only where it has a child: of one that is folded, or whose children lie
                // below the window, any will do.
                below.push(TreeItem::new_leaf(u32::MAX, ""));
            }
            if self.tree.is_open(row.node) && below.first().is_some_and(|item| *item.identifier() != u32::MAX) {
                self.widget.open(self.path.clone());
            }
            self.path.pop();
            let room = self.width.saturating_sub(row.depth * 2 + 2);
            if let Ok(item) = TreeItem::new(row.node.0, label(self.state, self.tree, row.node, room), below) {
                items.push(item);
            }
        }
        items
    }
}

fn label<'a>(state: &State, tree: &TreeModel, id: NodeId, room: usize) -> Line<'a> {
    let node = tree.metamodel().node(id);
    let count = match tree.counts(id) {
        (0, _) => String::new(),
        (direct, _) => format!(" {direct}"),
    };
    // In a column of its own at the right, where the pane has room for one.
    let sorted = tree.metamodel().arrangement().sorting == Sorting::Size;
    let weighed = tree.metamodel().size(id).filter(|_| sorted || room >= ROOM_FOR_SIZES);
    let size = weighed.map(text::bytes).unwrap_or_default();
    let whole = room;
    let room = room.saturating_sub(text::width(&count) + if size.is_empty() { 0 } else { SIZE });
    let label = text::cut_middle(&text::clean(node.label), room).into_owned();
    let front = front(tree, id, room.saturating_sub(text::width(&label)));
    let mut spans = match tree.query() {
        Some(kept) => matched(state, &label, &kept.query),
        None => vec![Span::raw(label)],
    };
    match node.kind {
        NodeKind::Service | NodeKind::Account | NodeKind::Tag => {
            for span in &mut spans {
                span.style = state.theme.style(Role::Strong).patch(span.style);
            }
        }
        NodeKind::Type | NodeKind::Family => {
            for span in &mut spans {
                span.style = state.theme.style(Role::Property).patch(span.style);
            }
        }
        _ => {}
    }
    if !count.is_empty() {
        spans.push(span(state, Role::Muted, count));
    }
    if !front.is_empty() {
        spans.insert(0, span(state, Role::Muted, front));
    }
    if !size.is_empty() {
        let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        let width = whole.saturating_sub(used + 1);
        spans.push(span(state, Role::Muted, format!("{size:>width$}")));
    }
    Line::from(spans)
}

/// Columns of a size with the gap before it: the widest is `1023.9 KiB`.
const SIZE: usize = 12;
/// Fewest columns of a row for a size to be shown where nobody sorts by it: names come first.
const ROOM_FOR_SIZES: usize = 44;

/// The groups in front of a label: all, or the outermost and as many of the nearest as there is room for.
fn front(tree: &TreeModel, id: NodeId, room: usize) -> String {
    let labels: Vec<String> = tree
        .in_front(id)
        .into_iter()
        .map(|id| format!("{} › ", text::clean(tree.metamodel().node(id).label)))
        .collect();
    let [outermost, inner @ ..] = labels.as_slice() else { return String::new() };
    let fits = |front: &String| text::width(front) <= room;
    let shortened = (0..=inner.len()).map(|left_out| match left_out {
        0 => labels.concat(),
        _ => format!("{outermost}… › {}", inner.get(left_out..).unwrap_or_default().concat()),
    });
    shortened.chain(["… › ".to_owned()]).find(fits).unwrap_or_default()
}

/// `label` with what the filter matched set off.
fn matched<'a>(state: &State, label: &str, query: &str) -> Vec<Span<'a>> {
    let plain = || vec![Span::raw(label.to_owned())];
    // Folding the case of some letters changes how long they are: then nothing is set off.
    let (folded, wanted) = (label.to_lowercase(), query.to_lowercase());
    if folded.len() != label.len() {
        return plain();
    }
    let Some(start) = folded.find(&wanted).filter(|_| !wanted.is_empty()) else { return plain() };
    match (label.get(..start), label.get(start..start + wanted.len()), label.get(start + wanted.len()..)) {
        (Some(before), Some(found), Some(after)) => {
            vec![Span::raw(before.to_owned()), span(state, Role::Match, found.to_owned()), Span::raw(after.to_owned())]
        }
        _ => plain(),
    }
}
