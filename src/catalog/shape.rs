//! Shapes: how an attribute looks in a document, and how the API wants it.
//!
//! Decoding at capture makes two emulators' answers comparable: JSON texts become JSON, lists without an order are
//! sorted, lists of key–value pairs become objects. Encoding before apply turns them back.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// One step between the API's form and the document's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `json`: JSON text (possibly percent-encoded) ↔ JSON.
    Json,
    /// `set`: the order of a list means nothing.
    Set,
    /// `pairs KEY VALUE`: a list of `{KEY, VALUE}` ↔ an object.
    Pairs(String, String),
    /// `named KEY VALUE`: a list of `{KEY, VALUE}` is an object. Not turned back.
    Named(String, String),
    /// `map KEY …`: a list of objects ↔ an object of them by their member KEY, the first of several that is there.
    Map(Vec<String>),
    /// `pick MEMBER`: of each object in a list, this member alone. Not turned back.
    Pick(String),
    /// `keep A B …`: of an object, or of each object in a list, these members alone. Not turned back.
    Keep(Vec<String>),
    /// `omit A B …`: of an object, or of each object in a list, without these members. Not turned back.
    Omit(Vec<String>),
    /// `without MEMBER TEXT`: of a list of objects, those whose MEMBER does not begin so. Not turned back.
    Without(String, String),
    /// `only MEMBER TEXT`: of a list of objects, those whose MEMBER begins so. Not turned back.
    Only(String, String),
    /// `strip TEXT`: a text without this at its beginning. Not turned back.
    Strip(String),
    /// `absent TEXT`: a value that reads so is as good as absent. Not turned back.
    Absent(String),
    /// `nonempty`: an empty object or list is as good as absent. Not turned back.
    NonEmpty,
    /// `number`: digits in text are a number. Not turned back.
    Number,
}

impl Shape {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let name = words.next()?;
        let arguments: Vec<String> = words.map(str::to_owned).collect();
        Some(match (name, arguments.as_slice()) {
            ("json", []) => Self::Json,
            ("set", []) => Self::Set,
            ("pairs", [key, value]) => Self::Pairs(key.clone(), value.clone()),
            ("named", [key, value]) => Self::Named(key.clone(), value.clone()),
            ("map", [_, ..]) => Self::Map(arguments),
            ("pick", [member]) => Self::Pick(member.clone()),
            ("keep", [_, ..]) => Self::Keep(arguments),
            ("omit", [_, ..]) => Self::Omit(arguments),
            ("without", [member, text]) => Self::Without(member.clone(), text.clone()),
            ("only", [member, text]) => Self::Only(member.clone(), text.clone()),
            ("strip", [text]) => Self::Strip(text.clone()),
            ("absent", [text]) => Self::Absent(text.clone()),
            ("nonempty", []) => Self::NonEmpty,
            ("number", []) => Self::Number,
            _ => return None,
        })
    }

    /// The API's form into the document's. None drops the value.
    fn decode(&self, value: Value) -> Option<Value> {
        Some(match (self, value) {
            (Self::Json, Value::String(text)) => decode_json(&text).unwrap_or(Value::String(text)),
            (Self::Set, Value::Array(mut values)) => {
                values.sort_by_cached_key(Value::to_string);
                Value::Array(values)
            }
            (Self::Pairs(key, member) | Self::Named(key, member), Value::Array(values)) => Value::Object(
                values
                    .into_iter()
                    .filter_map(|mut pair| Some((text_at(&pair, key)?, pair.get_mut(member)?.take())))
                    .collect(),
            ),
            (Self::Map(keys), Value::Array(values)) => Value::Object(
                values
                    .into_iter()
                    .filter_map(|value| Some((keys.iter().find_map(|key| text_at(&value, key))?, value)))
                    .collect(),
            ),
            (Self::Without(member, start), Value::Array(mut values)) => {
                values.retain(|value| !begins(value, member, start));
                Value::Array(values)
            }
            (Self::Only(member, start), Value::Array(mut values)) => {
                values.retain(|value| begins(value, member, start));
                Value::Array(values)
            }
            (Self::Pick(member), Value::Array(values)) => {
                values.into_iter().filter_map(|mut value| Some(value.get_mut(member)?.take())).collect()
            }
            (Self::Keep(members), value) => {
                each_object(value, &|object| object.retain(|name, _| members.contains(name)))
            }
            (Self::Omit(members), value) => {
                each_object(value, &|object| object.retain(|name, _| !members.contains(name)))
            }
            (Self::Strip(start), Value::String(text)) => {
                Value::String(text.strip_prefix(start.as_str()).map_or(text.clone(), str::to_owned))
            }
            (Self::Absent(text), Value::String(value)) if value == *text => return None,
            (Self::Absent(text), Value::Number(value)) if value.to_string() == *text => return None,
            (Self::Absent(text), Value::Bool(value)) if value.to_string() == *text => return None,
            (Self::NonEmpty, Value::Object(members)) if members.is_empty() => return None,
            (Self::NonEmpty, Value::Array(values)) if values.is_empty() => return None,
            (Self::Number, Value::String(text)) => {
                text.parse::<i64>().map_or_else(|_| Value::String(text), |number| number.into())
            }
            (_, value) => value,
        })
    }

    /// The document's form into the API's.
    fn encode(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Json, value @ (Value::Object(_) | Value::Array(_))) => Value::String(value.to_string()),
            (Self::Pairs(key, member), Value::Object(pairs)) => pairs
                .into_iter()
                .map(|(name, value)| {
                    Value::Object(Map::from_iter([(key.clone(), Value::String(name)), (member.clone(), value)]))
                })
                .collect(),
            (Self::Map(_), Value::Object(members)) => members.into_iter().map(|(_, value)| value).collect(),
            (_, value) => value,
        }
    }
}

