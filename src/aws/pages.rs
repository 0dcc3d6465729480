//! Paging by the models' paginators.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::model::Paginator;
use super::protocol::Call;
use super::transport::MAX_PARSED_BODY;
use super::{AwsError, Client, ErrorClass, Scope};

/// Pages after which a listing is taken to be endless: twenty million entries at the usual thousand a page.
const MAX_PAGES: u32 = 20_000;
/// Bytes of entries after which a listing is taken to be endless, wherever they go: emulators keep all they list in
/// memory, and none much of it. What a capture of that leaves on the disk is no more.
const MAX_BYTES: u64 = 4 << 30;
/// Pages that may repeat what others brought. Some services give empty pages now and then, none hundreds of them.
const MAX_STALE: u32 = 500;
/// What is said of a listing that is larger than [`MAX_PARSED_BODY`].
const TOO_LONG: &str = "the listing is longer than podex reads into memory";

/// The pages of a list operation.
pub struct Pages {
    client: Client,
    scope: Scope,
    service: String,
    operation: String,
    /// The next page's input; None behind the last.
    input: Option<Value>,
    turns: Turns,
    /// Bytes that may still come, where the caller keeps all pages.
    left: Option<usize>,
}

impl Pages {
    pub(super) fn new(client: Client, scope: Scope, service: &str, operation: &str, input: Value) -> Self {
        let (service, operation) = (service.to_owned(), operation.to_owned());
        Self { client, scope, service, operation, input: Some(input), turns: Turns::default(), left: None }
    }

    /// For a caller that keeps all pages: together they may be as large as one answer.
    pub fn kept(self) -> Self {
        Self { left: Some(MAX_PARSED_BODY), ..self }
    }

    /// The next page; None behind the last. A token that repeats, too many pages, and a listing too large to be kept
    /// are errors.
    pub async fn next(&mut self) -> Option<Result<Value, AwsError>> {
        let input = self.input.take()?;
        let page = self.client.call_sized(&self.scope, &self.service, &self.operation, &input).await;
        Some(page.and_then(|(page, size)| {
            let call = Call::find(&self.service, &self.operation)?;
            let malformed = |message: String| call.error(ErrorClass::Malformed, message);
            if let Some(left) = &mut self.left {
                *left = left.checked_sub(size).ok_or_else(|| malformed(TOO_LONG.to_owned()))?;
            }
            if let Some(paginator) = call.model.pagination.get(call.operation) {
                self.input = self.turns.next_input(paginator, input, &page).map_err(malformed)?;
            }
            Ok(page)
        }))
    }
}

/// Refuses listings that never end: they go round in circles, bring nothing new, or go on and on.
#[derive(Default)]
pub struct Turns {
    tokens: HashSet<String>,
    /// What the pages hold, as hashes.
    contents: HashSet<u64>,
    stale: u32,
    pages: u32,
    /// Of what the pages hold.
    bytes: u64,
}

impl Turns {
    /// Takes note of a page that another follows, at `token`.
    ///
    /// # Errors
    /// With what is wrong, where the listing would not end.
    pub fn turn(&mut self, token: String, page: &Value) -> Result<(), String> {
        self.pages += 1;
        if self.pages >= MAX_PAGES {
            return Err(format!("the listing does not end within {MAX_PAGES} pages"));
        }
        if !self.tokens.insert(token) {
            return Err("the listing goes round in circles: it gave the same token twice".to_owned());
        }
        let mut hasher = Measuring::default();
        hash_lists(page, &mut hasher);
        self.bytes = self.bytes.saturating_add(hasher.bytes);
        if self.bytes >= MAX_BYTES {
            return Err(format!("the listing does not end within {} GiB", MAX_BYTES >> 30));
        }
        self.stale += u32::from(!self.contents.insert(hasher.finish()));
        if self.stale >= MAX_STALE {
            return Err(format!("the listing does not end: {MAX_STALE} pages brought nothing new"));
        }
        Ok(())
    }

    fn next_input(&mut self, paginator: &Paginator, input: Value, page: &Value) -> Result<Option<Value>, String> {
        let more = paginator.more_results.as_deref().map(|path| look_up(page, path).is_some_and(is_set));
        if more == Some(false) {
            return Ok(None);
        }
        let tokens: Vec<_> =
            paginator.output_token.iter().map(|path| look_up(page, path).filter(|token| is_set(token))).collect();
        if tokens.iter().all(Option::is_none) {
            return match more {
                Some(true) => Err("the listing says that there is more, but not how to go on".to_owned()),
                _ => Ok(None),
            };
        }
        let print = tokens.iter().map(|token| token.map(Value::to_string).unwrap_or_default());
        self.turn(print.collect::<Vec<_>>().join("\n"), page)?;
        let mut members = match input {
            Value::Object(members) => members,
            _ => serde_json::Map::new(),
        };
        for (name, token) in paginator.input_token.iter().zip(tokens) {
            match token {
                Some(token) => members.insert(name.clone(), token.clone()),
                None => members.remove(name),
            };
        }
        Ok(Some(Value::Object(members)))
    }
}

/// Hashes and counts what goes in.
#[derive(Default)]
struct Measuring {
    hasher: DefaultHasher,
    bytes: u64,
}

