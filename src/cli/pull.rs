//! `podex pull`.

use clap::Args;
use serde_json::json;

use super::args::ReferenceArg;
use super::error::CliError;
use super::format::{bytes, count};
use super::inject::{HowArgs, inject};
use super::session::Session;
use crate::ops::{Context, remote_list};
use crate::pod::{PodName, Reference, RemoteName, Selector};

/// Get a pod from a remote
///
/// The local pod must be new or an ancestor: histories that have parted are refused with exit code 4. 'podex merge'
/// joins them, --as NAME keeps both.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex pull team/shop
  podex pull team/shop:3 --as shop-of-team
  podex pull shop              from the only remote there is
  podex pull team/shop --inject --yes")]
pub(super) struct PullCommand {
    #[command(flatten)]
    reference: ReferenceArg,
    /// The local pod to pull into, where it is not to have the same name
    #[arg(long = "as", value_name = "POD")]
    into: Option<PodName>,
    /// Put it into the emulator at once
    #[arg(long)]
    inject: bool,
    #[command(flatten)]
    how: HowArgs,
}

impl PullCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = self.how.context(session)?;
        let (remote, pod, selector) = source(&context, self.reference.reference()?)?;
        let pulled = pull(session, &context, &remote, &pod, &selector, self.into.as_ref(), self.inject).await?;
        if self.inject { inject(session, &context, &pulled, self.how).await } else { Ok(0) }
    }
}

/// What to pull from where. Without a remote, the only one there is.
pub(super) fn source(context: &Context, reference: &Reference) -> Result<(RemoteName, PodName, Selector), CliError> {
    let Reference::Pod { remote, pod, selector } = reference else {
        return Err(CliError::usage("@live is the emulator itself: name a pod on a remote, as in team/shop"));
    };
    let remote = match remote {
        Some(remote) => remote.clone(),
        None => match remote_list(context)?.as_slice() {
            [only] => only.name.clone(),
            [] => return Err(CliError::usage("there is no remote yet: add one with 'podex remote add NAME URL'")),
            several => {
                let names: Vec<_> = several.iter().map(|remote| format!("{}/{pod}", remote.name)).collect();
                return Err(CliError::usage(format!("say from where: {}", names.join(" or "))));
            }
        },
    };
    Ok((remote, pod.clone(), selector.clone()))
}

/// Pulls, says so, and gives the reference of what is now here.
pub(super) async fn pull(
    session: &Session,
    context: &Context,
    remote: &RemoteName,
    pod: &PodName,
    selector: &Selector,
    into: Option<&PodName>,
    silent_json: bool,
) -> Result<Reference, CliError> {
    let number = match selector {
        Selector::Head => None,
        Selector::Version(number) => Some(*number),
        Selector::Revision(_) | Selector::Tag(_) => {
            return Err(CliError::usage(format!("pull takes a version's number, as in {remote}/{pod}:3")));
        }
    };
    let (report, version) = crate::ops::pull(context, remote, pod, number, into, &session.events()).await?;
    session.progress.clear();
    let local = into.unwrap_or(pod);
    if !session.out.json {
        session.out.say(&match report.commits {
            0 => format!("{local}:{} is up to date", version.number),
            commits => format!(
                "{local}:{} {}: pulled {}, {}",
                version.number,
                version.commit.short(),
                count(commits, "version"),
                bytes(report.bytes)
            ),
        })?;
    } else if !silent_json {
        session.out.print_json(&json!({
            "pod": local,
            "version": version.number,
            "digest": version.commit,
            "commits": report.commits,
            "bytes": report.bytes,
        }))?;
    }
    Ok(Reference::Pod { remote: None, pod: local.clone(), selector: Selector::Version(version.number) })
}
