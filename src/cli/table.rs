//! Tables that fit the terminal.

use unicode_width::UnicodeWidthStr;

use super::format::{clean, fit};
use super::output::Output;

/// Columns between two columns.
const GAP: usize = 2;

/// Narrowest a column is squeezed to.
const NARROWEST: usize = 8;

/// Rows under titles. Cells are cleaned when they are added.
pub(super) struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(titles: impl IntoIterator<Item = &'static str>) -> Self {
        Self { titles: titles.into_iter().collect(), rows: Vec::new() }
    }

    pub(super) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref()).into_owned()).collect());
    }

    /// The table as text: aligned, and cut to the terminal's width where there is one.
    pub(super) fn render(&self, output: &Output) -> String {
        let widths = self.widths(output.width);
        let mut text = output.paint.bold(&line(self.titles.iter().copied(), &widths));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&line(row.iter().map(String::as_str), &widths));
            text.push('\n');
        }
        text
    }

    fn widths(&self, terminal: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.titles.iter().map(|title| title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let Some(terminal) = terminal else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        // The widest column gives way first: it is the one people can do without the end of.
        loop {
            let total = widths.iter().sum::<usize>() + gaps;
            let Some(widest) = widths.iter_mut().max() else { return widths };
            if total <= terminal || *widest <= NARROWEST {
                return widths;
            }
            *widest -= 1;
        }
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.zip(widths) {
        let cell = fit(cell, *width);
        text.push_str(&cell);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP));
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::super::output::Paint;
    use super::*;

    #[test]
    fn a_table_is_aligned_and_gives_way_in_its_widest_column() {
        let mut table = Table::new(["NAME", "MESSAGE"]);
        table.row(["a", "a rather long message"]);
        table.row(["bcd", "evil \x1b[31m"]);
        let mut output = Output { json: false, quiet: false, paint: Paint(false), width: None };
        assert_eq!(table.render(&output), "NAME  MESSAGE\na     a rather long message\nbcd   evil \\u{1b}[31m\n");
        output.width = Some(16);
        assert_eq!(table.render(&output), "NAME  MESSAGE\na     a rather …\nbcd   evil \\u{1…\n");
    }
}