impl Hasher for Measuring {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

/// Hashes the lists of a page: what it brings. Tokens, counts and request ids stand beside them.
fn hash_lists(value: &Value, hasher: &mut Measuring) {
    match value {
        Value::Array(items) => items.hash(hasher),
        Value::Object(members) => members.values().for_each(|value| hash_lists(value, hasher)),
        _ => {}
    }
}

/// Whether a token says something, or a flag is up.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Number(_) => true,
    }
}

/// Evaluates what paginators use of JMESPath: `a.b`, `a[-1].b` and `x || y`.
fn look_up<'a>(page: &'a Value, expression: &str) -> Option<&'a Value> {
    expression.split("||").find_map(|path| {
        path.trim().split('.').try_fold(page, |value, step| {
            let (name, index) = match step.split_once('[') {
                Some((name, index)) => (name, Some(index.trim_end_matches(']').parse::<isize>().ok()?)),
                None => (step, None),
            };
            let value = value.get(name)?;
            let Some(index) = index else { return Some(value) };
            let items = value.as_array()?;
            let at = if index < 0 { items.len().checked_sub(index.unsigned_abs())? } else { index.unsigned_abs() };
            items.get(at)
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::model;

    fn paginator(service: &str, operation: &str) -> &'static Paginator {
        &model::model(service).unwrap().pagination[operation]
    }

    #[test]
    fn several_tokens_travel_together() {
        let paginator = paginator("s3", "ListObjectVersions");
        let page = json!({"IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v"});
        let input = Turns::default().next_input(paginator, json!({"Bucket": "b"}), &page).unwrap();
        assert_eq!(input, Some(json!({"Bucket": "b", "KeyMarker": "k", "VersionIdMarker": "v"})));
        let page = json!({"IsTruncated": true, "NextKeyMarker": "l"});
        let input = Turns::default().next_input(paginator, input.unwrap(), &page).unwrap();
        assert_eq!(input, Some(json!({"Bucket": "b", "KeyMarker": "l"})));
    }

    #[test]
    fn a_listing_ends_where_it_says_so_whatever_tokens_it_gives() {
        let page = json!({"IsTruncated": false, "Marker": "m"});
        assert_eq!(Turns::default().next_input(paginator("iam", "ListUsers"), json!({}), &page), Ok(None));
        assert_eq!(Turns::default().next_input(paginator("lambda", "ListFunctions"), json!({}), &json!({})), Ok(None));
    }

    #[test]
    fn the_last_entry_stands_in_for_a_missing_token() {
        let page = json!({"IsTruncated": true, "Contents": [{"Key": "a"}, {"Key": "b"}]});
        let input = Turns::default().next_input(paginator("s3", "ListObjects"), json!({}), &page).unwrap();
        assert_eq!(input, Some(json!({"Marker": "b"})));
    }

    #[test]
    fn a_repeated_token_and_a_missing_one_are_errors() {
        let paginator = paginator("iam", "ListUsers");
        let page = json!({"IsTruncated": true, "Marker": "m"});
        let mut turns = Turns::default();
        let input = turns.next_input(paginator, json!({}), &page).unwrap().unwrap();
        assert!(turns.next_input(paginator, input, &page).unwrap_err().contains("twice"));
        assert!(Turns::default().next_input(paginator, json!({}), &json!({"IsTruncated": true})).is_err());
    }

    #[test]
    fn an_endless_listing_is_an_error() {
        let paginator = paginator("lambda", "ListFunctions");
        let mut turns = Turns { pages: MAX_PAGES - 2, ..Turns::default() };
        assert!(turns.next_input(paginator, json!({}), &json!({"NextMarker": "1"})).is_ok());
        assert!(turns.next_input(paginator, json!({}), &json!({"NextMarker": "2"})).unwrap_err().contains("end"));
        // However few the pages are.
        let mut turns = Turns { bytes: MAX_BYTES - (1 << 20), ..Turns::default() };
        let mut page = |number: u32| {
            let entry = json!({"FunctionName": format!("{number}{}", "f".repeat(400_000))});
            turns.next_input(paginator, json!({}), &json!({"NextMarker": number.to_string(), "Functions": [entry]}))
        };
        assert!(page(0).is_ok() && page(1).is_ok());
        assert!(page(2).unwrap_err().contains("does not end within 4 GiB"));
    }

    #[test]
    fn pages_that_bring_nothing_new_end_a_listing_and_long_ones_do_not() {
        let paginator = paginator("lambda", "ListFunctions");
        let turns = |page: &dyn Fn(u32) -> Value| {
            let mut turns = Turns::default();
            (0..2 * MAX_STALE).find_map(|number| {
                let page = page(number);
                turns.next_input(paginator, json!({}), &page).err()
            })
        };
        let empty = turns(&|number| json!({"NextMarker": number.to_string(), "Functions": []}));
        assert!(empty.unwrap().contains("nothing new"));
        let same = turns(&|number| json!({"NextMarker": number.to_string(), "Functions": [{"FunctionName": "f"}]}));
        assert!(same.unwrap().contains("nothing new"));
        let fresh = |number: u32| json!({"NextMarker": number.to_string(), "Functions": [{"FunctionName": number}]});
        assert_eq!(turns(&fresh), None);
    }
}
