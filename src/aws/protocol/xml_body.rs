//! XML bodies: written for rest-xml requests, read from the responses of all XML protocols.

use serde_json::{Map, Value};

use super::scalar::{self, expected};
use crate::aws::model::{Bound, Kind};
use crate::aws::xml::Element;

/// Writes a value as an element called `name` under `parent`.
pub(super) fn write(bound: Bound<'_>, name: &str, value: &Value, parent: &mut Element) -> Result<(), String> {
    match bound.shape.kind {
        Kind::Structure => {
            let members = value.as_object().ok_or_else(|| expected(name, "an object"))?;
            parent.children.push(structure(bound, name, members)?);
        }
        Kind::List => {
            let element = bound.element().ok_or_else(|| expected(name, "a list's model"))?;
            let items = value.as_array().ok_or_else(|| expected(name, "an array"))?;
            if bound.flattened() {
                for item in items {
                    write(element, name, item, parent)?;
                }
            } else {
                let mut list = opened(bound, name);
                for item in items {
                    write(element, element.wire_name().unwrap_or("member"), item, &mut list)?;
                }
                parent.children.push(list);
            }
        }
        Kind::Map => map(bound, name, value, parent)?,
        _ => {
            let text = scalar::write(bound, name, value, "iso8601")?;
            parent.children.push(Element { text, ..opened(bound, name) });
        }
    }
    Ok(())
}

/// Writes the members of a structure that go into the body, in the model's order.
pub(super) fn structure(bound: Bound<'_>, name: &str, members: &Map<String, Value>) -> Result<Element, String> {
    if let Some(unknown) = members.keys().find(|member| bound.get(member).is_none()) {
        return Err(format!("{name}: there is no member {unknown:?}"));
    }
    let mut element = opened(bound, name);
    for (member_name, member) in bound.members() {
        let Some(value) = members.get(member_name).filter(|value| !value.is_null()) else { continue };
        if member.location().is_some() {
            continue;
        }
        let wire = member.wire_name().unwrap_or(member_name);
        if member.xml_attribute() {
            element.attributes.push((wire.to_owned(), scalar::write(member, member_name, value, "iso8601")?));
        } else {
            write(member, wire, value, &mut element)?;
        }
    }
    Ok(element)
}

fn map(bound: Bound<'_>, name: &str, value: &Value, parent: &mut Element) -> Result<(), String> {
    let (Some(key_shape), Some(value_shape)) = (bound.key(), bound.value()) else {
        return Err(expected(name, "a map's model"));
    };
    let entries = value.as_object().ok_or_else(|| expected(name, "an object"))?;
    let flattened = bound.flattened();
    let mut children = Vec::with_capacity(entries.len());
    for (key, item) in entries {
        let entry_name = if flattened { name } else { "entry" };
        let mut entry = Element { name: entry_name.to_owned(), ..Element::default() };
        let key_name = key_shape.wire_name().unwrap_or("key");
        write(key_shape, key_name, &Value::String(key.clone()), &mut entry)?;
        write(value_shape, value_shape.wire_name().unwrap_or("value"), item, &mut entry)?;
        children.push(entry);
    }
    if flattened {
        parent.children.append(&mut children);
    } else {
        parent.children.push(Element { children, ..opened(bound, name) });
    }
    Ok(())
}

fn opened(bound: Bound<'_>, name: &str) -> Element {
    let attributes = bound.namespace().map(|namespace| {
        let (name, uri) = namespace.attribute();
        (name, uri.to_owned())
    });
    Element { name: name.to_owned(), attributes: attributes.into_iter().collect(), ..Element::default() }
}

/// Reads the members of a structure that stand in the body.
pub(super) fn read_structure(bound: Bound<'_>, element: &Element) -> Result<Map<String, Value>, String> {
    let mut members = Map::new();
    for (name, member) in bound.members() {
        if member.location().is_some() {
            continue;
        }
        let wire = member.wire_name().unwrap_or(name);
        if member.xml_attribute() {
            // The attribute's prefix is the document's choice; only the local name counts.
            let local = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
            if let Some((_, value)) = element.attributes.iter().find(|(key, _)| local(key) == local(wire)) {
                members.insert(name.to_owned(), scalar::read(member, name, value)?);
            }
            continue;
        }
        if let Some(value) = read_member(member, name, wire, element)? {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(members)
}

fn read_member(member: Bound<'_>, name: &str, wire: &str, parent: &Element) -> Result<Option<Value>, String> {
    if !member.flattened() {
        return parent.child(wire).map(|child| read(member, name, child)).transpose();
    }
    // A flattened list's entries carry the element's name where it has one.
    let wire = match member.shape.kind {
        Kind::List => member.element().and_then(|element| element.wire_name()).unwrap_or(wire),
        _ => wire,
    };
    let mut entries = parent.children.iter().filter(|child| child.name == wire).peekable();
    if entries.peek().is_none() {
        return Ok(None);
    }
    match member.shape.kind {
        Kind::List => {
            let element = member.element().ok_or_else(|| expected(name, "a list's model"))?;
            entries.map(|entry| read(element, name, entry)).collect::<Result<_, _>>().map(Value::Array).map(Some)
        }
        Kind::Map => read_entries(member, name, entries).map(Some),
        _ => entries.next().map(|entry| read(member, name, entry)).transpose(),
    }
}

pub(super) fn read(bound: Bound<'_>, name: &str, element: &Element) -> Result<Value, String> {
    match bound.shape.kind {
        Kind::Structure => read_structure(bound, element).map(Value::Object),
        Kind::List => {
            let item = bound.element().ok_or_else(|| expected(name, "a list's model"))?;
            element.children.iter().map(|child| read(item, name, child)).collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::Map => read_entries(bound, name, element.children.iter()),
        _ => scalar::read(bound, name, &element.text),
    }
}

fn read_entries<'a>(bound: Bound<'_>, name: &str, entries: impl Iterator<Item = &'a Element>) -> Result<Value, String> {
    let (Some(key_shape), Some(value_shape)) = (bound.key(), bound.value()) else {
        return Err(expected(name, "a map's model"));
    };
    let mut map = Map::new();
    for entry in entries {
        let key = entry.child(key_shape.wire_name().unwrap_or("key")).ok_or_else(|| expected(name, "a key"))?;
        let value = entry.child(value_shape.wire_name().unwrap_or("value")).ok_or_else(|| expected(name, "a value"))?;
        map.insert(key.text.clone(), read(value_shape, name, value)?);
    }
    Ok(Value::Object(map))
}
