//! `podex inspect`.

use std::io::{Read, Write};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::args::shifted;
use super::error::CliError;
use super::explore::{explore, has_terminal};
use super::format::{Values, clean, readable};
use super::session::Session;
use super::show_tree::tree;
use crate::ops::{Context, Found, OpError, Referrer, Snapshot, browse, find, referrers, resolve};
use crate::pod::{BlobRef, Document, Observed, Reference, ResourceKey};
use crate::tui::StartAt;

/// Bytes copied at a time.
const COPY_BUFFER: usize = 64 * 1024;

/// Look into a version: its tree, one resource, or the bytes behind one
///
/// On a terminal it opens the explorer there; piped, or with --format, it prints. A PATH that names a resource shows
/// its document; one that names more shows the tree below it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex inspect shop
  podex inspect shop:2 --format tree
  podex inspect shop s3/bucket/photos --format json
  podex inspect shop s3/object/photos/cat.jpg --body > cat.jpg
  podex inspect @live sqs --format tree
  podex inspect shop iam/role/writer --referrers
  podex inspect --name shop")]
pub(super) struct InspectCommand {
    /// Which version: POD, POD:N, POD@REVISION, REMOTE/POD or @live
    #[arg(value_name = "REF", required_unless_present = "name")]
    reference: Option<String>,
    /// What to show: service[/type[/name]], a prefix with account or region, or a pattern with * and ?
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// The version, named the way LocalStack's commands do it
    #[arg(long, value_name = "REF")]
    name: Option<Reference>,
    /// Print instead of opening the explorer
    #[arg(long, short, value_enum)]
    format: Option<Format>,
    /// Write the bytes of the one blob the resource has (an object's body, a function's code) to standard output
    #[arg(long)]
    body: bool,
    /// Show what refers to the one resource that PATH names
    #[arg(long, conflicts_with = "body")]
    referrers: bool,
    /// Show secrets
    #[arg(long)]
    show_secrets: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Tree,
    /// For programs
    Json,
}

impl InspectCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let (reference, path) = shifted::<Reference>(self.name, self.reference.as_deref(), self.path.as_deref())?;
        let format = match self.format {
            _ if session.out.json => Some(Format::Json),
            None if !has_terminal() => Some(Format::Tree),
            format => format,
        };
        let Some(format) = format.or((self.body || self.referrers).then_some(Format::Tree)) else {
            return explore(session, StartAt { reference: Some(reference), path, ..session.start() }).await;
        };
        let context = session.context()?;
        if self.body {
            let (digest, commit) = resolve(&context, &reference, &session.events()).await?;
            session.progress.clear();
            let snapshot = Snapshot::of(&context.store, digest, commit);
            return body(&context, &snapshot, &find(&snapshot, path.as_deref())?);
        }
        let browsed = browse(&context, &reference, &session.events()).await?;
        session.progress.clear();
        let snapshot = &browsed.snapshot;
        let found = find(snapshot, path.as_deref())?;
        if self.referrers {
            show_referrers(session, snapshot, &found)?;
            browsed.keep()?;
            return Ok(0);
        }
        let values = Values { catalog: context.catalog, show_secrets: self.show_secrets };
        match (format, found) {
            (Format::Json, Found::Exactly(keys) | Found::Below(keys)) => {
                let resources: Result<Vec<_>, CliError> =
                    keys.iter().map(|key| resource_json(snapshot, values, key)).collect();
                session.out.print_json(&json!({
                    "reference": reference.to_string(),
                    "digest": snapshot.digest,
                    "commit": snapshot.commit,
                    "resources": resources?,
                }))?;
            }
            (Format::Tree, Found::Exactly(keys)) => {
                let shown: Result<Vec<_>, CliError> =
                    keys.iter().map(|key| resource_text(session, snapshot, values, key)).collect();
                session.out.print(&shown?.join("\n"))?;
            }
            (Format::Tree, Found::Below(keys)) => session.out.print(&tree(&context, keys, session.out.paint))?,
        }
        browsed.keep()?;
        Ok(0)
    }
}

