//! Keys as bytes whose order is the order of [`ResourceKey`].
//!
//! Each part (account, region, service, type, then every segment of the name) is its UTF-8 bytes followed by
//! `00`; a NUL inside a part is `00 FF`. UTF-8 never holds `FF`, so the two cannot be confused, and since every
//! byte that may follow a terminator is below `FF`, byte order is the order of the parts.

use crate::pod::ResourceKey;

const TERMINATOR: u8 = 0x00;
const ESCAPED: u8 = 0xFF;
/// Account, region, service and type: what comes before the name.
const FIXED_PARTS: usize = 4;

/// The bytes that stand for `key` in a tree; None where a part that must not be empty is.
pub fn encode_key(key: &ResourceKey) -> Option<Vec<u8>> {
    let fixed = [&key.account, &key.region, &key.service, &key.kind];
    if key.name.is_empty() || fixed.iter().any(|part| part.is_empty()) {
        return None;
    }
    let parts = fixed.into_iter().chain(&key.name);
    let mut bytes = Vec::with_capacity(parts.clone().map(|part| part.len() + 1).sum());
    for part in parts {
        for &byte in part.as_bytes() {
            bytes.push(byte);
            if byte == TERMINATOR {
                bytes.push(ESCAPED);
            }
        }
        bytes.push(TERMINATOR);
    }
    Some(bytes)
}

/// Reads [`encode_key`] back; None where the bytes are not exactly what it would have written.
pub fn decode_key(bytes: &[u8]) -> Option<ResourceKey> {
    let mut parts = Vec::with_capacity(FIXED_PARTS + 2);
    let mut part = Vec::new();
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != TERMINATOR {
            part.push(byte);
        } else if rest.peek() == Some(&ESCAPED) {
            rest.next();
            part.push(TERMINATOR);
        } else {
            parts.push(String::from_utf8(std::mem::take(&mut part)).ok()?);
        }
    }
    if !part.is_empty() || parts.len() <= FIXED_PARTS {
        return None;
    }
    let name = parts.split_off(FIXED_PARTS);
    let [account, region, service, kind] = <[String; FIXED_PARTS]>::try_from(parts).ok()?;
    let complete = [&account, &region, &service, &kind].iter().all(|part| !part.is_empty());
    complete.then_some(ResourceKey { account, region, service, kind, name })
}

/// Whether the bytes are what [`encode_key`] writes. Every key of every node read is asked, so it allocates nothing.
pub fn is_key(bytes: &[u8]) -> bool {
    // The mark of an escape is in no text: where there are some, the parts are looked at one by one.
    if std::str::from_utf8(bytes).is_err() {
        return decode_key(bytes).is_some();
    }
    // No other character of UTF-8 holds a NUL, so the parts are text because the whole is.
    let Some((&TERMINATOR, mut rest)) = bytes.split_last() else { return false };
    // Behind the parts that every key has, whatever is text is a name.
    for _ in 0..FIXED_PARTS {
        match rest.iter().position(|&byte| byte == TERMINATOR) {
            None | Some(0) => return false,
            Some(end) => rest = &rest[end + 1..],
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts that often share prefixes, end in NULs, or hold the highest code point.
    fn part(minimum: usize) -> impl Strategy<Value = String> {
        let letter = prop_oneof![Just('\0'), Just('a'), Just('b'), Just('\u{1}'), Just('\u{10FFFF}'), any::<char>()];
        proptest::collection::vec(letter, minimum..4).prop_map(String::from_iter)
    }

    fn key() -> impl Strategy<Value = ResourceKey> {
        let name = proptest::collection::vec(part(0), 1..4);
        (part(1), part(1), part(1), part(1), name).prop_map(|(account, region, service, kind, name)| ResourceKey {
            account,
            region,
            service,
            kind,
            name,
        })
    }

    proptest! {
        #[test]
        fn byte_order_is_key_order_and_keys_read_back(one in key(), other in key()) {
            let (one_bytes, other_bytes) = (encode_key(&one).unwrap(), encode_key(&other).unwrap());
            prop_assert_eq!(one_bytes.cmp(&other_bytes), one.cmp(&other));
            prop_assert!(is_key(&one_bytes));
            prop_assert_eq!(decode_key(&one_bytes), Some(one));
        }

        #[test]
        fn what_decodes_is_what_would_have_been_written(bytes in proptest::collection::vec(
            prop_oneof![Just(0u8), Just(0xFF), Just(b'a'), any::<u8>()], 0..24
        )) {
            let key = decode_key(&bytes);
            prop_assert_eq!(is_key(&bytes), key.is_some());
            if let Some(key) = key {
                prop_assert_eq!(encode_key(&key), Some(bytes));
            }
        }
    }

    #[test]
    fn keys_without_a_name_or_with_an_empty_part_are_refused() {
        assert_eq!(encode_key(&ResourceKey::new("1", "r", "s", "k", Vec::<String>::new())), None);
        assert_eq!(encode_key(&ResourceKey::new("1", "", "s", "k", ["n"])), None);
        assert_eq!(decode_key(b"1\0r\0s\0k\0"), None);
        assert_eq!(decode_key(b"1\0r\0s\0k\0n"), None);
    }
}
