//! What the explorer asks for, as data, with the headless command that does the same.

use super::Indexed;
use super::gate::Priority;
use crate::instance::{Emulator, Strategy};
use crate::ops::{CommitArgs, InjectArgs, Look, MergeArgs, PreparedInject, Take, Target};
use crate::pod::{Digest, PodName, Reference, RemoteName, ResourceKey};
use crate::remote::RemoteConfig;
use crate::search::Beside;

/// Which tasks may run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Works on the live instance: one at a time, in order, so that a commit never sees half an inject.
    Instance,
    /// Moves data to and from remotes.
    Transfer,
    /// Reads the local store or asks a remote what it has.
    Read,
    /// Joins histories and settles conflicts: one at a time, each choice on top of the one before.
    Merge,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 4] = [Self::Instance, Self::Transfer, Self::Read, Self::Merge];

    /// How many tasks of the lane run at once.
    pub fn width(self) -> usize {
        match self {
            Self::Instance | Self::Merge => 1,
            Self::Transfer => 2,
            Self::Read => 4,
        }
    }
}

/// One thing to be done in the background.
#[derive(Clone, Debug)]
pub enum Job {
    /// Read the local pods and their versions.
    ListPods,
    /// Read the configured remotes.
    ListRemotes,
    /// Ask a remote for its pods.
    RemotePods(RemoteName),
    /// Find out which emulator answers.
    Detect,
    /// Look for other emulators on this machine.
    Scan,
    /// Make a version's tree readable: `@live` is captured, a remote version fetched.
    Open(Reference),
    /// Capture the live instance as a pod's next version.
    Commit(CommitArgs),
    /// Plan an inject; nothing is changed.
    PrepareInject(InjectArgs),
    /// Plan to undo the last inject; nothing is changed.
    PrepareUndo,
    /// Carry out what was planned. `command` is what planned it, for the log.
    Apply {
        /// The plan.
        prepared: Box<PreparedInject>,
        /// The headless equivalent of plan and apply together.
        command: String,
    },
    /// Push a pod.
    Push {
        /// The pod.
        pod: PodName,
        /// Where to.
        remote: RemoteName,
    },
    /// Pull a pod up to a version.
    Pull {
        /// Where from.
        remote: RemoteName,
        /// The pod there.
        pod: PodName,
        /// Up to which version; None is the newest.
        number: Option<u64>,
        /// The local name; None is the same.
        into: Option<PodName>,
    },
    /// Compare two references.
    Diff {
        /// The older side.
        before: Reference,
        /// The newer side.
        after: Reference,
    },
    /// Compare the live instance with what it was last committed as or injected with.
    Status,
    /// The same, by itself from time to time.
    Drift(Look),
    /// Read every pod, and what is beside them, for searching; where there is an index already, only what it lacks.
    Index(Vec<Beside>, Option<Indexed>),
    /// Rename a local pod.
    Rename {
        /// Its name.
        from: PodName,
        /// Its new name.
        to: PodName,
    },
    /// Delete a local pod.
    Delete(PodName),
    /// Start a managed emulator.
    StartInstance {
        /// Which.
        emulator: Emulator,
        /// The port, or any free one.
        port: Option<u16>,
    },
    /// Configure a remote.
    AddRemote(RemoteConfig),
    /// Find out who last changed a resource.
    Blame {
        /// In which version.
        reference: Reference,
        /// The resource.
        key: ResourceKey,
    },
    /// Find out what refers to a resource.
    Referrers {
        /// In which commit.
        digest: Digest,
        /// What people call it.
        reference: Reference,
        /// The resource.
        key: ResourceKey,
    },
    /// Merge a version into a pod.
    Merge(MergeArgs),
    /// Read what is to be settled in a pod's newest version.
    Conflicts(PodName),
    /// Choose for conflicts.
    Choose {
        /// The pod.
        pod: PodName,
        /// Which; none: all that are open.
        targets: Vec<Target>,
        /// What to take.
        take: Take,
    },
    /// Take the last choice back.
    TakeBack(PodName),
    /// Commit what was chosen.
    Settle {
        /// The pod.
        pod: PodName,
        /// The commit's message; None for one that says so.
        message: Option<String>,
    },
}

impl Job {
    /// Which tasks may run beside it.
    pub fn lane(&self) -> Lane {
        match self {
            Self::Commit(_)
            | Self::PrepareInject(_)
            | Self::PrepareUndo
            | Self::Apply { .. }
            | Self::Status
            | Self::Drift(_)
            | Self::StartInstance { .. } => Lane::Instance,
            Self::Diff { before, after } if *before == Reference::Live || *after == Reference::Live => Lane::Instance,
            Self::Open(Reference::Live) => Lane::Instance,
            Self::Push { .. } | Self::Pull { .. } | Self::Open(Reference::Pod { remote: Some(_), .. }) => {
                Lane::Transfer
            }
            Self::Merge(_) | Self::Conflicts(_) | Self::Choose { .. } | Self::TakeBack(_) | Self::Settle { .. } => {
                Lane::Merge
            }
            _ => Lane::Read,
        }
    }

