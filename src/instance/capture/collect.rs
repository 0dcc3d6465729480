//! Where a capture's results gather: documents, counts, outcomes and progress.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::tokens::Tokens;
use crate::aws::{AwsError, ErrorClass};
use crate::catalog::spec::TypeSpec;
use crate::catalog::{Catalog, look_up};
use crate::event::{Events, Progress};
use crate::instance::{CaptureSink, InstanceError};
use crate::pod::{CaptureReport, Document, Observed, ResourceKey, Token, TypeOutcome, TypeReport};

/// Sentences that a type's line in the report has at most: the report is part of the commit, and read by people.
const MOST_NOTES: usize = 50;
/// The last of them.
const MORE_NOTES: &str = "there was more to say";

/// Gathers results from many tasks.
pub struct Collector<'a> {
    catalog: &'a Catalog,
    sink: Arc<dyn CaptureSink>,
    events: &'a Events,
    /// Two, so that no two keys of any capture look alike.
    hashers: [RandomState; 2],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Configuration waits until all tokens are known.
    waiting: Vec<(ResourceKey, Document, Observed)>,
    /// The keys taken so far, as hashes: a listing may name something twice.
    seen: HashSet<[u64; 2]>,
    /// Types by `service/type` whose listing makes no sense.
    hopeless: HashSet<String>,
    tokens: Tokens,
    report: CaptureReport,
    progress: Progress,
}

impl State {
    fn take_tokens(&mut self, spec: Option<&TypeSpec>, key: &ResourceKey, observed: &Observed) {
        for field in spec.map_or(&[][..], |spec| &spec.tokens) {
            if let Some(value) = observed.get(field).and_then(Value::as_str) {
                self.tokens.add(value, Token { key: key.clone(), field: field.clone() });
            }
        }
    }
}

