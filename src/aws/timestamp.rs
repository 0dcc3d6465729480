//! Timestamps in the spellings of the AWS protocols.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::{Number, Value};

/// Microseconds in a second: the finest step that AWS timestamps use.
const MICROS: f64 = 1e6;

/// Reads any spelling: RFC 3339 and its relatives, RFC 822, or seconds since 1970 as text.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return from_seconds(seconds);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    // Python's isoformat without an offset: emulators mean UTC.
    if let Ok(time) = text.parse::<DateTime>() {
        return time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    if let Ok(timestamp) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(timestamp);
    }
    strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text)
        .ok()?
        .to_datetime()
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// Reads a JSON value: text in any spelling, or seconds since 1970.
pub(super) fn parse_value(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => Timestamp::from_second(seconds).ok(),
            None => from_seconds(number.as_f64()?),
        },
        _ => None,
    }
}

fn from_seconds(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() {
        return None;
    }
    Timestamp::from_microsecond((seconds * MICROS).round() as i64).ok()
}

/// Writes a timestamp as JSON number or text in one of the models' formats.
pub(super) fn format(timestamp: Timestamp, format: &str) -> Value {
    match format.to_ascii_lowercase().as_str() {
        "unixtimestamp" => Value::Number(unix(timestamp)),
        "rfc822" => Value::String(timestamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        _ => Value::String(timestamp.to_string()),
    }
}

/// The same as text, for headers, queries and XML.
pub(super) fn format_text(timestamp: Timestamp, name: &str) -> String {
    match format(timestamp, name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn unix(timestamp: Timestamp) -> Number {
    let micros = timestamp.as_microsecond();
    if micros % 1_000_000 == 0 {
        return Number::from(micros / 1_000_000);
    }
    Number::from_f64(micros as f64 / MICROS).unwrap_or_else(|| Number::from(micros / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_moment_is_the_same_moment() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T22:13:20.000Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14T23:13:20+0100",
            "2023-11-14 22:13:20",
            "2023-11-14T22:13:20",
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "1700000000",
            "1700000000.0",
        ] {
            assert_eq!(parse(text).map(|moment| moment.to_string()).as_deref(), Some("2023-11-14T22:13:20Z"), "{text}");
        }
        assert_eq!(parse("1700000000.123").unwrap().to_string(), "2023-11-14T22:13:20.123Z");
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse("NaN"), None);
    }

    #[test]
    fn each_format_is_written() {
        let moment = parse("2023-11-14T22:13:20.5Z").unwrap();
        assert_eq!(format_text(moment, "iso8601"), "2023-11-14T22:13:20.5Z");
        assert_eq!(format_text(moment, "unixTimestamp"), "1700000000.5");
        assert_eq!(format_text(moment, "rfc822"), "Tue, 14 Nov 2023 22:13:20 GMT");
    }
}
