//! `podex verify`.

use clap::{Args, ValueEnum};

use super::args::ReferenceArg;
use super::confirm::{can_ask, confirm};
use super::error::CliError;
use super::format::clean;
use super::session::Session;
use super::table::Table;
use crate::instance::Emulator;
use crate::ops::{EXIT_PARTLY, EndpointOrigin, VerifyOn, VerifyOutcome, verify};

/// What is said of one type before the rest is only counted.
const SHOWN: usize = 5;

/// Prove what a pod is worth: inject it into a fresh emulator, capture that, and compare
///
/// The emulator is one that podex starts and ends. With --endpoint it is the one named, which is overwritten. The
/// exit code is 5 when anything comes back otherwise or not at all.
#[derive(Args)]
#[command(after_help = "\
Examples:
  podex verify shop
  podex verify shop:3 --on moto --json
  podex verify shop --endpoint http://localhost:4566 --yes")]
pub(super) struct VerifyCommand {
    #[command(flatten)]
    reference: ReferenceArg,
    /// Which emulator to start
    #[arg(long, value_enum, default_value = "ministack")]
    on: On,
    /// With --endpoint: do not ask before overwriting it
    #[arg(long, short)]
    yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum On {
    Ministack,
    Moto,
}

impl VerifyCommand {
    pub(super) async fn run(self, session: &Session) -> Result<u8, CliError> {
        let context = session.context()?;
        let on = match (context.origin, self.on) {
            (EndpointOrigin::Flag, _) => VerifyOn::Here,
            (_, On::Ministack) => VerifyOn::Fresh(Emulator::Ministack),
            (_, On::Moto) => VerifyOn::Fresh(Emulator::Moto),
        };
        if matches!(on, VerifyOn::Here) {
            // Overwriting an instance is a change, a fresh one of our own is nobody's.
            session.may_change()?;
            let question = format!("verify overwrites everything at {}. Go on?", context.endpoint);
            let agreed = self.yes || can_ask() && confirm(session, &question)?;
            if !agreed {
                return Err(CliError::Usage(format!("verify would overwrite {}: give --yes", context.endpoint)));
            }
        }
        let outcome = verify(&context, self.reference.reference()?, on, &session.events()).await?;
        session.progress.clear();
        if session.out.json {
            session.out.print_json(&outcome)?;
        } else {
            session.out.print(&shown(session, &outcome))?;
        }
        Ok(if outcome.is_faithful() { 0 } else { EXIT_PARTLY })
    }
}

fn shown(session: &Session, outcome: &VerifyOutcome) -> String {
    let mut table = Table::new(["TYPE", "CAPTURED", "RESTORED", "IDENTICAL", "DIFFERING", "NOT RESTORED"]);
    for (kind, found) in &outcome.types {
        let count = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
        let counts = [found.captured, found.restored, found.identical].map(|count| count.to_string());
        let [captured, restored, identical] = counts;
        let row =
            [kind.clone(), captured, restored, identical, count(found.differing.len()), count(found.missing.len())];
        table.row(row);
    }
    let mut text = table.render(&session.out);
    for (kind, found) in &outcome.types {
        let differing = found.differing.iter().map(|(label, fields)| format!("{label}: {} differ", fields.join(", ")));
        let missing = found.missing.iter().map(|(label, reason)| format!("{label}: {reason}"));
        let said: Vec<String> = differing.chain(missing).collect();
        for line in said.iter().take(SHOWN) {
            text.push_str(&format!("\n{}", clean(line)));
        }
        if said.len() > SHOWN {
            text.push_str(&format!("\n… and {} more of {kind}", said.len() - SHOWN));
        }
        for note in &found.notes {
            text.push_str(&format!("\n{kind}: {}", clean(note)));
        }
    }
    let instance = &outcome.instance;
    let verdict = if outcome.is_faithful() { "everything came back as it was" } else { "not all came back as it was" };
    text.push_str(&format!("\n{verdict} ({} {})\n", instance.emulator, instance.version));
    text
}
