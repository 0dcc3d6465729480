//! The command line: one file per command; table and JSON output.
//!
//! Commands parse what was typed, call one operation and show what came of it. Results go to standard output,
//! progress and errors to standard error.

mod args;
mod bisect;
mod blame;
mod commit;
mod completions;
mod config;
mod confirm;
mod delete;
mod demo;
mod diff;
mod error;
mod explore;
mod export;
mod fork;
mod format;
mod fsck;
mod gc;
mod import;
mod inject;
mod inspect;
mod instance;
mod list;
mod load;
mod log;
mod man;
mod merge;
mod output;
mod progress;
mod pull;
mod push;
mod remote;
mod rename;
mod resolve;
mod save;
mod search;
mod session;
mod show_blobs;
mod show_changes;
mod show_conflicts;
mod show_tree;
mod side_by_side;
mod stat;
mod status;
mod store;
mod table;
mod tag;
mod undo;
mod verify;
mod versions;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use args::GlobalArgs;
use error::CliError;
use session::Session;

const EXAMPLES: &str = "\
Examples:
  podex demo                             try it on sample applications, with an emulator of their own
  podex                                  explore pods and the running emulator
  podex commit shop -m 'orders work'     snapshot the emulator as the next version of pod 'shop'
  podex diff shop                        what changed in the emulator since
  podex inject shop:2                    put version 2 back (shows the plan and asks)
  podex undo                             take the last inject back
  podex merge shop feature               join what was done in pod 'feature'
  podex push shop team                   share it; 'podex pull team/shop' gets it elsewhere

References: POD is the newest version, POD:N version N, POD:TAG a tagged one, POD@REVISION a commit,
REMOTE/POD a pod on a remote, @live the emulator itself.

Exit codes: 0 done, 1 failed, 2 usage or no terminal, 3 differences (with --exit-code), 4 conflict or diverged,
5 partly done.";

/// Open Cloud Pods for any local AWS emulator: snapshot, browse, compare, share and restore its state
#[derive(Parser)]
#[command(name = "podex", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Commit(commit::CommitCommand),
    Inject(inject::InjectCommand),
    Undo(undo::UndoCommand),
    Status(status::StatusCommand),
    Verify(verify::VerifyCommand),
    Diff(diff::DiffCommand),
    Merge(merge::MergeCommand),
    Resolve(resolve::ResolveCommand),
    List(list::ListCommand),
    Versions(versions::VersionsCommand),
    Log(log::LogCommand),
    Blame(blame::BlameCommand),
    Bisect(bisect::BisectCommand),
    Inspect(inspect::InspectCommand),
    Search(search::SearchCommand),
    Push(push::PushCommand),
    Pull(pull::PullCommand),
    Save(save::SaveCommand),
    Load(load::LoadCommand),
    Remote(remote::RemoteCommand),
    Export(export::ExportCommand),
    Import(import::ImportCommand),
    Rename(rename::RenameCommand),
    Fork(fork::ForkCommand),
    Tag(tag::TagCommand),
    Delete(delete::DeleteCommand),
    Demo(demo::DemoCommand),
    Instance(instance::InstanceCommand),
    Gc(gc::GcCommand),
    Fsck(fsck::FsckCommand),
    Store(store::StoreCommand),
    Config(config::ConfigCommand),
    Completions(completions::CompletionsCommand),
    Man(man::ManCommand),
}

impl Command {
    /// Whether it changes pods, remotes or the instance. The demo has an instance and pods of its own.
    fn changes(&self) -> bool {
        match self {
            Self::Commit(_) | Self::Push(_) | Self::Pull(_) | Self::Save(_) | Self::Load(_) => true,
            Self::Rename(_) | Self::Fork(_) | Self::Tag(_) | Self::Delete(_) => true,
            Self::Import(_) | Self::Bisect(_) => true,
            Self::Inject(command) => command.changes(),
            Self::Gc(command) => command.changes(),
            Self::Fsck(command) => command.changes(),
            Self::Merge(command) => command.changes(),
            Self::Resolve(command) => command.changes(),
            Self::Undo(command) => command.changes(),
            Self::Remote(command) => command.changes(),
            Self::Instance(command) => command.changes(),
            Self::Status(_) | Self::Diff(_) | Self::List(_) | Self::Versions(_) | Self::Log(_) | Self::Inspect(_) => {
                false
            }
            Self::Search(_) | Self::Demo(_) | Self::Config(_) | Self::Completions(_) => false,
            Self::Man(_) | Self::Store(_) | Self::Export(_) | Self::Blame(_) | Self::Verify(_) => false,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let session = Session::new(cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(session.fail(&CliError::Io(error))),
    };
    let result = runtime.block_on(run(&session, cli.command));
    // Work that was told to stop but waits for the network must not hold the process.
    runtime.shutdown_background();
    session.progress.clear();
    ExitCode::from(match result {
        Ok(code) => code,
        Err(error) => session.fail(&error),
    })
}

async fn run(session: &Session, command: Option<Command>) -> Result<u8, CliError> {
    let Some(command) = command else { return explore::explore(session, session.start()).await };
    if command.changes() {
        session.may_change()?;
    }
    session.stop_on_interrupt();
    match command {
        Command::Commit(command) => command.run(session).await,
        Command::Inject(command) => command.run(session).await,
        Command::Undo(command) => command.run(session).await,
        Command::Status(command) => command.run(session).await,
        Command::Verify(command) => command.run(session).await,
        Command::Diff(command) => command.run(session).await,
        Command::Merge(command) => command.run(session).await,
        Command::Resolve(command) => command.run(session),
        Command::List(command) => command.run(session).await,
        Command::Versions(command) => command.run(session).await,
        Command::Log(command) => command.run(session),
        Command::Blame(command) => command.run(session).await,
        Command::Bisect(command) => command.run(session).await,
        Command::Inspect(command) => command.run(session).await,
        Command::Search(command) => command.run(session).await,
        Command::Push(command) => command.run(session).await,
        Command::Pull(command) => command.run(session).await,
        Command::Save(command) => command.run(session).await,
        Command::Load(command) => command.run(session).await,
        Command::Remote(command) => command.run(session).await,
        Command::Export(command) => command.run(session).await,
        Command::Import(command) => command.run(session).await,
        Command::Rename(command) => command.run(session),
        Command::Fork(command) => command.run(session),
        Command::Tag(command) => command.run(session),
        Command::Delete(command) => command.run(session),
        Command::Demo(command) => command.run(session).await,
        Command::Instance(command) => command.run(session).await,
        Command::Gc(command) => command.run(session).await,
        Command::Fsck(command) => command.run(session).await,
        Command::Store(command) => command.run(session),
        Command::Config(command) => command.run(session),
        Command::Completions(command) => command.run(session, Cli::command()),
        Command::Man(command) => command.run(session, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_well_formed_and_every_command_shows_examples() {
        let command = super::Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no examples", command.get_name());
        }
    }

    #[test]
    fn the_headless_equivalents_of_the_explorers_actions_are_commands() {
        for group in crate::tui::key_groups().unwrap() {
            for command in group.rows.iter().filter_map(|row| row.command) {
                // The placeholders are valid names themselves, but for a URL.
                let words = command.split(' ').map(|word| if word == "URL" { "file:///x" } else { word });
                match super::Cli::try_parse_from(words) {
                    Ok(_) => {}
                    Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => {}
                    Err(error) => panic!("{command}: {error}"),
                }
            }
        }
    }
}
