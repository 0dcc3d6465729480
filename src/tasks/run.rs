//! Runs a [`Job`] by calling the operation behind it.

use std::sync::Arc;

use super::job::{Job, emulator_name};
use super::queue::Work;
use super::task::{Cause, Failure};
use crate::event::Events;
use crate::instance::{Emulator, InstanceError};
use crate::ops::{
    self, CommitOutcome, Context, DiffOutcome, InjectOutcome, Look, ManagedInstance, MergeKind, MergeOutcome, OpError,
    PodSummary, PreparedInject, Referrer, RemotePod, Resolution, Snapshot, StatusOutcome, VersionSummary,
};
use crate::pod::{
    Arrangement, Commit, Digest, Document, Grouping, InstanceInfo, Leaf, Metamodel, PodName, Reference, ResourceKey,
};
use crate::remote::{RemoteConfig, RemoteError};
use crate::search::Index;
use crate::store::VersionEntry;

/// A version whose tree can be browsed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The commit's digest.
    pub digest: Digest,
    /// The commit.
    pub commit: Commit,
    /// Its tree.
    pub metamodel: Arc<Metamodel>,
}

/// An index, ready to be searched.
#[derive(Clone)]
pub struct Indexed(pub Arc<Index>);

impl std::fmt::Debug for Indexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Indexed({} texts)", self.0.len())
    }
}

/// What a job gives.
#[derive(Debug)]
pub enum Outcome {
    /// The local pods, each with its versions, oldest first.
    Pods(Vec<(PodSummary, Vec<VersionSummary>)>),
    /// The configured remotes.
    Remotes(Vec<RemoteConfig>),
    /// A remote's pods.
    RemotePods(Vec<RemotePod>),
    /// What answers at the endpoint.
    Instance(Emulator, InstanceInfo),
    /// A version to browse.
    Opened(Box<Loaded>),
    /// A commit made.
    Committed(Box<CommitOutcome>),
    /// A plan to look at.
    Prepared(Box<PreparedInject>),
    /// A plan carried out.
    Applied(Box<InjectOutcome>),
    /// A pod pushed.
    Pushed,
    /// A pod pulled; the local pod and what is now its head.
    Pulled(PodName, VersionEntry),
    /// A comparison.
    Diff(DiffOutcome),
    /// The live instance's drift.
    Status(StatusOutcome),
    /// The pods, remotes or names changed; read them again.
    Changed,
    /// Other emulators on this machine.
    Found(Vec<(Emulator, InstanceInfo)>),
    /// The index of all pods.
    Indexed(Indexed),
    /// A managed emulator runs.
    Started(ManagedInstance),
    /// Who last changed a resource, as text.
    Blamed(String),
    /// What refers to a resource.
    Referrers(Vec<Referrer>),
    /// A merge made.
    Merged(Box<MergeOutcome>),
    /// What is to be settled in a pod, and what was chosen.
    Conflicts(Box<Resolution>),
    /// A pod's settled version.
    Settled(VersionEntry),
}

impl Job {
    /// The work of this job, for the queue.
    pub fn work(self, context: Context) -> Work<Outcome> {
        Box::new(move |events| {
            // The queue gave this work a thread of its own: operations may read disks and wait on it.
            let result = tokio::runtime::Handle::current().block_on(async {
                // What only looks can be dropped anywhere; what changes something stops where it chooses to.
                let looks = self.is_read_only();
                tokio::select! {
                    biased;
                    () = events.cancellation().cancelled(), if looks => Err(OpError::Cancelled),
                    result = run(&context, self, &events) => result,
                }
            });
            result.map_err(|error| failure(&error))
        })
    }
}

fn failure(error: &OpError) -> Failure {
    if error.is_cancelled() {
        return Failure::Cancelled;
    }
    let cause = match error {
        OpError::NoInstance { .. } | OpError::Instance(InstanceError::Unreachable { .. }) => Cause::Unreachable,
        OpError::Remote(RemoteError::BothMoved { .. } | RemoteError::Diverged { .. }) => Cause::BothMoved,
        _ => Cause::Other,
    };
    Failure::Failed { reason: error.to_string(), cause }
}

