//! `podex search`.

use std::sync::Arc;

use clap::Args;

use super::error::CliError;
use super::format::clean;
use super::output::Paint;
use super::session::Session;
use crate::ops::EXIT_FAILED;
use crate::search::{Hit, Index, Searcher};

/// Find resources and values in all versions of all pods here
///
/// Fuzzy, as in fzf: letters must appear in this order. Several words must all match. Upper-case letters match only
/// themselves. pod:, account:, region:, service:, type: and tag: narrow down. Secrets are not searched. Exits with 1 when nothing is found.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex search orders
  podex search 'lambda resize' --limit 5
  podex search region:eu type:table tag:env=prod
  podex search pod:shop arn
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
        let mut searcher = Searcher::new(Arc::new(Index::build(&context, &events)?));
        let hits = searcher.search(&self.query.join(" "), self.limit, events.cancellation(), &mut |_| {});
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

/// `shop:1-3,5, other:2`: neighbouring versions drawn together.
fn places(hit: &Hit) -> String {
    let mut text = String::new();
    let mut rest = hit.places.as_slice();
    while let [(pod, newest, _), ..] = rest {
        let run = rest
            .iter()
            .enumerate()
            .take_while(|(back, (other, number, _))| other == pod && *number + *back as u64 == *newest)
            .count();
        let oldest = newest + 1 - run as u64;
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&if oldest == *newest { format!("{pod}:{newest}") } else { format!("{pod}:{oldest}-{newest}") });
        rest = &rest[run..];
    }
    text
}
