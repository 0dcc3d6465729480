//! Runs the steps of a plan, many at once, and keeps account of them.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};

use super::quiet::Quieted;
use super::units::Units;
use super::{Work, step};
use crate::aws::{AwsError, ErrorClass};
use crate::catalog::Catalog;
use crate::event::Progress;
use crate::instance::plan::order::Need;
use crate::instance::{ApplyReport, FailedStep, Plan, Step, StepAction};
use crate::pod::{Observed, ResourceKey};
use std::sync::PoisonError;

/// Units of steps under way at once. The client bounds the requests.
pub const UNITS_AT_ONCE: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Worked,
    Failed,
    Left,
}

/// Whether steps found the emulator gone.
async fn is_lost(work: &Work<'_>, results: &[Result<(), AwsError>]) -> bool {
    let unanswered =
        |result: &Result<(), AwsError>| result.as_ref().is_err_and(|error| error.class == ErrorClass::Connection);
    results.iter().any(unanswered) && !work.instance.answers().await
}

/// How far the plan is.
pub struct Run<'a> {
    plan: &'a Plan,
    needs: Vec<Vec<Need>>,
    units: Units,
    ready: BTreeSet<usize>,
    started: Vec<bool>,
    /// By node; a barrier has none of its own but Worked.
    state: Vec<State>,
    failed: Vec<FailedStep>,
    stopped: Option<String>,
}

impl<'a> Run<'a> {
    /// Nothing done yet.
    pub fn new(
        catalog: &Catalog,
        plan: &'a Plan,
        needs: Vec<Vec<Need>>,
        observed: &dyn Fn(&ResourceKey) -> Option<Observed>,
    ) -> Self {
        let units = Units::new(catalog, plan, &needs, observed);
        let ready = (0..units.nodes.len()).filter(|&unit| units.open[unit] == 0).collect();
        let started = vec![false; units.nodes.len()];
        let state = vec![State::Waiting; needs.len()];
        Self { plan, needs, units, ready, started, state, failed: Vec::new(), stopped: None }
    }

    /// Runs all steps, but for their late facets.
    pub async fn main(&mut self, work: &Work<'_>) {
        let plan = self.plan;
        let mut running = FuturesUnordered::new();
        let mut progress = Progress { total: plan.steps.len() as u64, ..Progress::default() };
        work.events.progress(progress);
        loop {
            if self.stopped.is_none() && work.events.is_cancelled() {
                self.stopped = Some("cancelled".to_owned());
            }
            while self.stopped.is_none() && running.len() < UNITS_AT_ONCE {
                let Some(unit) = self.ready.pop_first() else { break };
                let nodes = self.start(unit);
                if nodes.is_empty() {
                    self.over(unit);
                    continue;
                }
                let steps: Vec<&Step> = nodes.iter().map(|&node| &plan.steps[node]).collect();
                running.push(async move {
                    let results = step::run(work, &steps).await;
                    let lost = is_lost(work, &results).await;
                    (unit, nodes, results, lost)
                });
            }
            let Some((unit, nodes, results, lost)) = running.next().await else {
                // Nothing runs: all is over, or what is left waits in a circle, which is entered anywhere.
                match self.started.iter().position(|started| !started) {
                    Some(unit) if self.stopped.is_none() => {
                        self.ready.insert(unit);
                        continue;
                    }
                    _ => break,
                }
            };
            progress.done += nodes.len() as u64;
            work.events.progress(progress);
            nodes.into_iter().zip(results).for_each(|(node, result)| self.take(node, result, lost));
            self.over(unit);
        }
    }

    /// Marks a unit as started and gives the steps in it that can run: nothing they need has failed.
    fn start(&mut self, unit: usize) -> Vec<usize> {
        if std::mem::replace(&mut self.started[unit], true) {
            return Vec::new();
        }
        let failed = |state| matches!(state, State::Failed | State::Left);
        let mut runs = Vec::new();
        for &node in &self.units.nodes[unit] {
            if node >= self.plan.steps.len() {
                self.state[node] = State::Worked;
            } else if self.needs[node].iter().any(|need| need.must_work && failed(self.state[need.node])) {
                self.state[node] = State::Left;
            } else {
                runs.push(node);
            }
        }
        runs
    }

    fn over(&mut self, unit: usize) {
        for &dependent in &self.units.dependents[unit] {
            self.units.open[dependent] = self.units.open[dependent].saturating_sub(1);
            if self.units.open[dependent] == 0 && !self.started[dependent] {
                self.ready.insert(dependent);
            }
        }
    }

    /// Takes what came of a step. `lost` where the emulator answers nothing at all any more: else its service alone does
    /// not, and the other steps go on.
    fn take(&mut self, node: usize, result: Result<(), AwsError>, lost: bool) {
        self.state[node] = match result {
            Ok(()) => State::Worked,
            Err(error) if lost && error.class == ErrorClass::Connection => {
                self.stopped.get_or_insert(format!("the emulator stopped answering: {error}"));
                State::Left
            }
            Err(error) => {
                let step = &self.plan.steps[node];
                let failed = FailedStep { action: step.action, key: step.key.clone(), error: error.to_string() };
                self.failed.push(failed);
                State::Failed
            }
        };
    }

    /// Sets the late facets of the steps that worked. `quieted` tells which resources' quiet facets are off.
    pub async fn late(&mut self, work: &Work<'_>, quieted: &Quieted) {
        let plan = self.plan;
        let nodes: Vec<usize> = (0..plan.steps.len())
            .filter(|&node| self.state[node] == State::Worked && step::has_late(work, &plan.steps[node], quieted))
            .collect();
        let is_stopped = self.stopped.is_some();
        let mut results = stream::iter(nodes)
            .map(|node| async move {
                let stop = is_stopped || work.events.is_cancelled();
                if stop {
                    return (node, None);
                }
                let result = [step::late(work, &plan.steps[node], quieted).await];
                let lost = is_lost(work, &result).await;
                let [result] = result;
                (node, Some((result, lost)))
            })
            .buffer_unordered(UNITS_AT_ONCE);
        while let Some((node, result)) = results.next().await {
            match result {
                Some((result, lost)) => self.take(node, result, lost),
                // Its late part is open, so it is not done.
                None => {
                    self.state[node] = State::Left;
                    self.stopped.get_or_insert("cancelled".to_owned());
                }
            }
        }
    }

    /// The resources whose steps are done.
    pub fn done(&self) -> BTreeSet<&'a ResourceKey> {
        let steps = self.plan.steps.iter().zip(&self.state);
        steps.filter(|(_, state)| **state == State::Worked).map(|(step, _)| &step.key).collect()
    }

    /// What came of it.
    pub fn report(self, work: Work<'_>) -> ApplyReport {
        let mut report = ApplyReport { failed: self.failed, stopped: self.stopped, ..ApplyReport::default() };
        for (step, state) in self.plan.steps.iter().zip(&self.state) {
            let entry = (step.action, step.key.clone());
            match state {
                State::Worked => report.applied.push(entry),
                State::Failed => {}
                State::Waiting | State::Left => report.left.push(entry),
            }
        }
        report.notes = work.notes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        let replaced = report.applied.iter().filter(|(action, _)| *action == StepAction::Replace);
        let replaced: Vec<String> =
            replaced.map(|(_, key)| format!("{} was deleted and created anew", key.label())).collect();
        report.notes.extend(replaced);
        report
    }
}