async fn run(context: &Context, job: Job, events: &Events) -> Result<(String, Outcome), OpError> {
    Ok(match job {
        Job::ListPods => {
            let pods = ops::pods_with_versions(context)?;
            (count(pods.len() as u64, "local pod"), Outcome::Pods(pods))
        }
        Job::ListRemotes => {
            let remotes = ops::remote_list(context)?;
            (count(remotes.len() as u64, "remote"), Outcome::Remotes(remotes))
        }
        Job::RemotePods(remote) => {
            let pods = ops::remote_pods(context, &remote, events).await?;
            (count(pods.len() as u64, "pod"), Outcome::RemotePods(pods))
        }
        Job::Detect => {
            let instance = context.connect().await?;
            let InstanceInfo { endpoint, version, .. } = &instance.info;
            let text = format!("{} {version} answers at {endpoint}", emulator_name(instance.emulator));
            (text, Outcome::Instance(instance.emulator, instance.info))
        }
        Job::Scan => {
            let found = ops::scan(context).await;
            (count(found.len() as u64, "other emulator"), Outcome::Found(found))
        }
        Job::Open(reference) => {
            let browsed = ops::browse(context, &reference, events).await?;
            let Snapshot { digest, commit, .. } = browsed.read_whole(events).await?;
            let metamodel = Arc::new(read_tree(context, &commit, &Arrangement::default(), events)?);
            let loaded = Loaded { digest, commit, metamodel };
            let text = format!("{} in {reference}", count(loaded.commit.resources, "resource"));
            (text, Outcome::Opened(Box::new(loaded)))
        }
        Job::Commit(args) => {
            let outcome = ops::commit(context, &args, events).await?;
            let (added, modified, removed) = outcome.changed;
            let text = format!(
                "committed {}:{} with {}: +{added} ~{modified} -{removed}",
                args.pod,
                outcome.version.number,
                count(outcome.commit.resources, "resource")
            );
            (text, Outcome::Committed(Box::new(outcome)))
        }
        Job::PrepareInject(args) => {
            let prepared = ops::prepare_inject(context, &args, events).await?;
            (count(prepared.plan.steps.len() as u64, "step"), Outcome::Prepared(Box::new(prepared)))
        }
        Job::PrepareUndo => {
            let prepared = ops::prepare_undo(context, events).await?;
            (count(prepared.plan.steps.len() as u64, "step"), Outcome::Prepared(Box::new(prepared)))
        }
        Job::Apply { prepared, .. } => {
            let outcome = ops::apply_inject(context, &prepared, events).await?;
            let report = &outcome.report;
            let missing = match prepared.missing.len() {
                0 => String::new(),
                missing => format!(", {} missing", count(missing as u64, "secret value")),
            };
            let text = format!(
                "{} applied, {} failed, {} left{missing}{}",
                report.applied.len(),
                report.failed.len(),
                report.left.len(),
                report.stopped.as_ref().map(|reason| format!("; stopped: {reason}")).unwrap_or_default()
            );
            (text, Outcome::Applied(Box::new(outcome)))
        }
        Job::Push { pod, remote } => {
            let report = ops::push(context, &pod, Some(&remote), None, events).await?.report;
            (transferred("pushed", report.commits, report.bytes), Outcome::Pushed)
        }
        Job::Pull { remote, pod, number, into } => {
            let (report, head) = ops::pull(context, &remote, &pod, number, into.as_ref(), events).await?;
            (transferred("pulled", report.commits, report.bytes), Outcome::Pulled(into.unwrap_or(pod), head))
        }
        Job::Diff { before, after } => {
            let outcome = ops::diff(context, &before, &after, &Default::default(), events).await?;
            (changes(outcome.changes.len()), Outcome::Diff(outcome))
        }
        job @ (Job::Status | Job::Drift(_)) => {
            let look = if let Job::Drift(look) = job { look } else { Look::Whole };
            let outcome = ops::status(context, look, events).await?;
            (changes(outcome.changes.len()), Outcome::Status(outcome))
        }
        Job::Index(beside, before) => {
            let index = match before {
                Some(Indexed(before)) => before.brought_up(context, &beside, events)?,
                None => Index::build(context, &beside, events)?,
            };
            (count(index.len() as u64, "text"), Outcome::Indexed(Indexed(Arc::new(index))))
        }
        Job::Rename { from, to } => {
            let text = format!("{from} is now {to}");
            ops::rename(context, &from, &to)?;
            (text, Outcome::Changed)
        }
        Job::Delete(pod) => {
            let text = format!("{pod} deleted");
            ops::delete(context, &pod)?;
            (text, Outcome::Changed)
        }
        Job::StartInstance { emulator, port } => {
            let started = ops::instance_start(context, emulator, port, events).await?;
            (format!("{} runs at {}", started.emulator, started.endpoint), Outcome::Started(started))
        }
        Job::AddRemote(config) => {
            let text = format!("remote {} added", config.name);
            ops::remote_add(context, config)?;
            (text, Outcome::Changed)
        }
        Job::Blame { reference, key } => {
            let text = history(context, &reference, &key, events).await?;
            (format!("read the history of {}", key.label()), Outcome::Blamed(text))
        }
        Job::Referrers { digest, key, .. } => {
            let snapshot = Snapshot::load(&context.store, digest)?;
            let found = ops::referrers(&snapshot, &key, events)?;
            (format!("{} to {}", count(found.len() as u64, "reference"), key.label()), Outcome::Referrers(found))
        }
        Job::Merge(args) => {
            let outcome = ops::merge(context, &args, events).await?;
            (merged(&args, &outcome), Outcome::Merged(Box::new(outcome)))
        }
        Job::Conflicts(pod) => {
            let found = ops::resolution(context, &pod)?;
            (left(&found), Outcome::Conflicts(Box::new(found)))
        }
        Job::Choose { pod, targets, take } => {
            let mut found = ops::resolution(context, &pod)?;
            let chosen = ops::choose(context, &pod, &mut found, &targets, &take)?;
            let text = format!("{} settled, {}", count(chosen as u64, "conflict"), left(&found));
            (text, Outcome::Conflicts(Box::new(found)))
        }
        Job::TakeBack(pod) => {
            let mut found = ops::resolution(context, &pod)?;
            let back = ops::take_back(context, &pod, &mut found)?;
            let text = format!("{} taken back, {}", count(back as u64, "choice"), left(&found));
            (text, Outcome::Conflicts(Box::new(found)))
        }
        Job::Settle { pod, message } => {
            let found = ops::resolution(context, &pod)?;
            let made = ops::finish_resolution(context, &pod, &found, message)?;
            (format!("{pod}:{} has no conflicts any more", made.number), Outcome::Settled(made))
        }
    })
}

