//! Carries a plan out: many steps at once, each when what it needs is there.
//!
//! Late facets (what names resources that must exist: notifications, redrive policies) follow when all steps are
//! over. Tokens are resolved from what the instance had before, and what steps have created since.

mod facets;
mod step;
mod table;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use serde_json::Value;

use super::plan::order::{Need, needs};
use super::{ApplyReport, BlobSource, FailedStep, Identities, Instance, InstanceError, Plan, StepAction};
use crate::aws::{AwsError, ErrorClass};
use crate::catalog::Catalog;
use crate::event::{Events, Progress};
use crate::pod::{Document, Observed, ResourceKey, Token, replace_tokens};

/// Steps under way at once. The client bounds the requests.
const STEPS_AT_ONCE: usize = 32;

/// Carries a plan out. Idempotent: what is already as wanted is left alone, so running it again completes it.
/// A failing step is reported and its dependents are left; a lost emulator ends the apply with the report.
pub async fn apply(
    instance: &Instance,
    catalog: &Catalog,
    plan: &Plan,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobSource>,
    events: &Events,
) -> Result<ApplyReport, InstanceError> {
    let work =
        Work { instance, catalog, identities, blobs, events, created: Mutex::default(), notes: Mutex::default() };
    let mut run = Run::new(plan, needs(catalog, &plan.steps));
    run.main(&work).await;
    run.late(&work).await;
    Ok(run.report(work))
}

/// What every step works with.
struct Work<'a> {
    instance: &'a Instance,
    catalog: &'a Catalog,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobSource>,
    events: &'a Events,
    /// What is observed of what this apply has created.
    created: Mutex<HashMap<ResourceKey, Observed>>,
    notes: Mutex<BTreeSet<String>>,
}

