//! Walking three trees at once: what a merge looks at.
//!
//! It is two walks side by side, base against ours and base against theirs, so whatever is equal on all three
//! sides is skipped by sub-tree.

use std::cmp::Ordering;

use bytes::Bytes;
use serde_json::Value;

use super::TreeError;
use super::cursor::Cursor;
use super::diff::{EncodedDifference, next_difference};
use super::read::{Tree, parse_key, parse_value};
use crate::pod::ResourceKey;

/// A key on which not all three trees agree.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreeWay {
    /// The key.
    pub key: ResourceKey,
    /// The common ancestor's value.
    pub base: Option<Value>,
    /// Our value.
    pub ours: Option<Value>,
    /// Their value.
    pub theirs: Option<Value>,
}

/// One walk: base against a side.
struct Side {
    base: Cursor,
    side: Cursor,
    /// Read, but behind what the other walk stands on.
    next: Option<EncodedDifference>,
}

impl Side {
    fn new(base: Option<&Tree>, side: &Tree) -> Result<Self, TreeError> {
        let base = match base {
            Some(base) => base.cursor()?,
            None => Cursor::ended(side.source.clone()),
        };
        let mut walk = Self { base, side: side.cursor()?, next: None };
        walk.advance()?;
        Ok(walk)
    }

    fn advance(&mut self) -> Result<Option<EncodedDifference>, TreeError> {
        let next = next_difference(&mut self.base, &mut self.side)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

impl Tree {
    /// The keys, in order, on which `ours` or `theirs` differs from `base` (None: an empty tree). Ends after the
    /// first error.
    pub fn three_way(
        base: Option<&Self>,
        ours: &Self,
        theirs: &Self,
    ) -> impl Iterator<Item = Result<ThreeWay, TreeError>> + Send + use<> {
        let mut sides = Some(Side::new(base, ours).and_then(|ours| Ok((ours, Side::new(base, theirs)?))));
        std::iter::from_fn(move || {
            let next = match sides.as_mut()? {
                Ok((ours, theirs)) => next(ours, theirs).transpose(),
                Err(_) => sides.take().and_then(|sides| sides.err()).map(Err),
            };
            if !matches!(next, Some(Ok(_))) {
                sides = None;
            }
            next
        })
    }
}

fn next(ours: &mut Side, theirs: &mut Side) -> Result<Option<ThreeWay>, TreeError> {
    let order = match (&ours.next, &theirs.next) {
        (None, None) => return Ok(None),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(one), Some(other)) => one.key.cmp(&other.key),
    };
    let one = if order == Ordering::Greater { None } else { ours.advance()? };
    let other = if order == Ordering::Less { None } else { theirs.advance()? };
    let Some(key) = one.as_ref().or(other.as_ref()).map(|found| found.key.clone()) else { return Ok(None) };
    let base = one.as_ref().or(other.as_ref()).and_then(|found| found.before.clone());
    let value = |side: Option<EncodedDifference>| match side {
        Some(found) => found.after,
        None => base.clone(),
    };
    let parse = |bytes: Option<Bytes>| bytes.map(|bytes| parse_value(&key, &bytes)).transpose();
    Ok(Some(ThreeWay {
        key: parse_key(&key)?,
        ours: parse(value(one))?,
        theirs: parse(value(other))?,
        base: parse(base.clone())?,
    }))
}
