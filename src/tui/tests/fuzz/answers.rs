//! What the world of a game answers.

use std::sync::Arc;

use rand::Rng;
use tokio_util::sync::CancellationToken;

use super::super::{changes, commit, drifted, pods, prepared, resolution, strange};
use super::{Game, Pending};
use crate::instance::{ApplyReport, Emulator, FailedStep, StepAction};
use crate::ops::{
    CommitOutcome, DiffOutcome, InjectOutcome, Look, ManagedInstance, MergeKind, MergeOutcome, RemotePod,
};
use crate::pod::{Digest, InstanceInfo, ResourceKey};
use crate::remote::{RemoteConfig, RemoteVersion};
use crate::search::Searcher;
use crate::store::VersionEntry;
use crate::tasks::{Cause, Failure, Indexed, Job, Loaded, Outcome, Referrer};
use crate::tui::message::{Effect, Message};
use crate::tui::model::tree;
use crate::tui::theme::Theme;

impl Game {
    /// What the world says next: the oldest thing asked for mostly, another one now and then.
    pub(super) fn answer(&mut self) -> Message {
        let last = self.pending.len().saturating_sub(1);
        let at = if self.chance(70) { 0 } else { self.random.random_range(0..=last) };
        match self.pending.remove(at) {
            None => self.resize(),
            Some(Pending::Effect(effect)) => self.answer_effect(effect),
            Some(Pending::Job(id, job)) => {
                let result = match self.random.random_range(0..10) {
                    0 => Err(Failure::Cancelled),
                    1 | 2 => {
                        let cause =
                            [Cause::Other, Cause::Unreachable, Cause::BothMoved][self.random.random_range(0..3)];
                        Err(Failure::Failed { reason: self.text().repeat(3), cause })
                    }
                    _ => Ok(self.outcome(&job)),
                };
                Message::Finished(id, result)
            }
        }
    }

    fn answer_effect(&mut self, effect: Effect) -> Message {
        match effect {
            Effect::ReadTree(digest, commit, arrangement) => {
                let metamodel = Arc::new(strange::metamodel(&mut self.random, &arrangement));
                let loaded = Box::new(Loaded { digest, commit: *commit, metamodel });
                Message::Tree(digest, if self.chance(90) { Ok(loaded) } else { Err(self.text().to_owned()) })
            }
            Effect::ReadDocument(digest, _, key) => {
                let content = Box::new(strange::content(&mut self.random));
                Message::Document(digest, key, if self.chance(90) { Ok(content) } else { Err(self.text().to_owned()) })
            }
            Effect::ReadUnchanged(digest, key) => {
                let document = Box::new(strange::content(&mut self.random).document);
                Message::Unchanged(digest, key, Ok(document))
            }
            Effect::Filter(digest, metamodel, query) => Message::Filtered(digest, tree::keep(&metamodel, &query)),
            Effect::Search(index, query) => {
                let hits = Searcher::new(index).search(&query, 50, &CancellationToken::new(), &mut |_| {});
                Message::Found(query, hits, true)
            }
            Effect::Edit(_, text) => Message::Edited(if self.chance(50) { text } else { self.text().to_owned() }),
            Effect::Save(..) => Message::Saved(Ok(self.text().to_owned())),
            Effect::ListThemes => {
                Message::Themes(Theme::all(std::path::Path::new("/nowhere")).0, vec![self.text().to_owned()])
            }
            _ => Message::Tick(self.explorer.state.now),
        }
    }