impl Work<'_> {
    /// What the instance has observed for a key, now.
    fn live(&self, key: &ResourceKey) -> Option<Observed> {
        let created = self.created.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        created.or_else(|| self.identities.live(key))
    }

    fn observe(&self, key: &ResourceKey, observed: Observed) {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), observed);
    }

    fn note(&self, text: String) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(text);
    }

    /// A document with tokens replaced by what they stand for in this instance. User data is left alone.
    fn resolved(&self, key: &ResourceKey, document: &Document) -> Document {
        let mut document = document.clone();
        if !self.catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data) {
            document.attributes.values_mut().for_each(|value| self.resolve_in(key, value));
        }
        document
    }

    fn resolve_in(&self, key: &ResourceKey, value: &mut Value) {
        match value {
            Value::String(text) => *text = replace_tokens(text, |token| self.resolve(key, token)),
            Value::Array(values) => values.iter_mut().for_each(|value| self.resolve_in(key, value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.resolve_in(key, value)),
            _ => {}
        }
    }

    fn resolve(&self, key: &ResourceKey, token: &Token) -> Option<String> {
        let text = |observed: Observed| observed.get(&token.field).and_then(Value::as_str).map(str::to_owned);
        if let Some(value) = self.live(&token.key).and_then(text) {
            return Some(value);
        }
        self.note(format!(
            "{} refers to {}, which is not in the instance: the value of the pod was kept",
            key.label(),
            token.key.label()
        ));
        self.identities.pod(&token.key).and_then(text)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Worked,
    Failed,
    Left,
}

/// How far the plan is.
struct Run<'a> {
    plan: &'a Plan,
    needs: Vec<Vec<Need>>,
    dependents: Vec<Vec<usize>>,
    open: Vec<usize>,
    ready: BTreeSet<usize>,
    state: Vec<State>,
    failed: Vec<FailedStep>,
    stopped: Option<String>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, needs: Vec<Vec<Need>>) -> Self {
        let mut dependents = vec![Vec::new(); needs.len()];
        for (node, list) in needs.iter().enumerate() {
            list.iter().for_each(|need| dependents[need.node].push(node));
        }
        let open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let ready = (0..needs.len()).filter(|&node| open[node] == 0).collect();
        let state = vec![State::Waiting; needs.len()];
        Self { plan, needs, dependents, open, ready, state, failed: Vec::new(), stopped: None }
    }

    async fn main(&mut self, work: &Work<'_>) {
        let mut running = FuturesUnordered::new();
        let mut progress = Progress { total: self.plan.steps.len() as u64, ..Progress::default() };
        work.events.progress(progress);
        loop {
            if self.stopped.is_none() && work.events.is_cancelled() {
                self.stopped = Some("cancelled".to_owned());
            }
            while self.stopped.is_none() && running.len() < STEPS_AT_ONCE {
                let Some(node) = self.next() else { break };
                let Some(step) = self.plan.steps.get(node) else {
                    self.settle(node, State::Worked);
                    continue;
                };
                let stands = |need: &Need| !need.must_work || self.state[need.node] == State::Worked;
                if !self.needs[node].iter().all(stands) {
                    self.settle(node, State::Left);
                    progress.done += 1;
                    continue;
                }
                self.state[node] = State::Running;
                running.push(async move { (node, step::run(work, step).await) });
            }
            let Some((node, result)) = running.next().await else {
                // Nothing runs: all is over, or what is left waits in a circle, which is entered anywhere.
                match self.state.iter().position(|&state| state == State::Waiting) {
                    Some(node) if self.stopped.is_none() => {
                        self.ready.insert(node);
                        continue;
                    }
                    _ => break,
                }
            };
            progress.done += 1;
            work.events.progress(progress);
            self.take(node, result);
        }
    }

    /// The next node that waits for nothing.
    fn next(&mut self) -> Option<usize> {
        while let Some(node) = self.ready.pop_first() {
            if self.state[node] == State::Waiting {
                return Some(node);
            }
        }
        None
    }

    fn take(&mut self, node: usize, result: Result<(), AwsError>) {
        match result {
            Ok(()) => self.settle(node, State::Worked),
            Err(error) if error.class == ErrorClass::Connection => {
                self.settle(node, State::Left);
                let reason = format!("the emulator stopped answering: {error}");
                self.stopped.get_or_insert(reason);
            }
            Err(error) => {
                let step = &self.plan.steps[node];
                let failed = FailedStep { action: step.action, key: step.key.clone(), error: error.to_string() };
                self.failed.push(failed);
                self.settle(node, State::Failed);
            }
        }
    }

    fn settle(&mut self, node: usize, state: State) {
        self.state[node] = state;
        for &dependent in &self.dependents[node] {
            self.open[dependent] = self.open[dependent].saturating_sub(1);
            if self.open[dependent] == 0 {
                self.ready.insert(dependent);
            }
        }
    }

    /// Late facets of the steps that worked.
    async fn late(&mut self, work: &Work<'_>) {
        let nodes: Vec<usize> = (0..self.plan.steps.len())
            .filter(|&node| self.state[node] == State::Worked && step::has_late(work, &self.plan.steps[node]))
            .collect();
        let plan = self.plan;
        let mut results = stream::iter(nodes)
            .map(|node| async move {
                if work.events.is_cancelled() {
                    (node, None)
                } else {
                    (node, Some(step::late(work, &plan.steps[node]).await))
                }
            })
            .buffer_unordered(STEPS_AT_ONCE);
        while let Some((node, result)) = results.next().await {
            match result {
                Some(result) if self.stopped.is_none() => self.take(node, result),
                // Its late part is open, so it is not done.
                _ => self.state[node] = State::Left,
            }
        }
        if self.stopped.is_none() && work.events.is_cancelled() && self.state.contains(&State::Left) {
            self.stopped = Some("cancelled".to_owned());
        }
    }

    fn report(self, work: Work<'_>) -> ApplyReport {
        let mut report = ApplyReport { failed: self.failed, stopped: self.stopped, ..ApplyReport::default() };
        for (step, state) in self.plan.steps.iter().zip(&self.state) {
            let entry = (step.action, step.key.clone());
            match state {
                State::Worked => report.applied.push(entry),
                State::Failed => {}
                State::Waiting | State::Running | State::Left => report.left.push(entry),
            }
        }
        report.notes = work.notes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
        let created: Vec<_> = self.plan.steps.iter().filter(|step| step.action == StepAction::Replace).collect();
        report.notes.extend(created.iter().map(|step| format!("{} was deleted and created anew", step.key.label())));
        report
    }
}
