//! Templates: JSON values with `{path}` placeholders, filled in from what is known of a resource.
//!
//! A string that is one placeholder alone becomes the value it names, of whatever JSON type; where the value
//! is missing, the member is left out. Placeholders inside other text are written into it as text. A path may be
//! followed by pipes: `{item.TopicArn|last::}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

/// A JSON value with placeholders.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A value without placeholders.
    Literal(Value),
    /// One placeholder alone.
    Field(Placeholder),
    /// Text with placeholders in it.
    Text(Vec<Piece>),
    /// An object of templates. The members of what stands at `...` become members of the object itself.
    Object(BTreeMap<String, Template>),
    /// A list of templates. The items of what stands at `...` in an object of its own become items of the list itself.
    /// A list of nothing but missing values is missing.
    List(Vec<Template>),
}

/// The member of an object template whose value's members go into the object, or its items into the list around it.
const SPREAD: &str = "...";

/// A piece of a text template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it is.
    Plain(String),
    /// To be filled in.
    Field(Placeholder),
}

/// A path into the known values, and what is done to the value found.
#[derive(Clone, Debug, PartialEq)]
pub struct Placeholder {
    /// Member names, or positions in lists.
    pub path: Vec<String>,
    /// Applied in order.
    pub pipes: Vec<Pipe>,
}

/// What is done to a value on its way into a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Pipe {
    /// `last:SEP`: the text behind the last separator.
    Last(String),
    /// `until:SEP`: the text before the first separator.
    Until(String),
    /// `part:N`: the Nth (from 0) part of an ARN.
    Part(usize),
    /// `or:TEXT`: where there is no value.
    Or(String),
    /// `not:TEXT`: no value if it is this text.
    Not(String),
    /// `else:PATH`: where there is no value, the one at another path.
    Else(Vec<String>),
    /// `when:PATH:TEXT`: this text instead, where there is a value (but false) at another path.
    When(Vec<String>, String),
    /// `tag:NAME`: of a list of tags (`Key` and `Value` in any case) or an object of them, the value of one.
    Tag(String),
    /// `as:TEXT`: this text instead, where there is a value.
    As(String),
    /// `least:MEMBER`: of a list of objects, the least text that is their MEMBER.
    Least(String),
    /// `on:NAME`: no value but on this emulator.
    On(String),
    /// `json`: the value as JSON text.
    Json,
    /// `text`: numbers and booleans as text.
    Text,
}

/// A text that is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("{text:?} has an opening brace without a closing one")]
    Open {
        /// The template.
        text: String,
    },
    /// A pipe that does not exist.
    #[error(
        "unknown pipe {pipe:?} in {text:?}: use last, until, part, or, else, not, when, tag, as, least, on, json, text"
    )]
    Pipe {
        /// The pipe.
        pipe: String,
        /// The template.
        text: String,
    },
}

impl Template {
    /// Reads the placeholders in every string of `value`.
    pub fn parse(value: Value) -> Result<Self, TemplateError> {
        Ok(match value {
            Value::String(text) => parse_text(&text)?,
            Value::Object(members) => Self::Object(
                members.into_iter().map(|(name, value)| Ok((name, Self::parse(value)?))).collect::<Result<_, _>>()?,
            ),
            Value::Array(values) => Self::List(values.into_iter().map(Self::parse).collect::<Result<_, _>>()?),
            other => Self::Literal(other),
        })
    }

    /// The template filled in; None where what it needs is missing.
    pub fn fill(&self, known: &Map<String, Value>) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Field(field) => field.value(known),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Plain(plain) => text.push_str(plain),
                        Piece::Field(field) => text.push_str(&as_text(&field.value(known)?)),
                    }
                }
                Some(Value::String(text))
            }
            Self::Object(members) => {
                let mut filled = Map::new();
                for (name, value) in members {
                    match value.fill(known) {
                        Some(Value::Object(more)) if name == SPREAD => filled.extend(more),
                        Some(value) if name != SPREAD => drop(filled.insert(name.clone(), value)),
                        _ => {}
                    }
                }
                (members.is_empty() || !filled.is_empty()).then_some(Value::Object(filled))
            }
            Self::List(values) => {
                let items: Vec<Value> = values
                    .iter()
                    .flat_map(|value| match value.spread() {
                        Some(inner) => {
                            inner.fill(known).and_then(|items| items.as_array().cloned()).unwrap_or_default()
                        }
                        None => value.fill(known).into_iter().collect(),
                    })
                    .collect();
                (values.is_empty() || !items.is_empty()).then_some(Value::Array(items))
            }
        }
    }

    /// What is spread into a list, if that is what this item of it is.
    fn spread(&self) -> Option<&Self> {
        match self {
            Self::Object(members) if members.len() == 1 => members.get(SPREAD),
            _ => None,
        }
    }

    /// The template filled in, as text.
    pub fn fill_text(&self, known: &Map<String, Value>) -> Option<String> {
        self.fill(known).map(|value| as_text(&value))
    }

    /// Calls `visit` with the path of every placeholder.
    pub fn visit(&self, visit: &mut dyn FnMut(&[String])) {
        match self {
            Self::Literal(_) => {}
            Self::Field(field) => visit(&field.path),
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Field(field) = piece {
                    visit(&field.path);
                }
            }),
            Self::Object(members) => members.values().for_each(|member| member.visit(visit)),
            Self::List(values) => values.iter().for_each(|value| value.visit(visit)),
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Placeholder {
    fn value(&self, known: &Map<String, Value>) -> Option<Value> {
        let (first, rest) = self.path.split_first()?;
        let found = known.get(first).and_then(|value| look_up(value, rest)).filter(|value| !value.is_null()).cloned();
        self.pipes.iter().fold(found, |value, pipe| pipe.apply(value, known))
    }
}

