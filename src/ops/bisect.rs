//! `bisect`: which version broke it, by running a command against versions in an emulator of their own.

use std::future::Future;

use serde::Serialize;

use super::instances::{Launched, in_background, launch};
use super::{Context, InjectArgs, OpError, Snapshot, apply_inject, prepare_inject};
use crate::event::Events;
use crate::instance::managed::{ManagedEmulator, emulators_folder};
use crate::instance::{Emulator, InstanceError, Strategy};
use crate::pod::{Digest, PodName, Reference, Selector};

/// What a command said about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It works.
    Good,
    /// It is broken.
    Bad,
    /// This version cannot be judged.
    Skip,
}

/// What came of a bisection.
#[derive(Clone, Debug, Serialize)]
pub struct BisectOutcome {
    /// The first version that is broken; with it those right before that could not be judged.
    pub suspects: Vec<Digest>,
    /// Every version tried, in the order it was.
    pub tried: Vec<(Digest, Verdict)>,
}

/// The commits after `good` up to `bad`, oldest first, with `good` in front.
///
/// # Errors
/// When `good` is no ancestor of `bad`.
fn line(context: &Context, good: Digest, bad: Digest) -> Result<Vec<Digest>, OpError> {
    let mut line = vec![bad];
    let mut at = bad;
    while at != good {
        let commit = context.store.commit(&at)?;
        let Some(parent) = commit.parents.first() else {
            return Err(OpError::Request(format!(
                "{} does not come before {}: name an older version of the same pod first",
                good.short(),
                bad.short()
            )));
        };
        at = *parent;
        line.push(at);
    }
    if line.len() < 2 {
        return Err(OpError::Usage("both are the same version: there is nothing between them".to_owned()));
    }
    line.reverse();
    Ok(line)
}

/// Finds the first version between `good` and `bad` of a pod that `judge` calls bad. Each is put, whole, into an
/// emulator that runs for this alone; `judge` gets its endpoint and the version.
///
/// # Errors
/// When `good` is no ancestor of `bad`; when the command calls `good` bad or `bad` good; when the emulator cannot be
/// started or a version not be put into it.
pub async fn bisect<J, F>(
    context: &Context,
    pod: &PodName,
    ends: [Digest; 2],
    emulator: Emulator,
    events: &Events,
    judge: J,
) -> Result<BisectOutcome, OpError>
where
    J: Fn(String, Digest) -> F,
    F: Future<Output = Result<Verdict, OpError>>,
{
    let line = line(context, ends[0], ends[1])?;
    let managed = ManagedEmulator::try_from(emulator).map_err(InstanceError::from)?;
    let (instances, cache) = (context.paths.instances(), emulators_folder(&context.paths.cache));
    let reporting = events.clone();
    let launched = in_background(move || launch(&instances, None, &cache, managed, None, &reporting)).await?;
    // Ends the emulator and removes its folder when this is through, however it ends.
    let Launched { instance, .. } = &launched;
    let there = Context { endpoint: endpoint(&instance.endpoint)?, ..context.clone() };
    let mut tried = Vec::new();
    let mut test = async |at: usize| -> Result<Verdict, OpError> {
        let Some(digest) = line.get(at).copied() else { return Ok(Verdict::Skip) };
        put(&there, pod, digest, events).await?;
        let verdict = judge(instance.endpoint.clone(), digest).await?;
        tried.push((digest, verdict));
        Ok(verdict)
    };
    let last = line.len() - 1;
    for (at, expected) in [(0, Verdict::Good), (last, Verdict::Bad)] {
        let verdict = test(at).await?;
        if verdict != expected {
            let digest = line.get(at).map(Digest::short).unwrap_or_default();
            let word = if expected == Verdict::Good { "good" } else { "bad" };
            let hint = "the command exits with 0 where it works, with 125 where that cannot be told, else with another";
            return Err(OpError::Request(format!(
                "{digest} should be {word}, but the command does not say so: {hint}"
            )));
        }
    }
    let suspects = search(last, async |at| test(at).await).await?;
    let suspects = suspects.filter_map(|at| line.get(at).copied()).collect();
    // Emulators are ended by a signal and waited for.
    in_background(move || {
        drop(launched);
        Ok(())
    })
    .await?;
    Ok(BisectOutcome { suspects, tried })
}

/// The first bad one of 0 (good) to `last` (bad), and those before it that could not be judged.
async fn search(
    last: usize,
    mut test: impl AsyncFnMut(usize) -> Result<Verdict, OpError>,
) -> Result<std::ops::RangeInclusive<usize>, OpError> {
    let (mut good, mut bad) = (0, last);
    let mut skipped = std::collections::BTreeSet::new();
    loop {
        let middle = good + (bad - good) / 2;
        // The one nearest to the middle that can still say something.
        let open = (good + 1..bad).filter(|at| !skipped.contains(at)).min_by_key(|at| at.abs_diff(middle));
        let Some(at) = open else { return Ok(good + 1..=bad) };
        match test(at).await? {
            Verdict::Good => good = at,
            Verdict::Bad => bad = at,
            Verdict::Skip => {
                skipped.insert(at);
            }
        }
    }
}

fn endpoint(text: &str) -> Result<crate::aws::Endpoint, OpError> {
    text.parse().map_err(|error| OpError::Request(format!("{error}")))
}

/// Makes the emulator what a version says.
async fn put(there: &Context, pod: &PodName, digest: Digest, events: &Events) -> Result<(), OpError> {
    // The accounts of the version are looked at, whatever is configured for other instances.
    let places = Snapshot::load(&there.store, digest)?.places()?;
    let mut there = there.clone();
    there.accounts = places.into_iter().map(|(_, account, _)| account).collect();
    there.accounts.sort_unstable();
    there.accounts.dedup();
    let reference = Reference::Pod { remote: None, pod: pod.clone(), selector: Selector::Revision(digest.hex()) };
    let (filter, secrets_from, native) = Default::default();
    let args = InjectArgs { reference, strategy: Strategy::Overwrite, filter, secrets_from, native };
    let prepared = prepare_inject(&there, &args, events).await?;
    let report = apply_inject(&there, &prepared, events).await?.report;
    match report.failed.first() {
        Some(failed) => Err(OpError::Request(format!(
            "{} cannot be put into the emulator: {}/{}: {}",
            digest.short(),
            failed.key.service,
            failed.key.label(),
            failed.error
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_bad(last: usize, bad_from: usize, skips: &'static [usize]) -> (Vec<usize>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut runs = 0;
        let found = runtime.block_on(search(last, async |at| {
            runs += 1;
            assert!(at > 0 && at < last);
            Ok(match at {
                at if skips.contains(&at) => Verdict::Skip,
                at if at >= bad_from => Verdict::Bad,
                _ => Verdict::Good,
            })
        }));
        (found.unwrap().collect(), runs)
    }

    #[test]
    fn the_first_bad_version_is_found_in_few_runs() {
        for last in 1..40 {
            for bad in 1..=last {
                let (found, runs) = first_bad(last, bad, &[]);
                assert_eq!(found, [bad], "of {last}");
                assert!(runs <= 6, "{runs} runs for {last}");
            }
        }
    }

    #[test]
    fn what_cannot_be_judged_stays_a_suspect() {
        assert_eq!(first_bad(6, 4, &[3]).0, [3, 4]);
        assert_eq!(first_bad(6, 4, &[1, 2, 3, 4, 5]).0, [1, 2, 3, 4, 5, 6]);
        assert_eq!(first_bad(6, 2, &[4]).0, [2]);
    }
}
