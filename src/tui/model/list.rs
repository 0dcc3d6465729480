//! A cursor in a list that is longer than its window.

/// Which row is chosen and which is the first one in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The chosen row.
    pub at: usize,
    /// The first row in the window.
    pub top: usize,
}

/// How a cursor moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Up by rows.
    Up(usize),
    /// Down by rows.
    Down(usize),
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

impl Cursor {
    /// Moves within `length` rows.
    pub fn step(&mut self, movement: Move, length: usize) {
        let last = length.saturating_sub(1);
        self.at = match movement {
            Move::Up(rows) => self.at.saturating_sub(rows),
            Move::Down(rows) => self.at.saturating_add(rows),
            Move::Top => 0,
            Move::Bottom => last,
        }
        .min(last);
    }

    /// Brings the cursor into `length` rows and the window of `height` rows to the cursor.
    pub fn settle(&mut self, length: usize, height: usize) {
        self.at = self.at.min(length.saturating_sub(1));
        let height = height.max(1);
        if self.at < self.top {
            self.top = self.at;
        } else if self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
        self.top = self.top.min(length.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_cursor_and_never_shows_past_the_end() {
        let mut cursor = Cursor::default();
        cursor.step(Move::Down(7), 10);
        cursor.settle(10, 4);
        assert_eq!(cursor, Cursor { at: 7, top: 4 });
        cursor.step(Move::Up(1), 10);
        cursor.settle(10, 4);
        assert_eq!(cursor, Cursor { at: 6, top: 4 });
        cursor.step(Move::Bottom, 10);
        cursor.settle(3, 4);
        assert_eq!(cursor, Cursor { at: 2, top: 0 });
        cursor.settle(0, 4);
        assert_eq!(cursor, Cursor::default());
    }
}
