//! Where the pieces of the screen are: the same for drawing, scrolling and the mouse.

use ratatui::layout::Rect;

use super::state::{Pane, State};

/// Fewest columns and rows the explorer can be used in.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From this many columns on, the three panes stand side by side.
const THREE_COLUMNS: u16 = 110;
/// From this many columns on, a comparison has two columns beside its list.
const SIDE_BY_SIDE: u16 = 100;

/// The main screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// The line on top.
    pub header: Rect,
    /// The pods pane with its border.
    pub pods: Rect,
    /// The tree pane with its border.
    pub tree: Rect,
    /// The detail pane with its border.
    pub detail: Rect,
    /// The line of keys.
    pub footer: Rect,
}

impl Areas {
    /// The main screen's parts.
    pub fn of(state: &State) -> Self {
        let (columns, rows) = state.size;
        let header = Rect::new(0, 0, columns, 1.min(rows));
        let footer = Rect::new(0, rows.saturating_sub(1), columns, 1.min(rows));
        let (top, height) = (1, rows.saturating_sub(2));
        if columns >= THREE_COLUMNS {
            let pods = (columns / 4).clamp(34, 60);
            let tree = ((columns - pods) * 2 / 5).clamp(34, 70);
            return Self {
                header,
                footer,
                pods: Rect::new(0, top, pods, height),
                tree: Rect::new(pods, top, tree, height),
                detail: Rect::new(pods + tree, top, columns - pods - tree, height),
            };
        }
        // Two columns: pods above the tree, the one with the focus taller.
        let left = (columns * 45 / 100).max(30).min(columns);
        let pods = match state.follows {
            Pane::Tree => (height / 3).max(5),
            _ => height * 11 / 20,
        }
        .min(height);
        Self {
            header,
            footer,
            pods: Rect::new(0, top, left, pods),
            tree: Rect::new(0, top + pods, left, height - pods),
            detail: Rect::new(left, top, columns - left, height),
        }
    }

    /// Rows inside the pods pane.
    pub fn pods_rows(&self) -> usize {
        usize::from(self.pods.height.saturating_sub(2))
    }

    /// Rows inside the tree pane.
    pub fn tree_rows(&self) -> usize {
        usize::from(self.tree.height.saturating_sub(2))
    }

    /// Columns and rows inside the detail pane.
    pub fn detail_inner(&self) -> (usize, usize) {
        (usize::from(self.detail.width.saturating_sub(4)), usize::from(self.detail.height.saturating_sub(2)))
    }
}

/// The comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffAreas {
    /// The line on top.
    pub header: Rect,
    /// The list of resources.
    pub list: Rect,
    /// The chosen change.
    pub change: Rect,
    /// The line of keys.
    pub footer: Rect,
    /// There is room for two columns.
    pub wide: bool,
}

impl DiffAreas {
    /// The comparison's parts.
    pub fn of((columns, rows): (u16, u16)) -> Self {
        let header = Rect::new(0, 0, columns, 1.min(rows));
        let footer = Rect::new(0, rows.saturating_sub(1), columns, 1.min(rows));
        let (top, height) = (1, rows.saturating_sub(2));
        if columns >= SIDE_BY_SIDE {
            let list = (columns * 36 / 100).clamp(36, 64);
            return Self {
                header,
                footer,
                list: Rect::new(0, top, list, height),
                change: Rect::new(list, top, columns - list, height),
                wide: true,
            };
        }
        let list = (height / 3).max(4).min(height);
        Self {
            header,
            footer,
            list: Rect::new(0, top, columns, list),
            change: Rect::new(0, top + list, columns, height - list),
            wide: false,
        }
    }
}

/// The conflicts of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConflictAreas {
    /// The line on top.
    pub header: Rect,
    /// The list of conflicts.
    pub list: Rect,
    /// Ours, base and theirs: beside each other, or below where there is no room.
    pub sides: [Rect; 3],
    /// The line of keys.
    pub footer: Rect,
}

impl ConflictAreas {
    /// The parts of the screen where conflicts are settled.
    pub fn of((columns, rows): (u16, u16)) -> Self {
        let header = Rect::new(0, 0, columns, 1.min(rows));
        let footer = Rect::new(0, rows.saturating_sub(1), columns, 1.min(rows));
        let (top, height) = (1, rows.saturating_sub(2));
        let wide = columns >= SIDE_BY_SIDE;
        let list = (height / if wide { 3 } else { 4 }).max(4).min(height);
        let (start, rest) = (top + list, height - list);
        let third = |whole: u16, at: u16| (whole / 3 * at, if at == 2 { whole - whole / 3 * 2 } else { whole / 3 });
        let sides = [0, 1, 2].map(|at| {
            let ((x, width), (y, height)) =
                if wide { (third(columns, at), (0, rest)) } else { ((0, columns), third(rest, at)) };
            Rect::new(x, start + y, width, height)
        });
        Self { header, list: Rect::new(0, top, columns, list), sides, footer }
    }
}

/// A box of at most `columns` by `rows` in the middle of the screen.
pub fn centred(size: (u16, u16), columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(size.0.saturating_sub(4)), rows.min(size.1.saturating_sub(2)));
    Rect::new((size.0 - width) / 2, (size.1 - height) / 2, width, height)
}
