//! Who makes commits.

use std::process::{Command, Stdio};

use crate::pod::Author;

/// The author: `PODEX_AUTHOR`, the configuration, git's environment, git's configuration, the system's user.
pub(super) fn author(configured: Option<&Author>) -> Author {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    if let Some(text) = variable("PODEX_AUTHOR") {
        return parse(&text);
    }
    if let Some(author) = configured {
        return author.clone();
    }
    if let Some(name) = variable("GIT_AUTHOR_NAME") {
        return Author { name, email: variable("GIT_AUTHOR_EMAIL").unwrap_or_default() };
    }
    git().unwrap_or_else(|| {
        let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable);
        Author { name: user.unwrap_or_else(|| "unknown".to_owned()), email: String::new() }
    })
}

/// `Name <email>`, or a name alone.
fn parse(text: &str) -> Author {
    let split = text.trim().strip_suffix('>').and_then(|text| text.split_once('<'));
    match split {
        Some((name, email)) if !name.trim().is_empty() => {
            Author { name: name.trim().to_owned(), email: email.trim().to_owned() }
        }
        _ => Author { name: text.trim().to_owned(), email: String::new() },
    }
}

/// What git would use. None where git is absent or has no name.
fn git() -> Option<Author> {
    let output = Command::new("git")
        .args(["config", "--get-regexp", r"^user\.(name|email)$"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let mut author = Author::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // A later line is from a nearer configuration file and wins, as it does for git.
        match line.split_once(' ') {
            Some(("user.name", name)) => author.name = name.to_owned(),
            Some(("user.email", email)) => author.email = email.to_owned(),
            _ => {}
        }
    }
    (!author.name.trim().is_empty()).then_some(author)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_a_name_with_or_without_an_address() {
        assert_eq!(parse("Bob <bob@example.com>").to_string(), "Bob <bob@example.com>");
        assert_eq!(parse(" Bob ").to_string(), "Bob");
        assert_eq!(parse("<bob@example.com>").name, "<bob@example.com>");
    }
}
