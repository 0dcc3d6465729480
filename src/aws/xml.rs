//! A small XML tree: what the XML protocols need to read responses, and a writer for request bodies.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How deep elements may nest. Models nest far less; a hostile answer must not exhaust the stack.
const MAX_DEPTH: usize = 128;

/// An element. Names carry no namespace prefix; attributes keep theirs.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Parses a document.
pub(crate) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err("XML nests too deep".to_owned());
                }
                open.push(element(&start)?);
                None
            }
            Event::Empty(start) => Some(element(&start)?),
            Event::End(_) => Some(open.pop().ok_or("XML closes what is not open")?),
            Event::Text(text) => {
                if let Some(top) = open.last_mut() {
                    top.text.push_str(&text.decode().map_err(|error| error.to_string())?);
                }
                None
            }
            Event::CData(data) => {
                if let Some(top) = open.last_mut() {
                    top.text.push_str(&data.decode().map_err(|error| error.to_string())?);
                }
                None
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| error.to_string())?;
                if let Some(top) = open.last_mut() {
                    let escaped = format!("&{name};");
                    let text = quick_xml::escape::unescape(&escaped).map_err(|error| error.to_string())?;
                    top.text.push_str(&text);
                }
                None
            }
            Event::Eof => return Err("XML ends too early".to_owned()),
            _ => None,
        };
        if let Some(closed) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(closed),
                None => return Ok(closed),
            }
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.to_string());
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let raw = utf8(&attribute.value)?;
        let value = quick_xml::escape::unescape(&raw).map_err(|error| error.to_string())?.into_owned();
        attributes.push((utf8(attribute.key.as_ref())?, value));
    }
    Ok(Element { name: utf8(start.local_name().as_ref())?, attributes, ..Element::default() })
}

/// Writes an element with all below it.
pub(super) fn write(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out);
        out.push('"');
    }
    out.push('>');
    escape(&element.text, out);
    for child in &element.children {
        write(child, out);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

/// Line ends are escaped too: a reader would otherwise normalise them, and object keys may hold them.
fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' => out.push_str("&#xA;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let tree = Element {
            name: "a".into(),
            attributes: vec![("xsi:type".into(), "x\"<&y".into())],
            children: vec![Element { name: "b".into(), text: " <é>&\"'\r\n😀 ".into(), ..Element::default() }],
            text: String::new(),
        };
        let mut text = String::new();
        write(&tree, &mut text);
        assert_eq!(parse(&text), Ok(tree));
    }

    #[test]
    fn prefixes_entities_and_character_data_are_understood() {
        let tree =
            parse("<?xml version=\"1.0\"?><n:a xmlns:n='u'><n:b>1&#50;<![CDATA[<3]]>&amp;</n:b><c/></n:a>").unwrap();
        assert_eq!(tree.name, "a");
        assert_eq!(tree.child("b").unwrap().text, "12<3&");
        assert_eq!(tree.child("c").unwrap().text, "");
    }

    #[test]
    fn broken_documents_are_errors() {
        for text in ["", "plain", "<a>", "<a></b>", "<a>&nope;</a>", &"<a>".repeat(MAX_DEPTH + 1)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
