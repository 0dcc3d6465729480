//! Paging by the models' paginators.

use std::collections::HashSet;

use serde_json::Value;

use super::model::Paginator;
use super::protocol::Call;
use super::{AwsError, Client, ErrorClass, Scope};

/// Pages after which a listing is taken to be endless: a hundred million entries at the usual thousand a page.
const MAX_PAGES: u32 = 100_000;

/// The pages of a list operation.
pub struct Pages {
    client: Client,
    scope: Scope,
    service: String,
    operation: String,
    /// The next page's input; None behind the last.
    input: Option<Value>,
    guard: Guard,
}

impl Pages {
    pub(super) fn new(client: Client, scope: Scope, service: &str, operation: &str, input: Value) -> Self {
        let (service, operation) = (service.to_owned(), operation.to_owned());
        Self { client, scope, service, operation, input: Some(input), guard: Guard::default() }
    }

    /// The next page; None behind the last. A token that repeats, or too many pages, is an error.
    pub async fn next(&mut self) -> Option<Result<Value, AwsError>> {
        let input = self.input.take()?;
        let page = self.client.call(&self.scope, &self.service, &self.operation, input.clone()).await;
        Some(page.and_then(|page| {
            let call = Call::find(&self.service, &self.operation)?;
            if let Some(paginator) = call.model.pagination.get(call.operation) {
                let next = self.guard.next_input(paginator, input, &page);
                self.input = next.map_err(|message| call.error(ErrorClass::Malformed, message))?;
            }
            Ok(page)
        }))
    }
}

/// Finds the next page's input and refuses listings that go round in circles.
#[derive(Default)]
struct Guard {
    seen: HashSet<String>,
    pages: u32,
}

impl Guard {
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
        self.pages += 1;
        if self.pages >= MAX_PAGES {
            return Err(format!("the listing does not end within {MAX_PAGES} pages"));
        }
        let print = tokens.iter().map(|token| token.map(Value::to_string).unwrap_or_default());
        if !self.seen.insert(print.collect::<Vec<_>>().join("\n")) {
            return Err("the listing goes round in circles: it gave the same token twice".to_owned());
        }
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
        let input = Guard::default().next_input(paginator, json!({"Bucket": "b"}), &page).unwrap();
        assert_eq!(input, Some(json!({"Bucket": "b", "KeyMarker": "k", "VersionIdMarker": "v"})));
        let page = json!({"IsTruncated": true, "NextKeyMarker": "l"});
        let input = Guard::default().next_input(paginator, input.unwrap(), &page).unwrap();
        assert_eq!(input, Some(json!({"Bucket": "b", "KeyMarker": "l"})));
    }

    #[test]
    fn a_listing_ends_where_it_says_so_whatever_tokens_it_gives() {
        let page = json!({"IsTruncated": false, "Marker": "m"});
        assert_eq!(Guard::default().next_input(paginator("iam", "ListUsers"), json!({}), &page), Ok(None));
        assert_eq!(Guard::default().next_input(paginator("lambda", "ListFunctions"), json!({}), &json!({})), Ok(None));
    }

    #[test]
    fn the_last_entry_stands_in_for_a_missing_token() {
        let page = json!({"IsTruncated": true, "Contents": [{"Key": "a"}, {"Key": "b"}]});
        let input = Guard::default().next_input(paginator("s3", "ListObjects"), json!({}), &page).unwrap();
        assert_eq!(input, Some(json!({"Marker": "b"})));
    }

    #[test]
    fn a_repeated_token_and_a_missing_one_are_errors() {
        let paginator = paginator("iam", "ListUsers");
        let page = json!({"IsTruncated": true, "Marker": "m"});
        let mut guard = Guard::default();
        let input = guard.next_input(paginator, json!({}), &page).unwrap().unwrap();
        assert!(guard.next_input(paginator, input, &page).unwrap_err().contains("twice"));
        assert!(Guard::default().next_input(paginator, json!({}), &json!({"IsTruncated": true})).is_err());
    }

    #[test]
    fn an_endless_listing_is_an_error() {
        let paginator = paginator("lambda", "ListFunctions");
        let mut guard = Guard { pages: MAX_PAGES - 2, ..Guard::default() };
        assert!(guard.next_input(paginator, json!({}), &json!({"NextMarker": "1"})).is_ok());
        assert!(guard.next_input(paginator, json!({}), &json!({"NextMarker": "2"})).unwrap_err().contains("end"));
    }
}