impl Pipe {
    fn apply(&self, value: Option<Value>, known: &Map<String, Value>) -> Option<Value> {
        match self {
            Self::Or(text) => return value.or_else(|| Some(Value::String(text.clone()))),
            Self::Else(path) => {
                let (first, rest) = path.split_first()?;
                return value.or_else(|| known.get(first).and_then(|value| look_up(value, rest)).cloned());
            }
            Self::When(path, text) => {
                let (first, rest) = path.split_first()?;
                let found = known.get(first).and_then(|value| look_up(value, rest));
                let holds = found.is_some_and(|found| !matches!(found, Value::Null | Value::Bool(false)));
                return if holds { Some(Value::String(text.clone())) } else { value };
            }
            Self::On(emulator) => return value.filter(|_| known.get("emulator").is_some_and(|name| name == emulator)),
            Self::Tag(name) => return value.and_then(|value| tag(&value, name)),
            Self::As(text) => return value.map(|_| Value::String(text.clone())),
            Self::Least(member) => {
                let value = value?;
                let texts = value.as_array()?.iter().filter_map(|item| item.get(member)?.as_str());
                return texts.min().map(|text| Value::String(text.to_owned()));
            }
            _ => {}
        }
        let value = value?;
        let text = as_text(&value);
        Some(Value::String(match self {
            Self::Last(separator) => text.rsplit(separator.as_str()).next()?.to_owned(),
            Self::Until(separator) => text.split(separator.as_str()).next()?.to_owned(),
            Self::Part(position) => text.split(':').nth(*position)?.to_owned(),
            Self::Not(unwanted) => return (text != *unwanted).then_some(value),
            Self::Json => value.to_string(),
            _ => text,
        }))
    }
}

/// The value of one tag, in whichever form a service writes its tags.
fn tag(tags: &Value, name: &str) -> Option<Value> {
    let found = match tags {
        Value::Array(tags) => tags.iter().find_map(|tag| {
            let member = |wanted: &str| {
                tag.as_object()?.iter().find(|(member, _)| member.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
            };
            let key = member("Key").or_else(|| member("TagKey"))?;
            (key == name).then(|| member("Value").or_else(|| member("TagValue"))).flatten()
        }),
        tags => tags.get(name),
    };
    found.filter(|value| value.as_str().is_some_and(|text| !text.is_empty())).cloned()
}

/// The value at `path` below `value`.
pub fn look_up<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| match value {
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// A dotted path's names; none for the empty path.
pub fn dotted(path: &str) -> Vec<String> {
    path.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn parse_text(text: &str) -> Result<Template, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('{') {
        let (inner, after) = behind.split_once('}').ok_or_else(|| TemplateError::Open { text: text.to_owned() })?;
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain.to_owned()));
        }
        pieces.push(Piece::Field(parse_placeholder(inner, text)?));
        rest = after;
    }
    if pieces.is_empty() {
        return Ok(Template::Literal(Value::String(text.to_owned())));
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest.to_owned()));
    }
    Ok(match pieces.as_slice() {
        [Piece::Field(field)] => Template::Field(field.clone()),
        _ => Template::Text(pieces),
    })
}

