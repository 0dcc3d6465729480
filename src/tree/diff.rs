//! Comparing two trees. Equal sub-trees are skipped, so the cost follows the changes, not the size.

use std::cmp::Ordering;

use bytes::Bytes;

use super::cursor::{Cursor, Item};
use super::read::{Tree, parse_key, parse_value};
use super::{Difference, TreeError};

/// A difference as it is stored.
pub(crate) struct EncodedDifference {
    /// The encoded key.
    pub key: Bytes,
    /// The first tree's value.
    pub before: Option<Bytes>,
    /// The second tree's value.
    pub after: Option<Bytes>,
}

/// The next difference between two walks.
///
/// Only the cursor that is behind moves, and of two on the same key the one on the higher level enters
/// first. A node that both trees have is therefore always met by both cursors at once, and skipped, even
/// where the trees have different heights.
pub(crate) fn next_difference(before: &mut Cursor, after: &mut Cursor) -> Result<Option<EncodedDifference>, TreeError> {
    loop {
        let (one, other) = (before.current(), after.current());
        let order = match (&one, &other) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.first_key().cmp(other.first_key()),
        };
        match (order, one, other) {
            (Ordering::Less, Some(Item::Entry { key, value }), _) => {
                before.skip();
                return Ok(Some(EncodedDifference { key, before: Some(value), after: None }));
            }
            (Ordering::Less, ..) => before.enter()?,
            (Ordering::Greater, _, Some(Item::Entry { key, value })) => {
                after.skip();
                return Ok(Some(EncodedDifference { key, before: None, after: Some(value) }));
            }
            (Ordering::Greater, ..) => after.enter()?,
            (
                Ordering::Equal,
                Some(Item::Subtree { digest, level, .. }),
                Some(Item::Subtree { digest: other_digest, level: other_level, .. }),
            ) => {
                if digest == other_digest {
                    before.skip();
                    after.skip();
                    continue;
                }
                if level >= other_level {
                    before.enter()?;
                }
                if other_level >= level {
                    after.enter()?;
                }
            }
            (Ordering::Equal, Some(Item::Entry { key, value }), Some(Item::Entry { value: other_value, .. })) => {
                before.skip();
                after.skip();
                if value != other_value {
                    return Ok(Some(EncodedDifference { key, before: Some(value), after: Some(other_value) }));
                }
            }
            // A document against a sub-tree that begins with its key.
            (Ordering::Equal, Some(Item::Subtree { .. }), _) => before.enter()?,
            (Ordering::Equal, ..) => after.enter()?,
        }
    }
}

impl Tree {
    /// The keys on which `self` (before) and `other` (after) differ, in order. Equal sub-trees are skipped.
    /// Ends after the first error.
    pub fn diff(&self, other: &Self) -> Box<dyn Iterator<Item = Result<Difference, TreeError>> + Send> {
        if self.root == other.root {
            return Box::new(std::iter::empty());
        }
        let (before, after) = match (self.cursor(), other.cursor()) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => return Box::new(std::iter::once(Err(error))),
        };
        let mut cursors = Some((before, after));
        Box::new(std::iter::from_fn(move || {
            let (before, after) = cursors.as_mut()?;
            let next = next_difference(before, after).and_then(|found| found.map(parse).transpose()).transpose();
            if !matches!(next, Some(Ok(_))) {
                cursors = None;
            }
            next
        }))
    }

    /// A cursor on the whole tree.
    pub(crate) fn cursor(&self) -> Result<Cursor, TreeError> {
        Cursor::new(self.source.clone(), self.root)
    }
}

fn parse(found: EncodedDifference) -> Result<Difference, TreeError> {
    let value = |bytes: Option<Bytes>| bytes.map(|bytes| parse_value(&found.key, &bytes)).transpose();
    Ok(Difference { key: parse_key(&found.key)?, before: value(found.before)?, after: value(found.after)? })
}
