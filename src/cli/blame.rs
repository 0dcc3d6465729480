//! `podex blame`.

use clap::Args;
use serde_json::{Value, json};

use super::error::CliError;
use super::format::{Values, time};
use super::session::Session;
use super::table::Table;
use crate::ops::{Blame, Snapshot, resolve};
use crate::pod::{Reference, ResourceKey};

/// Show which version last changed a resource, property by property
///
/// A PATH that names one resource shows who last changed each of its properties; one that names several shows who last
/// changed each of them.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex blame shop sqs/queue/orders
  podex blame shop:7 sqs/queue/orders Attributes.VisibilityTimeout
  podex blame shop s3/bucket --json")]
pub(super) struct BlameCommand {
    /// Which version to start from: POD, POD:N, POD@REVISION or REMOTE/POD
    #[arg(value_name = "REF")]
    reference: Reference,
    /// What to blame, as 'podex inspect' names it
    #[arg(value_name = "PATH")]
    path: String,
    /// Only this property and what is below it
    #[arg(value_name = "PROPERTY")]
    property: Option<String>,
    /// Show secrets
    #[arg(long)]
    show_secrets: bool,
}

impl BlameCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let Reference::Pod { pod, remote, .. } = &self.reference else {
            return Err(CliError::usage("@live has no history: name a pod"));
        };
        let context = session.context()?;
        let (digest, commit) = resolve(&context, &self.reference, &session.events()).await?;
        let head = Snapshot::of(&context.store, digest, commit);
        let numbered = Some(pod).filter(|_| remote.is_none());
        let (path, property, events) = (&self.path, self.property.as_deref(), session.events());
        let blames = crate::ops::blame(&context, numbered, &head, path, property, &events)?;
        session.progress.clear();
        let values = Values { catalog: context.catalog, show_secrets: self.show_secrets };
        if session.out.json {
            let list: Vec<Value> = blames.iter().map(|blame| as_json(values, blame)).collect();
            session.out.print_json(&list)?;
            return Ok(0);
        }
        let mut table = Table::new(["VERSION", "REVISION", "DATE", "AUTHOR", "WHAT", "VALUE", "MESSAGE"]);
        for blame in &blames {
            let Blame { key, path, value, digest, version, commit } = blame;
            let (what, value) = match path.is_empty() {
                true => (name(key), String::new()),
                false => (path.join("."), values.line(key, path, value)),
            };
            let version = version.map(|number| number.to_string()).unwrap_or_default();
            let author = &commit.author.name;
            table.row([&version, &digest.short(), &time(commit.time), author, &what, &value, &commit.message]);
        }
        session.out.print(&table.render(&session.out))?;
        Ok(0)
    }
}

fn name(key: &ResourceKey) -> String {
    format!("{} {}/{}", key.region, key.service, key.label())
}

fn as_json(values: Values<'_>, blame: &Blame) -> Value {
    let Blame { key, path, value, digest, version, commit } = blame;
    json!({
        "key": key,
        "path": path,
        "value": values.safe(key, path, value),
        "digest": digest,
        "version": version,
        "author": commit.author,
        "time": commit.time,
        "message": commit.message,
    })
}
