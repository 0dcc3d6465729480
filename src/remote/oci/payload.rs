//! The body of a request to a registry.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;

use crate::event::Events;

/// The body of a request.
#[derive(Clone)]
pub(super) enum Payload<'a> {
    Empty,
    Bytes(Bytes),
    /// A part of a file of `total` bytes.
    File {
        path: &'a Path,
        range: Range<u64>,
        total: u64,
        events: &'a Events,
    },
}

impl Payload<'_> {
    /// Some bytes of it, counted from its start.
    pub(super) fn part(&self, range: Range<u64>) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Bytes(bytes) => {
                let length = bytes.len() as u64;
                Self::Bytes(bytes.slice(range.start.min(length) as usize..range.end.min(length) as usize))
            }
            Self::File { path, total, events, .. } => Self::File { path, range, total: *total, events },
        }
    }
}
