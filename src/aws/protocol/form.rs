//! The request side of the query and ec2 protocols: members flattened into a form.

use serde_json::{Map, Value};

use super::scalar::{self, expected};
use super::{Call, WireRequest};
use crate::aws::model::{Bound, Kind, Protocol};

pub(super) fn request(call: &Call, members: &Map<String, Value>) -> Result<WireRequest, String> {
    let mut form = Form { ec2: call.protocol == Protocol::Ec2, pairs: Vec::new() };
    form.push("Action", call.operation.to_owned());
    form.push("Version", call.model.metadata.api_version.clone());
    if let Some(shape) = call.input() {
        form.structure(shape, members, "")?;
    }
    Ok(WireRequest {
        method: call.shape.http.method.clone(),
        path: "/".to_owned(),
        query: Vec::new(),
        headers: vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: scalar::encode_query(&form.pairs).into(),
    })
}

struct Form {
    ec2: bool,
    pairs: Vec<(String, String)>,
}

impl Form {
    fn push(&mut self, name: &str, value: String) {
        self.pairs.push((name.to_owned(), value));
    }

    /// A member's name: ec2 has its own, or else capitalises.
    fn name(&self, bound: Bound<'_>, name: &str) -> String {
        if !self.ec2 {
            return bound.wire_name().unwrap_or(name).to_owned();
        }
        match (bound.query_name(), bound.wire_name()) {
            (Some(query), _) => query.to_owned(),
            (None, Some(wire)) => capitalised(wire),
            (None, None) => name.to_owned(),
        }
    }

    fn structure(&mut self, bound: Bound<'_>, members: &Map<String, Value>, prefix: &str) -> Result<(), String> {
        for (name, value) in members {
            let member = bound.get(name).ok_or_else(|| format!("there is no member {name:?}"))?;
            if value.is_null() {
                continue;
            }
            let own = self.name(member, name);
            let full = if prefix.is_empty() { own } else { format!("{prefix}.{own}") };
            self.value(member, name, value, &full)?;
        }
        Ok(())
    }

    fn value(&mut self, bound: Bound<'_>, name: &str, value: &Value, prefix: &str) -> Result<(), String> {
        match bound.shape.kind {
            Kind::Structure => {
                let members = value.as_object().ok_or_else(|| expected(name, "an object"))?;
                self.structure(bound, members, prefix).map_err(|message| format!("{name}: {message}"))
            }
            Kind::List => self.list(bound, name, value, prefix),
            Kind::Map => self.map(bound, name, value, prefix),
            _ => {
                let text = scalar::write(bound, name, value, "iso8601")?;
                self.push(prefix, text);
                Ok(())
            }
        }
    }

    fn list(&mut self, bound: Bound<'_>, name: &str, value: &Value, prefix: &str) -> Result<(), String> {
        let element = bound.element().ok_or_else(|| expected(name, "a list's model"))?;
        let items = value.as_array().ok_or_else(|| expected(name, "an array"))?;
        if items.is_empty() && !self.ec2 {
            self.push(prefix, String::new());
            return Ok(());
        }
        let list_prefix = if self.ec2 {
            prefix.to_owned()
        } else if bound.flattened() {
            // The element's name replaces the member's own.
            match (element.wire_name(), prefix.rsplit_once('.')) {
                (Some(own), Some((parent, _))) => format!("{parent}.{own}"),
                (Some(own), None) => own.to_owned(),
                (None, _) => prefix.to_owned(),
            }
        } else {
            format!("{prefix}.{}", element.wire_name().unwrap_or("member"))
        };
        for (index, item) in items.iter().enumerate() {
            self.value(element, name, item, &format!("{list_prefix}.{}", index + 1))?;
        }
        Ok(())
    }

    fn map(&mut self, bound: Bound<'_>, name: &str, value: &Value, prefix: &str) -> Result<(), String> {
        let (Some(key_shape), Some(value_shape)) = (bound.key(), bound.value()) else {
            return Err(expected(name, "a map's model"));
        };
        let entries = value.as_object().ok_or_else(|| expected(name, "an object"))?;
        let prefix = if bound.flattened() { prefix.to_owned() } else { format!("{prefix}.entry") };
        let key_name = key_shape.wire_name().unwrap_or("key");
        let value_name = value_shape.wire_name().unwrap_or("value");
        for (index, (key, item)) in entries.iter().enumerate() {
            let entry = format!("{prefix}.{}", index + 1);
            self.push(&format!("{entry}.{key_name}"), key.clone());
            self.value(value_shape, key, item, &format!("{entry}.{value_name}"))?;
        }
        Ok(())
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