/// The shapes of one place, in decoding order: one text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes(pub Vec<Shape>);

impl<'de> Deserialize<'de> for Shapes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        let texts = match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        let parse = |text: String| {
            Shape::parse(&text).ok_or_else(|| {
                de::Error::custom(format!(
                    "unknown shape {text:?}: use json, set, pairs KEY VALUE, named KEY VALUE, map KEY …, pick MEMBER, keep A B, omit A B, without MEMBER TEXT, only MEMBER TEXT, strip TEXT, absent TEXT, nonempty, number"
                ))
            })
        };
        texts.into_iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Shapes {
    /// Brings what is at `path` below `value` into the document's form. `*` in the path means every member or item.
    pub fn decode_at(&self, value: &mut Value, path: &[String]) {
        at(value, path, &|value| self.0.iter().try_fold(value, |value, shape| shape.decode(value)));
    }

    /// Sorts what is at `path` below `value` again, if its order means nothing.
    pub fn sort_at(&self, value: &mut Value, path: &[String]) {
        if self.0.contains(&Shape::Set) {
            at(value, path, &|value| Shape::Set.decode(value));
        }
    }

    /// Brings what is at `path` below `value` into the API's form.
    pub fn encode_at(&self, value: &mut Value, path: &[String]) {
        at(value, path, &|value| Some(self.0.iter().rev().fold(value, |value, shape| shape.encode(value))));
    }
}

/// Changes what is at `path`; a change to None removes the member.
fn at(value: &mut Value, path: &[String], change: &dyn Fn(Value) -> Option<Value>) {
    let Some((name, rest)) = path.split_first() else {
        *value = change(value.take()).unwrap_or(Value::Null);
        return;
    };
    match value {
        Value::Object(members) if name == "*" => members.values_mut().for_each(|member| at(member, rest, change)),
        Value::Array(values) if name == "*" => values.iter_mut().for_each(|value| at(value, rest, change)),
        Value::Object(members) => {
            if let Some(member) = members.get_mut(name) {
                at(member, rest, change);
                if member.is_null() {
                    members.remove(name);
                }
            }
        }
        _ => {}
    }
}

fn decode_json(text: &str) -> Option<Value> {
    let container =
        |text: &str| serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || value.is_array());
    container(text).or_else(|| container(&percent_decode_str(text).decode_utf8().ok()?))
}

/// Whether the text at `member` begins so.
fn begins(value: &Value, member: &str, start: &str) -> bool {
    value.get(member).and_then(Value::as_str).is_some_and(|text| text.starts_with(start))
}

fn text_at(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

fn each_object(mut value: Value, change: &dyn Fn(&mut Map<String, Value>)) -> Value {
    match &mut value {
        Value::Object(object) => change(object),
        Value::Array(values) => values.iter_mut().filter_map(Value::as_object_mut).for_each(change),
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shapes(texts: &[&str]) -> Shapes {
        Shapes(texts.iter().map(|text| Shape::parse(text).unwrap()).collect())
    }

    #[test]
    fn what_is_decoded_encodes_back() {
        for (texts, wire) in [
            (&["json"][..], json!(r#"{"Version":"2012"}"#)),
            (&["pairs Key Value"], json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])),
            (&["map Id"], json!([{"Id": "a", "X": 1}, {"Id": "b"}])),
            (&["json"], json!("not json")),
        ] {
            let mut value = json!({ "A": wire });
            shapes(texts).decode_at(&mut value, &["A".to_owned()]);
            shapes(texts).encode_at(&mut value, &["A".to_owned()]);
            assert_eq!(value, json!({ "A": wire }));
        }
    }

    #[test]
    fn sets_are_sorted_and_noise_is_dropped_below_stars() {
        let mut value = json!({"R": [{"E": ["b", "a"], "Id": 1}]});
        shapes(&["set"]).decode_at(&mut value, &["R".to_owned(), "*".to_owned(), "E".to_owned()]);
        shapes(&["omit Id"]).decode_at(&mut value, &["R".to_owned()]);
        assert_eq!(value, json!({"R": [{"E": ["a", "b"]}]}));
    }

    #[test]
    fn lists_are_keyed_by_the_first_member_there_and_lose_what_is_not_wanted() {
        let mut value = json!([{"A": "1", "G": "x"}, {"B": "2"}, {"A": "3", "G": "local"}]);
        shapes(&["without G local", "map A B"]).decode_at(&mut value, &[]);
        assert_eq!(value, json!({"1": {"A": "1", "G": "x"}, "2": {"B": "2"}}));
        let mut value = json!([{"Name": "custom:a"}, {"Name": "email"}]);
        shapes(&["only Name custom:"]).decode_at(&mut value, &[]);
        assert_eq!(value, json!([{"Name": "custom:a"}]));
        let mut value = json!("integrations/ab12cd3");
        shapes(&["strip integrations/"]).decode_at(&mut value, &[]);
        assert_eq!(value, json!("ab12cd3"));
    }

    #[test]
    fn percent_encoded_policies_are_read() {
        let mut value = json!("%7B%22A%22%3A1%7D");
        shapes(&["json"]).decode_at(&mut value, &[]);
        assert_eq!(value, json!({"A": 1}));
    }
}