    /// Whether anybody waits for it.
    pub fn priority(&self) -> Priority {
        match self {
            Self::Drift(_) | Self::Scan | Self::RemotePods(_) | Self::Index(..) => Priority::Background,
            _ => Priority::Asked,
        }
    }

    /// Whether it only looks, so that nobody need be asked before leaving it unfinished.
    pub fn is_read_only(&self) -> bool {
        !matches!(
            self,
            Self::Commit(_)
                | Self::Apply { .. }
                | Self::Push { .. }
                | Self::Pull { .. }
                | Self::StartInstance { .. }
                | Self::Rename { .. }
                | Self::Delete(_)
                | Self::Merge(_)
                | Self::Choose { .. }
                | Self::TakeBack(_)
                | Self::Settle { .. }
        )
    }

    /// What it does, for people.
    pub fn title(&self) -> String {
        match self {
            Self::ListPods => "read local pods".to_owned(),
            Self::ListRemotes => "read configured remotes".to_owned(),
            Self::RemotePods(remote) => format!("list pods of {remote}"),
            Self::Detect => "look for the emulator".to_owned(),
            Self::Scan => "look for other emulators on this machine".to_owned(),
            Self::Open(Reference::Live) => "capture the live instance".to_owned(),
            Self::Open(reference) => format!("open {reference}"),
            Self::Commit(args) => format!("commit {}", args.pod),
            Self::PrepareInject(args) => format!("plan inject of {}", args.reference),
            Self::PrepareUndo => "plan undo".to_owned(),
            Self::Apply { prepared, .. } => match &prepared.pod {
                Some(pod) => format!("inject {pod}@{}", prepared.target.short()),
                None => "undo the last inject".to_owned(),
            },
            Self::Push { pod, remote } => format!("push {pod} to {remote}"),
            Self::Pull { remote, pod, .. } => format!("pull {remote}/{pod}"),
            Self::Diff { before, after } => format!("compare {before} with {after}"),
            Self::Status => "compare the live instance with its last commit".to_owned(),
            Self::Drift(_) => "look for drift".to_owned(),
            Self::Index(_, None) => "read all pods for search".to_owned(),
            Self::Index(_, Some(_)) => "read what is new for search".to_owned(),
            Self::Rename { from, to } => format!("rename {from} to {to}"),
            Self::Delete(pod) => format!("delete {pod}"),
            Self::StartInstance { emulator, .. } => format!("start {}", emulator_name(*emulator)),
            Self::AddRemote(config) => format!("add remote {}", config.name),
            Self::Blame { reference, key } => format!("history of {}/{} in {reference}", key.service, key.label()),
            Self::Referrers { reference, key, .. } => {
                format!("what refers to {}/{} in {reference}", key.service, key.label())
            }
            Self::Merge(args) => format!("merge {} into {}", args.from, args.into),
            Self::Conflicts(pod) => format!("read the conflicts of {pod}"),
            Self::Choose { pod, .. } => format!("settle conflicts of {pod}"),
            Self::TakeBack(pod) => format!("take a choice for {pod} back"),
            Self::Settle { pod, .. } => format!("commit the settled {pod}"),
        }
    }

