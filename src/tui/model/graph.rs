//! A pod's history as a graph: one row for each commit, in lanes beside each other, as `git log --graph` draws it.

use std::collections::HashMap;

use crate::pod::Digest;

/// Lanes that are drawn at most: what lies further right has no room in a pane.
const LANES: usize = 5;

/// A commit to be drawn: itself, and what it was made from.
pub struct Point<'a> {
    /// Its digest.
    pub digest: Digest,
    /// Its parents; those that are not among the points are not drawn.
    pub parents: &'a [Digest],
}

/// One row: the lanes left of the commit's sign, and right of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// Left of the sign.
    pub left: String,
    /// Right of the sign.
    pub right: String,
}

/// The rows of points in their order, which is children before parents. All have the same width.
pub fn draw(points: &[Point]) -> Vec<Lanes> {
    let places: HashMap<Digest, usize> = points.iter().enumerate().map(|(at, point)| (point.digest, at)).collect();
    // Each lane goes down to a commit.
    let mut lanes: Vec<Option<Digest>> = Vec::new();
    let mut rows = Vec::with_capacity(points.len());
    for (at, point) in points.iter().enumerate() {
        let free = |lanes: &mut Vec<Option<Digest>>| {
            lanes.iter().position(Option::is_none).unwrap_or_else(|| {
                lanes.push(None);
                lanes.len() - 1
            })
        };
        let here = lanes.iter().position(|lane| *lane == Some(point.digest)).unwrap_or_else(|| free(&mut lanes));
        let mut cells: Vec<char> = lanes.iter().map(|lane| if lane.is_some() { '│' } else { ' ' }).collect();
        // Lanes that end here, and where each further parent goes on.
        let ends: Vec<usize> =
            (0..lanes.len()).filter(|lane| *lane != here && lanes[*lane] == Some(point.digest)).collect();
        for lane in &ends {
            lanes[*lane] = None;
        }
        // What is above it in this order cannot be below it in the picture.
        let mut parents = point.parents.iter().filter(|parent| places.get(*parent).is_some_and(|place| *place > at));
        lanes[here] = parents.next().copied();
        let mut begins = Vec::new();
        let mut joins = Vec::new();
        for parent in parents {
            match lanes.iter().position(|lane| lane.as_ref() == Some(parent)) {
                Some(lane) => joins.push(lane),
                None => {
                    // Not in the place of a lane that ends in this very row: its corner would be drawn over.
                    let lane = (0..lanes.len()).find(|lane| lanes[*lane].is_none() && !ends.contains(lane));
                    let lane = lane.unwrap_or_else(|| {
                        lanes.push(None);
                        lanes.len() - 1
                    });
                    lanes[lane] = Some(*parent);
                    begins.push(lane);
                }
            }
        }
        cells.resize(lanes.len(), ' ');
        for (lane, corners) in (ends.iter().map(|lane| (*lane, ['╰', '╯'])))
            .chain(begins.iter().map(|lane| (*lane, ['╭', '╮'])))
            .chain(joins.iter().filter(|lane| **lane != here).map(|lane| (*lane, ['├', '┤'])))
        {
            for cell in &mut cells[lane.min(here) + 1..lane.max(here)] {
                *cell = if matches!(*cell, ' ' | '─') { '─' } else { '┼' };
            }
            cells[lane] = if lane < here { corners[0] } else { corners[1] };
        }
        while lanes.last().is_some_and(Option::is_none) {
            lanes.pop();
        }
        rows.push((cells, here));
    }
    let width = rows.iter().map(|(cells, _)| cells.len()).max().unwrap_or_default().min(LANES);
    let row = |(cells, here): (Vec<char>, usize)| {
        let left = cells.iter().take(here.min(LANES - 1)).collect();
        let right = cells.iter().skip(here + 1).chain(std::iter::repeat(&' ')).take(width.saturating_sub(here + 1));
        Lanes { left, right: right.collect() }
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws commits written as `name: parent parent`, newest first.
    fn drawn(text: &str) -> Vec<String> {
        let digest = |name: &str| Digest::of(name.as_bytes());
        let commits: Vec<(Digest, Vec<Digest>)> = text
            .lines()
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, parents)| (digest(name), parents.split_whitespace().map(digest).collect()))
            .collect();
        let points: Vec<Point> = commits.iter().map(|(digest, parents)| Point { digest: *digest, parents }).collect();
        draw(&points).iter().map(|lanes| format!("{}●{}", lanes.left, lanes.right).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_line_of_versions_has_one_lane_even_where_the_oldest_is_gone() {
        assert_eq!(drawn("3: 2\n2: 1\n1: gone"), ["●", "●", "●"]);
    }

    #[test]
    fn a_merge_opens_a_lane_that_ends_where_both_came_from() {
        assert_eq!(drawn("4: 3 x\nx: 2\n3: 2\n2: 1\n1:"), ["●╮", "│●", "●│", "●╯", "●"]);
    }

    #[test]
    fn who_went_on_beside_the_versions_has_a_lane_from_the_start() {
        assert_eq!(drawn("x: 1\n2: 1\n1:"), ["●", "│●", "●╯"]);
    }

    #[test]
    fn lanes_that_are_crossed_stay_and_what_is_merged_twice_joins_its_lane() {
        let rows = ["●╮", "●┼╮", "│●│", "●││", "●┼╯", "●╯"];
        assert_eq!(drawn("5: 4 y\n4: 3 x\ny: 1\n3: x\nx: 1\n1:"), rows);
    }

    #[test]
    fn neither_many_lanes_nor_odd_orders_widen_the_picture_or_fail() {
        let many: String = (0..40).map(|tip| format!("t{tip}: base\n")).collect();
        assert!(drawn(&format!("{many}base:")).iter().all(|row| row.chars().count() <= LANES));
        assert_eq!(drawn("1: 2\n2: 1\n1: 1").len(), 3);
    }
}
