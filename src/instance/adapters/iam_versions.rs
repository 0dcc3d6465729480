//! In which calls the versions of a managed policy become what they should be.
//!
//! A policy has five versions at most. New ones come last, the default one cannot be deleted, and not every emulator
//! can make an older version the default (ministack). So the versions from the first that differs on are made anew, and
//! the default one says that it is as it is made.

/// Versions that a policy can have.
const MOST_VERSIONS: usize = 5;

/// A version as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The service's name for it: `v1`, `v2` …
    pub(super) id: String,
    /// JSON text.
    pub(super) document: String,
    /// Whether the policy says what it says.
    pub(super) is_default: bool,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Deletes a version, by id.
    Delete(String),
    /// Adds a version as the last, and as the default one if that is true.
    Add(String, bool),
}

/// The calls that turn `current` into the documents `wanted`, oldest first, of which the one at `default` is the default.
pub(super) fn changes(current: &[Version], wanted: &[String], default: usize) -> Vec<Change> {
    let old_default = current.iter().position(|version| version.is_default).unwrap_or_default();
    let mut same = current.iter().zip(wanted).take_while(|(version, document)| version.document == **document).count();
    if (same, old_default) == (current.len(), default) && same == wanted.len() {
        return Vec::new();
    }
    if old_default != default {
        same = same.min(default);
    }
    let is_replaced = old_default >= same;
    if is_replaced {
        // The old default one goes when another is there: for a moment there is one more.
        same = same.min(MOST_VERSIONS - 2);
    }
    let gone = current.iter().enumerate().skip(same).filter(|(position, _)| *position != old_default);
    let mut changes: Vec<Change> = gone.map(|(_, version)| Change::Delete(version.id.clone())).collect();
    for (position, document) in wanted.iter().enumerate().skip(same) {
        let takes_over = is_replaced && position == same;
        changes.push(Change::Add(document.clone(), position == default || takes_over));
        if takes_over {
            changes.extend(current.get(old_default).map(|version| Change::Delete(version.id.clone())));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A policy as IAM keeps it: it refuses what IAM refuses.
    fn carry_out(mut versions: Vec<Version>, changes: Vec<Change>) -> Result<Vec<Version>, String> {
        let mut next = 100;
        for change in changes {
            match change {
                Change::Delete(id) => {
                    let at = versions.iter().position(|version| version.id == id).ok_or("no such version")?;
                    if versions.remove(at).is_default {
                        return Err(format!("{id} is the default version"));
                    }
                }
                Change::Add(document, is_default) => {
                    if versions.len() == MOST_VERSIONS {
                        return Err("more than five versions".to_owned());
                    }
                    if is_default {
                        versions.iter_mut().for_each(|version| version.is_default = false);
                    }
                    next += 1;
                    versions.push(Version { id: format!("v{next}"), document, is_default });
                }
            }
        }
        Ok(versions)
    }

    fn policy() -> impl Strategy<Value = (Vec<String>, usize)> {
        // Few documents, so that versions are often equal.
        prop::collection::vec("[abc]", 1..=MOST_VERSIONS)
            .prop_flat_map(|documents| (0..documents.len()).prop_map(move |default| (documents.clone(), default)))
    }

    fn made((documents, default): &(Vec<String>, usize)) -> Vec<Version> {
        let version = |(at, document): (usize, &String)| Version {
            id: format!("v{at}"),
            document: document.clone(),
            is_default: at == *default,
        };
        documents.iter().enumerate().map(version).collect()
    }

    proptest! {
        #[test]
        fn every_policy_becomes_every_other_by_what_iam_allows(before in policy(), after in policy()) {
            let current = made(&before);
            let result = carry_out(current.clone(), changes(&current, &after.0, after.1)).unwrap();
            let said = |versions: &[Version]| -> Vec<(String, bool)> {
                versions.iter().map(|version| (version.document.clone(), version.is_default)).collect()
            };
            prop_assert_eq!(said(&result), said(&made(&after)));
            prop_assert_eq!(changes(&result, &after.0, after.1), vec![]);
        }
    }

    #[test]
    fn a_new_version_is_added_without_touching_the_others() {
        let current = made(&(vec!["a".to_owned()], 0));
        let wanted = ["a".to_owned(), "b".to_owned()];
        assert_eq!(changes(&current, &wanted, 0), [Change::Add("b".to_owned(), false)]);
        assert_eq!(changes(&current, &wanted, 1), [Change::Add("b".to_owned(), true)]);
    }
}
