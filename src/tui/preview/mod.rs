//! What can be shown of bytes: text, JSON, pictures, the files of a zip. Read once, in the background.

use std::io::{self, Read};

use serde_json::Value;

use crate::pod::BlobRef;
use crate::tui::text;

mod archive;
mod picture;

pub use archive::Entry;
pub use picture::{Pair, Picture};

/// Most bytes that are read of text.
const TEXT_BYTES: u64 = 64 << 10;
/// Most bytes that are read of what can only be understood as a whole.
const WHOLE_BYTES: u64 = 16 << 20;
/// Bytes shown of what nobody knows.
const HEX_BYTES: usize = 256;
/// Bytes in a line of those.
const HEX_LINE: usize = 16;

/// What can be shown of some bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// There is nothing in it.
    Empty,
    /// Text; `cut` when there is more of it.
    Text {
        /// What was read.
        text: String,
        /// There is more.
        cut: bool,
    },
    /// JSON.
    Json(Value),
    /// A picture.
    Picture(Picture),
    /// The files of a zip.
    Archive(Vec<Entry>),
    /// The first bytes, as people write them who must.
    Hex(Vec<String>),
    /// Why it is not shown.
    Not(String),
}

/// Reads what can be shown of a blob.
pub fn read(blob: &BlobRef, content: impl Read) -> Preview {
    match try_read(blob, content) {
        Ok(preview) => preview,
        Err(error) => Preview::Not(format!("it cannot be read: {error}")),
    }
}

fn try_read(blob: &BlobRef, mut content: impl Read) -> io::Result<Preview> {
    let mut bytes = Vec::new();
    content.by_ref().take(TEXT_BYTES).read_to_end(&mut bytes)?;
    let whole = picture::is_png(&bytes) || archive::is_zip(&bytes) || looks_like_json(&bytes);
    if whole && blob.size <= WHOLE_BYTES {
        content.take(WHOLE_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(of_bytes(&bytes, bytes.len() as u64 >= blob.size))
}

/// What can be shown of bytes, of which these are all or only the first.
fn of_bytes(bytes: &[u8], all: bool) -> Preview {
    if bytes.is_empty() {
        return Preview::Empty;
    }
    if all && picture::is_png(bytes) {
        return picture::decode(bytes).map_or_else(Preview::Not, Preview::Picture);
    }
    if all && archive::is_zip(bytes) {
        return archive::list(bytes).map_or_else(Preview::Not, Preview::Archive);
    }
    if all
        && looks_like_json(bytes)
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        return Preview::Json(value);
    }
    match as_text(bytes, all) {
        Some(found) => {
            let shown = found.get(..TEXT_BYTES as usize).unwrap_or(found);
            Preview::Text { text: shown.to_owned(), cut: !all || shown.len() < found.len() }
        }
        None => Preview::Hex(hex_lines(bytes)),
    }
}

fn looks_like_json(bytes: &[u8]) -> bool {
    matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// The bytes as text, when they are; a character cut in two at the end of what was read is left out.
fn as_text(bytes: &[u8], all: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if !all && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let odd = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{1b}');
    (!text.chars().any(odd)).then_some(text)
}

fn hex_lines(bytes: &[u8]) -> Vec<String> {
    let line = |(at, line): (usize, &[u8])| {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let readable = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let shown: String = line.iter().map(readable).collect();
        format!("{:04x}  {:47}  {shown}", at * HEX_LINE, hex.join(" "))
    };
    let shown = bytes.get(..HEX_BYTES).unwrap_or(bytes);
    shown.chunks(HEX_LINE).enumerate().map(line).collect()
}

impl Preview {
    /// What it is, in a word or two.
    pub fn note(&self) -> String {
        match self {
            Self::Empty => "empty".to_owned(),
            Self::Text { cut: false, .. } => "text".to_owned(),
            Self::Text { cut: true, .. } => format!("text, the first {}", text::bytes(TEXT_BYTES)),
            Self::Json(_) => "JSON".to_owned(),
            Self::Picture(picture) => format!("picture {} × {}", picture.columns, picture.rows),
            Self::Archive(entries) => format!("zip with {}", text::count(entries.len() as u64, "file")),
            Self::Hex(_) => "bytes".to_owned(),
            Self::Not(_) => String::new(),
        }
    }

    /// The text to be read elsewhere, in an editor or pager.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text { text, .. } => Some(text.clone()),
            Self::Json(value) => serde_json::to_string_pretty(value).ok(),
            Self::Hex(lines) => Some(lines.join("\n")),
            Self::Empty | Self::Picture(_) | Self::Archive(_) | Self::Not(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::pod::Digest;

    fn preview(bytes: &[u8]) -> Preview {
        read(&BlobRef { digest: Digest::of(bytes), size: bytes.len() as u64 }, bytes)
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn bytes_are_shown_as_what_they_are() {
        assert_eq!(preview(b""), Preview::Empty);
        assert_eq!(preview(b" {\"a\": 1}"), Preview::Json(serde_json::json!({"a": 1})));
        assert_eq!(preview("grüße\n".as_bytes()), Preview::Text { text: "grüße\n".to_owned(), cut: false });
        assert_eq!(preview(b"{not json"), Preview::Text { text: "{not json".to_owned(), cut: false });
        let Preview::Hex(lines) = preview(b"\0\x01ab") else { panic!("bytes") };
        assert_eq!(lines, ["0000  00 01 61 62                                      ..ab"]);
    }

    #[test]
    fn long_text_is_cut_and_never_within_a_character() {
        let text = "ü".repeat(100_000);
        let Preview::Text { text, cut: true } = preview(text.as_bytes()) else { panic!("cut text") };
        assert_eq!(text.chars().count(), TEXT_BYTES as usize / 2);
    }

    #[test]
    fn a_zip_lists_its_files_with_their_text() {
        let Preview::Archive(entries) = preview(&zip(&[("index.py", b"print(1)\n"), ("data/x.bin", b"\0\0")])) else {
            panic!("a zip")
        };
        assert_eq!((entries[0].name.as_str(), entries[0].size), ("index.py", 9));
        assert_eq!(entries[0].content, Preview::Text { text: "print(1)\n".to_owned(), cut: false });
        assert!(matches!(preview(b"PK\x03\x04 torn"), Preview::Not(_)));
    }

    #[test]
    fn a_picture_is_made_small_enough() {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 200, 100);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[200, 10, 20].repeat(200 * 100)).unwrap();
        writer.finish().unwrap();
        let Preview::Picture(picture) = preview(&bytes) else { panic!("a picture") };
        assert_eq!((picture.columns, picture.rows), (200, 100));
        assert_eq!((picture.lines[0].len(), picture.lines.len()), (48, 12));
        assert_eq!(picture.lines[0][0], Pair { top: (200, 10, 20), bottom: (200, 10, 20) });
        assert!(matches!(preview(&bytes[..60]), Preview::Not(_)));
    }
}
