//! `podex gc`.

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use super::error::CliError;
use super::format::{bytes, clean, count};
use super::session::Session;
use crate::ops::gc;
use crate::store::GcOptions;

/// Remove what no version, tag or undo needs, and merge small packs
///
/// Other podex processes go on working. What was written within the grace period stays, named or not.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex gc --dry-run          how much would go
  podex gc                    remove it
  podex gc --grace 0s         also what was written or deleted today")]
pub(super) struct GcCommand {
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// Keep everything written more recently than this, as in '90m', '2d' or '0s'
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = grace)]
    grace: Duration,
}

/// A duration of hours and less, or of days of 24 hours.
fn grace(text: &str) -> Result<Duration, String> {
    let hours = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u32>().ok())
        .map(|days| format!("{}h", u64::from(days) * 24));
    let parsed: Result<SignedDuration, _> = hours.as_deref().unwrap_or(text).parse();
    let duration = parsed.ok().and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| "use a number with d, h, m or s, as in 2d".to_owned())
}

impl GcCommand {
    /// Whether it removes anything.
    pub(super) fn changes(&self) -> bool {
        !self.dry_run
    }

    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let report = gc(&session.context()?, GcOptions { dry_run: self.dry_run, grace: self.grace }).await?;
        if session.out.json {
            session.out.print_json(&report)?;
            return Ok(0);
        }
        let freed = report.bytes_before.saturating_sub(report.bytes_after);
        let (done, rest) = if self.dry_run { ("would remove", "would be") } else { ("removed", "are") };
        session.out.say(&format!("{done} {} ({})", count(report.garbage_chunks, "chunk"), bytes(freed)))?;
        session.out.say(&format!("{} {rest} in {}", bytes(report.bytes_after), count(report.packs_after, "pack")))?;
        if report.garbage_left > 0 {
            session
                .out
                .say(&format!("{} stay: too little of their packs to copy the rest", bytes(report.garbage_left)))?;
        }
        if report.young_packs > 0 {
            session.out.say(&format!("{} within the grace period left alone", count(report.young_packs, "pack")))?;
        }
        report.notes.iter().try_for_each(|note| session.out.print(&clean(note)))?;
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_period_is_a_number_with_its_unit() {
        assert_eq!(grace("2d"), Ok(Duration::from_secs(172_800)));
        assert_eq!(grace("90m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(grace("0s"), Ok(Duration::ZERO));
        for wrong in ["", "d", "-1h", "soon", "1.5d"] {
            assert!(grace(wrong).is_err(), "{wrong}");
        }
    }
}