    /// The headless command that does the same; None where there is no need of one.
    pub fn command(&self) -> Option<String> {
        Some(match self {
            Self::ListPods => "podex list".to_owned(),
            Self::ListRemotes => "podex remote list".to_owned(),
            Self::RemotePods(remote) => format!("podex list {remote}"),
            Self::Detect | Self::Scan | Self::Index(..) => return None,
            Self::Open(reference) => format!("podex inspect {reference}"),
            Self::Commit(CommitArgs { pod, message, services, strict, native, look }) => {
                let mut command = format!("podex commit {pod}");
                if !message.is_empty() {
                    command.push_str(&format!(" -m {}", quoted(message)));
                }
                services.iter().for_each(|service| command.push_str(&format!(" --service {service}")));
                command.push_str(if *look == Look::Whole { "" } else { " --quick" });
                command.push_str(if *strict { " --strict" } else { "" });
                command.push_str(if *native { " --native" } else { "" });
                command
            }
            Self::PrepareInject(args) => format!("{} --dry-run", inject_command(args)),
            Self::PrepareUndo => "podex undo".to_owned(),
            Self::Apply { command, .. } => command.clone(),
            Self::Push { pod, remote } => format!("podex push {pod} {remote}"),
            Self::Pull { remote, pod, number, into } => {
                let mut command = format!("podex pull {remote}/{pod}");
                number.iter().for_each(|number| command.push_str(&format!(":{number}")));
                into.iter().for_each(|into| command.push_str(&format!(" --as {into}")));
                command
            }
            Self::Diff { before, after } => format!("podex diff {before} {after}"),
            Self::Status | Self::Drift(_) => "podex status".to_owned(),
            Self::Rename { from, to } => format!("podex rename {from} {to}"),
            Self::Delete(pod) => format!("podex delete {pod}"),
            Self::StartInstance { emulator, port } => {
                let port = port.map(|port| format!(" --port {port}")).unwrap_or_default();
                format!("podex instance start {}{port}", emulator_name(*emulator))
            }
            Self::AddRemote(config) => {
                let mut command = format!("podex remote add {} {}", config.name, quoted(&config.url));
                if let Some(mode) = config.secrets.as_ref().and_then(clap::ValueEnum::to_possible_value) {
                    command.push_str(&format!(" --secrets {}", mode.get_name()));
                }
                config.recipients.iter().for_each(|key| command.push_str(&format!(" --recipient {}", quoted(key))));
                command
            }
            Self::Blame { reference, key } => format!("podex blame {reference} {}", quoted(&key.to_string())),
            Self::Referrers { reference, key, .. } => {
                format!("podex inspect {reference} {} --referrers", quoted(&key.to_string()))
            }
            Self::Merge(args) => format!("podex merge {} {}", args.into, args.from),
            Self::Conflicts(pod) => format!("podex resolve {pod}"),
            Self::Choose { pod, targets, take } => {
                let mut command = format!("podex resolve {pod}");
                targets.iter().for_each(|target| command.push_str(&format!(" {}", quoted(&target.to_string()))));
                command.push_str(&match take {
                    Take::Side(side) => format!(" --{}", side.word()),
                    // The value may be a secret, and a command is shown and kept.
                    Take::Value(_) => " --edit".to_owned(),
                });
                command
            }
            Self::TakeBack(pod) => format!("podex resolve {pod} --undo"),
            Self::Settle { pod, message } => {
                let message = message.as_ref().map(|message| format!(" -m {}", quoted(message))).unwrap_or_default();
                format!("podex resolve {pod}{message}")
            }
        })
    }
}

/// The headless inject without its confirmation.
pub fn inject_command(args: &InjectArgs) -> String {
    let mut command = format!("podex inject {}", args.reference);
    if args.strategy != Strategy::default() {
        command.push_str(&format!(" --strategy {}", strategy_name(args.strategy)));
    }
    if args.native {
        command.push_str(" --native");
    }
    args.filter.services.iter().for_each(|service| command.push_str(&format!(" --service {service}")));
    args.filter.only.iter().for_each(|only| command.push_str(&format!(" --only {}", quoted(&only.to_string()))));
    args.filter.except.iter().for_each(|one| command.push_str(&format!(" --except {}", quoted(&one.to_string()))));
    let file = args.secrets_from.iter().map(|file| file.to_string_lossy());
    file.for_each(|file| command.push_str(&format!(" --secrets-from {}", quoted(&file))));
    command
}

/// A strategy as commands spell it.
pub fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Overwrite => "overwrite",
        Strategy::AccountRegionMerge => "account-region-merge",
        Strategy::ServiceMerge => "service-merge",
        Strategy::ThreeWay => "three-way",
    }
}

/// An emulator as commands spell it.
pub fn emulator_name(emulator: Emulator) -> &'static str {
    match emulator {
        Emulator::Ministack => "ministack",
        Emulator::Moto => "moto",
        Emulator::LocalStack => "localstack",
        Emulator::Unknown => "unknown",
    }
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Filter;

    #[test]
    fn a_job_names_the_command_that_does_the_same() {
        let pod: PodName = "orders".parse().unwrap();
        let commit = Job::Commit(CommitArgs {
            pod: pod.clone(),
            message: "it's done".to_owned(),
            services: vec!["s3".to_owned()],
            strict: false,
            native: false,
            look: Look::Whole,
        });
        assert_eq!(commit.command().unwrap(), r"podex commit orders -m 'it'\''s done' --service s3");
        let inject = InjectArgs {
            reference: "team/orders:3".parse().unwrap(),
            strategy: Strategy::Overwrite,
            filter: Filter {
                only: vec!["s3/bucket/b*".parse().unwrap()],
                except: vec!["sqs".parse().unwrap()],
                ..Filter::default()
            },
            secrets_from: Some("my secrets.toml".into()),
            native: false,
        };
        assert_eq!(
            inject_command(&inject),
            "podex inject team/orders:3 --strategy overwrite --only 's3/bucket/b*' --except sqs --secrets-from 'my secrets.toml'"
        );
    }

    #[test]
    fn what_touches_the_live_instance_is_done_one_at_a_time() {
        let live = Job::Diff { before: "p:1".parse().unwrap(), after: Reference::Live };
        assert_eq!(live.lane(), Lane::Instance);
        assert_eq!(Lane::Instance.width(), 1);
        let stored = Job::Diff { before: "p:1".parse().unwrap(), after: "p:2".parse().unwrap() };
        assert_eq!(stored.lane(), Lane::Read);
    }
}
