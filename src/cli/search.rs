//! `podex search`.

use std::sync::Arc;

use clap::Args;

use super::error::CliError;
use super::format::clean;
use super::output::Paint;
use super::session::Session;
use crate::event::Events;
use crate::ops::{self, Context, EXIT_FAILED};
use crate::pod::{Reference, Selector};
use crate::search::{Beside, Hit, Index, Place, Query, Searcher, Whence};

/// Find resources and values in all versions of all pods here
///
/// Fuzzy, as in fzf: letters must appear in this order. Several words must all match. Upper-case letters match only
/// themselves. pod:, account:, region:, service:, type: and tag: narrow down, as does is: with live, local or remote:
/// is:live captures the instance, is:remote looks into versions on remotes whose trees were fetched to browse them.
/// Secrets are not searched. Exits with 1 when nothing is found.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex search orders
  podex search 'lambda resize' --limit 5
  podex search region:eu type:table tag:env=prod
  podex search pod:shop arn
  podex search is:live queue
  podex search ORDERS_TABLE --json")]
pub(super) struct SearchCommand {
    /// What to look for
    #[arg(value_name = "QUERY", required = true)]
    query: Vec<String>,
    /// Show at most this many
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
}

impl SearchCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let events = session.events();
        let query = self.query.join(" ");
        let beside = beside(&context, &Query::parse(&query), &events).await?;
        let mut searcher = Searcher::new(Arc::new(Index::build(&context, &beside, &events)?));
        let hits = searcher.search(&query, self.limit, events.cancellation(), &mut |_| {});
        session.progress.clear();
        let found = if hits.is_empty() { EXIT_FAILED } else { 0 };
        if session.out.json {
            session.out.print_json(&hits)?;
        } else if hits.is_empty() {
            session.out.say("nothing found")?;
        } else {
            let shown: String = hits.iter().map(|hit| show(hit, session.out.paint)).collect();
            session.out.print(&shown)?;
        }
        Ok(found)
    }
}

/// What is asked for beside the local pods.
async fn beside(context: &Context, query: &Query, events: &Events) -> Result<Vec<Beside>, CliError> {
    let mut beside = Vec::new();
    if query.asks_for(Whence::Live) {
        let (commit, found) = ops::resolve(context, &Reference::Live, events).await?;
        beside.push(Beside { place: Place { reference: Reference::Live, commit }, state: found.state });
    }
    if query.asks_for(Whence::Remote) {
        for remote in ops::remote_list(context)? {
            let pods = match ops::remote_pods(context, &remote.name, events).await {
                Ok(pods) => pods,
                Err(error) if error.is_cancelled() => return Err(error.into()),
                Err(error) => {
                    events.warn(format!("{} is not searched: {error}", remote.name));
                    continue;
                }
            };
            for pod in pods {
                beside.extend(pod.versions.iter().map(|version| {
                    let (remote, pod) = (Some(remote.name.clone()), pod.name.clone());
                    let reference = Reference::Pod { remote, pod, selector: Selector::Version(version.number) };
                    Beside { place: Place { reference, commit: version.digest }, state: version.commit.state }
                }));
            }
        }
    }
    Ok(beside)
}

fn show(hit: &Hit, paint: Paint) -> String {
    let text = marked(hit, paint);
    let found = match &hit.property {
        None => text,
        Some(property) => {
            let name = format!("{}/{}", hit.key.service, hit.key.label());
            format!("{} {}: {text}", clean(&name), paint.dim(&clean(property)))
        }
    };
    let place = format!("{} {}", clean(&hit.key.account), clean(&hit.key.region));
    format!("{found}\n    {}\n", paint.dim(&format!("{place} in {}", places(hit))))
}

/// The text with what matched in bold.
fn marked(hit: &Hit, paint: Paint) -> String {
    let mut positions = hit.positions.iter().peekable();
    let letters = hit.text.chars().enumerate().map(|(position, letter)| {
        let letter = letter.to_string();
        let letter = clean(&letter);
        if positions.next_if(|wanted| **wanted == position).is_some() {
            paint.bold(&letter)
        } else {
            letter.into_owned()
        }
    });
    letters.collect()
}

/// `shop:1-3, other:2, @live`: neighbouring versions drawn together.
fn places(hit: &Hit) -> String {
    let version = |place: &Place| match &place.reference {
        Reference::Pod { remote, pod, selector: Selector::Version(number) } => {
            Some((remote.clone(), pod.clone(), *number))
        }
        _ => None,
    };
    // One below the other, without a gap.
    let follows = |newer: &Place, older: &Place| {
        version(newer)
            .zip(version(older))
            .is_some_and(|(newer, older)| (newer.0, newer.1) == (older.0, older.1) && newer.2 == older.2 + 1)
    };
    let runs = hit.places.chunk_by(follows).filter_map(|run| {
        let (newest, oldest) = (run.first()?, run.last()?);
        Some(match (version(oldest), &newest.reference) {
            (Some((.., from)), Reference::Pod { remote, pod, selector: Selector::Version(to) }) if from != *to => {
                let remote = remote.as_ref().map(|remote| format!("{remote}/")).unwrap_or_default();
                format!("{remote}{pod}:{from}-{to}")
            }
            (_, reference) => reference.to_string(),
        })
    });
    runs.collect::<Vec<_>>().join(", ")
}
