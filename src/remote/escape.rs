//! Pod names as components of an OCI repository name, and back.
//!
//! Repositories know no upper case and are strict about `_` and `-`. A name that is already a valid component
//! stays as it is. Any other becomes `x` followed by its characters, where an upper-case letter is written
//! `.` and its lower case, `_` is `.0` and `-` is `.1`. Pod names have no dots, so the two never meet.
//! Directories use the same spelling: it also survives file systems that ignore case.

use super::location::is_component;
use crate::pod::PodName;

/// The component for `pod`.
pub(super) fn component(pod: &PodName) -> String {
    let name = pod.as_str();
    if is_component(name) {
        return name.to_owned();
    }
    let mut text = String::from("x");
    for c in name.chars() {
        match c {
            '_' => text.push_str(".0"),
            '-' => text.push_str(".1"),
            c if c.is_ascii_uppercase() => {
                text.push('.');
                text.push(c.to_ascii_lowercase());
            }
            c => text.push(c),
        }
    }
    text
}

/// The pod whose component is `text`; None where no pod has it.
pub(super) fn pod(text: &str) -> Option<PodName> {
    let name = if text.contains('.') { unescape(text)? } else { text.to_owned() };
    let pod = name.parse().ok()?;
    (component(&pod) == text).then_some(pod)
}

fn unescape(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('x')?.chars();
    let mut name = String::new();
    while let Some(c) = characters.next() {
        name.push(match c {
            '.' => match characters.next()? {
                '0' => '_',
                '1' => '-',
                c if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
                _ => return None,
            },
            c => c,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn readable_names_stay_readable() {
        for (name, text) in [
            ("orders", "orders"),
            ("my_pod-2", "my_pod-2"),
            ("MyPod_2", "x.my.pod.02"),
            ("-", "x.1"),
            ("a___b", "xa.0.0.0b"),
        ] {
            assert_eq!(component(&name.parse().unwrap()), text);
        }
    }

    #[test]
    fn a_component_that_no_pod_has_is_nobodys() {
        for text in ["", "x", "x.", "a.b", "x.9", "xa.b", "A", "a/b", "..", "xorders."] {
            let back = pod(text);
            assert!(back.is_none() || component(back.as_ref().unwrap()) == text, "{text:?} {back:?}");
        }
        assert_eq!(pod("x.0x"), Some("_x".parse().unwrap()));
        assert_eq!(pod("xabc.9"), None);
    }

    proptest! {
        #[test]
        fn every_pod_name_comes_back_from_a_valid_component(name in "[a-zA-Z0-9_-]{1,128}") {
            let name: PodName = name.parse().unwrap();
            let text = component(&name);
            prop_assert!(is_component(&text));
            prop_assert_eq!(pod(&text), Some(name));
        }
    }
}
