//! Patterns that pick resources: `--only 's3/bucket/logs-*'`.

use std::fmt;
use std::str::FromStr;

use super::ResourceKey;

/// A glob over a resource's text: `*` is any run of characters, `?` is one; everything else is literal.
///
/// It is tried, without case folding, against `service`, `service/type`, `service/type/name`,
/// `region/service/type/name` and `account/region/service/type/name`, and matches a resource together with
/// everything below it: `s3/bucket/b` also picks the objects of `b` and `sqs` all queues and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
}

/// A pattern that can match nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an empty pattern matches nothing: use service[/type[/name]], as in 's3/bucket/logs-*'")]
pub struct EmptyPattern;

impl FromStr for Pattern {
    type Err = EmptyPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        if text.is_empty() { Err(EmptyPattern) } else { Ok(Self { text: text.to_owned() }) }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// The pattern that names one resource.
    pub fn of(ResourceKey { account, region, service, kind, name }: &ResourceKey) -> Self {
        Self { text: format!("{account}/{region}/{service}/{kind}/{}", name.join("/")) }
    }

    /// Whether the pattern picks the resource at `key`.
    pub fn matches(&self, key: &ResourceKey) -> bool {
        let ResourceKey { account, region, service, kind, name } = key;
        let mut candidates = vec![service.clone(), format!("{service}/{kind}")];
        for depth in 1..=name.len() {
            let path = format!("{service}/{kind}/{}", name[..depth].join("/"));
            candidates.push(format!("{region}/{path}"));
            candidates.push(format!("{account}/{region}/{path}"));
            candidates.push(path);
        }
        // A pattern that names a parent ("s3/bucket/b") picks the children ("s3/object/b/k") too.
        if name.len() > 1 {
            let parent_pattern: Vec<&str> = self.text.splitn(3, '/').collect();
            if let [pattern_service, _, pattern_name] = parent_pattern[..]
                && glob(pattern_service, service)
                && (1..name.len()).any(|depth| glob(pattern_name, &name[..depth].join("/")))
            {
                return true;
            }
        }
        candidates.iter().any(|candidate| glob(&self.text, candidate))
    }
}

/// Whether `pattern` matches the whole of `text`. Linear in practice: only the last `*` is retried.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut retry = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                retry = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                at_pattern = star + 1;
                at_text = from + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(pattern: &str, kind: &str, name: &[&str]) -> bool {
        let key = ResourceKey::new("000000000000", "eu-west-1", "s3", kind, name.iter().copied());
        pattern.parse::<Pattern>().unwrap().matches(&key)
    }

    #[test]
    fn a_pattern_names_a_service_a_type_or_a_resource() {
        for pattern in ["s3", "s3/bucket", "s3/bucket/b", "s3/*/b", "*/bucket/?", "eu-west-1/s3/bucket/b", "*"] {
            assert!(picks(pattern, "bucket", &["b"]), "{pattern}");
        }
        for pattern in ["s", "s3/buck", "s3/bucket/c", "us-east-1/s3/bucket/b", "sqs", "S3"] {
            assert!(!picks(pattern, "bucket", &["b"]), "{pattern}");
        }
    }

    #[test]
    fn a_parent_brings_its_children() {
        assert!(picks("s3/bucket/b", "object", &["b", "x/y"]));
        assert!(picks("s3/object/b", "object", &["b", "x/y"]));
        assert!(!picks("s3/bucket/c", "object", &["b", "x/y"]));
    }
}