/// Who last changed each property of a resource; and, of a local pod, which versions touched it.
async fn history(
    context: &Context,
    reference: &Reference,
    key: &ResourceKey,
    events: &Events,
) -> Result<String, OpError> {
    let (digest, commit) = ops::resolve(context, reference, events).await?;
    let head = Snapshot::of(&context.store, digest, commit);
    let path = key.to_string();
    let pod = match reference {
        Reference::Pod { remote: None, pod, .. } => Some(pod),
        _ => None,
    };
    let line = |what: &str, digest: &Digest, number: Option<u64>, commit: &Commit| {
        let number = number.map(|number| format!("version {number}, ")).unwrap_or_default();
        let message = commit.message.lines().next().unwrap_or_default();
        let (day, author) = (commit.time.strftime("%Y-%m-%d"), &commit.author.name);
        format!("  {what}: {number}{} by {author} on {day}  {message}\n", digest.short())
    };
    let mut text = "Last changed\n".to_owned();
    for blame in ops::blame(context, pod, &head, &path, None, events)? {
        text.push_str(&line(&blame.path.join("."), &blame.digest, blame.version, &blame.commit));
    }
    if let Some(pod) = pod {
        text.push_str("\nVersions that touched it\n");
        for touched in ops::versions_touching(context, pod, &path)? {
            let what = touched.changes.first().map(|(kind, _)| kind.word()).unwrap_or_default();
            let version = &touched.version;
            text.push_str(&line(what, &version.digest, Some(version.number), &version.commit));
        }
    }
    Ok(text)
}

