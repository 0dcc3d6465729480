//! `demo`: a managed emulator with two sample applications, their history in pods, and a teammate's remote, all in a
//! folder of its own that goes when the demo ends.

mod samples;
mod steps;
mod story;

use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempDir;

use super::instances::{Launched, in_background, launch};
use super::{Context, OpError, Overrides, Paths, remote_add};
use crate::event::Events;
use crate::instance::managed::{ManagedEmulator, ManagedError, Running, emulators_folder};
use crate::instance::{Instance, InstanceError};
use crate::pod::Author;
use crate::remote::RemoteConfig;

pub use samples::write_samples;

/// The user of the demo, and the teammate.
const BOB: &str = "Bob";
const ALICE: &str = "Alice";
/// The remote both share.
const TEAM: &str = "team";

/// Told when the explorer opens. Its lines fit a terminal of 80 columns with the box around them.
const WELCOME: &str = "\
Two sample applications in an emulator of their own. You are Bob.
Nothing of yours is read or changed, and all of this goes when you quit.

orders   Your function looks for its signing key in the wrong region.
         Version 2 holds the orders that failed, version 3 is Alice's
         fix: open orders, mark both with Space, and d shows what she
         changed.
         i on version 2 brings the failure back, u takes that back.
digits   Pictures, a function that reads them, and its layer.
         The remote 'team' has a newer version: p pulls it.
@live    The emulator has moved on since the last commit: s shows how.";

/// A demo that is ready to be looked at. Dropping it ends its emulator and removes its folder.
pub struct Demo {
    /// Bob's: his store, his remote, the emulator.
    pub context: Context,
    /// What there is to see.
    pub summary: DemoSummary,
    // Dropped last: it holds the folder.
    home: Home,
}

/// What a demo holds.
#[derive(Clone, Debug, Serialize)]
pub struct DemoSummary {
    /// Where the emulator listens; None where the sample pods stand alone.
    pub endpoint: Option<String>,
    /// What to look at; or why there is no emulator, and how to connect one.
    pub notice: String,
    /// Set as `PODEX_HOME`, it makes every command work on the demo.
    pub home: PathBuf,
}

enum Home {
    /// The emulator, and the folder that goes with it.
    Live(Running),
    /// The folder alone.
    Still(TempDir),
}

/// Makes the demo: with a managed emulator where one can be had, else from the sample pods that podex carries.
pub async fn demo(events: &Events) -> Result<Demo, OpError> {
    match live(events).await {
        Err(OpError::Instance(InstanceError::Managed(
            error @ (ManagedError::NoPython { .. } | ManagedError::Install { .. }),
        ))) => still(&error, events).await,
        result => result,
    }
}

impl Demo {
    /// Lets the emulator run on and the folder stay. Gives the folder.
    pub fn keep(self) -> PathBuf {
        match self.home {
            Home::Live(running) => running.detach(),
            Home::Still(folder) => folder.keep(),
        }
    }

    /// The folder of the remote.
    fn team(&self) -> PathBuf {
        team_in(&self.summary.home)
    }
}

/// A demo over an emulator of its own.
async fn live(events: &Events) -> Result<Demo, OpError> {
    let home = new_home()?;
    let (paths, reporting) = (Paths::under(home.path()), events.clone());
    // Emulators are kept where they always are, so that only the first demo installs one.
    let emulators = emulators_folder(&Paths::discover()?.cache);
    let launched = in_background(move || {
        let emulator = ManagedEmulator::Ministack;
        let Launched { mut running, folder, instance } =
            launch(&paths.instances(), Some(home.path()), &emulators, emulator, None, &reporting)?;
        // It lies in the demo's folder and goes with that.
        let _ = folder.keep();
        running.own(home)?;
        Ok((running, instance))
    });
    let (running, instance) = launched.await?;
    let home = running.folder().map(Path::to_owned).unwrap_or_default();
    let overrides = || -> Result<Overrides, OpError> {
        Ok(Overrides {
            endpoint: Some(instance.endpoint.parse().map_err(|error| OpError::Request(format!("{error}")))?),
            ..Overrides::default()
        })
    };
    let bob = person(&home, Paths::under(&home), overrides()?, BOB)?;
    let others = home.join("alice");
    let alice = person(&home, Paths::under(&others), overrides()?, ALICE)?;
    let live = Instance::connect(&bob.endpoint, bob.timeout).await?;
    story::tell(&bob, &alice, &live, events).await?;
    drop(alice);
    std::fs::remove_dir_all(&others).map_err(ManagedError::io(&others)).map_err(InstanceError::from)?;
    let summary = DemoSummary { endpoint: Some(instance.endpoint), notice: WELCOME.to_owned(), home };
    Ok(Demo { context: bob, summary, home: Home::Live(running) })
}

/// A demo of the pods that podex carries.
async fn still(reason: &ManagedError, events: &Events) -> Result<Demo, OpError> {
    let folder = new_home()?;
    let home = folder.path().to_owned();
    samples::unpack(&team_in(&home))?;
    let bob = person(&home, Paths::under(&home), Overrides::default(), BOB)?;
    story::take_over(&bob, events).await?;
    let notice = format!(
        "these are sample pods without an emulator: {reason}\n'podex instance start' runs one once Python is there; --endpoint or PODEX_ENDPOINT names one of yours"
    );
    let summary = DemoSummary { endpoint: None, notice, home };
    Ok(Demo { context: bob, summary, home: Home::Still(folder) })
}

fn new_home() -> Result<TempDir, OpError> {
    let folder = tempfile::Builder::new().prefix("podex-demo-").tempdir();
    Ok(folder.map_err(ManagedError::io(std::env::temp_dir())).map_err(InstanceError::from)?)
}

fn team_in(home: &Path) -> PathBuf {
    home.join(TEAM)
}

/// Someone with a store of their own, and the team's remote.
fn person(home: &Path, paths: Paths, overrides: Overrides, name: &str) -> Result<Context, OpError> {
    let author = Author { name: name.to_owned(), email: format!("{}@example.com", name.to_lowercase()) };
    let context = Context { author, ..Context::new(paths, overrides)? };
    let team = team_in(home);
    std::fs::create_dir_all(&team).map_err(ManagedError::io(&team)).map_err(InstanceError::from)?;
    let url = reqwest::Url::from_directory_path(&team)
        .map_err(|()| OpError::Request(format!("{} is not an absolute path", team.display())))?;
    let url = url.as_str().trim_end_matches('/').to_owned();
    remote_add(&context, RemoteConfig::new(TEAM.parse()?, url))?;
    Ok(context)
}
