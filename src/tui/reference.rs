//! The table of actions for readers outside of the explorer: the man page and README.

use super::action::{ActionInfo, Reach, Scope, TABLE};
use super::keymap::{Keymap, KeymapError};

/// What can be done in one place of the explorer.
#[derive(Clone, Debug)]
pub struct KeyGroup {
    /// Where.
    pub title: &'static str,
    /// What.
    pub rows: Vec<KeyRow>,
}

/// One thing that can be done.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its keys.
    pub keys: Vec<String>,
    /// What it does.
    pub description: String,
    /// The headless command that does the same.
    pub command: Option<&'static str>,
}

/// Every action with its built-in keys.
///
/// # Errors
/// Never in a build whose tests passed.
pub fn key_groups() -> Result<Vec<KeyGroup>, KeymapError> {
    let keymap = Keymap::builtin()?;
    let row = |info: &ActionInfo| KeyRow {
        keys: keymap.keys(info.action),
        description: match info.reach {
            Reach::Destroys => format!("{} (asks first)", info.description),
            Reach::Looks | Reach::Changes => info.description.to_owned(),
        },
        command: info.command,
    };
    let group = |scope: Scope| KeyGroup {
        title: scope.title(),
        rows: TABLE.iter().filter(|info| info.scope == scope).map(row).collect(),
    };
    Ok(Scope::ALL.map(group).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around the table in README.
    const MARKS: (&str, &str) = ("<!-- keys: made from the table of actions -->\n", "<!-- end of keys -->");

    fn markdown() -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let mut table = String::new();
        for group in key_groups().unwrap() {
            table.push_str(&format!("\n| {} | | headless |\n|---|---|---|\n", group.title));
            for row in group.rows {
                let keys: Vec<String> = row.keys.iter().map(|key| format!("`{}`", escaped(key))).collect();
                let command = row.command.map(|command| format!("`{}`", escaped(command))).unwrap_or_default();
                table.push_str(&format!("| {} | {} | {command} |\n", keys.join(" "), escaped(&row.description)));
            }
        }
        table + "\n"
    }

    #[test]
    fn readme_lists_every_key_as_the_table_has_it() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = std::fs::read_to_string(file).unwrap();
        let (before, rest) = text.split_once(MARKS.0).expect("README has the table's beginning");
        let (written, after) = rest.split_once(MARKS.1).expect("README has the table's end");
        let wanted = markdown();
        if std::env::var_os("PODEX_UPDATE_README").is_some() {
            std::fs::write(file, format!("{before}{}{wanted}{}{after}", MARKS.0, MARKS.1)).unwrap();
        } else {
            assert!(written == wanted, "README's keys are not the table's: run this test with PODEX_UPDATE_README=1");
        }
    }
}
