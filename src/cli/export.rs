//! `podex export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::CliError;
use super::format::{clean, count};
use super::session::Session;
use crate::archive::Container;
use crate::ops::ExportForm;
use crate::pod::{Reference, Selector};

/// Write a version to one file: documents in JSON and bytes in plain folders, which any tool can read
///
/// Secrets are part of it. 'podex import' reads it back to the same state.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex export shop                          writes shop.tar
  podex export shop:3 before.zip
  podex export team/shop --format json -f    the documents alone, as one JSON object by key: writes shop.json
  podex export @live now.tar
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
        let written = crate::ops::export(&context, &self.reference, form, &file, &session.events()).await?;
        session.progress.clear();
        if session.out.json {
            session.out.print_json(&json!({"file": file, "documents": written}))?;
        } else {
            let name = file.display().to_string();
            session.out.say(&format!("{}: {}", clean(&name), count(written, "document")))?;
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