fn parse_placeholder(inner: &str, text: &str) -> Result<Placeholder, TemplateError> {
    let mut parts = inner.split('|');
    let path = dotted(parts.next().unwrap_or_default());
    let pipes = parts
        .map(|part| {
            let (name, argument) = part.split_once(':').unwrap_or((part, ""));
            let unknown = || TemplateError::Pipe { pipe: part.to_owned(), text: text.to_owned() };
            Ok(match name {
                "last" => Pipe::Last(argument.to_owned()),
                "until" => Pipe::Until(argument.to_owned()),
                "part" => Pipe::Part(argument.parse().map_err(|_| unknown())?),
                "or" => Pipe::Or(argument.to_owned()),
                "not" => Pipe::Not(argument.to_owned()),
                "else" => Pipe::Else(dotted(argument)),
                "when" => {
                    let (path, text) = argument.split_once(':').ok_or_else(unknown)?;
                    Pipe::When(dotted(path), text.to_owned())
                }
                "tag" => Pipe::Tag(argument.to_owned()),
                "as" => Pipe::As(argument.to_owned()),
                "least" => Pipe::Least(argument.to_owned()),
                "on" => Pipe::On(argument.to_owned()),
                "json" => Pipe::Json,
                "text" => Pipe::Text,
                _ => return Err(unknown()),
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Placeholder { path, pipes })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: Value, known: Value) -> Option<Value> {
        let Value::Object(known) = known else { return None };
        Template::parse(template).unwrap().fill(&known)
    }

    #[test]
    fn a_placeholder_alone_keeps_its_type_and_a_missing_one_goes() {
        let known = json!({"name": "q", "attributes": {"N": 3}});
        assert_eq!(
            fill(json!({"A": "{attributes.N}", "B": "{attributes.M}", "C": "x-{name}", "D": "y-{no}"}), known),
            Some(json!({"A": 3, "C": "x-q"}))
        );
        assert_eq!(fill(json!({"A": {"B": "{no}"}, "C": {}}), json!({})), Some(json!({"C": {}})));
    }

    #[test]
    fn members_are_spread_into_an_object() {
        let template = json!({"T": {"...": "{tags}", "id": "{id}"}});
        assert_eq!(
            fill(template.clone(), json!({"tags": {"a": "1"}, "id": 2})),
            Some(json!({"T": {"a": "1", "id": 2}}))
        );
        assert_eq!(fill(template, json!({})), None);
    }

    #[test]
    fn items_are_spread_into_a_list_and_one_of_missing_values_is_missing() {
        let template = json!({"T": [{"...": "{tags}"}, {"Key": "{id|as:own}", "Value": "{id}"}]});
        let own = json!({"Key": "own", "Value": "x"});
        assert_eq!(fill(template.clone(), json!({"tags": [1, 2], "id": "x"})), Some(json!({"T": [1, 2, own]})));
        assert_eq!(fill(template.clone(), json!({"tags": [1]})), Some(json!({"T": [1]})));
        assert_eq!(fill(template, json!({})), None);
    }

    #[test]
    fn pipes_cut_and_default() {
        let known = json!({"item": "http://h/000/q", "arn": "arn:aws:sns:r:a:t", "region": "us-east-1"});
        assert_eq!(fill(json!("{item|last:/}"), known.clone()), Some(json!("q")));
        assert_eq!(fill(json!("{arn|part:5}"), known.clone()), Some(json!("t")));
        assert_eq!(fill(json!("{arn|last::}"), known.clone()), Some(json!("t")));
        assert_eq!(fill(json!("{region|not:us-east-1}"), known.clone()), None);
        assert_eq!(fill(json!("{no|or:/}"), known), Some(json!("/")));
        let known = json!({"item": {"L": [{"N": "b"}, {"M": 1}, {"N": "a"}], "E": []}});
        assert_eq!(fill(json!("{item.L|least:N}"), known.clone()), Some(json!("a")));
        assert_eq!(fill(json!("{item.E|least:N|or:none}"), known), Some(json!("none")));
    }

    #[test]
    fn names_come_from_a_tag_or_else_from_another_place() {
        let known = json!({
            "item": {"Tags": [{"Key": "Name", "Value": "main"}], "Cidr": "10.0.0.0/16", "lower": {"Name": "x"}},
            "emulator": "moto",
        });
        assert_eq!(fill(json!("{item.Tags|tag:Name|else:item.Cidr}"), known.clone()), Some(json!("main")));
        assert_eq!(fill(json!("{item.lower|tag:Name}"), known.clone()), Some(json!("x")));
        assert_eq!(fill(json!("{item.Tags|tag:Other|else:item.Cidr}"), known.clone()), Some(json!("10.0.0.0/16")));
        assert_eq!(fill(json!("{no|or:x|when:item.Cidr:y}"), known.clone()), Some(json!("y")));
        assert_eq!(fill(json!("{no|or:x|when:item.No:y}"), known.clone()), Some(json!("x")));
        assert_eq!(fill(json!("{item.Cidr|on:moto}"), known.clone()), Some(json!("10.0.0.0/16")));
        assert_eq!(fill(json!("{item.Cidr|on:localstack}"), known), None);
    }

    #[test]
    fn an_unknown_pipe_and_an_open_brace_are_refused() {
        assert!(Template::parse(json!("{a|shout}")).is_err());
        assert!(Template::parse(json!("{a")).is_err());
    }
}
