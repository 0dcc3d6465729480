//! What listings told in one look at an instance, so that the next look need not read again what they still tell.
//!
//! A listing says little of what it lists: an attribute of a queue changes without it. So each resource is read all the
//! same in one look of [`TURNS`], in its turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TURNS;
use crate::aws::Scope;
use crate::pod::{Digest, ResourceKey, canonical_json};

/// What listings told in a look. Names and digests alone: what was read is in the commit of that look. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Prints", into = "Prints")]
pub struct Listings(Arc<Prints>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Prints {
    /// By the listing's print.
    whole: HashMap<Print, Listing>,
    /// The print of a resource's entry, by that of its key: of what an adapter lists.
    entries: HashMap<Print, Print>,
}

impl From<Prints> for Listings {
    fn from(prints: Prints) -> Self {
        Self(Arc::new(prints))
    }
}

impl From<Listings> for Prints {
    fn from(listings: Listings) -> Self {
        Arc::unwrap_or_clone(listings.0)
    }
}

/// One listing of a type that the catalog describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listing {
    /// Of all its entries, in any order.
    print: Print,
    /// What was read of it.
    found: Vec<Found>,
}

/// One resource of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which.
    pub key: ResourceKey,
    /// Whether the emulator brings it by itself.
    pub builtin: bool,
}

/// The beginning of a digest, in hex: 128 bits are more than a store of this size can confuse.
type Print = Box<str>;

/// Hexadecimal digits of a [`Print`].
const PRINT_DIGITS: usize = 32;

fn print(bytes: &[u8]) -> Print {
    Digest::of(bytes).hex()[..PRINT_DIGITS].into()
}

/// What a look reads although listings tell nothing new of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Besides {
    /// Everything: the first look.
    #[default]
    All,
    /// Regions and resources whose turn it is in the look of this number; other regions that held nothing are not even
    /// listed.
    Turn(u32),
    /// Nothing: all regions are listed, and listings alone decide.
    Nothing,
}

/// A later look at the same instance.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// What is read besides.
    pub besides: Besides,
    /// What the look before was told. What it read is the [`super::Previous`].
    pub before: Listings,
}

/// What a look knows of the one before, and what it learns for the one behind it.
pub struct Looks {
    again: Again,
    told: Mutex<Prints>,
}

/// A listing as it was told: which, and its print.
pub struct Told {
    listing: Print,
    print: Print,
}

impl Looks {
    /// Of a look.
    pub fn new(again: Again) -> Self {
        Self { again, told: Mutex::default() }
    }

    /// What this look was told.
    pub fn told(self) -> Listings {
        self.told.into_inner().unwrap_or_else(PoisonError::into_inner).into()
    }

    /// A listing of a type in a scope, or below a parent.
    pub fn listing(
        scope: &Scope,
        (service, kind): (&str, &str),
        parent: Option<&ResourceKey>,
        entries: &[Value],
    ) -> Told {
        let parent = parent.map(ToString::to_string).unwrap_or_default();
        let listing = [&scope.account, &scope.region, service, kind, &parent].join("\0");
        let mut prints: Vec<Print> = entries.iter().map(|entry| print(&canonical_json(entry))).collect();
        prints.sort_unstable();
        Told { listing: print(listing.as_bytes()), print: print(prints.concat().as_bytes()) }
    }

    /// What the look before found in a listing that is as it was, unless it is its turn to be read again.
    pub fn unchanged(&self, told: &Told) -> Option<&[Found]> {
        let before = self.again.before.0.whole.get(&told.listing)?;
        (before.print == told.print && !self.is_turn(&told.listing)).then_some(before.found.as_slice())
    }

    /// Keeps a listing of which everything was read.
    pub fn keep(&self, told: Told, found: Vec<Found>) {
        let mut kept = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        kept.whole.insert(told.listing, Listing { print: told.print, found });
    }

    /// Whether an adapter's entry is as it was, and it is not its turn to be read again. Keeps it for the next look.
    pub fn is_unchanged(&self, key: &ResourceKey, entry: &Value) -> bool {
        let (name, entry) = (print(key.to_string().as_bytes()), print(&canonical_json(entry)));
        let unchanged = self.again.before.0.entries.get(&name) == Some(&entry) && !self.is_turn(&name);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).entries.insert(name, entry);
        unchanged
    }

    /// Whether it is a resource's turn to be asked about, although its listing is as it was.
    pub fn asks_about(&self, key: &ResourceKey) -> bool {
        self.is_turn(&print(key.to_string().as_bytes()))
    }

    fn is_turn(&self, name: &Print) -> bool {
        let turn = match self.again.besides {
            Besides::All => return true,
            Besides::Turn(turn) => turn,
            Besides::Nothing => return false,
        };
        // Prints are spread evenly, and so are their last digits.
        let place = name.bytes().last().and_then(|digit| char::from(digit).to_digit(16)).unwrap_or_default();
        place % TURNS == turn % TURNS
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        Scope { account: "000000000000".to_owned(), region: "us-east-1".to_owned() }
    }

    fn queue(name: &str) -> ResourceKey {
        ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [name])
    }

    fn told(entries: &[Value]) -> Told {
        Looks::listing(&scope(), ("sqs", "queue"), None, entries)
    }

    fn again(turn: u32, before: &Listings) -> Looks {
        Looks::new(Again { besides: Besides::Turn(turn), before: before.clone() })
    }

    #[test]
    fn an_unchanged_listing_is_read_in_one_look_of_many() {
        let first = Looks::new(Again::default());
        let found = vec![Found { key: queue("a"), builtin: false }, Found { key: queue("b"), builtin: false }];
        assert!(first.unchanged(&told(&[json!("a"), json!("b")])).is_none());
        first.keep(told(&[json!("a"), json!("b")]), found.clone());
        let before = first.told();

        let trusted = (0..TURNS).filter(|turn| {
            // The order of a listing says nothing.
            again(*turn, &before).unchanged(&told(&[json!("b"), json!("a")])) == Some(found.as_slice())
        });
        assert_eq!(trusted.count() as u32, TURNS - 1);
        let untouched = Looks::new(Again { besides: Besides::Nothing, before: before.clone() });
        assert_eq!(untouched.unchanged(&told(&[json!("a"), json!("b")])), Some(found.as_slice()));
        assert!(untouched.unchanged(&told(&[json!("a")])).is_none());
        for turn in 0..TURNS {
            for other in [vec![], vec![json!("a")], vec![json!("a"), json!("c")]] {
                assert!(again(turn, &before).unchanged(&told(&other)).is_none(), "{other:?} in turn {turn}");
            }
        }
    }

    #[test]
    fn an_unchanged_entry_is_read_in_one_look_of_many() {
        let first = Looks::new(Again::default());
        assert!(!first.is_unchanged(&queue("a"), &json!({"Version": 1})));
        let before = first.told();
        let of = |entry: &Value| {
            (0..TURNS).filter(|turn| again(*turn, &before).is_unchanged(&queue("a"), entry)).count() as u32
        };
        assert_eq!((of(&json!({"Version": 1})), of(&json!({"Version": 2}))), (TURNS - 1, 0));
    }

    #[test]
    fn what_was_told_reads_back_from_json() {
        let looks = Looks::new(Again::default());
        looks.keep(told(&[json!("a")]), vec![Found { key: queue("a"), builtin: true }]);
        looks.is_unchanged(&queue("b"), &json!(1));
        let listings = looks.told();
        let text = serde_json::to_string(&listings).unwrap();
        assert_eq!(serde_json::from_str::<Listings>(&text).unwrap(), listings);
    }
}