fn read(snapshot: &Snapshot, key: &ResourceKey) -> Result<(Document, Observed), CliError> {
    let document = snapshot.document(key)?;
    let document = document.ok_or_else(|| OpError::Request(format!("{key} is not there any more")))?;
    Ok((document, snapshot.observed(key)?))
}

fn resource_json(snapshot: &Snapshot, values: Values<'_>, key: &ResourceKey) -> Result<Value, CliError> {
    let (document, observed) = read(snapshot, key)?;
    Ok(json!({
        "key": key,
        "attributes": values.safe(key, &[], &Value::Object(document.attributes)),
        "blobs": document.blobs,
        "observed": values.safe(key, &[], &Value::Object(observed)),
    }))
}

fn resource_text(
    session: &Session,
    snapshot: &Snapshot,
    values: Values<'_>,
    key: &ResourceKey,
) -> Result<String, CliError> {
    let (document, observed) = read(snapshot, key)?;
    let paint = session.out.paint;
    let name = format!("{}/{}", key.service, key.label());
    let mut text =
        format!("{}  {}\n", paint.bold(&clean(&name)), paint.dim(&clean(&format!("{} {}", key.account, key.region))));
    for (title, members) in [("attributes", document.attributes), ("observed", observed)] {
        if !members.is_empty() {
            let value = readable(&values.safe(key, &[], &Value::Object(members)));
            let pretty = serde_json::to_string_pretty(&value).map_err(std::io::Error::other)?;
            text.push_str(&format!("{title}: {}\n", super::format::clean_lines(&pretty)));
        }
    }
    for (name, BlobRef { digest, size }) in &document.blobs {
        text.push_str(&format!("{}: {} ({digest})\n", clean(name), super::format::bytes(*size)));
    }
    Ok(text)
}

/// The one resource that was found, as an option needs it.
fn only<'a>(found: &'a Found, option: &str) -> Result<&'a ResourceKey, CliError> {
    let keys = match found {
        Found::Exactly(keys) => keys.as_slice(),
        Found::Below(_) => &[],
    };
    let [key] = keys else {
        return Err(CliError::usage(format!(
            "{option} needs a path that names one resource; this one names {}",
            if keys.is_empty() { "none" } else { "several: put account/region/ before it" }
        )));
    };
    Ok(key)
}

/// Names what refers to the only resource.
fn show_referrers(session: &Session, snapshot: &Snapshot, found: &Found) -> Result<(), CliError> {
    let key = only(found, "--referrers")?;
    let found = referrers(snapshot, key, &session.events())?;
    session.progress.clear();
    if session.out.json {
        session.out.print_json(&json!({ "key": key, "referrers": found }))?;
        return Ok(());
    }
    let mut text = String::new();
    for Referrer { key, property } in &found {
        let name = format!("{}/{}", key.service, key.label());
        text.push_str(&format!("{}  {}\n", clean(&name), session.out.paint.dim(&clean(property))));
    }
    if text.is_empty() {
        text = format!("nothing refers to {}/{}\n", clean(&key.service), clean(&key.label()));
    }
    session.out.print(&text)?;
    Ok(())
}

/// Writes the bytes of the only blob of the only resource.
fn body(context: &Context, snapshot: &Snapshot, found: &Found) -> Result<u8, CliError> {
    let key = only(found, "--body")?;
    let (document, _) = read(snapshot, key)?;
    let mut blobs = document.blobs.values();
    let (Some(blob), None) = (blobs.next(), blobs.next()) else {
        return Err(OpError::Request(format!("{} has no bytes of its own to write", key.label())).into());
    };
    let mut from = context.store.open_blob(blob)?;
    let mut out = std::io::stdout().lock();
    let mut buffer = vec![0; COPY_BUFFER];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            read => out.write_all(buffer.get(..read).unwrap_or_default())?,
        }
    }
    out.flush()?;
    Ok(0)
}
