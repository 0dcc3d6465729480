//! Text from outside made safe and fitting: nothing of it may steer the terminal, and widths are columns.

use std::borrow::Cow;

pub use crate::tasks::{count, size as bytes};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Shown for characters that are invisible, reorder text or steer terminals and have no picture of their own.
const REPLACEMENT: char = '\u{fffd}';

/// `text` with everything that a terminal could obey or that would deceive the eye made visible: control
/// characters become their Unicode pictures (`␛`, `␊`), direction marks and zero-width characters `�`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(|character| picture(character).is_some()) {
        Cow::Owned(text.chars().map(|character| picture(character).unwrap_or(character)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn picture(character: char) -> Option<char> {
    match character {
        // The block "Control Pictures" has one for each C0 control, in their order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + character as u32),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some(REPLACEMENT),
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => Some(REPLACEMENT),
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => Some(REPLACEMENT),
        '\u{e0000}'..='\u{e0fff}' => Some(REPLACEMENT),
        // U+17D8 counts as three. Terminals disagree on such characters, and no cell holds them.
        wide if wide.width() > Some(2) => Some(REPLACEMENT),
        _ => None,
    }
}

/// How many columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns`, with `…` where it was cut.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut kept = head(text, columns - 1).to_owned();
    kept.push('…');
    Cow::Owned(kept)
}

/// `text` cut in the middle, so that both its beginning and its end can be read.
pub fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns || columns < 5 {
        return cut(text, columns);
    }
    let front = head(text, (columns - 1).div_ceil(2));
    let room = columns - 1 - front.width();
    let mut start = text.len();
    let mut used = 0;
    for (position, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        start = position;
    }
    Cow::Owned(format!("{front}…{}", text.get(start..).unwrap_or_default()))
}

/// The longest beginning of `text` that fits into `columns`.
pub fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return text.get(..position).unwrap_or_default();
        }
    }
    text
}

/// `text` broken into lines of at most `columns`, a space at their end not counted, at spaces where that wastes little.
/// Never empty.
pub fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > columns {
        let mut line = head(rest, columns);
        if line.is_empty() {
            // A character wider than the room: it must go somewhere.
            line = rest.get(..rest.chars().next().map_or(0, char::len_utf8)).unwrap_or_default();
        }
        let after = rest.get(line.len()..).unwrap_or_default();
        if after.starts_with(' ') {
            // A space at the end is not seen, one at the beginning would be an indent.
            line = rest.get(..=line.len()).unwrap_or(line);
        } else if let Some(space) = line.rfind(' ')
            && space * 2 > line.len()
        {
            line = line.get(..=space).unwrap_or(line);
        }
        rest = rest.get(line.len()..).unwrap_or_default();
        lines.push(line);
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest);
    }
    lines
}

/// How long before `now` a moment was: `now`, `5m`, `3h`, `2d`, then the date.
pub fn age(time: jiff::Timestamp, now: jiff::Timestamp) -> String {
    match now.duration_since(time).as_secs() {
        ..60 => "now".to_owned(),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds @ 86_400..2_592_000 => format!("{}d", seconds / 86_400),
        _ => time.strftime("%Y-%m-%d").to_string(),
    }
}

/// Seconds for people: `8s`, `3m 20s`, `2h 5m`.
pub fn span_of(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A moment in full.
pub fn moment(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_become_pictures_and_stay_readable() {
        assert_eq!(clean("\u{1b}[2J\u{7}\nx\u{7f}\u{9b}"), "␛[2J␇␊x␡\u{fffd}");
        assert_eq!(clean("a\u{202e}b\u{200b}c"), "a\u{fffd}b\u{fffd}c");
        assert!(matches!(clean("plain ünïcode 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_wide_character_is_never_cut_in_half() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_middle("arn:aws:sqs:us-east-1:000000000000:orders", 15), "arn:aws…:orders");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!([bytes(0), bytes(1023), bytes(1536), bytes(5 << 30)], ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_nothing(text in "\\PC{0,60}", columns in 2usize..20) {
            let text = clean(&text).into_owned();
            let lines = wrap(&text, columns);
            prop_assert_eq!(lines.concat(), text.as_str());
            prop_assert!(lines.iter().all(|line| width(line.strip_suffix(' ').unwrap_or(line)) <= columns));
        }

        #[test]
        fn what_is_cut_fits(text in any::<String>(), columns in 0usize..30) {
            let text = clean(&text).into_owned();
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert!(width(&cut_middle(&text, columns)) <= columns);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
