//! `podex export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::CliError;
use super::format::{clean, count};
use super::session::Session;
use crate::archive::Container;
use crate::ops::{ExportForm, ExportSecrets, Exported};
use crate::pod::{Reference, Selector};
use crate::remote::SecretsMode;

/// Write a version to one file: documents in JSON and bytes in plain folders, which any tool can read
///
/// 'podex import' reads it back to the same state. Secrets are part of it unless --secrets says otherwise: how many is
/// told on standard error. Redacted ones have markers in their places, with fingerprints, as after 'podex push': whoever
/// imports the file is told what it lacks, and 'podex inject --secrets-from' supplies it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex export shop                          writes shop.tar
  podex export shop:3 before.zip
  podex export team/shop --format json -f    the documents alone, as one JSON object by key: writes shop.json
  podex export @live now.tar
  podex export shop --secrets redact         fit to be attached to a bug report
  podex export shop --secrets encrypt --recipient \"$(cat ~/.ssh/id_ed25519.pub)\"
  podex export theirs back.zip --format localstack")]
pub(super) struct ExportCommand {
    /// Which version: POD, POD:N, POD@REVISION, REMOTE/POD or @live
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The file; else the pod's name with the format's ending, here
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The format; else by the file's ending, else tar
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What becomes of secret values; include unless there is a recipient
    #[arg(long, value_name = "MODE", value_enum)]
    secrets: Option<SecretsMode>,
    /// Encrypt them to this public key: age1…, ssh-ed25519 … or ssh-rsa …; can be repeated
    #[arg(long = "recipient", value_name = "KEY")]
    recipients: Vec<String>,
    /// Overwrite the file
    #[arg(long, short)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Open form, as a tape archive
    Tar,
    /// Open form, as a zip archive
    Zip,
    /// The documents alone, without bytes
    Json,
    /// LocalStack's own state, where the version holds it
    Localstack,
}

impl ExportCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let ending = self.file.as_ref().and_then(|file| file.extension()).and_then(|ending| ending.to_str());
        let format = match (self.format, ending) {
            (Some(format), _) => format,
            (None, Some("zip")) => Format::Zip,
            (None, Some("json")) => Format::Json,
            (None, Some("tar") | None) => Format::Tar,
            (None, Some(other)) => {
                return Err(CliError::usage(format!("what format is .{other}? Name one with --format")));
            }
        };
        let (form, ending) = match format {
            Format::Tar => (ExportForm::Open(Container::Tar), "tar"),
            Format::Zip => (ExportForm::Open(Container::Zip), "zip"),
            Format::Json => (ExportForm::Json, "json"),
            Format::Localstack => (ExportForm::LocalStack, "zip"),
        };
        let file = self.file.unwrap_or_else(|| format!("{}.{ending}", stem(&self.reference)).into());
        if file.exists() && !self.force {
            return Err(CliError::usage(format!("{} is there already: --force overwrites it", file.display())));
        }
        let context = session.context()?;
        let by_default = if self.recipients.is_empty() { SecretsMode::Include } else { SecretsMode::Encrypt };
        let mode = self.secrets.unwrap_or(by_default);
        let (secrets, events) = (ExportSecrets { mode, recipients: self.recipients }, session.events());
        let Exported { documents, secrets } =
            crate::ops::export(&context, &self.reference, form, secrets, &file, &events).await?;
        if let (SecretsMode::Include, Some(list)) = (mode, secrets.list()) {
            events.warn(format!("the file holds {list}: 'podex export --secrets redact' leaves them out"));
        }
        session.progress.clear();
        if session.out.json {
            let secrets = json!({"mode": mode, "values": secrets.values(), "types": secrets.types()});
            session.out.print_json(&json!({"file": file, "documents": documents, "secrets": secrets}))?;
        } else {
            let name = file.display().to_string();
            session.out.say(&format!("{}: {}", clean(&name), count(documents, "document")))?;
            if let Some(sentence) = secrets.sentence(mode) {
                session.out.say(&sentence)?;
            }
        }
        Ok(0)
    }
}

fn stem(reference: &Reference) -> String {
    match reference {
        Reference::Live => "live".to_owned(),
        Reference::Pod { pod, selector: Selector::Head, .. } => pod.to_string(),
        Reference::Pod { pod, selector: Selector::Version(number), .. } => format!("{pod}-{number}"),
        Reference::Pod { pod, selector: Selector::Revision(revision), .. } => format!("{pod}-{revision}"),
        Reference::Pod { pod, selector: Selector::Tag(tag), .. } => format!("{pod}-{tag}"),
    }
}
