//! Walking three trees at once: what a merge looks at.
//!
//! It is two walks side by side, base against ours and base against theirs, so whatever is equal on all three
//! sides is skipped by sub-tree. Reading, unpacking and checking nodes is nearly all of the work, so each walk has a
//! thread.

use std::cmp::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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

/// Differences that a walk finds ahead of who takes them. Few: a hostile tree's values are large.
const AHEAD: usize = 8;

/// What a walk tells: a difference, or that there are no more.
type Told = Result<Option<EncodedDifference>, TreeError>;

/// One walk: base against a side, on a thread of its own.
struct Side {
    found: Receiver<Told>,
    /// Taken, but behind what the other walk stands on.
    next: Option<EncodedDifference>,
}

impl Side {
    fn new(base: Option<&Tree>, side: &Tree) -> Result<Self, TreeError> {
        let (send, found) = sync_channel(AHEAD);
        let (base, side) = (base.cloned(), side.clone());
        let walk = move || {
            // Nobody takes what is found any more: the walk was given up.
            let _ = walk(base, &side, &send).or_else(|error| send.send(Err(error)));
        };
        let failed = |error: std::io::Error| TreeError::Chunk { digest: None, reason: error.to_string() };
        std::thread::Builder::new().name("tree walk".to_owned()).spawn(walk).map_err(failed)?;
        Ok(Self { found, next: None })
    }

    fn advance(&mut self) -> Result<Option<EncodedDifference>, TreeError> {
        // A walk that dies without a word must not pass for one that found no more: changes would be lost.
        let died = |_| TreeError::Chunk { digest: None, reason: "the walk through the tree broke off".to_owned() };
        let next = self.found.recv().map_err(died)??;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

/// Sends what differs, and the end, unless nobody takes it.
fn walk(base: Option<Tree>, side: &Tree, found: &SyncSender<Told>) -> Result<(), TreeError> {
    let mut base = match base {
        Some(base) => base.cursor()?,
        None => Cursor::ended(side.source.clone()),
    };
    let mut side = side.cursor()?;
    loop {
        let next = next_difference(&mut base, &mut side)?;
        let is_end = next.is_none();
        if found.send(Ok(next)).is_err() || is_end {
            return Ok(());
        }
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
        // Both begin before the first of either is waited for.
        let sides = Side::new(base, ours).and_then(|ours| Ok((ours, Side::new(base, theirs)?)));
        let mut sides = Some(sides.and_then(|(mut ours, mut theirs)| {
            ours.advance()?;
            theirs.advance()?;
            Ok((ours, theirs))
        }));
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
