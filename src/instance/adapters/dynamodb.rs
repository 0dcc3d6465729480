//! DynamoDB items.

use std::cmp::Ordering;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::util::{check_cancelled, fault, gone, list, text};
use super::{Adapter, ApplyContext, CaptureContext, InstanceError, Parent};
use crate::aws::{AwsError, Client, ErrorClass, Scope};
use crate::pod::{Document, Observed};

/// Items that `BatchWriteItem` takes.
const BATCH: usize = 25;
/// Numbers are written out up to this many digits, as DynamoDB does.
const PLAIN_DIGITS: i64 = 40;

/// `dynamodb/item`. Named by its key: partition key, and behind a `|` the sort key.
pub(super) struct Items;

#[async_trait]
impl Adapter for Items {
    fn kind(&self) -> &'static str {
        "dynamodb/item"
    }

    async fn capture(&self, context: &CaptureContext<'_>, parent: Option<&Parent>) -> Result<(), InstanceError> {
        let Some(parent) = parent else { return Ok(()) };
        let table = parent.key.own_name();
        let client = &context.instance.client;
        let keys = KeySchema::of(client, &context.scope, table).await?;
        let input = json!({"TableName": table, "ConsistentRead": true});
        let mut pages = client.pages(&context.scope, "dynamodb", "Scan", input);
        let mut scanned = pages.next().await;
        while let Some(page) = scanned {
            // The next page is asked for meanwhile.
            let (next, taken) = futures_util::join!(pages.next(), take_page(context, table, &keys, page?));
            taken?;
            check_cancelled(context)?;
            scanned = next;
        }
        Ok(())
    }

    async fn create(&self, context: &ApplyContext<'_>, wanted: &Document) -> Result<Observed, AwsError> {
        let input = json!({"TableName": context.key.name.first(), "Item": wanted.attributes.get("Item")});
        context.instance.client.call(&context.scope, "dynamodb", "PutItem", input).await.map(|_| Observed::new())
    }

    async fn update(
        &self,
        context: &ApplyContext<'_>,
        _current: &Document,
        wanted: &Document,
    ) -> Result<Observed, AwsError> {
        self.create(context, wanted).await
    }

    async fn delete(&self, context: &ApplyContext<'_>) -> Result<(), AwsError> {
        let client = &context.instance.client;
        let table = context.key.name.first().map_or("", String::as_str);
        let keys = match KeySchema::of(client, &context.scope, table).await {
            Err(error) if error.class == ErrorClass::NotFound => return Ok(()),
            found => found?,
        };
        let name = context.key.own_name();
        let key = keys.key(name);
        let key = key.ok_or_else(|| fault("dynamodb", "DeleteItem", format!("{name:?} is no key of table {table}")))?;
        let input = json!({"TableName": table, "Key": key});
        gone(client.call(&context.scope, "dynamodb", "DeleteItem", input).await)
    }

    fn batch(&self) -> usize {
        BATCH
    }

    async fn create_many(&self, steps: &[(ApplyContext<'_>, &Document)]) -> Vec<Result<Observed, AwsError>> {
        if write_batch(steps).await {
            return steps.iter().map(|_| Ok(Observed::new())).collect();
        }
        // Something was refused: one by one, to know what. Putting an item twice does no harm.
        let mut results = Vec::with_capacity(steps.len());
        for (context, wanted) in steps {
            results.push(self.create(context, wanted).await);
        }
        results
    }
}

/// Takes in the items of a page.
async fn take_page(
    context: &CaptureContext<'_>,
    table: &str,
    keys: &KeySchema,
    mut page: Value,
) -> Result<(), InstanceError> {
    let items = page.get_mut("Items").and_then(Value::as_array_mut).map(std::mem::take);
    for mut item in items.unwrap_or_default() {
        canonical_item(&mut item);
        let Some(name) = keys.name(&item) else {
            context.emit.note(format!("an item of table {table} lacks its key"), true);
            continue;
        };
        context.emit.read(item.to_string().len() as u64);
        let attributes = Map::from_iter([("Item".to_owned(), item)]);
        let document = Document { attributes, ..Document::default() };
        context.emit.emit(vec![table.to_owned(), name], document, Observed::new()).await?;
    }
    Ok(())
}

/// Writes items of one table at once; whether all of them are there now.
async fn write_batch(steps: &[(ApplyContext<'_>, &Document)]) -> bool {
    let Some((first, _)) = steps.first() else { return true };
    let Some(table) = first.key.name.first() else { return false };
    if steps.len() > BATCH || steps.iter().any(|(context, _)| context.key.name.first() != Some(table)) {
        return false;
    }
    let put =
        |(_, wanted): &(ApplyContext<'_>, &Document)| json!({"PutRequest": {"Item": wanted.attributes.get("Item")}});
    let requests = Value::Array(steps.iter().map(put).collect());
    let input = json!({"RequestItems": Map::from_iter([(table.clone(), requests)])});
    let answer = first.instance.client.call(&first.scope, "dynamodb", "BatchWriteItem", input).await;
    let unprocessed =
        |answer: &Value| answer.get("UnprocessedItems").and_then(Value::as_object).is_some_and(|left| !left.is_empty());
    answer.is_ok_and(|answer| !unprocessed(&answer))
}

/// The names and types of a table's key attributes: partition key first.
struct KeySchema(Vec<(String, String)>);

impl KeySchema {
    async fn of(client: &Client, scope: &Scope, table: &str) -> Result<Self, AwsError> {
        let answer = client.call(scope, "dynamodb", "DescribeTable", json!({"TableName": table})).await?;
        let table = answer.get("Table").unwrap_or(&Value::Null);
        let kind = |name: &str| {
            let definitions = list(table, "AttributeDefinitions");
            let found = definitions.iter().find(|definition| text(definition, "AttributeName") == Some(name));
            found.and_then(|definition| text(definition, "AttributeType")).map(str::to_owned)
        };
        let mut keys: Vec<_> = list(table, "KeySchema")
            .iter()
            .filter_map(|key| Some((text(key, "KeyType") != Some("HASH"), text(key, "AttributeName")?.to_owned())))
            .collect();
        keys.sort();
        Ok(Self(keys.into_iter().filter_map(|(_, name)| Some((name.clone(), kind(&name)?))).collect()))
    }

    /// The item's name: its key values as text, `\` and `|` in them escaped.
    fn name(&self, item: &Value) -> Option<String> {
        let parts = self
            .0
            .iter()
            .map(|(name, kind)| Some(text(item.get(name)?, kind)?.replace('\\', r"\\").replace('|', r"\|")));
        let parts: Vec<String> = parts.collect::<Option<_>>()?;
        (!parts.is_empty()).then(|| parts.join("|"))
    }

    /// [`KeySchema::name`] backwards.
    fn key(&self, name: &str) -> Option<Value> {
        let mut parts = vec![String::new()];
        let mut characters = name.chars();
        while let Some(character) = characters.next() {
            match character {
                '|' => parts.push(String::new()),
                '\\' => parts.last_mut()?.push(characters.next()?),
                other => parts.last_mut()?.push(other),
            }
        }
        if parts.len() != self.0.len() {
            return None;
        }
        let member = |((name, kind), part): (&(String, String), String)| {
            (name.clone(), Value::Object(Map::from_iter([(kind.clone(), json!(part))])))
        };
        Some(Value::Object(self.0.iter().zip(parts).map(member).collect()))
    }
}

/// Sorts sets and writes numbers as DynamoDB itself does, so that equal items are equal on every emulator.
fn canonical_item(item: &mut Value) {
    item.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(canonical_value);
}

fn canonical_value(value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    for (kind, inner) in members {
        match (kind.as_str(), inner) {
            ("N", Value::String(number)) => *number = canonical_number(number),
            ("NS", Value::Array(numbers)) => {
                for number in numbers.iter_mut() {
                    if let Value::String(text) = number {
                        *text = canonical_number(text);
                    }
                }
                numbers.sort_by(|one, other| compare(one.as_str(), other.as_str()));
            }
            ("SS" | "BS", Value::Array(members)) => members.sort_by(|one, other| one.as_str().cmp(&other.as_str())),
            ("L", Value::Array(items)) => items.iter_mut().for_each(canonical_value),
            ("M", map) => canonical_item(map),
            _ => {}
        }
    }
}

/// By length first, so that a set of whole numbers reads in their order; any order will do.
fn compare(one: Option<&str>, other: Option<&str>) -> Ordering {
    let rank = |text: Option<&str>| {
        let text = text.unwrap_or_default();
        (!text.starts_with('-'), text.len(), text.to_owned())
    };
    rank(one).cmp(&rank(other))
}

/// A decimal number without what says nothing: signs, leading and trailing zeros, exponents of small numbers.
/// No digit that counts is lost. What is no number comes back as it is.
fn canonical_number(text: &str) -> String {
    decompose(text).map_or_else(|| text.to_owned(), |(negative, digits, exponent)| compose(negative, &digits, exponent))
}

/// Sign, digits, and the power of ten of the last digit.
fn decompose(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix('-');
    let (negative, digits) = (unsigned.is_some(), unsigned.unwrap_or(mantissa.trim_start_matches('+')));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let significant = all.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    let dropped = i64::try_from(significant.len() - trimmed.len()).ok()?;
    Some((negative && !trimmed.is_empty(), trimmed.to_owned(), exponent.checked_add(dropped)?))
}

fn compose(negative: bool, digits: &str, exponent: i64) -> String {
    let sign = if negative { "-" } else { "" };
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let point = exponent.saturating_add(length);
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    if digits.is_empty() {
        return "0".to_owned();
    }
    if exponent >= 0 && point <= PLAIN_DIGITS {
        return format!("{sign}{digits}{}", zeros(exponent));
    }
    if exponent < 0 && point > 0 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        return format!("{sign}{whole}.{fraction}");
    }
    if exponent < 0 && point > -PLAIN_DIGITS {
        return format!("{sign}0.{}{digits}", zeros(-point));
    }
    let (first, rest) = digits.split_at(1);
    let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
    format!("{sign}{first}{fraction}E{:+}", point - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schema() -> KeySchema {
        KeySchema(vec![("pk".to_owned(), "S".to_owned()), ("sk".to_owned(), "N".to_owned())])
    }

    #[test]
    fn numbers_are_written_in_one_way_without_losing_a_digit() {
        let cases = [
            ("1.0", "1"),
            ("-0", "0"),
            ("+007.50", "7.5"),
            ("1E2", "100"),
            ("12e-3", "0.012"),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
            ("-0.00000000000000000001", "-0.00000000000000000001"),
            ("1E+125", "1E+125"),
            ("12.5E-130", "1.25E-129"),
            ("not a number", "not a number"),
        ];
        for (given, expected) in cases {
            assert_eq!(canonical_number(given), expected);
            assert_eq!(canonical_number(expected), expected);
        }
    }

    #[test]
    fn sets_are_sorted_at_any_depth() {
        let mut item = json!({"a": {"SS": ["b", "a"]}, "m": {"M": {"n": {"L": [{"NS": ["10", "9", "-1.0"]}]}}}});
        canonical_item(&mut item);
        let sorted = json!({"a": {"SS": ["a", "b"]}, "m": {"M": {"n": {"L": [{"NS": ["-1", "9", "10"]}]}}}});
        assert_eq!(item, sorted);
    }

    proptest! {
        #[test]
        fn a_name_gives_the_key_back(pk in any::<String>(), sk in -1000i64..1000) {
            let key = json!({"pk": {"S": pk}, "sk": {"N": sk.to_string()}});
            let name = schema().name(&key).unwrap();
            prop_assert_eq!(schema().key(&name), Some(key));
        }
    }
}
