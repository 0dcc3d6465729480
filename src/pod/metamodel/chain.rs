//! How a type's resources hang below those of other types.

/// The types from the outermost parent down to the resource's own, and how the name is divided among them:
/// the outermost has what the others do not need, each other one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    kinds: Vec<String>,
}

impl Chain {
    /// The chain of a type. A type that is its own ancestor has none.
    pub(super) fn of(service: &str, kind: &str, parent_kind: &dyn Fn(&str, &str) -> Option<String>) -> Self {
        let mut kinds = vec![kind.to_owned()];
        while let Some(parent) = kinds.last().and_then(|kind| parent_kind(service, kind)) {
            if kinds.contains(&parent) {
                break;
            }
            kinds.push(parent);
        }
        kinds.reverse();
        Self { kinds }
    }

    /// The steps from the service down to a resource whose name has `segments`: type, and how many segments have
    /// been used up with it. A name with too few segments hangs directly below its service.
    pub(super) fn steps(&self, segments: usize) -> impl Iterator<Item = (&str, usize)> {
        let skipped = if segments < self.kinds.len() { self.kinds.len() - 1 } else { 0 };
        let kinds = &self.kinds[skipped..];
        let first = (segments + 1).saturating_sub(kinds.len());
        kinds.iter().enumerate().map(move |(level, kind)| (kind.as_str(), first + level))
    }
}
