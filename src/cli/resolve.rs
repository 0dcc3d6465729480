//! `podex resolve`.

use std::io::Write;
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use super::error::CliError;
use super::format::count;
use super::session::Session;
use super::show_conflicts::{conflicts_json, conflicts_text};
use crate::ops::{EXIT_CONFLICT, Resolution, Take, Target, choose, finish_resolution, resolution, take_back};
use crate::pod::{PodName, Side};
use crate::store::VersionEntry;

/// Settle the conflicts of a merge
///
/// Without a choice it lists them and what was chosen so far. Once all are settled the settled state becomes the pod's
/// next version. While some are open the exit code is 4.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex resolve shop                                         list them
  podex resolve shop --theirs                                theirs for all that are open
  podex resolve shop 'sqs/queue/orders#VisibilityTimeout' --ours
  podex resolve shop s3 'iam/role/*' --base
  podex resolve shop 'sqs/queue/orders#Policy' --edit        in $EDITOR
  podex resolve shop --undo                                  take the last choice back")]
pub(super) struct ResolveCommand {
    /// The pod
    #[arg(value_name = "POD")]
    pod: PodName,
    /// Which conflicts: a pattern as for --only, with '#PROPERTY' for one property; all that are open if none
    #[arg(value_name = "PATTERN[#PROPERTY]")]
    targets: Vec<Target>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// The settled commit's message
    #[arg(long, short)]
    message: Option<String>,
    /// Show secrets
    #[arg(long)]
    show_secrets: bool,
}

#[derive(Args)]
#[group(multiple = false)]
struct ChoiceArgs {
    /// Take what the pod had
    #[arg(long)]
    ours: bool,
    /// Take what was merged into it
    #[arg(long)]
    theirs: bool,
    /// Take what both came from
    #[arg(long)]
    base: bool,
    /// Take this value
    #[arg(long, value_name = "JSON")]
    value: Option<String>,
    /// Take what you make of it in $EDITOR
    #[arg(long)]
    edit: bool,
    /// Take the last choice back
    #[arg(long)]
    undo: bool,
}

impl ResolveCommand {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        let ChoiceArgs { ours, theirs, base, value, edit, undo } = &self.choice;
        *ours || *theirs || *base || *edit || *undo || value.is_some()
    }

    pub(super) fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let mut found = resolution(&context, &self.pod)?;
        if self.choice.undo {
            let count_back = take_back(&context, &self.pod, &mut found)?;
            session.out.say(&format!("{} taken back", count(count_back as u64, "choice")))?;
        } else if let Some(take) = self.take(&found)? {
            choose(&context, &self.pod, &mut found, &self.targets, &take)?;
        }
        let made = match found.open() {
            0 => Some(finish_resolution(&context, &self.pod, &found, self.message.clone())?),
            _ => None,
        };
        self.show(session, context.catalog, &found, made)
    }

    fn take(&self, found: &Resolution) -> Result<Option<Take>, CliError> {
        let ChoiceArgs { ours, theirs, base, value, edit, .. } = &self.choice;
        Ok(match (ours, theirs, base, value, edit) {
            (true, ..) => Some(Take::Side(Side::Ours)),
            (_, true, ..) => Some(Take::Side(Side::Theirs)),
            (_, _, true, ..) => Some(Take::Side(Side::Base)),
            (_, _, _, Some(text), _) => Some(Take::Value(parse(text)?)),
            (.., true) => Some(Take::Value(self.edited(found)?)),
            _ if !self.targets.is_empty() => {
                return Err(CliError::usage("say what to take: --ours, --theirs, --base, --value or --edit"));
            }
            _ => None,
        })
    }

    /// What the user's editor makes of our value of the one conflict picked.
    fn edited(&self, found: &Resolution) -> Result<Value, CliError> {
        let picked: Vec<_> =
            found.conflicts().filter(|(one, _)| self.targets.iter().any(|target| target.picks(one))).collect();
        let [(conflict, _)] = picked[..] else {
            return Err(CliError::usage(format!(
                "--edit takes one conflict at a time, this picks {}: name PATTERN#PROPERTY",
                picked.len()
            )));
        };
        if conflict.path.is_empty() || conflict.is_blob() {
            return Err(CliError::usage(
                "a deleted resource or a body cannot be edited: take --ours, --theirs or --base",
            ));
        }
        let mut file = tempfile::Builder::new().prefix("podex-").suffix(".json").tempfile()?;
        let value = conflict.values.ours.as_ref().or(conflict.values.theirs.as_ref());
        let text = serde_json::to_string_pretty(&value).map_err(std::io::Error::other)?;
        file.write_all(text.as_bytes())?;
        let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok());
        let editor = editor.filter(|editor| !editor.is_empty()).unwrap_or_else(|| "vi".to_owned());
        // Through the shell, because people put arguments into EDITOR.
        let status = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file.path()).status()?;
        if !status.success() {
            return Err(CliError::usage(format!("{editor} ended with {status}: nothing was chosen")));
        }
        let text = std::fs::read_to_string(file.path())?;
        parse(&text).or_else(|error| {
            // Somebody's work: what was typed must not be lost with the mistake in it.
            let (_, path) = file.keep().map_err(|error| error.error)?;
            let path = path.display();
            Err(CliError::usage(format!(
                "{error}\nnothing was chosen; what {editor} left is in {path}: mend it and give it with --value \"$(cat {path})\""
            )))
        })
    }

    fn show(
        &self,
        session: &Session,
        catalog: &crate::catalog::Catalog,
        found: &Resolution,
        made: Option<VersionEntry>,
    ) -> Result<u8, CliError> {
        let (open, all) = (found.open(), found.commit.conflicts.len());
        if session.out.json {
            session.out.print_json(&json!({
                "pod": self.pod,
                "conflicted": found.version,
                "open": open,
                "conflicts": conflicts_json(catalog, found.conflicts(), self.show_secrets),
                "resolved": made,
            }))?;
        } else if let Some(made) = made {
            let settled = count(all as u64, "conflict");
            session.out.say(&format!("{settled} settled: {}:{} {}", self.pod, made.number, made.commit.short()))?;
        } else {
            session.out.print(&conflicts_text(session, catalog, found.conflicts(), self.show_secrets))?;
            session.out.say(&format!(
                "{open} of {} open in {}:{}",
                count(all as u64, "conflict"),
                self.pod,
                found.version.number
            ))?;
        }
        Ok(if open > 0 { EXIT_CONFLICT } else { 0 })
    }
}

fn parse(text: &str) -> Result<Value, CliError> {
    serde_json::from_str(text).map_err(|error| CliError::usage(format!("the value is not JSON: {error}")))
}