impl<'a> Collector<'a> {
    /// An empty one.
    pub fn new(catalog: &'a Catalog, sink: Arc<dyn CaptureSink>, events: &'a Events) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Self { catalog, sink, events, hashers, state: Mutex::default() }
    }

    /// Where blobs go.
    pub fn sink(&self) -> &dyn CaptureSink {
        &*self.sink
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, key: &ResourceKey) -> [u64; 2] {
        [self.hashers[0].hash_one(key), self.hashers[1].hash_one(key)]
    }

    /// Takes a resource that was read.
    pub fn add(&self, key: ResourceKey, document: Document, observed: Observed) -> Result<(), InstanceError> {
        let is_data = self.catalog.get(&key.service, &key.kind).is_some_and(|spec| spec.data);
        self.take(key, document, observed, is_data)
    }

    /// Takes a resource of the capture before, which has its tokens.
    pub fn carry(&self, key: ResourceKey, document: Document, observed: Observed) -> Result<(), InstanceError> {
        self.take(key, document, observed, true)
    }

    fn take(
        &self,
        key: ResourceKey,
        document: Document,
        observed: Observed,
        is_done: bool,
    ) -> Result<(), InstanceError> {
        let spec = self.catalog.get(&key.service, &key.kind);
        let progress = {
            let mut state = self.state();
            if !state.seen.insert(self.print(&key)) {
                let line = line(&mut state.report, &key.service, &key.kind);
                add_outcome(line, TypeOutcome::Partial);
                add_note(line, format!("{} was listed twice: what was read first is kept", key.label()));
                return Ok(());
            }
            line(&mut state.report, &key.service, &key.kind).count += 1;
            state.take_tokens(spec, &key, &observed);
            for note in spec.map_or(&[][..], |spec| &spec.notes) {
                if note.observed.0.split_first().is_some_and(|(field, rest)| {
                    observed.get(field).is_some_and(|value| look_up(value, rest).is_some())
                }) {
                    add_note(line(&mut state.report, &key.service, &key.kind), note.text.clone());
                }
            }
            state.progress.done += 1;
            state.progress.total = state.progress.total.max(state.progress.done);
            if !is_done {
                state.waiting.push((key.clone(), document.clone(), observed.clone()));
            }
            state.progress
        };
        self.events.progress(progress);
        if is_done { self.sink.document(key, &document, &observed) } else { Ok(()) }
    }

    /// Takes what the emulator brings by itself: others may refer to it.
    pub fn add_builtin(&self, key: ResourceKey, observed: Observed) -> Result<(), InstanceError> {
        {
            let mut state = self.state();
            if !state.seen.insert(self.print(&key)) {
                return Ok(());
            }
            state.take_tokens(self.catalog.get(&key.service, &key.kind), &key, &observed);
        }
        self.sink.observed(key, &observed)
    }

    /// Counts resources that a listing found.
    pub fn found(&self, count: usize) {
        let progress = {
            let mut state = self.state();
            state.progress.total += count as u64;
            state.progress
        };
        self.events.progress(progress);
    }

    /// Counts bytes read.
    pub fn read(&self, bytes: u64) {
        let progress = {
            let mut state = self.state();
            state.progress.bytes += bytes;
            state.progress
        };
        self.events.progress(progress);
    }

    /// The type was looked for; what came of it, if not all went well.
    pub fn outcome(&self, service: &str, kind: &str, outcome: TypeOutcome, note: Option<String>) {
        let mut state = self.state();
        let line = line(&mut state.report, service, kind);
        add_outcome(line, outcome);
        if let Some(note) = note {
            add_note(line, note);
        }
    }

    /// Remembers a type whose listing makes no sense.
    pub fn give_up(&self, service: &str, kind: &str) {
        self.state().hopeless.insert(format!("{service}/{kind}"));
    }

    /// Whether [`Collector::give_up`] was called for a type.
    pub fn is_hopeless(&self, service: &str, kind: &str) -> bool {
        let state = self.state();
        !state.hopeless.is_empty() && state.hopeless.contains(&format!("{service}/{kind}"))
    }

    /// Turns a failed call into an outcome.
    pub fn failed(&self, service: &str, kind: &str, error: &AwsError) {
        let outcome = outcome_of(error.class);
        let note = (outcome != TypeOutcome::NotImplemented).then(|| error.to_string());
        self.outcome(service, kind, outcome, note);
    }

    /// Puts tokens in, hands the configuration over, and gives the report.
    pub fn finish(self) -> Result<CaptureReport, InstanceError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (key, mut document, observed) in state.waiting {
            if self.events.is_cancelled() {
                return Err(InstanceError::Cancelled);
            }
            document.attributes.values_mut().for_each(|value| state.tokens.put_in(value));
            if let Some(spec) = self.catalog.get(&key.service, &key.kind) {
                // A set of invented ids is in the order of the tokens, so that it reads alike everywhere.
                let mut attributes = Value::Object(document.attributes);
                spec.shapes.iter().for_each(|(path, shapes)| shapes.sort_at(&mut attributes, &path.0));
                document.attributes = attributes.as_object_mut().map(std::mem::take).unwrap_or_default();
            }
            self.sink.document(key, &document, &observed)?;
        }
        Ok(state.report)
    }
}

fn line<'r>(report: &'r mut CaptureReport, service: &str, kind: &str) -> &'r mut TypeReport {
    report.types.entry(format!("{service}/{kind}")).or_insert(TypeReport {
        outcome: TypeOutcome::Complete,
        count: 0,
        notes: Vec::new(),
    })
}

/// A service that fails for each of a million resources has said all by then.
fn add_note(line: &mut TypeReport, note: String) {
    if line.notes.len() < MOST_NOTES && !line.notes.contains(&note) {
        line.notes.push(if line.notes.len() + 1 < MOST_NOTES { note } else { MORE_NOTES.to_owned() });
    }
}

fn add_outcome(line: &mut TypeReport, outcome: TypeOutcome) {
    if severity(outcome) > severity(line.outcome) {
        line.outcome = outcome;
    }
}

/// What a failed listing comes to.
pub fn outcome_of(class: ErrorClass) -> TypeOutcome {
    match class {
        ErrorClass::NotImplemented => TypeOutcome::NotImplemented,
        ErrorClass::AccessDenied => TypeOutcome::AccessDenied,
        _ => TypeOutcome::Failed,
    }
}

/// Which of two outcomes is worse.
fn severity(outcome: TypeOutcome) -> u8 {
    match outcome {
        TypeOutcome::Complete => 0,
        TypeOutcome::NotImplemented => 1,
        TypeOutcome::AccessDenied => 2,
        TypeOutcome::Partial => 3,
        TypeOutcome::Failed => 4,
    }
}