    fn outcome(&mut self, job: &Job) -> Outcome {
        let info = InstanceInfo {
            endpoint: "http://localhost:4566".to_owned(),
            emulator: "ministack".to_owned(),
            version: self.text().to_owned(),
        };
        let version = VersionEntry { number: self.random.random_range(1..5), commit: commit(2).digest() };
        let loaded = |game: &mut Self| Loaded {
            digest: commit(4).digest(),
            commit: commit(4),
            metamodel: Arc::new(strange::metamodel(&mut game.random, &game.explorer.state.arrangement.clone())),
        };
        match job {
            Job::ListPods if self.chance(20) => Outcome::Pods(Vec::new()),
            Job::ListPods => {
                let mut pods = pods();
                for version in &mut pods[0].1 {
                    version.commit.message = self.text().to_owned();
                    version.commit.author.name = self.text().to_owned();
                }
                Outcome::Pods(pods)
            }
            Job::ListRemotes => {
                let names = ["team", "other"].iter().take(self.random.random_range(0..3));
                Outcome::Remotes(names.map(|name| RemoteConfig::new(name.parse().unwrap(), "file:///x")).collect())
            }
            Job::RemotePods(_) => {
                let theirs = |number| RemoteVersion { number, digest: commit(number).digest(), commit: commit(number) };
                let versions = (1..self.random.random_range(1..4)).map(theirs).collect();
                Outcome::RemotePods(vec![RemotePod {
                    name: "digits".parse().unwrap(),
                    versions,
                    beside: Vec::new(),
                    here: Default::default(),
                }])
            }
            Job::Detect => Outcome::Instance(Emulator::Ministack, info),
            Job::Scan => Outcome::Found(vec![(Emulator::Moto, info)]),
            Job::Open(_) => Outcome::Opened(Box::new(loaded(self))),
            Job::Commit(_) => {
                let (changed, next) = ((1, 2, 3), Look::Whole);
                Outcome::Committed(Box::new(CommitOutcome { version, commit: commit(2), changed, next }))
            }
            Job::PrepareInject(_) | Job::PrepareUndo => Outcome::Prepared(Box::new(prepared())),
            Job::Apply { .. } => {
                let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [self.text()]);
                let failed = vec![FailedStep { action: StepAction::Create, key, error: self.text().to_owned() }];
                let report = ApplyReport { failed, notes: vec![self.text().to_owned()], ..ApplyReport::default() };
                Outcome::Applied(Box::new(InjectOutcome { report, safety: Digest::of(b"safety") }))
            }
            Job::Push { .. } => Outcome::Pushed,
            Job::Pull { pod, .. } => Outcome::Pulled(pod.clone(), version),
            Job::Diff { .. } => {
                let (before, after) = (commit(1).digest(), commit(2).digest());
                let changes = if self.chance(80) { changes() } else { Vec::new() };
                Outcome::Diff(DiffOutcome { before, after, changes, renames: Vec::new(), notes: Vec::new() })
            }
            Job::Status | Job::Drift(_) => {
                drifted(if self.chance(80) { changes() } else { Vec::new() }).unwrap_or(Outcome::Changed)
            }
            Job::Index(..) => Outcome::Indexed(Indexed(self.index.clone())),
            Job::StartInstance { .. } => Outcome::Started(ManagedInstance {
                emulator: "moto".to_owned(),
                endpoint: "http://127.0.0.1:5555".to_owned(),
                pid: 1,
                identity: String::new(),
                started: self.explorer.state.now,
                folder: "/nowhere".into(),
            }),
            Job::Referrers { .. } => {
                let key = ResourceKey::new("000000000000", "us-east-1", "sqs", "queue", [self.text()]);
                Outcome::Referrers(vec![Referrer { key, property: self.text().to_owned() }])
            }
            Job::Blame { .. } => Outcome::Blamed(strange::TEXTS.join("\n")),
            Job::Merge(_) => Outcome::Merged(Box::new(MergeOutcome {
                kind: [MergeKind::Merged, MergeKind::Conflicted, MergeKind::UpToDate][self.random.random_range(0..3)],
                version,
                base: None,
                theirs: commit(1).digest(),
                changed: (0, 1, 0),
                conflicts: Vec::new(),
                preferred: Vec::new(),
                warnings: vec![self.text().to_owned()],
                notes: Vec::new(),
            })),
            Job::Conflicts(_) | Job::Choose { .. } | Job::TakeBack(_) => Outcome::Conflicts(Box::new(resolution(&[]))),
            Job::Settle { .. } => Outcome::Settled(version),
            Job::Rename { .. } | Job::Delete(_) | Job::AddRemote(_) => Outcome::Changed,
        }
    }
}