fn left(resolution: &Resolution) -> String {
    format!("{} of {} open", resolution.open(), count(resolution.commit.conflicts.len() as u64, "conflict"))
}

fn merged(args: &ops::MergeArgs, outcome: &MergeOutcome) -> String {
    let ops::MergeArgs { into, from, .. } = args;
    let (added, modified, removed) = outcome.changed;
    let now = format!("{into}:{}, +{added} ~{modified} -{removed}", outcome.version.number);
    match outcome.kind {
        MergeKind::UpToDate => format!("{into} has everything of {from} already"),
        MergeKind::FastForward => format!("{from} is now {now}"),
        MergeKind::Merged => format!("{from} merged: {now}"),
        MergeKind::Conflicted => {
            format!("{from} merged: {now}, {} to settle", count(outcome.conflicts.len() as u64, "conflict"))
        }
    }
}

/// Most resources whose documents are read only to say how large they are.
const WEIGHED: u64 = 20_000;

/// Reads a commit's tree as people browse it, laid out as they wish; with sizes, unless it is so large that only
/// sorting by them is worth the wait. Reads disks: for threads made for waiting.
pub fn read_tree(
    context: &Context,
    commit: &Commit,
    arrangement: &Arrangement,
    events: &Events,
) -> Result<Metamodel, OpError> {
    let tree = context.store.tree(commit.state);
    let parent = |service: &str, kind: &str| context.catalog.parent_kind(service, kind).map(str::to_owned);
    let unless_cancelled =
        |leaf: Result<Leaf, OpError>| if events.is_cancelled() { Err(OpError::Cancelled) } else { leaf };
    if !arrangement.needs_documents() && commit.resources > WEIGHED {
        let leaves = tree.keys().map(|key| unless_cancelled(key.map(Leaf::from).map_err(OpError::from)));
        return Metamodel::try_arranged(leaves, &parent, arrangement);
    }
    let leaves = tree.entries().map(|entry| {
        let (key, value) = entry?;
        // Blobs apart, a document takes about what its JSON does.
        let own = serde_json::to_string(&value).map_or(0, |text| text.len() as u64);
        let document: Document = serde_json::from_value(value).unwrap_or_default();
        let tag = match &arrangement.grouping {
            Grouping::Tag(name) => document.tag(name).map(str::to_owned),
            _ => None,
        };
        let size = document.blobs.values().fold(own, |size, blob| size.saturating_add(blob.size));
        unless_cancelled(Ok(Leaf { key, tag, size }))
    });
    Metamodel::try_arranged(leaves, &parent, arrangement)
}

/// A size for people: `512 B`, `1.2 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    const STEP: f64 = 1024.0;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / STEP;
    let mut unit = 0;
    while value >= STEP && unit + 1 < UNITS.len() {
        value /= STEP;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `number` with its noun: `1 version`, `3 versions`.
pub fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn changes(number: usize) -> String {
    if number == 0 { "nothing differs".to_owned() } else { format!("{} differ", count(number as u64, "resource")) }
}

fn transferred(verb: &str, commits: u64, bytes: u64) -> String {
    if commits == 0 {
        "already up to date".to_owned()
    } else {
        format!("{verb} {} ({})", count(commits, "version"), size(bytes))
    }
}
